/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CORE_FOLDERS_H
#define FETCHALL_CORE_FOLDERS_H

#include <stddef.h>

#include "core/tree.h"

struct folders;

/*
 * Folders below a root, opened and kept open, the last ones used: a file more
 * in the same folder costs no walk. core/tree's, and of nobody else.
 */

/* Takes `root`. `sync`: changed folders are synced before they are closed. */
struct folders *folders_new(int root, int sync);
void folders_free(struct folders *folders);

/*
 * The folder that is the first `len` bytes of `path`, 0: the root; made where
 * `make`, else TREE_NONE if it is missing. *ret is good until the next call;
 * *ret_path, if asked for, its name with the marks of those that gave way.
 */
enum tree_end folders_open(struct folders *folders, const char *path,
	size_t len, int make, int *ret, const char **ret_path,
	struct err *err);

/* An entry of that folder came or went: folders_sync() will sync it. */
void folders_changed(struct folders *folders, const char *path, size_t len);
int folders_sync(struct folders *folders, struct err *err);

/* Closes all. */
void folders_forget(struct folders *folders);

#endif
