/* SPDX-License-Identifier: MIT */
/*
 * types -- how values of each kind are read and written.
 *
 * Every parser says what was wrong and what would be right, in one line, and
 * shows the value through opt_shown() only, so that no secret and no escape
 * sequence gets into a message. A new kind is one more struct at the end.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/units.h"
#include "base/utf8.h"
#include "opt/opt.h"
#include "opt/types.h"

char *
opt_shown(const struct opt *opt, const char *text, char shown[OPT_SHOWN])
{
	const char *quote = opt != NULL ? "'" : "";
	struct buf buf;
	int cut;

	if (opt != NULL && opt->flags & OPT_SECRET) {
		snprintf(shown, OPT_SHOWN, "the value");
		return shown;
	}
	buf_init(&buf, OPT_SHOWN - sizeof "'...'");
	cut = utf8_add_clean(&buf, text, strlen(text)) != 0;
	snprintf(shown, OPT_SHOWN, "%s%s%s%s", quote, buf_text(&buf),
		cut ? "..." : "", quote);
	buf_release(&buf);
	return shown;
}

/* "'abc' is no count (use a number such as 5 or 10k)". Always -1. */
static int
opt_refuse(const struct opt *opt, const char *text, struct err *err)
{
	const struct opt_type *type = opt->type;
	char shown[OPT_SHOWN];

	opt_shown(opt, text, shown);
	if (type->accepts == NULL)
		return err_set(err, ERR_USAGE, "%s is no %s", shown,
			type->name);
	return err_set(err, ERR_USAGE, "%s is no %s (use %s)", shown,
		type->name, type->accepts);
}

static int
opt_has_range(const struct opt *opt)
{
	const struct opt_type *type = opt->type;

	return (type == &opt_count || type == &opt_counts ||
		type == &opt_size || type == &opt_time) &&
		(opt->min != 0 || opt->max != 0);
}

void
opt_add_range(const struct opt *opt, struct buf *out)
{
	const struct opt_type *type = opt->type;

	if (!opt_has_range(opt))
		return;
	if (type == &opt_counts)
		type = &opt_count;
	if (opt->min == 0)
		buf_add_text(out, "up to ");
	else
		type->print(opt, &opt->min, out);
	if (opt->max == 0)
		buf_add_text(out, " or more");
	else if (opt->min != 0)
		buf_add_text(out, " to ");
	if (opt->max != 0)
		type->print(opt, &opt->max, out);
}

static int
opt_in_range(const struct opt *opt, uint64_t n, const char *text,
	struct err *err)
{
	char shown[OPT_SHOWN];
	struct buf range;

	if (n >= opt->min && (opt->max == 0 || n <= opt->max))
		return 0;
	buf_init(&range, 3 * UNITS_TEXT);
	opt_add_range(opt, &range);
	err_set(err, ERR_USAGE, "%s is out of range (use %s)",
		opt_shown(opt, text, shown), buf_text(&range));
	buf_release(&range);
	return -1;
}

static int
opt_flag_parse(const struct opt *opt, const char *text, void *at,
	struct err *err)
{
	char shown[OPT_SHOWN];
	int *value = at;

	if (strcmp(text, "yes") != 0 && strcmp(text, "no") != 0)
		return err_set(err, ERR_USAGE, "%s is neither yes nor no",
			opt_shown(opt, text, shown));
	*value = text[0] == 'y';
	return 0;
}

static void
opt_flag_print(const struct opt *opt, const void *at, struct buf *out)
{
	const int *value = at;

	(void)opt;
	buf_add_text(out, *value ? "yes" : "no");
}

/* -1: several numbers, as other options take them. */
static int
opt_is_list(const struct opt *opt, const char *text, struct err *err)
{
	char shown[OPT_SHOWN];

	if (text[strspn(text, "0123456789,")] != '\0' ||
	    strchr(text, ',') == NULL)
		return 0;
	return err_set(err, ERR_USAGE, "%s is more than one number: only "
		"options of N[,N...] take several",
		opt_shown(opt, text, shown));
}

static int
opt_count_parse(const struct opt *opt, const char *text, void *at,
	struct err *err)
{
	uint64_t n, *value = at;

	if (opt_is_list(opt, text, err) != 0)
		return -1;
	if (units_count(text, &n) != 0)
		return opt_refuse(opt, text, err);
	if (opt_in_range(opt, n, text, err) != 0)
		return -1;
	*value = n;
	return 0;
}

static void
opt_count_print(const struct opt *opt, const void *at, struct buf *out)
{
	const uint64_t *value = at;

	(void)opt;
	buf_add_u64(out, *value);
}

static int
opt_counts_add(const struct opt *opt, struct opt_counts *counts,
	const char *text, struct err *err)
{
	char shown[OPT_SHOWN];
	uint64_t n = 0;
	size_t i;

	if (opt_count_parse(opt, text, &n, err) != 0)
		return -1;
	for (i = 0; i < counts->n; i++)
		if (counts->items[i] == n)
			return err_set(err, ERR_USAGE, "%s is there twice",
				opt_shown(opt, text, shown));
	counts->items = mem_grow(counts->items, counts->n + 1,
		sizeof *counts->items);
	counts->items[counts->n++] = n;
	return 0;
}

static void
opt_counts_release(void *at)
{
	struct opt_counts *counts = at;

	free(counts->items);
	*counts = (struct opt_counts){ 0 };
}

static int
opt_counts_parse(const struct opt *opt, const char *text, void *at,
	struct err *err)
{
	struct opt_counts counts = { 0 }, *value = at;
	size_t len;
	char *word;
	int rc;

	for (;; text += len + 1) {
		len = strcspn(text, ",");
		word = mem_strndup(text, len);
		rc = opt_counts_add(opt, &counts, word, err);
		free(word);
		if (rc != 0) {
			opt_counts_release(&counts);
			return -1;
		}
		if (text[len] == '\0')
			break;
	}
	opt_counts_release(value);
	*value = counts;
	return 0;
}

static void
opt_counts_print(const struct opt *opt, const void *at, struct buf *out)
{
	const struct opt_counts *counts = at;
	size_t i;

	(void)opt;
	for (i = 0; i < counts->n; i++) {
		if (i > 0)
			buf_add_char(out, ',');
		buf_add_u64(out, counts->items[i]);
	}
}

static int
opt_size_parse(const struct opt *opt, const char *text, void *at,
	struct err *err)
{
	uint64_t n, *value = at;

	if (units_size(text, &n) != 0)
		return opt_refuse(opt, text, err);
	if (opt_in_range(opt, n, text, err) != 0)
		return -1;
	*value = n;
	return 0;
}

static void
opt_size_print(const struct opt *opt, const void *at, struct buf *out)
{
	const uint64_t *value = at;
	char text[UNITS_TEXT];

	(void)opt;
	buf_add_text(out, units_print_size(*value, text));
}

static int
opt_time_parse(const struct opt *opt, const char *text, void *at,
	struct err *err)
{
	int64_t us, *value = at;

	if (units_time(text, &us) != 0)
		return opt_refuse(opt, text, err);
	if (opt_in_range(opt, (uint64_t)us, text, err) != 0)
		return -1;
	*value = us;
	return 0;
}

static void
opt_time_print(const struct opt *opt, const void *at, struct buf *out)
{
	const int64_t *value = at;
	char text[UNITS_TEXT];

	(void)opt;
	buf_add_text(out, units_print_time(*value, text));
}

static int
opt_text_parse(const struct opt *opt, const char *text, void *at,
	struct err *err)
{
	char **value = at;

	(void)opt;
	(void)err;
	free(*value);
	*value = mem_strdup(text);
	return 0;
}

static void
opt_text_print(const struct opt *opt, const void *at, struct buf *out)
{
	char *const *value = at;

	(void)opt;
	if (*value != NULL)
		buf_add_text(out, *value);
}

static void
opt_text_release(void *at)
{
	char **value = at;

	free(*value);
	*value = NULL;
}

void
opt_add_choices(const char *const *choices, const char *between,
	struct buf *out)
{
	const char *const *choice;

	for (choice = choices; *choice != NULL; choice++) {
		if (choice != choices)
			buf_add_text(out, between);
		buf_add_text(out, *choice);
	}
}

static int
opt_choice_refuse(const struct opt *opt, const char *text, struct err *err)
{
	const char *near = opt_nearest(text, opt->choices);
	char shown[OPT_SHOWN];
	struct buf all;

	buf_init(&all, 300);
	opt_add_choices(opt->choices, ", ", &all);
	opt_shown(opt, text, shown);
	if (near == NULL || opt->flags & OPT_SECRET)
		err_set(err, ERR_USAGE, "%s is unknown (use one of %s)",
			shown, buf_text(&all));
	else
		err_set(err, ERR_USAGE,
			"%s is unknown; did you mean '%s'? (one of %s)",
			shown, near, buf_text(&all));
	buf_release(&all);
	return -1;
}

static int
opt_choice_parse(const struct opt *opt, const char *text, void *at,
	struct err *err)
{
	int i, *value = at;

	for (i = 0; opt->choices[i] != NULL; i++)
		if (strcmp(opt->choices[i], text) == 0)
			break;
	if (opt->choices[i] == NULL)
		return opt_choice_refuse(opt, text, err);
	*value = i;
	return 0;
}

static void
opt_choice_print(const struct opt *opt, const void *at, struct buf *out)
{
	const int *value = at;

	buf_add_text(out, opt->choices[*value]);
}

static int
opt_texts_parse(const struct opt *opt, const char *text, void *at,
	struct err *err)
{
	struct opt_list *list = at;

	(void)opt;
	(void)err;
	list->items = mem_grow(list->items, list->n + 1, sizeof *list->items);
	list->items[list->n++] = mem_strdup(text);
	return 0;
}

static void
opt_texts_print(const struct opt *opt, const void *at, struct buf *out)
{
	const struct opt_list *list = at;
	size_t i;

	(void)opt;
	for (i = 0; i < list->n; i++)
		buf_add(out, list->items[i], strlen(list->items[i]) + 1);
}

static void
opt_texts_release(void *at)
{
	struct opt_list *list = at;
	size_t i;

	for (i = 0; i < list->n; i++)
		free(list->items[i]);
	free(list->items);
	*list = (struct opt_list){ 0 };
}

const struct opt_type opt_flag = {
	.name = "flag",
	.accepts = "yes or no",
	.parse = opt_flag_parse,
	.print = opt_flag_print,
};

const struct opt_type opt_count = {
	.name = "count",
	.accepts = "a number such as 5 or 10k",
	.takes_value = 1,
	.parse = opt_count_parse,
	.print = opt_count_print,
};

/* Messages speak of the one number that is wrong, so it is a count too. */
const struct opt_type opt_counts = {
	.name = "count",
	.accepts = "a number such as 5 or 10k",
	.takes_value = 1,
	.parse = opt_counts_parse,
	.print = opt_counts_print,
	.release = opt_counts_release,
};

const struct opt_type opt_size = {
	.name = "size",
	.accepts = "bytes such as 512, 64k or 4MiB",
	.takes_value = 1,
	.parse = opt_size_parse,
	.print = opt_size_print,
};

const struct opt_type opt_time = {
	.name = "time",
	.accepts = "a time such as 250ms, 10s or 5m",
	.takes_value = 1,
	.parse = opt_time_parse,
	.print = opt_time_print,
};

const struct opt_type opt_text = {
	.name = "text",
	.takes_value = 1,
	.parse = opt_text_parse,
	.print = opt_text_print,
	.release = opt_text_release,
};

const struct opt_type opt_choice = {
	.name = "choice",
	.takes_value = 1,
	.parse = opt_choice_parse,
	.print = opt_choice_print,
};

const struct opt_type opt_texts = {
	.name = "list",
	.takes_value = 1,
	.repeats = 1,
	.parse = opt_texts_parse,
	.print = opt_texts_print,
	.release = opt_texts_release,
};

/* What it stands for reads the value. */
const struct opt_type opt_alias = {
	.name = "alias",
};
