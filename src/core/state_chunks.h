/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CORE_STATE_CHUNKS_H
#define FETCHALL_CORE_STATE_CHUNKS_H

#include <stddef.h>
#include <stdint.h>

/*
 * The list, as a state remembers it: a bit for each line and a hash for each
 * chunk of lines. In the file a chunk is a row, so a commit writes those few
 * that something happened in.
 */
#define STATE_CHUNK 4096	/* lines */

struct state_chunk {
	uint64_t index;		/* its first line is index * STATE_CHUNK + 1 */
	uint64_t generation;	/* the commit that wrote it */
	uint64_t lines;		/* of it that were read so far */
	uint64_t hash;		/* of these */
	unsigned char done[STATE_CHUNK / 8];
};

/* A hash of all of it, for its row. */
uint64_t state_chunk_check(const struct state_chunk *chunk);

/* Has a lock of its own: lines come from one thread, results from another. */
struct state_chunks;

struct state_chunks *state_chunks_new(void);
void state_chunks_free(struct state_chunks *chunks);	/* NULL is fine */

/* --- before there are threads --- */

/* The next one of a former run's; -1: it cannot come here. */
int state_chunks_load(struct state_chunks *chunks,
	const struct state_chunk *chunk);
/* How many of the lines that were loaded are done. */
uint64_t state_chunks_done(const struct state_chunks *chunks);
/* A line that was loaded is to be done again. -1: there is no such line, or it
 * was not done. */
int state_chunks_undo(struct state_chunks *chunks, uint64_t seq);

/* --- from then on --- */

/* Whether a line was done when it was loaded; any thread, no lock. */
int state_chunks_was_done(const struct state_chunks *chunks, uint64_t seq);

/* The list's next line. -1: one of this chunk's lines up to this one is not
 * the one that was there before. */
int state_chunks_add(struct state_chunks *chunks, const void *line, size_t n);
/* Lines are added from the first one again. */
void state_chunks_rewind(struct state_chunks *chunks);
/* How many were added since; how many of these are right for sure, in whole
 * chunks or where nothing was before; and how many are known. */
uint64_t state_chunks_at(const struct state_chunks *chunks);
uint64_t state_chunks_checked(const struct state_chunks *chunks);
uint64_t state_chunks_lines(struct state_chunks *chunks);

/* A line that was added is done. */
void state_chunks_settle(struct state_chunks *chunks, uint64_t seq);

/*
 * Copies of the chunks that changed since the last time, *ret_n of them, as
 * commit `generation` is to write them; good until the next call. *sum, all
 * rows' checks XORed, follows, and *total, the number of rows.
 */
const struct state_chunk *state_chunks_changed(struct state_chunks *chunks,
	uint64_t generation, uint64_t *sum, uint64_t *total, size_t *ret_n);

#endif
