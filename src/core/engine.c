/* SPDX-License-Identifier: MIT */
/*
 * engine -- the run's jobs on one event loop: asks for the next whenever
 * something may be ready and there is room, and ends when there is no more.
 */
#include "config.h"

#include <event2/event.h>
#include <event2/event_struct.h>

#include "core/engine.h"
#include "core/job.h"
#include "core/lag.h"
#include "core/run.h"
#include "net/easy.h"
#include "net/loop.h"
#include "net/multi.h"

struct engine {
	const struct engine_hooks *hooks;
	struct run *run;
	struct event_base *base;
	struct multi *multi;
	struct event wake;
	struct lag lag;
	size_t n, max;		/* fetches under way */
	int ended;
};

static int
engine_has_room(struct engine *engine)
{
	const struct engine_hooks *hooks = engine->hooks;

	if (engine->n >= engine->max)
		return 0;
	if (hooks->reserve == NULL || hooks->reserve(hooks->arg,
	    engine->n) == 0)
		return 1;
	engine->max = engine->n;
	return 0;
}

/* Starts what may be started; ends the loop when there is no more. */
static void
engine_fill(struct engine *engine)
{
	struct job *job;

	while (engine_has_room(engine))
		switch (run_next(engine->run, &job)) {
		case RUN_JOB:
			engine->n++;
			engine->hooks->start(engine->hooks->arg,
				engine->multi, job);
			break;
		case RUN_WAIT:
			return;
		case RUN_END:
			/* The flag too: the loop may not have begun. */
			engine->ended = 1;
			event_base_loopbreak(engine->base);
			return;
		}
}

static void
engine_done(void *arg, struct fetch *fetch)
{
	struct engine *engine = arg;

	engine->hooks->done(engine->hooks->arg,
		LIST_ENTRY(fetch, struct job, fetch));
	engine->n--;
	engine_fill(engine);
}

static void
engine_on_wake(evutil_socket_t fd, short what, void *arg)
{
	struct engine *engine = arg;

	(void)fd;
	(void)what;
	run_rest(engine->run);
	engine_fill(engine);
}

static void
engine_cancel(void *arg)
{
	struct engine *engine = arg;

	multi_cancel(engine->multi);
}

static int
engine_loop(struct engine *engine, struct err *err)
{
	struct run *run = engine->run;

	if (run_attach(run, engine->base, err) != 0)
		return -1;
	event_assign(&engine->wake, engine->base, run_wake_fd(run),
		EV_READ | EV_PERSIST, engine_on_wake, engine);
	event_add(&engine->wake, NULL);
	lag_start(&engine->lag, engine->base, run_lag(run));
	run_on_cancel(run, engine_cancel, engine);
	engine_fill(engine);
	if (!engine->ended)
		event_base_dispatch(engine->base);
	run_on_cancel(run, NULL, NULL);
	lag_stop(&engine->lag);
	event_del(&engine->wake);
	run_detach(run);
	return 0;
}

static int
engine_open(struct engine *engine, const struct easy_env *env,
	struct err *err)
{
	int rc = -1;

	engine->base = loop_new(LOOP_CHANGELIST, err);
	if (engine->base == NULL)
		return -1;
	engine->multi = multi_new(&(struct multi_args){
		.base = engine->base,
		.env = env,
		.concurrency = engine->max,
		.done = engine_done,
		.arg = engine,
	}, err);
	if (engine->multi != NULL)
		rc = engine_loop(engine, err);
	multi_free(engine->multi);
	event_base_free(engine->base);
	return rc;
}

int
engine_run(struct run *run, const struct engine_hooks *hooks,
	struct err *err)
{
	struct engine engine = {
		.hooks = hooks,
		.run = run,
		.max = run_concurrency(run),
	};
	struct easy_env env;
	int rc;

	if (easy_env_init(&env, run_easy_settings(run), TLS_SHARED, err) != 0)
		return -1;
	rc = engine_open(&engine, &env, err);
	easy_env_release(&env);
	return rc;
}
