/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CORE_FRONTIER_H
#define FETCHALL_CORE_FRONTIER_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct job;
struct keeper;
struct origins;
struct source;
struct state;

/*
 * The URLs that are still to come, in the order of the list. A thread of its
 * own reads the source a bounded way ahead, so that a slow pipe stops no
 * transfer, parsing is off the loop, and the run can see which origins are
 * due again.
 */
struct frontier;

enum frontier_next { FRONTIER_JOB, FRONTIER_WAIT, FRONTIER_END };

struct frontier_args {
	struct source *source;		/* borrowed */
	int repeat;			/* begin again at the list's end */
	uint64_t requests;		/* repeat: URLs in all; 0: no end */
	/*
	 * What was done before is read over, and counted; NULL: nothing was.
	 * A list that is not the one from before is an error, and no job comes
	 * of a line of which that is not known yet. Not with repeat.
	 */
	struct state *state;
	_Atomic uint64_t *n_before;
	struct origins *origins;
	struct keeper *keeper;		/* names the jobs' files; or NULL */
	size_t ahead;			/* jobs read ahead at most */
	void (*wake)(void *arg);	/* after FRONTIER_WAIT: look again;
					 * called from the reading thread */
	void *arg;
};

/* NULL with ERR_SYSTEM when the thread cannot be started. */
struct frontier *frontier_new(const struct frontier_args *args,
	struct err *err);
/* Interrupts the reader, also where it waits for a pipe. NULL is fine. */
void frontier_free(struct frontier *frontier);

/* From now on the list is read only as far as that waits for nothing: a file
 * to its end, of a pipe what is there. Any thread; again is fine. */
void frontier_hurry(struct frontier *frontier);

/*
 * Never blocks. For these and frontier_give_back() the caller sees to it that
 * one thread at a time is in them.
 */
enum frontier_next frontier_next(struct frontier *frontier, struct job **ret);
/* Whether the run has all that was read, and the list goes on. */
int frontier_is_dry(struct frontier *frontier);
/* Takes a job that has ended, its reference to the origin with it. */
void frontier_give_back(struct frontier *frontier, struct job *job);

/*
 * After FRONTIER_END: 0, or -1 with what went wrong when the list could not
 * be read to its end (ERR_IO) or is another one than before (ERR_USAGE).
 */
int frontier_error(struct frontier *frontier, struct err *err);

#endif
