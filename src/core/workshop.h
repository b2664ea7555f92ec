/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CORE_WORKSHOP_H
#define FETCHALL_CORE_WORKSHOP_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct bodies;
struct ledger;
struct pool;
struct pool_env;
struct work;
struct zygote;

/*
 * Where bodies go between a good reply and the ledger: counts what is with
 * the pool, hands it over, and makes one record of the reply's and the
 * stages' side when it comes back.
 */
struct workshop;

#define WORKSHOP_WAITING 1024	/* works that no worker is at, at most */

/* Called from any thread, without locks. */
struct workshop_hooks {
	void (*on_room)(void *arg);	/* there is room again */
	void (*on_passed)(void *arg);	/* a record passed all its stages */
	void (*on_lost)(void *arg);	/* no stage can be run any more */
	void *arg;
};

struct workshop_args {
	const struct pool *pool;
	const struct pool_env *env;	/* borrowed, as are all of these */
	size_t workers;
	size_t waiting;		/* works that no worker is at */
	struct zygote *zygote;	/* the pool's, or NULL */
	struct ledger *ledger;
	struct bodies *bodies;
	/* Fetches go on by themselves while a stage is at work: not so where
	 * it is at work in the loop that fetches. */
	int beside;
	struct workshop_hooks hooks;
};

struct workshop *workshop_new(const struct workshop_args *args,
	struct err *err);
/* Ends the workers; after workshop_fd() was readable, or when nothing was
 * ever added. Again is fine. */
void workshop_stop(struct workshop *workshop);
/* Likewise; NULL is fine. */
void workshop_free(struct workshop *workshop);

/* Takes the work. With an inline pool it is done in here. */
void workshop_add(struct workshop *workshop, struct work *work);
/* The same for one that the strategy's process has done already. */
void workshop_add_done(struct workshop *workshop, struct work *work);
/*
 * Whether a new fetch may begin: not where so much waits here that its body
 * should not come as well. Then on_room() follows once a work is done.
 */
int workshop_admits(struct workshop *workshop);
/* How many fetches are under way, those included whose body is being worked
 * on inline. */
void workshop_network(struct workshop *workshop, size_t n);

/* What has not begun is dropped, what has is told to end; any thread. */
void workshop_cancel(struct workshop *workshop);
/* No more work will come. */
void workshop_close(struct workshop *workshop);
/* Readable when it was closed and everything came back. */
int workshop_fd(const struct workshop *workshop);

/* What it did, for the summary. */
struct workshop_figures {
	size_t workers;		/* 0: inline */
	int64_t busy_us;	/* of all workers together */
	int64_t hidden_us;	/* of that, while fetches were under way; -1:
				 * nothing was fetched, or the fetches' own
				 * processes were at work */
	uint64_t peak_bytes;	/* of bodies, held at a time; from run.h */
};

void workshop_figures(struct workshop *workshop,
	struct workshop_figures *ret);

#endif
