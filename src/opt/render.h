/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_OPT_RENDER_H
#define FETCHALL_OPT_RENDER_H

#include <stddef.h>

#include "base/err.h"

struct buf;
struct opts;

/*
 * The pages printed from the rows: what the program does and what its help,
 * manual and completion say cannot differ. All append to `out` and return 0,
 * or -1 with err, ERR_SYSTEM when the buffer's ceiling is met.
 */

struct opt_topic_row {
	const char *term;	/* "async", "url_effective", "3" */
	const char *usage;	/* how it is typed, "grep:REGEX"; NULL: term */
	const char *text;	/* a few words, no full stop */
	const char *notes;	/* a paragraph, or NULL */
};

/* What is no option but belongs into help and manual: STRATEGIES, FIELDS. */
struct opt_topic {
	const char *name;	/* of --help=NAME */
	const char *title;	/* heading of the help, section of the manual */
	const struct opt_topic_row *rows;
	size_t n;
};

/* Sets the topics; they must outlive `opts`. */
void opts_set_topics(struct opts *opts, const struct opt_topic *topics,
	size_t n);

/*
 * `topic` is NULL or "" for all groups in brief, "all" to include what only
 * experts need, or the name of an option (with or without its dashes), a set,
 * a topic or a topic's row. When several things have the name, all are shown;
 * "--name" is an option only. None: ERR_USAGE with the nearest and the list.
 */
int opt_render_help(const struct opts *opts, const char *topic,
	struct buf *out, struct err *err);

/* The OPTIONS section in man(7), then one section per topic. */
int opt_render_manual(const struct opts *opts, struct buf *out,
	struct err *err);

/*
 * The completion script of `shell` (bash, zsh, fish) for `program`. Options
 * hidden or for experts are left out.
 */
int opt_render_completion(const struct opts *opts, const char *shell,
	const char *program, struct buf *out, struct err *err);

/*
 * Every option's value as lines that opts_read_config() reads back to the same
 * settings. Values nobody set are comments; so are secrets.
 */
int opt_render_config(const struct opts *opts, struct buf *out,
	struct err *err);

#endif
