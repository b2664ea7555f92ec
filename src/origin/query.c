/* SPDX-License-Identifier: MIT */
/*
 * query -- reads the numbers and texts that requests carry in their paths and
 * behind the question mark.
 */
#include "config.h"

#include <string.h>

#include "base/buf.h"
#include "base/units.h"
#include "origin/query.h"
#include "origin/span.h"

#define QUERY_SIZE_MAX (UINT64_C(1) << 40)

typedef int query_reader(const char *text, uint64_t *ret);

static int
query_add_hex(struct span *value, struct buf *out)
{
	struct span digits = { value->p, 2 };
	uint64_t n;

	if (value->len < 2 || span_number(digits, 16, &n) != 0)
		return -1;
	value->p += 2;
	value->len -= 2;
	return buf_add_char(out, (char)n);
}

/* Undoes %XX; a plus stays one, since URLs are what is passed here. */
static int
query_decode(struct span value, struct buf *out)
{
	size_t start = out->len, i;

	while (value.len > 0) {
		char c = *value.p++;

		value.len--;
		if (c == '%' ? query_add_hex(&value, out) :
		    buf_add_char(out, c))
			return -1;
	}
	for (i = start; i < out->len; i++)
		if (span_char_control(out->data[i]))
			return -1;
	return 1;
}

int
query_text(const char *query, const char *name, struct buf *out)
{
	struct span rest = { query, strlen(query) };

	while (rest.len > 0) {
		struct span value = span_split(&rest, '&');

		if (span_is(span_split(&value, '='), name))
			return query_decode(value, out);
	}
	return 0;
}

int
query_number(const char *query, const char *name, uint64_t dflt, uint64_t max,
	uint64_t *ret)
{
	struct buf text;
	uint64_t n = dflt;
	int given, rc = -1;

	buf_init(&text, 32);
	given = query_text(query, name, &text);
	if (given == 0 ||
	    (given > 0 && units_count(buf_text(&text), &n) == 0 && n <= max)) {
		*ret = n;
		rc = 0;
	}
	buf_release(&text);
	return rc;
}

static int
query_take(const char **rest, query_reader *read, uint64_t max, uint64_t *ret)
{
	size_t len = strcspn(*rest, "/");
	char text[24];
	uint64_t n;

	if (len >= sizeof text)
		return -1;
	memcpy(text, *rest, len);
	text[len] = '\0';
	if (read(text, &n) != 0 || n > max)
		return -1;
	*rest += len;
	if (**rest == '/')
		++*rest;
	*ret = n;
	return 0;
}

int
query_segment(const char **rest, uint64_t max, uint64_t *ret)
{
	return query_take(rest, units_count, max, ret);
}

int
query_segment_size(const char **rest, uint64_t *ret)
{
	return query_take(rest, units_size, QUERY_SIZE_MAX, ret);
}
