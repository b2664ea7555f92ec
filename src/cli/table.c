/* SPDX-License-Identifier: MIT */
/*
 * table -- the rows of a comparison, and one sentence that reads them.
 *
 * Nothing is said that the figures do not hold: what may be chance is called
 * so, and what limited the winner is what CPU, fetches and stages took.
 */
#include "config.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/units.h"
#include "cli/contest.h"
#include "cli/grid.h"
#include "cli/standings.h"
#include "cli/table.h"

#define TABLE_CELL 64
#define TABLE_EVEN 1.005	/* below: 1.00 when it is printed */
#define TABLE_BUSY 0.85	/* of one core: the CPU was the limit */
#define TABLE_IDLE 0.5	/* below: waiting was most of it */

/* --- cells --- */

static int64_t
table_us(double us)
{
	return (int64_t)llround(us);
}

/* "4.31 ± 0.12 s": both in the mean's unit and to the same place. */
static const char *
table_spread(double mean_us, double spread_us, char text[TABLE_CELL])
{
	const char *unit = "us";
	double scale = 1;
	int digits = 0;

	if (mean_us >= 999500) {
		unit = "s";
		scale = 1e6;
	} else if (mean_us >= 1000) {
		unit = "ms";
		scale = 1e3;
	}
	if (mean_us / scale < 100)
		digits = mean_us / scale < 9.995 ? 2 : 1;
	snprintf(text, TABLE_CELL, "%.*f \302\261 %.*f %s", digits,
		mean_us / scale, digits, spread_us / scale, unit);
	return text;
}

static void
table_add_time(struct grid *grid, double us)
{
	char text[UNITS_TEXT];

	/* A time for one URL may be a few microseconds. */
	if (us > 0 && us < 99.95)
		grid_add(grid, "%.1f us", us);
	else
		grid_add(grid, "%s", units_show_time(table_us(us), text));
}

static void
table_add_failed(struct grid *grid, const struct standing *row)
{
	if (row->failed_min == row->failed_max)
		grid_add(grid, "%" PRIu64, row->failed_min);
	else
		grid_add(grid, "%" PRIu64 "-%" PRIu64, row->failed_min,
			row->failed_max);
}

/* How often it was measured decides which columns there are. */
static void
table_add_heading(struct grid *grid, const struct standings *standings)
{
	grid_add(grid, "strategy");
	grid_add(grid, "%s%s", standings->per_url ? "time/URL" : "wall time",
		standings->runs > 1 ? " \302\261 sd" : "");
	if (standings->runs > 1) {
		grid_add(grid, "min");
		grid_add(grid, "max");
	}
	if (standings->runs >= SAMPLE_ENOUGH)
		grid_add(grid, "95%% CI");
	grid_add(grid, "times");
	grid_add(grid, "URLs/s");
	grid_add(grid, "user");
	grid_add(grid, "system");
	grid_add(grid, "cpu/URL");
	grid_add(grid, "memory");
	grid_add(grid, "p50");
	grid_add(grid, "p99");
	grid_add(grid, "failed");
}

static void
table_add_spreads(struct grid *grid, const struct standings *standings,
	const struct standing *row)
{
	char text[TABLE_CELL], half[UNITS_TEXT];

	if (standings->runs == 1) {
		table_add_time(grid, row->time.mean);
		return;
	}
	grid_add(grid, "%s", table_spread(row->time.mean, row->time.sd, text));
	table_add_time(grid, row->time.min);
	table_add_time(grid, row->time.max);
	if (standings->runs < SAMPLE_ENOUGH)
		return;
	if (row->time.n < SAMPLE_ENOUGH)
		grid_add(grid, "-");
	else
		grid_add(grid, "\302\261 %s", units_show_time(
			table_us(row->interval), half));
}

/* "1.02 ± 0.05 ~": the mark is explained below the table. */
static void
table_add_factor(struct grid *grid, const struct standings *standings,
	const struct standing *row)
{
	const char *mark = standings_ties(row) ? " ~" : "";

	if (standings->runs == 1 || row == standings->fastest)
		grid_add(grid, "%.2f%s", row->times, mark);
	else
		grid_add(grid, "%.2f \302\261 %.2f%s", row->times,
			row->times_sd, mark);
}

static void
table_add_row(struct grid *grid, const struct standings *standings,
	const struct standing *row)
{
	char size[UNITS_TEXT];

	if (row->time.n < row->planned)
		grid_add(grid, "%s (%zu of %zu runs)", row->contender->label,
			row->time.n, row->planned);
	else
		grid_add(grid, "%s", row->contender->label);
	table_add_spreads(grid, standings, row);
	table_add_factor(grid, standings, row);
	grid_add(grid, "%.0f", row->rate);
	table_add_time(grid, row->user_us);
	table_add_time(grid, row->system_us);
	table_add_time(grid, row->cpu_each_us);
	grid_add(grid, "%s", units_show_size(row->peak_bytes, size));
	if (row->timed > 0) {
		table_add_time(grid, row->p50_us);
		table_add_time(grid, row->p99_us);
	} else {
		grid_add(grid, "-");
		grid_add(grid, "-");
	}
	table_add_failed(grid, row);
}

static void
table_fill(struct grid *grid, const struct standings *standings)
{
	size_t columns = standings->runs >= SAMPLE_ENOUGH ? 14 :
		standings->runs > 1 ? 13 : 11, i;

	grid_init(grid, columns);
	table_add_heading(grid, standings);
	for (i = 0; i < standings->n; i++)
		table_add_row(grid, standings, &standings->rows[i]);
}

static void
table_add_notes(struct buf *out, const struct standings *standings)
{
	size_t i;

	for (i = 0; i < standings->n; i++)
		if (standings_ties(&standings->rows[i])) {
			buf_add_text(out, "~ no significant difference from "
				"the fastest (Welch's t test, p >= 0.05)\n");
			break;
		}
	if (standings->seed != 0)
		buf_printf(out, "The order was shuffled with --seed %" PRIu64
			".\n", standings->seed);
}

void
table_add_text(struct buf *out, const struct standings *standings)
{
	struct grid grid;

	table_fill(&grid, standings);
	grid_text(&grid, out);
	grid_release(&grid);
	table_add_notes(out, standings);
	table_add_sentence(out, standings);
}

void
table_add_markdown(struct buf *out, const struct standings *standings)
{
	struct grid grid;

	table_fill(&grid, standings);
	grid_markdown(&grid, out);
	grid_release(&grid);
	buf_add_char(out, '\n');
	table_add_notes(out, standings);
	table_add_sentence(out, standings);
}

/* --- the sentence --- */

/* The slowest, or the fastest of those that are slower than a tie. */
static const struct standing *
table_behind(const struct standings *standings, int slowest)
{
	const struct standing *found = NULL, *row;
	size_t i;

	for (i = 0; i < standings->n; i++) {
		row = &standings->rows[i];
		if (row == standings->fastest || standings_ties(row))
			continue;
		if (found == NULL || (slowest ? row->times > found->times :
		    row->times < found->times))
			found = row;
	}
	return found;
}

static size_t
table_ties(const struct standings *standings)
{
	size_t n = 0, i;

	for (i = 0; i < standings->n; i++)
		if (standings_ties(&standings->rows[i]))
			n++;
	return n;
}

static void
table_say_time(struct buf *out, const struct standings *standings)
{
	double us = standings->fastest->time.mean;
	char text[UNITS_TEXT];

	if (us < 99.95)
		buf_printf(out, "%.1f us", us);
	else
		buf_add_text(out, units_show_time(table_us(us), text));
	if (standings->per_url)
		buf_add_text(out, " a URL");
}

/* "async, green and thread do not differ significantly (140 ms)". */
static void
table_say_ties(struct buf *out, const struct standings *standings)
{
	size_t left = table_ties(standings), i;

	buf_printf(out, "No significant difference between %s",
		standings->fastest->contender->label);
	for (i = 0; i < standings->n; i++)
		if (standings_ties(&standings->rows[i]))
			buf_printf(out, "%s%s", --left > 0 ? ", " : " and ",
				standings->rows[i].contender->label);
	buf_add_text(out, " (");
	table_say_time(out, standings);
	buf_add_char(out, ')');
}

static void
table_say_winner(struct buf *out, const struct standings *standings)
{
	const struct standing *next = table_behind(standings, 0);
	const struct standing *last = table_behind(standings, 1);
	const char *verb = standings->n > 1 ? "won: " : "took ";

	if (table_ties(standings) > 0) {
		table_say_ties(out, standings);
		if (last != NULL)
			buf_printf(out, "; %s took %.2f times as long",
				last->contender->label, last->times);
		return;
	}
	buf_printf(out, "%s %s", standings->fastest->contender->label, verb);
	table_say_time(out, standings);
	if (next != NULL && next->times < TABLE_EVEN)
		buf_printf(out, ", about as fast as %s",
			next->contender->label);
	else if (next != NULL)
		buf_printf(out, ", %.2f times as fast as %s", next->times,
			next->contender->label);
	if (last != next)
		buf_printf(out, ", the next, and %.2f times as fast as %s, "
			"the last", last->times, last->contender->label);
}

/* What it was that most of the waiting was for. */
static const char *
table_wait(const struct standing *row)
{
	if (row->staging > row->fetching)
		return " for its stages";
	return row->fetching > 0 ? " for the network" : "";
}

static void
table_say_limit(struct buf *out, const struct standings *standings)
{
	const struct standing *row = standings->fastest;

	if (row->wall_us <= 0)
		return;
	buf_printf(out, "; %s ", row->contender->label);
	if (row->busy >= TABLE_BUSY)
		buf_add_text(out, "was limited by CPU time");
	else
		buf_printf(out, "%s%s", row->busy < TABLE_IDLE ?
			"mostly waited" : "partly computed and partly waited",
			table_wait(row));
	buf_printf(out, " (CPU %.0f %% of one core)", row->busy * 100);
}

static void
table_say_failures(struct buf *out, const struct standings *standings)
{
	uint64_t least = UINT64_MAX, most = 0;
	size_t i;

	for (i = 0; i < standings->n; i++) {
		if (standings->rows[i].failed_min < least)
			least = standings->rows[i].failed_min;
		if (standings->rows[i].failed_max > most)
			most = standings->rows[i].failed_max;
	}
	if (least < most)
		buf_printf(out, "; from %" PRIu64 " to %" PRIu64 " URLs "
			"failed, so not all runs did the same work", least,
			most);
	else if (most > 0)
		buf_printf(out, "; %" PRIu64 " %s failed in each run", most,
			most == 1 ? "URL" : "URLs");
}

void
table_add_sentence(struct buf *out, const struct standings *standings)
{
	if (standings->fastest == NULL)
		return;
	if (standings->finals == 0) {
		buf_add_text(out, "There is nothing to compare: no URL came "
			"to its end.\n");
		return;
	}
	if (standings->made < standings->planned) {
		buf_printf(out, "Cut short after %zu of %zu runs: there is no "
			"winner.\n", standings->made, standings->planned);
		return;
	}
	table_say_winner(out, standings);
	table_say_limit(out, standings);
	table_say_failures(out, standings);
	if (standings->n > 1 && standings->runs < SAMPLE_ENOUGH)
		buf_printf(out, "; %s cannot tell chance from difference "
			"(--runs 5)", standings->runs == 1 ? "one run each" :
			"two runs each");
	buf_add_text(out, ".\n");
}
