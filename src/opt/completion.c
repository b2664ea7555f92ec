/* SPDX-License-Identifier: MIT */
/*
 * completion -- the rows as scripts for bash, zsh and fish.
 *
 * The scripts stand alone: none needs the bash-completion package or the
 * program at the time of completing. Values complete to choices, or to file
 * names where the arg is FILE or DIR; operands complete to file names.
 */
#include "config.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "opt/opt.h"
#include "opt/render.h"
#include "opt/table.h"
#include "opt/types.h"

enum completion_value {
	COMPLETION_NONE,	/* nobody can guess it */
	COMPLETION_CHOICES,
	COMPLETION_FILE,
	COMPLETION_DIR,
};

/* How one shell's script is written; `value` and `middle` may be NULL. */
struct completion {
	const char *shell;
	void (*begin)(struct buf *out, const char *program);
	void (*value)(struct buf *out, const struct opt_word *word);
	void (*middle)(struct buf *out);
	/* `off`: the name that turns off a flag that is on, or NULL. */
	void (*name)(struct buf *out, const char *program,
		const struct opt_word *word, const char *off);
	void (*end)(struct buf *out, const char *program);
};

static enum completion_value
completion_value(const struct opt_word *word)
{
	const char *arg = word->opt->arg != NULL ? word->opt->arg :
		word->value->arg;

	if (opt_word_choices(word) != NULL)
		return COMPLETION_CHOICES;
	if (arg != NULL && strcmp(arg, "FILE") == 0)
		return COMPLETION_FILE;
	if (arg != NULL && strcmp(arg, "DIR") == 0)
		return COMPLETION_DIR;
	return COMPLETION_NONE;
}

/* For between a shell's single quotes; `special` get a backslash each. */
static void
completion_add_quoted(struct buf *out, const char *text, const char *special)
{
	for (; *text != '\0'; text++) {
		if (*text == '\'') {
			buf_add_text(out, "'\\''");
			continue;
		}
		if (strchr(special, *text) != NULL)
			buf_add_char(out, '\\');
		buf_add_char(out, *text);
	}
}

/* A shell function's name from the program's: no dashes. */
static void
completion_add_function(struct buf *out, const char *program)
{
	buf_add_char(out, '_');
	for (; *program != '\0'; program++)
		buf_add_char(out, *program == '-' ? '_' : *program);
}

static void
bash_begin(struct buf *out, const char *program)
{
	buf_printf(out, "# bash completion for %s\n", program);
	completion_add_function(out, program);
	/* bash makes words of their own of `--name`, `=` and the value. */
	buf_add_text(out, "()\n{\n"
		"\tlocal cur=${COMP_WORDS[COMP_CWORD]}\n"
		"\tlocal prev=${COMP_WORDS[COMP_CWORD-1]} names=()\n"
		"\n"
		"\tif [[ $cur == = ]]; then\n"
		"\t\tcur= prev=$prev=\n"
		"\telif [[ $prev == = ]]; then\n"
		"\t\tprev=${COMP_WORDS[COMP_CWORD-2]}=\n"
		"\tfi\n"
		"\tCOMPREPLY=()\n"
		"\tcompopt -o filenames 2>/dev/null\n"
		"\tcase $prev in\n");
}

/* A branch for what may stand behind the option. */
static void
bash_add_value(struct buf *out, const struct opt_word *word)
{
	const struct opt *opt = word->opt;

	if (word->has_arg == no_argument)
		return;
	buf_add_char(out, '\t');
	if (word->has_arg == required_argument) {
		if (opt->key != 0)
			buf_printf(out, "-%c|", opt->key);
		buf_printf(out, "--%s|", opt->name);
	}
	buf_printf(out, "--%s=)\n\t\t", opt->name);
	switch (completion_value(word)) {
	case COMPLETION_NONE:
		break;
	case COMPLETION_CHOICES:
		buf_add_text(out, "compopt +o filenames 2>/dev/null\n"
			"\t\tmapfile -t COMPREPLY < <(compgen -W '");
		opt_add_choices(opt_word_choices(word), " ", out);
		buf_add_text(out, "' -- \"$cur\")\n\t\t");
		break;
	case COMPLETION_FILE:
		buf_add_text(out, "mapfile -t COMPREPLY "
			"< <(compgen -f -- \"$cur\")\n\t\t");
		break;
	case COMPLETION_DIR:
		buf_add_text(out, "mapfile -t COMPREPLY "
			"< <(compgen -d -- \"$cur\")\n\t\t");
		break;
	}
	buf_add_text(out, "return ;;\n");
}

static void
bash_middle(struct buf *out)
{
	buf_add_text(out, "\tesac\n"
		"\tif [[ $cur != -* ]]; then\n"
		"\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
		"\t\treturn\n"
		"\tfi\n"
		"\tcompopt +o filenames 2>/dev/null\n"
		"\tnames=(\n");
}

static void
bash_add_name(struct buf *out, const char *program,
	const struct opt_word *word, const char *off)
{
	(void)program;
	buf_add_text(out, "\t\t");
	if (word->opt->key != 0)
		buf_printf(out, "-%c ", word->opt->key);
	if (off != NULL)
		buf_printf(out, "--%s ", off);
	buf_printf(out, "--%s\n", word->opt->name);
}

static void
bash_end(struct buf *out, const char *program)
{
	buf_add_text(out, "\t)\n\tmapfile -t COMPREPLY "
		"< <(compgen -W \"${names[*]}\" -- \"$cur\")\n}\ncomplete -F ");
	completion_add_function(out, program);
	buf_printf(out, " %s\n", program);
}

static void
zsh_begin(struct buf *out, const char *program)
{
	buf_printf(out, "#compdef %s\n", program);
	completion_add_function(out, program);
	buf_add_text(out, "()\n{\n\t_arguments -s -S \\\n");
}

/* "-c" and "--name" in their forms for a value: -c+ --name=, -h- --help=-. */
static void
zsh_add_spelling(struct buf *out, const struct opt_word *word)
{
	static const char *const keys[] = {
		[no_argument] = "", [required_argument] = "+",
		[optional_argument] = "-",
	};
	static const char *const longs[] = {
		[no_argument] = "", [required_argument] = "=",
		[optional_argument] = "=-",
	};
	const struct opt *opt = word->opt;

	if (word->value->type->repeats)
		buf_add_text(out, "'*'");
	else if (opt->key != 0)
		buf_printf(out, "'(-%c --%s)'", opt->key, opt->name);
	if (opt->key != 0)
		buf_printf(out, "{-%c%s,--%s%s}'", opt->key,
			keys[word->has_arg], opt->name, longs[word->has_arg]);
	else
		buf_printf(out, "'--%s%s", opt->name, longs[word->has_arg]);
}

static void
zsh_add_value(struct buf *out, const struct opt_word *word)
{
	struct buf arg;

	buf_init(&arg, out->max);
	opt_word_arg(word, &arg);
	buf_add_text(out, word->has_arg == optional_argument ? "::" : ":");
	completion_add_quoted(out, buf_text(&arg), ":\\");
	buf_add_char(out, ':');
	buf_release(&arg);
	switch (completion_value(word)) {
	case COMPLETION_NONE:
		break;
	case COMPLETION_CHOICES:
		buf_add_char(out, '(');
		opt_add_choices(opt_word_choices(word), " ", out);
		buf_add_char(out, ')');
		break;
	case COMPLETION_FILE:
		buf_add_text(out, "_files");
		break;
	case COMPLETION_DIR:
		buf_add_text(out, "_files -/");
		break;
	}
}

static void
zsh_add_name(struct buf *out, const char *program,
	const struct opt_word *word, const char *off)
{
	(void)program;
	if (off != NULL) {
		buf_printf(out, "\t\t'--%s[not: ", off);
		completion_add_quoted(out, word->opt->brief, "[]:\\");
		buf_add_text(out, "]' \\\n");
	}
	buf_add_text(out, "\t\t");
	zsh_add_spelling(out, word);
	buf_add_char(out, '[');
	completion_add_quoted(out, word->opt->brief, "[]:\\");
	buf_add_char(out, ']');
	if (word->has_arg != no_argument)
		zsh_add_value(out, word);
	buf_add_text(out, "' \\\n");
}

/* Works read from a folder of $fpath and by `source` alike. */
static void
zsh_end(struct buf *out, const char *program)
{
	struct buf function;

	buf_init(&function, out->max);
	completion_add_function(&function, program);
	buf_printf(out, "\t\t'*:URL or file:_files'\n}\n"
		"if [[ $funcstack[1] == %s ]]; then\n\t%s \"$@\"\nelse\n"
		"\tcompdef %s %s\nfi\n", buf_text(&function),
		buf_text(&function), buf_text(&function), program);
	buf_release(&function);
}

static void
fish_begin(struct buf *out, const char *program)
{
	buf_printf(out, "# fish completion for %s\n", program);
}

/* In fish's single quotes a backslash escapes a quote and itself. */
static void
fish_add_brief(struct buf *out, const char *before, const char *brief)
{
	buf_printf(out, " -d '%s", before);
	for (; *brief != '\0'; brief++) {
		if (*brief == '\'' || *brief == '\\')
			buf_add_char(out, '\\');
		buf_add_char(out, *brief);
	}
	buf_add_text(out, "'\n");
}

static void
fish_add_value(struct buf *out, const struct opt_word *word)
{
	int required = word->has_arg == required_argument;

	if (word->has_arg == no_argument)
		return;
	switch (completion_value(word)) {
	case COMPLETION_NONE:
		buf_add_text(out, required ? " -x" : " -f");
		break;
	case COMPLETION_CHOICES:
		buf_add_text(out, required ? " -x -a '" : " -f -a '");
		opt_add_choices(opt_word_choices(word), " ", out);
		buf_add_char(out, '\'');
		break;
	case COMPLETION_FILE:
		buf_add_text(out, required ? " -r -F" : " -F");
		break;
	case COMPLETION_DIR:
		buf_add_text(out, required ? " -x" : " -f");
		buf_add_text(out, " -a '(__fish_complete_directories)'");
		break;
	}
}

static void
fish_add_name(struct buf *out, const char *program,
	const struct opt_word *word, const char *off)
{
	if (off != NULL) {
		buf_printf(out, "complete -c %s -l %s", program, off);
		fish_add_brief(out, "not: ", word->opt->brief);
	}
	buf_printf(out, "complete -c %s", program);
	if (word->opt->key != 0)
		buf_printf(out, " -s %c", word->opt->key);
	buf_printf(out, " -l %s", word->opt->name);
	fish_add_value(out, word);
	fish_add_brief(out, "", word->opt->brief);
}

static void
fish_end(struct buf *out, const char *program)
{
	(void)out;
	(void)program;
}

static const struct completion completions[] = {
	{
		.shell = "bash",
		.begin = bash_begin,
		.value = bash_add_value,
		.middle = bash_middle,
		.name = bash_add_name,
		.end = bash_end,
	},
	{
		.shell = "zsh",
		.begin = zsh_begin,
		.name = zsh_add_name,
		.end = zsh_end,
	},
	{
		.shell = "fish",
		.begin = fish_begin,
		.name = fish_add_name,
		.end = fish_end,
	},
};

static const char *const completion_shells[] = { "bash", "zsh", "fish", NULL };

/* NULL with err for a shell that is not known. */
static const struct completion *
completion_find(const char *shell, struct err *err)
{
	const char *near = opt_nearest(shell, completion_shells);
	char shown[OPT_SHOWN];
	size_t i;

	for (i = 0; completion_shells[i] != NULL; i++)
		if (strcmp(completions[i].shell, shell) == 0)
			return &completions[i];
	opt_shown(NULL, shell, shown);
	if (near != NULL)
		err_set(err, ERR_USAGE, "no completion for '%s'; did you mean "
			"%s? (bash, zsh or fish)", shown, near);
	else
		err_set(err, ERR_USAGE, "no completion for '%s' (bash, zsh or "
			"fish)", shown);
	return NULL;
}

/* Whether the option is completed, and how it is said. */
static int
completion_word(const struct opts *opts, struct opt_entry *entry,
	struct opt_word *ret_word)
{
	if (entry->opt->flags & (OPT_HIDDEN | OPT_EXPERT))
		return 0;
	return opts_word(opts, entry, ret_word) == 0;
}

static void
completion_add_name(const struct completion *completion,
	const struct opts *opts, struct opt_entry *entry,
	const char *program, struct buf *out)
{
	struct opt_word word;
	char *off = NULL;

	if (!completion_word(opts, entry, &word))
		return;
	if (word.on)
		off = opts_twin(opts, entry);
	completion->name(out, program, &word, off);
	free(off);
}

int
opt_render_completion(const struct opts *opts, const char *shell,
	const char *program, struct buf *out, struct err *err)
{
	const struct completion *completion = completion_find(shell, err);
	struct opt_word word;
	size_t i;

	if (completion == NULL)
		return -1;
	completion->begin(out, program);
	for (i = 0; completion->value != NULL && i < opts->n_entries; i++)
		if (completion_word(opts, &opts->entries[i], &word))
			completion->value(out, &word);
	if (completion->middle != NULL)
		completion->middle(out);
	for (i = 0; i < opts->n_entries; i++)
		completion_add_name(completion, opts, &opts->entries[i],
			program, out);
	completion->end(out, program);
	return opt_whole(out, err);
}
