/* SPDX-License-Identifier: MIT */
/*
 * dispatch -- who is fetched next: jobs on their way from list to list.
 *
 * A job moves: frontier -> (name) -> ready -> granted to the strategy -> back,
 * and from there to its end, to another hop, or to its next attempt; which of
 * these, core/settle says. One mutex guards the lists; with one event loop it
 * is never contended, with several (core/lanes) each takes it twice a fetch.
 * Names are looked up for at most `concurrency` jobs ahead, so serial stays
 * serial.
 */
#include "config.h"

#include <pthread.h>

#include "base/clock.h"
#include "base/heap.h"
#include "base/list.h"
#include "base/mem.h"
#include "core/bodies.h"
#include "core/dispatch.h"
#include "core/frontier.h"
#include "core/job.h"
#include "core/lanes.h"
#include "core/ledger.h"
#include "core/lookup.h"
#include "core/origins.h"
#include "core/service.h"
#include "core/settle.h"
#include "core/shortage.h"
#include "core/takers.h"
#include "core/workshop.h"

/*
 * URLs that wait for their next attempt at most: a server that asks many for
 * patience (Retry-After) stops the reading of the list, not our memory.
 */
#define DISPATCH_WAITING 16384

struct dispatch {
	struct dispatch_args args;
	const struct run_settings *settings;
	struct frontier *frontier;
	struct lookup lookup;
	struct settle settle;
	pthread_mutex_t lock;	/* all below */
	struct lanes lanes;	/* those that are ready */
	struct takers takers;
	struct list again, naming;
	struct heap waiting;
	size_t n_again, n_naming, n_granted;
	int starved;		/* the last look found no room for a body */
	/* The last look at the list found: */
	int crammed;		/* no room for another record */
	int unread;		/* nothing that was read already */
	struct holdup_clock holdups;
	struct shortage shortage;
	int listed_all;		/* the frontier has nothing more */
	int stopping;
	int late;		/* settle.until_us has come */
	int expired;		/* the deadline has */
};

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

/* --- the end of an attempt --- */

/* Locked. */
static void
dispatch_end_job(struct dispatch *dispatch, struct job *job)
{
	job_move(job, JOB_ENDED);
	job_uncount(job);
	job_shed(job);
	frontier_give_back(dispatch->frontier, job);
}

/* The same when there is no frontier any more. */
static void
dispatch_drop_job(struct dispatch *dispatch, struct job *job)
{
	job_move(job, JOB_ENDED);
	job_uncount(job);
	origins_put(dispatch->args.origins, job->origin);
	job_free(job);
}

/* Locked. The list's own URL once more, later. */
static void
dispatch_wait(struct dispatch *dispatch, struct job *job, int64_t delay_us)
{
	job_move(job, JOB_WAITING);
	job_restart(job);
	job->eligible_us = clock_us() + delay_us;
	job_count(job, dispatch->args.origins);
	heap_push(&dispatch->waiting, &job->due, job->eligible_us);
	service_set_timer(dispatch->args.service, job->eligible_us);
}

/*
 * Locked. The attempt is over and written down. A URL that was to be tried
 * again but was overtaken by a signal ends here too: its record says that it
 * is not final, so it stays to be done. At the deadline it is left out like
 * all that wait.
 */
static void
dispatch_settled(struct dispatch *dispatch, struct job *job,
	const struct verdict *verdict)
{
	if (verdict->kind == VERDICT_RETRY &&
	    (!dispatch->stopping || dispatch->expired))
		dispatch_wait(dispatch, job, verdict->delay_us);
	else
		dispatch_end_job(dispatch, job);
}

/* --- names --- */

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
	dispatch_settled(dispatch, job, &verdict);
}

static void
dispatch_on_name(void *arg, struct job *job, enum names_status status)
{
	struct dispatch *dispatch = arg;

	pthread_mutex_lock(&dispatch->lock);
	list_remove(&job->node);
	dispatch->n_naming--;
	dispatch_named(dispatch, job, status);
	pthread_mutex_unlock(&dispatch->lock);
	dispatch_wake(dispatch);
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

/* --- an end by the clock --- */

/* Locked. The time begins to count with the list's first URL. */
static void
dispatch_start_clock(struct dispatch *dispatch)
{
	if (dispatch->settle.until_us == 0 &&
	    dispatch->settings->duration_us > 0)
		dispatch->settle.until_us = clock_us() +
			dispatch->settings->duration_us;
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

/* Locked. Whether this machine has what another fetch takes. */
static int
dispatch_has_room(struct dispatch *dispatch)
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

	if (dispatch->stopping || !dispatch_has_room(dispatch))
		return NULL;
	while ((job = lanes_pop(&dispatch->lanes, lane)) != NULL) {
		if (!dispatch_too_late(dispatch, job))
			return job;
		dispatch_end_job(dispatch, job);
	}
	return NULL;
}

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

static void
dispatch_start_job(const struct dispatch *dispatch, struct job *job)
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
		dispatch_start_job(dispatch, job);
	return job;
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
	dispatch_settled(dispatch, job, &verdict);
}

static int
dispatch_is_unasked(const struct job *job)
{
	return job->bad != NULL || job->there != KEEPER_NONE;
}

/* Locked. What is not asked for goes straight to its end. */
static void
dispatch_end_unasked(struct dispatch *dispatch, struct job *job)
{
	struct verdict verdict = job->bad != NULL ?
		settle_bad(&dispatch->settle, job) :
		settle_there(&dispatch->settle, job);

	dispatch_settled(dispatch, job, &verdict);
}

/* Locked. Brings jobs on their way as far as the look-ahead allows. */
static void
dispatch_pump(struct dispatch *dispatch)
{
	struct job *job;

	while (!dispatch->stopping &&
	    dispatch->lanes.n_ready + dispatch->n_naming <
	    dispatch->args.concurrency &&
	    (job = dispatch_pull(dispatch)) != NULL) {
		if (dispatch_is_unasked(job))
			dispatch_end_unasked(dispatch, job);
		else
			dispatch_begin_hop(dispatch, job);
	}
}

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
	if (atomic_load(&job->origin->waiting) > 0)
		request->flags |= FETCH_REUSE;
}

/* Locked. Grants up to `max` jobs to the lane, RUN_JOB when there is any. */
static enum run_next
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

/* Locked. As dispatch_next(), for the only lane. */
static enum run_next
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

enum run_next
dispatch_next_some(struct dispatch *dispatch, size_t lane, size_t max,
	struct list *ret)
{
	enum run_next next;

	pthread_mutex_lock(&dispatch->lock);
	next = dispatch_grant_some(dispatch, lane, max, ret);
	if (next == RUN_END)
		lanes_call_all(&dispatch->lanes);
	else
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

/*
 * Locked. Puts the job where the verdict sends it; whether its URL is the
 * first good one of a run that wants no more.
 */
static int
dispatch_take_back(struct dispatch *dispatch, struct job *job,
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
		dispatch_settled(dispatch, job, verdict);
	}
	/* A body that ended here may be what another one waited for. */
	if (dispatch->n_granted == 0 || dispatch->starved ||
	    dispatch->shortage.why != HOLDUP_NONE ||
	    verdict->kind == VERDICT_REDIRECT)
		takers_call(&dispatch->takers);
	return enough;
}

/*
 * A fetch that could not begin for want of what others hold: there was no
 * attempt, and it is the first to be granted again. -1: it is no use.
 */
static int
dispatch_back_off(struct dispatch *dispatch, struct job *job, enum holdup why)
{
	int rc;

	pthread_mutex_lock(&dispatch->lock);
	rc = shortage_hit(&dispatch->shortage, why, dispatch->n_granted - 1,
		clock_us());
	if (rc == 0) {
		fetch_reply_clear(&job->fetch.reply);
		dispatch_count(dispatch, -1);
		lanes_take_back(&dispatch->lanes, job);
		job_move(job, JOB_READY);
		job_count(job, dispatch->args.origins);
		lanes_put_back(&dispatch->lanes, job);
		takers_call(&dispatch->takers);
	}
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
	enough = dispatch_take_back(dispatch, job, &verdict);
	pthread_mutex_unlock(&dispatch->lock);
	/* Cancelling takes the strategy's locks, so it comes after ours. */
	if (enough)
		dispatch->args.on_enough(dispatch->args.arg);
}

/* --- life --- */

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

/* A list that begins again has no rest: there only what was begun counts. */
static int
dispatch_repeats(const struct dispatch *dispatch)
{
	return dispatch->settings->requests > 0 ||
		dispatch->settings->duration_us > 0;
}

static void
dispatch_cut_job(struct dispatch *dispatch, struct job *job)
{
	if (job->n_hops > 0 || job->starts_over)
		settle_stopped(&dispatch->settle, job);
	else if (dispatch->expired &&
	    (job->attempt > 1 || !dispatch_repeats(dispatch)))
		settle_left_out(&dispatch->settle, job);
}

static void
dispatch_cut_list(struct dispatch *dispatch, const struct list *jobs)
{
	struct list *node;

	for (node = jobs->next; node != jobs; node = node->next)
		dispatch_cut_job(dispatch, LIST_ENTRY(node, struct job, node));
}

/* Those that wait had their last attempt's record: only the deadline gives
 * them another. */
static void
dispatch_cut_waiting(struct dispatch *dispatch)
{
	struct heap_node *first;
	struct job *job;

	while (dispatch->expired &&
	    (first = heap_first(&dispatch->waiting)) != NULL) {
		heap_remove(&dispatch->waiting, first);
		job = LIST_ENTRY(first, struct job, due);
		dispatch_cut_job(dispatch, job);
		dispatch_end_job(dispatch, job);
	}
}

void
dispatch_cut_off(struct dispatch *dispatch)
{
	pthread_mutex_lock(&dispatch->lock);
	dispatch_cut_list(dispatch, lanes_merge(&dispatch->lanes));
	dispatch_cut_list(dispatch, &dispatch->naming);
	dispatch_cut_list(dispatch, &dispatch->again);
	dispatch_cut_waiting(dispatch);
	pthread_mutex_unlock(&dispatch->lock);
}

/* Locked. What is not asked for at any time is not left out. */
static void
dispatch_leave_job(struct dispatch *dispatch, struct job *job)
{
	dispatch_start_job(dispatch, job);
	if (dispatch_is_unasked(job)) {
		dispatch_end_unasked(dispatch, job);
		return;
	}
	settle_left_out(&dispatch->settle, job);
	dispatch_end_job(dispatch, job);
}

int
dispatch_leave_out(struct dispatch *dispatch)
{
	enum frontier_next next = FRONTIER_JOB;
	struct job *job;

	if (!dispatch->expired || dispatch_repeats(dispatch))
		return 0;
	dispatch_rest(dispatch);
	pthread_mutex_lock(&dispatch->lock);
	while (next == FRONTIER_JOB && !ledger_full(dispatch->args.ledger)) {
		next = frontier_next(dispatch->frontier, &job);
		if (next == FRONTIER_JOB)
			dispatch_leave_job(dispatch, job);
	}
	pthread_mutex_unlock(&dispatch->lock);
	return next != FRONTIER_END;
}

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

static void
dispatch_drop(struct dispatch *dispatch, struct list *jobs)
{
	struct list *node;

	while ((node = list_pop(jobs)) != NULL)
		dispatch_drop_job(dispatch, LIST_ENTRY(node, struct job, node));
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
