/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CORE_DISPATCH_H
#define FETCHALL_CORE_DISPATCH_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "core/holdup.h"
#include "core/run.h"

struct bodies;
struct frontier;
struct ledger;
struct list;
struct names;
struct service;
struct workshop;

/*
 * Decides which job is next and what a reply leads to. Jobs come from the
 * frontier, go out to the strategy and end in the ledger; in between they
 * wait for names, for their next hop or for their next attempt.
 */
struct dispatch;

/* All borrowed; frontier and service may be set after dispatch_new(). */
struct dispatch_args {
	const struct run_settings *settings;
	size_t concurrency;
	struct origins *origins;
	struct names *names;
	struct ledger *ledger;
	struct bodies *bodies;	/* NULL: they are dropped */
	struct workshop *workshop;	/* what is done to them, or NULL */
	struct service *service;
	const struct url *proxy;	/* text NULL: none */
	/* The first good reply came, settings->first is set and there is no
	 * workshop to judge it; without locks, from the thread that gave the
	 * job back. */
	void (*on_enough)(void *arg);
	void *arg;
};

struct dispatch *dispatch_new(const struct dispatch_args *args,
	struct err *err);
/* Jobs that are still waiting are dropped. NULL is fine. */
void dispatch_free(struct dispatch *dispatch);
/* NULL: it is gone, as is the strategy. */
void dispatch_set_frontier(struct dispatch *dispatch,
	struct frontier *frontier);

/* As run_split(), run_next_some(), run_lane_fd() and run_lane_rest(). */
int dispatch_split(struct dispatch *dispatch, size_t n, struct err *err);
enum run_next dispatch_next_some(struct dispatch *dispatch, size_t lane,
	size_t max, struct list *ret);
int dispatch_lane_fd(const struct dispatch *dispatch, size_t lane);
void dispatch_lane_rest(struct dispatch *dispatch, size_t lane);

/* As run_next(), run_take(), run_wake_fd(), run_rest() and run_done(). */
enum run_next dispatch_next(struct dispatch *dispatch, struct job **ret);
enum run_next dispatch_take(struct dispatch *dispatch, struct job **ret);
int dispatch_wake_fd(const struct dispatch *dispatch);
void dispatch_rest(struct dispatch *dispatch);
void dispatch_done(struct dispatch *dispatch, struct job *job);

/* Makes those who wait look again. Any thread; `arg` is the dispatch. */
void dispatch_wake(void *arg);

/* No job is granted any more: only what is under way comes back. */
void dispatch_stop(struct dispatch *dispatch);
/* The same at the run's deadline: all that is not done is to be recorded as
 * left out, begun or not. */
void dispatch_expire(struct dispatch *dispatch);
/*
 * Once the strategy and the service have ended: what was begun and is between
 * two hops gets its record, as what was in flight did; at the deadline all
 * that was read ahead.
 */
void dispatch_cut_off(struct dispatch *dispatch);
/*
 * After that: the rest of the list, where it was the deadline, as far as it can
 * be read without waiting and the ledger has room. 0: that was all of it; 1:
 * again, when dispatch_wake_fd() is readable.
 */
int dispatch_leave_out(struct dispatch *dispatch);
/* How long that was in the way, in us; once the run has ended. */
int64_t dispatch_held_up(const struct dispatch *dispatch, enum holdup why);
size_t dispatch_in_flight(struct dispatch *dispatch);

#endif
