/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CLI_FRESH_H
#define FETCHALL_CLI_FRESH_H

#include "base/err.h"

struct contender;
struct options;
struct report;

/*
 * One run in a process of its own, made by executing this program again: it
 * inherits no caches, heap or connections, and memory and CPU are its own.
 */
struct fresh {
	const struct options *options;
	char **argv;		/* the permuted one of options_parse() */
	int spool;		/* standard input for every run; -1: none */
};

/* Signals that reach only this process are passed on to the run. */
void fresh_watch_signals(void);
/* The last signal that came; 0: none. */
int fresh_signal(void);

/*
 * The run's exit status (128 and the number for a signal), -1 when it could
 * not be started. *ret_reported: whether *ret was filled, which a run does
 * that came to its end. `label` is shown in its progress.
 */
int fresh_run(const struct fresh *fresh, const struct contender *contender,
	int warmup, const char *label, struct report *ret, int *ret_reported,
	struct err *err);

#endif
