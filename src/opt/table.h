/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_OPT_TABLE_H
#define FETCHALL_OPT_TABLE_H

#include <stddef.h>

#include "base/err.h"
#include "opt/opt.h"

struct buf;
struct opt_topic;

/* The inside of struct opts, for the files of this room only. */

/* Who said a value; a later one here wins whatever the order of the calls. */
enum opt_source { OPT_FROM_DEFAULT, OPT_FROM_CONFIG, OPT_FROM_COMMAND };

struct opt_entry {
	const struct opt *opt;
	const struct opt_set *set;
	void *at;		/* the value's place; NULL for an alias */
	enum opt_source source;
	char *file;		/* config that said it last; owned, or NULL */
	size_t line;
};

struct opts_member {
	const struct opt_set *set;
	void *settings;
	size_t first;		/* its entries begin here */
};

struct opts {
	struct opts_member *members;
	size_t n_members;
	struct opt_entry *entries;	/* of all members, in order */
	size_t n_entries;
	const struct opt_topic *topics;
	size_t n_topics;
	const char *file;	/* config that is being read; NULL: none */
	size_t line;
};

/* How one row is said on a command line, aliases seen through. */
struct opt_word {
	const struct opt *opt;	/* the row */
	const struct opt *value;	/* the row its value belongs to */
	const char *fixed;	/* alias: the value it stands for, or NULL */
	const char *begin;	/* alias: what its value begins with, or "" */
	int has_arg;		/* as in struct option */
	int on;			/* a flag that is on by default */
};

/* The entry called by `len` bytes of `name`; NULL: none. */
struct opt_entry *opts_entry(const struct opts *opts, const char *name,
	size_t len);

/*
 * Where the entry's value goes: itself, or what an alias stands for; NULL when
 * that is no option. *ret_fixed is the value an alias brings, or NULL;
 * *ret_begin what it puts in front of one, or "".
 */
struct opt_entry *opts_target(const struct opts *opts,
	struct opt_entry *entry, const char **ret_fixed,
	const char **ret_begin);

/* Returns 0, or -1 for an alias of nothing. */
int opts_word(const struct opts *opts, struct opt_entry *entry,
	struct opt_word *ret_word);

/* Reads the text and throws the value away. */
int opt_try(const struct opt_entry *entry, const char *text, struct err *err);

/*
 * Takes what was said unless a better source has spoken. The error is without
 * the option's name.
 */
int opts_set(struct opts *opts, struct opt_entry *entry, const char *text,
	enum opt_source source, struct err *err);

/*
 * The word that turns a flag off ("no-NAME", or "NAME" for "no-NAME"), for
 * the caller to free; NULL when there is none or it is an option itself.
 */
char *opts_twin(const struct opts *opts, struct opt_entry *entry);

/* The choices of the row, or of what an alias passes its value to; or NULL. */
const char *const *opt_word_choices(const struct opt_word *word);

/* The arg of --help and manual: "N", or "a|b" from the choices. */
void opt_word_arg(const struct opt_word *word, struct buf *out);

/*
 * What there is to know besides brief and notes (default, range, choices), as
 * sentences, each behind a blank.
 */
void opt_word_facts(const struct opt_word *word, struct buf *out);

/* ERR_SYSTEM when the buffer's ceiling was met. */
int opt_whole(const struct buf *out, struct err *err);

#endif
