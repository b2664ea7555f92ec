/* SPDX-License-Identifier: MIT */
/*
 * stages -- puts together what bodies need on their way through the stages.
 *
 * Order matters: the memory that processes share comes first (core/bodies),
 * then the processes, then threads. Whether the run is being ended is in that
 * memory too, so that a stage in another process can ask like one in a thread.
 */
#include "config.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "base/mem.h"
#include "core/pool.h"
#include "core/run.h"
#include "core/stages.h"
#include "core/strategy.h"
#include "core/workshop.h"
#include "core/zygote.h"
#include "net/wake.h"

#define STAGES_OTHER_FILES 64	/* lists, outputs, loops, pools */

/* For workers to end their commands, which have 2 seconds (stage/coproc). */
#define STAGES_LAST_US (3 * CLOCK_SECOND)

#define STAGES_LOOK_US (20 * CLOCK_MS)	/* between looks for a signal */

struct stages {
	const struct run_settings *settings;
	struct bodies *bodies;
	_Atomic int *cancelled;		/* a page that processes share */
	struct pool_env *env;
	struct zygote *zygote;		/* the pool's, or NULL */
	struct workshop *workshop;
	struct wake ended;		/* all of it has, after stages_stop() */
	pthread_t stopper;
	int stopping;			/* that thread was started */
};

static int
stages_share_flag(struct stages *stages, struct err *err)
{
	void *page = mmap(NULL, sizeof *stages->cancelled,
		PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		return err_sys(err, "memory shared with processes");
	stages->cancelled = page;
	return 0;
}

static int
stages_fork(struct stages *stages, struct err *err)
{
	const struct run_settings *settings = stages->settings;

	if (settings->pool->zygote == NULL)
		return 0;
	stages->zygote = zygote_new(&(struct zygote_args){
		.role = settings->pool->zygote,
		.n_slots = settings->jobs,
		.arg = stages->env,
	}, err);
	return stages->zygote != NULL ? 0 :
		err_in(err, "--pool %s", settings->pool->name);
}

struct stages *
stages_new(const struct run_settings *settings, struct bodies *bodies,
	struct pool_env *env, struct err *err)
{
	struct stages *stages = mem_array(1, sizeof *stages);

	stages->settings = settings;
	stages->bodies = bodies;
	stages->env = env;
	stages->ended.fd = -1;
	if (wake_open(&stages->ended, err) == 0 &&
	    stages_share_flag(stages, err) == 0) {
		env->chain = settings->chain;
		env->cancelled = stages->cancelled;
		env->in_children = settings->strategy->zygote != NULL &&
			(settings->pool->caps & POOL_INLINE) != 0;
		if (stages_fork(stages, err) == 0)
			return stages;
	}
	stages_free(stages);
	return NULL;
}

/*
 * How many works may wait: each may hold a file, its folder and what a stage
 * makes of it. A fetch needs a socket, and two bodies for each are on their
 * way.
 */
static size_t
stages_waiting(const struct run_settings *settings, size_t concurrency)
{
	size_t others = STAGES_OTHER_FILES + concurrency +
		3 * (2 * concurrency + settings->jobs);
	struct rlimit limit;
	size_t room;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 ||
	    limit.rlim_cur > others + 3 * WORKSHOP_WAITING)
		return WORKSHOP_WAITING;
	room = limit.rlim_cur > others ? (size_t)limit.rlim_cur - others : 0;
	return room / 3;
}

/* A loop that is at a stage does not see to its fetches meanwhile. */
static int
stages_beside(const struct run_settings *settings)
{
	const struct strategy *strategy = settings->strategy;

	return !(settings->pool->caps & POOL_INLINE) ||
		!(strategy->caps & STRATEGY_OWN_LOOP) ||
		strategy->zygote != NULL;
}

int
stages_open(struct stages *stages, size_t concurrency, struct ledger *ledger,
	const struct workshop_hooks *hooks, struct err *err)
{
	stages->workshop = workshop_new(&(struct workshop_args){
		.pool = stages->settings->pool,
		.env = stages->env,
		.workers = stages->settings->jobs,
		.waiting = stages_waiting(stages->settings, concurrency),
		.zygote = stages->zygote,
		.ledger = ledger,
		.bodies = stages->bodies,
		.beside = stages_beside(stages->settings),
		.hooks = *hooks,
	}, err);
	return stages->workshop != NULL ? 0 : -1;
}

void
stages_free(struct stages *stages)
{
	if (stages == NULL)
		return;
	stages_join(stages);
	wake_close(&stages->ended);
	workshop_free(stages->workshop);
	zygote_free(stages->zygote);
	if (stages->cancelled != NULL)
		munmap(stages->cancelled, sizeof *stages->cancelled);
	free(stages);
}

static void *
stages_stop_main(void *arg)
{
	struct stages *stages = arg;

	workshop_stop(stages->workshop);
	if (stages->zygote != NULL)
		zygote_await(stages->zygote, STAGES_LAST_US);
	zygote_stop(stages->zygote);
	wake_set(&stages->ended);
	return NULL;
}

/* In a thread, since commands may be slow to end and signals must be seen. */
void
stages_stop(struct stages *stages)
{
	stages->stopping = pthread_create(&stages->stopper, NULL,
		stages_stop_main, stages) == 0;
	if (!stages->stopping)
		stages_stop_main(stages);
}

void
stages_join(struct stages *stages)
{
	if (stages->stopping)
		pthread_join(stages->stopper, NULL);
	stages->stopping = 0;
}

int
stages_fd(const struct stages *stages)
{
	return stages->ended.fd;
}

int
stages_lost(struct stages *stages, struct err *err)
{
	zygote_lost(stages->zygote, err);
	return err_in(err, "--pool %s", stages->settings->pool->name);
}

void
stages_await_children(const struct stages *stages, struct zygote *zygote,
	void (*look)(void *arg), void *arg)
{
	int64_t until_us = clock_us() + STAGES_LAST_US;

	if (!stages->env->in_children)
		return;
	while (!atomic_load(stages->cancelled) && clock_us() < until_us &&
	    zygote_await(zygote, STAGES_LOOK_US))
		look(arg);
}

struct workshop *
stages_workshop(const struct stages *stages)
{
	return stages->workshop;
}

void
stages_cancel(struct stages *stages)
{
	atomic_store(stages->cancelled, 1);
	workshop_cancel(stages->workshop);
}
