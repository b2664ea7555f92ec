/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CORE_STATE_H
#define FETCHALL_CORE_STATE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "core/mark.h"

/*
 * What a run has done, in a file that survives whatever ends it: which URLs
 * are settled, a bit each; how far every output is whole; and what must be
 * the same for the next run to go on with it: its options and its list.
 */
struct state;

struct state_args {
	const char *path;
	/* What must not change, "name=value" each and without secrets: the
	 * message says which does. */
	char *const *options;
	size_t n_options;
	int sync;		/* a commit reaches the disk before it returns */
};

/*
 * Opens or begins one, and locks it until state_free(). NULL: ERR_USAGE where
 * it cannot be gone on with (other options, another format version, damaged,
 * no state of ours, in use by another process), the text saying what differs
 * and what to do; ERR_IO for what the system refuses. Nothing is written to a
 * file that is refused.
 */
struct state *state_open(const struct state_args *args, struct err *err);
void state_free(struct state *state);	/* NULL is fine; commits nothing */

/* Whether a run before this one committed something. */
int state_resumes(const struct state *state);
/* When the first run began: wall clock, us since 1970. */
int64_t state_began_us(const struct state *state);
/* Where the outputs were whole at the last commit. */
const struct marks *state_marks(const struct state *state);

/* --- the list; by one thread, which reads it --- */

/* How many lines of it were read when it was last committed. */
uint64_t state_lines(const struct state *state);
/*
 * The next line, counted from 1, as it was read. -1 with ERR_USAGE: one of the
 * lines so far is not the one that was there before, or, at the latest where
 * the list was read up to, one of a whole chunk is not.
 */
int state_add_line(struct state *state, const void *line, size_t n,
	struct err *err);
/* How many of the lines so far are known to be right: all of whole chunks, and
 * all where the list was never read up to. */
uint64_t state_checked(const struct state *state);
/* The list ends here: -1 with ERR_USAGE where it was longer before. */
int state_end_list(struct state *state, struct err *err);
/* Reads it from the beginning again: what was checked before is. */
void state_rewind(struct state *state);
/* Whether that URL was settled by a run before this one. Any thread. */
int state_was_done(const struct state *state, uint64_t seq);

/* --- results; by another thread, the ledger's --- */

struct state_result {
	uint64_t seq;
	int ok;
	/* Where its record is among those of mark "records"; len 0: nowhere. */
	uint64_t offset, len;
};

/* This URL's last attempt is written: it is settled from the next commit on. */
void state_settle(struct state *state, const struct state_result *result);
/* Whether it is time for a commit: there is something to commit, and it is
 * 200 ms or 10,000 results since the last. */
int state_due(const struct state *state);
/* The outputs are whole up to these marks: they and everything settled so far
 * are remembered together, or nothing is. -1 with ERR_IO. */
int state_commit(struct state *state, const struct marks *marks,
	struct err *err);

#endif
