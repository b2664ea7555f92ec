/* SPDX-License-Identifier: MIT */
/*
 * workshop -- the run's side of the stages, whichever pool runs them. What
 * the stages say is part of the record before the ledger sees it, and only a
 * body that passed all of them goes on to become a file.
 */
#include "config.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "core/bodies.h"
#include "core/chain.h"
#include "core/ledger.h"
#include "core/overlap.h"
#include "core/pool.h"
#include "core/result.h"
#include "core/work.h"
#include "core/workshop.h"
#include "net/wake.h"

struct workshop {
	struct workshop_args args;
	void *pool;		/* what its start() gave; NULL: it ended */
	size_t limit;
	struct wake ended;
	pthread_mutex_t lock;	/* all below */
	size_t n;		/* with the pool */
	size_t n_fetches;
	int was_full, closed;
	struct overlap overlap;
	int64_t busy_us, hidden_us;
};

/* --- coming back --- */

/* Locked. A fetch whose body is worked on inline is none on the network. */
static void
workshop_note(struct workshop *workshop)
{
	size_t inside = workshop->args.pool->caps & POOL_INLINE ?
		workshop->n : 0;

	overlap_network(&workshop->overlap, workshop->n_fetches > inside,
		clock_us());
}

static void
workshop_settle(struct work *work)
{
	size_t n;
	const struct column *columns = chain_columns(work->chain, &n);
	struct chain_outcome *outcome = &work->outcome;
	struct result *result = work->result;

	if (outcome->values != NULL)
		result_take_values(result, outcome->values, columns, n);
	outcome->values = NULL;
	result->posted = 1;
	result->time_post = work->ended_us - work->begun_us;
	result->time_post_cpu = outcome->cpu_us;
	result->time_post_queue = work->begun_us - work->queued_us;
	if (outcome->failed)
		result_fail(result, outcome->error_class, outcome->detail,
			outcome->errormsg);
	if (outcome->failed ? !work->keep_bad : !work->keep_good)
		return;
	result->body = work->body;
	work->body = NULL;
}

static void
workshop_count(struct workshop *workshop, int64_t begun_us, int64_t ended_us)
{
	workshop->busy_us += ended_us - begun_us;
	if (workshop->args.beside)
		workshop->hidden_us += overlap_of(&workshop->overlap,
			begun_us, ended_us);
	workshop->n--;
	workshop_note(workshop);
}

/* The record is written before the work counts as back, since the run may
 * end with that. */
static void
workshop_done(void *arg, struct work *work)
{
	struct workshop *workshop = arg;
	struct result *result = work->result;
	int64_t begun_us = work->begun_us, ended_us = work->ended_us;
	int passed, room, over;

	workshop_settle(work);
	passed = result->ok;
	work->result = NULL;
	ledger_push(workshop->args.ledger, result);
	/* Its memory is free before anybody is told that there is room. */
	work_free(work);
	if (passed)
		workshop->args.hooks.on_passed(workshop->args.hooks.arg);
	pthread_mutex_lock(&workshop->lock);
	workshop_count(workshop, begun_us, ended_us);
	room = workshop->was_full;
	workshop->was_full = 0;
	room |= bodies_made_room(workshop->args.bodies);
	over = workshop->closed && workshop->n == 0;
	pthread_mutex_unlock(&workshop->lock);
	if (room)
		workshop->args.hooks.on_room(workshop->args.hooks.arg);
	if (over)
		wake_set(&workshop->ended);
}

static void
workshop_lost(void *arg)
{
	struct workshop *workshop = arg;

	workshop->args.hooks.on_lost(workshop->args.hooks.arg);
}

/* --- going out --- */

static void
workshop_begin(struct workshop *workshop)
{
	pthread_mutex_lock(&workshop->lock);
	workshop->n++;
	workshop_note(workshop);
	pthread_mutex_unlock(&workshop->lock);
}

void
workshop_add(struct workshop *workshop, struct work *work)
{
	workshop_begin(workshop);
	work->queued_us = clock_us();
	workshop->args.pool->submit(workshop->pool, work);
}

void
workshop_add_done(struct workshop *workshop, struct work *work)
{
	workshop_begin(workshop);
	work->queued_us = work->begun_us;
	workshop_done(workshop, work);
}

int
workshop_admits(struct workshop *workshop)
{
	int admits;

	pthread_mutex_lock(&workshop->lock);
	admits = workshop->n < workshop->limit;
	workshop->was_full = !admits;
	pthread_mutex_unlock(&workshop->lock);
	return admits;
}

void
workshop_network(struct workshop *workshop, size_t n)
{
	pthread_mutex_lock(&workshop->lock);
	workshop->n_fetches = n;
	workshop_note(workshop);
	pthread_mutex_unlock(&workshop->lock);
}

/* --- ending --- */

/* An output that fails may say so when the pool has ended. */
void
workshop_cancel(struct workshop *workshop)
{
	pthread_mutex_lock(&workshop->lock);
	if (workshop->pool != NULL)
		workshop->args.pool->cancel(workshop->pool);
	pthread_mutex_unlock(&workshop->lock);
}

void
workshop_close(struct workshop *workshop)
{
	int over;

	pthread_mutex_lock(&workshop->lock);
	workshop->closed = 1;
	over = workshop->n == 0;
	pthread_mutex_unlock(&workshop->lock);
	if (over)
		wake_set(&workshop->ended);
}

int
workshop_fd(const struct workshop *workshop)
{
	return workshop->ended.fd;
}

void
workshop_figures(struct workshop *workshop, struct workshop_figures *ret)
{
	int inside = workshop->args.pool->caps & POOL_INLINE;

	pthread_mutex_lock(&workshop->lock);
	*ret = (struct workshop_figures){
		.workers = inside ? 0 : workshop->args.workers,
		.busy_us = workshop->busy_us,
		.hidden_us = workshop->args.env->bodies == NULL ||
			workshop->args.env->in_children ? -1 :
			workshop->hidden_us,
	};
	pthread_mutex_unlock(&workshop->lock);
}

/* --- life --- */

static void
workshop_release(struct workshop *workshop)
{
	wake_close(&workshop->ended);
	pthread_mutex_destroy(&workshop->lock);
	free(workshop);
}

struct workshop *
workshop_new(const struct workshop_args *args, struct err *err)
{
	struct workshop *workshop = mem_array(1, sizeof *workshop);
	struct pool_args pool = {
		.env = args->env,
		.workers = args->workers,
		.zygote = args->zygote,
		.done = workshop_done,
		.lost = workshop_lost,
		.arg = workshop,
	};

	workshop->args = *args;
	workshop->limit = args->waiting + args->workers;
	pthread_mutex_init(&workshop->lock, NULL);
	overlap_init(&workshop->overlap);
	if (wake_open(&workshop->ended, err) != 0) {
		pthread_mutex_destroy(&workshop->lock);
		free(workshop);
		return NULL;
	}
	workshop->pool = args->pool->start(&pool, err);
	if (workshop->pool != NULL)
		return workshop;
	workshop_release(workshop);
	return NULL;
}

void
workshop_stop(struct workshop *workshop)
{
	void *pool;

	pthread_mutex_lock(&workshop->lock);
	pool = workshop->pool;
	workshop->pool = NULL;
	pthread_mutex_unlock(&workshop->lock);
	if (pool != NULL)
		workshop->args.pool->stop(pool);
}

void
workshop_free(struct workshop *workshop)
{
	if (workshop == NULL)
		return;
	workshop_stop(workshop);
	workshop_release(workshop);
}
