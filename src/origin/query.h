/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_ORIGIN_QUERY_H
#define FETCHALL_ORIGIN_QUERY_H

#include <stdint.h>

struct buf;

/*
 * `name`'s value in "a=1&b=2", percent signs decoded and added to `out`.
 * Returns 1 when it is there, 0 when not, and -1 for a value that is badly
 * written, too long for `out`, or holds a control character, which could
 * break out of a header.
 */
int query_text(const char *query, const char *name, struct buf *out);

/*
 * `name`'s value as a number of at most `max` (10k, 1m), `dflt` when it is
 * not given. Returns 0 or -1.
 */
int query_number(const char *query, const char *name, uint64_t dflt,
	uint64_t max, uint64_t *ret);

/* Reads a path's segment and moves *rest behind it and its slash. 0 or -1. */
int query_segment(const char **rest, uint64_t max, uint64_t *ret);
/* The same for a size in bytes (64k, 1MiB), up to 1 TiB. */
int query_segment_size(const char **rest, uint64_t *ret);

#endif
