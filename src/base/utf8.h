/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_BASE_UTF8_H
#define FETCHALL_BASE_UTF8_H

#include <stddef.h>
#include <stdint.h>

struct buf;

/*
 * Length of the UTF-8 sequence at p (RFC 3629: shortest form, no surrogates,
 * up to U+10FFFF), at most n bytes; 0 when there is none. *ret_code gets the
 * code point; NULL is allowed.
 */
size_t utf8_decode(const char *p, size_t n, uint32_t *ret_code);

int utf8_valid(const char *p, size_t n);

/* A control character: C0, DEL or C1 (U+0080 to U+009F). */
int utf8_control(uint32_t code);

/*
 * Appends n bytes in a form that is safe to print on any terminal: control
 * characters, bidirectional overrides and bytes that are no UTF-8 become
 * \xNN or \u{NNNN}; all else is copied. Returns 0, or -1 at the buffer's
 * ceiling.
 */
int utf8_add_clean(struct buf *buf, const char *p, size_t n);

#endif
