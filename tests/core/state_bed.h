/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_TESTS_CORE_STATE_BED_H
#define FETCHALL_TESTS_CORE_STATE_BED_H

#include "core/state.h"
#include "unit.h"

/* A folder with a state in it, and ways to say what happens to it. */
struct state_bed {
	char dir[64];
	char path[80];		/* of the state, dir/run.db */
	char records[80];	/* a file for records, dir/records */
};

int state_bed_setup(void **state);
int state_bed_teardown(void **state);

/* With options "format=json" and "output=%{seq}"; fails the test. */
struct state *state_bed_open(const struct state_bed *bed);
/* The same where it must be refused: err says how. */
void state_bed_refused(const struct state_bed *bed, struct err *err);
/* Line `seq` of a list, then those from `first` to `last`. */
int state_bed_add(struct state *state, uint64_t seq, struct err *err);
void state_bed_add_lines(struct state *state, uint64_t first, uint64_t last);
/* Settles one; its record is 10 bytes at 10 * seq. */
void state_bed_settle(struct state *state, uint64_t seq, int ok);
/* Commits with mark "records" at `offset`; fails the test. */
void state_bed_commit(struct state *state, uint64_t offset);

/* All of a file, for free(); NULL: it is not there. And back. */
char *state_bed_read(const char *path, size_t *ret_n);
void state_bed_write(const char *path, const char *bytes, size_t n);

#endif
