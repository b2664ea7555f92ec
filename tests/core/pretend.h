/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_TESTS_CORE_PRETEND_H
#define FETCHALL_TESTS_CORE_PRETEND_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "core/state.h"

/*
 * A state without a file, for tests of who reads the list: what it knows is
 * an array, and it notes what it was told. A wrong line is told at the end of
 * its chunk. For one .c of a program: it takes the place of core/state.
 */
struct state {
	const char *const *known;	/* n_known of them */
	uint64_t n_known;
	const unsigned char *done;	/* by seq - 1; NULL: none */
	uint64_t chunk;			/* lines; 0: one */
	uint64_t wrong;			/* a line that is; 0: none */
	uint64_t seq;
	unsigned rewinds, ends;
};

uint64_t
state_lines(const struct state *state)
{
	return state->n_known;
}

uint64_t
state_checked(const struct state *state)
{
	uint64_t chunk = state->chunk > 0 ? state->chunk : 1;

	return state->seq >= state->n_known ? state->seq :
		state->seq - state->seq % chunk;
}

int
state_add_line(struct state *state, const void *line, size_t n,
	struct err *err)
{
	const char *known;

	if (state->seq++ >= state->n_known)
		return 0;
	known = state->known[state->seq - 1];
	if (strlen(known) != n || memcmp(known, line, n) != 0)
		state->wrong = state->seq;
	if (state->wrong == 0 || state_checked(state) < state->wrong)
		return 0;
	return err_set(err, ERR_USAGE, "line %d is another",
		(int)state->wrong);
}

int
state_end_list(struct state *state, struct err *err)
{
	state->ends++;
	if (state->seq >= state->n_known)
		return 0;
	return err_set(err, ERR_USAGE, "the list was longer");
}

void
state_rewind(struct state *state)
{
	state->seq = 0;
	state->rewinds++;
}

int
state_was_done(const struct state *state, uint64_t seq)
{
	return seq <= state->n_known && state->done != NULL &&
		state->done[seq - 1];
}

#endif
