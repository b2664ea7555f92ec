/* SPDX-License-Identifier: MIT */
/*
 * value -- what stages say of a body. Values are as untyped as the columns
 * that they belong to are typed, so that a record holds any chain's answers
 * in one array. Their wire form is read as if an enemy had written it: it
 * comes from a process that runs hostile bodies through parsers.
 */
#include "config.h"

#include <string.h>

#include "base/mem.h"
#include "core/value.h"

/* Set is any other than 0 in memory; on the wire there are these two. */
enum value_mark { VALUE_UNSET, VALUE_SET };

static int
value_owns(const struct column *column)
{
	return column->type == COLUMN_TEXT || column->type == COLUMN_JSON;
}

void
value_set_u64(struct value *value, uint64_t n)
{
	*value = (struct value){ .set = 1, .u64 = n };
}

void
value_set_us(struct value *value, int64_t us)
{
	*value = (struct value){ .set = 1, .us = us };
}

void
value_set_flag(struct value *value, int flag)
{
	*value = (struct value){ .set = 1, .flag = flag != 0 };
}

void
value_set_text(struct value *value, char *text)
{
	*value = (struct value){ .set = 1, .text = text };
}

void
values_clear(struct value *values, const struct column *columns, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (values[i].set && value_owns(&columns[i]))
			free(values[i].text);
		values[i] = (struct value){ .set = 0 };
	}
}

/* --- as bytes --- */

static void
value_add_text(struct buf *out, const char *text)
{
	size_t len = strlen(text);

	buf_add(out, &len, sizeof len);
	buf_add(out, text, len);
}

static void
value_add(struct buf *out, const struct value *value,
	const struct column *column)
{
	buf_add_char(out, value->set ? VALUE_SET : VALUE_UNSET);
	if (!value->set)
		return;
	if (value_owns(column))
		value_add_text(out, value->text);
	else if (column->type == COLUMN_BOOL)
		buf_add_char(out, (char)value->flag);
	else
		buf_add(out, &value->u64, sizeof value->u64);
}

void
values_add(struct buf *out, const struct value *values,
	const struct column *columns, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		value_add(out, &values[i], &columns[i]);
}

struct value_reader {
	const char *at;
	size_t left;
};

static int
value_take(struct value_reader *reader, void *ret, size_t n)
{
	if (n > reader->left)
		return -1;
	memcpy(ret, reader->at, n);
	reader->at += n;
	reader->left -= n;
	return 0;
}

/*
 * JSON goes into records as it is, so at least what would break a record's
 * line or a terminal must not be in it.
 */
static int
value_is_object(const char *p, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (p[i] < 0x20 || p[i] > 0x7e)
			return 0;
	return len >= 2 && p[0] == '{' && p[len - 1] == '}';
}

static int
value_read_text(struct value_reader *reader, enum column_type type,
	struct value *ret)
{
	size_t len;

	if (value_take(reader, &len, sizeof len) != 0 || len > reader->left ||
	    memchr(reader->at, '\0', len) != NULL)
		return -1;
	if (type == COLUMN_JSON && !value_is_object(reader->at, len))
		return -1;
	value_set_text(ret, mem_strndup(reader->at, len));
	reader->at += len;
	reader->left -= len;
	return 0;
}

static int
value_read(struct value_reader *reader, const struct column *column,
	struct value *ret)
{
	char mark, flag;
	uint64_t n;

	if (value_take(reader, &mark, 1) != 0 ||
	    (mark != VALUE_SET && mark != VALUE_UNSET))
		return -1;
	if (mark == VALUE_UNSET)
		return 0;
	if (value_owns(column))
		return value_read_text(reader, column->type, ret);
	if (column->type == COLUMN_BOOL) {
		if (value_take(reader, &flag, 1) != 0 || (flag & ~1) != 0)
			return -1;
		value_set_flag(ret, flag);
		return 0;
	}
	if (value_take(reader, &n, sizeof n) != 0 ||
	    (column->type == COLUMN_SECONDS && n > INT64_MAX))
		return -1;
	if (column->type == COLUMN_SECONDS)
		value_set_us(ret, (int64_t)n);
	else
		value_set_u64(ret, n);
	return 0;
}

int
values_read(const void *p, size_t len, struct value *ret,
	const struct column *columns, size_t n)
{
	struct value_reader reader = { .at = p, .left = len };
	size_t i;

	for (i = 0; i < n; i++)
		if (value_read(&reader, &columns[i], &ret[i]) != 0)
			break;
	if (i == n && reader.left == 0)
		return 0;
	values_clear(ret, columns, n);
	return -1;
}
