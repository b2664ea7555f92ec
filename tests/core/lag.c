/* SPDX-License-Identifier: MIT */
/* How late a loop is, as what is due in it tells. */
#include "config.h"

#include <event2/event.h>

#include "base/clock.h"
#include "core/histogram.h"
#include "core/lag.h"
#include "unit.h"

/* Keeps the loop from everything else for that long. */
static void
hog(evutil_socket_t fd, short what, void *arg)
{
	int64_t until = clock_us() + *(const int64_t *)arg;

	(void)fd;
	(void)what;
	while (clock_us() < until)
		;
}

/* Hogs it once, and ends it some time later. */
static void
run_loop(int64_t hog_us, struct histogram *late)
{
	static const struct timeval soon = { .tv_usec = 5000 };
	const struct timeval end = { .tv_usec = 200000 };
	struct event_base *base = event_base_new();
	struct lag lag;

	histogram_init(late);
	lag_start(&lag, base, late);
	event_base_once(base, -1, EV_TIMEOUT, hog, &hog_us, &soon);
	event_base_loopexit(base, &end);
	event_base_dispatch(base);
	lag_stop(&lag);
	event_base_free(base);
}

/* A timer of the loop's own would be late by half of the kernel's tick. A
 * machine with more to do than it can is given several chances. */
static void
a_loop_with_nothing_to_do_is_in_time(void **state)
{
	struct histogram late;
	int64_t usual = 0;
	int i;

	(void)state;
	for (i = 0; i < 10; i++) {
		run_loop(0, &late);
		usual = histogram_percentile(&late, 50);
		histogram_release(&late);
		if (usual < CLOCK_MS)
			break;
	}
	assert_true(usual < CLOCK_MS);
}

static void
a_loop_that_is_held_up_is_late_by_as_much(void **state)
{
	struct histogram late;

	(void)state;
	run_loop(100 * CLOCK_MS, &late);
	/* Held up for 100 ms, from 5 ms on or, on a busy machine, later: a
	 * timer was due within 10 ms from then. */
	assert_true(late.max >= 90 * CLOCK_MS);
	/* Each timer that would have come meanwhile is counted. */
	assert_true(late.count >= 10);
	assert_true(histogram_percentile(&late, 75) >= 30 * CLOCK_MS);
	histogram_release(&late);
}

/* The loop's last callback. */
static void
hog_and_end(evutil_socket_t fd, short what, void *arg)
{
	static int64_t us = 50 * CLOCK_MS;

	hog(fd, what, &us);
	event_base_loopbreak(arg);
}

static void
a_loop_that_is_held_up_to_its_end_was_late(void **state)
{
	static const struct timeval now;
	struct event_base *base = event_base_new();
	struct histogram late;
	struct lag lag;

	(void)state;
	histogram_init(&late);
	lag_start(&lag, base, &late);
	event_base_once(base, -1, EV_TIMEOUT, hog_and_end, base, &now);
	event_base_dispatch(base);
	lag_stop(&lag);
	assert_true(late.max >= 39 * CLOCK_MS);
	assert_true(late.count >= 4);
	histogram_release(&late);
	event_base_free(base);
}

static void
nothing_is_sampled_before_the_first_timer(void **state)
{
	struct event_base *base = event_base_new();
	struct histogram late;
	struct lag lag;

	(void)state;
	histogram_init(&late);
	lag_start(&lag, base, &late);
	lag.due_us = INT64_MAX;	/* however slow this machine is */
	lag_stop(&lag);
	event_base_dispatch(base);
	assert_int_equal(late.count, 0);
	histogram_release(&late);
	event_base_free(base);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(a_loop_with_nothing_to_do_is_in_time),
	cmocka_unit_test(a_loop_that_is_held_up_is_late_by_as_much),
	cmocka_unit_test(a_loop_that_is_held_up_to_its_end_was_late),
	cmocka_unit_test(nothing_is_sampled_before_the_first_timer),
};

UNIT_MAIN("core/lag", tests)
