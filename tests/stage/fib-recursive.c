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
	static const struct trial_number numbers[] = {
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

	(void)state;
	trial_numbers(&stage_fib_recursive, "fib_recursive", numbers,
		sizeof numbers / sizeof *numbers);
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
	(void)state;
	trial_stops(&stage_fib_recursive, "60");
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(the_answers_are_known),
	cmocka_unit_test(bad_arguments_say_what_to_write),
	cmocka_unit_test(the_longest_ends_soon_when_the_run_does),
};

UNIT_MAIN("stage/fib-recursive", tests)
