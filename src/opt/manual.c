/* SPDX-License-Identifier: MIT */
/*
 * manual -- the rows as man(7) source.
 *
 * Text is escaped here and nowhere else: a backslash, a dash that should stay
 * a dash when copied, quotes that groff would make typographic, and the dot
 * or apostrophe at a line's start that would be read as a request.
 */
#include "config.h"

#include <ctype.h>
#include <getopt.h>
#include <string.h>

#include "base/buf.h"
#include "opt/opt.h"
#include "opt/render.h"
#include "opt/table.h"

static const char manual_intro[] =
	"A long name may be cut short as long as it stays unambiguous, and "
	"its value follows after a blank or an equals sign. What a flag "
	"turns on its twin turns off: --no-NAME for --NAME. Counts may end "
	"in k, M or G (thousands). Sizes are bytes, or end in k, M, G or "
	"KiB, MiB, GiB (of 1024) or KB, MB, GB (of 1000). Times are seconds, "
	"or end in us, ms, s, m, h or d.";

static void
manual_add_char(struct buf *out, char c)
{
	static const struct {
		char c;
		const char *roff;
	} escapes[] = {
		{ '\\', "\\e" }, { '-', "\\-" }, { '\'', "\\(aq" },
		{ '"', "\\(dq" }, { '`', "\\(ga" }, { '^', "\\(ha" },
		{ '~', "\\(ti" },
	};
	size_t i;

	for (i = 0; i < sizeof escapes / sizeof *escapes; i++)
		if (escapes[i].c == c) {
			buf_add_text(out, escapes[i].roff);
			return;
		}
	buf_add_char(out, c);
}

/* A newline begins a new paragraph of the same entry. */
static void
manual_add_text(struct buf *out, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '\n') {
			buf_add_text(out, "\n.IP\n");
			continue;
		}
		if (*text == '.' &&
		    (out->len == 0 || out->data[out->len - 1] == '\n'))
			buf_add_text(out, "\\&");
		manual_add_char(out, *text);
	}
}

static void
manual_add_font(struct buf *out, char font, const char *text)
{
	buf_printf(out, "\\f%c", font);
	manual_add_text(out, text);
	buf_add_text(out, "\\fR");
}

/* A brief or term's text as a sentence. */
static void
manual_add_sentence(struct buf *out, const char *text)
{
	char first[2] = { (char)toupper((unsigned char)text[0]), '\0' };

	if (text[0] == '\0')
		return;
	manual_add_text(out, first);
	manual_add_text(out, text + 1);
	buf_add_char(out, '.');
}

static void
manual_add_spelling(struct buf *out, const struct opt_word *word)
{
	struct buf arg;

	if (word->opt->key != 0)
		buf_printf(out, "\\fB\\-%c\\fR, ", word->opt->key);
	buf_add_text(out, "\\fB\\-\\-");
	if (word->on)
		buf_add_text(out, "\\fR[\\fBno\\-\\fR]\\fB");
	manual_add_text(out, word->opt->name);
	buf_add_text(out, "\\fR");
	if (word->has_arg == no_argument)
		return;
	buf_init(&arg, out->max);
	opt_word_arg(word, &arg);
	buf_add_text(out, word->has_arg == optional_argument ? "[=" : " ");
	manual_add_font(out, 'I', buf_text(&arg));
	if (word->has_arg == optional_argument)
		buf_add_char(out, ']');
	buf_release(&arg);
}

static void
manual_add_option(struct buf *out, const struct opt_word *word)
{
	const struct opt *opt = word->opt;
	struct buf facts;

	buf_init(&facts, out->max);
	buf_add_text(out, ".TP\n");
	manual_add_spelling(out, word);
	buf_add_char(out, '\n');
	manual_add_sentence(out, opt->brief);
	if (opt->notes != NULL) {
		buf_add_char(out, '\n');
		manual_add_text(out, opt->notes);
	}
	opt_word_facts(word, &facts);
	if (facts.len > 0) {
		buf_add_char(out, '\n');
		manual_add_text(out, buf_text(&facts) + 1);
	}
	if (opt->example != NULL) {
		buf_add_text(out, "\n.IP\nExample: ");
		manual_add_font(out, 'B', opt->example);
	}
	buf_add_char(out, '\n');
	buf_release(&facts);
}

static void
manual_add_heading(struct buf *out, const char *macro, const char *title,
	int upper)
{
	buf_printf(out, ".%s ", macro);
	for (; *title != '\0'; title++)
		manual_add_char(out, upper ?
			(char)toupper((unsigned char)*title) : *title);
	buf_add_char(out, '\n');
}

static void
manual_add_member(const struct opts *opts, const struct opts_member *member,
	struct buf *out)
{
	struct opt_entry *entry = &opts->entries[member->first];
	struct opt_entry *end = entry + member->set->n;
	struct opt_word word;
	int titled = 0;

	for (; entry < end; entry++) {
		if (entry->opt->flags & OPT_HIDDEN ||
		    opts_word(opts, entry, &word) != 0)
			continue;
		if (!titled)
			manual_add_heading(out, "SS", member->set->title, 0);
		titled = 1;
		manual_add_option(out, &word);
	}
}

static void
manual_add_topic(struct buf *out, const struct opt_topic *topic)
{
	const struct opt_topic_row *row;
	size_t i;

	manual_add_heading(out, "SH", topic->title, 1);
	for (i = 0; i < topic->n; i++) {
		row = &topic->rows[i];
		buf_add_text(out, ".TP\n");
		manual_add_font(out, 'B', row->usage != NULL ? row->usage :
			row->term);
		buf_add_char(out, '\n');
		manual_add_sentence(out, row->text);
		if (row->notes != NULL) {
			buf_add_char(out, '\n');
			manual_add_text(out, row->notes);
		}
		buf_add_char(out, '\n');
	}
}

int
opt_render_manual(const struct opts *opts, struct buf *out, struct err *err)
{
	size_t i;

	buf_add_text(out, ".SH OPTIONS\n");
	manual_add_text(out, manual_intro);
	buf_add_char(out, '\n');
	for (i = 0; i < opts->n_members; i++)
		manual_add_member(opts, &opts->members[i], out);
	for (i = 0; i < opts->n_topics; i++)
		manual_add_topic(out, &opts->topics[i]);
	return opt_whole(out, err);
}
