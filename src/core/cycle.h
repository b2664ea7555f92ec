/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CORE_CYCLE_H
#define FETCHALL_CORE_CYCLE_H

#include <stdint.h>

#include "base/err.h"

struct source;
struct source_item;

/*
 * A list that begins again at its end, for putting its servers under load.
 * It is read whole before its first URL is handed out, so that reading is
 * over when the clock matters and a list that cannot be repeated is refused
 * before the first request.
 */
struct cycle;

/* `source` is borrowed; `requests`: how many URLs to hand out, 0: no end. */
struct cycle *cycle_new(struct source *source, uint64_t requests);
void cycle_free(struct cycle *cycle);	/* NULL is fine */

/*
 * As source_next(); the caller gets items of its own. Lines that are no URL
 * come first, once, and do not count. `seq` goes on beyond the list's length.
 * ERR_USAGE for a list that is too long to be kept, or that names files for
 * the replies, which cannot be written twice.
 */
int cycle_next(struct cycle *cycle, struct source_item *ret, struct err *err);

#endif
