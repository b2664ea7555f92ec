/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CLI_WHOLE_H
#define FETCHALL_CLI_WHOLE_H

#include "base/err.h"

struct buf;

/*
 * A file that appears whole or not at all: it is written under a temporary
 * name beside its own and renamed at the end. What is there already and is no
 * regular file (/dev/stdout) is written to as it is.
 */
struct whole {
	char *path;
	char *temporary;	/* NULL: written in place */
	int fd;
};

/* Exactly one of whole_keep() and whole_drop() ends what was opened. */
int whole_open(struct whole *whole, const char *path, struct err *err);
int whole_write(struct whole *whole, const struct buf *bytes,
	struct err *err);
int whole_keep(struct whole *whole, struct err *err);
void whole_drop(struct whole *whole);

/* Whether whole_open() would do, for knowing it early; NULL is fine. */
int whole_check(const char *path, struct err *err);

#endif
