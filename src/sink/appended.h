/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_SINK_APPENDED_H
#define FETCHALL_SINK_APPENDED_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/*
 * A file that grows by pieces of which each is in it whole or not at all.
 * Bytes are added, written, and kept; what was not kept is cut off again.
 * Nobody else writes to it: it is locked while it is open.
 */
struct appended {
	char *path;		/* NULL: not open */
	int fd;
	int made;		/* by us: it was not there before */
	int broken;		/* it could not be cut back */
	uint64_t whole;		/* kept */
	uint64_t written;	/* in the file, `whole` and behind it */
	struct buf buf;		/* to be written */
};

/*
 * Makes the file. One that is there already is left alone (ERR_IO), unless it
 * is empty: then a run ended before it wrote anything. `hint` is what to do
 * about it.
 */
int appended_make(struct appended *file, const char *path, const char *hint,
	struct err *err);
/*
 * Opens one whose first `whole` bytes are known to be good: ERR_IO where it is
 * gone or shorter, else appended_cut() removes the rest. Where there was
 * nothing to lose yet (whole is 0), it may be made.
 */
int appended_resume(struct appended *file, const char *path, uint64_t whole,
	struct err *err);
/* Closes it; fine where it is not open. What only close(2) says is ERR_IO. */
int appended_close(struct appended *file, struct err *err);
/* The same, and removes it where we made it. */
void appended_unmake(struct appended *file);

/* Appends; -1 with ERR_IO. */
int appended_add(struct appended *file, const void *p, size_t n,
	struct err *err);
/* How long it is with all that was added. */
uint64_t appended_length(const struct appended *file);
/* All that was added is in the file, but may still be cut off. */
int appended_write(struct appended *file, struct err *err);
/* What was written is whole. */
void appended_keep(struct appended *file);
/* Back to what was kept. -1: the file is torn, and so says every call now. */
int appended_cut(struct appended *file, struct err *err);
/* What was kept is on the disk, and so is the name of a file that was made. */
int appended_sync(struct appended *file, struct err *err);

#endif
