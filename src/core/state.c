/* SPDX-License-Identifier: MIT */
/*
 * state -- what a run has done, so that the next one goes on from there.
 *
 * Bits and hashes are in memory (state_chunks), rows in a file (state_store);
 * here is when one becomes the other, and what must be the same for that to
 * make sense. A commit comes after the outputs wrote their bytes and says how
 * far they are whole, so the file never knows of a result that is nowhere.
 */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "core/state_own.h"

/* --- opening --- */

static int
state_create(struct state *state, const struct state_args *args,
	struct err *err)
{
	state->head.began_us = clock_file_us();
	return state_store_create(state->store, args->options,
		args->n_options, &state->head, err);
}

/* Whether one of n options has the name that this one has. */
static int
state_has_option(char *const *options, size_t n, const char *like)
{
	size_t len = strcspn(like, "="), i;

	for (i = 0; i < n; i++)
		if (strcspn(options[i], "=") == len &&
		    memcmp(options[i], like, len) == 0)
			return 1;
	return 0;
}

/* The first difference; `was` or `is` is NULL where the other one is more. */
static int
state_refuse_option(const struct state *state, const char *was,
	const char *is, struct err *err)
{
	const char *path = state->path;

	if (was == NULL)
		return err_set(err, ERR_USAGE, "%s was begun without %.100s: "
			"leave it out, or remove %s to begin anew", path, is,
			path);
	if (is == NULL)
		return err_set(err, ERR_USAGE, "%s was begun with %.100s, "
			"which is missing now: give it again, or remove %s to "
			"begin anew", path, was, path);
	return err_set(err, ERR_USAGE, "%s was begun with %.100s, and now it "
		"is %.100s: give it as before, or remove %s to begin anew",
		path, was, is, path);
}

static int
state_check_options(const struct state *state, char *const *before,
	size_t n_before, const struct state_args *args, struct err *err)
{
	size_t n = args->n_options, i;
	const char *was, *is;

	for (i = 0; i < n || i < n_before; i++) {
		was = i < n_before ? before[i] : NULL;
		is = i < n ? args->options[i] : NULL;
		if (was != NULL && is != NULL && strcmp(was, is) == 0)
			continue;
		if (was != NULL && is != NULL) {
			if (!state_has_option(args->options, n, was))
				is = NULL;
			else if (!state_has_option(before, n_before, is))
				was = NULL;
		}
		return state_refuse_option(state, was, is, err);
	}
	return 0;
}

static int
state_load_head(struct state *state, const struct state_args *args,
	struct err *err)
{
	char **options = NULL;
	size_t n = 0, i;
	int rc;

	rc = state_store_head(state->store, &state->head, &state->marks,
		&options, &n, err);
	if (rc == 0)
		rc = state_check_options(state, options, n, args, err);
	for (i = 0; i < n; i++)
		free(options[i]);
	free(options);
	return rc;
}

static int
state_load_chunks(struct state *state, uint64_t *sum, struct err *err)
{
	struct state_chunk chunk;
	uint64_t n = 0;
	int rc;

	while ((rc = state_store_chunk(state->store, &chunk, sum, err)) > 0) {
		if (state_chunks_load(state->chunks, &chunk) != 0)
			return state_store_damaged(state->store,
				"a row is not in its place", err);
		n++;
	}
	if (rc == 0 && n != state->head.chunks)
		rc = state_store_damaged(state->store, "a row is missing",
			err);
	state->lines_before = state_chunks_lines(state->chunks);
	return rc;
}

static int
state_load_failures(struct state *state, uint64_t *sum, struct err *err)
{
	struct state_failure *failures;
	uint64_t rows = 0;
	size_t n;
	int rc;

	while ((rc = state_store_failures(state->store, &failures, &n, sum,
	    err)) > 0) {
		free(failures);
		state->failed_before += n;
		rows++;
	}
	if (rc == 0 && rows != state->head.failures)
		rc = state_store_damaged(state->store, "a row is missing",
			err);
	return rc;
}

static int
state_load(struct state *state, const struct state_args *args,
	struct err *err)
{
	uint64_t sum = 0;

	if (state_load_head(state, args, err) != 0 ||
	    state_load_chunks(state, &sum, err) != 0 ||
	    state_load_failures(state, &sum, err) != 0)
		return -1;
	if (sum != state->head.sum)
		return state_store_damaged(state->store, "a row is older than "
			"the rest", err);
	return 0;
}

struct state *
state_open(const struct state_args *args, struct err *err)
{
	struct state *state = mem_array(1, sizeof *state);
	int fresh, rc = -1;

	state->path = mem_strdup(args->path);
	state->chunks = state_chunks_new();
	state->store = state_store_open(args->path, args->sync, &fresh, err);
	if (state->store != NULL)
		rc = fresh ? state_create(state, args, err) :
			state_load(state, args, err);
	if (rc == 0)
		rc = state_store_accept(state->store, err);
	if (rc == 0)
		rc = state_retry_finish(state, err);
	if (rc == 0)
		return state;
	state_free(state);
	return NULL;
}

void
state_free(struct state *state)
{
	if (state == NULL)
		return;
	state_store_close(state->store);
	state_chunks_free(state->chunks);
	free(state->head.replaced);
	free(state->failures);
	free(state->path);
	free(state);
}

int
state_resumes(const struct state *state)
{
	return state->lines_before > 0 || state->marks.n > 0;
}

int64_t
state_began_us(const struct state *state)
{
	return state->head.began_us;
}

const struct marks *
state_marks(const struct state *state)
{
	return &state->marks;
}

uint64_t
state_done(const struct state *state)
{
	return state_chunks_done(state->chunks);
}

uint64_t
state_failed(const struct state *state)
{
	return state->failed_before;
}

/* --- the list --- */

uint64_t
state_lines(const struct state *state)
{
	return state->lines_before;
}

int
state_add_line(struct state *state, const void *line, size_t n,
	struct err *err)
{
	uint64_t first, last;

	if (state_chunks_add(state->chunks, line, n) == 0)
		return 0;
	last = state_chunks_at(state->chunks);
	first = last - 1 - (last - 1) % STATE_CHUNK + 1;
	return err_set(err, ERR_USAGE, "the list is not the one that %s was "
		"begun with: of its URLs %" PRIu64 " to %" PRIu64 " one "
		"differs; give the same list, or remove %s to begin anew",
		state->path, first, last, state->path);
}

uint64_t
state_checked(const struct state *state)
{
	return state_chunks_checked(state->chunks);
}

int
state_end_list(struct state *state, struct err *err)
{
	uint64_t at = state_chunks_at(state->chunks);
	uint64_t before = state_chunks_lines(state->chunks);

	if (at >= before)
		return 0;
	return err_set(err, ERR_USAGE, "the list is not the one that %s was "
		"begun with: it has %" PRIu64 " URLs, and had at least %"
		PRIu64 "; give the same list, or remove %s to begin anew",
		state->path, at, before, state->path);
}

void
state_rewind(struct state *state)
{
	state_chunks_rewind(state->chunks);
}

int
state_was_done(const struct state *state, uint64_t seq)
{
	return state_chunks_was_done(state->chunks, seq);
}

/* --- results --- */

static void
state_add_failure(struct state *state, const struct state_result *result)
{
	if (state->n_failures == state->failures_size) {
		state->failures_size = state->failures_size * 2 + 64;
		state->failures = mem_grow(state->failures,
			state->failures_size, sizeof *state->failures);
	}
	state->failures[state->n_failures++] = (struct state_failure){
		.seq = result->seq, .offset = result->offset,
		.len = result->len };
}

void
state_settle(struct state *state, const struct state_result *result)
{
	state_chunks_settle(state->chunks, result->seq);
	if (!result->ok)
		state_add_failure(state, result);
}

static int
state_write_rows(struct state *state, const struct marks *marks, int forget,
	struct err *err)
{
	struct state_head *head = &state->head;
	const struct state_chunk *chunks;
	size_t n, i;

	head->generation++;
	chunks = state_chunks_changed(state->chunks, head->generation,
		&head->sum, &head->chunks, &n);
	if (state_store_begin(state->store, err) != 0)
		return -1;
	if (forget && state_store_drop_failures(state->store, &head->sum,
	    err) != 0)
		return -1;
	if (forget)
		head->failures = 0;
	for (i = 0; i < n; i++)
		if (state_store_put_chunk(state->store, &chunks[i], err) != 0)
			return -1;
	if (state->n_failures > 0) {
		head->failures++;
		if (state_store_put_failures(state->store, head->generation,
		    state->failures, state->n_failures, &head->sum, err) != 0)
			return -1;
	}
	if (state_store_put_head(state->store, head, marks, err) != 0)
		return -1;
	return state_store_commit(state->store, err);
}

int
state_write(struct state *state, const struct marks *marks, int forget,
	struct err *err)
{
	if (state->failed.code == ERR_NONE &&
	    state_write_rows(state, marks, forget, &state->failed) != 0 &&
	    state->failed.code == ERR_USAGE)
		state->failed.code = ERR_IO;
	if (state->failed.code != ERR_NONE)
		return err_set(err, state->failed.code, "%s",
			state->failed.text);
	state->n_failures = 0;
	return 0;
}

int
state_commit(struct state *state, const struct marks *marks, struct err *err)
{
	return state_write(state, marks, 0, err);
}
