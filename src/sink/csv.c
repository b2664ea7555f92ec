/* SPDX-License-Identifier: MIT */
/*
 * csv -- RFC 4180 with a header, for spreadsheets and data frames. It is the
 * format people open without looking first, so it is the one that must not
 * carry formulas or control characters; programs that want texts byte for
 * byte are better served by json.
 */
#include "config.h"

#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "core/columns.h"
#include "core/output.h"
#include "sink/family.h"

/* The output's own ceiling is the one that counts. */
#define CSV_TEXT_MAX ((size_t)16 << 20)

struct csv {
	struct output *output;
	const struct column_list *columns;
	struct buf text;	/* the field at hand, cleaned */
};

static void
csv_add_quoted(struct buf *out, const char *p, size_t n)
{
	const char *quote;

	buf_add_char(out, '"');
	while ((quote = memchr(p, '"', n)) != NULL) {
		size_t len = (size_t)(quote - p) + 1;

		buf_add(out, p, len);
		buf_add_char(out, '"');
		p += len;
		n -= len;
	}
	buf_add(out, p, n);
	buf_add_char(out, '"');
}

/* In a spreadsheet these make a formula of a field; ' marks what we marked. */
static int
csv_misleads(const char *text)
{
	return *text != '\0' && strchr("=+-@'", *text) != NULL;
}

static void
csv_add_field(struct buf *out, const struct buf *field)
{
	const char *p = buf_text(field);

	if (strpbrk(p, "\",") != NULL)
		csv_add_quoted(out, p, field->len);
	else
		buf_add(out, p, field->len);
}

static void
csv_escape_bytes(struct buf *field, const char *p, size_t n)
{
	for (; n > 0; p++, n--)
		buf_printf(field, "\\x%02x", (unsigned)(unsigned char)*p);
}

/* What utf8_add_clean() would change goes byte by byte, to be restorable. */
static void
csv_escape(struct buf *field, const char *p, size_t n)
{
	size_t before, len;

	for (; n > 0; p += len, n -= len) {
		len = utf8_decode(p, n, NULL);
		if (len == 0)
			len = 1;
		before = field->len;
		utf8_add_clean(field, p, len);
		if (field->len - before != len) {
			buf_cut(field, before);
			csv_escape_bytes(field, p, len);
		} else if (*p == '\\') {
			buf_add_char(field, '\\');
		}
	}
}

/* 1: the text cannot be written unless the record is escaped. */
static int
csv_add_text(struct csv *csv, const char *text, int escaped)
{
	struct buf *field = &csv->text;
	size_t n = strlen(text);
	size_t start;

	buf_clear(field);
	if (csv_misleads(text))
		buf_add_char(field, '\'');
	start = field->len;
	if (escaped)
		csv_escape(field, text, n);
	else if (utf8_add_clean(field, text, n) == 0 &&
	    field->len - start != n)
		return 1;	/* cleaning made it longer */
	/* The record is too large then, for output_record() to report. */
	output_buf(csv->output)->full |= field->full;
	csv_add_field(output_buf(csv->output), field);
	return 0;
}

static int
csv_add_row(struct csv *csv, const struct result *result, int escaped)
{
	struct buf *out = output_buf(csv->output);
	char value[COLUMN_VALUE_MAX];
	size_t i;

	for (i = 0; i < csv->columns->n; i++) {
		const struct column *column = csv->columns->items[i];
		const char *text = column_text(column, result);
		char *end;

		if (i > 0)
			buf_add_char(out, ',');
		if (text == NULL) {
			end = column_write(column, result, escaped, value);
			buf_add(out, value, (size_t)(end - value));
		} else if (csv_add_text(csv, text, escaped) != 0) {
			return 1;
		}
	}
	buf_add_char(out, '\n');
	return 0;
}

static int
csv_write(void *self, const struct result *result, struct err *err)
{
	struct csv *csv = self;
	struct buf *out = output_buf(csv->output);
	size_t start = out->len;

	if (csv_add_row(csv, result, 0) != 0) {
		buf_cut(out, start);
		csv_add_row(csv, result, 1);
	}
	return output_record(csv->output, err);
}

static int
csv_add_header(const struct csv *csv, struct err *err)
{
	struct buf *out = output_buf(csv->output);
	size_t i;

	for (i = 0; i < csv->columns->n; i++) {
		if (i > 0)
			buf_add_char(out, ',');
		buf_add_text(out, csv->columns->items[i]->name);
	}
	buf_add_char(out, '\n');
	return output_header(csv->output, err);
}

static void
csv_close(void *self)
{
	struct csv *csv = self;

	buf_release(&csv->text);
	free(csv);
}

static void *
csv_open(const struct sink_args *args, struct err *err)
{
	struct csv *csv = mem_array(1, sizeof *csv);

	csv->output = args->output;
	csv->columns = args->columns;
	buf_init(&csv->text, CSV_TEXT_MAX);
	if (output_continues(args->output) || csv_add_header(csv, err) == 0)
		return csv;
	csv_close(csv);
	return NULL;
}

const struct sink sink_csv = {
	.name = "csv",
	.brief = "comma-separated values with a header line",
	.notes = "RFC 4180 with a header line, except that lines end in a "
		"bare newline, as most tools write it; a field is quoted "
		"when it needs to be, and a record is always one line. A "
		"text that a spreadsheet might run as a formula (it begins "
		"with =, +, - or @), or that begins with ', has ' put before "
		"it. Where some text of a record holds control characters, "
		"characters that change the direction of writing, or bytes "
		"that are not UTF-8, \"escaped\" is true and in all texts of "
		"that record such a byte is written as \\xNN and a backslash "
		"as \\\\. A file that is appended to gets no second header.",
	.open = csv_open,
	.write = csv_write,
	.close = csv_close,
};
