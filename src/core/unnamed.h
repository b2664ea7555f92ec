/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CORE_UNNAMED_H
#define FETCHALL_CORE_UNNAMED_H

#include <stddef.h>
#include <stdint.h>

/*
 * Files that have no name, or none yet: however the program ends, nothing of
 * them is left. All return -1 with errno; descriptors are the caller's.
 */

/* One that never will have a name, for reading and writing. */
int unnamed_open(const char *folder);
/* One that unnamed_link() can give a name below `folder`. */
int unnamed_open_at(int folder);
/* One in the folder that the unnamed `fd` is in. */
int unnamed_open_beside(int fd);
/* EEXIST: the name is taken. */
int unnamed_link(int fd, int folder, const char *name);

/* Writes all n bytes at `at`, the file's end, or nothing. */
int unnamed_append(int fd, const void *p, size_t n, uint64_t at);
/* Whether it is a file and has so many bytes; 0 or 1. */
int unnamed_holds(int fd, uint64_t n);

#endif
