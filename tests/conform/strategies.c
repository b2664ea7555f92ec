/* SPDX-License-Identifier: MIT */
/*
 * The same promises, once for every strategy there is: a new strategy is
 * tested by being in the list, and none can mean something else by a retry or
 * a redirect. A test is called STRATEGY: PROMISE; an argument such as
 * 'async: *' picks some.
 */
#include "config.h"

#include <curl/curl.h>
#include <signal.h>

#include "base/log.h"
#include "base/mem.h"
#include "conform/promise.h"
#include "conform/world.h"
#include "core/strategy.h"
#include "unit.h"

static const struct promise_set *const sets[] = {
#define STRATEGIES_SET(name) &promises_##name,
	PROMISE_SETS(STRATEGIES_SET)
#undef STRATEGIES_SET
};

struct pair {
	const struct strategy *strategy;
	const struct promise *promise;
};

static void
keep(void **state)
{
	const struct pair *pair = *state;

	world_reset(&world.here);
	world_reset(&world.there);
	pair->promise->keep(pair->strategy);
}

static size_t
count_pairs(void)
{
	size_t n_strategies = 0, n_promises = 0, i;

	while (strategies[n_strategies] != NULL)
		n_strategies++;
	for (i = 0; i < sizeof sets / sizeof *sets; i++)
		n_promises += sets[i]->n;
	return n_strategies * n_promises;
}

/* Returns how many were added. */
static size_t
add_strategy(const struct strategy *strategy, struct CMUnitTest *tests,
	struct pair *pairs)
{
	const struct promise *promise;
	size_t n = 0, i, j;

	for (i = 0; i < sizeof sets / sizeof *sets; i++)
		for (j = 0; j < sets[i]->n; j++, n++) {
			promise = &sets[i]->rows[j];
			pairs[n] = (struct pair){ strategy, promise };
			tests[n] = (struct CMUnitTest){
				.name = mem_printf("%s: %s", strategy->name,
					promise->name),
				.test_func = keep,
				.initial_state = &pairs[n],
			};
		}
	return n;
}

int
main(int argc, char **argv)
{
	size_t total = count_pairs(), n = 0, i;
	struct CMUnitTest *tests = mem_array(total, sizeof *tests);
	struct pair *pairs = mem_array(total, sizeof *pairs);
	int failed;

	signal(SIGPIPE, SIG_IGN);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	log_set_level(LOG_LEVEL_ERROR);
	world_open();
	for (i = 0; strategies[i] != NULL; i++)
		n += add_strategy(strategies[i], tests + n, pairs + n);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	/* The macro around it wants an array whose length it can see. */
	failed = _cmocka_run_group_tests("conform/strategies", tests, n, NULL,
		NULL);
	while (n > 0)
		free((void *)(uintptr_t)tests[--n].name);
	free(tests);
	free(pairs);
	curl_global_cleanup();
	return failed;
}
