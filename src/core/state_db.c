/* SPDX-License-Identifier: MIT */
/*
 * state_db -- SQLite is here for what is hard to get right: a commit that is
 * whole or not there, whenever the process or the machine dies. With
 * locking_mode EXCLUSIVE the index of its log is on the heap, so a second
 * process is refused at once and no third file lies about.
 *
 * Checkpoints are called here, not automatic: SQLite hides from a commit that
 * the one behind it failed and tries again with the next, and an fsync that
 * failed once says nothing when it succeeds later.
 */
#include "config.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "core/state_db.h"
#include "core/state_file.h"

#define STATE_DB_LOG 1000	/* pages of the log, then a checkpoint */

#define STATE_QUERY_TEXT(name, text) text,
static const char *const state_db_texts[] = {
	STATE_QUERIES(STATE_QUERY_TEXT)
};
#undef STATE_QUERY_TEXT

struct state_db {
	sqlite3 *handle;
	sqlite3_stmt *queries[QUERY_COUNT];
	char *path;		/* as the user calls it */
	char *real;		/* where it is */
	int sync;
	int log_pages;
	int had_log;		/* before it was opened */
	int written, failed;
};

int
state_db_damaged(const struct state_db *db, const char *how, struct err *err)
{
	return err_set(err, ERR_USAGE, "%s is damaged (%s): remove it to begin "
		"anew", db->path, how);
}

/* What SQLite said last. */
static int
state_db_fail(struct state_db *db, struct err *err)
{
	int code = sqlite3_errcode(db->handle) & 0xff;
	int number = code == SQLITE_FULL ? ENOSPC :
		sqlite3_system_errno(db->handle);

	db->failed = 1;
	switch (code) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_PROTOCOL:
		return err_set(err, ERR_USAGE, "%s is in use by another "
			"process", db->path);
	case SQLITE_NOMEM:
		return err_set(err, ERR_SYSTEM, "%s: out of memory",
			db->path);
	case SQLITE_IOERR:
	case SQLITE_FULL:
	case SQLITE_CANTOPEN:
	case SQLITE_READONLY:
	case SQLITE_PERM:
		return err_set(err, ERR_IO, "%s: %s", db->path,
			number != 0 ? strerror(number) : sqlite3_errstr(code));
	default:
		return state_db_damaged(db, sqlite3_errstr(code), err);
	}
}

/* Each is prepared once, when it is first needed; NULL: it cannot be. */
static sqlite3_stmt *
state_db_query(struct state_db *db, enum state_query query)
{
	if (db->queries[query] == NULL)
		sqlite3_prepare_v3(db->handle, state_db_texts[query], -1,
			SQLITE_PREPARE_PERSISTENT, &db->queries[query], NULL);
	return db->queries[query];
}

int
state_db_exec(struct state_db *db, const char *text, struct err *err)
{
	if (sqlite3_exec(db->handle, text, NULL, NULL, NULL) != SQLITE_OK)
		return state_db_fail(db, err);
	return 0;
}

int
state_db_run(struct state_db *db, enum state_query query,
	const uint64_t *numbers, int n, const void *bytes, size_t len,
	struct err *err)
{
	sqlite3_stmt *sql = state_db_query(db, query);
	int i, rc = SQLITE_OK;

	for (i = 0; i < n && rc == SQLITE_OK; i++)
		rc = sqlite3_bind_int64(sql, i + 1, (sqlite3_int64)numbers[i]);
	if (rc == SQLITE_OK && sqlite3_bind_parameter_count(sql) > n)
		rc = sqlite3_bind_blob64(sql, n + 1, bytes, len,
			SQLITE_STATIC);
	if (sql == NULL || rc != SQLITE_OK)
		return state_db_fail(db, err);
	sqlite3_step(sql);
	if (sqlite3_reset(sql) != SQLITE_OK)
		return state_db_fail(db, err);
	return 0;
}

int
state_db_row(struct state_db *db, enum state_query query, uint64_t *numbers,
	int n, struct err *err)
{
	sqlite3_stmt *sql = state_db_query(db, query);
	int i, rc = sqlite3_step(sql);

	if (sql != NULL && rc == SQLITE_DONE) {
		sqlite3_reset(sql);
		return 0;
	}
	if (sql == NULL || rc != SQLITE_ROW)
		return state_db_fail(db, err);
	for (i = 0; i < n; i++)
		numbers[i] = (uint64_t)sqlite3_column_int64(sql, i);
	return 1;
}

const char *
state_db_text(const struct state_db *db, enum state_query query, int column)
{
	const unsigned char *text =
		sqlite3_column_text(db->queries[query], column);

	return text != NULL ? (const char *)text : "";
}

const void *
state_db_bytes(const struct state_db *db, enum state_query query, int column,
	size_t *ret_n)
{
	const void *bytes = sqlite3_column_blob(db->queries[query], column);

	*ret_n = (size_t)sqlite3_column_bytes(db->queries[query], column);
	return bytes;
}

void
state_db_reset(struct state_db *db, enum state_query query)
{
	sqlite3_reset(db->queries[query]);
}

/* --- opening and closing --- */

static int
state_db_on_log(void *arg, sqlite3 *handle, const char *name, int pages)
{
	struct state_db *db = arg;

	(void)handle;
	(void)name;
	db->log_pages = pages;
	return SQLITE_OK;
}

/* Without `sync` the kernel is trusted to outlive the process, no more. The
 * first look takes the lock; a transaction makes the first page of an empty
 * file, so it comes after that look. */
static int
state_db_lock(struct state_db *db, int *ret_fresh, struct err *err)
{
	uint64_t pages = 0;

	sqlite3_db_config(db->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1,
		NULL);
	sqlite3_wal_hook(db->handle, state_db_on_log, db);
	if (state_db_exec(db, "PRAGMA locking_mode=EXCLUSIVE", err) != 0)
		return -1;
	if (state_db_exec(db, db->sync ? "PRAGMA synchronous=FULL" :
	    "PRAGMA synchronous=OFF", err) != 0)
		return -1;
	if (state_db_exec(db, "PRAGMA secure_delete=OFF;"
	    "PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON", err) != 0 ||
	    state_db_row(db, QUERY_PAGES, &pages, 1, err) < 0)
		return -1;
	state_db_reset(db, QUERY_PAGES);
	*ret_fresh = pages == 0;
	return state_db_exec(db, "BEGIN EXCLUSIVE", err);
}

struct state_db *
state_db_open(const char *path, int sync, int *ret_fresh, struct err *err)
{
	struct state_db *db;
	int had_log, rc;
	char *real;

	if (state_file_check(path, &real, &had_log, err) != 0)
		return NULL;
	db = mem_array(1, sizeof *db);
	db->path = mem_strdup(path);
	db->real = real;
	db->had_log = had_log;
	db->sync = sync;
	if (sqlite3_open_v2(real, &db->handle, SQLITE_OPEN_READWRITE |
	    SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
		rc = state_db_fail(db, err);
	else
		rc = state_db_lock(db, ret_fresh, err);
	if (rc == 0)
		return db;
	state_db_close(db);
	return NULL;
}

/* The log goes into the file, and away, but not that of a file that was
 * refused, which stays as it is. */
void
state_db_close(struct state_db *db)
{
	size_t i;

	if (db == NULL)
		return;
	for (i = 0; i < QUERY_COUNT; i++)
		sqlite3_finalize(db->queries[i]);
	if (!db->failed && (db->written || !db->had_log))
		sqlite3_db_config(db->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE,
			0, NULL);
	sqlite3_close(db->handle);
	free(db->path);
	free(db->real);
	free(db);
}

/* --- transactions --- */

int
state_db_commit(struct state_db *db, struct err *err)
{
	db->written = 1;
	if (state_db_run(db, QUERY_COMMIT, NULL, 0, NULL, 0, err) != 0)
		return -1;
	if (db->log_pages < STATE_DB_LOG)
		return 0;
	if (sqlite3_wal_checkpoint_v2(db->handle, NULL,
	    SQLITE_CHECKPOINT_PASSIVE, NULL, NULL) != SQLITE_OK)
		return state_db_fail(db, err);
	db->log_pages = 0;
	return 0;
}

int
state_db_accept(struct state_db *db, struct err *err)
{
	int logs;

	/* The new mode is a row first, and is written by the step after it. */
	if (state_db_run(db, QUERY_COMMIT, NULL, 0, NULL, 0, err) != 0 ||
	    state_db_row(db, QUERY_LOG, NULL, 0, err) < 0)
		return -1;
	logs = strcmp(state_db_text(db, QUERY_LOG, 0), "wal") == 0;
	if (state_db_row(db, QUERY_LOG, NULL, 0, err) < 0)
		return -1;
	if (!logs)
		return err_set(err, ERR_IO, "%s: no log of commits can be had "
			"there", db->path);
	/* SQLite syncs it, too, but takes no notice of how that went. */
	return db->sync ? state_file_sync_folder(db->real, err) : 0;
}
