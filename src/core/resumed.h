/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CORE_RESUMED_H
#define FETCHALL_CORE_RESUMED_H

#include <stddef.h>

struct fetch_reply_head;
struct fetch_request;
struct parts;
struct unnamed;

/*
 * How a body goes on with its part, or makes one: what core/body keeps for it.
 * Zeroes: it does neither.
 */
struct resumed {
	struct parts *parts;	/* borrowed */
	size_t holder;		/* there */
	char *path;		/* that the part is of; owned */
	const struct fetch_request *request;	/* under way; borrowed */
	char *validator;	/* of its reply; owned. NULL: with such a
				 * reply no later one could go on */
	int has_part;		/* the part was taken, by whichever process */
	int unchecked;		/* the first byte to come is there already */
};

void resumed_init(struct resumed *resumed, struct parts *parts, size_t holder,
	const char *path);
void resumed_release(struct resumed *resumed);

/*
 * The reply begins: where it is the rest, *file becomes the part, cut by the
 * byte that comes again. -1 with errno: as part_resume(); ESTALE also where
 * the reply is not what is missing.
 */
int resumed_begin(struct resumed *resumed, const struct fetch_reply_head *head,
	struct unnamed *file);
/* Before bytes are appended: -1 and ESTALE where the one that comes again is
 * another one. */
int resumed_check(struct resumed *resumed, const struct unnamed *file,
	char first);
/* A file to spill to. -1 with errno: EALREADY, one without a name will do; or
 * as part_begin(). */
int resumed_open(struct resumed *resumed, struct unnamed *ret);

#endif
