/* SPDX-License-Identifier: MIT */
/*
 * pow -- the length of powers that Python computed, and what is refused.
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
		{ "0,0", 1 },
		{ "0,5", 1 },
		{ "1,1000", 1 },
		{ "2,10", 11 },
		{ "10,5", 17 },
		{ "3,1000", 1585 },
		{ "1,4294967295", 1 },
		{ "0,4294967295", 1 },
		{ "2,33554431", 33554432 },
		{ "3,20000000", 31699251 },
		{ "4294967295,1000", 32000 },
		{ "7777,200000", 2585000 },
		{ "7777,200k", 2585000 },
	};

	(void)state;
	trial_numbers(&stage_pow, "pow_bits", numbers,
		sizeof numbers / sizeof *numbers);
}

static void
bad_arguments_say_what_to_write(void **state)
{
	(void)state;
	trial_refuses(&stage_pow, NULL, "try pow:7777,200000");
	trial_refuses(&stage_pow, "5", "a comma between");
	trial_refuses(&stage_pow, "x,5", "'x' is no A");
	trial_refuses(&stage_pow, "5,", "B is missing");
	trial_refuses(&stage_pow, ",5", "A is missing");
	trial_refuses(&stage_pow, "5,6,7", "'6,7' is no B");
	trial_refuses(&stage_pow, "-1,5", "'-1' is no A");
	trial_refuses(&stage_pow, "4294967296,1", "is no A");
	trial_refuses(&stage_pow, "7777,4000000", "about 51699993 bits, at most 33554432");
	trial_refuses(&stage_pow, "2,33554432", "about 33554433 bits");
	trial_refuses(&stage_pow, "4294967295,4294967295", "at most 33554432");
}

#else

static void
without_its_library_it_says_so(void **state)
{
	(void)state;
	trial_refuses(&stage_pow, "5", "built without GMP");
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

UNIT_MAIN("stage/pow", tests)
