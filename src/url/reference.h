/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_URL_REFERENCE_H
#define FETCHALL_URL_REFERENCE_H

#include <stddef.h>

struct buf;
struct url;

/*
 * Appends `ref` as browsers read it (WHATWG URL): blanks around it do not
 * count, tabs and newlines never do, and a backslash in front of the query is
 * a slash. Stops when `max` bytes were added.
 */
void reference_clean(struct buf *out, const char *ref, size_t max);

/*
 * Appends the text that a relative reference (no scheme, no "//", not empty)
 * stands for, dot segments still in it: RFC 3986 section 5.2.3.
 */
void reference_merge(struct buf *out, const struct url *base, const char *ref);

#endif
