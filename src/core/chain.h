/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CORE_CHAIN_H
#define FETCHALL_CORE_CHAIN_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "core/stage.h"

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

#endif
