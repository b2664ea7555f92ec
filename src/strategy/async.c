/* SPDX-License-Identifier: MIT */
/*
 * async -- one event loop for everything: curl_multi_socket_action() driven
 * by libevent, names by c-ares on the same loop.
 *
 * The default, and the one for long lists: a fetch under way costs a handle
 * and a socket, no thread and no process. At most -c are under way.
 */
#include "config.h"

#include "core/engine.h"
#include "core/job.h"
#include "core/run.h"
#include "net/multi.h"
#include "strategy/family.h"

static void
async_start(void *arg, struct multi *multi, struct job *job)
{
	(void)arg;
	multi_add(multi, &job->fetch);
}

static void
async_done(void *arg, struct job *job)
{
	run_done(arg, job);
}

static int
async_run(struct run *run, const void *settings, struct err *err)
{
	const struct engine_hooks hooks = {
		.start = async_start,
		.done = async_done,
		.arg = run,
	};

	(void)settings;
	return engine_run(run, &hooks, err);
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
