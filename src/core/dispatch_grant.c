/* SPDX-License-Identifier: MIT */
/*
 * dispatch_grant -- who gets which job, and what follows when it comes back.
 * A job that is ready may still be too late for the run's time, or too much
 * for this machine; where nothing is granted, what is in the way is noted.
 */
#include "config.h"

#include <stdatomic.h>

#include "base/clock.h"
#include "base/list.h"
#include "core/dispatch_own.h"
#include "core/frontier.h"
#include "core/holdup.h"
#include "core/job.h"
#include "core/lanes.h"
#include "core/origins.h"
#include "core/service.h"
#include "core/shortage.h"
#include "core/takers.h"
#include "core/verdict.h"
#include "core/workshop.h"

/* --- what may be granted --- */

/* Locked. When the time is over the list is, too. */
static void
dispatch_check_clock(struct dispatch *dispatch)
{
	if (dispatch->late || dispatch->settle.until_us == 0 ||
	    clock_us() < dispatch->settle.until_us)
		return;
	dispatch->late = 1;
	dispatch->listed_all = 1;
}

/*
 * Locked. Whether the job, not granted yet, comes too late. What was begun in
 * time goes on: a redirect's next hop, and a retry, since one that would come
 * too late is none (core/verdict).
 */
static int
dispatch_too_late(const struct dispatch *dispatch, const struct job *job)
{
	return dispatch->late && job->n_hops == 0 && job->attempt == 1;
}

/* Locked. */
int
dispatch_grant_has_room(struct dispatch *dispatch)
{
	return dispatch->shortage.why == HOLDUP_NONE ||
		dispatch->n_granted < shortage_room(&dispatch->shortage,
		dispatch->args.concurrency, clock_us());
}

/* Locked. What is ready for the lane; NULL: nothing. */
static struct job *
dispatch_pop_ready(struct dispatch *dispatch, size_t lane)
{
	struct job *job;

	if (dispatch->stopping || !dispatch_grant_has_room(dispatch))
		return NULL;
	while ((job = lanes_pop(&dispatch->lanes, lane)) != NULL) {
		if (!dispatch_too_late(dispatch, job))
			return job;
		dispatch_end_job(dispatch, job);
	}
	return NULL;
}

/* --- why there is nothing --- */

/* Locked. Nothing can be granted to who asks: what of ours is in the way of a
 * fetch? */
static enum holdup
dispatch_why(const struct dispatch *dispatch)
{
	if (dispatch->stopping ||
	    dispatch->n_granted >= dispatch->args.concurrency)
		return HOLDUP_NONE;
	if (dispatch->lanes.n_ready > 0)
		return dispatch->shortage.why;
	if (dispatch->n_naming > 0 && dispatch->n_granted +
	    dispatch->n_naming >= dispatch->args.concurrency)
		return HOLDUP_NAMES;
	if (dispatch->starved)
		return dispatch->args.workshop != NULL ? HOLDUP_STAGES :
			HOLDUP_BODIES;
	if (dispatch->crammed)
		return HOLDUP_WRITER;
	return dispatch->unread ? HOLDUP_LIST : HOLDUP_NONE;
}

/* Locked. The look-ups that are still waited for. */
static int
dispatch_awaits_names(struct dispatch *dispatch)
{
	struct list *node;

	for (node = dispatch->naming.next; node != &dispatch->naming;
	    node = node->next)
		if (!dispatch_too_late(dispatch,
		    LIST_ENTRY(node, struct job, node)))
			return 1;
	return 0;
}

/* Locked. Whether nothing will ever be ready again. */
static int
dispatch_over(struct dispatch *dispatch)
{
	if (dispatch->n_granted > 0)
		return 0;
	if (dispatch->stopping)
		return 1;
	if (dispatch->lanes.n_ready > 0 || dispatch_awaits_names(dispatch) ||
	    dispatch->waiting.n > 0 || !list_empty(&dispatch->again))
		return 0;
	return dispatch->listed_all;
}

/* --- granting --- */

/* Locked. One fetch more is under way, or one less. */
static void
dispatch_count(struct dispatch *dispatch, int more)
{
	dispatch->n_granted += (size_t)more;
	if (dispatch->args.workshop != NULL && !dispatch->settings->no_fetch)
		workshop_network(dispatch->args.workshop,
			dispatch->n_granted);
}

static int64_t
dispatch_time_left(const struct dispatch *dispatch, const struct job *job)
{
	int64_t left = dispatch->settings->max_time_us;

	if (left == 0)
		return 0;
	left -= job->hop_us + job->name_us - job->started_us;
	return left > CLOCK_MS ? left : CLOCK_MS;
}

/*
 * Locked. Whether another job of the origin waits; of a list that is slower
 * than we are nobody can tell, but who came twice in a row may come again.
 */
static int
dispatch_is_due_again(struct dispatch *dispatch, const struct origin *origin)
{
	return atomic_load(&origin->waiting) > 0 ||
		(dispatch->last_origin == origin->node.hash &&
		frontier_is_dry(dispatch->frontier));
}

/* Locked. The look-up's time counts, the wait for a free place does not. */
static void
dispatch_grant(struct dispatch *dispatch, size_t lane, struct job *job)
{
	struct fetch_request *request = &job->fetch.request;

	job_move(job, JOB_GRANTED);
	lanes_grant(&dispatch->lanes, lane, job);
	dispatch_count(dispatch, 1);
	job->hop_us = clock_us() - job->name_us;
	if (job->n_hops == 0 && !job->starts_over)
		job->started_us = job->hop_us;
	job_uncount(job);
	request->time_left_us = dispatch_time_left(dispatch, job);
	request->flags &= ~(unsigned)FETCH_REUSE;
	if (dispatch_is_due_again(dispatch, job->origin))
		request->flags |= FETCH_REUSE;
	dispatch->last_origin = job->origin->node.hash;
}

/* Locked. */
enum run_next
dispatch_grant_some(struct dispatch *dispatch, size_t lane, size_t max,
	struct list *ret)
{
	struct job *job;
	size_t n;

	dispatch_check_clock(dispatch);
	for (n = 0; n < max; n++) {
		dispatch_pump(dispatch);
		job = dispatch_pop_ready(dispatch, lane);
		if (job == NULL)
			break;
		holdup_set(&dispatch->holdups, HOLDUP_NONE);
		dispatch_grant(dispatch, lane, job);
		list_push(ret, &job->node);
	}
	lanes_set_hungry(&dispatch->lanes, lane, n < max);
	if (n == max)
		return RUN_JOB;
	if (dispatch_over(dispatch)) {
		holdup_set(&dispatch->holdups, HOLDUP_NONE);
		return RUN_END;
	}
	holdup_set(&dispatch->holdups, dispatch_why(dispatch));
	if (dispatch->lanes.n_ready > 0 && !dispatch->stopping &&
	    dispatch->shortage.why != HOLDUP_NONE)
		service_set_timer(dispatch->args.service,
			dispatch->shortage.grow_us);
	if (dispatch->settle.until_us != 0 && !dispatch->late)
		service_set_timer(dispatch->args.service,
			dispatch->settle.until_us);
	return n > 0 ? RUN_JOB : RUN_WAIT;
}

/* Locked. */
enum run_next
dispatch_grant_one(struct dispatch *dispatch, struct job **ret)
{
	struct list jobs;
	enum run_next next;

	list_init(&jobs);
	next = dispatch_grant_some(dispatch, 0, 1, &jobs);
	if (next == RUN_JOB)
		*ret = LIST_ENTRY(list_pop(&jobs), struct job, node);
	return next;
}

/* --- what came back --- */

/* Locked. */
int
dispatch_grant_end(struct dispatch *dispatch, struct job *job,
	const struct verdict *verdict)
{
	int enough = verdict->ok && dispatch->settings->first &&
		dispatch->args.workshop == NULL && !dispatch->stopping;

	lanes_take_back(&dispatch->lanes, job);
	dispatch_count(dispatch, -1);
	if (enough)
		dispatch->stopping = 1;
	if (verdict->kind == VERDICT_REDIRECT) {
		job_move(job, JOB_AGAIN);
		job_count(job, dispatch->args.origins);
		list_push(&dispatch->again, &job->node);
		dispatch->n_again++;
	} else {
		dispatch_end_attempt(dispatch, job, verdict);
	}
	/* A body that ended here may be what another one waited for. */
	if (dispatch->n_granted == 0 || dispatch->starved ||
	    dispatch->shortage.why != HOLDUP_NONE ||
	    verdict->kind == VERDICT_REDIRECT)
		takers_call(&dispatch->takers);
	return enough;
}

/* Locked. */
int
dispatch_grant_undo(struct dispatch *dispatch, struct job *job,
	enum holdup why)
{
	if (shortage_hit(&dispatch->shortage, why, dispatch->n_granted - 1,
	    clock_us()) != 0)
		return -1;
	fetch_reply_clear(&job->fetch.reply);
	dispatch_count(dispatch, -1);
	lanes_take_back(&dispatch->lanes, job);
	job_move(job, JOB_READY);
	job_count(job, dispatch->args.origins);
	lanes_put_back(&dispatch->lanes, job);
	takers_call(&dispatch->takers);
	return 0;
}
