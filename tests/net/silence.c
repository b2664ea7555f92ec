/* SPDX-License-Identifier: MIT */
/*
 * What silence leaves a name of its time, and that any answer ends it.
 */
#include "config.h"

#include "base/clock.h"
#include "net/silence.h"
#include "unit.h"

static void
a_name_has_all_its_time_and_a_quarter_in_its_place(void **state)
{
	const struct silence silence = { .timeout_us = 8 * CLOCK_SECOND };

	(void)state;
	assert_int_equal(silence_patience_us(&silence), 8 * CLOCK_SECOND);
	assert_int_equal(silence_stay_us(&silence), 2 * CLOCK_SECOND);
}

static void
places_are_held_shorter_the_more_were_given_up(void **state)
{
	struct silence silence = { .timeout_us = 8 * CLOCK_SECOND };
	unsigned i;

	(void)state;
	assert_false(silence_lasts(&silence, 0));
	silence_met(&silence);
	assert_true(silence_lasts(&silence, 0));
	assert_int_equal(silence_stay_us(&silence), CLOCK_SECOND);
	for (i = 0; i < 1000; i++)
		silence_met(&silence);
	/* But as long as an answer takes. */
	assert_int_equal(silence_stay_us(&silence), 200 * CLOCK_MS);
	assert_int_equal(silence_patience_us(&silence), 8 * CLOCK_SECOND);
}

static void
who_waited_to_the_end_halves_the_time_of_the_next_once(void **state)
{
	struct silence silence = { .timeout_us = 8 * CLOCK_SECOND };
	unsigned i;

	(void)state;
	silence_endured(&silence, 0);
	silence_endured(&silence, 0);
	assert_int_equal(silence_patience_us(&silence), 4 * CLOCK_SECOND);
	silence_endured(&silence, 1);
	assert_int_equal(silence_patience_us(&silence), 2 * CLOCK_SECOND);
	for (i = 0; i < 100; i++)
		silence_endured(&silence, silence.halvings);
	assert_int_equal(silence_patience_us(&silence), 200 * CLOCK_MS);
}

static void
any_answer_makes_all_as_it_was(void **state)
{
	struct silence silence = { .timeout_us = 8 * CLOCK_SECOND };

	(void)state;
	silence_met(&silence);
	silence_endured(&silence, 0);
	assert_true(silence_lasts(&silence, 0));
	assert_false(silence_lasts(&silence, 1));
	assert_int_equal(silence_patience_us(&silence), 8 * CLOCK_SECOND);
	assert_int_equal(silence_stay_us(&silence), 2 * CLOCK_SECOND);
	/* Who began before that has no say any more. */
	silence_endured(&silence, 1);
	assert_int_equal(silence_patience_us(&silence), 8 * CLOCK_SECOND);
}

static void
a_time_shorter_than_an_answer_takes_is_what_was_asked_for(void **state)
{
	struct silence silence = { .timeout_us = 50 * CLOCK_MS };

	(void)state;
	assert_int_equal(silence_patience_us(&silence), 50 * CLOCK_MS);
	assert_int_equal(silence_stay_us(&silence), 50 * CLOCK_MS);
	silence_endured(&silence, 0);
	assert_int_equal(silence.halvings, 0);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(a_name_has_all_its_time_and_a_quarter_in_its_place),
	cmocka_unit_test(places_are_held_shorter_the_more_were_given_up),
	cmocka_unit_test(
		who_waited_to_the_end_halves_the_time_of_the_next_once),
	cmocka_unit_test(any_answer_makes_all_as_it_was),
	cmocka_unit_test(
		a_time_shorter_than_an_answer_takes_is_what_was_asked_for),
};

UNIT_MAIN("net/silence", tests)
