/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_NET_MULTI_H
#define FETCHALL_NET_MULTI_H

#include <stddef.h>

#include "base/err.h"

struct easy_env;
struct event_base;
struct fetch;

/*
 * Many fetches at once on one event loop, over as many CURLMs as that takes
 * (net/shard). All calls belong to the loop's thread. The multi is never given
 * more than the caller adds: there is no queue in here.
 */
struct multi;

/* Called from the loop, never from inside multi_add(); may add fetches. */
typedef void multi_done_fn(void *arg, struct fetch *fetch);

struct multi_args {
	struct event_base *base;
	const struct easy_env *env;
	size_t concurrency;	/* fetches at one time, at most */
	size_t others;		/* multis that this one shares the process's
				 * descriptors with */
	multi_done_fn *done;
	/* Called after `done`, once for all that were done together: the time
	 * to add others. */
	void (*more)(void *arg);
	void *arg;
};

/* Base and environment are borrowed. */
struct multi *multi_new(const struct multi_args *args, struct err *err);
/* Fetches still under way are dropped without a call. NULL is fine. */
void multi_free(struct multi *multi);

/*
 * Starts a fetch; it stays the caller's, and must stay where it is until
 * `done` gives it back with its reply filled.
 */
void multi_add(struct multi *multi, struct fetch *fetch);

/* Ends all fetches that are under way: each is done with FETCH_CANCELLED. */
void multi_cancel(struct multi *multi);

#endif
