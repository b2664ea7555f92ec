/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CORE_COLUMNS_H
#define FETCHALL_CORE_COLUMNS_H

#include <stddef.h>

#include "base/err.h"

struct result;

/* How a field of struct result is printed. */
enum column_type {
	COLUMN_U64,		/* uint64_t, decimal */
	COLUMN_BOOL,		/* int: true or false */
	COLUMN_SECONDS,		/* int64_t us: 0.012345 */
	COLUMN_TIMESTAMP,	/* int64_t us since 1970: RFC 3339 */
	COLUMN_TEXT,		/* char *, NULL is empty */
	COLUMN_JSON,		/* of stages only: char *, one JSON object on
				 * one line, in ASCII */
	COLUMN_CHARS,		/* char[]: text inside the struct */
	COLUMN_CLASS,		/* enum error_class: its name */
	COLUMN_CALL,		/* text() says; no field */
	COLUMN_ESCAPED,		/* bool; the writer of the record says */
};

struct column {
	const char *name;
	enum column_type type;
	size_t off;		/* into struct result */
	size_t value;		/* a stage's: 1 + its place in the record's
				 * values; 0: a field of struct result */
	const char *(*text)(const struct result *);	/* COLUMN_CALL only */
	const char *brief;	/* for the manual */
};

/* The columns that every run has, in their printed order; *ret_n of them. */
const struct column *columns_all(size_t *ret_n);
/* Those that follow them where bodies go through stages. */
const struct column *columns_of_stages(size_t *ret_n);

/*
 * What a run has besides columns_all(): with stages columns_of_stages(), and
 * then what the stages say (chain_columns()). NULL: a run without stages.
 */
struct column_set {
	const struct column *values;	/* borrowed */
	size_t n_values;
};

/* NULL with ERR_USAGE and the nearest name. */
const struct column *column_find(const struct column_set *set,
	const char *name, struct err *err);

/*
 * The text of a text column, "" when it is absent; any bytes but NUL. NULL
 * for a column that is no text: column_write() is for those.
 */
const char *column_text(const struct column *column,
	const struct result *result);

#define COLUMN_VALUE_MAX 32

/*
 * Writes the value of a column that is no text at `at`, which has room for
 * COLUMN_VALUE_MAX bytes, and returns its end; no NUL. Nothing is written for
 * a stage's value that is not set. `escaped` is what a COLUMN_ESCAPED says.
 */
char *column_write(const struct column *column, const struct result *result,
	int escaped, char *at);

/* A choice of columns, for one sink. */
struct column_list {
	const struct column **items;
	size_t n;
};

/*
 * Reads "seq,url,ok"; NULL means all. An unknown name is ERR_USAGE with the
 * nearest one, and so is a name given twice.
 */
int column_list_parse(struct column_list *ret, const struct column_set *set,
	const char *text, struct err *err);
void column_list_release(struct column_list *list);

#endif
