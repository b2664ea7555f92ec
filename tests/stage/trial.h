/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_TESTS_STAGE_TRIAL_H
#define FETCHALL_TESTS_STAGE_TRIAL_H

#include "base/buf.h"
#include "core/chain.h"
#include "core/chain_outcome.h"
#include "core/stage.h"

/*
 * One stage in a chain of its own, as a worker drives it. A stage of the trial
 * stands before it and cuts bodies into pieces, since a stage must be right
 * for any cutting. Whatever should not happen in here fails the test.
 */
struct trial {
	/* For the test to change. */
	struct stage_page page;
	_Atomic int cancelled;
	size_t stop_at;		/* end the run once so much came out; 0: no */
	/* What the last body came to. */
	struct chain_outcome outcome;
	struct buf out;
	/* The trial's. */
	struct opts *opts;
	struct chain *chain;
	struct chain_worker *worker;
	size_t piece, fail_at;
};

/* Pieces that are worth a try: all at once, bytes, and odd ones. */
#define TRIAL_WHOLE 0
#define TRIAL_PIECES { TRIAL_WHOLE, 1, 3, 61, 4097, 32769 }

/* `settings`: of the stage's own options, or NULL. */
struct trial *trial_new(const struct stage *stage, const char *arg,
	const void *settings);
/* With the stage's own options at their defaults; `option` ("--x", NULL: none)
 * is said to be `value`. */
struct trial *trial_new_with(const struct stage *stage, const char *arg,
	const char *option, const char *value);
void trial_free(struct trial *trial);

/* Sends a body through, in pieces of so many bytes. */
void trial_run(struct trial *trial, const void *p, size_t n, size_t piece);
/* The same in all TRIAL_PIECES; check() looks at each outcome. */
void trial_run_cut(struct trial *trial, const void *p, size_t n,
	void (*check)(struct trial *trial, const void *arg), const void *arg);
/* Breaks it off after some of its bytes, as an earlier stage's failure does. */
void trial_abort(struct trial *trial, const void *p, size_t n, size_t after);

/* Sends an empty body and, from another thread, ends the run after a moment:
 * that body is stopped. */
void trial_stops(const struct stage *stage, const char *arg);

/* What the stage said in a column; NULL when it said nothing. */
const struct value *trial_value(const struct trial *trial, const char *name);
const char *trial_text(const struct trial *trial, const char *name);
uint64_t trial_u64(const struct trial *trial, const char *name);

/* The argument is a usage error whose text has `words` in it. */
void trial_refuses(const struct stage *stage, const char *arg,
	const char *words);

/* A known answer: what a text column says of a text that is repeated. */
struct trial_answer {
	const char *body;
	size_t times;
	const char *answer;
	const char *note;
};

/* In all cuttings, and again after a body that was broken off. */
void trial_answers(const struct stage *stage, const char *column,
	const struct trial_answer *answers, size_t n);

/* What a compute load says of its argument. */
struct trial_number {
	const char *arg;
	uint64_t answer;
};

/* Whatever the body, once for each, and not when it is broken off. */
void trial_numbers(const struct stage *stage, const char *column,
	const struct trial_number *numbers, size_t n);

/* n bytes that look like text, with repetitions; the caller frees them. */
char *trial_words(size_t n);

#endif
