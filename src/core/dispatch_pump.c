/* SPDX-License-Identifier: MIT */
/*
 * dispatch_pump -- jobs on their way to being ready: pulled from those that go
 * on with another hop, then from those whose next attempt is due, then from the
 * list, given a place for their body, and looked up.
 */
#include "config.h"

#include "base/clock.h"
#include "base/heap.h"
#include "base/list.h"
#include "core/bodies.h"
#include "core/dispatch_own.h"
#include "core/frontier.h"
#include "core/job.h"
#include "core/lanes.h"
#include "core/ledger.h"
#include "core/lookup.h"
#include "core/service.h"
#include "core/settle.h"
#include "core/verdict.h"
#include "core/workshop.h"

/*
 * URLs that wait for their next attempt at most: a server that asks many for
 * patience (Retry-After) stops the reading of the list, not our memory.
 */
#define DISPATCH_WAITING 16384

/* --- who is next --- */

/* Locked. A retry whose time has come. */
static struct job *
dispatch_due(struct dispatch *dispatch)
{
	struct heap_node *first = heap_first(&dispatch->waiting);

	if (first == NULL)
		return NULL;
	if (first->at > clock_us()) {
		service_set_timer(dispatch->args.service, first->at);
		return NULL;
	}
	heap_remove(&dispatch->waiting, first);
	return LIST_ENTRY(first, struct job, due);
}

/* Locked. The time begins to count with the list's first URL. */
static void
dispatch_start_clock(struct dispatch *dispatch)
{
	if (dispatch->settle.until_us == 0 &&
	    dispatch->settings->duration_us > 0)
		dispatch->settle.until_us = clock_us() +
			dispatch->settings->duration_us;
}

/* Locked. The list's next; NULL: not now, or there is none. */
static struct job *
dispatch_list(struct dispatch *dispatch)
{
	struct job *job = NULL;

	dispatch->unread = dispatch->crammed = 0;
	if (dispatch->listed_all || dispatch->waiting.n >= DISPATCH_WAITING)
		return NULL;
	dispatch->crammed = ledger_full(dispatch->args.ledger);
	if (dispatch->crammed)
		return NULL;
	switch (frontier_next(dispatch->frontier, &job)) {
	case FRONTIER_JOB:
		dispatch_start_clock(dispatch);
		return job;
	case FRONTIER_WAIT:
		dispatch->unread = 1;
		break;
	case FRONTIER_END:
		dispatch->listed_all = 1;
		break;
	}
	return NULL;
}

/* Locked. */
void
dispatch_pump_start(const struct dispatch *dispatch, struct job *job)
{
	job_move(job, JOB_PULLED);
	if (job->bad == NULL)
		job_start(job, dispatch->settings);
}

/*
 * Locked. The places for bodies that the list's next URL has to leave free. A
 * body that is held in order has its place until all before it have ended; so
 * each URL that was begun has one to come to, also in another hop or attempt,
 * and where it is between two of them that place is to be free. Those granted
 * count as well: one may give its place back just now, outside the lock.
 */
static size_t
dispatch_reserve(const struct dispatch *dispatch)
{
	if (!dispatch->settings->keep_order)
		return 0;
	return dispatch->n_again + dispatch->waiting.n + dispatch->n_granted;
}

/* Locked. Whether there is a place for the body of the list's next URL. */
static int
dispatch_admits(struct dispatch *dispatch)
{
	const struct dispatch_args *args = &dispatch->args;

	if (args->bodies == NULL)
		return 1;
	dispatch->starved = !bodies_admits(args->bodies,
		dispatch_reserve(dispatch)) ||
		(args->workshop != NULL && !workshop_admits(args->workshop));
	return !dispatch->starved;
}

/* Locked. A URL that was begun and goes on; NULL: none. */
static struct job *
dispatch_pull_begun(struct dispatch *dispatch)
{
	struct list *node = list_pop(&dispatch->again);

	if (node == NULL)
		return dispatch_due(dispatch);
	dispatch->n_again--;
	return LIST_ENTRY(node, struct job, node);
}

/*
 * Locked. NULL: nothing can begin now. In order, what was begun is what bodies
 * are held for: it does not wait until they are fewer.
 */
static struct job *
dispatch_pull(struct dispatch *dispatch)
{
	int admits = dispatch_admits(dispatch);
	struct job *job = NULL;

	if (admits || (dispatch->settings->keep_order &&
	    bodies_has_place(dispatch->args.bodies)))
		job = dispatch_pull_begun(dispatch);
	if (job == NULL && admits)
		job = dispatch_list(dispatch);
	if (job == NULL)
		return NULL;
	if (job->state == JOB_AGAIN)
		job_move(job, JOB_PULLED);
	else
		dispatch_pump_start(dispatch, job);
	return job;
}

/* --- on its way --- */

/* Locked. */
static void
dispatch_make_ready(struct dispatch *dispatch, struct job *job)
{
	job_move(job, JOB_READY);
	lanes_push(&dispatch->lanes, job);
}

/* Locked. */
static void
dispatch_named(struct dispatch *dispatch, struct job *job,
	enum names_status status)
{
	struct verdict verdict;

	if (status == NAMES_OK) {
		dispatch_make_ready(dispatch, job);
		return;
	}
	if (job->n_hops == 0)
		job->started_us = job->hop_us;
	verdict = settle_name(&dispatch->settle, job, status);
	dispatch_end_attempt(dispatch, job, &verdict);
}

/* Locked. */
void
dispatch_pump_named(struct dispatch *dispatch, struct job *job,
	enum names_status status)
{
	list_remove(&job->node);
	dispatch->n_naming--;
	dispatch_named(dispatch, job, status);
}

/* Locked. Ends in JOB_READY, JOB_NAMING or, for a known failure, later. */
static void
dispatch_look_up(struct dispatch *dispatch, struct job *job)
{
	enum names_status status = lookup_job(&dispatch->lookup, job);

	if (status != NAMES_PENDING) {
		dispatch_named(dispatch, job, status);
		return;
	}
	job_move(job, JOB_NAMING);
	list_push(&dispatch->naming, &job->node);
	dispatch->n_naming++;
}

/* Whether anybody will look at what the server sends. */
static int
dispatch_wants_body(const struct dispatch *dispatch, const struct job *job)
{
	return dispatch->args.workshop != NULL || job->keeps ||
		(dispatch->settings->keep & (RUN_KEEP_GOOD | RUN_KEEP_ALL));
}

/* Locked. */
static void
dispatch_begin_hop(struct dispatch *dispatch, struct job *job)
{
	struct verdict verdict;

	if (dispatch->settings->no_fetch) {
		job->hop_us = clock_us();
		dispatch_make_ready(dispatch, job);
		return;
	}
	if (!dispatch_wants_body(dispatch, job) ||
	    job_open_body(job, bodies_store(dispatch->args.bodies)) == 0) {
		dispatch_look_up(dispatch, job);
		return;
	}
	verdict = settle_no_room(&dispatch->settle, job);
	dispatch_end_attempt(dispatch, job, &verdict);
}

/* Locked. */
void
dispatch_pump(struct dispatch *dispatch)
{
	struct job *job;

	while (!dispatch->stopping &&
	    dispatch->lanes.n_ready + dispatch->n_naming <
	    dispatch->args.concurrency &&
	    (job = dispatch_pull(dispatch)) != NULL) {
		/* What is not asked for goes straight to its end. */
		if (!dispatch_end_unasked(dispatch, job))
			dispatch_begin_hop(dispatch, job);
	}
}
