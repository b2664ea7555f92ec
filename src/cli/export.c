/* SPDX-License-Identifier: MIT */
/*
 * export -- a comparison for other programs.
 *
 * Scripts that read hyperfine's files find its names, in seconds and bytes;
 * what is there beside them has no place in hyperfine. Labels are names of
 * strategies and numbers, so nothing in them needs escaping.
 */
#include "config.h"

#include <inttypes.h>

#include "base/buf.h"
#include "cli/contest.h"
#include "cli/export.h"
#include "cli/options.h"
#include "cli/report.h"
#include "cli/standings.h"
#include "cli/table.h"
#include "cli/whole.h"

#define EXPORT_MAX (256u << 20)
#define EXPORT_SECOND 1e6	/* standings are in microseconds */

/* Each field once, for JSON and CSV: a name and what it is, or nothing. */
struct export_number {
	const char *name;
	double value;
	int absent;
};

#define EXPORT_NUMBERS 20

static size_t
export_numbers(const struct standing *row,
	struct export_number numbers[EXPORT_NUMBERS])
{
	const double s = EXPORT_SECOND;
	int few = row->time.n < SAMPLE_ENOUGH;
	const struct export_number filled[] = {
		{ "mean", row->time.mean / s, 0 },
		{ "stddev", row->time.sd / s, row->time.n < 2 },
		{ "median", row->time.median / s, 0 },
		{ "user", row->user_us / s, 0 },
		{ "system", row->system_us / s, 0 },
		{ "min", row->time.min / s, 0 },
		{ "max", row->time.max / s, 0 },
		{ "relative", row->times, 0 },
		{ "relative_stddev", row->times_sd, row->time.n < 2 },
		{ "ci95_low", (row->time.mean - row->interval) / s, few },
		{ "ci95_high", (row->time.mean + row->interval) / s, few },
		{ "p_value", row->p, !row->tested },
		{ "wall", row->wall_us / s, 0 },
		{ "urls_per_second", row->rate, 0 },
		{ "cpu_per_url", row->cpu_each_us / s, 0 },
		{ "memory_peak", (double)row->peak_bytes, 0 },
		{ "p50", row->p50_us / s, row->timed == 0 },
		{ "p99", row->p99_us / s, row->timed == 0 },
		{ "failed_min", (double)row->failed_min, 0 },
		{ "failed_max", (double)row->failed_max, 0 },
	};
	size_t i;

	for (i = 0; i < sizeof filled / sizeof *filled; i++)
		numbers[i] = filled[i];
	return i;
}

/* 17 digits would be exact; 10 are far beyond what was measured. */
static void
export_add_number(struct buf *out, double value)
{
	buf_printf(out, "%.10g", value);
}

/* --- JSON --- */

static void
export_add_runs(struct buf *out, const struct standing *row, int per_url)
{
	const struct contender *contender = row->contender;
	const struct report *report;
	size_t i;

	buf_add_text(out, ",\"times\":[");
	for (i = 0; i < contender->n; i++) {
		report = &contender->reports[i];
		buf_add_text(out, i > 0 ? "," : "");
		export_add_number(out, standings_time(report, per_url) /
			EXPORT_SECOND);
	}
	buf_add_text(out, "],\"memory_usage_byte\":[");
	for (i = 0; i < contender->n; i++)
		buf_printf(out, "%s%" PRIu64, i > 0 ? "," : "",
			contender->reports[i].peak_bytes);
	buf_add_text(out, "],\"exit_codes\":[");
	for (i = 0; i < contender->n; i++)
		buf_printf(out, "%s%d", i > 0 ? "," : "",
			contender->exits[i]);
	buf_add_text(out, "],\"failed\":[");
	for (i = 0; i < contender->n; i++)
		buf_printf(out, "%s%" PRIu64, i > 0 ? "," : "",
			stats_failures(&contender->reports[i].counters));
	buf_add_char(out, ']');
}

static void
export_add_object(struct buf *out, const struct standing *row, int per_url)
{
	struct export_number numbers[EXPORT_NUMBERS];
	size_t n = export_numbers(row, numbers), i;

	buf_printf(out, "{\"command\":\"%s\"", row->contender->label);
	for (i = 0; i < n; i++) {
		buf_printf(out, ",\"%s\":", numbers[i].name);
		if (numbers[i].absent)
			buf_add_text(out, "null");
		else
			export_add_number(out, numbers[i].value);
	}
	buf_add_text(out, ",\"ci95\":");
	if (row->time.n < SAMPLE_ENOUGH)
		buf_add_text(out, "null");
	else
		buf_printf(out, "[%.10g,%.10g]",
			(row->time.mean - row->interval) / EXPORT_SECOND,
			(row->time.mean + row->interval) / EXPORT_SECOND);
	export_add_runs(out, row, per_url);
	buf_printf(out, ",\"parameters\":{\"strategy\":\"%s\","
		"\"concurrency\":\"%" PRIu64 "\"}}", row->contender->strategy,
		row->contender->one ? 1 : row->contender->concurrency);
}

void
export_add_json(struct buf *out, const struct standings *standings)
{
	size_t i;

	buf_add_text(out, "{\"results\":[");
	for (i = 0; i < standings->n; i++) {
		buf_add_text(out, i > 0 ? ",\n" : "\n");
		export_add_object(out, &standings->rows[i],
			standings->per_url);
	}
	buf_printf(out, "\n],\"time_of\":\"%s\"",
		standings->per_url ? "url" : "list");
	if (standings->seed != 0)
		buf_printf(out, ",\"seed\":%" PRIu64, standings->seed);
	buf_add_text(out, "}\n");
}

/* --- CSV --- */

static void
export_add_line(struct buf *out, const struct standing *row)
{
	struct export_number numbers[EXPORT_NUMBERS];
	size_t n = export_numbers(row, numbers), i;

	buf_add_text(out, row->contender->label);
	for (i = 0; i < n; i++) {
		buf_add_char(out, ',');
		if (!numbers[i].absent)
			export_add_number(out, numbers[i].value);
	}
	buf_printf(out, ",%s,%" PRIu64 "\n", row->contender->strategy,
		row->contender->one ? 1 : row->contender->concurrency);
}

void
export_add_csv(struct buf *out, const struct standings *standings)
{
	struct export_number numbers[EXPORT_NUMBERS];
	size_t n = export_numbers(&standings->rows[0], numbers), i;

	buf_add_text(out, "command");
	for (i = 0; i < n; i++)
		buf_printf(out, ",%s", numbers[i].name);
	buf_add_text(out, ",parameter_strategy,parameter_concurrency\n");
	for (i = 0; i < standings->n; i++)
		export_add_line(out, &standings->rows[i]);
}

/* --- files --- */

int
export_check(const struct options_compare *compare, struct err *err)
{
	if (whole_check(compare->export_json, err) != 0)
		return err_in(err, "--export-json");
	if (whole_check(compare->export_csv, err) != 0)
		return err_in(err, "--export-csv");
	if (whole_check(compare->export_markdown, err) != 0)
		return err_in(err, "--export-markdown");
	return 0;
}

static int
export_one(const char *path,
	void (*add)(struct buf *, const struct standings *),
	const struct standings *standings, struct err *err)
{
	struct whole whole;
	struct buf text;
	int rc;

	if (path == NULL)
		return 0;
	if (whole_open(&whole, path, err) != 0)
		return -1;
	buf_init(&text, EXPORT_MAX);
	add(&text, standings);
	rc = whole_write(&whole, &text, err);
	buf_release(&text);
	if (rc == 0)
		return whole_keep(&whole, err);
	whole_drop(&whole);
	return -1;
}

int
export_write(const struct options_compare *compare,
	const struct standings *standings, struct err *err)
{
	if (export_one(compare->export_json, export_add_json, standings,
	    err) != 0)
		return err_in(err, "--export-json");
	if (export_one(compare->export_csv, export_add_csv, standings,
	    err) != 0)
		return err_in(err, "--export-csv");
	if (export_one(compare->export_markdown, table_add_markdown,
	    standings, err) != 0)
		return err_in(err, "--export-markdown");
	return 0;
}
