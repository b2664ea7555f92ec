/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CORE_SLOTS_H
#define FETCHALL_CORE_SLOTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/*
 * Ranges of addresses of one size, each for one body: reserved at once, and
 * shared with the processes that are forked afterwards. An address costs
 * nothing until it is written to.
 */
struct slots;

/*
 * n slots of `size` bytes, or of fewer where there are not so many addresses.
 * NULL with ERR_SYSTEM: not even a page for each.
 */
struct slots *slots_new(size_t n, uint64_t size, struct err *err);
void slots_free(struct slots *slots);		/* NULL is fine */
size_t slots_size(const struct slots *slots);	/* of each, in bytes */
size_t slots_count(const struct slots *slots);

/* Any thread, and the process only that made them. */
#define SLOTS_NONE SIZE_MAX			/* all are taken */
size_t slots_take(struct slots *slots);
/* Some of its memory may be kept for the next; see slots.c. */
void slots_give(struct slots *slots, size_t slot);
size_t slots_left(struct slots *slots);		/* how many can be taken */

/* Whose the slot is; any process. */
char *slots_at(const struct slots *slots, size_t slot);
/* To be called before the first `n` bytes are written. */
void slots_touch(struct slots *slots, size_t slot, size_t n);
/* Gives all its memory back; what was written is zeroes then. */
void slots_drop(struct slots *slots, size_t slot);

#endif
