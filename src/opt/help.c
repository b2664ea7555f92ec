/* SPDX-License-Identifier: MIT */
/*
 * help -- the rows as text for a terminal of 80 columns.
 *
 * Two forms: groups in brief (key, name, brief, default), and everything about
 * one thing. A name may belong to several things (`async` is a strategy and a
 * group of options); then all of them are shown rather than one guessed.
 */
#include "config.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "opt/opt.h"
#include "opt/render.h"
#include "opt/table.h"
#include "opt/types.h"

#define HELP_WIDTH 80
#define HELP_BRIEF 30	/* the briefs' column */
#define HELP_NOTES 6	/* the column of paragraphs */
#define HELP_LEFT_MAX 300

static size_t
help_columns(const char *text, size_t n)
{
	size_t i, columns = 0;

	/* A UTF-8 character is its first byte. */
	for (i = 0; i < n; i++)
		columns += ((unsigned char)text[i] & 0xc0) != 0x80;
	return columns;
}

static void
help_indent(struct buf *out, size_t from, size_t to)
{
	for (; from < to; from++)
		buf_add_char(out, ' ');
}

/*
 * Adds words from `column` on, lines indented by `indent`, and ends the line.
 * A newline in the text begins a new line.
 */
static void
help_wrap(struct buf *out, const char *text, size_t column, size_t indent)
{
	size_t len, columns, blank = 0;

	for (; *text != '\0'; text += len) {
		if (*text == ' ' || *text == '\n') {
			if (*text == '\n')
				column = HELP_WIDTH;
			len = 1;
			continue;
		}
		len = strcspn(text, " \n");
		columns = help_columns(text, len);
		if (blank > 0 && column + blank + columns > HELP_WIDTH) {
			buf_add_char(out, '\n');
			help_indent(out, 0, indent);
			column = indent;
			blank = 0;
		}
		help_indent(out, 0, blank);
		buf_add(out, text, len);
		column += blank + columns;
		blank = 1;
	}
	buf_add_char(out, '\n');
}

static void
help_add_notes(struct buf *out, const char *text)
{
	if (text == NULL || *text == '\0')
		return;
	help_indent(out, 0, HELP_NOTES);
	help_wrap(out, text, HELP_NOTES, HELP_NOTES);
}

/* A term at the left, its text in the right column. */
static void
help_add_pair(struct buf *out, const char *left, const char *text)
{
	size_t column = help_columns(left, strlen(left));

	buf_add_text(out, left);
	if (column + 2 > HELP_BRIEF) {
		buf_add_char(out, '\n');
		column = 0;
	}
	help_indent(out, column, HELP_BRIEF);
	help_wrap(out, text, HELP_BRIEF, HELP_BRIEF);
}

/* "  -c, --concurrency N" */
static void
help_add_spelling(struct buf *out, const struct opt_word *word)
{
	const struct opt *opt = word->opt;

	if (opt->key != 0)
		buf_printf(out, "  -%c, --", opt->key);
	else
		buf_add_text(out, "      --");
	if (word->on)
		buf_add_text(out, "[no-]");
	buf_add_text(out, opt->name);
	if (word->has_arg == no_argument)
		return;
	buf_add_text(out, word->has_arg == optional_argument ? "[=" : " ");
	opt_word_arg(word, out);
	if (word->has_arg == optional_argument)
		buf_add_char(out, ']');
}

static void
help_add_brief(struct buf *out, const struct opt_word *word)
{
	const char *dflt = word->value->dflt;
	struct buf left, text;

	buf_init(&left, HELP_LEFT_MAX);
	buf_init(&text, HELP_LEFT_MAX);
	help_add_spelling(&left, word);
	buf_add_text(&text, word->opt->brief);
	if (dflt != NULL && word->opt == word->value &&
	    (word->on || word->has_arg != no_argument))
		buf_printf(&text, " [%s]", dflt);
	help_add_pair(out, buf_text(&left), buf_text(&text));
	buf_release(&left);
	buf_release(&text);
}

/* Everything about one option. */
static void
help_add_option(const struct opts *opts, struct opt_entry *entry,
	struct buf *out)
{
	const struct opt *opt = entry->opt;
	struct opt_word word;
	struct buf facts;
	char *twin;

	if (opts_word(opts, entry, &word) != 0)
		return;
	buf_init(&facts, out->max);
	help_add_spelling(out, &word);
	buf_add_char(out, '\n');
	help_add_notes(out, opt->brief);
	help_add_notes(out, opt->notes);
	opt_word_facts(&word, &facts);
	twin = opts_twin(opts, entry);
	if (twin != NULL)
		buf_printf(&facts, " Undone by --%s.", twin);
	help_add_notes(out, buf_text(&facts));
	if (opt->example != NULL) {
		help_indent(out, 0, HELP_NOTES);
		buf_printf(out, "Example: %s\n", opt->example);
	}
	free(twin);
	buf_release(&facts);
}

static void
help_add_member(const struct opts *opts, const struct opts_member *member,
	unsigned hide, struct buf *out)
{
	struct opt_entry *entry = &opts->entries[member->first];
	struct opt_entry *end = entry + member->set->n;
	struct opt_word word;
	int titled = 0;

	for (; entry < end; entry++) {
		if (entry->opt->flags & hide ||
		    opts_word(opts, entry, &word) != 0)
			continue;
		if (!titled)
			buf_printf(out, "%s%s:\n", out->len > 0 ? "\n" : "",
				member->set->title);
		titled = 1;
		help_add_brief(out, &word);
	}
}

static void
help_add_term(struct buf *out, const struct opt_topic_row *row)
{
	char *left = mem_printf("  %s", row->usage != NULL ? row->usage :
		row->term);

	help_add_pair(out, left, row->text);
	help_add_notes(out, row->notes);
	free(left);
}

static void
help_add_topic(struct buf *out, const struct opt_topic *topic)
{
	size_t i;

	buf_printf(out, "%s%s:\n", out->len > 0 ? "\n" : "", topic->title);
	for (i = 0; i < topic->n; i++)
		help_add_term(out, &topic->rows[i]);
}

/* "all, input, limits, strategies, fields" */
static void
help_add_names(const struct opts *opts, struct buf *out)
{
	size_t i;

	buf_add_text(out, "all");
	for (i = 0; i < opts->n_members; i++)
		buf_printf(out, ", %s", opts->members[i].set->name);
	for (i = 0; i < opts->n_topics; i++)
		buf_printf(out, ", %s", opts->topics[i].name);
}

static void
help_add_groups(const struct opts *opts, unsigned hide, struct buf *out)
{
	struct buf names;
	size_t i;

	for (i = 0; i < opts->n_members; i++)
		help_add_member(opts, &opts->members[i], hide, out);
	buf_init(&names, out->max);
	buf_add_text(&names, "Help by topic: ");
	help_add_names(opts, &names);
	buf_add_text(&names, ", or the name of an option.");
	buf_add_char(out, '\n');
	help_wrap(out, buf_text(&names), 0, 0);
	buf_release(&names);
}

/* "concurrency", "--concurrency", "-c" or "no-progress". */
static struct opt_entry *
help_option(const struct opts *opts, const char *topic)
{
	size_t dashes = strspn(topic, "-"), i;
	const char *name = topic + dashes;
	struct opt_entry *entry = opts_entry(opts, name, strlen(name));
	char *twin;
	int same;

	for (i = 0; entry == NULL && i < opts->n_entries; i++) {
		if (dashes == 1 && strlen(name) == 1 &&
		    opts->entries[i].opt->key == name[0])
			return &opts->entries[i];
		twin = opts_twin(opts, &opts->entries[i]);
		same = twin != NULL && strcmp(twin, name) == 0;
		free(twin);
		if (same)
			return &opts->entries[i];
	}
	return entry;
}

static void
help_add_terms(const struct opt_topic *topic, const char *term,
	struct buf *out)
{
	size_t i;

	for (i = 0; i < topic->n; i++) {
		if (strcmp(topic->rows[i].term, term) != 0)
			continue;
		buf_printf(out, "%s%s:\n", out->len > 0 ? "\n" : "",
			topic->title);
		help_add_term(out, &topic->rows[i]);
	}
}

static void
help_add_named(const struct opts *opts, const char *name, struct buf *out)
{
	size_t i;

	for (i = 0; i < opts->n_members; i++)
		if (strcmp(opts->members[i].set->name, name) == 0)
			help_add_member(opts, &opts->members[i], OPT_HIDDEN,
				out);
	for (i = 0; i < opts->n_topics; i++) {
		if (strcmp(opts->topics[i].name, name) == 0)
			help_add_topic(out, &opts->topics[i]);
		else
			help_add_terms(&opts->topics[i], name, out);
	}
}

/* Every word that help knows, NULL-terminated, for the caller to free. */
static const char **
help_words(const struct opts *opts)
{
	size_t n = opts->n_entries + opts->n_members + 2, i, j;
	const char **words;

	for (i = 0; i < opts->n_topics; i++)
		n += 1 + opts->topics[i].n;
	words = mem_array(n, sizeof *words);
	n = 0;
	words[n++] = "all";
	for (i = 0; i < opts->n_members; i++)
		words[n++] = opts->members[i].set->name;
	for (i = 0; i < opts->n_topics; i++)
		words[n++] = opts->topics[i].name;
	for (i = 0; i < opts->n_entries; i++)
		if (!(opts->entries[i].opt->flags & OPT_HIDDEN))
			words[n++] = opts->entries[i].opt->name;
	for (i = 0; i < opts->n_topics; i++)
		for (j = 0; j < opts->topics[i].n; j++)
			words[n++] = opts->topics[i].rows[j].term;
	return words;
}

static int
help_refuse(const struct opts *opts, const char *topic, struct err *err)
{
	const char **words = help_words(opts);
	const char *near = opt_nearest(topic + strspn(topic, "-"), words);
	char shown[OPT_SHOWN];
	struct buf names;

	buf_init(&names, 300);
	help_add_names(opts, &names);
	opt_shown(NULL, topic, shown);
	if (near != NULL)
		err_set(err, ERR_USAGE, "no help on '%s'; did you mean '%s'? "
			"(topics: %s, or an option's name)", shown, near,
			buf_text(&names));
	else
		err_set(err, ERR_USAGE, "no help on '%s' (topics: %s, or an "
			"option's name)", shown, buf_text(&names));
	buf_release(&names);
	free(words);
	return -1;
}

int
opt_render_help(const struct opts *opts, const char *topic, struct buf *out,
	struct err *err)
{
	size_t start = out->len;
	struct opt_entry *entry;

	if (topic == NULL || *topic == '\0') {
		help_add_groups(opts, OPT_HIDDEN | OPT_EXPERT, out);
		return opt_whole(out, err);
	}
	if (strcmp(topic, "all") == 0) {
		help_add_groups(opts, OPT_HIDDEN, out);
		return opt_whole(out, err);
	}
	entry = help_option(opts, topic);
	if (entry != NULL)
		help_add_option(opts, entry, out);
	if (topic[0] != '-')
		help_add_named(opts, topic, out);
	if (out->len == start)
		return help_refuse(opts, topic, err);
	return opt_whole(out, err);
}
