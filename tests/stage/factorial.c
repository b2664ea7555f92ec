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
	static const struct {
		const char *arg;
		uint64_t answer;
	} cases[] = {
		{ "0", 1 },
		{ "1", 1 },
		{ "2", 2 },
		{ "5", 7 },
		{ "20", 62 },
		{ "21", 66 },
		{ "1000", 8530 },
		{ "40000", 553810 },
	};
	struct trial *trial;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		print_message("factorial:%s\n", cases[i].arg);
		trial = trial_new(&stage_factorial, cases[i].arg, NULL);
		trial_run(trial, "", 0, TRIAL_WHOLE);
		assert_int_equal(trial_u64(trial, "factorial_bits"), cases[i].answer);
		/* Whatever the body, and once for each. */
		trial_run(trial, "a body", 6, 1);
		assert_int_equal(trial_u64(trial, "factorial_bits"), cases[i].answer);
		trial_abort(trial, "a body", 6, 3);
		assert_null(trial_value(trial, "factorial_bits"));
		trial_free(trial);
	}
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
