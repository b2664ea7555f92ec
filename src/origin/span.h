/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_ORIGIN_SPAN_H
#define FETCHALL_ORIGIN_SPAN_H

#include <stddef.h>
#include <stdint.h>

/* Borrowed bytes; `p` is never NULL. */
struct span {
	const char *p;
	size_t len;
};

/* Equal to `word`, in any case. */
int span_is(struct span span, const char *word);
/* Takes off what is before the first `c`, and `c`; all of it without one. */
struct span span_split(struct span *span, char c);
/* Without blanks and tabs around it. */
struct span span_trim(struct span span);
/* A token of RFC 9110, 5.6.2: what methods and header names are. */
int span_token(struct span span);
/* All of it a number, of 15 digits at most, in base 10 or 16; 0 or -1. */
int span_number(struct span span, unsigned base, uint64_t *ret);
/* Below the blank, or DEL. */
int span_char_control(char c);

#endif
