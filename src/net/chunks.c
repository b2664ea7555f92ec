/* SPDX-License-Identifier: MIT */
/*
 * chunks -- the chunked transfer coding, read piece by piece.
 *
 * Written here because Debian has no library that does this alone: llhttp is
 * not packaged, http-parser is a parser of whole messages and given up by its
 * authors, and libcurl's own is not for others. It takes what libcurl takes
 * and nothing else, so that keeping the coding changes no fetch's outcome:
 * lines may end in LF alone, sizes have 16 digits at most, trailers are like
 * header lines. Those and extensions are skipped; no line is ever kept.
 */
#include "config.h"

#include <string.h>

#include "net/chunks.h"

#define CHUNKS_DIGITS 16	/* no size is longer, in libcurl either */

enum chunks_state {
	CHUNKS_SIZE,
	CHUNKS_EXTENSION,	/* whatever is left of the size's line */
	CHUNKS_DATA,
	CHUNKS_DATA_END,	/* the line's end behind it */
	CHUNKS_TRAILER,		/* at the start of a line */
	CHUNKS_TRAILER_NAME,
	CHUNKS_TRAILER_VALUE,
	CHUNKS_TRAILER_LF,
	CHUNKS_LAST_LF,
	CHUNKS_WHOLE,
	CHUNKS_BAD,
};

void
chunks_init(struct chunks *chunks)
{
	*chunks = (struct chunks){ .state = CHUNKS_SIZE };
}

int
chunks_whole(const struct chunks *chunks)
{
	return chunks->state == CHUNKS_WHOLE;
}

/* -1: not a hexadecimal digit. */
static int
chunks_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Takes a digit, or leaves the byte behind the last one for what follows. */
static size_t
chunks_take_size(struct chunks *chunks, char c)
{
	int digit = chunks_digit(c);

	if (digit >= 0 && chunks->digits < CHUNKS_DIGITS) {
		chunks->left = chunks->left << 4 | (uint64_t)digit;
		chunks->digits++;
		return 1;
	}
	if (digit >= 0 || chunks->digits == 0 || chunks->left > INT64_MAX)
		chunks->state = CHUNKS_BAD;
	else
		chunks->state = CHUNKS_EXTENSION;
	return 0;
}

/* The line's end tells whether that was the last chunk. */
static size_t
chunks_skip_extension(struct chunks *chunks, const char *p, size_t n)
{
	const char *end = memchr(p, '\n', n);

	if (end == NULL)
		return n;
	chunks->state = chunks->left > 0 ? CHUNKS_DATA : CHUNKS_TRAILER;
	return (size_t)(end - p) + 1;
}

static size_t
chunks_end_data(struct chunks *chunks, char c)
{
	if (c == '\n')
		chunks_init(chunks);
	else if (c != '\r')
		chunks->state = CHUNKS_BAD;
	return chunks->state != CHUNKS_BAD;
}

static size_t
chunks_begin_trailer(struct chunks *chunks, char c)
{
	switch (c) {
	case '\r':
		chunks->state = CHUNKS_LAST_LF;
		break;
	case '\n':
		chunks->state = CHUNKS_WHOLE;
		break;
	case ' ':
	case '\t':
		/* The line before goes on. */
		chunks->state = CHUNKS_TRAILER_VALUE;
		break;
	default:
		chunks->state = CHUNKS_TRAILER_NAME;
		return 0;
	}
	return 1;
}

static size_t
chunks_skip_name(struct chunks *chunks, char c)
{
	if (c == ':')
		chunks->state = CHUNKS_TRAILER_VALUE;
	else if (c == '\r' || c == '\n' || c == '\0')
		chunks->state = CHUNKS_BAD;
	return chunks->state != CHUNKS_BAD;
}

static size_t
chunks_skip_value(struct chunks *chunks, char c)
{
	if (c == '\r')
		chunks->state = CHUNKS_TRAILER_LF;
	else if (c == '\n')
		chunks->state = CHUNKS_TRAILER;
	else if (c == '\0')
		chunks->state = CHUNKS_BAD;
	return chunks->state != CHUNKS_BAD;
}

static size_t
chunks_expect_lf(struct chunks *chunks, char c, int next)
{
	chunks->state = c == '\n' ? next : (int)CHUNKS_BAD;
	return c == '\n';
}

/* One step through p, which has n bytes and at least one; how many of them
 * were framing and are done with. */
static size_t
chunks_step(struct chunks *chunks, const char *p, size_t n)
{
	switch ((enum chunks_state)chunks->state) {
	case CHUNKS_SIZE:
		return chunks_take_size(chunks, *p);
	case CHUNKS_EXTENSION:
		return chunks_skip_extension(chunks, p, n);
	case CHUNKS_DATA_END:
		return chunks_end_data(chunks, *p);
	case CHUNKS_TRAILER:
		return chunks_begin_trailer(chunks, *p);
	case CHUNKS_TRAILER_NAME:
		return chunks_skip_name(chunks, *p);
	case CHUNKS_TRAILER_VALUE:
		return chunks_skip_value(chunks, *p);
	case CHUNKS_TRAILER_LF:
		return chunks_expect_lf(chunks, *p, CHUNKS_TRAILER);
	case CHUNKS_LAST_LF:
		return chunks_expect_lf(chunks, *p, CHUNKS_WHOLE);
	case CHUNKS_DATA:
	case CHUNKS_WHOLE:
	case CHUNKS_BAD:
		break;
	}
	return 0;
}

/* What these n bytes have of the chunk. */
static size_t
chunks_take_data(struct chunks *chunks, size_t n)
{
	if (n > chunks->left)
		n = (size_t)chunks->left;
	chunks->left -= n;
	if (chunks->left == 0)
		chunks->state = CHUNKS_DATA_END;
	return n;
}

int
chunks_next(struct chunks *chunks, const void *p, size_t n, size_t *at,
	const void **ret, size_t *ret_len)
{
	const char *bytes = p;

	while (*at < n && chunks->state != CHUNKS_WHOLE &&
	    chunks->state != CHUNKS_BAD) {
		if (chunks->state == CHUNKS_DATA) {
			*ret = bytes + *at;
			*ret_len = chunks_take_data(chunks, n - *at);
			*at += *ret_len;
			return 1;
		}
		*at += chunks_step(chunks, bytes + *at, n - *at);
	}
	return chunks->state == CHUNKS_BAD ? -1 : 0;
}
