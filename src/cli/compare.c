/* SPDX-License-Identifier: MIT */
/*
 * compare -- the same list by several strategies, side by side.
 *
 * Each gets a process of its own, made by executing this program again: no
 * run inherits the caches, the heap or the connections of the one before, and
 * memory and CPU are its own. Standard input can be read only once, so it is
 * put into an unlinked file first, and each run reads that from its start.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/units.h"
#include "cli/compare.h"
#include "cli/options.h"
#include "cli/report.h"
#include "core/output.h"
#include "core/strategy.h"

/* --- names --- */

static int
compare_names_add(struct compare_names *names, const char *text, size_t len,
	struct err *err)
{
	char *name = mem_strndup(text, len);
	size_t i;

	if (strategy_find(name, err) == NULL) {
		free(name);
		return -1;
	}
	for (i = 0; i < names->n; i++)
		if (strcmp(names->items[i], name) == 0) {
			err_set(err, ERR_USAGE, "strategy '%s' is named twice",
				name);
			free(name);
			return -1;
		}
	names->items = mem_grow(names->items, names->n + 1,
		sizeof *names->items);
	names->items[names->n++] = name;
	return 0;
}

int
compare_names_parse(struct compare_names *ret, const char *text,
	struct err *err)
{
	size_t len;

	*ret = (struct compare_names){ 0 };
	for (;; text += len + 1) {
		len = strcspn(text, ",");
		if (compare_names_add(ret, text, len, err) != 0) {
			compare_names_release(ret);
			return err_in(err, "--strategy");
		}
		if (text[len] == '\0')
			return 0;
	}
}

void
compare_names_release(struct compare_names *names)
{
	size_t i;

	for (i = 0; i < names->n; i++)
		free(names->items[i]);
	free(names->items);
	*names = (struct compare_names){ 0 };
}

/* --- standard input --- */

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

static int
compare_open_spool(struct err *err)
{
	const char *folder = getenv("TMPDIR");
	int fd;

	if (folder == NULL || folder[0] == '\0')
		folder = "/tmp";
	fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	/* Some file systems have no unnamed files; memory always has. */
	if (fd < 0)
		fd = memfd_create("fetchall-list", MFD_CLOEXEC);
	if (fd < 0)
		err_sys(err, "cannot keep standard input in %s", folder);
	return fd;
}

/* A descriptor that holds all of standard input, or -1. */
static int
compare_spool(struct err *err)
{
	struct output *output;
	char block[65536];
	int fd = compare_open_spool(err), rc = 0;
	ssize_t n;

	if (fd < 0)
		return -1;
	output = output_new(fd, "the copy of standard input");
	while (rc == 0 && (n = read(STDIN_FILENO, block, sizeof block)) != 0) {
		if (n < 0 && errno != EINTR)
			rc = err_sys(err, "standard input");
		else if (n > 0 && (rc = buf_add(output_buf(output), block,
		    (size_t)n)) == 0)
			rc = output_record(output, err);
	}
	if (rc == 0)
		rc = output_commit(output, err);
	output_free(output);
	if (rc == 0)
		return fd;
	close(fd);
	return -1;
}

/* --- one run --- */

/*
 * The options as given, then what makes it one run of a comparison, then the
 * operands. After getopt's permutation the options stand in front.
 */
static char **
compare_argv(const struct options *options, const char *strategy,
	char **argv, int report_fd)
{
	int first = options->first, n = 0, i;
	char **args = mem_array((size_t)(first + options->n_operands) + 10,
		sizeof *args);

	if (strcmp(argv[first - 1], "--") == 0)
		first--;
	for (i = 0; i < first; i++)
		args[n++] = mem_strdup(argv[i]);
	args[n++] = mem_printf("--strategy=%s", strategy);
	args[n++] = mem_printf("--report-fd=%d", report_fd);
	args[n++] = mem_strdup("--summary=none");
	if (options->records->results == NULL)
		args[n++] = mem_strdup("--format=none");
	args[n++] = mem_strdup("--append-results");
	args[n++] = mem_strdup("--");
	for (i = 0; i < options->n_operands; i++)
		args[n++] = mem_strdup(options->operands[i]);
	return args;
}

static void
compare_argv_free(char **args)
{
	char **at;

	for (at = args; *at != NULL; at++)
		free(*at);
	free(args);
}

/*
 * The run that signals are passed on to, 0: none; and the last signal. File
 * scope because a handler needs them.
 */
static volatile sig_atomic_t compare_child, compare_signal;

/* The terminal tells every process by itself; others tell only us. */
static void
compare_on_signal(int number, siginfo_t *info, void *context)
{
	(void)context;
	compare_signal = number;
	if (compare_child > 0 && info->si_code != SI_KERNEL)
		kill((pid_t)compare_child, number);
}

static void
compare_watch_signals(void)
{
	struct sigaction action = {
		.sa_sigaction = compare_on_signal,
		.sa_flags = SA_SIGINFO | SA_RESTART,
	};

	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

static void __attribute__((noreturn))
compare_exec(char **args, int spool, int report_fd, pid_t parent)
{
	char path[64];

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(err_status(ERR_TERMINATED));
	if (spool >= 0) {
		/* Opened anew: a position of its own, at the start. */
		snprintf(path, sizeof path, "/proc/self/fd/%d", spool);
		close(STDIN_FILENO);
		if (open(path, O_RDONLY) != STDIN_FILENO)
			_exit(err_status(ERR_SYSTEM));
	}
	fcntl(report_fd, F_SETFD, 0);
	execv("/proc/self/exe", args);
	log_error("cannot execute this program again: %s", strerror(errno));
	_exit(err_status(ERR_SYSTEM));
}

static int
compare_wait(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return err_status(ERR_SYSTEM);
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	return 128 + WTERMSIG(status);
}

/* The run's exit status, -1 when it could not be started. */
static int
compare_one(const struct options *options, const char *strategy, char **argv,
	int spool, struct report *ret, int *ret_reported, struct err *err)
{
	char **args;
	int fds[2];
	ssize_t n;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) != 0)
		return err_sys(err, "pipe");
	args = compare_argv(options, strategy, argv, fds[1]);
	pid = fork();
	if (pid == 0)
		compare_exec(args, spool, fds[1], getppid());
	compare_argv_free(args);
	close(fds[1]);
	if (pid < 0) {
		close(fds[0]);
		return err_sys(err, "cannot start a process");
	}
	compare_child = pid;
	/* It came before there was somebody to tell. */
	if (compare_signal != 0)
		kill(pid, compare_signal);
	do
		n = read(fds[0], ret, sizeof *ret);
	while (n < 0 && errno == EINTR);
	close(fds[0]);
	*ret_reported = n == (ssize_t)sizeof *ret;
	n = compare_wait(pid);
	compare_child = 0;
	return (int)n;
}

/* --- the table --- */

static int
compare_fastest(const struct report *reports, size_t n)
{
	size_t best = 0, i;

	for (i = 1; i < n; i++)
		if (reports[i].wall_us < reports[best].wall_us)
			best = i;
	return (int)best;
}

static void
compare_add_row(struct buf *out, const struct report *report,
	const struct report *fastest)
{
	char wall[UNITS_TEXT], cpu[UNITS_TEXT], each[UNITS_TEXT];
	char peak[UNITS_TEXT], p50[UNITS_TEXT], p99[UNITS_TEXT];
	double times = fastest->wall_us > 0 ? (double)report->wall_us /
		(double)fastest->wall_us : 1;

	buf_printf(out, "%-14s %10s %7.2f %9.0f %9s %9s %9s %9s %9s %7"
		PRIu64 "\n", report->strategy,
		units_show_time(report->wall_us, wall), times,
		report_rate(report), units_show_time(report->user_us +
		report->system_us, cpu),
		units_show_time(report_cpu_each(report), each),
		units_show_size(report->peak_bytes, peak),
		units_show_time(report->p50_us, p50),
		units_show_time(report->p99_us, p99),
		stats_failures(&report->counters));
}

static int
compare_print(const struct report *reports, size_t n)
{
	const struct report *fastest = &reports[compare_fastest(reports, n)];
	struct buf out;
	size_t i;
	int rc;

	buf_init(&out, 1 << 20);
	buf_printf(&out, "%-14s %10s %7s %9s %9s %9s %9s %9s %9s %7s\n",
		"strategy", "wall time", "times", "URLs/s", "cpu", "cpu/URL",
		"memory", "p50", "p99", "failed");
	for (i = 0; i < n; i++)
		compare_add_row(&out, &reports[i], fastest);
	rc = fwrite(buf_text(&out), 1, out.len, stdout) == out.len &&
		fflush(stdout) == 0 ? 0 : -1;
	buf_release(&out);
	return rc;
}

/* --- the whole --- */

static int
compare_check(const struct options *options, struct err *err)
{
	const struct options_records *records = options->records;

	if (records->results == NULL && (opts_given(options->opts, "format") ||
	    records->write_out != NULL))
		return err_set(err, ERR_USAGE, "a comparison prints its table "
			"on standard output: name a file for the records with "
			"--results");
	return 0;
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

/* Ended from outside, or no use in going on. */
static int
compare_over(int status)
{
	return compare_signal != 0 || status >= err_status(ERR_USAGE);
}

/* A signal between two runs ends the comparison too. */
static int
compare_status(int worst)
{
	if (compare_signal == 0 || worst >= err_status(ERR_USAGE))
		return worst;
	return err_status(compare_signal == SIGTERM ? ERR_TERMINATED :
		ERR_INTERRUPTED);
}

static int
compare_all(const struct options *options, const struct compare_names *names,
	char **argv, int spool, struct err *err)
{
	struct report *reports = mem_array(names->n, sizeof *reports);
	int worst = 0, status = 0, reported;
	size_t i, n = 0;

	for (i = 0; i < names->n && !compare_over(status); i++) {
		reported = 0;
		status = compare_one(options, names->items[i], argv, spool,
			&reports[n], &reported, err);
		if (status < 0) {
			worst = -1;
			break;
		}
		n += reported ? 1 : 0;
		if (status > worst)
			worst = status;
	}
	if (n > 0 && compare_print(reports, n) != 0 && worst >= 0 &&
	    !compare_over(worst))
		worst = err_status(errno == EPIPE ? ERR_CLOSED : ERR_IO);
	free(reports);
	return worst < 0 ? -1 : compare_status(worst);
}

int
compare_run(const struct options *options, const struct compare_names *names,
	char **argv)
{
	struct err err = { 0 };
	int spool = -1, status = -1;

	if (compare_check(options, &err) == 0 &&
	    compare_empty_results(options, &err) == 0 &&
	    (!compare_reads_stdin(options) ||
	    (spool = compare_spool(&err)) >= 0)) {
		compare_watch_signals();
		status = compare_all(options, names, argv, spool, &err);
	}
	if (spool >= 0)
		close(spool);
	if (status >= 0)
		return status;
	log_error("%s", err.text);
	return err_status(err.code);
}
