/* SPDX-License-Identifier: MIT */
/*
 * retries -- how often a URL is tried, when, and what each attempt leaves.
 */
#include "config.h"

#include "base/clock.h"
#include "conform/promise.h"
#include "conform/trip.h"
#include "conform/world.h"
#include "core/result.h"
#include "unit.h"

static void
trip_init_retries(struct trip *trip, const struct strategy *strategy,
	uint64_t retries)
{
	struct verdict_policy *policy;

	trip_init(trip, strategy);
	policy = &trip->settings.verdict;
	policy->retries = retries;
	policy->retry_delay_us = CLOCK_MS;
	assert_int_equal(verdict_retry_on_parse(&policy->retry_on,
		"dns,timeout,reset,empty_reply,cut,429,503", &trip->err), 0);
}

/* The record of the attempt before the final one and so on are in order. */
static void
each_attempt_is_a_record_and_the_last_is_final(const struct strategy *strategy)
{
	struct trip trip;
	size_t i;

	trip_init_retries(&trip, strategy, 2);
	trip_add(&trip, "%s/flaky/a/2", world.here.url);
	trip_complete(&trip);
	assert_int_equal(trip.n, 3);
	for (i = 0; i < 3; i++) {
		assert_int_equal(trip.records[i]->seq, 1);
		assert_int_equal(trip.records[i]->attempt, i + 1);
		assert_int_equal(trip.records[i]->final, i == 2);
		assert_int_equal(trip.records[i]->ok, i == 2);
		assert_int_equal(trip.records[i]->response_code,
			i == 2 ? 200 : 503);
	}
	assert_int_equal(trip.counters.finals, 1);
	assert_int_equal(trip.counters.retries, 2);
	trip_release(&trip);
}

struct trial {
	const char *note, *path;
	uint64_t retries, attempts;
	int ok;
};

static const struct trial trials[] = {
	{ "no retries", "/flaky/none/1", 0, 1, 0 },
	{ "not enough of them", "/flaky/few/3", 2, 3, 0 },
	{ "a reset may pass", "/reset-first/b/1", 1, 2, 1 },
	{ "a cut stays", "/cut", 2, 3, 0 },
	{ "404 is an answer", "/status/404", 2, 1, 0 },
	{ "500 is not in the list", "/status/500", 2, 1, 0 },
	{ "200 needs none", "/bytes/1", 2, 1, 1 },
	{ "longer than our patience", "/status/503?retry-after=301", 2, 1, 0 },
};

static void
only_what_may_pass_is_tried_again(const struct strategy *strategy)
{
	size_t i;

	for (i = 0; i < sizeof trials / sizeof *trials; i++) {
		const struct trial *trial = &trials[i];
		struct trip trip;

		trip_init_retries(&trip, strategy, trial->retries);
		trip_add(&trip, "%s%s", world.here.url, trial->path);
		trip_complete(&trip);
		trip_assert_all(&trip, 1);
		if (trip.n != trial->attempts ||
		    trip_final(&trip, 1)->ok != trial->ok ||
		    trip_final(&trip, 1)->attempt != trial->attempts)
			fail_msg("%s: %zu attempts", trial->note, trip.n);
		trip_release(&trip);
	}
}

static void
retry_after_is_waited_for(const struct strategy *strategy)
{
	struct trip trip;

	trip_init_retries(&trip, strategy, 1);
	trip_add(&trip, "%s/flaky/patient/1?retry-after=1", world.here.url);
	trip_complete(&trip);
	assert_int_equal(trip.n, 2);
	assert_true(trip_final(&trip, 1)->ok);
	assert_in_range(trip.records[1]->timestamp -
		trip.records[0]->timestamp, CLOCK_SECOND, 10 * CLOCK_SECOND);
	/* Waiting for its time is not queueing. */
	assert_in_range(trip.records[1]->time_queue, 0, CLOCK_SECOND / 2);
	trip_release(&trip);
}

/* The first one's pause is a second; the rest need no more than that. */
static void
a_waiting_url_does_not_hold_up_the_others(const struct strategy *strategy)
{
	struct trip trip;
	unsigned i;

	trip_init_retries(&trip, strategy, 1);
	trip_add(&trip, "%s/flaky/first/1?retry-after=1", world.here.url);
	for (i = 0; i < 20; i++)
		trip_add(&trip, "%s/bytes/1", world.here.url);
	trip_complete(&trip);
	trip_assert_all(&trip, 21);
	assert_int_equal(trip.n, 22);
	assert_int_equal(trip.records[21]->seq, 1);
	assert_true(trip.records[21]->ok);
	trip_release(&trip);
}

static void
a_retry_starts_at_the_first_hop_again(const struct strategy *strategy)
{
	const struct result *record;
	struct trip trip;

	trip_init_retries(&trip, strategy, 1);
	trip_add(&trip, "%s/redirect/2?to=/flaky/hops/1", world.here.url);
	trip_complete(&trip);
	assert_int_equal(trip.n, 2);
	assert_int_equal(trip.records[0]->response_code, 503);
	assert_int_equal(trip.records[0]->num_redirects, 2);
	record = trip_final(&trip, 1);
	assert_true(record->ok);
	assert_int_equal(record->num_redirects, 2);
	/* 3 + 3, and nothing else was asked. */
	assert_int_equal(world_stat(&world.here, "requests"), 6);
	trip_release(&trip);
}

static const struct promise promises[] = {
	PROMISE(each_attempt_is_a_record_and_the_last_is_final),
	PROMISE(only_what_may_pass_is_tried_again),
	PROMISE(retry_after_is_waited_for),
	PROMISE(a_waiting_url_does_not_hold_up_the_others),
	PROMISE(a_retry_starts_at_the_first_hop_again),
};

const struct promise_set promises_retries = { PROMISE_ROWS(promises) };
