/* SPDX-License-Identifier: MIT */
/*
 * async -- one event loop for everything: curl_multi_socket_action() driven
 * by libevent, names by c-ares on the same loop.
 *
 * The default, and the one for long lists: a fetch under way costs a handle
 * and a socket, no thread and no process. At most -c are under way.
 */
#include "config.h"

#include <event2/event.h>
#include <event2/event_struct.h>

#include "base/mem.h"
#include "core/job.h"
#include "core/run.h"
#include "net/easy.h"
#include "net/loop.h"
#include "net/multi.h"
#include "strategy/family.h"

struct async {
	struct run *run;
	struct event_base *base;
	struct multi *multi;
	struct event wake;
	size_t n, max;		/* fetches under way */
	int ended;
};

/* Starts what may be started; ends the loop when there is no more. */
static void
async_fill(struct async *async)
{
	struct job *job;

	while (async->n < async->max)
		switch (run_next(async->run, &job)) {
		case RUN_JOB:
			async->n++;
			multi_add(async->multi, &job->fetch);
			break;
		case RUN_WAIT:
			return;
		case RUN_END:
			/* The flag too: the loop may not have begun. */
			async->ended = 1;
			event_base_loopbreak(async->base);
			return;
		}
}

static void
async_done(void *arg, struct fetch *fetch)
{
	struct async *async = arg;

	async->n--;
	run_done(async->run, LIST_ENTRY(fetch, struct job, fetch));
	async_fill(async);
}

static void
async_on_wake(evutil_socket_t fd, short what, void *arg)
{
	struct async *async = arg;

	(void)fd;
	(void)what;
	run_rest(async->run);
	async_fill(async);
}

static void
async_cancel(void *arg)
{
	struct async *async = arg;

	multi_cancel(async->multi);
}

static int
async_loop(struct async *async, struct err *err)
{
	struct run *run = async->run;

	if (run_attach(run, async->base, err) != 0)
		return -1;
	event_assign(&async->wake, async->base, run_wake_fd(run),
		EV_READ | EV_PERSIST, async_on_wake, async);
	event_add(&async->wake, NULL);
	run_on_cancel(run, async_cancel, async);
	async_fill(async);
	if (!async->ended)
		event_base_dispatch(async->base);
	run_on_cancel(run, NULL, NULL);
	event_del(&async->wake);
	run_detach(run);
	return 0;
}

static int
async_open(struct async *async, const struct easy_env *env, struct err *err)
{
	int rc = -1;

	async->base = loop_new(LOOP_CHANGELIST, err);
	if (async->base == NULL)
		return -1;
	async->multi = multi_new(async->base, env, async->max, async_done,
		async, err);
	if (async->multi != NULL)
		rc = async_loop(async, err);
	multi_free(async->multi);
	event_base_free(async->base);
	return rc;
}

static int
async_run(struct run *run, const void *settings, struct err *err)
{
	struct async async = { .run = run, .max = run_concurrency(run) };
	struct easy_env env;
	int rc;

	(void)settings;
	if (easy_env_init(&env, run_easy_settings(run), TLS_SHARED, err) != 0)
		return -1;
	rc = async_open(&async, &env, err);
	easy_env_release(&env);
	return rc;
}

const struct strategy strategy_async = {
	.name = "async",
	.brief = "one event loop, curl_multi on libevent, c-ares for names",
	.notes = "The default. A fetch that is under way costs a handle and a "
		"socket but no thread, so thousands of slow servers can be "
		"waited for at once, and one CPU does the work.",
	.caps = STRATEGY_OWN_LOOP,
	.run = async_run,
};
