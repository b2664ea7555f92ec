/* SPDX-License-Identifier: MIT */
/*
 * dispatch -- who is fetched next: jobs on their way from list to list.
 *
 * A job moves: frontier -> (name) -> ready -> granted to the strategy -> back,
 * and from there to its end, to another hop, or to its next attempt; which of
 * these, core/settle says. One mutex guards the lists, and it is taken in this
 * file alone: the moves are made in the others (core/dispatch_own.h), under
 * it. With one event loop it is never contended, with several (core/lanes)
 * each takes it twice a fetch. Names are looked up for at most `concurrency`
 * jobs ahead, so serial stays serial.
 */
#include "config.h"

#include <pthread.h>

#include "base/heap.h"
#include "base/list.h"
#include "base/mem.h"
#include "core/dispatch.h"
#include "core/dispatch_own.h"
#include "core/frontier.h"
#include "core/job.h"
#include "core/lanes.h"
#include "core/ledger.h"
#include "core/origins.h"
#include "core/settle.h"
#include "core/shortage.h"
#include "core/takers.h"

/* --- waking --- */

void
dispatch_wake(void *arg)
{
	struct dispatch *dispatch = arg;

	pthread_mutex_lock(&dispatch->lock);
	lanes_call(&dispatch->lanes);
	takers_call(&dispatch->takers);
	pthread_mutex_unlock(&dispatch->lock);
}

int
dispatch_lane_fd(const struct dispatch *dispatch, size_t lane)
{
	return lanes_fd(&dispatch->lanes, lane);
}

void
dispatch_lane_rest(struct dispatch *dispatch, size_t lane)
{
	lanes_rest(&dispatch->lanes, lane);
}

int
dispatch_wake_fd(const struct dispatch *dispatch)
{
	return dispatch_lane_fd(dispatch, 0);
}

void
dispatch_rest(struct dispatch *dispatch)
{
	dispatch_lane_rest(dispatch, 0);
}

/* The service's thread, without locks: core/lookup's done(). */
static void
dispatch_on_name(void *arg, struct job *job, enum names_status status)
{
	struct dispatch *dispatch = arg;

	pthread_mutex_lock(&dispatch->lock);
	dispatch_pump_named(dispatch, job, status);
	pthread_mutex_unlock(&dispatch->lock);
	dispatch_wake(dispatch);
}

/* --- who is next --- */

enum run_next
dispatch_next_some(struct dispatch *dispatch, size_t lane, size_t max,
	struct list *ret)
{
	enum run_next next;

	pthread_mutex_lock(&dispatch->lock);
	next = dispatch_grant_some(dispatch, lane, max, ret);
	if (next == RUN_END)
		lanes_call_all(&dispatch->lanes);
	else if (dispatch_grant_has_room(dispatch))
		lanes_pass_on(&dispatch->lanes, lane);
	pthread_mutex_unlock(&dispatch->lock);
	return next;
}

enum run_next
dispatch_next(struct dispatch *dispatch, struct job **ret)
{
	enum run_next next;

	pthread_mutex_lock(&dispatch->lock);
	next = dispatch_grant_one(dispatch, ret);
	pthread_mutex_unlock(&dispatch->lock);
	return next;
}

/*
 * Locked. One call wakes one taker, and there may be more to take than it
 * took; so each calls the next while there is. At the end all are called.
 */
static void
dispatch_pass_on(struct dispatch *dispatch, enum run_next next)
{
	if (takers_none(&dispatch->takers))
		return;
	if (next == RUN_JOB) {
		dispatch_pump(dispatch);
		if (dispatch->lanes.n_ready > 0)
			takers_call(&dispatch->takers);
		return;
	}
	takers_call_all(&dispatch->takers);
}

enum run_next
dispatch_take(struct dispatch *dispatch, struct job **ret)
{
	enum run_next next;

	pthread_mutex_lock(&dispatch->lock);
	while ((next = dispatch_grant_one(dispatch, ret)) == RUN_WAIT)
		takers_sleep(&dispatch->takers, &dispatch->lock);
	dispatch_pass_on(dispatch, next);
	pthread_mutex_unlock(&dispatch->lock);
	return next;
}

/* --- what came back --- */

/* -1: the fetch failed for good; else its job is ready again. */
static int
dispatch_back_off(struct dispatch *dispatch, struct job *job, enum holdup why)
{
	int rc;

	pthread_mutex_lock(&dispatch->lock);
	rc = dispatch_grant_undo(dispatch, job, why);
	pthread_mutex_unlock(&dispatch->lock);
	return rc;
}

/*
 * What the reply means is found out and written down outside the lock, and
 * before the job counts as back, since the run may end with that. Between
 * judging and finishing nobody else knows the job: whatever is to be done
 * with a good body is done there.
 */
void
dispatch_done(struct dispatch *dispatch, struct job *job)
{
	enum holdup why = shortage_of(&job->fetch.reply);
	struct verdict verdict;
	struct err err = { 0 };
	int enough;

	if (why != HOLDUP_NONE && dispatch_back_off(dispatch, job, why) == 0)
		return;
	verdict = settle_judge(&dispatch->settle, job, &err);
	if (verdict.kind != VERDICT_REDIRECT)
		settle_finish(&dispatch->settle, job, &verdict, &err);
	pthread_mutex_lock(&dispatch->lock);
	enough = dispatch_grant_end(dispatch, job, &verdict);
	pthread_mutex_unlock(&dispatch->lock);
	/* Cancelling takes the strategy's locks, so it comes after ours. */
	if (enough)
		dispatch->args.on_enough(dispatch->args.arg);
}

/* --- an early end --- */

void
dispatch_stop(struct dispatch *dispatch)
{
	pthread_mutex_lock(&dispatch->lock);
	dispatch->stopping = 1;
	pthread_mutex_unlock(&dispatch->lock);
	dispatch_wake(dispatch);
}

void
dispatch_expire(struct dispatch *dispatch)
{
	ledger_name_cuts(dispatch->args.ledger, ERROR_DEADLINE);
	pthread_mutex_lock(&dispatch->lock);
	dispatch->stopping = dispatch->expired = 1;
	pthread_mutex_unlock(&dispatch->lock);
	if (dispatch->frontier != NULL)
		frontier_hurry(dispatch->frontier);
	dispatch_wake(dispatch);
}

void
dispatch_cut_off(struct dispatch *dispatch)
{
	pthread_mutex_lock(&dispatch->lock);
	dispatch_cut_lists(dispatch);
	pthread_mutex_unlock(&dispatch->lock);
}

int
dispatch_leave_out(struct dispatch *dispatch)
{
	int more;

	if (!dispatch_cut_has_rest(dispatch))
		return 0;
	dispatch_rest(dispatch);
	pthread_mutex_lock(&dispatch->lock);
	more = dispatch_cut_rest(dispatch);
	pthread_mutex_unlock(&dispatch->lock);
	return more;
}

/* --- life --- */

int64_t
dispatch_held_up(const struct dispatch *dispatch, enum holdup why)
{
	return dispatch->holdups.us[why];
}

size_t
dispatch_in_flight(struct dispatch *dispatch)
{
	size_t n;

	pthread_mutex_lock(&dispatch->lock);
	n = dispatch->n_granted;
	pthread_mutex_unlock(&dispatch->lock);
	return n;
}

struct dispatch *
dispatch_new(const struct dispatch_args *args, struct err *err)
{
	struct dispatch *dispatch = mem_array(1, sizeof *dispatch);

	dispatch->args = *args;
	dispatch->settings = args->settings;
	if (lanes_init(&dispatch->lanes, args->concurrency, err) != 0) {
		free(dispatch);
		return NULL;
	}
	dispatch->lookup = (struct lookup){
		.names = args->names,
		.service = args->service,
		.proxy = args->proxy,
		.unix_socket = args->settings->easy.unix_socket,
		.policy = args->settings->easy.policy,
		.max_time_us = args->settings->max_time_us,
		.done = dispatch_on_name,
		.arg = dispatch,
	};
	settle_init(&dispatch->settle, args->settings, args->ledger,
		args->workshop);
	takers_init(&dispatch->takers);
	list_init(&dispatch->again);
	list_init(&dispatch->naming);
	heap_init(&dispatch->waiting);
	pthread_mutex_init(&dispatch->lock, NULL);
	return dispatch;
}

_Static_assert(LANES_MAX >= RUN_LANES, "as many lanes as a strategy may want");

int
dispatch_split(struct dispatch *dispatch, size_t n, struct err *err)
{
	int rc;

	pthread_mutex_lock(&dispatch->lock);
	rc = lanes_split(&dispatch->lanes, n, err);
	pthread_mutex_unlock(&dispatch->lock);
	return rc;
}

/* As dispatch_end_job(), when there is no frontier any more. */
static void
dispatch_drop_job(struct dispatch *dispatch, struct job *job)
{
	job_move(job, JOB_ENDED);
	job_uncount(job);
	origins_put(dispatch->args.origins, job->origin);
	job_free(job);
}

static void
dispatch_drop(struct dispatch *dispatch, struct list *jobs)
{
	struct list *node;

	while ((node = list_pop(jobs)) != NULL)
		dispatch_drop_job(dispatch, LIST_ENTRY(node, struct job, node));
}

void
dispatch_free(struct dispatch *dispatch)
{
	struct heap_node *first;

	if (dispatch == NULL)
		return;
	dispatch_drop(dispatch, lanes_merge(&dispatch->lanes));
	dispatch_drop(dispatch, &dispatch->again);
	dispatch_drop(dispatch, &dispatch->naming);
	while ((first = heap_first(&dispatch->waiting)) != NULL) {
		heap_remove(&dispatch->waiting, first);
		dispatch_drop_job(dispatch,
			LIST_ENTRY(first, struct job, due));
	}
	heap_release(&dispatch->waiting);
	lanes_release(&dispatch->lanes);
	pthread_mutex_destroy(&dispatch->lock);
	free(dispatch);
}

void
dispatch_set_frontier(struct dispatch *dispatch, struct frontier *frontier)
{
	dispatch->frontier = frontier;
}
