/* SPDX-License-Identifier: MIT */
/*
 * factorial -- the length of factorials that Python computed.
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
		{ "2", 2 },
		{ "5", 7 },
		{ "20", 62 },
		{ "21", 66 },
		{ "1000", 8530 },
		{ "40000", 553810 },
	};

	(void)state;
	trial_numbers(&stage_factorial, "factorial_bits", numbers,
		sizeof numbers / sizeof *numbers);
}

static void
bad_arguments_say_what_to_write(void **state)
{
	(void)state;
	trial_refuses(&stage_factorial, NULL, "N is missing");
	trial_refuses(&stage_factorial, "", "N is missing");
	trial_refuses(&stage_factorial, "x", "'x' is no N");
	trial_refuses(&stage_factorial, "500001", "from 0 to 500000; try factorial:40000");
}

#else

static void
without_its_library_it_says_so(void **state)
{
	(void)state;
	trial_refuses(&stage_factorial, "5", "built without GMP");
}

#endif

static const struct CMUnitTest tests[] = {
#ifdef HAVE_GMP
	cmocka_unit_test(the_answers_are_known),
	cmocka_unit_test(bad_arguments_say_what_to_write),
#else
	cmocka_unit_test(without_its_library_it_says_so),
#endif
};

UNIT_MAIN("stage/factorial", tests)
