/* SPDX-License-Identifier: MIT */
/*
 * parse -- the command line, read by getopt_long.
 *
 * getopt_long brings what people are used to: permutation, abbreviations,
 * clustered letters, `--`. Its messages are not used, since they cannot say
 * what would have been right; so each refusal is worked out again from what
 * it leaves behind (glibc: optopt holds the word's code, or 0 for a long name
 * that is unknown or ambiguous, which is then argv[optind - 1]).
 */
#include "config.h"

#include <ctype.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "opt/opt.h"
#include "opt/table.h"
#include "opt/types.h"

/* Codes of long words begin above every letter. */
#define PARSER_LONG 256
/* Names in the answer to an ambiguous abbreviation. */
#define PARSER_MATCHES 8

struct parser {
	struct opts *opts;
	struct option *longs;	/* name, has_arg, PARSER_LONG + its index */
	char **names;		/* of longs, owned */
	struct opt_entry **entries;	/* of longs */
	int *negated;		/* of longs: a twin */
	size_t n;
	struct buf keys;
};

static void
parser_add_long(struct parser *parser, char *name, int has_arg,
	struct opt_entry *entry, int negated)
{
	size_t i = parser->n++;

	parser->names[i] = name;
	parser->longs[i] = (struct option){
		.name = name, .has_arg = has_arg,
		.val = PARSER_LONG + (int)i,
	};
	parser->entries[i] = entry;
	parser->negated[i] = negated;
}

static void
parser_add(struct parser *parser, struct opt_entry *entry)
{
	struct opt_word word;
	char *twin;

	if (opts_word(parser->opts, entry, &word) != 0)
		return;
	parser_add_long(parser, mem_strdup(entry->opt->name), word.has_arg,
		entry, 0);
	twin = opts_twin(parser->opts, entry);
	if (twin != NULL)
		parser_add_long(parser, twin, no_argument, entry, 1);
	if (entry->opt->key == 0)
		return;
	buf_add_char(&parser->keys, entry->opt->key);
	if (word.has_arg != no_argument)
		buf_add_char(&parser->keys, ':');
	if (word.has_arg == optional_argument)
		buf_add_char(&parser->keys, ':');
}

static void
parser_init(struct parser *parser, struct opts *opts)
{
	size_t i, most = 2 * opts->n_entries;

	*parser = (struct parser){
		.opts = opts,
		.longs = mem_array(most + 1, sizeof *parser->longs),
		.names = mem_array(most + 1, sizeof *parser->names),
		.entries = mem_array(most + 1, sizeof *parser->entries),
		.negated = mem_array(most + 1, sizeof *parser->negated),
	};
	buf_init(&parser->keys, 3 * opts->n_entries + 1);
	/* Tells a missing value from an unknown letter. */
	buf_add_char(&parser->keys, ':');
	for (i = 0; i < opts->n_entries; i++)
		parser_add(parser, &opts->entries[i]);
}

static void
parser_release(struct parser *parser)
{
	size_t i;

	for (i = 0; i < parser->n; i++)
		free(parser->names[i]);
	free(parser->names);
	free(parser->longs);
	free(parser->entries);
	free(parser->negated);
	buf_release(&parser->keys);
}

/* The entry of a code; *ret_negated says whether it was turned off. */
static struct opt_entry *
parser_entry(const struct parser *parser, int code, int *ret_negated)
{
	struct opts *opts = parser->opts;
	size_t i;

	*ret_negated = 0;
	if (code >= PARSER_LONG) {
		i = (size_t)(code - PARSER_LONG);
		*ret_negated = parser->negated[i];
		return parser->entries[i];
	}
	for (i = 0; i < opts->n_entries; i++)
		if (opts->entries[i].opt->key == (char)code)
			return &opts->entries[i];
	return NULL;
}

static const char *
parser_nearest(const struct parser *parser, const char *name)
{
	const char **names = mem_array(parser->n + 1, sizeof *names);
	const char *near;
	size_t i, n = 0;

	for (i = 0; i < parser->n; i++)
		if (!(parser->entries[i]->opt->flags & OPT_HIDDEN))
			names[n++] = parser->names[i];
	near = opt_nearest(name, names);
	free(names);
	return near;
}

/* "--a, --b or --c"; the names that begin with `name`. */
static size_t
parser_matches(const struct parser *parser, const char *name, struct buf *out)
{
	size_t len = strlen(name), i, n = 0;

	for (i = 0; i < parser->n; i++) {
		if (strncmp(parser->names[i], name, len) != 0)
			continue;
		if (n++ < PARSER_MATCHES)
			buf_printf(out, "%s--%s", n > 1 ? ", " : "",
				parser->names[i]);
	}
	if (n > PARSER_MATCHES)
		buf_printf(out, " and %zu more", n - PARSER_MATCHES);
	return n;
}

/* `word` is "--name" or "--name=value"; the value may be a secret. */
static int
parser_refuse_name(const struct parser *parser, const char *word,
	struct err *err)
{
	char *name = mem_strndup(word + 2, strcspn(word + 2, "="));
	char *said = mem_printf("--%s", name);
	const char *near = parser_nearest(parser, name);
	char shown[OPT_SHOWN];
	struct buf all;

	buf_init(&all, 300);
	opt_shown(NULL, said, shown);
	if (name[0] != '\0' && parser_matches(parser, name, &all) > 1)
		err_set(err, ERR_USAGE, "ambiguous option %s; it may be %s",
			shown, buf_text(&all));
	else if (near != NULL)
		err_set(err, ERR_USAGE,
			"unknown option %s; did you mean --%s?", shown, near);
	else
		err_set(err, ERR_USAGE, "unknown option %s", shown);
	buf_release(&all);
	free(said);
	free(name);
	return -1;
}

/* -C where only -c exists is a slip of the shift key. */
static int
parser_refuse_key(const struct parser *parser, int key, struct err *err)
{
	char said[3] = { '-', (char)key, '\0' };
	char shown[OPT_SHOWN];
	const struct opt_entry *entry = NULL;
	int negated;

	opt_shown(NULL, said, shown);
	if (key > 0 && isalpha(key))
		entry = parser_entry(parser, key ^ 0x20, &negated);
	if (entry == NULL || entry->opt->flags & OPT_HIDDEN)
		return err_set(err, ERR_USAGE, "unknown option %s", shown);
	return err_set(err, ERR_USAGE,
		"unknown option %s; did you mean -%c (--%s)?", shown,
		entry->opt->key, entry->opt->name);
}

static int
parser_refuse_missing(const struct parser *parser, int code, struct err *err)
{
	int negated;
	struct opt_entry *entry = parser_entry(parser, code, &negated);
	struct opt_word word;
	struct buf arg;

	if (entry == NULL || opts_word(parser->opts, entry, &word) != 0)
		return err_set(err, ERR_USAGE, "a value is missing");
	buf_init(&arg, 300);
	opt_word_arg(&word, &arg);
	if (word.value->type->accepts != NULL) {
		buf_printf(&arg, ": %s", word.value->type->accepts);
	} else if (opt_word_choices(&word) != NULL) {
		buf_add_text(&arg, ": ");
		opt_add_choices(opt_word_choices(&word), ", ", &arg);
	}
	err_set(err, ERR_USAGE, "--%s: a value is missing (%s)",
		entry->opt->name, buf_text(&arg));
	buf_release(&arg);
	return -1;
}

static int
parser_refuse_value(const struct parser *parser, int code, const char *word,
	struct err *err)
{
	int negated;
	const struct opt_entry *entry = parser_entry(parser, code, &negated);
	const char *name = parser->names[code - PARSER_LONG];
	const char *value = strchr(word, '=');
	char shown[OPT_SHOWN];

	if (value == NULL)
		return err_set(err, ERR_USAGE, "--%s: takes no value", name);
	opt_shown(entry->opt, value + 1, shown);
	return err_set(err, ERR_USAGE, "--%s: takes no value, but has %s",
		name, shown);
}

static int
parser_refuse(const struct parser *parser, int code, char **argv,
	struct err *err)
{
	if (code == ':')
		return parser_refuse_missing(parser, optopt, err);
	if (optopt >= PARSER_LONG)
		return parser_refuse_value(parser, optopt, argv[optind - 1],
			err);
	if (optopt != 0)
		return parser_refuse_key(parser, optopt, err);
	return parser_refuse_name(parser, argv[optind - 1], err);
}

static int
parser_take(const struct parser *parser, int code, struct err *err)
{
	int negated;
	struct opt_entry *entry = parser_entry(parser, code, &negated);
	const char *text = optarg != NULL ? optarg : "";
	const char *fixed, *begin;
	const struct opt_entry *target;

	if (entry == NULL)
		return err_set(err, ERR_USAGE, "unknown option");
	target = opts_target(parser->opts, entry, &fixed, &begin);
	if (target != NULL && !target->opt->type->takes_value)
		text = negated ? "no" : "yes";
	if (opts_set(parser->opts, entry, text, OPT_FROM_COMMAND, err) != 0)
		return err_in(err, "--%s", entry->opt->name);
	return 0;
}

int
opts_parse(struct opts *opts, int argc, char **argv, int *ret_first,
	struct err *err)
{
	struct parser parser;
	int code, rc = 0;

	parser_init(&parser, opts);
	opterr = 0;
	optind = 0;	/* glibc: begin anew, whatever was parsed before */
	while (rc == 0) {
		code = getopt_long(argc, argv, buf_text(&parser.keys),
			parser.longs, NULL);
		if (code == -1)
			break;
		if (code == '?' || code == ':')
			rc = parser_refuse(&parser, code, argv, err);
		else
			rc = parser_take(&parser, code, err);
	}
	if (rc == 0)
		*ret_first = optind;
	parser_release(&parser);
	return rc;
}
