/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CORE_STAGE_H
#define FETCHALL_CORE_STAGE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "core/columns.h"
#include "core/result.h"
#include "core/value.h"

struct opt_set;

/*
 * Something that is done to a body. Several follow one another (core/chain);
 * bytes are pushed through them piece by piece, so that a body larger than
 * memory, or one that a few bytes unpack to, costs no more than a piece.
 */
enum stage_caps {
	/* The next stage gets what this one passes on with stage_pass();
	 * without it the next one gets the same bytes. */
	STAGE_REPLACES = 1 << 0,
	/* feed() is called once, with all bytes. The chain gathers them, up to
	 * its ceiling. */
	STAGE_WHOLE = 1 << 1,
	/* Not thread-safe: one body at a time in one process. */
	STAGE_SERIAL = 1 << 2,
	/* It starts other programs. */
	STAGE_COMMANDS = 1 << 3,
};

/* What the bytes are the body of. Texts are borrowed for the call. */
struct stage_page {
	uint64_t seq;
	const char *url;	/* the last hop's, without credentials */
	long response_code;	/* 0: nothing was fetched (--no-fetch) */
	const char *content_type;	/* as sent; NULL: none */
	const char *content_encoding;	/* likewise */
};

/* One body on its way through one stage. */
struct stage_call {
	const struct stage_page *page;
	struct value *values;	/* one for each of the stage's columns */
	/* Set these before returning -1, or leave them as they are:
	 * ERROR_EXEC and NULL. The detail is one of VERDICT_DETAILS. */
	enum error_class error_class;
	const char *detail;
	struct chain_worker *worker;	/* the chain's */
	size_t at;			/* likewise: number of the stage */
};

/* Hands bytes to the next stage; what that fails with is in the call too. */
int stage_pass(struct stage_call *call, const void *p, size_t n,
	struct err *err);
/* Whether the run is being ended: a long piece of work should ask at least
 * every 50 ms and then return -1. */
int stage_cancelled(const struct stage_call *call);

/*
 * open() and close() are called once a run, before anything is fetched and
 * before processes are forked; its plan is then read by all workers. start()
 * and stop() are called in each worker. For each body begin() is called, then
 * feed() any number of times, with up to 64 KiB (but for STAGE_WHOLE), then
 * end(); after a failure anywhere in the chain nothing more is called for that
 * body, and the next begin() starts afresh. -1 from them is the record's
 * failure: err->text is its errormsg. Every hook may be NULL; without start()
 * the plan is its self.
 */
struct stage {
	const char *name;	/* what is typed after --post */
	const char *arg;	/* "REGEX", "[LEVEL]"; NULL: takes none */
	const char *brief;	/* up to 60 characters */
	const char *notes;	/* for the manual, or NULL */
	const char *example;	/* a command line the tests run, or NULL */
	unsigned caps;
	const struct column *columns;	/* by STAGE_COLUMN() */
	size_t n_columns;
	const struct opt_set *opts;	/* its own options, or NULL */
	/* `arg` is what stood behind the colon, NULL: nothing; `settings` its
	 * options' or NULL. ERR_USAGE says what is wrong with the argument.
	 * It is NULL where the stage takes none. */
	int (*open)(const char *arg, const void *settings, void **ret_plan,
		struct err *err);
	void (*close)(void *plan);
	int (*start)(const void *plan, void **ret_self, struct err *err);
	void (*stop)(void *self);
	int (*begin)(void *self, struct stage_call *call, struct err *err);
	int (*feed)(void *self, struct stage_call *call, const void *p,
		size_t n, struct err *err);
	int (*end)(void *self, struct stage_call *call, struct err *err);
};

/* A row of a stage's columns: kind is U64, SECONDS, BOOL, TEXT or JSON. */
#define STAGE_COLUMN(kind, title, about) \
	{ .name = title, .type = COLUMN_##kind, .brief = about }
#define STAGE_COLUMNS(array) \
	.columns = (array), .n_columns = sizeof(array) / sizeof *(array)

/* Every stage, NULL-terminated; in stage/family.c, since the core knows none
 * by name. */
extern const struct stage *const stages[];
/* `name` has `len` bytes. NULL with ERR_USAGE and a list of all. */
const struct stage *stage_find(const char *name, size_t len, struct err *err);

#endif
