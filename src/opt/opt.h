/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_OPT_OPT_H
#define FETCHALL_OPT_OPT_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct buf;

/*
 * Options are rows of tables. A row says what the option is called, where its
 * value goes in the owner's settings, how it is read and what to tell people;
 * parsing, help, manual, completion and the config file all work from the
 * rows, and nothing in here knows any option.
 */

struct opt;

/* A list of texts, in the order given. */
struct opt_list {
	char **items;
	size_t n;
};

/* Numbers in the order given, none twice. */
struct opt_counts {
	uint64_t *items;
	size_t n;
};

/* How values of one kind are read, written and ended. */
struct opt_type {
	const char *name;
	const char *accepts;	/* "a number such as 5 or 10k", for messages
				 * and help; NULL: any text */
	int takes_value;	/* 0: a flag; it gets a --no-NAME twin */
	int repeats;		/* a list: each value said adds an item */
	/* `at` is the value's place in the settings. -1 says what is wrong,
	 * without the option's name, and leaves the value alone. The value
	 * said is put into messages by opt_shown() only; see types.h. */
	int (*parse)(const struct opt *, const char *text, void *at,
		struct err *);
	/* Appends the value as text that parse() reads back; for a list each
	 * item so, ended by a NUL. */
	void (*print)(const struct opt *, const void *at, struct buf *out);
	/* Frees the value and leaves it absent; NULL: nothing to free. */
	void (*release)(void *at);
};

extern const struct opt_type opt_flag;		/* int, 0 or 1 */
extern const struct opt_type opt_count;		/* uint64_t: 10k */
extern const struct opt_type opt_counts;	/* struct opt_counts: 1,2,4 */
extern const struct opt_type opt_size;		/* uint64_t, bytes: 4MiB */
extern const struct opt_type opt_time;		/* int64_t, us: 250ms */
extern const struct opt_type opt_text;		/* char *, owned, or NULL */
extern const struct opt_type opt_choice;	/* int, index in choices */
extern const struct opt_type opt_texts;		/* struct opt_list; repeats */
/* A word that stands for another option: `--json` for `--format json`. */
extern const struct opt_type opt_alias;		/* no place; see `means` */

enum opt_flags {
	OPT_HIDDEN = 1 << 0,	/* works, not shown in --help or completion */
	OPT_EXPERT = 1 << 1,	/* shown by --help=all and in the manual only */
	OPT_VALUE_OPTIONAL = 1 << 2,	/* --help[=TOPIC]: else "" is parsed */
	OPT_NO_CONFIG = 1 << 3,	/* not for config files (--help, --config) */
	OPT_SECRET = 1 << 4,	/* value never shown in messages */
	OPT_FIXED = 1 << 5,	/* for opts_fixed(): what a run that is gone on
				 * with must not change */
};

struct opt {
	const char *name;	/* long name without dashes */
	char key;		/* short letter, or 0 */
	const struct opt_type *type;
	size_t off;		/* into the owner's settings; see OPT_AT */
	const char *arg;	/* N, FILE, DIR, URL, ...; FILE and DIR complete
				 * to names; NULL for flags */
	const char *dflt;	/* as text, read by the same parser; NULL: zero
				 * or absent */
	uint64_t min, max;	/* for counts, sizes, times; max 0: no limit */
	const char *const *choices;	/* NULL-terminated */
	const char *means;	/* alias: "name=value"; or "name": the value
				 * is passed on; or "name=begin:": so it is,
				 * behind what ends in a colon here */
	unsigned flags;
	const char *brief;	/* up to 60 characters, no full stop */
	const char *notes;	/* a paragraph for the manual, or NULL */
	const char *example;	/* a command line the tests run, or NULL */
};

/*
 * The offset of `field`, refused by the compiler when its type is not
 * `ctype`: OPT_AT(struct limits, retry, uint64_t).
 */
#define OPT_AT(container, field, ctype) \
	(offsetof(container, field) + 0 * sizeof(_Generic( \
		((container *)0)->field, ctype: 1)))

/* One owner's options: a group of the core or a member of a family. */
struct opt_set {
	const char *name;	/* topic of --help=NAME */
	const char *title;	/* heading: "Limits" */
	const struct opt *rows;
	size_t n;
	size_t settings_size;
	/* Rules between the owner's options; NULL: none. */
	int (*check)(const void *settings, struct err *);
};

#define OPT_ROWS(array) .rows = (array), .n = sizeof(array) / sizeof *(array)

struct opts;

/* An empty collection of sets. */
struct opts *opts_new(void);
/* NULL is allowed. Frees settings and values too. */
void opts_free(struct opts *opts);

/*
 * Adds a set and returns its settings, zeroed and then filled from the rows'
 * defaults; they live as long as `opts`. A default that does not parse is a
 * bug of the table and aborts.
 */
void *opts_add(struct opts *opts, const struct opt_set *set);

/* The settings of a set that was added; NULL when it was not. */
void *opts_settings(const struct opts *opts, const struct opt_set *set);

/*
 * Reads argv through getopt_long. Operands are moved behind the options;
 * *ret_first is the index of the first one. An unknown option is answered
 * with the nearest name. Values set here win over config files whatever the
 * order of the calls.
 */
int opts_parse(struct opts *opts, int argc, char **argv, int *ret_first,
	struct err *err);

/*
 * Reads `name = value` lines: # comments, blank lines; a flag takes yes or
 * no; a value may be quoted "..." with \" \\ \n \r \t inside and must be
 * where it has a # or blanks around it. A list option may come several times;
 * given on the command line it replaces the file's. Of several files the one
 * read later wins. Errors name file and line.
 */
int opts_read_config(struct opts *opts, const char *path, struct err *err);

/*
 * Where a value is found to be wrong once all are read: puts the config file
 * and line in front where that is who said it. Always -1.
 */
int opts_blame(const struct opts *opts, const char *name, struct err *err);

/* Runs every set's check. */
int opts_check(const struct opts *opts, struct err *err);

/*
 * What was said last for `name` by command line or config; 0 when it still
 * has its default.
 */
int opts_given(const struct opts *opts, const char *name);

/*
 * The values of all rows that are OPT_FIXED, as "name=value" each, in the order
 * of the tables; texts and array are for free().
 */
char **opts_fixed(const struct opts *opts, size_t *ret_n);

/* Whether it was said on the command line, by any word for it. */
int opts_typed(const struct opts *opts, const char *name);

/* The row called `name`, aliases included; NULL: none. */
const struct opt *opts_find(const struct opts *opts, const char *name);

/*
 * The entry of `names` (NULL-terminated) nearest to `word`, for "did you
 * mean"; NULL when none is near.
 */
const char *opt_nearest(const char *word, const char *const *names);

#endif
