/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CORE_CHAIN_OUTCOME_H
#define FETCHALL_CORE_CHAIN_OUTCOME_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "core/result.h"
#include "core/value.h"

struct chain;

/* What became of one body in the stages. Begin with zeroes. */
struct chain_outcome {
	struct value *values;	/* of chain_columns(); owned */
	int failed;
	enum error_class error_class;	/* of a failure */
	const char *detail;	/* static, or NULL */
	char *errormsg;		/* owned; NULL: none. May hold any bytes */
	int64_t took_us;	/* wall time in the stages */
	int64_t cpu_us;		/* of the thread in them, no children */
};

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
