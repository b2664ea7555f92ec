/* SPDX-License-Identifier: MIT */
/*
 * report_json -- a run's figures for programs: one object with the names of
 * records where there are such, and times in seconds as there.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/buf.h"
#include "cli/limits.h"
#include "cli/report.h"
#include "cli/report_json.h"
#include "core/result.h"

static void
report_json_add_field(struct buf *out, const char *name, int64_t us)
{
	buf_printf(out, "\"%s\":", name);
	buf_add_seconds(out, us);
}

static void
report_json_add_errors(struct buf *out, const struct stats_counters *counters)
{
	const char *before = "";
	int class;

	buf_add_text(out, "\"errors\":{");
	for (class = ERROR_NONE + 1; class < ERROR_CLASS_COUNT; class++) {
		if (counters->failed[class] == 0)
			continue;
		buf_printf(out, "%s\"%s\":%" PRIu64, before,
			error_class_name((enum error_class)class),
			counters->failed[class]);
		before = ",";
	}
	buf_add_text(out, "},");
}

static void
report_json_add_statuses(struct buf *out, const struct stats *stats)
{
	const char *before = "";
	int status;

	buf_add_text(out, "\"status_codes\":{");
	for (status = 0; status < 1000; status++) {
		if (stats->status[status] == 0)
			continue;
		buf_printf(out, "%s\"%d\":%" PRIu64, before, status,
			stats->status[status]);
		before = ",";
	}
	buf_add_text(out, "},");
}

static void
report_json_add_latency(struct buf *out, const struct report *report)
{
	buf_add_text(out, "\"time_total\":{");
	report_json_add_field(out, "min", report->min_us);
	buf_add_char(out, ',');
	report_json_add_field(out, "mean", report->mean_us);
	buf_add_char(out, ',');
	report_json_add_field(out, "p50", report->p50_us);
	buf_add_char(out, ',');
	report_json_add_field(out, "p90", report->p90_us);
	buf_add_char(out, ',');
	report_json_add_field(out, "p95", report->p95_us);
	buf_add_char(out, ',');
	report_json_add_field(out, "p99", report->p99_us);
	buf_add_char(out, ',');
	report_json_add_field(out, "max", report->max_us);
	buf_add_text(out, "},");
}

static void
report_json_add_spent(struct buf *out, const struct report *report)
{
	char name[32];
	char *at;
	int phase;

	buf_add_text(out, "\"spent\":{");
	for (phase = 0; phase < STATS_PHASE_COUNT; phase++) {
		snprintf(name, sizeof name, "%s",
			stats_phase_name((enum stats_phase)phase));
		for (at = name; *at != '\0'; at++)
			if (*at == ' ')
				*at = '_';
		if (phase > 0)
			buf_add_char(out, ',');
		report_json_add_field(out, name, report->phases[phase]);
	}
	buf_add_text(out, "},");
}

static void
report_json_add_overlap(struct buf *out, const struct report_stages *stages)
{
	if (stages->hidden_us < 0) {
		buf_add_text(out, "\"hidden\":null,\"overlap\":null,");
		return;
	}
	report_json_add_field(out, "hidden", stages->hidden_us);
	buf_printf(out, ",\"overlap\":%.4f,",
		report_percent(stages->hidden_us, stages->busy_us) / 100);
}

static void
report_json_add_stages(struct buf *out, const struct report *report)
{
	const struct report_stages *stages = &report->stages;

	if (stages->pool[0] == '\0')
		return;
	buf_printf(out, "\"stages\":{\"pool\":\"%s\",\"workers\":%" PRIu64
		",\"bodies\":%" PRIu64 ",\"failed\":%" PRIu64 ",",
		stages->pool, stages->workers, stages->bodies,
		stages->failed);
	report_json_add_field(out, "wall", stages->wall_us);
	buf_add_char(out, ',');
	report_json_add_field(out, "cpu", stages->cpu_us);
	buf_add_text(out, ",\"queue\":{");
	report_json_add_field(out, "p50", stages->queue_p50_us);
	buf_add_char(out, ',');
	report_json_add_field(out, "p99", stages->queue_p99_us);
	buf_add_char(out, ',');
	report_json_add_field(out, "max", stages->queue_max_us);
	buf_add_text(out, "},");
	report_json_add_field(out, "busy", stages->busy_us);
	buf_printf(out, ",\"utilisation\":%.4f,",
		report_utilisation(report) / 100);
	report_json_add_overlap(out, stages);
	buf_printf(out, "\"buffer_peak\":%" PRIu64 "},",
		stages->peak_bytes);
}

static void
report_json_add_lag(struct buf *out, const struct report_lag *lag)
{
	if (lag->samples == 0)
		return;
	buf_add_text(out, "\"loop_lag\":{");
	report_json_add_field(out, "p50", lag->p50_us);
	buf_add_char(out, ',');
	report_json_add_field(out, "p99", lag->p99_us);
	buf_add_char(out, ',');
	report_json_add_field(out, "max", lag->max_us);
	buf_add_text(out, "},");
}

void
report_json_add(struct buf *out, const struct report *report,
	const struct stats *stats)
{
	const struct stats_counters *counters = &report->counters;

	buf_printf(out, "{\"strategy\":\"%s\",\"concurrency\":%" PRIu64
		",\"urls\":%" PRIu64 ",\"ok\":%" PRIu64 ",\"skipped\":%" PRIu64
		",\"failed\":%" PRIu64 ",\"done_before\":%" PRIu64
		",\"failed_before\":%" PRIu64 ",",
		report->strategy, report->concurrency, counters->finals,
		counters->ok, counters->skipped, stats_failures(counters),
		report->done_before, report->failed_before);
	report_json_add_errors(out, counters);
	report_json_add_statuses(out, stats);
	buf_printf(out, "\"attempts\":%" PRIu64 ",\"num_retries\":%" PRIu64
		",\"num_redirects\":%" PRIu64 ",\"num_connects\":%" PRIu64
		",\"names_asked\":%" PRIu64 ",\"names_cached\":%" PRIu64
		",\"size_download\":%" PRIu64 ",", counters->attempts,
		counters->retries, counters->redirects, counters->connects,
		report->names_asked, report->names_cached, counters->bytes);
	report_json_add_latency(out, report);
	report_json_add_spent(out, report);
	report_json_add_stages(out, report);
	report_json_add_lag(out, &report->lag);
	limits_add_json(out, report);
	report_json_add_field(out, "user", report->user_us);
	buf_add_char(out, ',');
	report_json_add_field(out, "system", report->system_us);
	buf_printf(out, ",\"memory_peak\":%" PRIu64 ",\"urls_per_second\":%.3f,",
		report->peak_bytes, report_rate(report));
	report_json_add_field(out, "wall", report->wall_us);
	buf_add_text(out, "}\n");
}
