/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_URL_SOURCE_H
#define FETCHALL_URL_SOURCE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "url/url.h"

/*
 * Where URLs come from: operands that are URLs, list files, standard input,
 * one after the other, read as a stream: memory does not depend on their
 * length. gzip is seen by its first bytes. One thread reads.
 */
enum source_format { SOURCE_LINES, SOURCE_NDJSON };

struct source_settings {
	const char *proto_default;	/* for bare hosts: "http" */
	enum source_format format;
	size_t max_line;		/* bytes; longer lines are bad lines */
};

/* What an NDJSON line asks beyond its URL; each may be NULL. */
struct source_request {
	char *method;
	char **headers;		/* "Name: value", n_headers of them */
	size_t n_headers;
	char *body;
	size_t body_len;
	char *output;		/* file for the body */
};

/* A URL line as it is written, blanks at its ends cut off. */
struct source_line {
	uint64_t seq;		/* URL lines from 1, over all lists */
	uint64_t number;	/* in its list, from 1; 0 for an operand */
	const char *list;	/* name for messages: file, "standard input",
				 * "command line"; the source's own */
	const char *text;	/* until the next line; NUL at its end. It may
				 * hold passwords and NUL bytes */
	size_t len;
	int too_long;		/* over max_line bytes: text is "" */
};

struct source_item {
	uint64_t seq;		/* as its line's */
	uint64_t line;		/* its number */
	const char *list;
	char *text;		/* as written, without user:password@ */
	struct url url;		/* empty when bad.code is not ERR_NONE */
	struct source_request *request;	/* NULL: nothing beyond the URL */
	struct err bad;		/* what is wrong with the line, naming list
				 * and line; else code ERR_NONE */
};

struct source;

/*
 * `operands`: what the command line names; see design: "://" is a URL, "-"
 * standard input, all else a list file. `stdin_fd` is what "-" reads. An
 * operand that is no file but looks like a host is answered with "did you
 * mean http://...?". All files are opened once before this returns, so that
 * an unreadable one is known before the first request (ERR_IO).
 */
struct source *source_new(const struct source_settings *settings,
	char *const *operands, size_t n, int stdin_fd, struct err *err);
void source_free(struct source *source);
/* Whether another source of the same operands has the same to read: not of
 * standard input or a pipe. */
int source_is_rereadable(const struct source *source);

/*
 * The next URL line, not looked into: 1, 0 at the end of the last list, -1
 * when reading failed (ERR_IO; damaged gzip too). Blank lines and comments are
 * left out. May block on a pipe or terminal, unless there is hurry: then -1
 * with ERR_INTERRUPTED.
 */
int source_next_line(struct source *source, struct source_line *ret,
	struct err *err);
/*
 * What it says; source_item_release() ends it. A bad line is an item too, with
 * `bad` set.
 */
void source_parse(const struct source *source, const struct source_line *line,
	struct source_item *ret);
/* Both together. */
int source_next(struct source *source, struct source_item *ret,
	struct err *err);
/* From now on the list is read only as far as that waits for nothing. Any
 * thread; again is fine. */
void source_hurry(struct source *source);
void source_item_release(struct source_item *item);
/* A second one of the same; `from` is a good line. */
void source_item_copy(struct source_item *ret,
	const struct source_item *from);
void source_request_free(struct source_request *request);

/* How far the reading is. */
struct source_progress {
	uint64_t read_bytes;
	uint64_t total_bytes;	/* of all lists; 0: nobody knows (a pipe) */
	uint64_t urls;		/* lines so far: the last item's seq */
	int ended;		/* there are no more */
};

/* May be called from any thread. */
void source_progress(const struct source *source,
	struct source_progress *ret);

#endif
