/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CORE_STATE_STORE_H
#define FETCHALL_CORE_STATE_STORE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "core/mark.h"

struct state_chunk;

/*
 * The file of a state: an SQLite database of five tables, which `sqlite3`
 * shows to whom it may interest. Its rows carry checks: a byte that flipped, a
 * row that is gone or one of an older commit cannot go unseen. One thread at
 * a time.
 */
struct state_store;

/* The row of `run`. */
struct state_head {
	uint64_t generation;	/* commits so far */
	int64_t began_us;
	uint64_t chunks, failures;	/* rows there are of these */
	uint64_t sum;		/* of their checks, XORed */
	/* A file that --retry-failed replaces; else NULL. Owned. */
	char *replaced;
	uint64_t replaceable;	/* the new one is whole */
};

/* A URL that has failed, and where its record is. */
struct state_failure {
	uint64_t seq;
	uint64_t offset, len;
};

/*
 * Opens and locks it, made where there is none: *ret_fresh says that there
 * is nothing in it yet. Nothing is written to one that was there. NULL with
 * err: ERR_USAGE where the file is not for us, ERR_IO and ERR_SYSTEM.
 */
struct state_store *state_store_open(const char *path, int sync,
	int *ret_fresh, struct err *err);
/* NULL is fine. What was not committed is not done. */
void state_store_close(struct state_store *store);

/* ERR_USAGE: the text says that the file is damaged, how, and what to do. */
int state_store_damaged(const struct state_store *store, const char *how,
	struct err *err);

/* --- reading, all of it checked but the sum; -1 with err --- */

/* *ret_options: n of them and each for free(). Names in `ret_marks` are the
 * store's own. Checks the form of the whole file, too. */
int state_store_head(struct state_store *store, struct state_head *ret,
	struct marks *ret_marks, char ***ret_options, size_t *ret_n,
	struct err *err);
/* The next chunk: 1, 0 after the last. Adds its check to *sum. */
int state_store_chunk(struct state_store *store, struct state_chunk *ret,
	uint64_t *sum, struct err *err);
/* The failures of one more commit: 1, 0 after the last. *ret, n of them, is
 * for free(). After the last one it begins with the first again. */
int state_store_failures(struct state_store *store,
	struct state_failure **ret, size_t *ret_n, uint64_t *sum,
	struct err *err);
/* What is in it is accepted; from here on it may be written to. */
int state_store_accept(struct state_store *store, struct err *err);

/* --- writing; -1 with err, and then nothing can be written any more --- */

/* The tables, for a fresh one. */
int state_store_create(struct state_store *store, char *const *options,
	size_t n, const struct state_head *head, struct err *err);
/* What follows up to state_store_commit() is done together or not at all. */
int state_store_begin(struct state_store *store, struct err *err);
int state_store_put_chunk(struct state_store *store,
	const struct state_chunk *chunk, struct err *err);
/* Those of one commit; *sum follows. */
int state_store_put_failures(struct state_store *store, uint64_t generation,
	const struct state_failure *failures, size_t n, uint64_t *sum,
	struct err *err);
/* All of them go; *sum follows. */
int state_store_drop_failures(struct state_store *store, uint64_t *sum,
	struct err *err);
int state_store_put_head(struct state_store *store,
	const struct state_head *head, const struct marks *marks,
	struct err *err);
int state_store_commit(struct state_store *store, struct err *err);

#endif
