/* SPDX-License-Identifier: MIT */
/*
 * green -- a coroutine for every fetch, at most `-c` at a time, on one event
 * loop.
 *
 * The code of a fetch reads like serial's, and waiting costs what it costs
 * async: green_fetch() only looks as if it blocked. Choose it to see that the
 * difference is one of writing.
 */
#include "config.h"

#include <stdint.h>

#include "base/coroutine.h"
#include "base/log.h"
#include "core/engine.h"
#include "core/job.h"
#include "core/run.h"
#include "net/multi.h"
#include "opt/opt.h"
#include "strategy/family.h"

struct green_settings {
	uint64_t stack;
};

struct green {
	struct run *run;
	struct coroutines *coroutines;
};

/* What a new coroutine is told, on the stack of who starts it. */
struct green_task {
	struct green *green;
	struct multi *multi;
	struct job *job;
};

/* --- as a coroutine sees it --- */

/* Returns when the reply is there; until then the others have the thread. */
static void
green_fetch(struct green *green, struct multi *multi, struct fetch *fetch)
{
	fetch->waiter = coroutine_self(green->coroutines);
	multi_add(multi, fetch);
	coroutine_suspend(green->coroutines);
}

static void
green_main(void *arg)
{
	/* A copy: the task is gone once this first waits. */
	const struct green_task task = *(const struct green_task *)arg;

	green_fetch(task.green, task.multi, &task.job->fetch);
}

/* --- as the loop sees it --- */

static int
green_reserve(void *arg, size_t n)
{
	struct green *green = arg;
	struct err err;

	if (coroutines_reserve(green->coroutines, &err) == 0)
		return 0;
	log_warning("only %zu at a time instead of %zu: %s "
		"(vm.max_map_count, ulimit -v)", n,
		run_concurrency(green->run), err.text);
	return -1;
}

static void
green_start(void *arg, struct multi *multi, struct job *job)
{
	struct green *green = arg;
	struct green_task task = {
		.green = green,
		.multi = multi,
		.job = job,
	};

	coroutine_start(green->coroutines, green_main, &task);
}

/*
 * The coroutine ends, and what is made of its reply needs none: with an inline
 * pool stages run in there, and how much stack a library under one of them
 * needs is not ours to know.
 */
static void
green_done(void *arg, struct job *job)
{
	struct green *green = arg;

	coroutine_resume(job->fetch.waiter);
	run_done(green->run, job);
}

static int
green_run(struct run *run, const void *settings, struct err *err)
{
	const struct green_settings *own = settings;
	struct green green = { .run = run };
	const struct engine_hooks hooks = {
		.reserve = green_reserve,
		.start = green_start,
		.done = green_done,
		.arg = &green,
	};
	int rc;

	green.coroutines = coroutines_new(own->stack);
	rc = coroutines_reserve(green.coroutines, err);
	if (rc == 0)
		rc = engine_run(run, &hooks, 1, err);
	coroutines_free(green.coroutines);
	return rc;
}

/* clang-format off */
static const struct opt green_rows[] = {
	{ .name = "green-stack", .type = &opt_size,
	  .off = OPT_AT(struct green_settings, stack, uint64_t),
	  .arg = "SIZE", .dflt = "256KiB", .min = 32 * 1024,
	  .max = 1024 * 1024 * 1024, .flags = OPT_EXPERT,
	  .brief = "stack of each coroutine of green",
	  .notes = "Address space rather than memory: only the pages that "
		"are used count. Below each is a page that ends the program "
		"when the stack runs over." },
};
/* clang-format on */

static const struct opt_set green_set = {
	.name = "green", .title = "Strategy green", OPT_ROWS(green_rows),
	.settings_size = sizeof(struct green_settings),
};

const struct strategy strategy_green = {
	.name = "green",
	.brief = "one coroutine per fetch on one event loop",
	.notes = "Code that reads as if it blocked, over the engine of async: "
		"a fetch under way costs a small stack more than there. One "
		"CPU does the work.",
	.caps = STRATEGY_OWN_LOOP,
	.opts = &green_set,
	.run = green_run,
};
