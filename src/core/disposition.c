/* SPDX-License-Identifier: MIT */
/*
 * disposition -- a file name from a header, which is where downloaders have
 * been led out of their folder most often.
 *
 * The grammar is read as RFC 6266 has it, with what browsers forgive (blanks,
 * a missing quote); whatever comes out passes core/component like the rest,
 * so an odd reading costs an odd name and nothing else.
 */
#include "config.h"

#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "core/component.h"
#include "core/disposition.h"

#define DISPOSITION_MAX 65536

static const char *
disposition_skip_blanks(const char *p)
{
	return p + strspn(p, " \t");
}

/* Reads a value, quoted or not, into `out`; what follows it. */
static const char *
disposition_read(const char *p, struct buf *out)
{
	size_t n;

	buf_clear(out);
	if (*p != '"') {
		n = strcspn(p, "; \t");
		buf_add(out, p, n);
		return p + n;
	}
	for (p++; *p != '\0' && *p != '"'; p++) {
		if (*p == '\\' && p[1] != '\0')
			p++;
		buf_add_char(out, *p);
	}
	return *p == '"' ? p + 1 : p;
}

static int
disposition_hex(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c != '\0' ? strchr(digits, c | 0x20) : NULL;

	/* Bit 0x20 is set in digits too; it makes some controls digits. */
	return at != NULL && (unsigned char)c >= '0' ? (int)(at - digits) : -1;
}

/* Charset'language'escaped to bytes, in place; -1: not one we know. */
static int
disposition_decode(struct buf *value)
{
	char *text = value->data, *to = text, *p;

	p = text != NULL ? strchr(text, '\'') : NULL;
	if (p == NULL || (p = strchr(p + 1, '\'')) == NULL)
		return -1;
	if (strncasecmp(text, "UTF-8'", 6) != 0 &&
	    strncasecmp(text, "ISO-8859-1'", 11) != 0)
		return -1;
	for (p++; *p != '\0'; p++) {
		if (*p == '%' && disposition_hex(p[1]) >= 0 &&
		    disposition_hex(p[2]) >= 0) {
			*to++ = (char)(disposition_hex(p[1]) * 16 +
				disposition_hex(p[2]));
			p += 2;
		} else {
			*to++ = *p;
		}
	}
	buf_cut(value, (size_t)(to - text));
	return 0;
}

/* The last component of a value; NULL where that is nothing. */
static char *
disposition_clean(const struct buf *value, unsigned flags)
{
	size_t at = value->len;
	struct component component;
	struct buf out;

	while (at > 0 && value->data[at - 1] != '/' &&
	    value->data[at - 1] != '\\')
		at--;
	if (at == value->len)
		return NULL;
	component_init(&component);
	buf_init(&out, DISPOSITION_MAX);
	component_add(&component, value->data + at, value->len - at);
	component_end(&component, &out, flags);
	component_release(&component);
	return buf_take(&out);
}

/*
 * Reads the parameter at p, its value if it is called `name`; what follows.
 * Quoted values are read to their end, so that a "; filename=" inside is none.
 */
static const char *
disposition_parameter(const char *p, const char *name, struct buf *value,
	int *ret_match)
{
	size_t n;

	p = disposition_skip_blanks(p);
	n = strcspn(p, "=; \t");
	*ret_match = n == strlen(name) && strncasecmp(p, name, n) == 0;
	p = disposition_skip_blanks(p + n);
	if (*p == '=')
		p = disposition_read(disposition_skip_blanks(p + 1), value);
	else
		*ret_match = 0;
	return p + strcspn(p, ";");
}

static char *
disposition_find(const char *p, const char *name, int extended, unsigned flags)
{
	char *found = NULL;
	struct buf value;
	int match;

	buf_init(&value, DISPOSITION_MAX);
	p += strcspn(p, ";");
	while (found == NULL && *p == ';') {
		p = disposition_parameter(p + 1, name, &value, &match);
		if (match && (!extended || disposition_decode(&value) == 0))
			found = disposition_clean(&value, flags);
	}
	buf_release(&value);
	return found;
}

char *
disposition_name(const char *value, unsigned flags)
{
	char *name = disposition_find(value, "filename*", 1, flags);

	return name != NULL ? name :
		disposition_find(value, "filename", 0, flags);
}
