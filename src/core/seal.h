/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CORE_SEAL_H
#define FETCHALL_CORE_SEAL_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Bytes that tell a file from another: records end alike, and begin with what
 * is their own. */
#define SEAL_TAIL 1024

/*
 * The last bytes of a file that a later run may go on with, by which it finds
 * out whether it is that file. Begin with zeroes.
 */
struct seal {
	char tail[SEAL_TAIL];
	size_t n;
};

/* The file has n bytes more. */
void seal_note(struct seal *seal, const char *p, size_t n);
/* A hash of what was noted; never 0 unless that is nothing. */
uint64_t seal_number(const struct seal *seal);

/*
 * Opens a regular file to go on behind its first `offset` bytes; what is
 * behind them is cut off, and *ret is the seal there. -1 and ERR_IO where the
 * file is shorter or no regular one, or has not this `number` there (0: nobody
 * knows it). With offset 0 it may be missing.
 */
int seal_open(struct seal *ret, const char *path, uint64_t offset,
	uint64_t number, struct err *err);

#endif
