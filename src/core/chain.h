/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CORE_CHAIN_H
#define FETCHALL_CORE_CHAIN_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "core/stage.h"

struct opts;

/*
 * The stages of a run in their order. It is made before threads and processes
 * are; from then on nobody changes it, so that all workers share it and
 * forked ones have it too.
 */
struct chain;

struct chain *chain_new(uint64_t max_gather);
/* Before the first stage: bodies may be in the chunked coding they came in, so
 * that no stage sees one at once where it is. */
void chain_expect_chunks(struct chain *chain);
void chain_free(struct chain *chain);	/* NULL is fine */
/*
 * Adds a stage at the end: its argument is opened here. A column whose name
 * is taken, by an earlier stage for one, gets "_2" (and so on) behind it.
 */
int chain_add(struct chain *chain, const struct stage *stage,
	const char *arg, const void *settings, struct err *err);
size_t chain_length(const struct chain *chain);
/* All columns of all stages, in order; the chain's own. */
const struct column *chain_columns(const struct chain *chain, size_t *ret_n);
/* Whether what comes out at the end is not the body that went in. */
int chain_replaces(const struct chain *chain);
/* Whether a stage starts other programs. */
int chain_commands(const struct chain *chain);

/* One worker's stages, used for one body after the other. */
struct chain_worker;

/* `cancelled` is what stage_cancelled() looks at. */
struct chain_worker *chain_worker_new(struct chain *chain,
	const _Atomic int *cancelled, struct err *err);
void chain_worker_free(struct chain_worker *worker);	/* NULL is fine */
/* Called whenever stage_cancelled() is about to look, to find out what nobody
 * else can while this thread is at a stage. NULL: nothing. */
void chain_worker_ask(struct chain_worker *worker, void (*ask)(void *arg),
	void *arg);

/* What became of one body. Begin with zeroes. */
struct chain_outcome {
	struct value *values;	/* of chain_columns(); owned */
	int failed;
	enum error_class error_class;	/* of a failure */
	const char *detail;	/* static, or NULL */
	char *errormsg;		/* owned; NULL: none. May hold any bytes */
	int64_t took_us;	/* wall time in the stages */
	int64_t cpu_us;		/* of the thread in them, no children */
};

/* The bytes of one body, and where those go that come out at the end. */
struct chain_bytes {
	const void *p;
	size_t n;
	int chunked;		/* as in net/chunks.h */
	/* Told of a piece that no stage will ask for again, where bytes are
	 * a burden to have; NULL: nobody. */
	void (*passed)(const void *p, size_t n);
	/* -1 with errno fails the body, see verdict_write_detail(). NULL: they are
	 * dropped. */
	int (*out)(void *arg, const void *p, size_t n);
	void *out_arg;
};

/* Sends them through all stages. */
void chain_run(struct chain_worker *worker, const struct stage_page *page,
	const struct chain_bytes *bytes, struct chain_outcome *ret);
void chain_outcome_release(struct chain_outcome *outcome,
	const struct chain *chain);

/*
 * As bytes for another process of the same run. Where they would be more than
 * CHAIN_OUTCOME_MAX, or than `out` takes, it is a failure (body/limit) that
 * says so instead, for which `out` must have room: 256 bytes.
 */
#define CHAIN_OUTCOME_MAX (32u << 20)
void chain_outcome_add(struct buf *out, const struct chain_outcome *outcome,
	const struct chain *chain);
/* And back; -1: not one of a body that was in the stages so long at most. */
int chain_outcome_read(const void *p, size_t len, const struct chain *chain,
	int64_t most_us, struct chain_outcome *ret);

#endif
