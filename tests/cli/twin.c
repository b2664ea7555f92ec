/* SPDX-License-Identifier: MIT */
/*
 * fetchall with one strategy twice: async and, under another name, the same
 * code. A comparison that finds a winner between them is no good; see
 * runs.bats. What is defined here is not taken from the library.
 */
#include "config.h"

#include "opt/opt.h"
#include "strategy/family.h"

#undef STRATEGIES
#define STRATEGIES(X) X(async) X(async_twin)

extern const struct strategy strategy_async_twin;

/* The family's own table and the program's own main(), with that list. */
#include "../../src/main.c"
#include "../../src/strategy/family.c"

static int
twin_run(struct run *run, const void *settings, struct err *err)
{
	/* Its options cannot have two owners: as by default. */
	struct opts *opts = opts_new();
	int rc;

	(void)settings;
	rc = strategy_async.run(run, opts_add(opts, strategy_async.opts),
		err);
	opts_free(opts);
	return rc;
}

const struct strategy strategy_async_twin = {
	.name = "async-twin",
	.brief = "async under another name, for tests",
	.caps = STRATEGY_OWN_LOOP,
	.run = twin_run,
};
