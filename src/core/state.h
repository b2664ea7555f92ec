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
/* When the first run began, by clock_file_us(). */
int64_t state_began_us(const struct state *state);
/* Where the outputs were whole when runs before this one committed last. */
const struct marks *state_marks(const struct state *state);
/* How many URLs they settled, and how many of these have failed. */
uint64_t state_done(const struct state *state);
uint64_t state_failed(const struct state *state);

/*
 * --retry-failed: what failed in runs before this one is not done any more,
 * and its records leave the file `records`, which mark "records" is of; NULL:
 * there is no such file to change. All of it happens or, where a process is
 * killed meanwhile, all or nothing once the state is opened again. The new
 * file is made beside the old one, as RECORDS.retry. Before the outputs are
 * opened, and best after the list was compared, as it writes. -1: ERR_IO, or
 * ERR_USAGE where the records are not what the state knows.
 */
int state_retry_failed(struct state *state, const char *records,
	struct err *err);

/* --- the list; by one thread, which reads it --- */

/* How many lines of it were read when it was last committed. */
uint64_t state_lines(const struct state *state);
/*
 * The next line, counted from 1, as it was read. Lines are compared with those
 * from before in chunks of some thousand: -1 with ERR_USAGE at the end of a
 * chunk, or of what was read before, when one in it is not what it was. More
 * lines than before may follow.
 */
int state_add_line(struct state *state, const void *line, size_t n,
	struct err *err);
/* How many of the lines so far are known to be right, and may be acted on: all
 * of whole chunks, and all where the list was never read up to. */
uint64_t state_checked(const struct state *state);
/* It ends here: -1 with ERR_USAGE where it was longer before. */
int state_end_list(struct state *state, struct err *err);
/* It is read from the beginning again, and compared as before. */
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
/* The outputs are whole up to these marks: they and everything settled so far
 * are remembered together, or nothing is. -1 with ERR_IO, and for good: what
 * the disk has is unknown then, and the run must end. */
int state_commit(struct state *state, const struct marks *marks,
	struct err *err);

#endif
