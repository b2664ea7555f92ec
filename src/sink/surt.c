/* SPDX-License-Identifier: MIT */
/*
 * surt -- the key of a URL in a CDXJ index (sort-friendly URI reordering).
 *
 * A replay tool makes the same key of what it looks for, so this follows the
 * rules that Heritrix, the Wayback Machine and pywb share: the scheme and a
 * leading "www.", "www1." go, labels are reversed (those of IPv4 addresses,
 * too), escapes are undone until none is left and put back where they must be,
 * slashes in a row become one, a path loses its last slash, all is lower case,
 * and the query's arguments are sorted. What is left out of those rules: they
 * also drop session ids of 32 letters from query and path.
 */
#include "config.h"

#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "sink/surt.h"
#include "url/parts.h"

static char
surt_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* -1: not a hexadecimal digit. */
static int
surt_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = surt_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/*
 * Undoes escapes, and those that come to light by that, in one pass: an
 * escape may end with each byte that is put out. Returns the length.
 */
static size_t
surt_unescape(const char *p, size_t n, char *out)
{
	size_t len = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		out[len++] = p[i];
		while (len >= 3 && out[len - 3] == '%' &&
		    surt_digit(out[len - 2]) >= 0 &&
		    surt_digit(out[len - 1]) >= 0) {
			out[len - 3] = (char)(surt_digit(out[len - 2]) << 4 |
				surt_digit(out[len - 1]));
			len -= 2;
		}
	}
	return len;
}

static void
surt_add_escaped(struct buf *out, const char *p, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	unsigned char c;
	size_t i;

	for (i = 0; i < n; i++) {
		c = (unsigned char)surt_lower(p[i]);
		if (c > 0x20 && c < 0x7f && c != '%' && c != '#') {
			buf_add_char(out, (char)c);
			continue;
		}
		buf_add_char(out, '%');
		buf_add_char(out, digits[c >> 4]);
		buf_add_char(out, digits[c & 15]);
	}
}

/* "www." or "www12." in front. */
static size_t
surt_www(const char *host, size_t n)
{
	size_t at = 3;

	if (n < 4 || memcmp(host, "www", 3) != 0)
		return 0;
	while (at < n && host[at] >= '0' && host[at] <= '9')
		at++;
	return at < n && host[at] == '.' ? at + 1 : 0;
}

static void
surt_add_host(struct buf *out, const char *host, size_t n)
{
	size_t end, at;

	if (n > 0 && host[0] == '[') {
		surt_add_escaped(out, host, n);
		return;
	}
	at = surt_www(host, n);
	host += at;
	n -= at;
	while (n > 0 && host[n - 1] == '.')
		n--;
	for (end = n; end > 0; end = at > 0 ? at - 1 : 0) {
		for (at = end; at > 0 && host[at - 1] != '.'; at--)
			;
		if (end < n)
			buf_add_char(out, ',');
		surt_add_escaped(out, host + at, end - at);
	}
}

/* Where the port begins, with its colon; n: there is none. */
static size_t
surt_port(const char *authority, size_t n)
{
	size_t at = n;

	while (at > 0 && authority[at - 1] >= '0' && authority[at - 1] <= '9')
		at--;
	return at > 0 && authority[at - 1] == ':' ? at - 1 : n;
}

/* `path` is changed. */
static void
surt_add_path(struct buf *out, char *path, size_t n)
{
	size_t i, len = 0;

	for (i = 0; i < n; i++)
		if (path[i] != '/' || len == 0 || path[len - 1] != '/')
			path[len++] = path[i];
	if (len > 1 && path[len - 1] == '/')
		len--;
	if (len == 0)
		buf_add_char(out, '/');
	surt_add_escaped(out, path, len);
}

/* One of a query's arguments; without "=" there is no value. */
struct surt_arg {
	const char *p;
	size_t n;
	size_t name_len;
};

static int
surt_compare_bytes(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t n = a_len < b_len ? a_len : b_len;
	int order = n > 0 ? memcmp(a, b, n) : 0;

	if (order != 0)
		return order;
	return (a_len > b_len) - (a_len < b_len);
}

/* By name and then by value: "a=" is before "a.b". */
static int
surt_compare_args(const void *a_, const void *b_)
{
	const struct surt_arg *a = a_;
	const struct surt_arg *b = b_;
	int order = surt_compare_bytes(a->p, a->name_len, b->p, b->name_len);

	if (order != 0)
		return order;
	return surt_compare_bytes(a->p + a->name_len, a->n - a->name_len,
		b->p + b->name_len, b->n - b->name_len);
}

static size_t
surt_split(const char *query, size_t n, struct surt_arg *args)
{
	const char *end = query + n;
	const char *equals;
	size_t count = 0;
	size_t len;

	for (;;) {
		const char *next = memchr(query, '&', (size_t)(end - query));

		len = (size_t)((next != NULL ? next : end) - query);
		equals = memchr(query, '=', len);
		args[count++] = (struct surt_arg){
			.p = query, .n = len,
			.name_len = equals == NULL ? len :
				(size_t)(equals - query),
		};
		if (next == NULL)
			return count;
		query = next + 1;
	}
}

/* `query` is in lower case after it. */
static void
surt_add_query(struct buf *out, char *query, size_t n)
{
	struct surt_arg *args = mem_array(n + 1, sizeof *args);
	size_t i, count;

	for (i = 0; i < n; i++)
		query[i] = surt_lower(query[i]);
	count = surt_split(query, n, args);
	qsort(args, count, sizeof *args, surt_compare_args);
	for (i = 0; i < count; i++) {
		buf_add_char(out, i == 0 ? '?' : '&');
		surt_add_escaped(out, args[i].p, args[i].n);
	}
	free(args);
}

void
surt_add(struct buf *out, const char *url)
{
	const char *authority, *path, *query;
	size_t n, port, len;
	char *text;

	if (strchr(url, ':') == NULL) {
		surt_add_escaped(out, url, strlen(url));
		return;
	}
	authority = parts_authority(url, &n);
	path = authority + n;
	query = strchr(path, '?');
	text = mem_alloc(strlen(url) + 1);
	port = surt_port(authority, n);
	surt_add_host(out, authority, port);
	surt_add_escaped(out, authority + port, n - port);
	buf_add_char(out, ')');
	len = query != NULL ? (size_t)(query - path) : strlen(path);
	surt_add_path(out, text, surt_unescape(path, len, text));
	if (query != NULL && query[1] != '\0')
		surt_add_query(out, text, surt_unescape(query + 1,
			strlen(query + 1), text));
	free(text);
}
