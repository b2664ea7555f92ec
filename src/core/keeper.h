/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CORE_KEEPER_H
#define FETCHALL_CORE_KEEPER_H

#include "base/err.h"

struct job;
struct naming;

/*
 * Gives jobs the names of their files before they are asked for, and sees
 * which of these exist. For one thread, the frontier's, since that waits for
 * the disk.
 */
struct keeper;

/* Borrows `naming`. NULL: its folder cannot be opened or made. */
struct keeper *keeper_new(const struct naming *naming, struct err *err);
void keeper_free(struct keeper *keeper);	/* NULL is fine */

/* What a file that is in the way means for a URL. */
enum keeper_there {
	KEEPER_NONE,		/* nothing: it is asked for */
	KEEPER_SKIP,		/* it is skipped */
	KEEPER_REFUSED,		/* it fails; job->refused says why */
};

/* Sets job->keeps, name, there, refused and part. `keeper` may be NULL. */
void keeper_prepare(struct keeper *keeper, struct job *job);

#endif
