/* SPDX-License-Identifier: MIT */
/*
 * fib-recursive -- Fibonacci numbers, also around where its two parts meet.
 */
#include "config.h"

#include "stage/family.h"
#include "stage/trial.h"
#include "unit.h"

static void
the_answers_are_known(void **state)
{
	static const struct {
		const char *arg;
		uint64_t answer;
	} cases[] = {
		{ "0", 0 },
		{ "1", 1 },
		{ "2", 1 },
		{ "10", 55 },
		{ "24", 46368 },
		{ "25", 75025 },
		{ "26", 121393 },
		{ "27", 196418 },
		{ "30", 832040 },
	};
	struct trial *trial;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		print_message("fib-recursive:%s\n", cases[i].arg);
		trial = trial_new(&stage_fib_recursive, cases[i].arg, NULL);
		trial_run(trial, "", 0, TRIAL_WHOLE);
		assert_int_equal(trial_u64(trial, "fib_recursive"), cases[i].answer);
		/* Whatever the body, and once for each. */
		trial_run(trial, "a body", 6, 1);
		assert_int_equal(trial_u64(trial, "fib_recursive"), cases[i].answer);
		trial_abort(trial, "a body", 6, 3);
		assert_null(trial_value(trial, "fib_recursive"));
		trial_free(trial);
	}
}

static void
bad_arguments_say_what_to_write(void **state)
{
	(void)state;
	trial_refuses(&stage_fib_recursive, NULL, "N is missing");
	trial_refuses(&stage_fib_recursive, "", "N is missing");
	trial_refuses(&stage_fib_recursive, "x", "'x' is no N");
	trial_refuses(&stage_fib_recursive, "61", "from 0 to 60; try fib-recursive:30");
}

static void
the_longest_ends_soon_when_the_run_does(void **state)
{
	struct trial *trial = trial_new(&stage_fib_recursive, "60", NULL);

	(void)state;
	trial_run_cancelled(trial, 20);
	assert_true(trial->outcome.failed);
	assert_int_equal(trial->outcome.error_class, ERROR_STOPPED);
	trial_free(trial);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(the_answers_are_known),
	cmocka_unit_test(bad_arguments_say_what_to_write),
	cmocka_unit_test(the_longest_ends_soon_when_the_run_does),
};

UNIT_MAIN("stage/fib-recursive", tests)
