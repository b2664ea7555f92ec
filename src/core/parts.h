/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CORE_PARTS_H
#define FETCHALL_CORE_PARTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct part;

/*
 * The parts of a run's bodies (core/part.h), for all of its threads and for
 * processes that are forked after it was made: each process opens the folder
 * for itself, when it first needs it. No two bodies of a run have one part,
 * for a list may have a URL twice; bodies are told apart by their number, the
 * holder's, below n.
 */
struct parts;

/* Borrows `folder`. NULL: no shared memory. */
struct parts *parts_new(const char *folder, size_t n, struct err *err);
void parts_free(struct parts *parts);	/* NULL is fine */

/* As part_look(). */
int parts_look(struct parts *parts, const char *path, struct part *ret);
/* As part_begin() and part_resume(); EALREADY also says that another body of
 * this run has the part. */
int parts_begin(struct parts *parts, size_t holder, const char *path,
	const char *url, const char *validator);
int parts_resume(struct parts *parts, size_t holder, const char *path,
	const char *url, const char *validator, uint64_t len);
/* The body is gone, wherever it was written. Fine where it had no part. */
void parts_leave(struct parts *parts, size_t holder);

#endif
