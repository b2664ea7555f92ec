/* SPDX-License-Identifier: MIT */
/*
 * async -- one event loop for everything: curl_multi_socket_action() driven
 * by libevent, names by c-ares on the same loop.
 *
 * The default, and the one for long lists: a fetch under way costs a handle
 * and a socket, no thread and no process. At most -c are under way. One loop
 * keeps one CPU busy with some 40,000 requests a second; --async-loops is for
 * machines and networks that have more.
 */
#include "config.h"

#include <stdint.h>

#include "core/engine.h"
#include "core/job.h"
#include "core/run.h"
#include "net/multi.h"
#include "opt/opt.h"
#include "strategy/family.h"

struct async_settings {
	uint64_t loops;
};

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
	const struct async_settings *own = settings;
	const struct engine_hooks hooks = {
		.start = async_start,
		.done = async_done,
		.arg = run,
	};

	return engine_run(run, &hooks, own->loops, err);
}

/* clang-format off */
static const struct opt async_rows[] = {
	{ .name = "async-loops", .type = &opt_count,
	  .off = OPT_AT(struct async_settings, loops, uint64_t),
	  .arg = "N", .dflt = "1", .min = 1, .max = RUN_LANES,
	  .brief = "event loops of async, a thread for each",
	  .notes = "For machines with more cores than one loop can use. -c is "
		"for all of them together. A host's URLs go to one loop, "
		"where its connections are, unless there are more of them "
		"than that loop can do: a list of one host is for all.",
	  .example = "fetchall --async-loops 2 urls.txt" },
};
/* clang-format on */

static const struct opt_set async_set = {
	.name = "async", .title = "Strategy async", OPT_ROWS(async_rows),
	.settings_size = sizeof(struct async_settings),
};

const struct strategy strategy_async = {
	.name = "async",
	.brief = "one event loop, curl_multi on libevent, c-ares for names",
	.notes = "The default. A fetch that is under way costs a handle and a "
		"socket but no thread, so thousands of slow servers can be "
		"waited for at once, and one CPU does the work, or as many "
		"as --async-loops says.",
	.caps = STRATEGY_OWN_LOOP,
	.opts = &async_set,
	.run = async_run,
};
