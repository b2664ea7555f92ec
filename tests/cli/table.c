/* SPDX-License-Identifier: MIT */
/*
 * The table and its sentence, word for word.
 */
#include "config.h"

#include "base/buf.h"
#include "cli/options.h"
#include "cli/table.h"
#include "unit.h"

#include "made.h"

static void
expect_text(struct contest *contest, int per_url, const char *text)
{
	struct standings standings;
	struct buf out;

	buf_init(&out, 1 << 20);
	standings_init(&standings, contest, per_url);
	table_add_text(&out, &standings);
	standings_release(&standings);
	assert_string_equal(buf_text(&out), text);
	buf_release(&out);
	contest_release(contest);
}

static struct contest
contest_of_two(void)
{
	struct contest contest = made_contest(2);

	made_contender(&contest, 0, "async", 64, "async");
	made_contender(&contest, 1, "serial", 64, "serial");
	return contest;
}

static void
one_run_has_no_spread(void **state)
{
	struct contest contest = contest_of_two();

	(void)state;
	made_run(&contest, 0, 100, 20, 0);
	made_run(&contest, 1, 2500, 30, 0);
	expect_text(&contest, 0,
"strategy  wall time  times  URLs/s     user   system  cpu/URL    memory      "
"p50      p99  failed\n"
"async        100 ms   1.00    1000  10.0 ms  10.0 ms   200 us  10.0 MiB  "
"1.50 ms  9.00 ms       0\n"
"serial       2.50 s  25.00      40  15.0 ms  15.0 ms   300 us  10.0 MiB  "
"1.50 ms  9.00 ms       0\n"
"async won: 100 ms, 25.00 times as fast as serial; async mostly waited for "
"the network (CPU 20 % of one core); one run each cannot tell chance from "
"difference (--runs 5).\n");
}

static void
three_runs_have_an_interval_and_a_winner(void **state)
{
	struct contest contest = contest_of_two();

	(void)state;
	/* 100 +- 10: the interval is 4.303 * 10 / sqrt(3). */
	made_run(&contest, 0, 90, 99, 0);
	made_run(&contest, 0, 100, 99, 0);
	made_run(&contest, 0, 110, 99, 0);
	made_run(&contest, 1, 190, 50, 0);
	made_run(&contest, 1, 200, 50, 0);
	made_run(&contest, 1, 210, 50, 3);
	expect_text(&contest, 0,
"strategy  wall time \302\261 sd      min     max     95% CI        times  "
"URLs/s     user   system  cpu/URL    memory      p50      p99  failed\n"
"async        100 \302\261 10 ms  90.0 ms  110 ms  \302\261 24.8 ms"
"         1.00    1000  49.5 ms  49.5 ms   990 us  10.0 MiB  1.50 ms  "
"9.00 ms       0\n"
"serial       200 \302\261 10 ms   190 ms  210 ms  \302\261 24.8 ms  "
"2.00 \302\261 0.22     500  25.0 ms  25.0 ms   500 us  10.0 MiB  1.50 ms  "
"9.00 ms     0-3\n"
"async won: 100 ms, 2.00 times as fast as serial; async was limited by CPU "
"time (CPU 99 % of one core); from 0 to 3 URLs failed, so not all runs did "
"the same work.\n");
}

static void
what_may_be_chance_is_called_so(void **state)
{
	struct contest contest = made_contest(3);
	size_t i;

	(void)state;
	made_contender(&contest, 0, "async", 64, "async");
	made_contender(&contest, 1, "green", 64, "green");
	made_contender(&contest, 2, "serial", 64, "serial");
	for (i = 0; i < 3; i++) {
		made_run(&contest, 0, 90 + 10 * (int64_t)i, 60, 0);
		made_run(&contest, 1, 91 + 10 * (int64_t)i, 60, 0);
		made_run(&contest, 2, 1000, 60, 0);
	}
	contest.seed = 42;
	expect_text(&contest, 0,
"strategy  wall time \302\261 sd      min     max     95% CI          "
"times  URLs/s     user   system  cpu/URL    memory      p50      p99  "
"failed\n"
"async        100 \302\261 10 ms  90.0 ms  110 ms  \302\261 24.8 ms"
"           1.00    1000  30.0 ms  30.0 ms   600 us  10.0 MiB  1.50 ms  "
"9.00 ms       0\n"
"green        101 \302\261 10 ms  91.0 ms  111 ms  \302\261 24.8 ms  "
"1.01 \302\261 0.14 ~     990  30.0 ms  30.0 ms   600 us  10.0 MiB  1.50 ms"
"  9.00 ms       0\n"
"serial     1.00 \302\261 0.00 s   1.00 s  1.00 s     \302\261 0 us   "
"10.00 \302\261 1.00     100  30.0 ms  30.0 ms   600 us  10.0 MiB  1.50 ms  "
"9.00 ms       0\n"
"~ no significant difference from the fastest (Welch's t test, p >= 0.05)\n"
"The order was shuffled with --seed 42.\n"
"No significant difference between async and green (100 ms); serial took "
"10.00 times as long; async partly computed and partly waited for the "
"network (CPU 60 % of one core).\n");
}

static void
runs_by_the_clock_are_compared_by_the_url(void **state)
{
	struct contest contest = contest_of_two();

	(void)state;
	made_run(&contest, 0, 1000, 100, 0);
	made_run(&contest, 1, 2000, 100, 0);
	expect_text(&contest, 1,
"strategy  time/URL  times  URLs/s     user   system  cpu/URL    memory      "
"p50      p99  failed\n"
"async      10.0 ms   1.00     100  50.0 ms  50.0 ms  1.00 ms  10.0 MiB  "
"1.50 ms  9.00 ms       0\n"
"serial     20.0 ms   2.00      50  50.0 ms  50.0 ms  1.00 ms  10.0 MiB  "
"1.50 ms  9.00 ms       0\n"
"async won: 10.0 ms a URL, 2.00 times as fast as serial; async mostly waited "
"for the network (CPU 10 % of one core); one run each cannot tell chance "
"from difference (--runs 5).\n");
}

static void
those_without_a_run_are_left_out(void **state)
{
	struct contest contest = contest_of_two();

	(void)state;
	expect_text(&contest, 0,
"strategy  wall time  times  URLs/s  user  system  cpu/URL  memory  p50  p99"
"  failed\n");
	contest = contest_of_two();
	made_run(&contest, 1, 2500, 30, 0);
	expect_text(&contest, 0,
"strategy  wall time  times  URLs/s     user   system  cpu/URL    memory      "
"p50      p99  failed\n"
"serial       2.50 s   1.00      40  15.0 ms  15.0 ms   300 us  10.0 MiB  "
"1.50 ms  9.00 ms       0\n"
"serial took 2.50 s; serial mostly waited for the network (CPU 1 % of one "
"core).\n");
}

static void
markdown_has_the_same_cells(void **state)
{
	struct contest contest = contest_of_two();
	struct standings standings;
	struct buf out;

	(void)state;
	made_run(&contest, 0, 100, 20, 0);
	buf_init(&out, 1 << 20);
	standings_init(&standings, &contest, 0);
	table_add_markdown(&out, &standings);
	standings_release(&standings);
	contest_release(&contest);
	assert_string_equal(buf_text(&out),
"| strategy | wall time | times | URLs/s | user | system | cpu/URL | memory "
"| p50 | p99 | failed |\n"
"|:---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n"
"| async | 100 ms | 1.00 | 1000 | 10.0 ms | 10.0 ms | 200 us | 10.0 MiB | "
"1.50 ms | 9.00 ms | 0 |\n"
"\n"
"async took 100 ms; async mostly waited for the network (CPU 20 % of one "
"core).\n");
	buf_release(&out);
}

/* The table has a column for them; a winner that fetched nothing is none. */
static void
failures_are_in_the_sentence(void **state)
{
	static const struct {
		uint64_t failed[2];
		const char *says;	/* NULL: nothing */
	} cases[] = {
		{ { 0, 0 }, NULL },
		{ { 1, 1 }, "; 1 URL failed in each run" },
		{ { 100, 100 }, "; 100 URLs failed in each run" },
		{ { 0, 2 }, "; from 0 to 2 URLs failed, so not all" },
	};
	struct standings standings;
	struct contest contest;
	struct buf out;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		contest = made_contest(2);
		made_contender(&contest, 0, "async", 8, "async");
		made_contender(&contest, 1, "green", 8, "green");
		made_run(&contest, 0, 100, 20, cases[i].failed[0]);
		made_run(&contest, 1, 110, 20, cases[i].failed[1]);
		standings_init(&standings, &contest, 0);
		buf_init(&out, 65536);
		table_add_sentence(&out, &standings);
		if (cases[i].says == NULL)
			assert_null(strstr(buf_text(&out), "failed"));
		else
			assert_non_null(strstr(buf_text(&out), cases[i].says));
		buf_release(&out);
		standings_release(&standings);
		contest_release(&contest);
	}
}

/* Stages without a fetch, on a pool, inline in threads and inline in a loop;
 * 100 fetches at once, all of them of `fetching` ms; a wall time of 1 s. */
static void
what_was_waited_for_is_named(void **state)
{
	static const struct {
		const char *note;
		int64_t cpu, fetching, staging;	/* ms */
		uint64_t workers, samples;
		const char *says;
	} cases[] = {
		{ "the network", 20, 900, 0, 0, 0,
			"mostly waited for the network (" },
		{ "no fetch, a pool", 20, 0, 1900, 2, 0,
			"mostly waited for its stages (" },
		{ "a pool with little to do", 20, 900, 500, 2, 0,
			"mostly waited for the network (" },
		{ "one worker that all wait for", 20, 30, 990, 1, 0,
			"mostly waited for its stages (" },
		{ "inline, 100 threads", 20, 300, 60000, 0, 0,
			"mostly waited for its stages (" },
		{ "inline, 100 threads, short", 20, 900, 9000, 0, 0,
			"mostly waited for the network (" },
		{ "inline in a loop", 20, 300, 900, 0, 1,
			"mostly waited for its stages (" },
		{ "half of a core", 600, 0, 990, 1, 0,
			"partly computed and partly waited for its stages (" },
		{ "a whole core", 900, 0, 990, 1, 0,
			"was limited by CPU time (" },
		{ "neither", 20, 0, 0, 0, 0, "mostly waited (" },
	};
	struct standings standings;
	struct contest contest;
	struct report report;
	struct buf out;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		contest = contest_of_two();
		report = made_report(1000, cases[i].cpu, 0);
		report.time_total = cases[i].fetching * 1000 * 100;
		report.stages.workers = cases[i].workers;
		report.stages.busy_us = cases[i].staging * 1000;
		report.stages.wall_us = cases[i].staging * 1000;
		report.lag.samples = cases[i].samples;
		contest_add(&contest.contenders[0], &report, 0);
		standings_init(&standings, &contest, 0);
		buf_init(&out, 65536);
		table_add_sentence(&out, &standings);
		if (strstr(buf_text(&out), cases[i].says) == NULL)
			fail_msg("%s: %s", cases[i].note, buf_text(&out));
		buf_release(&out);
		standings_release(&standings);
		contest_release(&contest);
	}
}

/* One row whole, one with fewer runs than were planned, one without any. */
static void
what_was_cut_short_has_no_winner(void **state)
{
	struct contest contest = made_contest(3);
	const struct options_compare compare = { .runs = 2, .warmup = 1 };

	(void)state;
	made_contender(&contest, 0, "async", 64, "async");
	made_contender(&contest, 1, "green", 64, "green");
	made_contender(&contest, 2, "serial", 64, "serial");
	contest_plan(&contest, &compare, 0);
	made_run(&contest, 0, 100, 20, 0);
	made_run(&contest, 0, 100, 20, 0);
	made_run(&contest, 1, 90, 20, 0);
	expect_text(&contest, 0,
"strategy             wall time \302\261 sd      min      max        times  "
"URLs/s     user   system  cpu/URL    memory      p50      p99  failed\n"
"async                    100 \302\261 0 ms   100 ms   100 ms  "
"1.11 \302\261 0.00    1000  10.0 ms  10.0 ms   200 us  10.0 MiB  1.50 ms  "
"9.00 ms       0\n"
"green (1 of 2 runs)   90.0 \302\261 0.0 ms  90.0 ms  90.0 ms         1.00"
"    1111  10.0 ms  10.0 ms   200 us  10.0 MiB  1.50 ms  9.00 ms       0\n"
"Cut short after 3 of 6 runs: there is no winner.\n");
}

static void
nothing_is_not_compared(void **state)
{
	struct contest contest = contest_of_two();
	struct report report = made_report(10, 1, 0);

	(void)state;
	report.counters = (struct stats_counters){ 0 };
	report.p50_us = report.p99_us = report.max_us = 0;
	contest_add(&contest.contenders[0], &report, 0);
	contest_add(&contest.contenders[1], &report, 0);
	expect_text(&contest, 0,
"strategy  wall time  times  URLs/s    user  system  cpu/URL    memory  p50"
"  p99  failed\n"
"async       10.0 ms   1.00       0  500 us  500 us     0 us  10.0 MiB    -"
"    -       0\n"
"serial      10.0 ms   1.00       0  500 us  500 us     0 us  10.0 MiB    -"
"    -       0\n"
"There is nothing to compare: no URL came to its end.\n");
}

static void
as_good_as_even_is_said_so(void **state)
{
	struct contest contest = contest_of_two();
	struct standings standings;
	struct buf out;

	(void)state;
	made_run(&contest, 0, 1000, 20, 0);
	made_run(&contest, 1, 1004, 20, 0);
	standings_init(&standings, &contest, 0);
	buf_init(&out, 65536);
	table_add_sentence(&out, &standings);
	assert_non_null(strstr(buf_text(&out),
		"async won: 1.00 s, about as fast as serial; "));
	buf_release(&out);
	standings_release(&standings);
	contest_release(&contest);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(one_run_has_no_spread),
	cmocka_unit_test(three_runs_have_an_interval_and_a_winner),
	cmocka_unit_test(what_may_be_chance_is_called_so),
	cmocka_unit_test(runs_by_the_clock_are_compared_by_the_url),
	cmocka_unit_test(those_without_a_run_are_left_out),
	cmocka_unit_test(failures_are_in_the_sentence),
	cmocka_unit_test(what_was_cut_short_has_no_winner),
	cmocka_unit_test(nothing_is_not_compared),
	cmocka_unit_test(as_good_as_even_is_said_so),
	cmocka_unit_test(what_was_waited_for_is_named),
	cmocka_unit_test(markdown_has_the_same_cells),
};

UNIT_MAIN("cli/table", tests)
