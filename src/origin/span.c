/* SPDX-License-Identifier: MIT */
/*
 * span -- picking texts apart without copying them and without trusting a NUL
 * to be at their end: what a request's lines are read with.
 */
#include "config.h"

#include <string.h>
#include <strings.h>

#include "origin/span.h"

/* RFC 9110, 5.6.2 */
static int
char_token(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	    (c >= 'A' && c <= 'Z') ||
	    (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

int
span_char_control(char c)
{
	return (unsigned char)c < 0x20 || c == 0x7f;
}

int
span_is(struct span span, const char *word)
{
	return span.len == strlen(word) &&
	    strncasecmp(span.p, word, span.len) == 0;
}

struct span
span_split(struct span *span, char c)
{
	const char *at = memchr(span->p, c, span->len);
	struct span first = *span;

	if (at == NULL) {
		*span = (struct span){ span->p + span->len, 0 };
		return first;
	}
	first.len = (size_t)(at - span->p);
	span->p = at + 1;
	span->len -= first.len + 1;
	return first;
}

struct span
span_trim(struct span span)
{
	while (span.len > 0 && (*span.p == ' ' || *span.p == '\t')) {
		span.p++;
		span.len--;
	}
	while (span.len > 0 && (span.p[span.len - 1] == ' ' ||
	    span.p[span.len - 1] == '\t'))
		span.len--;
	return span;
}

int
span_token(struct span span)
{
	size_t i;

	for (i = 0; i < span.len; i++)
		if (!char_token(span.p[i]))
			return 0;
	return span.len > 0;
}

int
span_number(struct span span, unsigned base, uint64_t *ret)
{
	static const char digits[] = "0123456789abcdef";
	const char *at;
	uint64_t n = 0;
	size_t i;

	/* 15 digits fit in 64 bits, so nothing overflows. */
	if (span.len == 0 || span.len > 15)
		return -1;
	for (i = 0; i < span.len; i++) {
		char c = span.p[i];

		if (c >= 'A' && c <= 'F')
			c = (char)(c - 'A' + 'a');
		at = memchr(digits, c, base);
		if (at == NULL)
			return -1;
		n = n * base + (uint64_t)(at - digits);
	}
	*ret = n;
	return 0;
}
