/* SPDX-License-Identifier: MIT */
/*
 * delivery -- each URL comes back once, no more are under way than asked for,
 * connections are kept where they are of use, and the sink sets the pace.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "conform/promise.h"
#include "conform/trip.h"
#include "conform/world.h"
#include "core/result.h"
#include "core/strategy.h"
#include "unit.h"

static int
goes_one_by_one(const struct strategy *strategy)
{
	return (strategy->caps & STRATEGY_ONE) != 0;
}

static void
every_url_comes_back_exactly_once(const struct strategy *strategy)
{
	static const struct {
		const char *note;
		unsigned n;
	} cases[] = {
		{ "an empty list", 0 },
		{ "one URL", 1 },
		{ "fewer than -c", 5 },
		{ "as many as -c", 8 },
		{ "many more than -c", 1000 },
	};
	struct trip trip;
	unsigned i, j;

	trip_init(&trip, strategy);
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		for (j = 0; j < cases[i].n; j++)
			trip_add(&trip, "%s/bytes/%u", world.here.url, j);
		trip_complete(&trip);
		trip_assert_all(&trip, cases[i].n);
		assert_int_equal(trip.n, cases[i].n);
		for (j = 1; j <= cases[i].n; j++)
			assert_int_equal(trip_final(&trip, j)->size_download,
				j - 1);
		assert_int_equal(trip.counters.ok, cases[i].n);
		trip_clear(&trip);
	}
	trip_release(&trip);
}

/* Redirects and retries included, as the server sees it. */
static void
never_more_than_c_are_under_way(const struct strategy *strategy)
{
	uint64_t most = goes_one_by_one(strategy) ? 1 : 7;
	struct trip trip;
	unsigned i;

	trip_init(&trip, strategy);
	trip.settings.concurrency = 7;
	trip.settings.verdict.retries = 1;
	trip.settings.verdict.retry_delay_us = CLOCK_MS;
	verdict_retry_on_parse(&trip.settings.verdict.retry_on, "503", NULL);
	for (i = 0; i < 15; i++) {
		trip_add(&trip, "%s/delay/10/%u", world.here.url, i);
		trip_add(&trip, "%s/redirect/1?to=/delay/10", world.here.url);
		trip_add(&trip, "%s/flaky/width%u/1", world.here.url, i);
		trip_add(&trip, "%s/drip?bytes=5&ms=2", world.here.url);
	}
	trip_complete(&trip);
	trip_assert_all(&trip, 60);
	/*
	 * How many processes a moment sees depends on how fast the machine
	 * makes them.
	 */
	if (strategy->zygote != NULL)
		assert_in_range(world_stat(&world.here, "in_flight_max"), 2,
			most);
	else
		assert_int_equal(world_stat(&world.here, "in_flight_max"),
			most);
	trip_release(&trip);
}

static void
connections_are_kept_while_their_origin_is_due_again(
	const struct strategy *strategy)
{
	size_t width = goes_one_by_one(strategy) ? 1 : 4, i;
	uint64_t connects = 0;
	struct trip trip;

	/* One that says so makes a connection for each fetch. */
	if (strategy->caps & STRATEGY_NO_REUSE)
		return;
	trip_init(&trip, strategy);
	trip.settings.concurrency = 4;
	/* Meanwhile the list is read: the origin is known to be due again. */
	for (i = 0; i < width; i++)
		trip_add(&trip, "%s/delay/200", world.here.url);
	for (; i < 200; i++)
		trip_add(&trip, "%s/bytes/100", world.here.url);
	trip_complete(&trip);
	trip_assert_all(&trip, 200);
	for (i = 0; i < trip.n; i++)
		connects += trip.records[i]->num_connects;
	/* One each; the first ones may have begun before it was known. */
	assert_in_range(connects, 1, 2 * width);
	/* Those of /stats itself are the server's as well. */
	assert_in_range(world_stat(&world.here, "connections"), connects,
		connects + 2);
	trip_release(&trip);
}

/* At the last but one record: all but the last URL's connection are gone. */
static int
look_for_kept_connections(struct trip *trip, const struct result *record,
	struct err *err)
{
	struct timespec moment = { .tv_nsec = 5000000 };
	uint64_t now = 0;
	int i;

	(void)record;
	if (++trip->seen < 30)
		return 0;
	/* The server may not have seen the last one close yet. */
	for (i = 0; i < 1000; i++) {
		now = world_stat(&world.here, "connections_now");
		if (now <= 2)
			break;
		nanosleep(&moment, NULL);
	}
	return err_set(err, ERR_IO, "%" PRIu64 " connections", now);
}

static void
connections_are_closed_when_their_origin_is_not_due_again(
	const struct strategy *strategy)
{
	char resolve[64];
	char *pins[] = { resolve };
	struct trip trip;
	unsigned i;

	trip_init(&trip, strategy);
	trip.on_record = look_for_kept_connections;
	snprintf(resolve, sizeof resolve, "*:%u:127.0.0.1", world.here.port);
	trip.settings.names.resolve = pins;
	trip.settings.names.n_resolve = 1;
	for (i = 0; i < 30; i++)
		trip_add(&trip, "http://host%u.test:%u/bytes/10", i,
			world.here.port);
	/* Holds the run open; the sink's failure ends it. */
	trip_add(&trip, "http://last.test:%u/silent", world.here.port);
	trip_run(&trip);
	assert_int_equal(trip.rc, -1);
	/* The silent one and the one that asks. */
	assert_string_equal(trip.err.text, "2 connections");
	trip_release(&trip);
}

/* Holds the first record back until the server is asked for no more. */
static int
block_until_quiet(struct trip *trip, const struct result *record,
	struct err *err)
{
	struct timespec moment = { .tv_nsec = 10000000 };
	uint64_t before, now = 0;
	int quiet = 0;

	(void)record;
	(void)err;
	if (trip->seen > 0)
		return 0;
	while (quiet < 30) {
		before = now;
		now = world_stat(&world.here, "requests");
		quiet = now == before ? quiet + 1 : 0;
		nanosleep(&moment, NULL);
	}
	trip->seen = now;
	return 0;
}

static void
a_slow_sink_loses_nothing_and_holds_the_fetching_back(
	const struct strategy *strategy)
{
	struct trip trip;
	unsigned i;

	trip_init(&trip, strategy);
	trip.on_record = block_until_quiet;
	for (i = 0; i < 4000; i++)
		trip_add(&trip, "%s/empty", world.here.url);
	trip_complete(&trip);
	trip_assert_all(&trip, 4000);
	/* Some thousand records may wait, whatever the list's length. */
	assert_in_range(trip.seen, 1, 3000);
	trip_release(&trip);
}

static int
fail_at_third(struct trip *trip, const struct result *record, struct err *err)
{
	(void)record;
	return ++trip->seen < 3 ? 0 :
		err_set(err, ERR_IO, "this sink is full");
}

static void
a_failing_sink_ends_the_run_with_its_error(const struct strategy *strategy)
{
	int64_t started_us = clock_us();
	struct trip trip;
	unsigned i;

	trip_init(&trip, strategy);
	trip.on_record = fail_at_third;
	for (i = 0; i < 5; i++)
		trip_add(&trip, "%s/bytes/1", world.here.url);
	for (i = 0; i < 5; i++)
		trip_add(&trip, "%s/silent", world.here.url);
	trip_run(&trip);
	assert_int_equal(trip.rc, -1);
	assert_int_equal(trip.err.code, ERR_IO);
	assert_string_equal(trip.err.text, "this sink is full");
	assert_int_equal(trip.n, 2);
	/* It did not wait for what is silent. */
	assert_in_range(trip.ended_us - started_us, 0, 5 * CLOCK_SECOND);
	trip_release(&trip);
}

static void
bad_lines_are_records_of_class_input(const struct strategy *strategy)
{
	const struct result *record;
	struct trip trip;

	trip_init(&trip, strategy);
	trip_add(&trip, "# a comment");
	trip_add(&trip, "%s/bytes/1", world.here.url);
	trip_add(&trip, "ftp://127.0.0.1/");
	trip_add(&trip, "%s/bytes/2", world.here.url);
	trip_add(&trip, "http://user:hidden@[::1/");
	trip_complete(&trip);
	trip_assert_all(&trip, 4);
	assert_true(trip_final(&trip, 1)->ok);
	assert_true(trip_final(&trip, 3)->ok);
	record = trip_final(&trip, 2);
	assert_false(record->ok);
	assert_int_equal(record->error_class, ERROR_INPUT);
	assert_string_equal(record->url, "ftp://127.0.0.1/");
	assert_non_null(strstr(record->errormsg, "list: line 3"));
	record = trip_final(&trip, 4);
	assert_int_equal(record->error_class, ERROR_INPUT);
	assert_non_null(strstr(record->errormsg, "list: line 5"));
	assert_null(strstr(record->errormsg, "hidden"));
	assert_null(strstr(record->url, "hidden"));
	trip_release(&trip);
}

static void
assert_times_in_order(const struct result *record)
{
	/* 0 is what the attempt did not come to. */
	const struct {
		const char *name;
		int64_t us;
	} times[] = {
		{ "redirect", record->time_redirect },
		{ "namelookup", record->time_namelookup },
		{ "connect", record->time_connect },
		{ "appconnect", record->time_appconnect },
		{ "starttransfer", record->time_starttransfer },
		{ "total", record->time_total },
	};
	size_t before = 0, i;

	assert_true(record->time_queue >= 0);
	for (i = 1; i < sizeof times / sizeof *times; i++) {
		if (times[i].us == 0)
			continue;
		if (times[i].us < times[before].us)
			fail_msg("%s: %s %" PRId64 ", %s %" PRId64,
				record->url, times[before].name,
				times[before].us, times[i].name, times[i].us);
		before = i;
	}
	assert_int_equal(times[before].us, record->time_total);
}

static void
times_of_a_record_are_in_order(const struct strategy *strategy)
{
	static const char *const paths[] = {
		"/delay/20", "/redirect/3", "/drip?bytes=3&ms=5", "/cut",
		"/reset", "/chunked/5000", "/redirect/2?to=/delay/20",
	};
	size_t n = sizeof paths / sizeof *paths, i;
	const struct result *record;
	struct trip trip;

	trip_init(&trip, strategy);
	for (i = 0; i < n; i++)
		trip_add(&trip, "%s%s", world.here.url, paths[i]);
	trip_add(&trip, "%s", world.refusing);
	trip_add(&trip, "http://nx.test/");
	trip_complete(&trip);
	trip_assert_all(&trip, n + 2);
	for (i = 0; i < trip.n; i++)
		assert_times_in_order(trip.records[i]);
	assert_true(trip_final(&trip, 1)->time_starttransfer >=
		20 * CLOCK_MS);
	record = trip_final(&trip, 7);
	assert_true(record->time_redirect > 0);
	assert_true(record->time_total - record->time_redirect >=
		20 * CLOCK_MS);
	trip_release(&trip);
}

static const struct promise promises[] = {
	PROMISE(every_url_comes_back_exactly_once),
	PROMISE(never_more_than_c_are_under_way),
	PROMISE(connections_are_kept_while_their_origin_is_due_again),
	PROMISE(connections_are_closed_when_their_origin_is_not_due_again),
	PROMISE(a_slow_sink_loses_nothing_and_holds_the_fetching_back),
	PROMISE(a_failing_sink_ends_the_run_with_its_error),
	PROMISE(bad_lines_are_records_of_class_input),
	PROMISE(times_of_a_record_are_in_order),
};

const struct promise_set promises_delivery = { PROMISE_ROWS(promises) };
