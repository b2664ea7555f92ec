/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CORE_CONTENT_H
#define FETCHALL_CORE_CONTENT_H

#include <stddef.h>

#include "base/err.h"
#include "net/chunks.h"

struct body;
struct result;

/*
 * The content of a result's body, as files and pipelines want it: what the
 * stages made of it, else what was received without its transfer coding; span
 * by span, where it lies.
 */
struct content {
	const char *p;
	size_t n, at;
	size_t passed;		/* of it need not stay in memory */
	int chunked, mapped;
	struct chunks chunks;
};

/* For as long as the result has its body. -1 with err. */
int content_open(struct content *content, const struct result *result,
	struct err *err);
/* The next span: 1, or 0 at the end, or -1 with err: it is not in the coding
 * that it should be in. */
int content_next(struct content *content, const void **ret, size_t *ret_len,
	struct err *err);

/* The file that holds just that; -1: there is none. It stays the body's. */
int content_fd(const struct result *result);

/* Hands all spans to write(), which says -1 with errno; -1 with err, `what`
 * in front. */
int content_write(const struct result *result,
	int (*write)(void *arg, const void *p, size_t n), void *arg,
	const char *what, struct err *err);

#endif
