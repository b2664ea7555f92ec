/* SPDX-License-Identifier: MIT */
/*
 * The summary: figures in words and as JSON, whatever they are.
 */
#include "config.h"

#include "base/buf.h"
#include "cli/report.h"
#include "cli/report_json.h"
#include "unit.h"

static const struct report usual = {
	.strategy = "async", .concurrency = 64,
	.wall_us = 2000000, .user_us = 1000000, .system_us = 500000,
	.peak_bytes = 12u << 20,
	.counters = {
		.attempts = 1300, .retries = 66, .finals = 1234, .ok = 1200,
		.failed = { [ERROR_DNS] = 30, [ERROR_HTTP] = 4 },
		.bytes = 1268777, .redirects = 7, .connects = 100,
	},
	.phases = { [STATS_QUEUE] = 99, [STATS_DNS] = 250,
		[STATS_BODY] = 750 },
	.time_total = 1000,
	.min_us = 1, .mean_us = 2, .p50_us = 3000, .p90_us = 34500,
	.p95_us = 40000, .p99_us = 50000, .max_us = 125000000,
	.names_asked = 9, .names_cached = 8,
};

static void
text_of(const struct report *report, struct buf *out)
{
	buf_init(out, 1 << 16);
	report_add_text(out, report);
	assert_false(out->full);
}

static void
people_get_lines(void **state)
{
	static const char expected[] =
		"1,234 URLs: 1,200 ok, 34 failed (dns 30, http 4)\n"
		"  1.21 MiB, redirects 7, retries 66, connections 100, "
		"names asked for 9\n"
		"  time per URL: p50 3.00 ms, p90 34.5 ms, p95 40.0 ms, "
		"p99 50.0 ms, "
		"max 2 m 05 s\n"
		"  spent in: dns 25.0 %, body 75.0 %\n"
		"  cpu: 1.00 s user, 500 ms system, 1.15 ms a request; "
		"peak memory 12.0 MiB\n"
		"async: wall time 2.00 s, 617 URLs/s\n";
	struct buf out;

	(void)state;
	text_of(&usual, &out);
	assert_string_equal(buf_text(&out), expected);
	buf_release(&out);
}

static struct report
with_stages(void)
{
	struct report report = usual;

	report.stages = (struct report_stages){
		.pool = "thread", .workers = 2, .bodies = 1200, .failed = 4,
		.wall_us = 3000000, .cpu_us = 2500000, .queue_p50_us = 1500,
		.queue_p99_us = 20000, .queue_max_us = 31000,
		.busy_us = 3000000, .hidden_us = 2400000,
		.peak_bytes = 34u << 20,
	};
	report.lag = (struct report_lag){
		.samples = 200, .p50_us = 100, .p99_us = 6000,
		.max_us = 8000,
	};
	return report;
}

static void
stages_have_lines_of_their_own(void **state)
{
	static const char expected[] =
		"  stages: 1,200 bodies, 3.00 s (cpu 2.50 s), 4 failed; "
		"waited p50 1.50 ms, p99 20.0 ms, max 31.0 ms\n"
		"  pool thread: 2 workers, busy 75.0 %, 80.0 % of the work "
		"while fetching, bodies took at most 34.0 MiB\n"
		"  loop lag: p50 100 us, p99 6.00 ms, max 8.00 ms\n"
		"  cpu:";
	struct report report = with_stages();
	struct buf out;

	(void)state;
	text_of(&report, &out);
	assert_non_null(strstr(buf_text(&out), expected));
	buf_release(&out);
	report.stages.bodies = 1;
	text_of(&report, &out);
	assert_non_null(strstr(buf_text(&out), "  stages: 1 body, "));
	buf_release(&out);
	text_of(&usual, &out);
	assert_null(strstr(buf_text(&out), "stages"));
	assert_null(strstr(buf_text(&out), "lag"));
	buf_release(&out);
}

static void
a_late_loop_is_explained_where_stages_are_in_it(void **state)
{
	static const struct {
		const char *note;
		uint64_t workers;
		int64_t p99_us;
		int staged, said;
	} cases[] = {
		{ "inline and late", 0, 5001, 1, 1 },
		{ "inline and in time", 0, 5000, 1, 0 },
		{ "late, but not because of stages", 2, 9000, 1, 0 },
		{ "late without stages", 0, 9000, 0, 0 },
	};
	struct report report;
	struct buf out;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		print_message("%s\n", cases[i].note);
		report = with_stages();
		if (!cases[i].staged)
			report.stages = (struct report_stages){ 0 };
		report.stages.workers = cases[i].workers;
		report.lag.p99_us = cases[i].p99_us;
		text_of(&report, &out);
		assert_int_equal(strstr(buf_text(&out), "--pool thread") !=
			NULL, cases[i].said);
		assert_int_equal(strstr(buf_text(&out), "worker") != NULL,
			cases[i].workers > 0);
		buf_release(&out);
	}
}

static void
stages_are_an_object_in_the_object(void **state)
{
	static const char expected[] =
		",\"stages\":{\"pool\":\"thread\",\"workers\":2,"
		"\"bodies\":1200,\"failed\":4,\"wall\":3.000000,"
		"\"cpu\":2.500000,\"queue\":{\"p50\":0.001500,"
		"\"p99\":0.020000,\"max\":0.031000},\"busy\":3.000000,"
		"\"utilisation\":0.7500,\"hidden\":2.400000,"
		"\"overlap\":0.8000,\"buffer_peak\":35651584},"
		"\"loop_lag\":{\"p50\":0.000100,\"p99\":0.006000,"
		"\"max\":0.008000},\"limits\":{";
	static struct stats stats;
	struct report report = with_stages();
	struct buf out;

	(void)state;
	buf_init(&out, 1 << 16);
	report_json_add(&out, &report, &stats);
	assert_non_null(strstr(buf_text(&out), expected));
	buf_release(&out);
}

static void
overlap_that_cannot_be_told_is_left_out(void **state)
{
	static struct stats stats;
	struct report report = with_stages();
	struct buf out;

	(void)state;
	report.stages.hidden_us = -1;
	text_of(&report, &out);
	assert_null(strstr(buf_text(&out), "while fetching"));
	assert_non_null(strstr(buf_text(&out),
		"busy 75.0 %, bodies took at most 34.0 MiB\n"));
	buf_release(&out);
	buf_init(&out, 1 << 16);
	report_json_add(&out, &report, &stats);
	assert_non_null(strstr(buf_text(&out),
		"\"hidden\":null,\"overlap\":null,"));
	buf_release(&out);
}

static void
thousands_are_set_apart(void **state)
{
	static const struct {
		uint64_t n;
		const char *text;
	} cases[] = {
		{ 0, "0 URLs:" }, { 1, "1 URL:" }, { 999, "999 URLs:" },
		{ 1000, "1,000 URLs:" }, { 1000000, "1,000,000 URLs:" },
		{ UINT64_MAX, "18,446,744,073,709,551,615 URLs:" },
	};
	struct report report = { .strategy = "s" };
	struct buf out;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		report.counters.finals = cases[i].n;
		text_of(&report, &out);
		assert_memory_equal(buf_text(&out), cases[i].text,
			strlen(cases[i].text));
		buf_release(&out);
	}
}

static void
a_run_of_nothing_divides_by_nothing(void **state)
{
	struct report nothing = { .strategy = "serial" };
	struct buf out;

	(void)state;
	assert_int_equal(report_cpu_each(&nothing), 0);
	assert_true(report_rate(&nothing) < 1e-9);
	text_of(&nothing, &out);
	assert_null(strstr(buf_text(&out), "nan"));
	assert_null(strstr(buf_text(&out), "inf"));
	assert_null(strstr(buf_text(&out), "time per URL"));
	assert_null(strstr(buf_text(&out), "spent in"));
	buf_release(&out);
}

static void
what_was_cut_off_is_no_failure(void **state)
{
	struct report report = usual;
	struct buf out;

	(void)state;
	report.counters.failed[ERROR_STOPPED] = 5;
	text_of(&report, &out);
	assert_non_null(strstr(buf_text(&out),
		"34 failed (dns 30, http 4), 5 cut off\n"));
	buf_release(&out);
}

static void
what_is_not_this_runs_is_told_apart(void **state)
{
	static struct stats stats;
	struct report report = usual;
	struct buf out;

	(void)state;
	report.counters.failed[ERROR_DEADLINE] = 10000;
	report.done_before = 1234;
	text_of(&report, &out);
	assert_non_null(strstr(buf_text(&out), "34 failed (dns 30, http 4), "
		"10,000 left out at the deadline; 1,234 done before\n"));
	buf_release(&out);
	report.cut_short = 1;
	report.done_before = 0;
	text_of(&report, &out);
	assert_non_null(strstr(buf_text(&out), "10,000 left out at the "
		"deadline, the list not read to its end\n"));
	buf_release(&out);
	report.done_before = 1234;
	buf_init(&out, 1 << 16);
	report_json_add(&out, &report, &stats);
	assert_non_null(strstr(buf_text(&out), "\"failed\":34,"
		"\"done_before\":1234,\"failed_before\":0,"
		"\"errors\":{\"dns\":30,\"http\":4,"
		"\"deadline\":10000}"));
	buf_release(&out);
}

static void
the_wall_time_ends_the_text(void **state)
{
	struct report report = usual;
	const char *last;
	struct buf out;

	(void)state;
	report.counters = (struct stats_counters){ 0 };
	text_of(&report, &out);
	last = strstr(buf_text(&out), "async: wall time 2.00 s\n");
	assert_non_null(last);
	assert_string_equal(strchr(last, '\n'), "\n");
	buf_release(&out);
}

static void
programs_get_one_object(void **state)
{
	static const char expected[] =
		"{\"strategy\":\"async\",\"concurrency\":64,\"urls\":1234,"
		"\"ok\":1200,\"skipped\":0,\"failed\":34,\"done_before\":0,\"failed_before\":0,"
		"\"errors\":{\"dns\":30,\"http\":4},\"status_codes\":{\"0\":30,\"200\":1200,"
		"\"999\":4},\"attempts\":1300,\"num_retries\":66,"
		"\"num_redirects\":7,\"num_connects\":100,\"names_asked\":9,"
		"\"names_cached\":8,\"size_download\":1268777,"
		"\"time_total\":{\"min\":0.000001,\"mean\":0.000002,"
		"\"p50\":0.003000,\"p90\":0.034500,\"p95\":0.040000,"
		"\"p99\":0.050000,\"max\":125.000000},\"spent\":{"
		"\"queue\":0.000099,\"redirect\":0.000000,\"dns\":0.000250,"
		"\"connect\":0.000000,\"tls\":0.000000,"
		"\"first_byte\":0.000000,\"body\":0.000750,"
		"\"unknown\":0.000000},"
		"\"limits\":{\"cpu\":0.000,\"concurrency_asked\":0,"
		"\"fd_limit\":0,\"ports\":0,\"list\":0.000,\"dns\":0.000,"
		"\"writer\":0.000,\"disk\":0.000,\"stages\":0.000,"
		"\"open_files\":0.000,\"local_ports\":0.000},"
		"\"user\":1.000000,\"system\":0.500000,"
		"\"memory_peak\":12582912,\"urls_per_second\":617.000,"
		"\"wall\":2.000000}\n";
	static struct stats stats;
	struct buf out;

	(void)state;
	stats.status[0] = 30;
	stats.status[200] = 1200;
	stats.status[999] = 4;
	buf_init(&out, 1 << 16);
	report_json_add(&out, &usual, &stats);
	assert_string_equal(buf_text(&out), expected);
	buf_release(&out);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(people_get_lines),
	cmocka_unit_test(stages_have_lines_of_their_own),
	cmocka_unit_test(a_late_loop_is_explained_where_stages_are_in_it),
	cmocka_unit_test(stages_are_an_object_in_the_object),
	cmocka_unit_test(overlap_that_cannot_be_told_is_left_out),
	cmocka_unit_test(thousands_are_set_apart),
	cmocka_unit_test(a_run_of_nothing_divides_by_nothing),
	cmocka_unit_test(what_was_cut_off_is_no_failure),
	cmocka_unit_test(what_is_not_this_runs_is_told_apart),
	cmocka_unit_test(the_wall_time_ends_the_text),
	cmocka_unit_test(programs_get_one_object),
};

UNIT_MAIN("cli/report", tests)
