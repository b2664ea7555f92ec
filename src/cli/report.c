/* SPDX-License-Identifier: MIT */
/*
 * report -- a run's figures, gathered at its end and put into words; into JSON
 * in report_json.c.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/units.h"
#include "cli/limits.h"
#include "cli/report.h"
#include "core/run.h"
#include "core/workshop.h"

/* From here on people feel what a loop does late, and servers wait. */
#define REPORT_LAG_HIGH (5 * CLOCK_MS)

/* VmHWM: what this process alone had at most. The ru_maxrss of getrusage(2)
 * begins with the pages of the process that made this one. */
static uint64_t
report_peak_bytes(void)
{
	FILE *file = fopen("/proc/self/status", "re");
	unsigned long kib = 0;
	char line[256];

	if (file == NULL)
		return 0;
	while (fgets(line, sizeof line, file) != NULL)
		if (sscanf(line, "VmHWM: %lu", &kib) == 1)
			break;
	fclose(file);
	return (uint64_t)kib * 1024;
}

static int64_t
report_us(struct timeval time)
{
	return (int64_t)time.tv_sec * CLOCK_SECOND + time.tv_usec;
}

static void
report_collect_lag(struct report_lag *lag, const struct histogram *times)
{
	lag->samples = times->count;
	lag->p50_us = histogram_percentile(times, 50);
	lag->p99_us = histogram_percentile(times, 99);
	lag->max_us = times->max;
}

static void
report_collect_stages(struct report *report, const struct run *run,
	const char *pool)
{
	const struct stats_post *post = &run_stats(run)->post;
	struct report_stages *stages = &report->stages;
	struct workshop_figures figures;

	if (pool == NULL || run_figures(run, &figures) != 0)
		return;
	*stages = (struct report_stages){
		.workers = figures.workers,
		.bodies = post->bodies, .failed = post->failed,
		.wall_us = post->wall_us, .cpu_us = post->cpu_us,
		.queue_p50_us = histogram_percentile(&post->queue, 50),
		.queue_p99_us = histogram_percentile(&post->queue, 99),
		.queue_max_us = post->queue.max,
		.busy_us = figures.busy_us, .hidden_us = figures.hidden_us,
		.peak_bytes = figures.peak_bytes,
	};
	snprintf(stages->pool, sizeof stages->pool, "%s", pool);
}

void
report_cpu_now(struct report_cpu *cpu)
{
	struct rusage own, others;

	getrusage(RUSAGE_SELF, &own);
	getrusage(RUSAGE_CHILDREN, &others);
	cpu->user_us = report_us(own.ru_utime) + report_us(others.ru_utime);
	cpu->system_us = report_us(own.ru_stime) + report_us(others.ru_stime);
}

void
report_collect(struct report *report, struct run *run,
	const char *strategy, uint64_t concurrency, const char *pool,
	const struct report_cpu *before)
{
	const struct stats *stats = run_stats(run);
	const struct histogram *times = &stats->ok_time;
	struct report_cpu cpu;
	int why;

	*report = (struct report){
		.concurrency = concurrency, .asked = concurrency,
	};
	snprintf(report->strategy, sizeof report->strategy, "%s", strategy);
	report->wall_us = run_wall_us(run);
	report_cpu_now(&cpu);
	report->user_us = cpu.user_us - before->user_us;
	report->system_us = cpu.system_us - before->system_us;
	report->peak_bytes = report_peak_bytes();
	report->counters = stats->counters;
	/* What still waits for its next attempt gets none. */
	report->counters.failed[ERROR_STOPPED] += stats->counters.again;
	memcpy(report->phases, stats->phases, sizeof report->phases);
	report->time_total = stats->time_total;
	report->done_before = run_done_before(run);
	report->cut_short = run_is_cut_short(run);
	report->min_us = times->min;
	report->mean_us = histogram_mean(times);
	report->p50_us = histogram_percentile(times, 50);
	report->p90_us = histogram_percentile(times, 90);
	report->p95_us = histogram_percentile(times, 95);
	report->p99_us = histogram_percentile(times, 99);
	report->max_us = times->max;
	run_name_counts(run, &report->names_asked, &report->names_cached);
	report_collect_stages(report, run, pool);
	report_collect_lag(&report->lag, run_lag(run));
	if (report->lag.samples > 0)
		report->loop_cpu_us = run_strategy_cpu_us(run);
	for (why = 0; why < HOLDUP_COUNT; why++)
		report->held_us[why] = run_held_up(run, (enum holdup)why);
}

int64_t
report_cpu_each(const struct report *report)
{
	uint64_t n = report->counters.attempts;

	return n > 0 ? (report->user_us + report->system_us) / (int64_t)n : 0;
}

double
report_rate(const struct report *report)
{
	return report->wall_us > 0 ? (double)report->counters.finals * 1e6 /
		(double)report->wall_us : 0;
}

double
report_percent(int64_t a, int64_t b)
{
	return b > 0 ? 100.0 * (double)a / (double)b : 0;
}

double
report_utilisation(const struct report *report)
{
	return report_percent(report->stages.busy_us, report->wall_us *
		(int64_t)report->stages.workers);
}

/* --- for people --- */

/* 1234567 as 1,234,567. */
static void
report_add_count(struct buf *out, uint64_t n)
{
	char digits[21];
	int len = snprintf(digits, sizeof digits, "%" PRIu64, n), i;

	for (i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0)
			buf_add_char(out, ',');
		buf_add_char(out, digits[i]);
	}
}

static void
report_add_failures(struct buf *out, const struct stats_counters *counters)
{
	const char *before = " (";
	int class;

	report_add_count(out, stats_failures(counters));
	buf_add_text(out, " failed");
	for (class = ERROR_NONE + 1; class < ERROR_CLASS_COUNT; class++) {
		if (counters->failed[class] == 0 || class == ERROR_STOPPED ||
		    class == ERROR_DEADLINE)
			continue;
		buf_printf(out, "%s%s ", before,
			error_class_name((enum error_class)class));
		report_add_count(out, counters->failed[class]);
		before = ", ";
	}
	if (before[0] == ',')
		buf_add_char(out, ')');
}

/* What is neither ok nor failed. */
static void
report_add_rest(struct buf *out, const struct report *report)
{
	const uint64_t *failed = report->counters.failed;

	if (failed[ERROR_STOPPED] > 0)
		buf_printf(out, ", %" PRIu64 " cut off",
			failed[ERROR_STOPPED]);
	if (failed[ERROR_DEADLINE] > 0) {
		buf_add_text(out, ", ");
		report_add_count(out, failed[ERROR_DEADLINE]);
		buf_add_text(out, " left out at the deadline");
	}
	if (report->cut_short)
		buf_add_text(out, ", the list not read to its end");
	if (report->done_before > 0) {
		buf_add_text(out, "; ");
		report_add_count(out, report->done_before);
		buf_add_text(out, " done before");
		if (report->failed_before > 0)
			buf_printf(out, ", %" PRIu64 " of them failed "
				"(--retry-failed)", report->failed_before);
	}
}

static void
report_add_counts(struct buf *out, const struct report *report)
{
	const struct stats_counters *counters = &report->counters;
	char size[UNITS_TEXT];

	report_add_count(out, counters->finals);
	buf_add_text(out, counters->finals == 1 ? " URL: " : " URLs: ");
	report_add_count(out, counters->ok);
	buf_add_text(out, " ok, ");
	if (counters->skipped > 0)
		buf_printf(out, "%" PRIu64 " of them skipped, ",
			counters->skipped);
	report_add_failures(out, counters);
	report_add_rest(out, report);
	buf_printf(out, "\n  %s", units_show_size(counters->bytes, size));
	if (counters->redirects > 0)
		buf_printf(out, ", redirects %" PRIu64, counters->redirects);
	if (counters->retries > 0)
		buf_printf(out, ", retries %" PRIu64, counters->retries);
	buf_printf(out, ", connections %" PRIu64, counters->connects);
	if (report->names_asked > 0)
		buf_printf(out, ", names asked for %" PRIu64,
			report->names_asked);
	buf_add_char(out, '\n');
}

static void
report_add_times(struct buf *out, const struct report *report)
{
	char p50[UNITS_TEXT], p90[UNITS_TEXT], p95[UNITS_TEXT];
	char p99[UNITS_TEXT], max[UNITS_TEXT];

	/* Without a fetch there is none. */
	if (report->counters.ok == 0 || report->max_us == 0)
		return;
	buf_printf(out, "  time per URL: p50 %s, p90 %s, p95 %s, p99 %s, "
		"max %s\n",
		units_show_time(report->p50_us, p50),
		units_show_time(report->p90_us, p90),
		units_show_time(report->p95_us, p95),
		units_show_time(report->p99_us, p99),
		units_show_time(report->max_us, max));
}

static void
report_add_phases(struct buf *out, const struct report *report)
{
	const char *before = "  spent in: ";
	int phase;

	if (report->time_total <= 0)
		return;
	for (phase = 0; phase < STATS_PHASE_COUNT; phase++) {
		if (phase == STATS_QUEUE || report->phases[phase] <= 0)
			continue;
		buf_printf(out, "%s%s %.1f %%", before,
			stats_phase_name((enum stats_phase)phase),
			100.0 * (double)report->phases[phase] /
			(double)report->time_total);
		before = ", ";
	}
	buf_add_char(out, '\n');
}

static void
report_add_stages(struct buf *out, const struct report *report)
{
	const struct report_stages *stages = &report->stages;
	char wall[UNITS_TEXT], cpu[UNITS_TEXT], size[UNITS_TEXT];
	char p50[UNITS_TEXT], p99[UNITS_TEXT], max[UNITS_TEXT];

	if (stages->pool[0] == '\0')
		return;
	buf_add_text(out, "  stages: ");
	report_add_count(out, stages->bodies);
	buf_printf(out, " %s, %s (cpu %s), ",
		stages->bodies == 1 ? "body" : "bodies",
		units_show_time(stages->wall_us, wall),
		units_show_time(stages->cpu_us, cpu));
	report_add_count(out, stages->failed);
	buf_printf(out, " failed; waited p50 %s, p99 %s, max %s\n",
		units_show_time(stages->queue_p50_us, p50),
		units_show_time(stages->queue_p99_us, p99),
		units_show_time(stages->queue_max_us, max));
	buf_printf(out, "  pool %s: ", stages->pool);
	if (stages->workers > 0)
		buf_printf(out, "%" PRIu64 " worker%s, busy %.1f %%, ",
			stages->workers, stages->workers > 1 ? "s" : "",
			report_utilisation(report));
	if (stages->hidden_us >= 0)
		buf_printf(out, "%.1f %% of the work while fetching, ",
			report_percent(stages->hidden_us, stages->busy_us));
	buf_printf(out, "bodies took at most %s\n",
		units_show_size(stages->peak_bytes, size));
}

/* Whether stages ran where fetches do, and for a good part of the time: else
 * a machine with too much to do is what makes a loop late. */
static int
report_is_busy_inline(const struct report *report)
{
	const struct report_stages *stages = &report->stages;

	return stages->pool[0] != '\0' && stages->workers == 0 &&
		stages->wall_us > report->wall_us / 5;
}

static void
report_add_lag(struct buf *out, const struct report *report)
{
	const struct report_lag *lag = &report->lag;
	char p50[UNITS_TEXT], p99[UNITS_TEXT], max[UNITS_TEXT];

	if (lag->samples == 0)
		return;
	buf_printf(out, "  loop lag: p50 %s, p99 %s, max %s\n",
		units_show_time(lag->p50_us, p50),
		units_show_time(lag->p99_us, p99),
		units_show_time(lag->max_us, max));
	if (lag->p99_us > REPORT_LAG_HIGH && report_is_busy_inline(report))
		buf_add_text(out, "  The loop was late because stages ran in "
			"it: with --pool thread or process fetches go on "
			"meanwhile.\n");
}

static void
report_add_costs(struct buf *out, const struct report *report)
{
	char user[UNITS_TEXT], system[UNITS_TEXT], each[UNITS_TEXT];
	char peak[UNITS_TEXT];

	buf_printf(out, "  cpu: %s user, %s system, %s a request; "
		"peak memory %s\n",
		units_show_time(report->user_us, user),
		units_show_time(report->system_us, system),
		units_show_time(report_cpu_each(report), each),
		units_show_size(report->peak_bytes, peak));
}

void
report_add_text(struct buf *out, const struct report *report)
{
	char wall[UNITS_TEXT];

	report_add_counts(out, report);
	report_add_times(out, report);
	report_add_phases(out, report);
	report_add_stages(out, report);
	report_add_lag(out, report);
	report_add_costs(out, report);
	limits_add_text(out, report);
	buf_printf(out, "%s: wall time %s", report->strategy,
		units_show_time(report->wall_us, wall));
	if (report->counters.finals > 0)
		buf_printf(out, ", %.*f URLs/s",
			report_rate(report) < 10 ? 2 : 0, report_rate(report));
	buf_add_char(out, '\n');
}
