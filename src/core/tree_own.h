/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CORE_TREE_OWN_H
#define FETCHALL_CORE_TREE_OWN_H

#include <stddef.h>
#include <sys/stat.h>

#include "base/err.h"
#include "core/tree.h"

struct folders;

/*
 * The inside of struct tree: tree.c is how its files are found, made and
 * opened, tree_link.c how they get their names. Nobody else includes this.
 */
#define TREE_TRIES 16

struct tree {
	struct folders *folders;
	unsigned flags;
	unsigned n_temporary;
};

/* Where a path leads: an open folder, good until the next, and a name. */
struct tree_place {
	int folder;
	const char *path;	/* of the folder, as it is */
	size_t len;		/* of the folder in the path asked for */
	const char *name;
};

/* All of these are tree.c's. */

/* TREE_FAILED, for what errno says, which stays. */
enum tree_end tree_failed(const char *path, struct err *err);
/* The place of `path`, its folders made where `make`. */
enum tree_end tree_find(struct tree *tree, const char *path, int make,
	struct tree_place *ret, struct err *err);
/* What is there: a file is TREE_OK. */
enum tree_end tree_look_at(const struct tree_place *place, const char *path,
	struct stat *ret, struct err *err);
/* Whether the name there still is the open file's, which *ret tells of. */
int tree_same(const struct tree_place *place, int fd, struct stat *ret);
/* The next name for a file that is not whole, and a name's path. */
void tree_temporary(struct tree *tree, char *ret, size_t size);
char *tree_join(const struct tree_place *place, const char *name);

#endif
