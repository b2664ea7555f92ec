/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CORE_CHAIN_WORKER_H
#define FETCHALL_CORE_CHAIN_WORKER_H

#include <stddef.h>

#include "base/err.h"

struct chain;
struct chain_outcome;
struct stage_page;

/*
 * One worker's stages, used for one body after the other; what stages call,
 * stage_pass() and stage_cancelled(), is its doing too.
 */
struct chain_worker;

/* `cancelled` is what stage_cancelled() looks at. */
struct chain_worker *chain_worker_new(struct chain *chain,
	const _Atomic int *cancelled, struct err *err);
void chain_worker_free(struct chain_worker *worker);	/* NULL is fine */
/* Called whenever stage_cancelled() is about to look, to find out what nobody
 * else can while this thread is at a stage. NULL: nothing. */
void chain_worker_ask(struct chain_worker *worker, void (*ask)(void *arg),
	void *arg);

/* The bytes of one body, and where those go that come out at the end. */
struct chain_bytes {
	const void *p;
	size_t n;
	int chunked;		/* as in net/chunks.h */
	/* Told of a piece that no stage will ask for again, where bytes are
	 * a burden to have; NULL: nobody. */
	void (*passed)(const void *p, size_t n);
	/* -1 with errno fails the body, see verdict_write_detail(). NULL: they
	 * are dropped. */
	int (*out)(void *arg, const void *p, size_t n);
	void *out_arg;
};

/* Sends them through all stages. */
void chain_worker_run(struct chain_worker *worker,
	const struct stage_page *page, const struct chain_bytes *bytes,
	struct chain_outcome *ret);

#endif
