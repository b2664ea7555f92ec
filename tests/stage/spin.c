/* SPDX-License-Identifier: MIT */
/*
 * spin -- takes the CPU time it was told to, and ends with the run.
 */
#include "config.h"

#include "stage/family.h"
#include "stage/trial.h"
#include "unit.h"

static void
it_takes_the_cpu_time(void **state)
{
	static const struct {
		const char *arg;
		int64_t us;
	} cases[] = {
		{ "0", 0 }, { "0.1", 100 }, { "500us", 500 }, { "30", 30000 },
	};
	struct trial *trial;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		print_message("spin:%s\n", cases[i].arg);
		trial = trial_new(&stage_spin, cases[i].arg, NULL);
		trial_run(trial, "a body", 6, TRIAL_WHOLE);
		assert_false(trial->outcome.failed);
		assert_true(trial->outcome.cpu_us >= cases[i].us);
		assert_true(trial->outcome.cpu_us < cases[i].us + 10000);
		trial_free(trial);
	}
}

static void
the_longest_ends_soon_when_the_run_does(void **state)
{
	(void)state;
	trial_stops(&stage_spin, "3600000");
}

static void
bad_arguments_say_what_to_write(void **state)
{
	(void)state;
	trial_refuses(&stage_spin, NULL, "MS is missing");
	trial_refuses(&stage_spin, "", "MS is missing");
	trial_refuses(&stage_spin, "long", "'long' is no MS");
	trial_refuses(&stage_spin, "2h", "from 0 to 3600000 (ms); try spin:");
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(it_takes_the_cpu_time),
	cmocka_unit_test(the_longest_ends_soon_when_the_run_does),
	cmocka_unit_test(bad_arguments_say_what_to_write),
};

UNIT_MAIN("stage/spin", tests)
