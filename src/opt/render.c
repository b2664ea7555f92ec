/* SPDX-License-Identifier: MIT */
/*
 * render -- what help, manual and completion have in common: how an option is
 * spelt with its value, and the facts its row holds besides the prose.
 */
#include "config.h"

#include <getopt.h>

#include "base/buf.h"
#include "opt/opt.h"
#include "opt/render.h"
#include "opt/table.h"
#include "opt/types.h"

void
opts_set_topics(struct opts *opts, const struct opt_topic *topics, size_t n)
{
	opts->topics = topics;
	opts->n_topics = n;
}

int
opt_whole(const struct buf *out, struct err *err)
{
	if (!out->full)
		return 0;
	return err_set(err, ERR_SYSTEM, "the text is longer than %zu bytes",
		out->max);
}

const char *const *
opt_word_choices(const struct opt_word *word)
{
	if (word->opt->choices != NULL)
		return word->opt->choices;
	return word->begin[0] == '\0' ? word->value->choices : NULL;
}

void
opt_word_arg(const struct opt_word *word, struct buf *out)
{
	if (word->opt->arg != NULL)
		buf_add_text(out, word->opt->arg);
	else if (word->value->arg != NULL)
		buf_add_text(out, word->value->arg);
	else if (opt_word_choices(word) != NULL)
		opt_add_choices(opt_word_choices(word), "|", out);
	else
		buf_add_text(out, "VALUE");
}

static void
opt_word_default(const struct opt_word *word, struct buf *out)
{
	if (word->on)
		buf_add_text(out, " On by default.");
	else if (word->value->dflt != NULL && word->value->type->takes_value)
		buf_printf(out, " Default: %s.", word->value->dflt);
}

static void
opt_word_values(const struct opt_word *word, struct buf *out)
{
	struct buf range;

	if (opt_word_choices(word) != NULL) {
		buf_add_text(out, " Values: ");
		opt_add_choices(opt_word_choices(word), ", ", out);
		buf_add_char(out, '.');
	} else if (word->value->type->accepts != NULL) {
		buf_printf(out, " Takes %s.", word->value->type->accepts);
	}
	buf_init(&range, OPT_SHOWN);
	opt_add_range(word->value, &range);
	if (range.len > 0)
		buf_printf(out, " Range: %s.", buf_text(&range));
	buf_release(&range);
}

void
opt_word_facts(const struct opt_word *word, struct buf *out)
{
	if (word->fixed != NULL)
		buf_printf(out, " Same as --%s=%s.", word->value->name,
			word->fixed);
	else if (word->begin[0] != '\0')
		buf_printf(out, " Same as --%s %s%s.", word->value->name,
			word->begin, word->opt->arg);
	else if (word->opt != word->value)
		buf_printf(out, " Same as --%s.", word->value->name);
	if (word->fixed == NULL)
		opt_word_default(word, out);
	if (word->has_arg != no_argument)
		opt_word_values(word, out);
	if (word->value->type->repeats && word->fixed == NULL)
		buf_add_text(out, " May be given several times.");
}
