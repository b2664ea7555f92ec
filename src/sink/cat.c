/* SPDX-License-Identifier: MIT */
/*
 * cat -- bodies one behind the other, for a pipeline; files of their own are
 * the sink files. A body leaves at once where any order is good. Where it is
 * to be the list's, it is held until all before it have left, where it is: in
 * its slot or file, and what they cost stays counted in the run's budget.
 */
#include "config.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "core/body.h"
#include "core/content.h"
#include "core/order.h"
#include "core/output.h"
#include "core/result.h"
#include "opt/opt.h"
#include "sink/family.h"

#define CAT_SEPARATOR_MAX ((size_t)1 << 20)

struct cat_options {
	int cat, keep_order;
	char *separator;	/* NULL: none */
};

struct cat {
	struct output *output;
	struct buf separator;
	struct order *order;	/* of struct cat_held; NULL: any is good */
};

struct cat_held {
	struct body *body;	/* NULL: it is empty */
	int chunked;
};

/* --- the separator --- */

/* Up to `max` digits; returns what is behind them. */
static const char *
cat_add_code(struct buf *out, const char *p, const char *digits, size_t max)
{
	size_t base = strlen(digits), i;
	unsigned code = 0;
	const char *digit;

	for (i = 0; i < max && p[i] != '\0'; i++) {
		digit = strchr(digits, tolower((unsigned char)p[i]));
		if (digit == NULL)
			break;
		code = code * (unsigned)base + (unsigned)(digit - digits);
	}
	buf_add_char(out, (char)code);
	return p + i;
}

/* As printf(1) reads them; unknown ones stay as they are. */
static const char *
cat_add_escape(struct buf *out, const char *p)
{
	static const char names[] = "abfnrtv\\";
	static const char bytes[] = "\a\b\f\n\r\t\v\\";
	const char *name = p[1] != '\0' ? strchr(names, p[1]) : NULL;

	if (name != NULL) {
		buf_add_char(out, bytes[name - names]);
		return p + 2;
	}
	if (p[1] == 'x' && isxdigit((unsigned char)p[2]))
		return cat_add_code(out, p + 2, "0123456789abcdef", 2);
	if (p[1] >= '0' && p[1] <= '7')
		return cat_add_code(out, p + 1, "01234567", 3);
	buf_add_char(out, '\\');
	return p + 1;
}

static void
cat_set_separator(struct buf *out, const char *p)
{
	while (*p != '\0')
		if (*p == '\\')
			p = cat_add_escape(out, p);
		else
			buf_add_char(out, *p++);
}

/* --- bodies --- */

static int
cat_add(void *arg, const void *p, size_t n, struct err *err)
{
	return output_add(arg, p, n, err);
}

static int
cat_write(struct cat *cat, struct body *body, int chunked, struct err *err)
{
	struct output *output = cat->output;

	if (content_read(body, chunked, cat_add, output, err) != 0) {
		output_undo(output);
		return -1;
	}
	if (output_add(output, buf_text(&cat->separator),
	    cat->separator.len, err) != 0)
		return -1;
	return output_record(output, err);
}

/* Takes the result's body. NULL: nothing of it is to be written. */
static struct cat_held *
cat_held_new(const struct cat *cat, struct result *result)
{
	struct cat_held *held;

	if (result->body == NULL && cat->separator.len == 0)
		return NULL;
	held = mem_array(1, sizeof *held);
	held->body = result->body;
	held->chunked = result->chunked;
	result->body = NULL;
	if (held->body != NULL)
		body_rest(held->body);
	return held;
}

static void
cat_held_free(struct cat_held *held)
{
	body_free(held->body);
	free(held);
}

/* Writes and frees all that `next` gives, or up to where that fails. */
static int
cat_drain(struct cat *cat, void *(*next)(struct order *), struct err *err)
{
	struct cat_held *held;
	int rc = 0;

	while (rc == 0 && (held = next(cat->order)) != NULL) {
		rc = cat_write(cat, held->body, held->chunked, err);
		cat_held_free(held);
	}
	return rc;
}

static int
cat_is_wanted(const struct result *result)
{
	return result->ok && !result->skipped;
}

/* One that is not final comes again, or is what the run ends with. */
static int
cat_take_in_order(struct cat *cat, struct result *result, struct err *err)
{
	if (!result->final)
		return 0;
	order_add(cat->order, result->seq, cat_is_wanted(result) ?
		cat_held_new(cat, result) : NULL);
	return cat_drain(cat, order_next, err);
}

static int
cat_take(void *self, struct result *result, struct err *err)
{
	struct cat *cat = self;
	int rc = 0;

	if (cat->order != NULL)
		rc = cat_take_in_order(cat, result, err);
	else if (cat_is_wanted(result))
		rc = cat_write(cat, result->body, result->chunked, err);
	if (rc == 0)
		return 0;
	result_fail(result, ERROR_LOCAL, "write_failed", err->text);
	result->final = 0;
	return -1;
}

/* --- life --- */

/* After it the bodies' memory is gone, so what cannot be written is freed. */
static int
cat_end(void *self, struct err *err)
{
	struct cat *cat = self;
	struct cat_held *held;
	int rc;

	if (cat->order == NULL)
		return 0;
	rc = cat_drain(cat, order_rest, err);
	while ((held = order_rest(cat->order)) != NULL)
		cat_held_free(held);
	return rc;
}

static void
cat_close(void *self)
{
	struct cat *cat = self;

	order_free(cat->order);
	buf_release(&cat->separator);
	free(cat);
}

static void *
cat_open(const struct sink_args *args, struct err *err)
{
	const struct cat_options *own = args->own;
	struct cat *cat = mem_array(1, sizeof *cat);

	(void)err;
	cat->output = args->output;
	buf_init(&cat->separator, CAT_SEPARATOR_MAX);
	if (own->separator != NULL)
		cat_set_separator(&cat->separator, own->separator);
	if (own->keep_order)
		cat->order = order_new();
	return cat;
}

/* --- options --- */

static int
cat_wanted(const void *own)
{
	const struct cat_options *options = own;

	return options->cat;
}

static int
cat_holds(const void *own)
{
	const struct cat_options *options = own;

	return options->keep_order;
}

static int
cat_check(const void *own, struct err *err)
{
	const struct cat_options *options = own;

	if (options->cat)
		return 0;
	if (options->keep_order)
		return err_set(err, ERR_USAGE, "--keep-order is the order of "
			"bodies on standard output: there is no --cat");
	if (options->separator != NULL)
		return err_set(err, ERR_USAGE, "--separator stands behind "
			"bodies on standard output: there is no --cat");
	return 0;
}

/* clang-format off */

#define AT(field, ctype) .off = OPT_AT(struct cat_options, field, ctype)

static const struct opt cat_rows[] = {
	{ .name = "cat", .type = &opt_flag, AT(cat, int),
	  .brief = "write the bodies to standard output",
	  .notes = "Those of good replies, each whole, as the stages made "
		"them, in the order in which they finish. Records go to "
		"--results FILE, or nowhere.",
	  .example = "fetchall --cat urls.txt" },
	{ .name = "keep-order", .type = &opt_flag, AT(keep_order, int),
	  .brief = "with --cat: in the order of the list",
	  .notes = "A body that comes early is held until those before it "
		"are written or have failed; what is held counts in --buffer, "
		"and while that is full no other URL of the list begins.",
	  .example = "fetchall --cat --keep-order urls.txt" },
	{ .name = "separator", .type = &opt_text, AT(separator, char *),
	  .arg = "TEXT", .brief = "with --cat: write TEXT after each body",
	  .notes = "\\n, \\t, \\r, \\\\, \\xNN and the like are bytes as for "
		"printf(1); \\0 is a NUL.",
	  .example = "fetchall --cat --separator '\\n' urls.txt" },
};
#undef AT

/* clang-format on */

static const struct opt_set cat_set = {
	.name = "cat", .title = "Bodies to standard output",
	OPT_ROWS(cat_rows),
	.settings_size = sizeof(struct cat_options),
	.check = cat_check,
};

const struct sink sink_cat = {
	.name = "cat",
	.brief = "bodies to standard output",
	.caps = SINK_BODIES | SINK_STDOUT,
	.opts = &cat_set,
	.wanted = cat_wanted,
	.holds = cat_holds,
	.open = cat_open,
	.take = cat_take,
	.end = cat_end,
	.close = cat_close,
};
