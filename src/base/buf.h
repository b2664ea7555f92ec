/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_BASE_BUF_H
#define FETCHALL_BASE_BUF_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/*
 * Bytes that grow up to a ceiling that every buffer must name.
 *
 * The adders return 0, or -1 when the ceiling would be passed; then nothing
 * was added and `full` stays set until buf_clear(), so that a run of adds can
 * be checked once at its end. `data` is always NUL-terminated once anything
 * was added; bytes in it may be NUL too.
 */
struct buf {
	char *data;		/* NULL until the first add */
	size_t len;
	size_t size;		/* allocated, the NUL included */
	size_t max;		/* ceiling for len */
	int full;
};

void buf_init(struct buf *buf, size_t max);
/* Frees the bytes; the buffer may be used again. NULL data is fine. */
void buf_release(struct buf *buf);
/* Empties it and keeps the memory. */
void buf_clear(struct buf *buf);

int buf_add(struct buf *buf, const void *p, size_t n);
int buf_add_text(struct buf *buf, const char *text);
int buf_add_char(struct buf *buf, char c);
/* Decimal, without printf. */
int buf_add_u64(struct buf *buf, uint64_t n);
/* Microseconds as seconds with six decimals; below zero counts as zero. */
int buf_add_seconds(struct buf *buf, int64_t us);
int buf_printf(struct buf *buf, const char *fmt, ...) FA_PRINTF(2, 3);
/* Drops all bytes behind the first `len`. */
void buf_cut(struct buf *buf, size_t len);
/* Drops the first n bytes. */
void buf_shift(struct buf *buf, size_t n);
/* The bytes as a string, "" when empty; valid until the next add. */
const char *buf_text(const struct buf *buf);
/* Moves the bytes to the caller, who frees them; the buffer is empty after. */
char *buf_take(struct buf *buf);
/*
 * Room for n more bytes at the end, to be written in place and then counted
 * by raising `len`; NULL when the ceiling would be passed.
 */
char *buf_room(struct buf *buf, size_t n);

#endif
