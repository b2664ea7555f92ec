/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CORE_NDJSON_H
#define FETCHALL_CORE_NDJSON_H

struct buf;
struct column_list;
struct result;

/*
 * Results as JSON objects, one after the other; for one thread. The object
 * is pure ASCII without control characters: what else a text holds becomes
 * \uXXXX. Where some text of a record is not UTF-8, the record's texts are
 * escaped once more before they become JSON: a byte that is no UTF-8 is
 * \xNN, a backslash \\, and the column `escaped` is true. An empty text is
 * null, and so is what a stage did not say. What a stage said as JSON stands
 * there as it is.
 */
struct ndjson;

/* Keeps nothing of `columns` but the columns themselves. */
struct ndjson *ndjson_new(const struct column_list *columns);
void ndjson_free(struct ndjson *ndjson);	/* NULL is fine */

/* Appends one object, no newline. -1 at the buffer's ceiling. */
int ndjson_add(struct ndjson *ndjson, const struct result *result,
	struct buf *buf);

#endif
