/* SPDX-License-Identifier: MIT */
/*
 * state_store -- the rows of a state, and the checks in them.
 *
 * SQLite checks the frames of its log but not the pages of its file, and what
 * it calls sound may be of two different commits. So every row has a hash of
 * itself, and the one of `run` the XOR of all of these: a commit of few rows
 * hashes no more than those, and still nothing can be changed, lost or left
 * over from an older commit unseen.
 */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/map.h"
#include "base/mem.h"
#include "core/state_chunks.h"
#include "core/state_db.h"
#include "core/state_file.h"
#include "core/state_store.h"

static const char state_store_tables[] =
	"CREATE TABLE run (id INTEGER PRIMARY KEY, generation, began_us,"
	" chunks, failures, sum, replaceable, checksum, replaced);"
	"CREATE TABLE options (id INTEGER PRIMARY KEY, option);"
	"CREATE TABLE marks (id INTEGER PRIMARY KEY, number, \"offset\","
	" name);"
	"CREATE TABLE chunks (id INTEGER PRIMARY KEY, generation, lines, hash,"
	" checksum, done);"
	"CREATE TABLE failures (generation INTEGER PRIMARY KEY, checksum,"
	" urls);";

struct state_store {
	struct state_db *db;
	uint64_t options;	/* a hash of them */
	struct buf text;
	char *names[MARKS_MAX];
};

struct state_store *
state_store_open(const char *path, int sync, int *ret_fresh, struct err *err)
{
	struct state_db *db = state_db_open(path, sync, ret_fresh, err);
	struct state_store *store;

	if (db == NULL)
		return NULL;
	store = mem_array(1, sizeof *store);
	store->db = db;
	buf_init(&store->text, (size_t)1 << 20);
	return store;
}

void
state_store_close(struct state_store *store)
{
	size_t i;

	if (store == NULL)
		return;
	state_db_close(store->db);
	for (i = 0; i < MARKS_MAX; i++)
		free(store->names[i]);
	buf_release(&store->text);
	free(store);
}

int
state_store_damaged(const struct state_store *store, const char *how,
	struct err *err)
{
	return state_db_damaged(store->db, how, err);
}

/* --- checks --- */

static uint64_t
state_store_hash(uint64_t key, const void *p, size_t n)
{
	const uint64_t seed[2] = { key, 2 };

	return map_hash(seed, p, n);
}

static uint64_t
state_store_head_check(struct state_store *store,
	const struct state_head *head, const struct marks *marks)
{
	const uint64_t numbers[] = {
		STATE_FILE_FORMAT, store->options, head->generation,
		(uint64_t)head->began_us, head->chunks, head->failures,
		head->sum, head->replaceable,
	};
	struct buf *text = &store->text;
	size_t i;

	buf_clear(text);
	buf_add(text, numbers, sizeof numbers);
	buf_add_text(text, head->replaced != NULL ? head->replaced : "");
	for (i = 0; i < marks->n; i++)
		buf_printf(text, "\n%s %" PRIu64 " %" PRIu64,
			marks->list[i].name, marks->list[i].number,
			marks->list[i].offset);
	return state_store_hash(3, text->data, text->len);
}

/* --- reading --- */

static int
state_store_check_form(struct state_store *store, struct err *err)
{
	int rc = state_db_row(store->db, QUERY_CHECK, NULL, 0, err);
	const char *said;

	if (rc < 0)
		return -1;
	said = rc == 0 ? "nothing" : state_db_text(store->db, QUERY_CHECK, 0);
	if (strcmp(said, "ok") != 0)
		return state_db_damaged(store->db, "SQLite finds its pages "
			"wrong", err);
	state_db_reset(store->db, QUERY_CHECK);
	return 0;
}

static int
state_store_options(struct state_store *store, char ***ret, size_t *ret_n,
	struct err *err)
{
	char **options = NULL;
	const char *text;
	size_t n = 0;
	int rc;

	while ((rc = state_db_row(store->db, QUERY_GET_OPTION, NULL, 0,
	    err)) > 0) {
		text = state_db_text(store->db, QUERY_GET_OPTION, 0);
		store->options = state_store_hash(store->options, text,
			strlen(text));
		options = mem_grow(options, n + 1, sizeof *options);
		options[n++] = mem_strdup(text);
	}
	*ret = options;
	*ret_n = n;
	return rc;
}

static int
state_store_marks(struct state_store *store, struct marks *ret,
	struct err *err)
{
	uint64_t numbers[2];
	char **name;
	int rc;

	ret->n = 0;
	while ((rc = state_db_row(store->db, QUERY_GET_MARK, numbers, 2,
	    err)) > 0) {
		if (ret->n == MARKS_MAX)
			return state_db_damaged(store->db, "too many marks",
				err);
		name = &store->names[ret->n];
		*name = mem_strdup(state_db_text(store->db, QUERY_GET_MARK, 2));
		ret->list[ret->n++] = (struct mark){ .name = *name,
			.number = numbers[0], .offset = numbers[1] };
	}
	return rc;
}

int
state_store_head(struct state_store *store, struct state_head *ret,
	struct marks *ret_marks, char ***ret_options, size_t *ret_n,
	struct err *err)
{
	const char *replaced;
	uint64_t n[7];
	int rc;

	if (state_store_check_form(store, err) != 0)
		return -1;
	rc = state_db_row(store->db, QUERY_GET_HEAD, n, 7, err);
	if (rc < 0)
		return -1;
	if (rc == 0)
		return state_db_damaged(store->db, "a row is missing", err);
	replaced = state_db_text(store->db, QUERY_GET_HEAD, 7);
	*ret = (struct state_head){ .generation = n[0],
		.began_us = (int64_t)n[1], .chunks = n[2], .failures = n[3],
		.sum = n[4], .replaceable = n[5] };
	if (*replaced != '\0')
		ret->replaced = mem_strdup(replaced);
	state_db_reset(store->db, QUERY_GET_HEAD);
	if (state_store_options(store, ret_options, ret_n, err) != 0 ||
	    state_store_marks(store, ret_marks, err) != 0)
		return -1;
	if (n[6] != state_store_head_check(store, ret, ret_marks))
		return state_db_damaged(store->db, "a check does not hold",
			err);
	return 0;
}

int
state_store_chunk(struct state_store *store, struct state_chunk *ret,
	uint64_t *sum, struct err *err)
{
	uint64_t n[5];
	int rc = state_db_row(store->db, QUERY_GET_CHUNK, n, 5, err);
	const void *done;
	size_t len;

	if (rc <= 0)
		return rc;
	*ret = (struct state_chunk){ .index = n[0], .generation = n[1],
		.lines = n[2], .hash = n[3] };
	done = state_db_bytes(store->db, QUERY_GET_CHUNK, 5, &len);
	if (done != NULL && len == sizeof ret->done)
		memcpy(ret->done, done, len);
	if (n[4] != state_chunk_check(ret))
		return state_db_damaged(store->db, "a check does not hold",
			err);
	*sum ^= n[4];
	return 1;
}

int
state_store_failures(struct state_store *store, struct state_failure **ret,
	size_t *ret_n, uint64_t *sum, struct err *err)
{
	uint64_t n[2];
	int rc = state_db_row(store->db, QUERY_GET_FAILURES, n, 2, err);
	const void *urls;
	size_t len;

	if (rc <= 0)
		return rc;
	urls = state_db_bytes(store->db, QUERY_GET_FAILURES, 2, &len);
	if (urls == NULL || len % sizeof **ret != 0 ||
	    n[1] != state_store_hash(n[0], urls, len))
		return state_db_damaged(store->db, "a check does not hold",
			err);
	*ret = mem_dup(urls, len);
	*ret_n = len / sizeof **ret;
	*sum ^= n[1];
	return 1;
}

int
state_store_accept(struct state_store *store, struct err *err)
{
	return state_db_accept(store->db, err);
}

/* --- writing --- */

/* In the transaction that opening began: it is complete or empty. */
int
state_store_create(struct state_store *store, char *const *options, size_t n,
	const struct state_head *head, struct err *err)
{
	static const struct marks none;
	uint64_t id;
	char *ids;
	size_t i;
	int rc;

	ids = mem_printf("PRAGMA application_id=%d; PRAGMA user_version=%d",
		STATE_FILE_ID, STATE_FILE_FORMAT);
	rc = state_db_exec(store->db, ids, err);
	free(ids);
	if (rc != 0 || state_db_exec(store->db, state_store_tables, err) != 0)
		return -1;
	for (i = 0; i < n; i++) {
		id = i + 1;
		store->options = state_store_hash(store->options, options[i],
			strlen(options[i]));
		if (state_db_run(store->db, QUERY_PUT_OPTION, &id, 1,
		    options[i], strlen(options[i]), err) != 0)
			return -1;
	}
	return state_store_put_head(store, head, &none, err);
}

int
state_store_begin(struct state_store *store, struct err *err)
{
	return state_db_run(store->db, QUERY_BEGIN, NULL, 0, NULL, 0, err);
}

int
state_store_put_chunk(struct state_store *store,
	const struct state_chunk *chunk, struct err *err)
{
	const uint64_t n[] = { chunk->index, chunk->generation, chunk->lines,
		chunk->hash, state_chunk_check(chunk) };

	return state_db_run(store->db, QUERY_PUT_CHUNK, n, 5, chunk->done,
		sizeof chunk->done, err);
}

int
state_store_put_failures(struct state_store *store, uint64_t generation,
	const struct state_failure *failures, size_t n, uint64_t *sum,
	struct err *err)
{
	size_t len = n * sizeof *failures;
	const uint64_t row[] = { generation,
		state_store_hash(generation, failures, len) };

	*sum ^= row[1];
	return state_db_run(store->db, QUERY_PUT_FAILURES, row, 2, failures,
		len, err);
}

int
state_store_drop_failures(struct state_store *store, uint64_t *sum,
	struct err *err)
{
	uint64_t check;
	int rc;

	while ((rc = state_db_row(store->db, QUERY_GET_CHECKS, &check, 1,
	    err)) > 0)
		*sum ^= check;
	if (rc != 0)
		return -1;
	return state_db_run(store->db, QUERY_DROP_FAILURES, NULL, 0, NULL, 0,
		err);
}

int
state_store_put_head(struct state_store *store, const struct state_head *head,
	const struct marks *marks, struct err *err)
{
	const char *replaced = head->replaced != NULL ? head->replaced : "";
	const uint64_t row[] = { head->generation, (uint64_t)head->began_us,
		head->chunks, head->failures, head->sum, head->replaceable,
		state_store_head_check(store, head, marks) };
	uint64_t n[3] = { marks->n };
	size_t i;

	if (state_db_run(store->db, QUERY_PUT_HEAD, row, 7, replaced,
	    strlen(replaced), err) != 0 ||
	    state_db_run(store->db, QUERY_CUT_MARKS, n, 1, NULL, 0, err) != 0)
		return -1;
	for (i = 0; i < marks->n; i++) {
		n[0] = i + 1;
		n[1] = marks->list[i].number;
		n[2] = marks->list[i].offset;
		if (state_db_run(store->db, QUERY_PUT_MARK, n, 3,
		    marks->list[i].name, strlen(marks->list[i].name),
		    err) != 0)
			return -1;
	}
	return 0;
}

int
state_store_commit(struct state_store *store, struct err *err)
{
	return state_db_commit(store->db, err);
}
