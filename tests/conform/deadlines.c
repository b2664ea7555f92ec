/* SPDX-License-Identifier: MIT */
/*
 * deadlines -- at its deadline a run ends whatever it is waiting for, and each
 * URL of the list has a record that says what is left to do.
 */
#include "config.h"

#include "base/clock.h"
#include "base/mem.h"
#include "conform/promise.h"
#include "conform/trip.h"
#include "conform/world.h"
#include "core/result.h"
#include "core/strategy.h"
#include "unit.h"

#define DEADLINE (300 * CLOCK_MS)

/* Runs, which must end soon after its deadline, and without an error. */
static void
run_until_due(struct trip *trip)
{
	int64_t begun_us = clock_us();

	trip->settings.deadline_us = DEADLINE;
	trip_complete(trip);
	assert_in_range(trip->ended_us - begun_us, DEADLINE, DEADLINE + SOON);
}

static int
is_left_out(const struct result *record)
{
	return record->error_class == ERROR_DEADLINE && !record->final &&
		!record->ok;
}

/* Of n URLs each has one record: it went well, or it was left out. */
static void
assert_done_or_left_out(const struct trip *trip, uint64_t n)
{
	unsigned char *seen = mem_array(n + 1, 1);
	uint64_t left_out = 0;
	size_t i;

	assert_int_equal(trip->n, n);
	for (i = 0; i < n; i++) {
		const struct result *record = trip->records[i];

		assert_in_range(record->seq, 1, n);
		assert_int_equal(seen[record->seq]++, 0);
		assert_true(is_left_out(record) != (record->ok &&
			record->final));
		left_out += (uint64_t)is_left_out(record);
	}
	free(seen);
	assert_int_equal(trip->counters.failed[ERROR_DEADLINE], left_out);
	assert_int_equal(trip->counters.ok, n - left_out);
}

/* Far more than is ever read ahead. */
static void
what_is_not_done_in_time_is_left_out(const struct strategy *strategy)
{
	struct trip trip;
	unsigned i;

	trip_init(&trip, strategy);
	for (i = 0; i < 20; i++)
		trip_add(&trip, "%s/bytes/10", world.here.url);
	for (i = 0; i < 10000; i++)
		trip_add(&trip, "%s/silent/%u", world.here.url, i);
	run_until_due(&trip);
	assert_done_or_left_out(&trip, 10020);
	assert_in_range(trip.counters.ok, 0, 20);
	trip_release(&trip);
}

static void
what_is_done_in_time_is_all(const struct strategy *strategy)
{
	struct trip trip;
	unsigned i;

	trip_init(&trip, strategy);
	for (i = 0; i < 30; i++)
		trip_add(&trip, "%s/bytes/10", world.here.url);
	trip.settings.deadline_us = 3600 * CLOCK_SECOND;
	trip_complete(&trip);
	trip_assert_all(&trip, 30);
	assert_int_equal(trip.counters.failed[ERROR_DEADLINE], 0);
	trip_release(&trip);
}

static void
the_deadline_cuts_bodies_and_headers(const struct strategy *strategy)
{
	static const char *const paths[] = { "/drip?bytes=100000&ms=20",
		"/slow-headers?ms=1000", "/endless", "/redirect/1000000?code=307"
	};
	struct trip trip;
	size_t i;

	trip_init(&trip, strategy);
	trip.settings.verdict.max_redirs = 1000000;
	for (i = 0; i < sizeof paths / sizeof *paths; i++)
		trip_add(&trip, "%s%s", world.here.url, paths[i]);
	run_until_due(&trip);
	assert_done_or_left_out(&trip, 4);
	assert_int_equal(trip.counters.ok, 0);
	trip_release(&trip);
}

/* The attempt that failed has its record, the one that did not begin too. */
static void
the_deadline_ends_the_wait_for_a_retry(const struct strategy *strategy)
{
	struct trip trip;

	trip_init(&trip, strategy);
	trip.settings.verdict.retries = 5;
	verdict_retry_on_parse(&trip.settings.verdict.retry_on, "503", NULL);
	trip_add(&trip, "%s/status/503?retry-after=200", world.here.url);
	run_until_due(&trip);
	assert_in_range(trip.n, 1, 2);
	assert_true(is_left_out(trip.records[trip.n - 1]));
	assert_int_equal(trip.records[trip.n - 1]->attempt, trip.n);
	if (trip.n == 2)
		assert_int_equal(trip.records[0]->error_class, ERROR_HTTP);
	assert_int_equal(trip.counters.again, 0);
	trip_release(&trip);
}

static void
the_deadline_ends_the_wait_for_a_name(const struct strategy *strategy)
{
	struct trip trip;

	trip_init(&trip, strategy);
	trip.settings.names.timeout_us = 20 * CLOCK_SECOND;
	trip_add(&trip, "http://silent.test:%u/", world.here.port);
	trip_add(&trip, "http://silent-too.test:%u/", world.here.port);
	run_until_due(&trip);
	assert_done_or_left_out(&trip, 2);
	trip_release(&trip);
}

/* One run leaves nothing behind that would cut off the next. */
static void
a_run_after_one_that_was_cut_is_whole(const struct strategy *strategy)
{
	struct trip trip;
	unsigned i;

	trip_init(&trip, strategy);
	trip_add(&trip, "%s/silent", world.here.url);
	run_until_due(&trip);
	trip_clear(&trip);
	for (i = 0; i < 30; i++)
		trip_add(&trip, "%s/bytes/10", world.here.url);
	trip.settings.deadline_us = 0;
	trip_complete(&trip);
	trip_assert_all(&trip, 30);
	trip_release(&trip);
}

static const struct promise promises[] = {
	PROMISE(what_is_not_done_in_time_is_left_out),
	PROMISE(what_is_done_in_time_is_all),
	PROMISE(the_deadline_cuts_bodies_and_headers),
	PROMISE(the_deadline_ends_the_wait_for_a_retry),
	PROMISE(the_deadline_ends_the_wait_for_a_name),
	PROMISE(a_run_after_one_that_was_cut_is_whole),
};

const struct promise_set promises_deadlines = { PROMISE_ROWS(promises) };
