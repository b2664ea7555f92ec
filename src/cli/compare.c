/* SPDX-License-Identifier: MIT */
/*
 * compare -- the same list by several strategies, side by side.
 *
 * One run after the other, so that none takes CPU or server from another;
 * everything that could fail at the end (files, gnuplot) is tried before the
 * first one.
 */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "cli/compare.h"
#include "cli/contest.h"
#include "cli/export.h"
#include "cli/fresh.h"
#include "cli/options.h"
#include "cli/plot.h"
#include "cli/report.h"
#include "cli/spool.h"
#include "cli/standings.h"
#include "cli/table.h"
#include "core/naming.h"
#include "core/output.h"
#include "core/sink.h"

#define COMPARE_TEXT (16u << 20)

/* --- before the first run --- */

static int
compare_reads_stdin(const struct options *options)
{
	size_t n = options->input->files.n, i;

	if (n == 0 && options->n_operands == 0)
		return 1;
	for (i = 0; i < n; i++)
		if (strcmp(options->input->files.items[i], "-") == 0)
			return 1;
	for (i = 0; i < (size_t)options->n_operands; i++)
		if (strcmp(options->operands[i], "-") == 0)
			return 1;
	return 0;
}

int
compare_wanted(const struct options *options, const struct contest *contest)
{
	const struct options_compare *compare = options->compare;

	/* A comparison's run has its options, too. */
	if (options->general->report_fd != 0)
		return 0;
	return contest->n > 1 || contest->sweep || compare->runs > 1 ||
		compare->warmup > 0 || compare->export_json != NULL ||
		compare->export_csv != NULL ||
		compare->export_markdown != NULL || compare->plot != NULL;
}

/* Each run is to do the same, and nothing but what is measured. */
static int
compare_check_bodies(const struct options *options, struct err *err)
{
	const struct options_bodies *bodies = options->bodies;
	const struct sink *sink = options_body_sink(options, SINK_BODIES);

	if (options->durable->state != NULL)
		return err_set(err, ERR_USAGE, "--state is of one run: the "
			"others of a comparison would find all done");
	if (sink != NULL)
		return err_set(err, ERR_USAGE, "--%s is of one run, and not "
			"for a comparison", sink->opts->rows[0].name);
	if (bodies->existing == NAMING_OVERWRITE || !options_saves(options))
		return 0;
	return err_set(err, ERR_USAGE, "the first run of a comparison would "
		"save what the others then skip%s: add --existing overwrite",
		bodies->save || bodies->output != NULL ? "" :
		", where the list names files");
}

static int
compare_check(const struct options *options, struct err *err)
{
	const struct options_records *records = options->records;

	if (records->results == NULL && (opts_given(options->opts, "format") ||
	    records->write_out != NULL))
		return err_set(err, ERR_USAGE, "a comparison prints its table "
			"on standard output: name a file for the records with "
			"--results");
	if (options->general->summary == SUMMARY_JSON &&
	    opts_typed(options->opts, "summary"))
		return err_set(err, ERR_USAGE, "--summary json is of one run: "
			"a comparison has --export-json");
	if (plot_check(options->compare->plot, err) != 0 ||
	    compare_check_bodies(options, err) != 0)
		return -1;
	return export_check(options->compare, err);
}

/* Every run appends to it. */
static int
compare_empty_results(const struct options *options, struct err *err)
{
	struct output *output;

	if (options->records->results == NULL)
		return 0;
	output = output_open(options->records->results, OUTPUT_TRUNCATE, err);
	if (output == NULL)
		return -1;
	output_free(output);
	return 0;
}

/* --- the runs --- */

/* Ended from outside, or no use in going on. */
static int
compare_over(int status)
{
	return status < 0 || status >= err_status(ERR_USAGE);
}

static char *
compare_label(const struct contest *contest, size_t at)
{
	const struct contest_step *step = &contest->steps[at];

	return mem_printf("%srun %zu of %zu, %s", step->warmup ? "warm-up " :
		"", at + 1, contest->n_steps,
		contest->contenders[step->contender].label);
}

static int
compare_step(const struct fresh *fresh, struct contest *contest, size_t at,
	struct err *err)
{
	const struct contest_step *step = &contest->steps[at];
	struct contender *contender = &contest->contenders[step->contender];
	char *label = compare_label(contest, at);
	int reported = 0, status;
	struct report report;

	log_info("%s", label);
	status = fresh_run(fresh, contender, step->warmup, label, &report,
		&reported, err);
	free(label);
	if (reported && !step->warmup)
		contest_add(contender, &report, status);
	if (status > 128 && fresh_signal() == 0)
		log_error("%s: the run was ended by signal %d",
			contender->label, status - 128);
	return status;
}

/* The worst exit status, or -1. */
static int
compare_all(const struct fresh *fresh, struct contest *contest,
	struct err *err)
{
	int worst = 0, status = 0;
	size_t i;

	for (i = 0; i < contest->n_steps && !compare_over(status); i++) {
		status = compare_step(fresh, contest, i, err);
		/* One that came while no run was there to take it. */
		if (fresh_signal() != 0 && !compare_over(status))
			status = err_status(fresh_signal() == SIGTERM ?
				ERR_TERMINATED : ERR_INTERRUPTED);
		if (status < 0)
			return -1;
		if (status > worst)
			worst = status;
	}
	return worst;
}

/* --- what they say --- */

static int
compare_print(const struct standings *standings, struct err *err)
{
	struct buf out;
	int rc = 0;

	buf_init(&out, COMPARE_TEXT);
	table_add_text(&out, standings);
	if (fwrite(buf_text(&out), 1, out.len, stdout) != out.len ||
	    fflush(stdout) != 0)
		rc = errno == EPIPE ? err_set(err, ERR_CLOSED,
			"standard output was closed") :
			err_sys(err, "standard output");
	buf_release(&out);
	return rc;
}

static void
compare_say_unwritten(const struct options_compare *compare)
{
	if (compare->export_json != NULL || compare->export_csv != NULL ||
	    compare->export_markdown != NULL || compare->plot != NULL)
		log_warning("the comparison was cut short: files of --export-* "
			"and --plot are not written");
}

/* What did not come to its end is printed but not written to files. */
static int
compare_publish(const struct options *options, const struct contest *contest,
	int whole, struct err *err)
{
	const struct options_compare *compare = options->compare;
	struct standings standings;
	int rc = 0;

	standings_init(&standings, contest, options->load->duration > 0);
	if (standings.n > 0) {
		rc = compare_print(&standings, err);
		if (rc == 0 && whole)
			rc = export_write(compare, &standings, err);
		if (rc == 0 && whole && compare->plot != NULL)
			rc = plot_write(compare->plot, &standings, err);
	}
	standings_release(&standings);
	if (!whole)
		compare_say_unwritten(compare);
	return rc;
}

static int
compare_do(struct fresh *fresh, struct contest *contest, struct err *err)
{
	const struct options *options = fresh->options;
	int status;

	if (compare_check(options, err) != 0 ||
	    compare_empty_results(options, err) != 0)
		return -1;
	if (compare_reads_stdin(options)) {
		fresh->spool = spool_stdin(err);
		if (fresh->spool < 0)
			return -1;
	}
	contest_plan(contest, options->compare,
		(uint64_t)clock_wall_us() % 1000000 + 1);
	fresh_watch_signals();
	status = compare_all(fresh, contest, err);
	if (status < 0)
		return -1;
	if (compare_publish(options, contest, !compare_over(status),
	    err) != 0)
		return compare_over(status) ? status : -1;
	return status;
}

int
compare_run(const struct options *options, struct contest *contest,
	char **argv)
{
	struct fresh fresh = {
		.options = options, .argv = argv, .spool = -1,
	};
	struct err err = { 0 };
	int status = compare_do(&fresh, contest, &err);

	if (fresh.spool >= 0)
		close(fresh.spool);
	if (status >= 0)
		return status;
	if (err.code != ERR_CLOSED)
		log_error("%s", err.text);
	return err_status(err.code);
}
