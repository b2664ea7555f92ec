/* SPDX-License-Identifier: MIT */
/*
 * fetchall -- fetches lists of URLs with swappable strategies.
 */
#include "config.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <unistd.h>

#include "base/log.h"
#include "cli/compare.h"
#include "cli/contest.h"
#include "cli/options.h"
#include "cli/pages.h"
#include "cli/settings.h"
#include "cli/single.h"
#include "net/versions.h"

/*
 * Of the standard descriptors those that the starter closed: else a socket or
 * a list would get their number, and records would be written there. They are
 * held open the wrong way round, so that who uses them is told.
 */
static void
main_hold_descriptors(void)
{
	int fd;

	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null",
		    fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0)
			return;
}

/* What the whole process needs, before anything else is done. */
static int
main_prepare(struct err *err)
{
	main_hold_descriptors();
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	/* The starter may have ignored it: children could not be waited for. */
	signal(SIGCHLD, SIG_DFL);
	/* Names with letters beyond ASCII are turned to punycode by it. */
	setlocale(LC_CTYPE, "C.UTF-8");
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return err_set(err, ERR_SYSTEM, "libcurl cannot be used");
	return versions_check(err);
}

/* Lines of a comparison's run say which one it is. */
static void
main_set_log(const struct options_general *general)
{
	log_set_subject(general->run_label);
	if (general->quiet)
		log_set_level(LOG_LEVEL_ERROR);
	else if (general->verbose)
		log_set_level(LOG_LEVEL_INFO);
}

static int
main_fetch(const struct options *options, char **argv, struct err *err)
{
	struct settings settings;
	struct contest contest;
	int status;

	if (contest_init(&contest, options->concurrency->strategies,
	    &options->concurrency->concurrency, err) != 0)
		return opts_blame(options->opts, "strategy", err);
	if (settings_init(&settings, options, contest.contenders[0].strategy,
	    err) != 0) {
		contest_release(&contest);
		return -1;
	}
	if (options->general->dry_run)
		status = single_dry_run(options, &settings);
	else if (compare_wanted(options, &contest))
		status = compare_run(options, &contest, argv);
	else
		status = single_run(options, &settings);
	settings_release(&settings);
	contest_release(&contest);
	return status;
}

/* -1: what went wrong is in `err`; else the exit status. */
static int
main_run(struct options *options, int argc, char **argv, struct err *err)
{
	const struct options_general *general = options->general;

	pages_set_topics(options);
	if (options_parse(options, argc, argv, err) != 0)
		return -1;
	if (general->help != NULL)
		return pages_help(options, general->help);
	if (general->version)
		return pages_version();
	if (general->dump != DUMP_NOTHING)
		return pages_dump(options, general->dump);
	main_set_log(general);
	if (options->n_operands == 0 && options->input->files.n == 0 &&
	    isatty(STDIN_FILENO))
		return pages_short_help();
	return main_fetch(options, argv, err);
}

int
main(int argc, char **argv)
{
	struct options options;
	struct err err = { 0 };
	int status;

	options_init(&options);
	status = main_prepare(&err);
	if (status == 0)
		status = main_run(&options, argc, argv, &err);
	if (status < 0) {
		log_error("%s", err.text);
		status = err_status(err.code);
	}
	options_release(&options);
	curl_global_cleanup();
	return status;
}
