/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_URL_PUBLIC_H
#define FETCHALL_URL_PUBLIC_H

#include <stddef.h>

struct buf;

/* Enough room for one public_add_shown(). */
#define PUBLIC_SHOWN_MAX 2048

/* url_add_public() of url.h. */
int public_add(struct buf *out, const char *text, size_t len);

/*
 * The same for messages: clean for any terminal, and cut with "..." where it
 * is long.
 */
int public_add_shown(struct buf *out, const char *text, size_t len);

#endif
