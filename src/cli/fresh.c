/* SPDX-License-Identifier: MIT */
/*
 * fresh -- one run of a comparison, in a process that begins from nothing.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "cli/contest.h"
#include "cli/fresh.h"
#include "cli/options.h"
#include "cli/report.h"

#define FRESH_ARGS 16	/* that are put in at most, the NULL included */

/*
 * The options as given, then what makes it one run of a comparison, then the
 * operands. After getopt's permutation the options stand in front.
 */
static char **
fresh_argv(const struct fresh *fresh, const struct contender *contender,
	int warmup, const char *label, int report_fd)
{
	const struct options *options = fresh->options;
	char **argv = fresh->argv;
	int first = options->first, n = 0, i;
	char **args = mem_array((size_t)(first + options->n_operands) +
		FRESH_ARGS, sizeof *args);

	if (strcmp(argv[first - 1], "--") == 0)
		first--;
	for (i = 0; i < first; i++)
		args[n++] = mem_strdup(argv[i]);
	args[n++] = mem_printf("--strategy=%s", contender->strategy);
	args[n++] = mem_printf("--concurrency=%" PRIu64,
		contender->concurrency);
	args[n++] = mem_printf("--report-fd=%d", report_fd);
	args[n++] = mem_printf("--run-label=%s", label);
	args[n++] = mem_strdup("--summary=none");
	if (options->records->results == NULL)
		args[n++] = mem_strdup("--format=none");
	else if (warmup)
		args[n++] = mem_strdup("--results=/dev/null");
	args[n++] = mem_strdup("--append-results");
	args[n++] = mem_strdup("--");
	for (i = 0; i < options->n_operands; i++)
		args[n++] = mem_strdup(options->operands[i]);
	return args;
}

static void
fresh_argv_free(char **args)
{
	char **at;

	for (at = args; *at != NULL; at++)
		free(*at);
	free(args);
}

/* The run that signals are passed on to, 0: none, and the last signal that
 * came, 0: none. A handler needs them. */
static volatile sig_atomic_t fresh_child, fresh_caught;

/* The terminal tells every process by itself; others tell only us. */
static void
fresh_on_signal(int number, siginfo_t *info, void *context)
{
	(void)context;
	fresh_caught = number;
	if (fresh_child > 0 && info->si_code != SI_KERNEL)
		kill((pid_t)fresh_child, number);
}

void
fresh_watch_signals(void)
{
	struct sigaction action = {
		.sa_sigaction = fresh_on_signal,
		.sa_flags = SA_SIGINFO | SA_RESTART,
	};

	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

int
fresh_signal(void)
{
	return fresh_caught;
}

static void __attribute__((noreturn))
fresh_exec(char **args, int spool, int report_fd, pid_t parent)
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
fresh_wait(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return err_status(ERR_SYSTEM);
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	return 128 + WTERMSIG(status);
}

int
fresh_run(const struct fresh *fresh, const struct contender *contender,
	int warmup, const char *label, struct report *ret, int *ret_reported,
	struct err *err)
{
	char **args;
	pid_t parent = getpid(), pid;
	int fds[2];
	ssize_t n;

	if (pipe2(fds, O_CLOEXEC) != 0)
		return err_sys(err, "pipe");
	args = fresh_argv(fresh, contender, warmup, label, fds[1]);
	pid = fork();
	if (pid == 0)
		fresh_exec(args, fresh->spool, fds[1], parent);
	fresh_argv_free(args);
	close(fds[1]);
	if (pid < 0) {
		close(fds[0]);
		return err_sys(err, "cannot start a process");
	}
	fresh_child = pid;
	/* One that came before we knew whom to pass it on to. */
	if (fresh_caught != 0)
		kill(pid, fresh_caught);
	do
		n = read(fds[0], ret, sizeof *ret);
	while (n < 0 && errno == EINTR);
	close(fds[0]);
	*ret_reported = n == (ssize_t)sizeof *ret;
	n = fresh_wait(pid);
	fresh_child = 0;
	return (int)n;
}
