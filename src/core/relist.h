/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CORE_RELIST_H
#define FETCHALL_CORE_RELIST_H

#include <stddef.h>

#include "base/err.h"

struct source_settings;
struct state;

/*
 * Before a run goes on with what another began: reads the lines that the
 * state knows once more and compares them. 0, or -1: ERR_USAGE for another
 * list than before, ERR_IO for one that cannot be read. The arguments are
 * source_new()'s. What can be read only once (standard input, a pipe) is not
 * touched: the frontier compares it while it reads.
 */
int relist_check(struct state *state, const struct source_settings *settings,
	char *const *operands, size_t n, int stdin_fd, struct err *err);

#endif
