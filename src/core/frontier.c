/* SPDX-License-Identifier: MIT */
/*
 * frontier -- reads the list ahead of the run.
 *
 * The run takes all that was read at once and the reader begins to read as
 * much again, so the two threads meet once per batch and not once per URL.
 * How far ahead also bounds how well a connection can be kept for an origin
 * that returns. Jobs that have ended come back the same way: memory is
 * cheapest to free in the thread that allocated it.
 */
#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/list.h"
#include "base/mem.h"
#include "core/cycle.h"
#include "core/frontier.h"
#include "core/job.h"
#include "core/keeper.h"
#include "core/origins.h"
#include "core/state.h"
#include "url/source.h"

/* Bodies of NDJSON lines count too: megabytes each are possible. */
#define FRONTIER_MAX_BYTES (16u << 20)

struct frontier {
	struct frontier_args args;
	struct cycle *cycle;	/* the list, repeated; or NULL */
	pthread_t thread;
	struct list taken;	/* the run's: read, not asked for yet */
	struct list given_back;	/* the run's: ended, not handed over yet */
	struct list held;	/* the reader's: their lines may be wrong */
	uint64_t held_seq;	/* of the last one */
	size_t held_bytes;
	pthread_mutex_t lock;	/* all below */
	pthread_cond_t room;
	struct list jobs;
	struct list spent;	/* ended, to be freed by the reader */
	size_t n, bytes;
	int hungry;		/* the run was told to wait */
	int ended;
	_Atomic int closing, hurrying;
	struct err err;
};

static size_t
frontier_weight(const struct job *job)
{
	return job->asked != NULL ? job->asked->body_len : 0;
}

static int
frontier_full(const struct frontier *frontier)
{
	/* Half of what is allowed: as much again may be in `taken`. */
	return frontier->n >= (frontier->args.ahead + 1) / 2 ||
		frontier->bytes >= FRONTIER_MAX_BYTES / 2;
}

/* NULL is fine. */
static void
frontier_end_job(struct frontier *frontier, struct list *node)
{
	struct job *job;

	if (node == NULL)
		return;
	job = LIST_ENTRY(node, struct job, node);
	origins_put(frontier->args.origins, job->origin);
	job_free(job);
}

static void
frontier_end_jobs(struct frontier *frontier, struct list *jobs)
{
	while (!list_empty(jobs))
		frontier_end_job(frontier, list_pop(jobs));
}

/* Returns 0 when the run is over and nothing more is wanted. */
static int
frontier_put(struct frontier *frontier, struct job *job)
{
	struct list *spent[2];
	int hungry, closing;

	pthread_mutex_lock(&frontier->lock);
	while (!frontier->closing && frontier_full(frontier))
		pthread_cond_wait(&frontier->room, &frontier->lock);
	list_push(&frontier->jobs, &job->node);
	frontier->n++;
	frontier->bytes += frontier_weight(job);
	/* One that waits for nothing soon has enough to be worth waking for. */
	hungry = frontier->hungry && (!atomic_load(&frontier->hurrying) ||
		frontier_full(frontier));
	if (hungry)
		frontier->hungry = 0;
	closing = frontier->closing;
	/* Two for one, so that they never pile up. */
	spent[0] = list_pop(&frontier->spent);
	spent[1] = list_pop(&frontier->spent);
	pthread_mutex_unlock(&frontier->lock);
	if (hungry)
		frontier->args.wake(frontier->args.arg);
	frontier_end_job(frontier, spent[0]);
	frontier_end_job(frontier, spent[1]);
	return !closing;
}

/*
 * A line that an earlier run read may turn out to be another one until its
 * chunk is over: fetched before that, its URL would be taken for the one that
 * was there. Unless bodies of NDJSON lines make that too much to hold.
 */
static int
frontier_must_hold(const struct frontier *frontier)
{
	return frontier->held_seq > state_checked(frontier->args.state) &&
		frontier->held_bytes < FRONTIER_MAX_BYTES / 2;
}

/* Hands over what is held as soon as it may be. Returns 0 when the run is over
 * and nothing more is wanted. */
static int
frontier_let_go(struct frontier *frontier)
{
	struct list *node;

	if (list_empty(&frontier->held) || frontier_must_hold(frontier))
		return 1;
	frontier->held_bytes = 0;
	while ((node = list_pop(&frontier->held)) != NULL)
		if (!frontier_put(frontier, LIST_ENTRY(node, struct job,
		    node)))
			return 0;
	return 1;
}

static int
frontier_add(struct frontier *frontier, struct job *job)
{
	if (frontier->args.state == NULL)
		return frontier_put(frontier, job);
	frontier->held_seq = job->seq;
	frontier->held_bytes += frontier_weight(job);
	list_push(&frontier->held, &job->node);
	return frontier_let_go(frontier);
}

/* The next line that is still to be done: 1, 0, -1. Millions that are done
 * may come before it. */
static int
frontier_read_on(struct frontier *frontier, struct source_line *ret,
	struct err *err)
{
	struct state *state = frontier->args.state;
	int rc;

	while ((rc = source_next_line(frontier->args.source, ret, err)) > 0) {
		if (state_add_line(state, ret->text, ret->len, err) != 0)
			return -1;
		if (!state_was_done(state, ret->seq))
			return 1;
		atomic_fetch_add_explicit(frontier->args.n_before, 1,
			memory_order_relaxed);
		if (!frontier_let_go(frontier) ||
		    atomic_load_explicit(&frontier->closing,
		    memory_order_relaxed))
			return 0;
	}
	return rc == 0 ? state_end_list(state, err) : rc;
}

static int
frontier_read(struct frontier *frontier, struct source_item *ret,
	struct err *err)
{
	struct source_line line;
	int rc;

	if (frontier->cycle != NULL)
		return cycle_next(frontier->cycle, ret, err);
	if (frontier->args.state == NULL)
		return source_next(frontier->args.source, ret, err);
	rc = frontier_read_on(frontier, &line, err);
	if (rc > 0)
		source_parse(frontier->args.source, &line, ret);
	return rc;
}

static void *
frontier_main(void *arg)
{
	struct frontier *frontier = arg;
	struct source_item item;
	struct err err = { 0 };
	struct job *job;

	while (frontier_read(frontier, &item, &err) > 0) {
		job = job_new(&item);
		keeper_prepare(frontier->args.keeper, job);
		job_count(job, frontier->args.origins);
		if (!frontier_add(frontier, job))
			break;
	}
	pthread_mutex_lock(&frontier->lock);
	/* In a hurry that is as good as the end. */
	if (err.code != ERR_INTERRUPTED)
		frontier->err = err;
	frontier->ended = 1;
	pthread_mutex_unlock(&frontier->lock);
	frontier->args.wake(frontier->args.arg);
	return NULL;
}

struct frontier *
frontier_new(const struct frontier_args *args, struct err *err)
{
	struct frontier *frontier = mem_array(1, sizeof *frontier);

	frontier->args = *args;
	if (args->repeat)
		frontier->cycle = cycle_new(args->source, args->requests);
	list_init(&frontier->taken);
	list_init(&frontier->given_back);
	list_init(&frontier->held);
	list_init(&frontier->jobs);
	list_init(&frontier->spent);
	pthread_mutex_init(&frontier->lock, NULL);
	pthread_cond_init(&frontier->room, NULL);
	errno = pthread_create(&frontier->thread, NULL, frontier_main,
		frontier);
	if (errno == 0)
		return frontier;
	err_sys(err, "cannot start the thread that reads the list");
	cycle_free(frontier->cycle);
	free(frontier);
	return NULL;
}

void
frontier_free(struct frontier *frontier)
{
	if (frontier == NULL)
		return;
	pthread_mutex_lock(&frontier->lock);
	frontier->closing = 1;
	pthread_cond_signal(&frontier->room);
	pthread_mutex_unlock(&frontier->lock);
	source_hurry(frontier->args.source);
	pthread_join(frontier->thread, NULL);
	frontier_end_jobs(frontier, &frontier->held);
	frontier_end_jobs(frontier, &frontier->jobs);
	frontier_end_jobs(frontier, &frontier->taken);
	frontier_end_jobs(frontier, &frontier->given_back);
	frontier_end_jobs(frontier, &frontier->spent);
	cycle_free(frontier->cycle);
	pthread_cond_destroy(&frontier->room);
	pthread_mutex_destroy(&frontier->lock);
	free(frontier);
}

void
frontier_hurry(struct frontier *frontier)
{
	atomic_store(&frontier->hurrying, 1);
	source_hurry(frontier->args.source);
}

/* Takes what has been read; says what it means when that is nothing. */
static enum frontier_next
frontier_take(struct frontier *frontier)
{
	enum frontier_next next = FRONTIER_JOB;

	pthread_mutex_lock(&frontier->lock);
	list_splice(&frontier->taken, &frontier->jobs);
	list_splice(&frontier->spent, &frontier->given_back);
	frontier->n = frontier->bytes = 0;
	if (list_empty(&frontier->taken)) {
		next = frontier->ended ? FRONTIER_END : FRONTIER_WAIT;
		frontier->hungry = 1;
	}
	pthread_cond_signal(&frontier->room);
	pthread_mutex_unlock(&frontier->lock);
	return next;
}

enum frontier_next
frontier_next(struct frontier *frontier, struct job **ret)
{
	enum frontier_next next;

	if (list_empty(&frontier->taken)) {
		next = frontier_take(frontier);
		if (next != FRONTIER_JOB)
			return next;
	}
	*ret = LIST_ENTRY(list_pop(&frontier->taken), struct job, node);
	return FRONTIER_JOB;
}

int
frontier_is_dry(struct frontier *frontier)
{
	int dry;

	if (!list_empty(&frontier->taken))
		return 0;
	pthread_mutex_lock(&frontier->lock);
	dry = list_empty(&frontier->jobs) && !frontier->ended;
	pthread_mutex_unlock(&frontier->lock);
	return dry;
}

void
frontier_give_back(struct frontier *frontier, struct job *job)
{
	list_push(&frontier->given_back, &job->node);
}

int
frontier_error(struct frontier *frontier, struct err *err)
{
	int rc = 0;

	pthread_mutex_lock(&frontier->lock);
	if (frontier->err.code != ERR_NONE)
		rc = err_set(err, frontier->err.code, "%s",
			frontier->err.text);
	pthread_mutex_unlock(&frontier->lock);
	return rc;
}
