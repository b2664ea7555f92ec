/* SPDX-License-Identifier: MIT */
/*
 * measure -- runs a command and writes what it cost into a file: exit
 * status, wall time, user and system time, peak memory.
 *
 * A program of its own because a process begins with the peak memory of the
 * one it was forked from: below a Python script ru_maxrss could not fall
 * under Python's ten megabytes. This one has about one.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double
measure_seconds(struct timeval time)
{
	return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static double
measure_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int
measure_write(const char *path, int status, double wall,
	const struct rusage *usage)
{
	FILE *file = fopen(path, "w");

	if (file == NULL)
		return -1;
	fprintf(file, "%d %.6f %.6f %.6f %ld\n",
		WIFEXITED(status) ? WEXITSTATUS(status) :
		128 + WTERMSIG(status), wall, measure_seconds(usage->ru_utime),
		measure_seconds(usage->ru_stime), usage->ru_maxrss);
	return fclose(file);
}

int
main(int argc, char **argv)
{
	struct rusage usage;
	int status = 0;
	double start;
	pid_t pid;

	if (argc < 3) {
		fprintf(stderr, "usage: measure FILE COMMAND [ARGUMENT]...\n");
		return 2;
	}
	start = measure_clock();
	pid = fork();
	if (pid == 0) {
		/* Nothing stays behind when the measuring is broken off. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execvp(argv[2], argv + 2);
		fprintf(stderr, "%s: %s\n", argv[2], strerror(errno));
		_exit(127);
	}
	if (pid < 0 || wait4(pid, &status, 0, &usage) != pid ||
	    measure_write(argv[1], status, measure_clock() - start,
	    &usage) != 0) {
		fprintf(stderr, "measure: %s\n", strerror(errno));
		return 1;
	}
	return 0;
}
