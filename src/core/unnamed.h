/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CORE_UNNAMED_H
#define FETCHALL_CORE_UNNAMED_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/*
 * A file that has no name, or none yet: however the program ends, nothing of
 * it is left. Who has the struct has the file.
 */
struct unnamed {
	int fd;			/* -1: there is none */
	uint64_t len;
	void *map;		/* its bytes, where unnamed_view() was asked */
	size_t map_len;
};

#define UNNAMED_NONE ((struct unnamed){ .fd = -1 })

/* One that never will have a name. -1 with errno. */
int unnamed_open(struct unnamed *file, const char *folder);
/* One that may get a name in that file system, as far as it has such files at
 * all. -1 with errno. */
int unnamed_open_linkable(struct unnamed *file, const char *folder);
/* One that unnamed_link() can give a name below `folder`. -1 with errno. */
int unnamed_open_at(struct unnamed *file, int folder);
/* -1 with errno; EEXIST: the name is taken. */
int unnamed_link(const struct unnamed *file, int folder, const char *name);
/* Fine where there is none. */
void unnamed_close(struct unnamed *file);

/* Fills a new one with all bytes of `from`. -1 with errno; EIO: it has fewer
 * than its length says. */
int unnamed_copy(struct unnamed *file, const struct unnamed *from);
/* All n bytes, or -1 with errno and none. */
int unnamed_append(struct unnamed *file, const void *p, size_t n);
/* All its bytes, good until it is closed or asked for again. Only of a file
 * that nobody else makes shorter: that would be a SIGBUS. */
int unnamed_view(struct unnamed *file, const void **ret, size_t *ret_len,
	struct err *err);
/* Takes note of its length, where another process wrote to it. -1 with errno. */
int unnamed_measure(struct unnamed *file);
/* Whether that is a file of at least n bytes. */
int unnamed_fits(int fd, uint64_t n);

#endif
