/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_SINK_CAPTURE_H
#define FETCHALL_SINK_CAPTURE_H

#include "base/err.h"

struct archive;
struct result;

/* Exchanges as records of an archive. */
struct capture;

/* `archive` is borrowed. `credentials`: they are archived, too. NULL with
 * ERR_SYSTEM. */
struct capture *capture_new(struct archive *archive, int credentials,
	struct err *err);
void capture_free(struct capture *capture);	/* NULL is fine */

/* Archives result->exchange and result->body, or, with -1, nothing of them. */
int capture_add(struct capture *capture, const struct result *result,
	struct err *err);

#endif
