/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CORE_WORK_H
#define FETCHALL_CORE_WORK_H

#include <stdint.h>

#include "base/list.h"
#include "core/chain_outcome.h"
#include "core/stage.h"

struct body;
struct chain;
struct chain_worker;
struct result;

/*
 * A body on its way through the stages, with the record that waits for what
 * they say. It has one owner at a time: the core, then a pool, then the core
 * again.
 */
struct work {
	struct list node;	/* its owner's */
	const struct chain *chain;
	struct result *result;	/* owned */
	struct body *body;	/* owned; NULL: there is none (--no-fetch) */
	int chunked;		/* it is in the chunked coding it came in */
	int keep_good, keep_bad;	/* the record takes the body along where
				 * the stages went well, or did not */
	struct stage_page page;
	char *content_encoding;	/* owned; page points here */
	/* Takes what the stages make of the body; NULL: nobody wants it. */
	int (*out)(void *arg, const void *p, size_t n);
	void *out_arg;
	/* Monotonic us: handed over, taken up by a worker, finished. */
	int64_t queued_us, begun_us, ended_us;
	struct chain_outcome outcome;	/* the pool's answer */
};

struct work *work_new(const struct chain *chain);
/* Also what it still owns; NULL is fine. */
void work_free(struct work *work);
/* Takes the record, and out of it the body; and a copy of the text. */
void work_fill(struct work *work, struct result *result,
	const char *content_encoding);

/* Runs the chain over the body here and now, and notes the times. */
void work_perform(struct work *work, struct chain_worker *worker);
/* Makes it a failure without having run: class, detail and words. */
void work_fail(struct work *work, enum error_class error_class,
	const char *detail, const char *errormsg);

#endif
