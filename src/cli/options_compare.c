/* SPDX-License-Identifier: MIT */
/*
 * options_compare -- the table of how strategies are compared: how often each
 * runs, in what order, and where the figures go.
 */
#include "config.h"

#include <string.h>

#include "cli/options.h"

/* clang-format off */

static const char *const options_orders[] = {
	"interleave", "shuffle", "block", NULL,
};

#define AT(field, ctype) .off = OPT_AT(struct options_compare, field, ctype)

static const struct opt options_compare_rows[] = {
	{ .name = "runs", .type = &opt_count, AT(runs, uint64_t), .arg = "N",
	  .dflt = "1", .min = 1, .max = 10000,
	  .brief = "runs of each strategy; 3 or more tell chance apart",
	  .notes = "Each run is a process of its own. From 3 on the table has "
		"95 % confidence intervals (Student's t) and marks what does "
		"not differ significantly from the fastest (Welch's t test, "
		"p < 0.05).",
	  .example = "fetchall -s serial,async --runs 5 urls.txt" },
	{ .name = "warmup", .type = &opt_count, AT(warmup, uint64_t),
	  .arg = "N", .dflt = "0", .max = 10000,
	  .brief = "runs of each strategy before those that count",
	  .notes = "Their records are not written." },
	{ .name = "order", .type = &opt_choice, AT(order, int),
	  .choices = options_orders, .dflt = "interleave", .arg = "ORDER",
	  .brief = "of the runs: interleave, shuffle or block",
	  .notes = "interleave: one run of each strategy, then again, so that "
		"a disturbance meets all of them. shuffle: any order. block: "
		"all runs of a strategy, then those of the next." },
	{ .name = "seed", .type = &opt_count, AT(seed, uint64_t), .arg = "N",
	  .dflt = "0", .brief = "of --order shuffle; 0: one is chosen, and "
		"printed" },
	{ .name = "export-json", .type = &opt_text, AT(export_json, char *),
	  .arg = "FILE", .brief = "write the comparison, as hyperfine does",
	  .notes = "An object with \"results\", one for each row of the table: "
		"command, mean, stddev, median, user, system, min, max, "
		"times, memory_usage_byte, exit_codes and parameters are "
		"hyperfine's (seconds, bytes); ci95 and p_value (against the "
		"fastest) are null for fewer than 3 runs. The file appears "
		"when it is whole.",
	  .example = "fetchall -s serial,async --export-json out.json "
		"urls.txt" },
	{ .name = "export-csv", .type = &opt_text, AT(export_csv, char *),
	  .arg = "FILE", .brief = "the same as CSV, a line a row" },
	{ .name = "export-markdown", .type = &opt_text,
	  AT(export_markdown, char *), .arg = "FILE",
	  .brief = "write the table as Markdown" },
	{ .name = "plot", .type = &opt_text, AT(plot, char *), .arg = "FILE",
	  .brief = "draw the wall times, FILE.svg or FILE.png",
	  .notes = "Bars with their standard deviation, or lines over the "
		"concurrency where -c has several numbers. Drawn by gnuplot.",
	  .example = "fetchall -s serial,async --plot out.svg urls.txt" },
};
#undef AT

/* clang-format on */

/* How a plot's file name may end; NULL: this one does not. */
static const char *
options_plot_ending(const char *path)
{
	const char *dot = strrchr(path, '.');

	if (dot == NULL || (strcmp(dot, ".svg") != 0 &&
	    strcmp(dot, ".png") != 0))
		return NULL;
	return dot;
}

static int
options_compare_check(const void *settings, struct err *err)
{
	const struct options_compare *compare = settings;

	if (compare->plot != NULL &&
	    options_plot_ending(compare->plot) == NULL)
		return err_set(err, ERR_USAGE, "--plot: '%.200s' ends neither "
			"in .svg nor in .png", compare->plot);
	if (compare->seed != 0 && compare->order != ORDER_SHUFFLE)
		return err_set(err, ERR_USAGE,
			"--seed is for --order shuffle");
	return 0;
}

const struct opt_set options_compare_set = {
	.name = "compare", .title = "Comparing",
	OPT_ROWS(options_compare_rows),
	.settings_size = sizeof(struct options_compare),
	.check = options_compare_check,
};
