/* SPDX-License-Identifier: MIT */
/*
 * columns -- what a record consists of, as a table. JSON keys, the CSV
 * header, -w names and the manual's list of fields all come from these rows,
 * so a new field is one row here. Numbers are written by hand: a record has
 * some fifteen, and printf would cost more than everything else together.
 */
#include "config.h"

#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "core/columns.h"
#include "core/result.h"
#include "core/stage.h"
#include "core/value.h"
#include "opt/opt.h"

static const char *
column_method(const struct result *result)
{
	return result->method != NULL ? result->method : "GET";
}

static const char *
column_url_effective(const struct result *result)
{
	if (result->url_effective != NULL)
		return result->url_effective;
	return result->url != NULL ? result->url : "";
}

#define COLUMN(kind, ctype, field, text) \
	{ .name = #field, .type = COLUMN_##kind, \
		.off = OPT_AT(struct result, field, ctype), .brief = text }
#define COLUMN_CALLED(field, about) \
	{ .name = #field, .type = COLUMN_CALL, .text = column_##field, \
		.brief = about }

/* clang-format off */
static const struct column columns[] = {
	COLUMN(U64, uint64_t, seq, "number of the URL in the list, from 1"),
	COLUMN(TEXT, char *, url, "the URL as given, without credentials"),
	COLUMN_CALLED(url_effective, "the URL fetched last, after redirects"),
	COLUMN_CALLED(method, "method of the last request"),
	COLUMN(U64, uint64_t, response_code, "HTTP status; 0: no reply"),
	COLUMN(BOOL, int, ok,
		"whole, status 200 to 399 (or --no-fetch), all stages well"),
	COLUMN(BOOL, int, final, "not tried again in this run"),
	COLUMN(U64, uint64_t, attempt, "number of the attempt, from 1"),
	COLUMN(CLASS, enum error_class, error_class, "what kind of failure"),
	COLUMN(TEXT, const char *, error_detail, "finer name of the failure"),
	COLUMN(TEXT, char *, errormsg, "what went wrong, in words"),
	COLUMN(TIMESTAMP, int64_t, timestamp, "when the attempt began, UTC"),
	COLUMN(U64, uint64_t, num_redirects, "redirects followed"),
	COLUMN(TEXT, const char *, http_version, "HTTP version of the reply"),
	COLUMN(CHARS, char *, remote_ip, "address connected to"),
	COLUMN(U64, uint64_t, num_connects, "new connections made"),
	COLUMN(SECONDS, int64_t, time_queue, "waited before the start"),
	COLUMN(SECONDS, int64_t, time_namelookup, "until the name was known"),
	COLUMN(SECONDS, int64_t, time_connect, "until connected"),
	COLUMN(SECONDS, int64_t, time_appconnect,
		"until the TLS handshake was done; 0: none"),
	COLUMN(SECONDS, int64_t, time_starttransfer, "until the first byte"),
	COLUMN(SECONDS, int64_t, time_redirect, "until the last hop began"),
	COLUMN(SECONDS, int64_t, time_total, "until the end"),
	COLUMN(U64, uint64_t, size_download, "bytes of the body"),
	COLUMN(TEXT, char *, content_type, "media type the server named"),
	COLUMN(TEXT, char *, filename_effective, "file the body is kept in"),
	COLUMN(BOOL, int, skipped, "not asked for: the file was there before"),
	COLUMN(TEXT, const char *, strategy, "strategy that fetched it"),
	{ .name = "escaped", .type = COLUMN_ESCAPED,
		.brief = "in texts \\xNN is a byte and \\\\ a backslash" },
};
/* clang-format on */

#define COLUMNS (sizeof columns / sizeof *columns)

static const struct column columns_post[] = {
	COLUMN(SECONDS, int64_t, time_post, "spent in the stages"),
	COLUMN(SECONDS, int64_t, time_post_queue, "waited for the stages"),
};

#define COLUMNS_POST (sizeof columns_post / sizeof *columns_post)

const struct column *
columns_all(size_t *ret_n)
{
	*ret_n = COLUMNS;
	return columns;
}

const struct column *
columns_of_stages(size_t *ret_n)
{
	*ret_n = COLUMNS_POST;
	return columns_post;
}

static size_t
columns_count(const struct column_set *set)
{
	return set != NULL ? COLUMNS + COLUMNS_POST + set->n_values : COLUMNS;
}

/* The i-th of columns_count() columns. */
static const struct column *
columns_get(const struct column_set *set, size_t i)
{
	if (i < COLUMNS)
		return &columns[i];
	if (i < COLUMNS + COLUMNS_POST)
		return &columns_post[i - COLUMNS];
	return &set->values[i - COLUMNS - COLUMNS_POST];
}

/* Which stage would bring it; NULL: none. */
static const struct stage *
column_stage(const char *name)
{
	size_t i, k;

	for (i = 0; stages[i] != NULL; i++)
		for (k = 0; k < stages[i]->n_columns; k++)
			if (strcmp(stages[i]->columns[k].name, name) == 0)
				return stages[i];
	return NULL;
}

static int
column_is_of_stages(const char *name)
{
	size_t i;

	for (i = 0; i < COLUMNS_POST; i++)
		if (strcmp(columns_post[i].name, name) == 0)
			return 1;
	return 0;
}

static int
column_unknown(const struct column_set *set, const char *name,
	struct err *err)
{
	size_t n = columns_count(set), i;
	const struct stage *stage = column_stage(name);
	const char *near, **names;

	if (stage != NULL)
		return err_set(err, ERR_USAGE, "column '%s' comes with "
			"--post %s", name, stage->name);
	if (column_is_of_stages(name))
		return err_set(err, ERR_USAGE, "column '%s' comes with --post",
			name);
	names = mem_array(n + 1, sizeof *names);
	for (i = 0; i < n; i++)
		names[i] = columns_get(set, i)->name;
	near = opt_nearest(name, names);
	free(names);
	if (near == NULL)
		return err_set(err, ERR_USAGE, "no column is called '%s'",
			name);
	return err_set(err, ERR_USAGE, "no column is called '%s'; did you "
		"mean '%s'?", name, near);
}

const struct column *
column_find(const struct column_set *set, const char *name, struct err *err)
{
	size_t n = columns_count(set), i;

	for (i = 0; i < n; i++)
		if (strcmp(columns_get(set, i)->name, name) == 0)
			return columns_get(set, i);
	column_unknown(set, name, err);
	return NULL;
}

static inline const void *
column_at(const struct column *column, const struct result *result)
{
	return (const char *)result + column->off;
}

/* NULL: the stage did not say. */
static const struct value *
column_value(const struct column *column, const struct result *result)
{
	const struct value *value;

	if (result->values == NULL)
		return NULL;
	value = &result->values[column->value - 1];
	return value->set ? value : NULL;
}

static const char *
column_value_text(const struct column *column, const struct result *result)
{
	const struct value *value;

	if (column->type != COLUMN_TEXT && column->type != COLUMN_JSON)
		return NULL;
	value = column_value(column, result);
	return value != NULL ? value->text : "";
}

const char *
column_text(const struct column *column, const struct result *result)
{
	const void *at = column_at(column, result);
	const char *text;

	if (column->value != 0)
		return column_value_text(column, result);
	switch (column->type) {
	case COLUMN_TEXT:
		text = *(const char *const *)at;
		return text != NULL ? text : "";
	case COLUMN_CHARS:
		return at;
	case COLUMN_CLASS:
		return error_class_name(*(const enum error_class *)at);
	case COLUMN_CALL:
		return column->text(result);
	case COLUMN_U64:
	case COLUMN_BOOL:
	case COLUMN_SECONDS:
	case COLUMN_TIMESTAMP:
	case COLUMN_ESCAPED:
	case COLUMN_JSON:
		break;
	}
	return NULL;
}

/* The last `width` digits of n. */
static char *
column_write_digits(char *at, uint64_t n, int width)
{
	int i;

	for (i = width - 1; i >= 0; i--) {
		at[i] = (char)('0' + n % 10);
		n /= 10;
	}
	return at + width;
}

static char *
column_write_u64(char *at, uint64_t n)
{
	uint64_t rest = n;
	int width = 1;

	while (rest >= 10) {
		rest /= 10;
		width++;
	}
	return column_write_digits(at, n, width);
}

/* Below zero counts as zero: clocks are read on several threads. */
static char *
column_write_seconds(char *at, int64_t us)
{
	uint64_t n = us > 0 ? (uint64_t)us : 0;

	at = column_write_u64(at, n / CLOCK_SECOND);
	*at++ = '.';
	return column_write_digits(at, n % CLOCK_SECOND, 6);
}

static char *
column_write_bool(char *at, int yes)
{
	memcpy(at, yes ? "true" : "false", yes ? 4 : 5);
	return at + (yes ? 4 : 5);
}

static char *
column_write_value(const struct column *column, const struct result *result,
	char *at)
{
	const struct value *value = column_value(column, result);

	if (value == NULL)
		return at;
	if (column->type == COLUMN_SECONDS)
		return column_write_seconds(at, value->us);
	if (column->type == COLUMN_BOOL)
		return column_write_bool(at, value->flag);
	return column_write_u64(at, value->u64);
}

char *
column_write(const struct column *column, const struct result *result,
	int escaped, char *at)
{
	const void *field = column_at(column, result);

	if (column->value != 0)
		return column_write_value(column, result, at);
	switch (column->type) {
	case COLUMN_U64:
		return column_write_u64(at, *(const uint64_t *)field);
	case COLUMN_BOOL:
		return column_write_bool(at, *(const int *)field);
	case COLUMN_SECONDS:
		return column_write_seconds(at, *(const int64_t *)field);
	case COLUMN_TIMESTAMP:
		clock_rfc3339(*(const int64_t *)field, at);
		return at + CLOCK_RFC3339_SIZE - 1;
	case COLUMN_ESCAPED:
		return column_write_bool(at, escaped);
	case COLUMN_TEXT:
	case COLUMN_JSON:
	case COLUMN_CHARS:
	case COLUMN_CLASS:
	case COLUMN_CALL:
		break;
	}
	return at;
}

static int
column_list_has(const struct column_list *list, const struct column *column)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		if (list->items[i] == column)
			return 1;
	return 0;
}

static int
column_list_add(struct column_list *list, const struct column_set *set,
	const char *name, struct err *err)
{
	const struct column *column = column_find(set, name, err);

	if (column == NULL)
		return -1;
	if (column_list_has(list, column))
		return err_set(err, ERR_USAGE, "column '%s' is named twice",
			name);
	list->items[list->n++] = column;
	return 0;
}

/* No name comes twice, so there is room for every list that is allowed. */
int
column_list_parse(struct column_list *ret, const struct column_set *set,
	const char *text, struct err *err)
{
	size_t n = columns_count(set);
	struct column_list list = {
		.items = mem_array(n, sizeof(const struct column *)),
	};
	const char *end;
	char *name;
	int rc = 0;

	for (; text == NULL && list.n < n; list.n++)
		list.items[list.n] = columns_get(set, list.n);
	while (text != NULL && rc == 0) {
		end = strchrnul(text, ',');
		name = mem_strndup(text, (size_t)(end - text));
		rc = column_list_add(&list, set, name, err);
		free(name);
		text = *end == ',' ? end + 1 : NULL;
	}
	if (rc != 0)
		column_list_release(&list);
	else
		*ret = list;
	return rc;
}

void
column_list_release(struct column_list *list)
{
	free(list->items);
	*list = (struct column_list){ .items = NULL };
}
