/* SPDX-License-Identifier: MIT */
/*
 * fib -- the length of Fibonacci numbers that Python computed.
 */
#include "config.h"

#include "stage/family.h"
#include "stage/trial.h"
#include "unit.h"

#ifdef HAVE_GMP

static void
the_answers_are_known(void **state)
{
	static const struct trial_number numbers[] = {
		{ "0", 1 },
		{ "1", 1 },
		{ "2", 1 },
		{ "3", 2 },
		{ "10", 6 },
		{ "90", 62 },
		{ "93", 64 },
		{ "94", 65 },
		{ "1000", 694 },
		{ "100000", 69424 },
	};

	(void)state;
	trial_numbers(&stage_fib, "fib_bits", numbers,
		sizeof numbers / sizeof *numbers);
}

static void
bad_arguments_say_what_to_write(void **state)
{
	(void)state;
	trial_refuses(&stage_fib, NULL, "N is missing");
	trial_refuses(&stage_fib, "", "N is missing");
	trial_refuses(&stage_fib, "x", "'x' is no N");
	trial_refuses(&stage_fib, "10000001", "from 0 to 10000000; try fib:100000");
}

static void
the_longest_ends_soon_when_the_run_does(void **state)
{
	(void)state;
	trial_stops(&stage_fib, "10000000");
}

#else

static void
without_its_library_it_says_so(void **state)
{
	(void)state;
	trial_refuses(&stage_fib, "5", "built without GMP");
}

#endif

static const struct CMUnitTest tests[] = {
#ifdef HAVE_GMP
	cmocka_unit_test(the_answers_are_known),
	cmocka_unit_test(bad_arguments_say_what_to_write),
	cmocka_unit_test(the_longest_ends_soon_when_the_run_does),
#else
	cmocka_unit_test(without_its_library_it_says_so),
#endif
};

UNIT_MAIN("stage/fib", tests)
