/* SPDX-License-Identifier: MIT */
/*
 * single -- opens list and outputs, fetches, sums up.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "cli/files.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "cli/pss.h"
#include "cli/report.h"
#include "cli/report_json.h"
#include "cli/settings.h"
#include "cli/single.h"
#include "core/chain.h"
#include "core/output.h"
#include "core/pool.h"
#include "core/relist.h"
#include "core/sink.h"
#include "core/state.h"
#include "core/strategy.h"

struct single {
	const struct options *options;
	struct settings *settings;
	struct source *source;
	struct state *state;	/* NULL: nothing is remembered */
	/* Those of bodies, then the one of records. */
	struct ledger_target targets[SETTINGS_BODY_SINKS + 1];
	size_t n_targets;
	struct run *run;
};

/* --- list and outputs --- */

static int
single_open_source(struct single *single, struct err *err)
{
	const struct settings *settings = single->settings;

	single->source = source_new(&settings->source,
		(char *const *)(uintptr_t)settings->operands,
		settings->n_operands, STDIN_FILENO, err);
	return single->source != NULL ? 0 : -1;
}

/* Remembering what is done, or going on where that ended. */
static int
single_open_state(struct single *single, struct err *err)
{
	const struct options_durable *durable = single->options->durable;
	struct settings *settings = single->settings;
	struct state_args args = {
		.path = durable->state, .sync = durable->sync,
	};
	char **fixed;
	size_t i;

	if (durable->state == NULL)
		return 0;
	fixed = opts_fixed(single->options->opts, &args.n_options);
	args.options = fixed;
	single->state = state_open(&args, err);
	for (i = 0; i < args.n_options; i++)
		free(fixed[i]);
	free(fixed);
	if (single->state == NULL)
		return err_in(err, "--state");
	settings->run.state = single->state;
	settings->naming.since_us = state_began_us(single->state);
	return 0;
}

/* Records would be written over what is remembered. */
static int
single_check_results(const struct single *single, struct err *err)
{
	const char *state = single->options->durable->state;
	const char *results = single->options->records->results;
	struct stat a, b;

	if (state == NULL || results == NULL || stat(state, &a) != 0 ||
	    stat(results, &b) != 0 || a.st_dev != b.st_dev ||
	    a.st_ino != b.st_ino)
		return 0;
	return err_set(err, ERR_USAGE, "--results %s is the file of --state: "
		"name another one", results);
}

/* Before anything is fetched or an output touched. */
static int
single_check_list(struct single *single, struct err *err)
{
	const struct settings *settings = single->settings;

	if (single->state == NULL)
		return 0;
	return relist_check(single->state, &settings->source,
		(char *const *)(uintptr_t)settings->operands,
		settings->n_operands, STDIN_FILENO, err);
}

/* What failed is to be done again, once it is known to be the same list. */
static int
single_retry_failed(struct single *single, struct err *err)
{
	const struct options *options = single->options;
	const char *path = options->records->results;

	if (!options->durable->retry_failed)
		return 0;
	if (marks_find(state_marks(single->state), LEDGER_RECORDS) == NULL)
		path = NULL;
	return state_retry_failed(single->state, path, err);
}

/* The run before this one may have come further than it remembers. */
static struct output *
single_resume_output(const struct single *single, const char *path,
	struct err *err)
{
	const struct mark *mark = marks_find(state_marks(single->state),
		LEDGER_RECORDS);

	return output_resume(path, mark != NULL ? mark->offset : 0,
		mark != NULL ? mark->number : 0, err);
}

static struct output *
single_open_output(const struct single *single, const char *path,
	struct err *err)
{
	struct stat st;

	/* What is no file has nothing that could be cut back. */
	if (single->state != NULL && state_resumes(single->state) &&
	    strcmp(path, "-") != 0 &&
	    (stat(path, &st) != 0 || S_ISREG(st.st_mode)))
		return single_resume_output(single, path, err);
	return output_open(path, single->options->records->append ?
		OUTPUT_APPEND : OUTPUT_TRUNCATE, err);
}

/* Opens the next one; `path` is where it writes to, NULL: nowhere. */
static int
single_open_target(struct single *single, const struct sink *sink,
	const char *path, struct sink_args *args, struct err *err)
{
	struct ledger_target *target = &single->targets[single->n_targets++];

	target->sink = sink;
	if (path != NULL) {
		target->output = single_open_output(single, path, err);
		if (target->output == NULL)
			return -1;
	}
	args->output = target->output;
	target->self = sink->open(args, err);
	return target->self != NULL ? 0 : -1;
}

static int
single_open_bodies(struct single *single, struct err *err)
{
	const struct settings *settings = single->settings;
	const struct sink *sink;
	struct sink_args args = {
		.naming = settings->run.naming,
		.sync = single->options->durable->sync,
	};
	size_t i;

	if (single->state != NULL && state_resumes(single->state))
		args.resume = state_marks(single->state);

	for (i = 0; (sink = settings->body_sinks[i]) != NULL; i++) {
		args.own = sink->opts != NULL ?
			opts_settings(single->options->opts, sink->opts) :
			NULL;
		if (single_open_target(single, sink,
		    sink->caps & SINK_STDOUT ? "-" : NULL, &args, err) != 0)
			return -1;
	}
	return 0;
}

static int
single_open_records(struct single *single, struct err *err)
{
	const struct options_records *records = single->options->records;
	struct sink_args args = {
		.columns = &single->settings->columns,
		.set = single->settings->set,
		.format = records->write_out,
	};

	return single_open_target(single, single->settings->sink,
		records->results != NULL ? records->results : "-", &args, err);
}

static void
single_close(struct single *single)
{
	struct ledger_target *target;
	size_t i;

	run_free(single->run);
	for (i = 0; i < single->n_targets; i++) {
		target = &single->targets[i];
		if (target->self != NULL)
			target->sink->close(target->self);
		output_free(target->output);
	}
	source_free(single->source);
	state_free(single->state);
}

/* --- what is said at the end --- */

static void
single_print(const struct buf *text)
{
	fwrite(buf_text(text), 1, text->len, stderr);
	fflush(stderr);
}

static void
single_summarise(const struct single *single, const struct report *report)
{
	const struct options_general *general = single->options->general;
	struct buf text;

	if (general->quiet || general->summary == SUMMARY_NONE)
		return;
	buf_init(&text, 1 << 20);
	if (general->summary == SUMMARY_JSON)
		report_json_add(&text, report, run_stats(single->run));
	else
		report_add_text(&text, report);
	single_print(&text);
	buf_release(&text);
}

/* To the comparison that this run belongs to: see compare.c. */
static void
single_send(const struct single *single, const struct report *report, int rc)
{
	int fd = (int)single->options->general->report_fd;
	ssize_t n;

	/* A run that did not come to its end has no place in a table. */
	if (fd == 0 || rc != 0)
		return;
	n = write(fd, report, sizeof *report);
	if (n != (ssize_t)sizeof *report)
		log_error("the comparison that started this run is gone");
}

/* --first asked for one, and status 1 alone does not say that none came. */
static void
single_say_none(const struct single *single, const struct report *report)
{
	if (!single->options->general->first || report->counters.ok > 0)
		return;
	if (report->counters.finals == 0)
		log_error("--first: there was no URL to fetch");
	else
		log_error("--first: no URL was fetched well");
}

static int
single_status(const struct single *single, int rc, const struct err *err,
	const struct report *report)
{
	if (rc != 0)
		return err_status(err->code);
	if (single->options->general->first)
		return err_status(report->counters.ok > 0 ? ERR_NONE :
			ERR_FAILED);
	if (report->counters.ok < report->counters.finals ||
	    report->counters.failed[ERROR_DEADLINE] > 0 || report->cut_short ||
	    report->failed_before > 0)
		return err_status(ERR_FAILED);
	return err_status(ERR_NONE);
}

/* --- the run --- */

static int
single_wants_progress(const struct single *single)
{
	const struct options_general *general = single->options->general;

	if (!general->progress || general->quiet)
		return 0;
	/* A comparison's run prints nothing itself. */
	if (general->report_fd != 0)
		return 1;
	/* What scrolls by on the same terminal would tear the line. */
	return (single->options->records->results != NULL &&
		options_body_sink(single->options, SINK_STDOUT) == NULL) ||
		!isatty(STDOUT_FILENO);
}

/* The ledger has committed them; only close() knows of a full quota on a
 * network file system. */
static int
single_close_outputs(struct single *single, struct err *err)
{
	struct output *output;
	size_t i;

	for (i = 0; i < single->n_targets; i++) {
		output = single->targets[i].output;
		if (output != NULL && output_close(output, err) != 0)
			return -1;
	}
	return 0;
}

static int
single_execute(struct single *single, struct err *err)
{
	const char *label = single->options->general->run_label;
	struct progress *progress = NULL;
	int stuck, rc;

	if (single_wants_progress(single))
		progress = progress_start(single->run, single->source,
			single->options->load, label != NULL ? label :
			single->settings->run.strategy->name);
	rc = run_execute(single->run, &stuck, err);
	progress_stop(progress);
	if (!stuck)
		return rc == 0 ? single_close_outputs(single, err) : rc;
	/* A write that hangs holds a thread: nothing can be joined. */
	log_error("%s; the reader of the output takes nothing, the last of "
		"it was not written", err->text);
	_exit(err_status(err->code));
}

/* Whether the run has children: the strategy's, the pool's or commands. */
static int
single_has_processes(const struct single *single)
{
	const struct run_settings *run = &single->settings->run;

	if (run->strategy->zygote != NULL)
		return 1;
	return run->chain != NULL && (run->pool->zygote != NULL ||
		chain_commands(run->chain));
}

/* Descriptors of a fetch. A body that is kept may be in a file; one that is to
 * become a file often is, and so is the one before it, which waits for its
 * name. */
static size_t
single_files(const struct run_settings *run)
{
	size_t n = run->strategy->files > 0 ? run->strategy->files : 1;

	if (run->keep & RUN_KEEP_FILES)
		return n + 2;
	return run->keep != 0 ? n + 1 : n;
}

static int
single_fetch(struct single *single, struct err *err)
{
	struct settings *settings = single->settings;
	const struct strategy *strategy = settings->run.strategy;
	struct pss *pss = NULL;
	size_t asked = settings->run.concurrency;
	struct report_cpu before;
	struct report report;
	int rc;

	if (!(strategy->caps & STRATEGY_ONE))
		settings->run.concurrency =
			files_limit(settings->run.concurrency,
				single_files(&settings->run));
	single->run = run_new(&settings->run, single->source, single->targets,
		single->n_targets, err);
	if (single->run == NULL)
		return err_status(err->code);
	report_cpu_now(&before);
	if (single_has_processes(single))
		pss = pss_start();
	rc = single_execute(single, err);
	report_collect(&report, single->run, strategy->name,
		run_concurrency(single->run), settings->run.chain != NULL ?
		settings->run.pool->name : NULL, &before);
	report.peak_bytes += pss_stop(pss);
	report.cores = settings_cores();
	if (!(strategy->caps & STRATEGY_ONE))
		report.asked = asked;
	if (single->state != NULL)
		report.failed_before = state_failed(single->state);
	/* Quietly: the reader of a pipe has all it wanted. */
	if (rc != 0 && err->code != ERR_CLOSED)
		log_error("%s", err->text);
	if (rc == 0 || err->code != ERR_CLOSED)
		single_summarise(single, &report);
	if (rc == 0)
		single_say_none(single, &report);
	single_send(single, &report, rc);
	return single_status(single, rc, err, &report);
}

int
single_run(const struct options *options, struct settings *settings)
{
	struct single single = { .options = options, .settings = settings };
	struct err err = { 0 };
	int status;

	if (single_open_state(&single, &err) != 0 ||
	    single_check_results(&single, &err) != 0 ||
	    single_open_source(&single, &err) != 0 ||
	    single_check_list(&single, &err) != 0 ||
	    single_retry_failed(&single, &err) != 0 ||
	    single_open_bodies(&single, &err) != 0 ||
	    single_open_records(&single, &err) != 0) {
		log_error("%s", err.text);
		status = err_status(err.code);
	} else {
		status = single_fetch(&single, &err);
		if (single.run == NULL)
			log_error("%s", err.text);
	}
	single_close(&single);
	return status;
}

/* --- --dry-run --- */

static int
single_list(struct single *single, uint64_t *ret_good, uint64_t *ret_bad,
	struct err *err)
{
	struct output *output = single->targets[0].output;
	struct source_item item;
	int rc, failed = 0;

	while (!failed && (rc = source_next(single->source, &item, err)) > 0) {
		if (item.bad.code != ERR_NONE) {
			log_warning("%s", item.bad.text);
			++*ret_bad;
		} else {
			buf_add_text(output_buf(output), item.url.text);
			buf_add_char(output_buf(output), '\n');
			failed = output_record(output, err);
			++*ret_good;
		}
		source_item_release(&item);
	}
	if (failed || rc < 0)
		return -1;
	return output_commit(output, err);
}

int
single_dry_run(const struct options *options, struct settings *settings)
{
	struct single single = { .options = options, .settings = settings };
	uint64_t good = 0, bad = 0;
	struct err err = { 0 };
	int rc = -1;

	if (single_open_source(&single, &err) == 0) {
		single.targets[0].output = output_open("-", OUTPUT_TRUNCATE,
			&err);
		single.n_targets = 1;
		if (single.targets[0].output != NULL)
			rc = single_list(&single, &good, &bad, &err);
	}
	if (rc != 0 && err.code != ERR_CLOSED)
		log_error("%s", err.text);
	if (rc == 0 && !options->general->quiet)
		fprintf(stderr, "%" PRIu64 " URLs, %" PRIu64 " bad lines; "
			"nothing was fetched (%s, concurrency %zu)\n", good,
			bad, settings->run.strategy->name,
			settings->run.strategy->caps & STRATEGY_ONE ? 1 :
			settings->run.concurrency);
	single_close(&single);
	if (rc != 0)
		return err_status(err.code);
	return err_status(bad > 0 ? ERR_FAILED : ERR_NONE);
}
