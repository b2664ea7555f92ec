/* SPDX-License-Identifier: MIT */
/*
 * engine -- the run's jobs on event loops: each asks for more whenever
 * something may be ready and there is room, and ends when there is no more.
 *
 * Loops share nothing but the run: a CURLM, its handles and what they share
 * belong to one thread. The first loop is the caller's, and the run's service
 * is on it.
 */
#include "config.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "base/log.h"
#include "base/mem.h"
#include "core/engine.h"
#include "core/job.h"
#include "core/lag.h"
#include "core/run.h"
#include "net/easy.h"
#include "net/loop.h"
#include "net/multi.h"
#include "net/wake.h"

/* Jobs asked for at once: more would hold the run's lock for too long. */
#define ENGINE_BATCH 64
/* Descriptors of a loop that is not the first: its epoll, two that wake it,
 * and libcurl's. */
#define ENGINE_LOOP_FILES 5

struct engine_loop {
	struct engine *engine;
	size_t lane;
	pthread_t thread;	/* but for the first */
	struct event_base *base;
	struct multi *multi;
	struct event wake;
	struct event cancelling;
	struct wake cancel;
	size_t n, max;		/* fetches under way */
	int ended;
};

struct engine {
	const struct engine_hooks *hooks;
	struct run *run;
	struct easy_env env;
	struct engine_loop *loops;
	size_t n_loops, n_open;
	/* Held while threads are started: none begins before all have, or
	 * one could not be. */
	pthread_mutex_t gate;
	int failed;
};

/* --- a loop at work --- */

/* How many more fetches may be begun now. */
static size_t
engine_room(struct engine_loop *loop)
{
	const struct engine_hooks *hooks = loop->engine->hooks;

	if (loop->n >= loop->max)
		return 0;
	if (hooks->reserve == NULL)
		return loop->max - loop->n;
	if (hooks->reserve(hooks->arg, loop->n) == 0)
		return 1;
	loop->max = loop->n;
	return 0;
}

static void
engine_start(struct engine_loop *loop, struct list *jobs)
{
	const struct engine_hooks *hooks = loop->engine->hooks;
	struct list *node;

	while ((node = list_pop(jobs)) != NULL) {
		loop->n++;
		hooks->start(hooks->arg, loop->multi,
			LIST_ENTRY(node, struct job, node));
	}
}

/* Starts what may be started; ends the loop when there is no more. */
static void
engine_fill(struct engine_loop *loop)
{
	enum run_next next;
	struct list jobs;
	size_t room, wanted;

	list_init(&jobs);
	do {
		room = engine_room(loop);
		if (room == 0)
			return;
		if (room > ENGINE_BATCH)
			room = ENGINE_BATCH;
		wanted = loop->n + room;
		next = run_next_some(loop->engine->run, loop->lane, room,
			&jobs);
		engine_start(loop, &jobs);
	} while (next == RUN_JOB && loop->n == wanted);
	if (next != RUN_END)
		return;
	/* The flag too: the loop may not have begun. */
	loop->ended = 1;
	event_base_loopbreak(loop->base);
}

static void
engine_done(void *arg, struct fetch *fetch)
{
	struct engine_loop *loop = arg;
	const struct engine_hooks *hooks = loop->engine->hooks;

	hooks->done(hooks->arg, LIST_ENTRY(fetch, struct job, fetch));
	loop->n--;
}

/*
 * The next ones begin right here: the sockets that are given up and those that
 * are asked for are mostly the same, and in one round that comes to no call.
 */
static void
engine_more(void *arg)
{
	engine_fill(arg);
}

static void
engine_on_wake(evutil_socket_t fd, short what, void *arg)
{
	struct engine_loop *loop = arg;

	(void)fd;
	(void)what;
	run_lane_rest(loop->engine->run, loop->lane);
	engine_fill(loop);
}

static void
engine_on_cancelling(evutil_socket_t fd, short what, void *arg)
{
	struct engine_loop *loop = arg;

	(void)fd;
	(void)what;
	wake_clear(&loop->cancel);
	multi_cancel(loop->multi);
}

/* From the service's thread, which is the first loop's. */
static void
engine_cancel(void *arg)
{
	struct engine *engine = arg;
	size_t i;

	for (i = 1; i < engine->n_loops; i++)
		wake_set(&engine->loops[i].cancel);
	multi_cancel(engine->loops[0].multi);
}

static void
engine_loop_run(struct engine_loop *loop)
{
	event_add(&loop->wake, NULL);
	event_add(&loop->cancelling, NULL);
	engine_fill(loop);
	if (!loop->ended)
		event_base_dispatch(loop->base);
	event_del(&loop->cancelling);
	event_del(&loop->wake);
}

/* --- all of them --- */

static void *
engine_main(void *arg)
{
	struct engine_loop *loop = arg;
	struct engine *engine = loop->engine;
	int failed;

	pthread_mutex_lock(&engine->gate);
	failed = engine->failed;
	pthread_mutex_unlock(&engine->gate);
	if (!failed)
		engine_loop_run(loop);
	return NULL;
}

/* All but the first; *ret_n is how many were started, also for -1. */
static int
engine_start_threads(struct engine *engine, size_t *ret_n, struct err *err)
{
	size_t i;

	*ret_n = 0;
	pthread_mutex_lock(&engine->gate);
	for (i = 1; i < engine->n_loops && !engine->failed; i++) {
		errno = pthread_create(&engine->loops[i].thread, NULL,
			engine_main, &engine->loops[i]);
		engine->failed = errno != 0;
		*ret_n += errno == 0;
	}
	if (engine->failed)
		err_sys(err, "cannot start the thread of loop %zu", i);
	pthread_mutex_unlock(&engine->gate);
	return engine->failed ? -1 : 0;
}

static int
engine_run_loops(struct engine *engine, struct err *err)
{
	size_t n, i;
	int rc = engine_start_threads(engine, &n, err);

	if (rc == 0)
		engine_loop_run(&engine->loops[0]);
	for (i = 1; i <= n; i++)
		pthread_join(engine->loops[i].thread, NULL);
	return rc;
}

static int
engine_serve(struct engine *engine, struct err *err)
{
	struct event_base *base = engine->loops[0].base;
	struct run *run = engine->run;
	struct lag lag;
	int rc;

	if (run_attach(run, base, err) != 0)
		return -1;
	lag_start(&lag, base, run_lag(run));
	run_on_cancel(run, engine_cancel, engine);
	rc = engine_run_loops(engine, err);
	run_on_cancel(run, NULL, NULL);
	lag_stop(&lag);
	run_detach(run);
	return rc;
}

/* --- making and ending them --- */

static int
engine_open_loop(struct engine *engine, struct err *err)
{
	size_t lane = engine->n_open, all = run_concurrency(engine->run);
	struct engine_loop *loop = &engine->loops[lane];

	loop->engine = engine;
	loop->lane = lane;
	loop->max = all / engine->n_loops + (lane < all % engine->n_loops);
	loop->base = loop_new(LOOP_CHANGELIST, err);
	if (loop->base == NULL)
		return -1;
	engine->n_open++;
	if (wake_open(&loop->cancel, err) != 0)
		return -1;
	loop->multi = multi_new(&(struct multi_args){
		.base = loop->base,
		.env = &engine->env,
		.concurrency = loop->max,
		.others = engine->n_loops - 1,
		.done = engine_done,
		.more = engine_more,
		.arg = loop,
	}, err);
	if (loop->multi == NULL)
		return -1;
	event_assign(&loop->wake, loop->base, run_lane_fd(engine->run, lane),
		EV_READ | EV_PERSIST, engine_on_wake, loop);
	event_assign(&loop->cancelling, loop->base, loop->cancel.fd,
		EV_READ | EV_PERSIST, engine_on_cancelling, loop);
	return 0;
}

static void
engine_close_loop(struct engine_loop *loop)
{
	multi_free(loop->multi);
	wake_close(&loop->cancel);
	event_base_free(loop->base);
}

static int
engine_open_and_serve(struct engine *engine, struct err *err)
{
	int rc = run_split(engine->run, engine->n_loops, err);

	engine->loops = mem_array(engine->n_loops, sizeof *engine->loops);
	while (rc == 0 && engine->n_open < engine->n_loops)
		rc = engine_open_loop(engine, err);
	if (rc == 0)
		rc = engine_serve(engine, err);
	while (engine->n_open > 0)
		engine_close_loop(&engine->loops[--engine->n_open]);
	free(engine->loops);
	return rc;
}

/* How many of the loops there may be: each has a job and its descriptors. */
static size_t
engine_loops(const struct run *run, size_t wanted)
{
	size_t taken = RUN_SPARE_FILES + run_concurrency(run), n = 1;
	struct rlimit limit;

	if (wanted > run_concurrency(run))
		wanted = run_concurrency(run);
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 ||
	    limit.rlim_cur == RLIM_INFINITY)
		return wanted;
	if (limit.rlim_cur > taken)
		n += ((size_t)limit.rlim_cur - taken) / ENGINE_LOOP_FILES;
	if (n >= wanted)
		return wanted;
	log_warning("only %zu of %zu event loops: no more than %zu files may "
		"be open (ulimit -n)", n, wanted, (size_t)limit.rlim_cur);
	return n;
}

int
engine_run(struct run *run, const struct engine_hooks *hooks, size_t n_loops,
	struct err *err)
{
	struct engine engine = {
		.hooks = hooks,
		.run = run,
		.n_loops = engine_loops(run, n_loops),
		.gate = PTHREAD_MUTEX_INITIALIZER,
	};
	int rc;

	if (easy_env_init(&engine.env, run_easy_settings(run), TLS_SHARED,
	    err) != 0)
		return -1;
	rc = engine_open_and_serve(&engine, err);
	easy_env_release(&engine.env);
	pthread_mutex_destroy(&engine.gate);
	return rc;
}
