/* SPDX-License-Identifier: MIT */
/*
 * tree_link -- a file that is whole gets its name, in one step. One without a
 * name is linked, or, over a file that is there, linked beside it and renamed;
 * one that has a name is renamed. Others may add and remove names meanwhile,
 * so what is in the way is looked at only once it was.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/mem.h"
#include "core/folders.h"
#include "core/tree.h"
#include "core/tree_own.h"
#include "core/unnamed.h"

/*
 * Where a file's own name is, the folder in a descriptor of its own, since
 * looking for another may close it.
 */
static enum tree_end
tree_home(struct tree *tree, const struct tree_file *file,
	struct tree_place *ret, struct err *err)
{
	enum tree_end end = tree_find(tree, file->name, 0, ret, err);
	struct stat st;

	if (end == TREE_NONE || (end == TREE_OK &&
	    !tree_same(ret, file->fd, &st))) {
		err_set(err, ERR_IO, "%s: somebody removed it", file->name);
		errno = ENOENT;
		return TREE_FAILED;
	}
	if (end != TREE_OK)
		return end;
	folders_changed(tree->folders, file->name, ret->len);
	ret->folder = fcntl(ret->folder, F_DUPFD_CLOEXEC, 0);
	return ret->folder >= 0 ? TREE_OK : tree_failed(file->name, err);
}

/* Moves a file that has a name; `replace`: over one that is there. */
static int
tree_move(const struct tree_place *from, const struct tree_place *to,
	int replace)
{
	if (replace)
		return renameat(from->folder, from->name, to->folder,
			to->name);
	if (renameat2(from->folder, from->name, to->folder, to->name,
	    RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
	if (linkat(from->folder, from->name, to->folder, to->name, 0) != 0)
		return -1;
	unlinkat(from->folder, from->name, 0);
	return 0;
}

/* Puts a file without a name over one that is there, in one step. */
static int
tree_replace(struct tree *tree, const struct unnamed *file,
	const struct tree_place *to)
{
	struct tree_place from = *to;
	char name[48];
	int e;

	tree_temporary(tree, name, sizeof name);
	from.name = name;
	if (unnamed_link(file, from.folder, name) != 0)
		return -1;
	if (tree_move(&from, to, 1) == 0)
		return 0;
	e = errno;
	unlinkat(from.folder, name, 0);
	errno = e;
	return -1;
}

static int
tree_give_name(struct tree *tree, const struct tree_file *file,
	const struct tree_place *from, const struct tree_place *to,
	int replace)
{
	const struct unnamed unnamed = { .fd = file->fd };

	if (file->name != NULL)
		return tree_move(from, to, replace);
	if (replace)
		return tree_replace(tree, &unnamed, to);
	return unnamed_link(&unnamed, to->folder, to->name);
}

/* What a name that is not free belongs to. */
static enum tree_end
tree_occupied(const struct tree_place *to, const char *path, struct err *err)
{
	struct stat st;
	enum tree_end end = tree_look_at(to, path, &st, err);

	return end == TREE_OK ? TREE_TAKEN : end;
}

static enum tree_end
tree_link_at(struct tree *tree, const struct tree_file *file,
	const struct tree_place *from, const struct tree_place *to,
	const char *path, enum tree_policy policy, struct err *err)
{
	enum tree_end end = TREE_NONE;
	int tries, replace = 0;

	/* Who removes names meanwhile makes us look again. */
	for (tries = 0; tries < TREE_TRIES && end == TREE_NONE; tries++) {
		if (tree_give_name(tree, file, from, to, replace) == 0)
			return TREE_OK;
		if (errno != EEXIST && errno != EISDIR)
			return tree_failed(path, err);
		end = tree_occupied(to, path, err);
		if (end == TREE_TAKEN && policy == TREE_OVERWRITE) {
			end = TREE_NONE;
			replace = 1;
		}
	}
	if (end == TREE_NONE) {
		err_set(err, ERR_IO, "%s: comes and goes", path);
		return TREE_FAILED;
	}
	return end;
}

static void
tree_linked(struct tree *tree, struct tree_file *file,
	const struct tree_place *to, const char *path, char **ret_path)
{
	folders_changed(tree->folders, path, to->len);
	free(file->name);
	file->name = NULL;
	if (ret_path != NULL)
		*ret_path = tree_join(to, to->name);
}

enum tree_end
tree_link(struct tree *tree, struct tree_file *file, const char *path,
	enum tree_policy policy, char **ret_path, struct err *err)
{
	struct tree_place from = { .folder = -1 }, to;
	enum tree_end end = TREE_OK;

	if ((tree->flags & TREE_SYNC) && fsync(file->fd) != 0)
		return tree_failed(path, err);
	if (file->name != NULL)
		end = tree_home(tree, file, &from, err);
	if (end != TREE_OK)
		return end;
	end = tree_find(tree, path, 1, &to, err);
	if (end == TREE_OK)
		end = tree_link_at(tree, file, &from, &to, path, policy, err);
	if (end == TREE_OK)
		tree_linked(tree, file, &to, path, ret_path);
	if (from.folder >= 0)
		close(from.folder);
	return end;
}
