/* SPDX-License-Identifier: MIT */
/*
 * Statistics: what counts as what, and phases that add up.
 */
#include "config.h"

#include "core/stats.h"
#include "unit.h"

static char http_url[] = "http://h/";
static char https_url[] = "https://h/";

#define MS INT64_C(1000)

/* Times in ms: redirect, namelookup, connect, appconnect, first byte, total;
 * then what is expected of each phase behind the queue. */
static const struct {
	const char *note;
	char *url;
	enum error_class class;
	uint64_t connects;
	int64_t times[6];
	int64_t phases[7];	/* redirect dns connect tls wait body
				 * unknown */
} splits[] = {
	{ "new connection, TLS", https_url, ERROR_NONE, 1,
		{ 0, 10, 30, 70, 100, 150 }, { 0, 10, 20, 40, 30, 50 } },
	{ "new connection, no TLS", http_url, ERROR_NONE, 1,
		{ 0, 10, 30, 0, 100, 150 }, { 0, 10, 20, 0, 70, 50 } },
	{ "address in the URL", http_url, ERROR_NONE, 1,
		{ 0, 0, 5, 0, 20, 30 }, { 0, 0, 5, 0, 15, 10 } },
	{ "reused connection, no marks", http_url, ERROR_NONE, 0,
		{ 0, 0, 0, 0, 20, 30 }, { 0, 0, 0, 0, 20, 10 } },
	{ "reused TLS connection, equal marks", https_url, ERROR_NONE, 0,
		{ 0, 1, 1, 0, 20, 30 }, { 0, 1, 0, 0, 19, 10 } },
	{ "redirect, then a new connection", https_url, ERROR_NONE, 2,
		{ 200, 210, 230, 270, 300, 350 },
		{ 200, 10, 20, 40, 30, 50 } },
	{ "redirect, then reused, marks of the first hop", http_url,
		ERROR_NONE, 1,
		{ 200, 10, 30, 0, 220, 230 }, { 200, 0, 0, 0, 20, 10 } },
	{ "empty body", http_url, ERROR_HTTP, 1,
		{ 0, 10, 30, 0, 100, 100 }, { 0, 10, 20, 0, 70, 0 } },
	{ "no such name", http_url, ERROR_DNS, 0,
		{ 0, 0, 0, 0, 0, 40 }, { 0, 40, 0, 0, 0, 0 } },
	{ "no such name, with the look-up's end", http_url, ERROR_DNS, 0,
		{ 0, 30, 0, 0, 0, 40 }, { 0, 40, 0, 0, 0, 0 } },
	{ "time-out in the look-up", http_url, ERROR_TIMEOUT, 0,
		{ 0, 0, 0, 0, 0, 40 }, { 0, 40, 0, 0, 0, 0 } },
	{ "refused", http_url, ERROR_CONNECT, 0,
		{ 0, 10, 0, 0, 0, 12 }, { 0, 10, 2, 0, 0, 0 } },
	{ "refused, address in the URL", http_url, ERROR_CONNECT, 0,
		{ 0, 0, 0, 0, 0, 12 }, { 0, 0, 12, 0, 0, 0 } },
	{ "time-out in connecting", https_url, ERROR_TIMEOUT, 0,
		{ 0, 10, 0, 0, 0, 90 }, { 0, 10, 80, 0, 0, 0 } },
	{ "bad certificate", https_url, ERROR_TLS, 1,
		{ 0, 10, 30, 0, 0, 90 }, { 0, 10, 20, 60, 0, 0 } },
	{ "time-out in the handshake", https_url, ERROR_TIMEOUT, 1,
		{ 0, 10, 30, 0, 0, 90 }, { 0, 10, 20, 60, 0, 0 } },
	{ "time-out before the first byte", http_url, ERROR_TIMEOUT, 1,
		{ 0, 10, 30, 0, 0, 90 }, { 0, 10, 20, 0, 60, 0 } },
	{ "the same over TLS", https_url, ERROR_TIMEOUT, 1,
		{ 0, 10, 30, 50, 0, 90 }, { 0, 10, 20, 20, 40, 0 } },
	{ "the same on a reused TLS connection", https_url, ERROR_TIMEOUT, 0,
		{ 0, 1, 1, 0, 0, 90 }, { 0, 1, 0, 0, 89, 0 } },
	{ "cut body", http_url, ERROR_BODY, 1,
		{ 0, 10, 30, 0, 40, 90 }, { 0, 10, 20, 0, 10, 50 } },
	{ "name of the second hop fails", http_url, ERROR_DNS, 1,
		{ 200, 0, 0, 0, 0, 240 }, { 200, 40, 0, 0, 0, 0 } },
	{ "second hop refused", http_url, ERROR_CONNECT, 1,
		{ 200, 205, 0, 0, 0, 240 }, { 200, 5, 35, 0, 0, 0 } },
	{ "redirect that is refused", http_url, ERROR_REDIRECT, 1,
		{ 0, 10, 30, 0, 40, 41 }, { 0, 10, 20, 0, 10, 1 } },
	{ "ended with its process", http_url, ERROR_STOPPED, 0,
		{ 0, 0, 0, 0, 0, 90 }, { 0, 0, 0, 0, 0, 0, 90 } },
	{ "the same after a look-up and a redirect", http_url, ERROR_LOCAL, 0,
		{ 50, 60, 0, 0, 0, 90 }, { 50, 10, 0, 0, 0, 0, 30 } },
	{ "no URL at all", http_url, ERROR_INPUT, 0,
		{ 0, 0, 0, 0, 0, 0 }, { 0, 0, 0, 0, 0, 0 } },
	{ "clocks that disagree", http_url, ERROR_NONE, 1,
		{ 0, 20, 10, 0, 200, 150 }, { 0, 20, 0, 0, 130, 0 } },
};

#define SPLITS (sizeof splits / sizeof *splits)

static struct result
split_result(size_t i)
{
	const int64_t *times = splits[i].times;

	return (struct result){
		.url = splits[i].url,
		.error_class = splits[i].class,
		.ok = splits[i].class == ERROR_NONE,
		.final = 1,
		.attempt = 1,
		.num_connects = splits[i].connects,
		.untold = splits[i].phases[6] > 0,
		.time_queue = 7 * MS,
		.time_redirect = times[0] * MS,
		.time_namelookup = times[1] * MS,
		.time_connect = times[2] * MS,
		.time_appconnect = times[3] * MS,
		.time_starttransfer = times[4] * MS,
		.time_total = times[5] * MS,
	};
}

static void
time_is_split_into_the_right_phases(void **state)
{
	int64_t phases[STATS_PHASE_COUNT];
	size_t i, phase;

	(void)state;
	for (i = 0; i < SPLITS; i++) {
		struct result result = split_result(i);

		print_message("%s\n", splits[i].note);
		stats_split(&result, phases);
		assert_int_equal(phases[STATS_QUEUE], 7 * MS);
		for (phase = STATS_REDIRECT; phase < STATS_PHASE_COUNT;
		    phase++)
			assert_int_equal(phases[phase],
				splits[i].phases[phase - 1] * MS);
	}
}

static void
phases_add_up_to_the_total(void **state)
{
	struct stats *stats = test_malloc(sizeof *stats);
	int64_t sum = 0;
	int64_t total = 0;
	size_t i;

	(void)state;
	stats_init(stats);
	for (i = 0; i < SPLITS; i++) {
		struct result result = split_result(i);

		stats_add(stats, &result);
		total += result.time_total;
	}
	for (i = STATS_QUEUE + 1; i < STATS_PHASE_COUNT; i++)
		sum += stats->phases[i];
	assert_int_equal(sum, total);
	assert_int_equal(stats->time_total, total);
	assert_int_equal(stats->phases[STATS_QUEUE],
		(int64_t)SPLITS * 7 * MS);
	stats_release(stats);
	test_free(stats);
}

static void
counters_count_attempts_and_urls_apart(void **state)
{
	struct result results[] = {
		{ .ok = 1, .final = 1, .attempt = 1, .response_code = 200,
			.size_download = 10, .num_connects = 1,
			.num_redirects = 2, .time_total = 5 },
		{ .attempt = 1, .error_class = ERROR_HTTP,
			.response_code = 503, .time_total = 900 },
		{ .attempt = 2, .error_class = ERROR_TIMEOUT, .final = 1,
			.size_download = 5, .time_total = 700 },
		{ .attempt = 1, .error_class = ERROR_HTTP, .final = 1,
			.response_code = 404, .time_total = 600 },
		{ .attempt = 1, .error_class = ERROR_STOPPED },
		{ .ok = 1, .final = 1, .attempt = 3, .response_code = 304,
			.num_connects = 1, .time_total = 7 },
		{ .error_class = ERROR_INPUT, .final = 1, .attempt = 1 },
		{ .attempt = 1, .error_class = ERROR_HTTP, .final = 1,
			.response_code = 4711, .time_total = 600 },
	};
	struct stats *stats = test_malloc(sizeof *stats);
	struct stats_counters counters;
	size_t i;

	(void)state;
	stats_init(stats);
	for (i = 0; i < sizeof results / sizeof *results; i++)
		stats_add(stats, &results[i]);
	counters = stats->counters;
	assert_int_equal(counters.attempts, 8);
	assert_int_equal(counters.retries, 2);
	assert_int_equal(counters.finals, 6);
	assert_int_equal(counters.ok, 2);
	assert_int_equal(stats_failures(&counters), 4);
	assert_int_equal(counters.failed[ERROR_HTTP], 2);
	assert_int_equal(counters.failed[ERROR_TIMEOUT], 1);
	assert_int_equal(counters.failed[ERROR_INPUT], 1);
	assert_int_equal(counters.failed[ERROR_STOPPED], 1);
	assert_int_equal(counters.failed[ERROR_DNS], 0);
	assert_int_equal(counters.bytes, 15);
	assert_int_equal(counters.redirects, 2);
	assert_int_equal(counters.connects, 2);
	assert_int_equal(counters.status_class[0], 4);
	assert_int_equal(counters.status_class[2], 1);
	assert_int_equal(counters.status_class[5], 1);
	assert_int_equal(stats->status[503], 1);
	assert_int_equal(stats->status[304], 1);
	assert_int_equal(stats->status[0], 4);
	assert_int_equal(stats->ok_time.count, 2);
	assert_int_equal(stats->ok_time.max, 7);
	assert_int_equal(stats->failed_time.count, 4);
	assert_int_equal(stats->failed_time.max, 700);
	stats_release(stats);
	test_free(stats);
}

/* What was in flight at the deadline was an attempt; the rest of the list was
 * none, and is no reply without a status either. */
static void
what_was_left_out_is_no_attempt(void **state)
{
	struct result results[] = {
		{ .attempt = 1, .error_class = ERROR_DEADLINE,
			.time_total = 50 },
		{ .attempt = 1, .error_class = ERROR_DEADLINE,
			.time_queue = 70 },
		{ .attempt = 1, .error_class = ERROR_HTTP,
			.response_code = 503, .time_total = 20 },
		{ .attempt = 2, .error_class = ERROR_DEADLINE },
	};
	struct stats *stats = test_malloc(sizeof *stats);
	size_t i;

	(void)state;
	stats_init(stats);
	for (i = 0; i < sizeof results / sizeof *results; i++)
		stats_add(stats, &results[i]);
	assert_int_equal(stats->counters.attempts, 2);
	assert_int_equal(stats->counters.retries, 0);
	assert_int_equal(stats->counters.finals, 0);
	assert_int_equal(stats->counters.again, 0);
	assert_int_equal(stats->counters.failed[ERROR_DEADLINE], 3);
	assert_int_equal(stats_failures(&stats->counters), 0);
	assert_int_equal(stats->status[0], 1);
	assert_int_equal(stats->phases[STATS_QUEUE], 0);
	assert_int_equal(stats->time_total, 70);
	stats_release(stats);
	test_free(stats);
}

/* A run may be over before they are. */
static void
urls_to_be_tried_again_are_counted(void **state)
{
	static const struct {
		uint64_t attempt;
		int final;
		enum error_class class;
		uint64_t again;
	} results[] = {
		{ 1, 0, ERROR_HTTP, 1 },
		{ 1, 1, ERROR_HTTP, 1 },
		{ 1, 0, ERROR_CONNECT, 2 },
		{ 2, 0, ERROR_CONNECT, 2 },
		{ 2, 1, ERROR_NONE, 1 },
		{ 1, 0, ERROR_STOPPED, 1 },
		{ 3, 0, ERROR_STOPPED, 0 },
	};
	struct stats stats;
	size_t i;

	(void)state;
	stats_init(&stats);
	for (i = 0; i < sizeof results / sizeof *results; i++) {
		stats_add(&stats, &(struct result){
			.attempt = results[i].attempt,
			.final = results[i].final,
			.ok = results[i].class == ERROR_NONE,
			.error_class = results[i].class,
		});
		assert_int_equal(stats.counters.again, results[i].again);
	}
	assert_int_equal(stats.counters.failed[ERROR_STOPPED], 2);
	stats_release(&stats);
}

static void
each_phase_has_a_name(void **state)
{
	enum stats_phase phase;

	(void)state;
	for (phase = 0; phase < STATS_PHASE_COUNT; phase++)
		assert_true(strlen(stats_phase_name(phase)) > 0);
}

static void
bodies_in_stages_are_counted_apart(void **state)
{
	static const struct {
		int posted, ok, final;
		enum error_class class;
		int64_t wall, cpu, queue;
	} results[] = {
		{ 1, 1, 1, ERROR_NONE, 5000, 4000, 10 },
		{ 1, 0, 1, ERROR_EXEC, 7000, 1000, 30 },
		{ 1, 0, 0, ERROR_STOPPED, 0, 0, 20 },
		{ 0, 0, 1, ERROR_DNS, 9, 9, 9 },
	};
	struct stats stats;
	size_t i;

	(void)state;
	stats_init(&stats);
	for (i = 0; i < sizeof results / sizeof *results; i++)
		stats_add(&stats, &(struct result){
			.attempt = 1, .posted = results[i].posted,
			.ok = results[i].ok, .final = results[i].final,
			.error_class = results[i].class,
			.time_post = results[i].wall,
			.time_post_cpu = results[i].cpu,
			.time_post_queue = results[i].queue,
		});
	assert_int_equal(stats.post.bodies, 3);
	assert_int_equal(stats.post.failed, 1);
	assert_int_equal(stats.post.wall_us, 12000);
	assert_int_equal(stats.post.cpu_us, 5000);
	assert_int_equal(stats.post.queue.count, 3);
	assert_int_equal(stats.post.queue.max, 30);
	stats_release(&stats);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(bodies_in_stages_are_counted_apart),
	cmocka_unit_test(what_was_left_out_is_no_attempt),
	cmocka_unit_test(urls_to_be_tried_again_are_counted),
	cmocka_unit_test(time_is_split_into_the_right_phases),
	cmocka_unit_test(phases_add_up_to_the_total),
	cmocka_unit_test(counters_count_attempts_and_urls_apart),
	cmocka_unit_test(each_phase_has_a_name),
};

UNIT_MAIN("core/stats", tests)
