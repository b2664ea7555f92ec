/* SPDX-License-Identifier: MIT */
/*
 * inline -- stages run where the body arrived: in the strategy's own thread,
 * child or loop. It shows what the other pools are good for: while a loop is
 * busy with a stage, nothing else moves on it.
 */
#include "config.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/list.h"
#include "base/mem.h"
#include "core/chain_worker.h"
#include "core/work.h"
#include "pool/family.h"

/* Stages are set up once for each of the threads that come at a time. */
struct inline_seat {
	struct list node;
	struct chain_worker *worker;
};

struct inline_pool {
	struct pool_args args;
	pthread_mutex_t lock;
	struct list idle;
};

static void
inline_free_seat(struct inline_seat *seat)
{
	chain_worker_free(seat->worker);
	free(seat);
}

static void
inline_stop(void *self)
{
	struct inline_pool *pool = self;
	struct list *node;

	while ((node = list_pop(&pool->idle)) != NULL)
		inline_free_seat(LIST_ENTRY(node, struct inline_seat, node));
	pthread_mutex_destroy(&pool->lock);
	free(pool);
}

/* The one used last is taken first: its memory is warm. */
static struct inline_seat *
inline_take_seat(struct inline_pool *pool, struct err *err)
{
	struct inline_seat *seat;
	struct list *node;

	pthread_mutex_lock(&pool->lock);
	node = list_pop(&pool->idle);
	pthread_mutex_unlock(&pool->lock);
	if (node != NULL)
		return LIST_ENTRY(node, struct inline_seat, node);
	seat = mem_array(1, sizeof *seat);
	seat->worker = chain_worker_new(pool->args.env->chain,
		pool->args.env->cancelled, err);
	if (seat->worker == NULL) {
		free(seat);
		return NULL;
	}
	chain_worker_ask(seat->worker, pool->args.env->ask,
		pool->args.env->ask_arg);
	return seat;
}

static void
inline_give_seat(struct inline_pool *pool, struct inline_seat *seat)
{
	pthread_mutex_lock(&pool->lock);
	list_push_front(&pool->idle, &seat->node);
	pthread_mutex_unlock(&pool->lock);
}

/* The first seat is made here, so that what cannot work is known early. */
static void *
inline_start(const struct pool_args *args, struct err *err)
{
	struct inline_pool *pool = mem_array(1, sizeof *pool);
	struct inline_seat *seat;

	pool->args = *args;
	pthread_mutex_init(&pool->lock, NULL);
	list_init(&pool->idle);
	seat = inline_take_seat(pool, err);
	if (seat == NULL) {
		inline_stop(pool);
		return NULL;
	}
	inline_give_seat(pool, seat);
	return pool;
}

static void
inline_perform(struct inline_pool *pool, struct work *work)
{
	struct err err = { 0 };
	struct inline_seat *seat = inline_take_seat(pool, &err);

	if (seat == NULL) {
		work_fail(work, ERROR_LOCAL, NULL, err.text);
		return;
	}
	work_perform(work, seat->worker);
	inline_give_seat(pool, seat);
}

static void
inline_submit(void *self, struct work *work)
{
	struct inline_pool *pool = self;

	if (atomic_load(pool->args.env->cancelled))
		work_fail(work, ERROR_STOPPED, NULL, NULL);
	else
		inline_perform(pool, work);
	pool->args.done(pool->args.arg, work);
}

/* Nothing waits here. */
static void
inline_cancel(void *self)
{
	(void)self;
}

const struct pool pool_inline = {
	.name = "inline",
	.brief = "in the strategy's own thread, process or loop",
	.notes = "No worker of its own: the fetch's thread or process does "
		"the work, and with async and green everything else waits "
		"meanwhile. It is there to see what that costs.",
	.caps = POOL_INLINE,
	.start = inline_start,
	.submit = inline_submit,
	.cancel = inline_cancel,
	.stop = inline_stop,
};
