/* SPDX-License-Identifier: MIT */
/*
 * frontier -- reads the list ahead of the run.
 *
 * The reader stops at `ahead` jobs and starts again at half of that, so the
 * two threads meet once per batch and not once per URL. How far ahead also
 * bounds how well a connection can be kept for an origin that returns.
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
#include "core/origins.h"
#include "url/source.h"

/* Bodies of NDJSON lines count too: megabytes each are possible. */
#define FRONTIER_MAX_BYTES (16u << 20)

struct frontier {
	struct frontier_args args;
	struct cycle *cycle;	/* the list, repeated; or NULL */
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t room;
	struct list jobs;
	size_t n, bytes;
	int hungry;		/* the run was told to wait */
	int ended, closing;
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
	return frontier->n >= frontier->args.ahead ||
		frontier->bytes >= FRONTIER_MAX_BYTES;
}

static void
frontier_set_origin(struct frontier *frontier, struct job *job)
{
	const struct url *url = &job->fetch.request.url;

	if (url->text == NULL)
		return;
	job->origin = origins_get(frontier->args.origins, url->text,
		url->origin_len);
	job_count(job);
}

static int
frontier_low(const struct frontier *frontier)
{
	return frontier->n <= frontier->args.ahead / 2 &&
		frontier->bytes <= FRONTIER_MAX_BYTES / 2;
}

/* Returns 0 when the run is over and nothing more is wanted. */
static int
frontier_put(struct frontier *frontier, struct job *job)
{
	int hungry, closing;

	pthread_mutex_lock(&frontier->lock);
	list_push(&frontier->jobs, &job->node);
	frontier->n++;
	frontier->bytes += frontier_weight(job);
	hungry = frontier->hungry;
	frontier->hungry = 0;
	pthread_mutex_unlock(&frontier->lock);
	if (hungry)
		frontier->args.wake(frontier->args.arg);
	pthread_mutex_lock(&frontier->lock);
	if (frontier_full(frontier))
		while (!frontier->closing && !frontier_low(frontier))
			pthread_cond_wait(&frontier->room, &frontier->lock);
	closing = frontier->closing;
	pthread_mutex_unlock(&frontier->lock);
	return !closing;
}

static int
frontier_read(struct frontier *frontier, struct source_item *ret,
	struct err *err)
{
	if (frontier->cycle != NULL)
		return cycle_next(frontier->cycle, ret, err);
	return source_next(frontier->args.source, ret, err);
}

static void *
frontier_main(void *arg)
{
	struct frontier *frontier = arg;
	struct source_item item;
	struct err err = { 0 };
	struct job *job;
	int state;

	/* Only the read itself may be cancelled: the source sees to that. */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	while (frontier_read(frontier, &item, &err) > 0) {
		job = job_new(&item);
		frontier_set_origin(frontier, job);
		if (!frontier_put(frontier, job))
			break;
	}
	pthread_mutex_lock(&frontier->lock);
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
	list_init(&frontier->jobs);
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
	struct list *node;
	struct job *job;

	if (frontier == NULL)
		return;
	pthread_mutex_lock(&frontier->lock);
	frontier->closing = 1;
	pthread_cond_signal(&frontier->room);
	pthread_mutex_unlock(&frontier->lock);
	pthread_cancel(frontier->thread);
	pthread_join(frontier->thread, NULL);
	while ((node = list_pop(&frontier->jobs)) != NULL) {
		job = LIST_ENTRY(node, struct job, node);
		origins_put(frontier->args.origins, job->origin);
		job_free(job);
	}
	cycle_free(frontier->cycle);
	pthread_cond_destroy(&frontier->room);
	pthread_mutex_destroy(&frontier->lock);
	free(frontier);
}

enum frontier_next
frontier_next(struct frontier *frontier, struct job **ret)
{
	enum frontier_next next = FRONTIER_JOB;
	struct list *node;
	size_t weight;

	pthread_mutex_lock(&frontier->lock);
	node = list_pop(&frontier->jobs);
	if (node != NULL) {
		*ret = LIST_ENTRY(node, struct job, node);
		weight = frontier_weight(*ret);
		frontier->bytes -= weight;
		frontier->n--;
		/* Only what this one job changed can have let it get low. */
		if (frontier_low(frontier) && (weight > 0 ||
		    frontier->n == frontier->args.ahead / 2))
			pthread_cond_signal(&frontier->room);
	} else if (frontier->ended) {
		next = FRONTIER_END;
	} else {
		frontier->hungry = 1;
		next = FRONTIER_WAIT;
	}
	pthread_mutex_unlock(&frontier->lock);
	return next;
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
