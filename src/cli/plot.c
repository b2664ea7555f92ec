/* SPDX-License-Identifier: MIT */
/*
 * plot -- wall times as bars, or over concurrency as lines.
 *
 * gnuplot is started without a shell, gets its script through a pipe and
 * gives the picture through its standard output, so no file name is ever part
 * of a program text.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/write.h"
#include "cli/contest.h"
#include "cli/plot.h"
#include "cli/standings.h"
#include "cli/whole.h"

#define PLOT_SCRIPT (4u << 20)
#define PLOT_SECOND 1e6	/* standings are in microseconds */

/* --- the script --- */

static void
plot_add_head(struct buf *out, const struct standings *standings, int png)
{
	const char *what = standings->per_url ? "time per URL" : "wall time";

	buf_add_text(out, png ? "set terminal pngcairo size 900,540\n" :
		"set terminal svg size 900,540 dynamic background '#ffffff'\n");
	buf_printf(out, "set ylabel '%s in seconds'\n", what);
	buf_add_text(out, "set border 3\n"
		"set tics nomirror\n"
		"set grid ytics back lt 1 lc rgb '#dddddd'\n");
}

static void
plot_add_bars(struct buf *out, const struct standings *standings)
{
	const struct standing *row;
	size_t i;

	buf_add_text(out, "$runs << END\n");
	for (i = 0; i < standings->n; i++) {
		row = &standings->rows[i];
		buf_printf(out, "\"%s\" %.9g %.9g\n", row->contender->label,
			row->time.mean / PLOT_SECOND,
			row->time.sd / PLOT_SECOND);
	}
	buf_add_text(out, "END\n"
		"set key off\n"
		"set yrange [0:*]\n"
		"set boxwidth 0.6\n"
		"set style fill solid 0.8\n"
		"set bars 2\n"
		"set errorbars front lw 1.5 lc rgb '#222222'\n");
	buf_printf(out, "set xrange [-0.6:%zu.6]\n", standings->n - 1);
	buf_add_text(out, "plot $runs using 0:2:3:xtic(1) with boxerrorbars "
		"lc rgb '#4477aa'\n");
}

static int
plot_same(const struct standing *a, const struct standing *b)
{
	return strcmp(a->contender->strategy, b->contender->strategy) == 0;
}

/* Least and most concurrency of all rows. */
static void
plot_range(const struct standings *standings, uint64_t *ret_least,
	uint64_t *ret_most)
{
	uint64_t concurrency;
	size_t i;

	*ret_least = UINT64_MAX;
	*ret_most = 1;
	for (i = 0; i < standings->n; i++) {
		if (standings->rows[i].contender->one)
			continue;
		concurrency = standings->rows[i].contender->concurrency;
		if (concurrency < *ret_least)
			*ret_least = concurrency;
		if (concurrency > *ret_most)
			*ret_most = concurrency;
	}
	if (*ret_least > *ret_most)
		*ret_least = *ret_most;
}

static void
plot_add_point(struct buf *out, const struct standing *row,
	uint64_t concurrency)
{
	buf_printf(out, "%" PRIu64 " %.9g %.9g\n", concurrency,
		row->time.mean / PLOT_SECOND, row->time.sd / PLOT_SECOND);
}

/* The rows of a strategy stand together; returns the index behind them. One
 * without concurrency is a level line. */
static size_t
plot_add_series(struct buf *out, const struct standings *standings, size_t at)
{
	const struct standing *rows = standings->rows;
	uint64_t least, most;
	size_t i;

	buf_printf(out, "$series%zu << END\n", at);
	plot_range(standings, &least, &most);
	if (rows[at].contender->one) {
		plot_add_point(out, &rows[at], least);
		plot_add_point(out, &rows[at], most);
	}
	for (i = at; i < standings->n && plot_same(&rows[i], &rows[at]); i++)
		if (!rows[i].contender->one)
			plot_add_point(out, &rows[i],
				rows[i].contender->concurrency);
	buf_add_text(out, "END\n");
	return i;
}

static void
plot_add_tics(struct buf *out, const struct standings *standings)
{
	const struct contender *contender;
	const char *before = "";
	size_t i;

	buf_add_text(out, "set xtics (");
	for (i = 0; i < standings->n; i++) {
		contender = standings->rows[i].contender;
		if (contender->one)
			continue;
		buf_printf(out, "%s%" PRIu64, before, contender->concurrency);
		before = ", ";
	}
	buf_add_text(out, ")\n");
}

static void
plot_add_lines(struct buf *out, const struct standings *standings)
{
	const char *before = "plot ";
	size_t i = 0, next;

	while (i < standings->n)
		i = plot_add_series(out, standings, i);
	buf_add_text(out, "set xlabel 'concurrency (-c)'\n"
		"set logscale x 2\n"
		"set yrange [0:*]\n"
		"set offsets graph 0.03, graph 0.03, 0, 0\n"
		"set key outside right\n");
	plot_add_tics(out, standings);
	for (i = 0; i < standings->n; i = next) {
		for (next = i; next < standings->n && plot_same(
		    &standings->rows[next], &standings->rows[i]); next++)
			;
		buf_printf(out, "%s$series%zu using 1:2:3 with "
			"yerrorlines lw 1.5 title '%s'", before, i,
			standings->rows[i].contender->strategy);
		before = ", ";
	}
	buf_add_char(out, '\n');
}

void
plot_add_script(struct buf *out, const struct standings *standings, int png)
{
	plot_add_head(out, standings, png);
	if (standings->sweep)
		plot_add_lines(out, standings);
	else
		plot_add_bars(out, standings);
}

/* --- gnuplot --- */

/* Its path, for the caller to free; NULL when it is nowhere in PATH. */
static char *
plot_program(void)
{
	const char *at = getenv("PATH");
	char *path;
	size_t len;

	if (at == NULL)
		at = "/usr/local/bin:/usr/bin:/bin";
	for (;; at += len + 1) {
		len = strcspn(at, ":");
		path = mem_printf("%.*s/gnuplot", (int)len, at);
		/* An empty entry is the current folder, which is no place
		 * to take programs from. */
		if (len > 0 && access(path, X_OK) == 0)
			return path;
		free(path);
		if (at[len] == '\0')
			return NULL;
	}
}

int
plot_check(const char *path, struct err *err)
{
	char *program;

	if (path == NULL)
		return 0;
	program = plot_program();
	if (program == NULL)
		return err_set(err, ERR_USAGE, "--plot: gnuplot is not "
			"installed (apt-get install gnuplot-nox)");
	free(program);
	if (whole_check(path, err) != 0)
		return err_in(err, "--plot");
	return 0;
}

/* Reads the script from `in`, writes the picture to `out`. */
static int
plot_spawn(int in, int out, pid_t *ret_pid, struct err *err)
{
	char name[] = "gnuplot", defaults[] = "-d", script[] = "-";
	char *const argv[] = { name, defaults, script, NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	char *program = plot_program();
	sigset_t handled;

	if (program == NULL)
		return err_set(err, ERR_USAGE, "gnuplot is not there any more");
	sigemptyset(&handled);
	sigaddset(&handled, SIGPIPE);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF);
	posix_spawnattr_setsigdefault(&attr, &handled);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	errno = posix_spawn(ret_pid, program, &actions, &attr, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attr);
	free(program);
	return errno == 0 ? 0 : err_sys(err, "cannot start gnuplot");
}

/* A script that gnuplot does not take to its end shows in its status. */
static void
plot_tell(int fd, const struct buf *script)
{
	(void)write_all(fd, buf_text(script), script->len);
}

static int
plot_wait(pid_t pid, struct err *err)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return err_sys(err, "gnuplot");
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	return err_set(err, ERR_SYSTEM, "gnuplot could not draw it");
}

static int
plot_draw(int out, const struct buf *script, struct err *err)
{
	pid_t pid;
	int fds[2];
	int rc;

	if (pipe2(fds, O_CLOEXEC) != 0)
		return err_sys(err, "pipe");
	rc = plot_spawn(fds[0], out, &pid, err);
	close(fds[0]);
	if (rc == 0)
		plot_tell(fds[1], script);
	close(fds[1]);
	return rc == 0 ? plot_wait(pid, err) : -1;
}

int
plot_write(const char *path, const struct standings *standings,
	struct err *err)
{
	const char *dot = strrchr(path, '.');
	struct whole whole;
	struct buf script;
	int rc;

	if (whole_open(&whole, path, err) != 0)
		return err_in(err, "--plot");
	buf_init(&script, PLOT_SCRIPT);
	plot_add_script(&script, standings,
		dot != NULL && strcmp(dot, ".png") == 0);
	rc = plot_draw(whole.fd, &script, err);
	buf_release(&script);
	if (rc == 0)
		rc = whole_keep(&whole, err);
	else
		whole_drop(&whole);
	return rc == 0 ? 0 : err_in(err, "--plot");
}
