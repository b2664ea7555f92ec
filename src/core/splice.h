/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CORE_SPLICE_H
#define FETCHALL_CORE_SPLICE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Some bytes of a file. */
struct splice_span {
	uint64_t offset, len;
};

/*
 * Writes to `to` the first `end` bytes of `from` without those in `spans`,
 * which are in ascending order and do not overlap. `name` is that of `from`,
 * for errors: -1 where it is shorter than `end`, too. What the bytes mean is
 * nobody's business here.
 */
int splice_copy(int from, uint64_t end, const struct splice_span *spans,
	size_t n, int to, const char *name, struct err *err);

#endif
