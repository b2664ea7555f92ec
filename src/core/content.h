/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CORE_CONTENT_H
#define FETCHALL_CORE_CONTENT_H

#include <stddef.h>

#include "base/err.h"

struct body;

/* Of the caller's; -1 with err ends the reading. */
typedef int content_taker(void *arg, const void *p, size_t n,
	struct err *err);

/*
 * Hands over the content of a body in pieces, as files and pipelines want it:
 * what the stages made of it, else what was received, without the framing of a
 * `chunked` one. However long it is, it needs little memory, and a piece is
 * good for the call only. NULL is an empty one. -1: the taker's, or ERR_IO
 * where the body cannot be read.
 */
int content_read(struct body *body, int chunked, content_taker *take,
	void *arg, struct err *err);

/* The file that holds just that; -1: there is none. It stays the body's. */
int content_fd(const struct body *body, int chunked);

#endif
