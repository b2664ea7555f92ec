/* SPDX-License-Identifier: MIT */
/*
 * dispatch -- who is fetched next and what a reply leads to.
 *
 * A job moves: frontier -> (name) -> ready -> granted to the strategy -> back,
 * and from there to the ledger, to another hop, or to its next attempt. One
 * mutex guards the lists; with one event loop it is never contended. Names
 * are looked up for at most `concurrency` jobs ahead, so serial stays serial.
 */
#include "config.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "base/clock.h"
#include "base/heap.h"
#include "base/list.h"
#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "core/body.h"
#include "core/dispatch.h"
#include "core/frontier.h"
#include "core/job.h"
#include "core/origins.h"
#include "core/outcome.h"
#include "core/redirect.h"
#include "core/result.h"
#include "core/service.h"
#include "core/strategy.h"
#include "net/wake.h"
#include "url/source.h"

/*
 * URLs that wait for their next attempt at most: a server that asks many for
 * patience (Retry-After) stops the reading of the list, not our memory.
 */
#define DISPATCH_WAITING 16384

struct dispatch {
	struct dispatch_args args;
	const struct run_settings *settings;
	struct frontier *frontier;
	uint64_t hop_seed[2];	/* of the hashes of visited URLs */
	int64_t wall_offset;	/* wall clock minus monotonic clock */
	struct wake wake;
	_Atomic uint64_t random;
	pthread_mutex_t lock;	/* all below */
	struct list takers;	/* who sleeps, the last to come first */
	struct list ready, again, naming;
	struct heap waiting;
	size_t n_ready, n_naming, n_granted;
	int listed_all;		/* the frontier has nothing more */
	int stopping;
	int64_t until_us;	/* nothing begins after it; 0: not set */
	int late;		/* that time has come */
};

/*
 * A thread asleep in dispatch_take(). Each has a condition of its own, so
 * that one job wakes one thread: with a hundred on one condition each end of
 * a fetch would wake them all. The last one to fall asleep is called first,
 * its stack is still in the cache.
 */
struct dispatch_taker {
	struct list node;
	pthread_cond_t called;
	int awake;
};

/* --- waking --- */

/* Locked. Whoever is called looks for itself and calls the next one. */
static void
dispatch_call(struct dispatch *dispatch)
{
	struct list *node = list_pop(&dispatch->takers);
	struct dispatch_taker *taker;

	if (node == NULL)
		return;
	taker = LIST_ENTRY(node, struct dispatch_taker, node);
	taker->awake = 1;
	pthread_cond_signal(&taker->called);
}

/* Locked; not while it sleeps. */
static void
dispatch_sleep(struct dispatch *dispatch)
{
	struct dispatch_taker taker = { .awake = 0 };

	pthread_cond_init(&taker.called, NULL);
	list_push_front(&dispatch->takers, &taker.node);
	while (!taker.awake)
		pthread_cond_wait(&taker.called, &dispatch->lock);
	pthread_cond_destroy(&taker.called);
}

void
dispatch_wake(void *arg)
{
	struct dispatch *dispatch = arg;

	wake_set(&dispatch->wake);
	pthread_mutex_lock(&dispatch->lock);
	dispatch_call(dispatch);
	pthread_mutex_unlock(&dispatch->lock);
}

int
dispatch_wake_fd(const struct dispatch *dispatch)
{
	return dispatch->wake.fd;
}

void
dispatch_rest(struct dispatch *dispatch)
{
	wake_clear(&dispatch->wake);
}

/* --- the end of a job --- */

/* splitmix64: jitter needs spread, not secrecy. */
static uint64_t
dispatch_random(struct dispatch *dispatch)
{
	const uint64_t step = UINT64_C(0x9e3779b97f4a7c15);
	uint64_t z = atomic_fetch_add(&dispatch->random, step) + step;

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

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
	struct fetch *fetch = &job->fetch;

	job_move(job, JOB_WAITING);
	fetch_reply_clear(&fetch->reply);
	addrs_unref(fetch->request.addrs);
	fetch->request.addrs = NULL;
	if (job->first.text != NULL) {
		url_release(&fetch->request.url);
		fetch->request.url = url_take(&job->first);
	}
	job->n_hops = 0;
	job->attempt++;
	job->eligible_us = clock_us() + delay_us;
	job_count(job);
	heap_push(&dispatch->waiting, &job->due, job->eligible_us);
	service_set_timer(dispatch->args.service, job->eligible_us);
}

/* Writes the attempt down. */
static void
dispatch_record(struct dispatch *dispatch, struct job *job,
	const struct verdict *verdict, const char *errormsg)
{
	ledger_push(dispatch->args.ledger, outcome_result(job, verdict,
		errormsg, dispatch->settings->strategy->name,
		dispatch->wall_offset));
}

/*
 * Locked. Whether the job waits for its next attempt. One that is to be
 * repeated but was overtaken by a signal is not final: the URL stays to be
 * done.
 */
static int
dispatch_repeats(struct dispatch *dispatch, struct job *job,
	const struct verdict *verdict)
{
	if (verdict->kind != VERDICT_RETRY || dispatch->stopping ||
	    dispatch->late)
		return 0;
	dispatch_wait(dispatch, job, verdict->delay_us);
	return 1;
}

/* Locked. The whole of it, for jobs that no strategy had. */
static void
dispatch_settle(struct dispatch *dispatch, struct job *job,
	const struct verdict *verdict, const char *errormsg)
{
	dispatch_record(dispatch, job, verdict, errormsg);
	if (!dispatch_repeats(dispatch, job, verdict))
		dispatch_end_job(dispatch, job);
}

/* --- bodies that a line wants in a file --- */

static struct verdict
dispatch_not_written(void)
{
	return (struct verdict){
		.kind = VERDICT_FINAL,
		.error_class = ERROR_LOCAL,
		.detail = "write_refused",
	};
}

/* Locked. Opens the file, or empties it for another attempt. */
static int
dispatch_open_body(struct job *job, struct err *err)
{
	struct fetch_request *request = &job->fetch.request;

	if (job->asked == NULL || job->asked->output == NULL)
		return 0;
	if (job->body != NULL && body_restart(job->body) != 0)
		return err_sys(err, "output '%s'", job->asked->output);
	if (job->body == NULL)
		job->body = body_open(job->asked->output, err);
	request->write_body = body_write;
	request->write_arg = job->body;
	if (job->body != NULL)
		request->body_fd = body_fd(job->body);
	return job->body != NULL ? 0 : -1;
}

/* Only a good reply gets its name. */
static void
dispatch_keep_body(struct job *job, struct verdict *verdict, struct err *err)
{
	if (job->body == NULL || !verdict->ok)
		return;
	if (body_keep(job->body, err) == 0)
		job->kept = 1;
	else
		*verdict = dispatch_not_written();
}

/* --- names --- */

/* The URL whose host is connected to, or NULL when none is looked up. */
static const struct url *
dispatch_host(const struct dispatch *dispatch, const struct job *job)
{
	if (dispatch->settings->easy.unix_socket != NULL)
		return NULL;
	return dispatch->args.proxy->text != NULL ? dispatch->args.proxy :
		&job->fetch.request.url;
}

/* Locked. */
static void
dispatch_make_ready(struct dispatch *dispatch, struct job *job)
{
	job_move(job, JOB_READY);
	list_push(&dispatch->ready, &job->node);
	dispatch->n_ready++;
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
	verdict = verdict_of_name(&dispatch->settings->verdict, status,
		job->attempt, dispatch_random(dispatch));
	dispatch_settle(dispatch, job, &verdict, names_status_text(status));
}

static void
dispatch_on_name(struct names_waiter *waiter, enum names_status status,
	struct addrs *addrs)
{
	struct job *job = LIST_ENTRY(waiter, struct job, ask.waiter);
	struct dispatch *dispatch = job->dispatch;

	if (addrs != NULL)
		job->fetch.request.addrs = addrs_ref(addrs);
	pthread_mutex_lock(&dispatch->lock);
	list_remove(&job->node);
	dispatch->n_naming--;
	job->name_us = clock_us() - job->hop_us;
	dispatch_named(dispatch, job, status);
	pthread_mutex_unlock(&dispatch->lock);
	dispatch_wake(dispatch);
}

/* Locked. Ends in JOB_READY, JOB_NAMING or, for a known failure, later. */
static void
dispatch_look_up(struct dispatch *dispatch, struct job *job)
{
	const struct url *host = dispatch_host(dispatch, job);
	enum names_status status = NAMES_OK;

	/* What is known takes no time worth a look at the clock. */
	job->name_us = 0;
	if (host != NULL)
		status = names_cached(dispatch->args.names, host->text + host->host_off,
			host->host_len, host->port,
			&job->fetch.request.addrs);
	if (status != NAMES_OK)
		job->hop_us = clock_us();
	if (status != NAMES_PENDING) {
		dispatch_named(dispatch, job, status);
		return;
	}
	job_move(job, JOB_NAMING);
	list_push(&dispatch->naming, &job->node);
	dispatch->n_naming++;
	job->ask = (struct service_ask){
		.host = host->text + host->host_off,
		.host_len = host->host_len,
		.port = host->port,
		.waiter.done = dispatch_on_name,
	};
	service_look_up(dispatch->args.service, &job->ask);
}

/* --- an end by the clock --- */

/* Locked. The time begins to count with the list's first URL. */
static void
dispatch_start_clock(struct dispatch *dispatch)
{
	if (dispatch->until_us == 0 && dispatch->settings->duration_us > 0)
		dispatch->until_us = clock_us() +
			dispatch->settings->duration_us;
}

/* Locked. Whether the job, not granted yet, comes too late. */
static int
dispatch_too_late(const struct dispatch *dispatch, const struct job *job)
{
	/* A redirect's next hop is part of what was begun in time. */
	return dispatch->late && job->n_hops == 0;
}

/* Locked. When the time is over only what has begun goes on to its end. */
static void
dispatch_check_clock(struct dispatch *dispatch)
{
	struct heap_node *first;

	if (dispatch->late || dispatch->until_us == 0 ||
	    clock_us() < dispatch->until_us)
		return;
	dispatch->late = 1;
	dispatch->listed_all = 1;
	while ((first = heap_first(&dispatch->waiting)) != NULL) {
		heap_remove(&dispatch->waiting, first);
		dispatch_end_job(dispatch, LIST_ENTRY(first, struct job, due));
	}
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

/* Locked. The next ready job; NULL: none. */
static struct job *
dispatch_pop_ready(struct dispatch *dispatch)
{
	struct list *node;
	struct job *job;

	if (dispatch->stopping)
		return NULL;
	while ((node = list_pop(&dispatch->ready)) != NULL) {
		job = LIST_ENTRY(node, struct job, node);
		dispatch->n_ready--;
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

static void
dispatch_start_request(const struct dispatch *dispatch, struct job *job)
{
	const struct run_settings *settings = dispatch->settings;
	const struct source_request *asked = job->asked;
	struct fetch_request *request = &job->fetch.request;

	request->flags = FETCH_TRUSTED;
	request->method = settings->method;
	request->body = settings->body;
	request->body_len = settings->body_len;
	if (asked == NULL)
		return;
	if (asked->method != NULL)
		request->method = asked->method;
	if (asked->body != NULL) {
		request->body = asked->body;
		request->body_len = asked->body_len;
	}
	request->headers = asked->headers;
	request->n_headers = asked->n_headers;
}

/* Locked. A line that is no URL goes straight to the ledger. */
static void
dispatch_settle_bad(struct dispatch *dispatch, struct job *job)
{
	struct verdict verdict = {
		.kind = VERDICT_FINAL, .error_class = ERROR_INPUT,
	};

	log_warning("%s", job->bad);
	job->started_us = job->hop_us = job->eligible_us = clock_us();
	dispatch_settle(dispatch, job, &verdict, job->bad);
}

/* Locked. The list's next; NULL: not now, or there is none. */
static struct job *
dispatch_list(struct dispatch *dispatch)
{
	struct job *job = NULL;

	if (dispatch->listed_all || ledger_full(dispatch->args.ledger) ||
	    dispatch->waiting.n >= DISPATCH_WAITING)
		return NULL;
	switch (frontier_next(dispatch->frontier, &job)) {
	case FRONTIER_JOB:
		dispatch_start_clock(dispatch);
		return job;
	case FRONTIER_WAIT:
		break;
	case FRONTIER_END:
		dispatch->listed_all = 1;
		break;
	}
	return NULL;
}

/* Locked. NULL: nothing can begin now. */
static struct job *
dispatch_pull(struct dispatch *dispatch)
{
	struct list *node = list_pop(&dispatch->again);
	struct job *job = NULL;

	if (node != NULL) {
		job = LIST_ENTRY(node, struct job, node);
		job_move(job, JOB_PULLED);
		return job;
	}
	job = dispatch_due(dispatch);
	if (job == NULL)
		job = dispatch_list(dispatch);
	if (job == NULL)
		return NULL;
	job_move(job, JOB_PULLED);
	job->dispatch = dispatch;
	if (job->bad == NULL)
		dispatch_start_request(dispatch, job);
	return job;
}

/* Locked. */
static void
dispatch_begin_hop(struct dispatch *dispatch, struct job *job)
{
	struct err err = { 0 };
	struct verdict verdict;

	if (dispatch_open_body(job, &err) == 0) {
		dispatch_look_up(dispatch, job);
		return;
	}
	verdict = dispatch_not_written();
	job->started_us = job->hop_us = clock_us();
	dispatch_settle(dispatch, job, &verdict, err.text);
}

/* Locked. Brings jobs on their way as far as the look-ahead allows. */
static void
dispatch_pump(struct dispatch *dispatch)
{
	struct job *job;

	while (!dispatch->stopping &&
	    dispatch->n_ready + dispatch->n_naming < dispatch->args.concurrency &&
	    (job = dispatch_pull(dispatch)) != NULL) {
		if (job->bad != NULL)
			dispatch_settle_bad(dispatch, job);
		else
			dispatch_begin_hop(dispatch, job);
	}
}

/* Locked. Whether nothing will ever be ready again. */
static int
dispatch_over(struct dispatch *dispatch)
{
	if (dispatch->n_granted > 0)
		return 0;
	if (dispatch->stopping)
		return 1;
	if (dispatch->n_ready > 0 || dispatch_awaits_names(dispatch) ||
	    dispatch->waiting.n > 0 || !list_empty(&dispatch->again))
		return 0;
	return dispatch->listed_all;
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
dispatch_grant(struct dispatch *dispatch, struct job *job)
{
	struct fetch_request *request = &job->fetch.request;

	job_move(job, JOB_GRANTED);
	dispatch->n_granted++;
	job->hop_us = clock_us() - job->name_us;
	if (job->n_hops == 0)
		job->started_us = job->hop_us;
	job_uncount(job);
	request->time_left_us = dispatch_time_left(dispatch, job);
	request->flags &= ~(unsigned)FETCH_REUSE;
	if (atomic_load(&job->origin->waiting) > 0)
		request->flags |= FETCH_REUSE;
}

/* Locked. */
static enum run_next
dispatch_next_locked(struct dispatch *dispatch, struct job **ret)
{
	struct job *job;

	dispatch_check_clock(dispatch);
	dispatch_pump(dispatch);
	job = dispatch_pop_ready(dispatch);
	if (job != NULL) {
		dispatch_grant(dispatch, job);
		*ret = job;
		return RUN_JOB;
	}
	if (dispatch_over(dispatch))
		return RUN_END;
	if (dispatch->until_us != 0 && !dispatch->late)
		service_set_timer(dispatch->args.service, dispatch->until_us);
	return RUN_WAIT;
}

enum run_next
dispatch_next(struct dispatch *dispatch, struct job **ret)
{
	enum run_next next;

	pthread_mutex_lock(&dispatch->lock);
	next = dispatch_next_locked(dispatch, ret);
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
	if (list_empty(&dispatch->takers))
		return;
	if (next == RUN_JOB) {
		dispatch_pump(dispatch);
		if (!list_empty(&dispatch->ready))
			dispatch_call(dispatch);
		return;
	}
	while (!list_empty(&dispatch->takers))
		dispatch_call(dispatch);
}

enum run_next
dispatch_take(struct dispatch *dispatch, struct job **ret)
{
	enum run_next next;

	pthread_mutex_lock(&dispatch->lock);
	while ((next = dispatch_next_locked(dispatch, ret)) == RUN_WAIT)
		dispatch_sleep(dispatch);
	dispatch_pass_on(dispatch, next);
	pthread_mutex_unlock(&dispatch->lock);
	return next;
}

/* --- what came back --- */

/* Remembers this hop; whether it was there before in this chain. */
static int
dispatch_loops(const struct dispatch *dispatch, struct job *job)
{
	const struct fetch_request *request = &job->fetch.request;
	uint64_t hash = map_hash(dispatch->hop_seed, request->url.text,
		strlen(request->url.text));
	unsigned i;

	/* What 303 makes a GET is another request, if to the same place. */
	if (request->body != NULL || request->method != NULL)
		hash = ~hash;
	for (i = 0; i < job->n_hops; i++)
		if (job->visited[i] == hash)
			return 1;
	job->visited = mem_grow(job->visited, job->n_hops + 1,
		sizeof *job->visited);
	job->visited[job->n_hops++] = hash;
	return 0;
}

/*
 * Makes job->fetch the next hop. -1: it is not to be followed, and why is in
 * the verdict.
 */
static int
dispatch_redirect(struct dispatch *dispatch, struct job *job,
	struct verdict *verdict, struct err *err)
{
	struct fetch *fetch = &job->fetch;
	const char *location = fetch->reply.location;
	struct url from = { 0 };
	int rc;

	verdict->kind = VERDICT_FINAL;
	verdict->error_class = ERROR_REDIRECT;
	if (dispatch_loops(dispatch, job)) {
		verdict->detail = "loop";
		return err_set(err, ERR_FAILED, "redirected in a circle");
	}
	/* The list's own URL is kept: a retry starts there again. */
	if (job->first.text == NULL &&
	    url_parse(fetch->request.url.text, NULL, &from, err) != 0)
		return -1;
	if (from.text != NULL && fetch->request.url.userpwd != NULL)
		from.userpwd = mem_strdup(fetch->request.url.userpwd);
	rc = redirect_request(&fetch->request, fetch->reply.response_code,
		location, from.text != NULL ? &from : &job->first,
		dispatch->settings->allow_downgrade, &verdict->detail, err);
	if (rc == 0 && from.text != NULL)
		job->first = url_take(&from);
	url_release(&from);
	if (rc == 0)
		fetch_reply_clear(&fetch->reply);
	else
		job->n_hops--;	/* one that is not followed is none */
	return rc;
}

/*
 * The reply is read, its record made and what it held freed outside the lock:
 * until it is on a list again nobody else knows the job. The record is
 * written before the job counts as back, since the run may end with that.
 */
void
dispatch_done(struct dispatch *dispatch, struct job *job)
{
	const struct fetch *fetch = &job->fetch;
	struct err err = { 0 };
	struct verdict verdict;
	int hops, ends, enough = 0;

	verdict = verdict_of_reply(&dispatch->settings->verdict, &fetch->reply,
		fetch->request.url.https, job->attempt, job->n_hops,
		dispatch_random(dispatch));
	hops = verdict.kind == VERDICT_REDIRECT &&
		dispatch_redirect(dispatch, job, &verdict, &err) == 0;
	if (!hops) {
		dispatch_keep_body(job, &verdict, &err);
		dispatch_record(dispatch, job, &verdict,
			err.code != ERR_NONE ? err.text : NULL);
		if (verdict.kind == VERDICT_FINAL)
			job_shed(job);
		enough = verdict.ok && dispatch->settings->first;
	}
	pthread_mutex_lock(&dispatch->lock);
	dispatch->n_granted--;
	if (hops) {
		job_move(job, JOB_AGAIN);
		list_push(&dispatch->again, &job->node);
	}
	enough = enough && !dispatch->stopping;
	if (enough)
		dispatch->stopping = 1;
	ends = !hops && !dispatch_repeats(dispatch, job, &verdict);
	if (dispatch->n_granted == 0 || hops)
		dispatch_call(dispatch);
	if (ends)
		dispatch_end_job(dispatch, job);
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
	if (wake_open(&dispatch->wake, err) != 0) {
		free(dispatch);
		return NULL;
	}
	list_init(&dispatch->takers);
	list_init(&dispatch->ready);
	list_init(&dispatch->again);
	list_init(&dispatch->naming);
	heap_init(&dispatch->waiting);
	pthread_mutex_init(&dispatch->lock, NULL);
	dispatch->wall_offset = clock_wall_us() - clock_us();
	atomic_init(&dispatch->random, (uint64_t)clock_wall_us());
	dispatch->hop_seed[0] = dispatch_random(dispatch);
	dispatch->hop_seed[1] = dispatch_random(dispatch);
	return dispatch;
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
	dispatch_drop(dispatch, &dispatch->ready);
	dispatch_drop(dispatch, &dispatch->again);
	dispatch_drop(dispatch, &dispatch->naming);
	while ((first = heap_first(&dispatch->waiting)) != NULL) {
		heap_remove(&dispatch->waiting, first);
		dispatch_drop_job(dispatch,
			LIST_ENTRY(first, struct job, due));
	}
	heap_release(&dispatch->waiting);
	wake_close(&dispatch->wake);
	pthread_mutex_destroy(&dispatch->lock);
	free(dispatch);
}

void
dispatch_set_frontier(struct dispatch *dispatch, struct frontier *frontier)
{
	dispatch->frontier = frontier;
}
