/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CORE_STATE_OWN_H
#define FETCHALL_CORE_STATE_OWN_H

#include "core/state.h"
#include "core/state_chunks.h"
#include "core/state_store.h"

/* What state.c and state_retry.c share, and nobody else. */
struct state {
	char *path;
	struct state_store *store;
	struct state_chunks *chunks;
	struct state_head head;
	struct marks marks;	/* as they were read; names are the store's */
	uint64_t lines_before;
	uint64_t failed_before;	/* URLs */
	/* The ledger's, since the last commit: */
	struct state_failure *failures;
	size_t n_failures, failures_size;
	struct err failed;	/* what every commit says from now on */
};

/* Commits what changed; with `forget` all failures from before go, too. */
int state_write(struct state *state, const struct marks *marks, int forget,
	struct err *err);

/* Ends a replacement that a run before this one was killed in. */
int state_retry_finish(struct state *state, struct err *err);

#endif
