/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CORE_LAG_H
#define FETCHALL_CORE_LAG_H

#include <event2/event_struct.h>
#include <stdint.h>

struct event_base;
struct histogram;

/*
 * How late a loop sees to things: a descriptor that becomes readable every
 * 10 ms says by how much it was looked at later. Where one callback takes long, all that became
 * due meanwhile waits as long.
 */
struct lag {
	struct event tick;
	int fd;			/* -1: none could be had, nothing is sampled */
	struct histogram *late;	/* microseconds */
	int64_t due_us;
};

/* Samples into `late`, which is borrowed, until lag_stop(). */
void lag_start(struct lag *lag, struct event_base *base,
	struct histogram *late);
void lag_stop(struct lag *lag);

#endif
