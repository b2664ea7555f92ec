/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CORE_STATE_DB_H
#define FETCHALL_CORE_STATE_DB_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/*
 * SQLite, as a state needs it: a database that one process has for itself,
 * its few statements, and an error text for whatever goes wrong. What is in
 * the rows is state_store's business. One thread at a time. A process opens a
 * file once only: POSIX locks go with the first descriptor that is closed.
 */
struct state_db;

/* X(name, SQL): all there are. */
#define STATE_QUERIES(X) \
	X(PAGES, "PRAGMA page_count") \
	X(CHECK, "PRAGMA quick_check(1)") \
	X(LOG, "PRAGMA journal_mode=WAL") \
	X(BEGIN, "BEGIN IMMEDIATE") \
	X(COMMIT, "COMMIT") \
	X(GET_HEAD, "SELECT generation, began_us, chunks, failures, sum," \
		" replaceable, checksum, replaced FROM run") \
	X(GET_OPTION, "SELECT option FROM options ORDER BY id") \
	X(GET_MARK, "SELECT number, \"offset\", name FROM marks ORDER BY id") \
	X(GET_CHUNK, "SELECT id, generation, lines, hash, checksum, done" \
		" FROM chunks ORDER BY id") \
	X(GET_FAILURES, "SELECT generation, checksum, urls FROM failures" \
		" ORDER BY generation") \
	X(PUT_HEAD, "REPLACE INTO run VALUES" \
		" (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, CAST(?8 AS TEXT))") \
	X(PUT_OPTION, "INSERT INTO options VALUES (?1, CAST(?2 AS TEXT))") \
	X(PUT_MARK, "REPLACE INTO marks VALUES" \
		" (?1, ?2, ?3, CAST(?4 AS TEXT))") \
	X(CUT_MARKS, "DELETE FROM marks WHERE id > ?1") \
	X(PUT_CHUNK, "REPLACE INTO chunks VALUES (?1, ?2, ?3, ?4, ?5, ?6)") \
	X(PUT_FAILURES, "INSERT INTO failures VALUES (?1, ?2, ?3)") \
	X(GET_CHECKS, "SELECT checksum FROM failures") \
	X(DROP_FAILURES, "DELETE FROM failures")

#define STATE_QUERY_ENUM(name, text) QUERY_##name,
enum state_query { STATE_QUERIES(STATE_QUERY_ENUM) QUERY_COUNT };
#undef STATE_QUERY_ENUM

/*
 * Opens and locks it, made where there is none: *ret_fresh says that there
 * is nothing in it yet. A transaction is open then; nothing is written to a
 * file that was there unless that is committed. NULL with err: ERR_USAGE where
 * the file is not for us, ERR_IO and ERR_SYSTEM.
 */
struct state_db *state_db_open(const char *path, int sync, int *ret_fresh,
	struct err *err);
/* NULL is fine. */
void state_db_close(struct state_db *db);

/* ERR_USAGE: the file is damaged, how, and what to do. Always -1. */
int state_db_damaged(const struct state_db *db, const char *how,
	struct err *err);

/* Several statements as a text. */
int state_db_exec(struct state_db *db, const char *text, struct err *err);
/* Runs a query that gives no rows: its parameters are n numbers and, where it
 * has one more, some bytes. */
int state_db_run(struct state_db *db, enum state_query query,
	const uint64_t *numbers, int n, const void *bytes, size_t len,
	struct err *err);
/* Fetches the next row of one that gives some: its first n columns are
 * numbers. 1, 0 after the last, and the next call begins again, or -1. */
int state_db_row(struct state_db *db, enum state_query query,
	uint64_t *numbers, int n, struct err *err);
/* A column of the last row as text, "" for NULL, or as bytes, NULL for none.
 * Good until the next call. */
const char *state_db_text(const struct state_db *db, enum state_query query,
	int column);
const void *state_db_bytes(const struct state_db *db, enum state_query query,
	int column, size_t *ret_n);
/* No more rows of that one. */
void state_db_reset(struct state_db *db, enum state_query query);

/* Ends the transaction, and checkpoints where it is time for that. */
int state_db_commit(struct state_db *db, struct err *err);
/* Ends the first one: from here on it may be written to. */
int state_db_accept(struct state_db *db, struct err *err);

#endif
