/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CORE_VALUE_H
#define FETCHALL_CORE_VALUE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "core/columns.h"

/*
 * What a stage says of a body, one for each of its columns; the column tells
 * which member counts. A value that is not set is null in JSON and empty
 * elsewhere: the body never came to that stage, or the stage had no answer.
 */
struct value {
	int set;
	union {
		uint64_t u64;	/* COLUMN_U64 */
		int64_t us;	/* COLUMN_SECONDS */
		int flag;	/* COLUMN_BOOL */
		char *text;	/* COLUMN_TEXT, COLUMN_JSON; owned */
	};
};

void value_set_u64(struct value *value, uint64_t n);
void value_set_us(struct value *value, int64_t us);
void value_set_flag(struct value *value, int flag);
/* Takes `text`, which mem.h allocated. */
void value_set_text(struct value *value, char *text);

/* Ends the texts among n values and makes all unset. */
void values_clear(struct value *values, const struct column *columns,
	size_t n);

/*
 * As bytes for another process of the same run, and back: into n values that
 * are not set. -1: not those; then none is set.
 */
void values_add(struct buf *out, const struct value *values,
	const struct column *columns, size_t n);
int values_read(const void *p, size_t len, struct value *ret,
	const struct column *columns, size_t n);

#endif
