/* SPDX-License-Identifier: MIT */
/*
 * What was in the way, and how long: the times of all reasons together are
 * that of the whole.
 */
#include "config.h"

#include "base/clock.h"
#include "core/holdup.h"
#include "unit.h"

static void
each_reason_has_its_time_and_all_add_up(void **state)
{
	struct holdup_clock clock = { .since_us = clock_us() };
	int64_t began_us = clock.since_us, sum = 0;
	int why;

	(void)state;
	holdup_set(&clock, HOLDUP_NAMES);
	while (clock_us() < clock.since_us + 2000)
		continue;
	holdup_set(&clock, HOLDUP_NAMES);
	assert_int_equal(clock.us[HOLDUP_NAMES], 0);
	holdup_set(&clock, HOLDUP_WRITER);
	assert_true(clock.us[HOLDUP_NAMES] >= 2000);
	holdup_set(&clock, HOLDUP_NONE);
	for (why = 0; why < HOLDUP_COUNT; why++)
		sum += clock.us[why];
	assert_int_equal(sum, clock.since_us - began_us);
	assert_int_equal(clock.us[HOLDUP_LIST], 0);
}

static void
each_reason_has_a_name_and_words(void **state)
{
	int why;

	(void)state;
	for (why = 0; why < HOLDUP_COUNT; why++) {
		assert_true(holdup_name((enum holdup)why)[0] != '\0');
		assert_true(holdup_words((enum holdup)why)[0] != '\0');
	}
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(each_reason_has_its_time_and_all_add_up),
	cmocka_unit_test(each_reason_has_a_name_and_words),
};

UNIT_MAIN("core/holdup", tests)
