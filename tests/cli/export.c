/* SPDX-License-Identifier: MIT */
/*
 * What other programs read: hyperfine's names with the right numbers. That
 * the JSON is JSON is tested by runs.bats.
 */
#include "config.h"

#include "base/buf.h"
#include "cli/export.h"
#include "unit.h"

#include "made.h"

/* async: 90, 100, 110 ms; serial: one run of 200 ms. */
static void
fill(struct contest *contest, struct standings *standings)
{
	*contest = made_contest(2);
	made_contender(contest, 0, "async", 8, "async -c 8");
	made_contender(contest, 1, "serial", 8, "serial");
	made_run(contest, 0, 90, 20, 0);
	made_run(contest, 0, 100, 20, 0);
	made_run(contest, 0, 110, 20, 2);
	made_run(contest, 1, 200, 20, 0);
	standings_init(standings, contest, 0);
}

static void
release(struct contest *contest, struct standings *standings)
{
	standings_release(standings);
	contest_release(contest);
}

static void
csv_has_a_line_for_each_row(void **state)
{
	struct standings standings;
	struct contest contest;
	struct buf out;

	(void)state;
	fill(&contest, &standings);
	buf_init(&out, 1 << 20);
	export_add_csv(&out, &standings);
	assert_string_equal(buf_text(&out),
"command,mean,stddev,median,user,system,min,max,relative,relative_stddev,"
"ci95_low,ci95_high,p_value,wall,urls_per_second,cpu_per_url,memory_peak,p50,"
"p99,failed_min,failed_max,parameter_strategy,parameter_concurrency\n"
"async -c 8,0.1,0.01,0.1,0.01,0.01,0.09,0.11,1,0,0.07515862288,0.1248413771,,"
"0.1,1000,0.0002,10485760,0.0015,0.009,0,2,async,8\n"
"serial,0.2,,0.2,0.01,0.01,0.2,0.2,2,,,,,0.2,500,0.0002,10485760,0.0015,"
"0.009,0,0,serial,1\n");
	buf_release(&out);
	release(&contest, &standings);
}

static void
json_has_hyperfines_names(void **state)
{
	static const char *const parts[] = {
		"{\"results\":[\n{\"command\":\"async -c 8\",\"mean\":0.1,"
		"\"stddev\":0.01,\"median\":0.1,\"user\":0.01,"
		"\"system\":0.01,\"min\":0.09,\"max\":0.11,",
		"\"ci95\":[0.07515862288,0.1248413771],"
		"\"times\":[0.09,0.1,0.11],"
		"\"memory_usage_byte\":[10485760,10485760,10485760],"
		"\"exit_codes\":[0,0,1],\"failed\":[0,0,2],"
		"\"parameters\":{\"strategy\":\"async\","
		"\"concurrency\":\"8\"}}",
		"\"stddev\":null", "\"p_value\":null", "\"ci95\":null",
		"\"times\":[0.2],",
		"\n],\"time_of\":\"list\"}\n",
	};
	struct standings standings;
	struct contest contest;
	struct buf out;
	size_t i;

	(void)state;
	fill(&contest, &standings);
	buf_init(&out, 1 << 20);
	export_add_json(&out, &standings);
	for (i = 0; i < sizeof parts / sizeof *parts; i++)
		if (strstr(buf_text(&out), parts[i]) == NULL)
			fail_msg("%s is not in %s", parts[i], buf_text(&out));
	buf_release(&out);
	release(&contest, &standings);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(csv_has_a_line_for_each_row),
	cmocka_unit_test(json_has_hyperfines_names),
};

UNIT_MAIN("cli/export", tests)
