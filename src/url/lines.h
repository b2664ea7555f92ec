/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_URL_LINES_H
#define FETCHALL_URL_LINES_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/*
 * The lines of one list, gzip or not, in memory that does not grow with its
 * length: one line of at most `max_line` bytes.
 */
struct lines;

struct line {
	char *text;		/* until the next call; may be written to. NUL
				 * at its end, without the newline */
	size_t len;		/* may hold NUL bytes */
	uint64_t number;	/* from 1 */
	int too_long;		/* over max_line bytes: text is "" */
};

/* `fd`, `hurry_fd` and `count` as in reader.h. */
struct lines *lines_new(int fd, int hurry_fd, size_t max_line,
	_Atomic uint64_t *count);
void lines_free(struct lines *lines);

/*
 * The next line: 1, 0 at the end, -1 when reading failed; the bytes behind
 * the last newline are no line then, since they may be half a URL. A last
 * line without a newline counts; a byte order mark in front of the first is
 * skipped. Lines are handed out as soon as they are whole.
 */
int lines_next(struct lines *lines, struct line *ret, struct err *err);

/* Of the line that lines_next() returned or failed in. */
uint64_t lines_number(const struct lines *lines);

#endif
