/* SPDX-License-Identifier: MIT */
/*
 * standings -- from the reports of all runs to a row for each contender.
 */
#include "config.h"

#include "base/mem.h"
#include "cli/contest.h"
#include "cli/report.h"
#include "cli/standings.h"

double
standings_time(const struct report *report, int per_url)
{
	double wall = (double)report->wall_us;

	if (!per_url || report->counters.finals == 0)
		return wall;
	return wall / (double)report->counters.finals;
}

static void
standings_take_times(struct standing *row, int per_url)
{
	size_t n = row->contender->n, i;
	double *times = mem_array(n, sizeof *times);

	for (i = 0; i < n; i++)
		times[i] = standings_time(&row->contender->reports[i],
			per_url);
	sample_take(&row->time, times, n);
	if (n >= SAMPLE_ENOUGH)
		row->interval = sample_interval(&row->time);
	free(times);
}

/* `spent_us` by `lanes` at once, as a part of the wall time. */
static double
standings_share(const struct report *report, int64_t spent_us, uint64_t lanes)
{
	if (report->wall_us <= 0 || lanes == 0)
		return 0;
	return (double)spent_us / (double)report->wall_us / (double)lanes;
}

/* A list may be shorter than the concurrency. */
static uint64_t
standings_lanes(const struct report *report)
{
	uint64_t attempts = report->counters.attempts;

	return report->concurrency < attempts ? report->concurrency :
		attempts;
}

/* Inline stages take turns on a loop; elsewhere each has its fetch's lane. */
static double
standings_staging(const struct report *report)
{
	const struct report_stages *stages = &report->stages;

	if (stages->workers > 0)
		return standings_share(report, stages->busy_us,
			stages->workers);
	return standings_share(report, stages->wall_us,
		report->lag.samples > 0 ? 1 : standings_lanes(report));
}

static void
standings_add_report(struct standing *row, const struct report *report)
{
	uint64_t failed = stats_failures(&report->counters);

	row->wall_us += (double)report->wall_us;
	row->busy += (double)(report->user_us + report->system_us);
	row->fetching += standings_share(report, report->time_total,
		standings_lanes(report));
	row->staging += standings_staging(report);
	row->user_us += (double)report->user_us;
	row->system_us += (double)report->system_us;
	if (report->counters.ok > 0 && report->max_us > 0) {
		row->timed++;
		row->p50_us += (double)report->p50_us;
		row->p99_us += (double)report->p99_us;
	}
	if (report->peak_bytes > row->peak_bytes)
		row->peak_bytes = report->peak_bytes;
	if (failed < row->failed_min)
		row->failed_min = failed;
	if (failed > row->failed_max)
		row->failed_max = failed;
}

static void
standings_take_rest(struct standing *row)
{
	const struct contender *contender = row->contender;
	uint64_t finals = 0, attempts = 0;
	double n = (double)contender->n;
	size_t i;

	row->failed_min = UINT64_MAX;
	for (i = 0; i < contender->n; i++) {
		standings_add_report(row, &contender->reports[i]);
		finals += contender->reports[i].counters.finals;
		attempts += contender->reports[i].counters.attempts;
	}
	if (row->wall_us > 0) {
		row->rate = (double)finals * 1e6 / row->wall_us;
		row->busy /= row->wall_us;
	}
	if (attempts > 0)
		row->cpu_each_us = (row->user_us + row->system_us) /
			(double)attempts;
	row->fetching /= n;
	row->staging /= n;
	row->wall_us /= n;
	row->user_us /= n;
	row->system_us /= n;
	if (row->timed > 0) {
		row->p50_us /= (double)row->timed;
		row->p99_us /= (double)row->timed;
	}
}

/* Everything that is said of one row in terms of another. */
static void
standings_relate(struct standing *row, const struct standing *fastest)
{
	row->times = sample_ratio(&row->time, &fastest->time, &row->times_sd);
	if (row == fastest) {
		row->times_sd = 0;
		return;
	}
	row->tested = row->time.n >= SAMPLE_ENOUGH &&
		fastest->time.n >= SAMPLE_ENOUGH;
	if (row->tested)
		row->p = sample_welch(&row->time, &fastest->time);
}

/* Runs that should have been; what was never planned is whole. */
static size_t
standings_planned(const struct contest *contest, size_t contender)
{
	size_t n = 0, i;

	for (i = 0; i < contest->n_steps; i++)
		if (contest->steps[i].contender == contender &&
		    !contest->steps[i].warmup)
			n++;
	return n > 0 ? n : contest->contenders[contender].n;
}

static void
standings_add_row(struct standings *standings,
	const struct contender *contender, size_t planned)
{
	struct standing *row = &standings->rows[standings->n++];
	size_t i;

	row->contender = contender;
	row->planned = planned;
	standings_take_times(row, standings->per_url);
	standings_take_rest(row);
	for (i = 0; i < contender->n; i++)
		standings->finals += contender->reports[i].counters.finals;
	if (row->time.n > standings->runs)
		standings->runs = row->time.n;
	if (standings->fastest == NULL ||
	    row->time.mean < standings->fastest->time.mean)
		standings->fastest = row;
}

void
standings_init(struct standings *standings, const struct contest *contest,
	int per_url)
{
	size_t planned, i;

	*standings = (struct standings){
		.rows = mem_array(contest->n, sizeof *standings->rows),
		.per_url = per_url,
		.sweep = contest->sweep,
		.seed = contest->seed,
	};
	for (i = 0; i < contest->n; i++) {
		planned = standings_planned(contest, i);
		standings->planned += planned;
		standings->made += contest->contenders[i].n;
		if (contest->contenders[i].n > 0)
			standings_add_row(standings, &contest->contenders[i],
				planned);
	}
	for (i = 0; i < standings->n; i++)
		standings_relate(&standings->rows[i], standings->fastest);
}

void
standings_release(struct standings *standings)
{
	free(standings->rows);
	*standings = (struct standings){ 0 };
}

int
standings_ties(const struct standing *standing)
{
	return standing->tested && standing->p >= STANDINGS_P;
}
