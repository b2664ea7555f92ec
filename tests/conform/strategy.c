/* SPDX-License-Identifier: MIT */
/*
 * The same promises for every strategy, so that none can mean something else
 * by a retry or a redirect. A program tests the strategy it is called after,
 * conform/async.t async: each has a time limit of its own, and they run side
 * by side. Some are called after a way of setting a strategy up. An argument
 * such as 'a_signal*' picks some promises.
 */
#include "config.h"

#include <curl/curl.h>
#include <signal.h>

#include "base/log.h"
#include "base/mem.h"
#include "conform/promise.h"
#include "conform/trip.h"
#include "conform/world.h"
#include "core/strategy.h"
#include "unit.h"

static const struct promise_set *const sets[] = {
#define STRATEGY_SET(name) &promises_##name,
	PROMISE_SETS(STRATEGY_SET)
#undef STRATEGY_SET
};

static const struct strategy *strategy;

static void
keep(void **state)
{
	const struct promise *promise = *state;

	world_reset(&world.here);
	world_reset(&world.there);
	promise->keep(strategy);
}

static size_t
count_promises(void)
{
	size_t n = 0, i;

	for (i = 0; i < sizeof sets / sizeof *sets; i++)
		n += sets[i]->n;
	return n;
}

static void
list_promises(struct CMUnitTest *tests)
{
	size_t i, j;

	for (i = 0; i < sizeof sets / sizeof *sets; i++)
		for (j = 0; j < sets[i]->n; j++)
			*tests++ = (struct CMUnitTest){
				.name = sets[i]->rows[j].name,
				.test_func = keep,
				.initial_state = (void *)(uintptr_t)
					&sets[i]->rows[j],
			};
}

/* Strategies with an option that makes much of them another one. */
static const struct variant {
	const char *name, *strategy, *config;
} variants[] = {
	{ "async-loops", "async", "async-loops = 3\n" },
};

/* What the program's own name, .../NAME.t, stands for. */
static const struct strategy *
find_own(const char *path, const char **ret_config, struct err *err)
{
	const char *slash = strrchr(path, '/');
	const char *base = slash != NULL ? slash + 1 : path;
	char *name = mem_strndup(base, strcspn(base, "."));
	const struct strategy *found;
	size_t i;

	*ret_config = NULL;
	for (i = 0; i < sizeof variants / sizeof *variants; i++)
		if (strcmp(name, variants[i].name) == 0)
			break;
	if (i < sizeof variants / sizeof *variants) {
		found = strategy_find(variants[i].strategy, err);
		*ret_config = variants[i].config;
	} else {
		found = strategy_find(name, err);
	}
	free(name);
	return found;
}

int
main(int argc, char **argv)
{
	size_t n = count_promises();
	struct CMUnitTest *tests = mem_array(n, sizeof *tests);
	struct err err = { 0 };
	const char *config;
	int failed;

	strategy = find_own(argv[0], &config, &err);
	if (strategy == NULL) {
		printf("Bail out! %s\n", err.text);
		return 99;
	}
	signal(SIGPIPE, SIG_IGN);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	log_set_level(LOG_LEVEL_ERROR);
	world_open();
	if (config != NULL)
		world_write(TRIP_CONFIG, config, strlen(config));
	list_promises(tests);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	/* The macro around it wants an array whose length it can see. */
	failed = _cmocka_run_group_tests(strategy->name, tests, n, NULL, NULL);
	free(tests);
	curl_global_cleanup();
	return failed;
}
