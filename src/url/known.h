/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_URL_KNOWN_H
#define FETCHALL_URL_KNOWN_H

#include <stddef.h>

struct known;
struct url;

/*
 * Origins that were parsed before. Lists name the same few again and again,
 * and where nothing behind the origin needs a parser url_parse() would say
 * what was typed.
 */
struct known *known_new(void);
void known_free(struct known *known);	/* NULL is fine */

/*
 * 1: *ret is what url_parse() makes of `text`, a string of `len` bytes; the
 * caller's to release. 0: url_parse() must be asked.
 */
int known_parse(struct known *known, const char *text, size_t len,
	struct url *ret);
/* Remembers what url_parse() made of `text`. */
void known_add(struct known *known, const char *text, const struct url *url);

#endif
