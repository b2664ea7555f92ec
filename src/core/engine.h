/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CORE_ENGINE_H
#define FETCHALL_CORE_ENGINE_H

#include <stddef.h>

#include "base/err.h"

struct job;
struct multi;
struct run;

/*
 * What the strategies on event loops share: a multi on each loop, the run's
 * service on the first, and -c jobs under way at most between all of them.
 * The first loop is run by the caller's thread, the others by their own; hooks
 * are called by the thread whose multi it is.
 */
struct engine_hooks {
	/* Makes room for a job beside the `n` under way. -1: there is none,
	 * and there never are more than n from now on; not for n = 0. NULL:
	 * there always is room. */
	int (*reserve)(void *arg, size_t n);
	/* Sees to it that job->fetch is given to multi_add(). */
	void (*start)(void *arg, struct multi *multi, struct job *job);
	/* Its reply is there: sees to it that run_done() has it. */
	void (*done)(void *arg, struct job *job);
	void *arg;
};

/* Fetches all that the run has, on n_loops loops; RUN_LANES at most, and a
 * warning where there may not be as many. */
int engine_run(struct run *run, const struct engine_hooks *hooks,
	size_t n_loops, struct err *err);

#endif
