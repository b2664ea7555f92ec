/* SPDX-License-Identifier: MIT */
/*
 * shortage -- how many fetches go on when something runs out, and when more
 * are tried; the clock is ours.
 */
#include "config.h"

#include <errno.h>

#include "base/clock.h"
#include "core/shortage.h"
#include "net/fetch.h"
#include "unit.h"

#define MOST 100

static void
only_ports_and_files_before_the_request_are_a_shortage(void **state)
{
	static const struct {
		struct fetch_reply reply;
		enum holdup want;
	} cases[] = {
		{ { .code = CURLE_COULDNT_CONNECT,
		    .os_errno = EADDRNOTAVAIL }, HOLDUP_PORTS },
		{ { .code = CURLE_COULDNT_CONNECT, .os_errno = EMFILE },
		  HOLDUP_FILES },
		{ { .code = CURLE_COULDNT_CONNECT, .os_errno = ENFILE },
		  HOLDUP_FILES },
		{ { .code = CURLE_COULDNT_CONNECT, .os_errno = ECONNREFUSED },
		  HOLDUP_NONE },
		{ { .code = CURLE_COULDNT_CONNECT, .os_errno = EMFILE,
		    .refusal = FETCH_CANCELLED }, HOLDUP_NONE },
		{ { .code = CURLE_WRITE_ERROR, .os_errno = EMFILE },
		  HOLDUP_NONE },
		{ { .code = CURLE_OK, .os_errno = EADDRNOTAVAIL },
		  HOLDUP_NONE },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_int_equal(shortage_of(&cases[i].reply), cases[i].want);
}

static void
without_one_there_is_all_the_room(void **state)
{
	struct shortage shortage = { 0 };

	(void)state;
	assert_int_equal(shortage_room(&shortage, MOST, 1), MOST);
}

static void
as_many_go_on_as_got_through_and_more_are_tried(void **state)
{
	struct shortage shortage = { 0 };
	int64_t now_us = CLOCK_SECOND;
	size_t room, before = 28;
	int steps;

	(void)state;
	/* Of many that fail together the last one knows best. */
	assert_int_equal(shortage_hit(&shortage, HOLDUP_PORTS, 99, now_us), 0);
	assert_int_equal(shortage_hit(&shortage, HOLDUP_PORTS, 28, now_us), 0);
	assert_int_equal(shortage.why, HOLDUP_PORTS);
	assert_int_equal(shortage_room(&shortage, MOST, now_us), 28);
	assert_int_equal(shortage_room(&shortage, MOST, shortage.grow_us - 1),
		28);
	/* Once nothing fails any more it is over. */
	for (steps = 0; shortage.why != HOLDUP_NONE; steps++) {
		room = shortage_room(&shortage, MOST, shortage.grow_us);
		assert_true(room > before);
		before = room;
	}
	assert_int_equal(before, MOST);
	assert_in_range(steps, 2, 10);
}

static void
a_try_that_fails_makes_the_next_one_later(void **state)
{
	struct shortage shortage = { 0 };
	int64_t delay_us = 0, now_us = CLOCK_SECOND;
	int i;

	(void)state;
	shortage_hit(&shortage, HOLDUP_FILES, 0, now_us);
	for (i = 0; i < 10; i++) {
		assert_int_equal(shortage_room(&shortage, MOST, now_us), 0);
		assert_true(shortage.delay_us > delay_us ||
			shortage.delay_us == CLOCK_SECOND);
		delay_us = shortage.delay_us;
		now_us = shortage.grow_us;
		assert_int_equal(shortage_room(&shortage, MOST, now_us), 1);
		assert_int_equal(shortage_hit(&shortage, HOLDUP_FILES, 0,
			now_us), 0);
	}
	assert_int_equal(delay_us, CLOCK_SECOND);
	/* One that does not fail makes it soon again. */
	shortage_room(&shortage, MOST, shortage.grow_us);
	shortage_room(&shortage, MOST, shortage.grow_us);
	assert_true(shortage.delay_us < CLOCK_SECOND);
}

/* How long it is waited for with `under_way` others, in seconds. */
static int64_t
patience_s(size_t under_way)
{
	struct shortage shortage = { 0 };
	int64_t now_us = CLOCK_SECOND;

	shortage_hit(&shortage, HOLDUP_PORTS, under_way, now_us);
	while (now_us < 1000 * CLOCK_SECOND) {
		now_us = shortage.grow_us;
		shortage_room(&shortage, MOST, now_us);
		if (shortage_hit(&shortage, HOLDUP_PORTS, under_way,
		    now_us) != 0)
			break;
	}
	return now_us / CLOCK_SECOND;
}

static void
nobody_waits_for_ever_for_what_others_have(void **state)
{
	(void)state;
	assert_in_range(patience_s(0), 115, 125);
	/* What we have ourselves we will give back. */
	assert_true(patience_s(1) >= 1000);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(
		only_ports_and_files_before_the_request_are_a_shortage),
	cmocka_unit_test(without_one_there_is_all_the_room),
	cmocka_unit_test(as_many_go_on_as_got_through_and_more_are_tried),
	cmocka_unit_test(a_try_that_fails_makes_the_next_one_later),
	cmocka_unit_test(nobody_waits_for_ever_for_what_others_have),
};

UNIT_MAIN("core/shortage", tests)
