/* SPDX-License-Identifier: MIT */
/*
 * thread -- worker threads and one queue. They run at nice 5, so that the
 * loop that feeds them gets the processor when both want it: a fetch that
 * starts late costs more than a body that waits.
 */
#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/list.h"
#include "base/mem.h"
#include "core/chain_worker.h"
#include "core/work.h"
#include "pool/family.h"

#define THREAD_NICE 5

struct thread_pool;

struct thread_worker {
	struct thread_pool *pool;
	struct chain_worker *chain;
	pthread_t thread;
};

struct thread_pool {
	struct pool_args args;
	struct thread_worker *workers;
	size_t n;		/* that were started */
	pthread_mutex_t lock;	/* all below */
	pthread_cond_t more;
	struct list queue;
	size_t idle;
	int closing;
};

/* Linux has a nice value for each thread, whatever POSIX says. */
static void
thread_be_nice(void)
{
	int own = getpriority(PRIO_PROCESS, 0);

	setpriority(PRIO_PROCESS, (id_t)gettid(), own + THREAD_NICE);
}

/* NULL: the pool is to end. */
static struct work *
thread_take(struct thread_pool *pool)
{
	struct list *node;

	pthread_mutex_lock(&pool->lock);
	pool->idle++;
	while (list_empty(&pool->queue) && !pool->closing)
		pthread_cond_wait(&pool->more, &pool->lock);
	pool->idle--;
	node = list_pop(&pool->queue);
	pthread_mutex_unlock(&pool->lock);
	return node != NULL ? LIST_ENTRY(node, struct work, node) : NULL;
}

static void *
thread_main(void *arg)
{
	struct thread_worker *worker = arg;
	const struct pool_args *args = &worker->pool->args;
	struct work *work;

	thread_be_nice();
	while ((work = thread_take(worker->pool)) != NULL) {
		if (atomic_load(args->env->cancelled))
			work_fail(work, ERROR_STOPPED, NULL, NULL);
		else
			work_perform(work, worker->chain);
		args->done(args->arg, work);
	}
	/* Here, since commands of stages may be slow to end. */
	chain_worker_free(worker->chain);
	return NULL;
}

static int
thread_start_one(struct thread_pool *pool, struct thread_worker *worker,
	struct err *err)
{
	worker->pool = pool;
	worker->chain = chain_worker_new(pool->args.env->chain,
		pool->args.env->cancelled, err);
	if (worker->chain == NULL)
		return -1;
	errno = pthread_create(&worker->thread, NULL, thread_main, worker);
	if (errno == 0)
		return 0;
	chain_worker_free(worker->chain);
	return err_sys(err, "cannot start a worker thread (--jobs %zu)",
		pool->args.workers);
}

static void
thread_stop(void *self)
{
	struct thread_pool *pool = self;
	size_t i;

	pthread_mutex_lock(&pool->lock);
	pool->closing = 1;
	pthread_mutex_unlock(&pool->lock);
	pthread_cond_broadcast(&pool->more);
	for (i = 0; i < pool->n; i++)
		pthread_join(pool->workers[i].thread, NULL);
	pthread_cond_destroy(&pool->more);
	pthread_mutex_destroy(&pool->lock);
	free(pool->workers);
	free(pool);
}

static void *
thread_start(const struct pool_args *args, struct err *err)
{
	struct thread_pool *pool = mem_array(1, sizeof *pool);

	pool->args = *args;
	pool->workers = mem_array(args->workers, sizeof *pool->workers);
	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->more, NULL);
	list_init(&pool->queue);
	while (pool->n < args->workers) {
		if (thread_start_one(pool, &pool->workers[pool->n], err) != 0)
			break;
		pool->n++;
	}
	if (pool->n == args->workers)
		return pool;
	thread_stop(pool);
	return NULL;
}

static void
thread_submit(void *self, struct work *work)
{
	struct thread_pool *pool = self;
	int wanted;

	pthread_mutex_lock(&pool->lock);
	list_push(&pool->queue, &work->node);
	wanted = pool->idle > 0;
	pthread_mutex_unlock(&pool->lock);
	if (wanted)
		pthread_cond_signal(&pool->more);
}

/* Whoever takes a work now sees that it is not to be begun. */
static void
thread_cancel(void *self)
{
	(void)self;
}

const struct pool pool_thread = {
	.name = "thread",
	.brief = "worker threads",
	.notes = "One a core unless --jobs says otherwise, at nice 5. A stage "
		"that crashes takes the program along; one that is not "
		"thread-safe is done by one thread at a time.",
	.start = thread_start,
	.submit = thread_submit,
	.cancel = thread_cancel,
	.stop = thread_stop,
};
