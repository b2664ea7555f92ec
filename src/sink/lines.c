/* SPDX-License-Identifier: MIT */
/*
 * lines -- a line for people and for cut(1), or whatever -w asks for.
 *
 * -w's text is compiled once into pieces: literal bytes, columns and whole
 * JSON objects. Texts are cleaned, so that no server can speak to the
 * terminal; the literal bytes are the user's own and pass as they are.
 */
#include "config.h"

#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "core/columns.h"
#include "core/ndjson.h"
#include "core/output.h"
#include "core/result.h"
#include "sink/family.h"

#define LINES_FORMAT_MAX ((size_t)1 << 20)

enum lines_kind { LINES_LITERAL, LINES_COLUMN, LINES_STATUS, LINES_JSON };

struct lines_piece {
	enum lines_kind kind;
	size_t at, len;			/* literal: bytes of `literals` */
	const struct column *column;	/* column: which */
};

struct lines {
	struct output *output;
	int formatted;			/* -w was given */
	struct lines_piece *pieces;
	size_t n;
	struct buf literals;
	const struct column_set *set;
	struct column_list all;		/* columns there are */
	struct ndjson *ndjson;		/* NULL: no piece asks for it */
};

/* 000 without a reply, as curl prints it. */
static void
lines_add_status(struct buf *out, uint64_t status)
{
	if (status < 100)
		buf_add_text(out, status < 10 ? "00" : "0");
	buf_add_u64(out, status);
}

/* Appends ": text"; nothing for a text that is absent or was just said. */
static const char *
lines_add_reason(struct buf *out, const char *said, const char *text)
{
	if (text == NULL || *text == '\0' || strcmp(text, said) == 0)
		return said;
	buf_add_text(out, *said != '\0' ? ": " : " ");
	utf8_add_clean(out, text, strlen(text));
	return text;
}

static void
lines_add_default(struct buf *out, const struct result *result)
{
	const char *said = "";

	lines_add_status(out, result->response_code);
	buf_add_char(out, ' ');
	buf_add_u64(out, result->size_download);
	buf_add_char(out, ' ');
	buf_add_seconds(out, result->time_total);
	buf_add_char(out, ' ');
	if (result->url != NULL)
		utf8_add_clean(out, result->url, strlen(result->url));
	said = lines_add_reason(out, said,
		error_class_name(result->error_class));
	said = lines_add_reason(out, said, result->error_detail);
	lines_add_reason(out, said, result->errormsg);
	if (result->skipped)
		buf_add_text(out, " skipped");
	/* What was cut off or left out is not final either, but ends here. */
	if (!result->final && result->error_class != ERROR_STOPPED &&
	    result->error_class != ERROR_DEADLINE &&
	    result->error_class != ERROR_LOCAL) {
		buf_add_text(out, " (attempt ");
		buf_add_u64(out, result->attempt);
		buf_add_text(out, ", will retry)");
	}
	buf_add_char(out, '\n');
}

/* What json's `escaped` says, for %{escaped}. */
static int
lines_escaped(const struct lines *lines, const struct result *result)
{
	const char *text;
	size_t i;

	for (i = 0; i < lines->all.n; i++) {
		text = column_text(lines->all.items[i], result);
		if (text != NULL && !utf8_valid(text, strlen(text)))
			return 1;
	}
	return 0;
}

static void
lines_add_column(const struct lines *lines, const struct column *column,
	const struct result *result)
{
	struct buf *out = output_buf(lines->output);
	const char *text = column_text(column, result);
	char value[COLUMN_VALUE_MAX];
	int escaped;
	char *end;

	if (text != NULL) {
		utf8_add_clean(out, text, strlen(text));
		return;
	}
	escaped = column->type == COLUMN_ESCAPED &&
		lines_escaped(lines, result);
	end = column_write(column, result, escaped, value);
	buf_add(out, value, (size_t)(end - value));
}

static void
lines_add_piece(const struct lines *lines, const struct lines_piece *piece,
	const struct result *result)
{
	struct buf *out = output_buf(lines->output);

	switch (piece->kind) {
	case LINES_LITERAL:
		buf_add(out, lines->literals.data + piece->at, piece->len);
		break;
	case LINES_COLUMN:
		lines_add_column(lines, piece->column, result);
		break;
	case LINES_STATUS:
		lines_add_status(out, result->response_code);
		break;
	case LINES_JSON:
		ndjson_add(lines->ndjson, result, out);
		break;
	}
}

static int
lines_write(void *self, const struct result *result, struct err *err)
{
	struct lines *lines = self;
	size_t i;

	if (!lines->formatted)
		lines_add_default(output_buf(lines->output), result);
	for (i = 0; i < lines->n; i++)
		lines_add_piece(lines, &lines->pieces[i], result);
	return output_record(lines->output, err);
}

static struct lines_piece *
lines_push(struct lines *lines, enum lines_kind kind)
{
	struct lines_piece *piece;

	lines->pieces = mem_grow(lines->pieces, lines->n + 1,
		sizeof *lines->pieces);
	piece = &lines->pieces[lines->n++];
	*piece = (struct lines_piece){ .kind = kind };
	return piece;
}

/* Literal bytes join the literal piece before them. */
static void
lines_push_literal(struct lines *lines, char c)
{
	struct lines_piece *last = NULL;

	if (lines->n > 0)
		last = &lines->pieces[lines->n - 1];
	if (last == NULL || last->kind != LINES_LITERAL) {
		last = lines_push(lines, LINES_LITERAL);
		last->at = lines->literals.len;
	}
	if (buf_add_char(&lines->literals, c) == 0)
		last->len++;
}

static int
lines_push_name(struct lines *lines, const char *name, struct err *err)
{
	const struct column *column;

	if (strcmp(name, "json") == 0) {
		lines_push(lines, LINES_JSON);
		if (lines->ndjson == NULL)
			lines->ndjson = ndjson_new(&lines->all);
		return 0;
	}
	/* curl has two names for the status, and pads both. */
	if (strcmp(name, "http_code") == 0 ||
	    strcmp(name, "response_code") == 0) {
		lines_push(lines, LINES_STATUS);
		return 0;
	}
	column = column_find(lines->set, name, err);
	if (column == NULL)
		return err_in(err, "-w '%%{%s}'", name);
	lines_push(lines, LINES_COLUMN)->column = column;
	return 0;
}

/* Reads %{name}, %% or a bare %; moves *at behind it. */
static int
lines_read_percent(struct lines *lines, const char **at, struct err *err)
{
	const char *p = *at + 1;
	const char *end;
	char *name;
	int rc;

	if (*p != '{') {
		lines_push_literal(lines, '%');
		*at = *p == '%' ? p + 1 : p;
		return 0;
	}
	end = strchr(p, '}');
	if (end == NULL)
		return err_set(err, ERR_USAGE, "-w: '%%{' without a '}'");
	name = mem_strndup(p + 1, (size_t)(end - p) - 1);
	rc = lines_push_name(lines, name, err);
	free(name);
	*at = end + 1;
	return rc;
}

/* Unknown escapes stay as they are, as with curl. */
static const char *
lines_read_escape(struct lines *lines, const char *p)
{
	static const char names[] = "ntr\\";
	static const char bytes[] = "\n\t\r\\";
	const char *name = p[1] != '\0' ? strchr(names, p[1]) : NULL;

	if (name == NULL) {
		lines_push_literal(lines, '\\');
		return p + 1;
	}
	lines_push_literal(lines, bytes[name - names]);
	return p + 2;
}

static int
lines_compile(struct lines *lines, const char *p, struct err *err)
{
	if (strlen(p) > LINES_FORMAT_MAX)
		return err_set(err, ERR_USAGE, "-w: the format is too long");
	while (*p != '\0') {
		if (*p == '%') {
			if (lines_read_percent(lines, &p, err) != 0)
				return -1;
		} else if (*p == '\\') {
			p = lines_read_escape(lines, p);
		} else {
			lines_push_literal(lines, *p++);
		}
	}
	return 0;
}

static void
lines_close(void *self)
{
	struct lines *lines = self;

	ndjson_free(lines->ndjson);
	column_list_release(&lines->all);
	buf_release(&lines->literals);
	free(lines->pieces);
	free(lines);
}

static void *
lines_open(const struct sink_args *args, struct err *err)
{
	struct lines *lines = mem_array(1, sizeof *lines);

	lines->output = args->output;
	lines->formatted = args->format != NULL;
	buf_init(&lines->literals, LINES_FORMAT_MAX);
	lines->set = args->set;
	if (column_list_parse(&lines->all, args->set, NULL, err) == 0 &&
	    (args->format == NULL ||
	    lines_compile(lines, args->format, err) == 0))
		return lines;
	lines_close(lines);
	return NULL;
}

const struct sink sink_lines = {
	.name = "lines",
	.brief = "a line for people, or what -w FORMAT asks for",
	.notes = "STATUS SIZE SECONDS URL, then what went wrong: its class, "
		"finer name and message. STATUS is 000 without a reply. With "
		"-w FORMAT, %{NAME} is replaced by the column of that name "
		"(curl's http_code is response_code), %{json} by the record "
		"as a JSON object, %% by %, and \\n, \\t, \\r and \\\\ by "
		"what they stand for; no newline is added. Control "
		"characters, characters that change the direction of "
		"writing and bytes that are not UTF-8 are shown as \\xNN or "
		"\\u{NNNN}.",
	.open = lines_open,
	.write = lines_write,
	.close = lines_close,
};
