/* SPDX-License-Identifier: MIT */
/*
 * tree -- bodies get their names, whole or not at all.
 *
 * A body is written to a file without a name (O_TMPFILE) and linked, so a
 * process may be killed at any point: what has a name is whole, and nothing
 * else is left. Only file systems that have no such files, and parts that a
 * later run goes on with, are renamed instead.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "core/folders.h"
#include "core/tree.h"
#include "core/tree_own.h"
#include "core/unnamed.h"

/* --- the folder itself --- */

static int
tree_make_root(const char *folder, struct err *err)
{
	char *path = mem_strdup(folder), *slash = path;
	int rc = 0;

	while (rc == 0 && slash != NULL) {
		slash = strchr(slash + 1, '/');
		if (slash != NULL)
			*slash = '\0';
		if (mkdir(path, 0777) != 0 && errno != EEXIST)
			rc = err_sys(err, "%s", path);
		if (slash != NULL)
			*slash = '/';
	}
	free(path);
	return rc;
}

struct tree *
tree_open(const char *folder, unsigned flags, struct err *err)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct tree *tree;

	if (fd < 0 && errno == ENOENT && *folder != '\0') {
		if (tree_make_root(folder, err) != 0)
			return NULL;
		fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		/* Who of its parents is new is not worth remembering. */
		if (fd >= 0 && (flags & TREE_SYNC) && syncfs(fd) != 0) {
			close(fd);
			fd = -1;
		}
	}
	if (fd < 0) {
		err_sys(err, "%s", folder);
		return NULL;
	}
	tree = mem_array(1, sizeof *tree);
	tree->folders = folders_new(fd, (flags & TREE_SYNC) != 0);
	tree->flags = flags;
	return tree;
}

void
tree_free(struct tree *tree)
{
	if (tree == NULL)
		return;
	folders_free(tree->folders);
	free(tree);
}

/* --- where a path leads --- */

/* No component may be empty, "." or "..". */
static int
tree_path_good(const char *path)
{
	size_t n;

	for (;; path += n + 1) {
		n = strcspn(path, "/");
		if (n == 0 || (n == 1 && path[0] == '.') ||
		    (n == 2 && path[0] == '.' && path[1] == '.'))
			return 0;
		if (path[n] == '\0')
			return 1;
	}
}

/* Whether a terminal that lists it shows it as it is: what URLs give is, but
 * a list may name its files itself. */
static int
tree_path_clean(const char *path)
{
	size_t len = strlen(path);
	struct buf clean;
	int same;

	buf_init(&clean, len);
	same = utf8_add_clean(&clean, path, len) == 0 && clean.len == len;
	buf_release(&clean);
	return same;
}

enum tree_end
tree_failed(const char *path, struct err *err)
{
	int e = errno;

	err_sys(err, "%s", path);
	errno = e;
	return TREE_FAILED;
}

enum tree_end
tree_find(struct tree *tree, const char *path, int make,
	struct tree_place *ret, struct err *err)
{
	const char *slash = strrchr(path, '/');

	if (!tree_path_good(path)) {
		err_set(err, ERR_IO, "'%s' is no path below a folder", path);
		return TREE_REFUSED;
	}
	if (!tree_path_clean(path)) {
		err_set(err, ERR_IO, "'%s' holds a control character, or what "
			"is no UTF-8", path);
		return TREE_REFUSED;
	}
	ret->len = slash != NULL ? (size_t)(slash - path) : 0;
	ret->name = slash != NULL ? slash + 1 : path;
	return folders_open(tree->folders, path, ret->len, make, &ret->folder,
		&ret->path, err);
}

/* --- what is there --- */

/* What a name is in the way as. */
static enum tree_end
tree_kind(const struct stat *st, const char *path, struct err *err)
{
	if (S_ISREG(st->st_mode))
		return TREE_OK;
	if (S_ISDIR(st->st_mode))
		return TREE_FOLDER;
	err_set(err, ERR_IO, "%s: %s, not touched", path,
		S_ISLNK(st->st_mode) ? "a symbolic link" : "not a file");
	return TREE_REFUSED;
}

enum tree_end
tree_look_at(const struct tree_place *place, const char *path,
	struct stat *st, struct err *err)
{
	if (fstatat(place->folder, place->name, st, AT_SYMLINK_NOFOLLOW) == 0)
		return tree_kind(st, path, err);
	return errno == ENOENT ? TREE_NONE : tree_failed(path, err);
}

enum tree_end
tree_look(struct tree *tree, const char *path, struct stat *ret,
	struct err *err)
{
	struct tree_place place;
	struct stat st;
	enum tree_end end;

	end = tree_find(tree, path, 0, &place, err);
	if (end == TREE_OK)
		end = tree_look_at(&place, path, &st, err);
	if (end == TREE_OK && ret != NULL)
		*ret = st;
	return end;
}

/* A fifo that takes its place meanwhile is not waited for. */
enum tree_end
tree_read(struct tree *tree, const char *path, struct tree_file *ret,
	struct err *err)
{
	struct tree_place place;
	struct stat st;
	enum tree_end end = tree_find(tree, path, 0, &place, err);
	int fd;

	if (end != TREE_OK)
		return end;
	fd = openat(place.folder, place.name,
		O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? TREE_NONE : tree_failed(path, err);
	*ret = (struct tree_file){ .fd = fd };
	end = fstat(fd, &st) == 0 ? tree_kind(&st, path, err) :
		tree_failed(path, err);
	if (end != TREE_OK)
		tree_close(tree, ret);
	return end;
}

/* --- new files --- */

void
tree_temporary(struct tree *tree, char *name, size_t size)
{
	snprintf(name, size, "@tmp-%ld-%u", (long)getpid(),
		tree->n_temporary++);
}

char *
tree_join(const struct tree_place *place, const char *name)
{
	return mem_printf("%s%s%s", place->path,
		*place->path != '\0' ? "/" : "", name);
}

/* Names that are taken are those of a process that was killed. */
static enum tree_end
tree_create_named(struct tree *tree, const struct tree_place *place,
	const char *path, struct tree_file *ret, struct err *err)
{
	char name[48];
	int fd, tries = 0;

	do {
		tree_temporary(tree, name, sizeof name);
		fd = openat(place->folder, name,
			O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			0666);
	} while (fd < 0 && errno == EEXIST && tries++ < TREE_TRIES);
	if (fd < 0)
		return tree_failed(path, err);
	*ret = (struct tree_file){ .fd = fd, .name = tree_join(place, name) };
	return TREE_OK;
}

static enum tree_end
tree_create_at(struct tree *tree, const struct tree_place *place,
	const char *path, struct tree_file *ret, struct err *err)
{
	struct unnamed unnamed;

	if (tree->flags & TREE_NAMED)
		return tree_create_named(tree, place, path, ret, err);
	if (unnamed_open_at(&unnamed, place->folder) == 0) {
		*ret = (struct tree_file){ .fd = unnamed.fd };
		return TREE_OK;
	}
	if (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)
		return tree_create_named(tree, place, path, ret, err);
	return tree_failed(path, err);
}

typedef enum tree_end tree_opener(struct tree *, const struct tree_place *,
	const char *path, struct tree_file *ret, struct err *);

/* Opens a file with what is at hand, or with what the folders held. */
static enum tree_end
tree_open_file(struct tree *tree, const char *path, tree_opener *opener,
	struct tree_file *ret, struct err *err)
{
	struct tree_place place;
	enum tree_end end;
	int tries;

	for (tries = 0;; tries++) {
		end = tree_find(tree, path, 1, &place, err);
		if (end == TREE_OK)
			end = opener(tree, &place, path, ret, err);
		if (end != TREE_FAILED || tries > 0 ||
		    (errno != EMFILE && errno != ENFILE))
			return end;
		folders_forget(tree->folders);
	}
}

enum tree_end
tree_create(struct tree *tree, const char *path, struct tree_file *ret,
	struct err *err)
{
	return tree_open_file(tree, path, tree_create_at, ret, err);
}

/* --- parts --- */

int
tree_same(const struct tree_place *place, int fd, struct stat *st)
{
	struct stat named;

	return fstat(fd, st) == 0 &&
		fstatat(place->folder, place->name, &named,
			AT_SYMLINK_NOFOLLOW) == 0 &&
		st->st_dev == named.st_dev && st->st_ino == named.st_ino;
}

/* What was looked at may be a fifo by now, on which open() would wait; and the
 * name may be another file's until this one is locked. */
static int
tree_open_locked(const struct tree_place *place, struct stat *st)
{
	int tries, fd;

	for (tries = 0; tries < TREE_TRIES; tries++) {
		fd = openat(place->folder, place->name, O_RDWR | O_CREAT |
			O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0666);
		if (fd < 0)
			return -1;
		if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
			close(fd);
			errno = EWOULDBLOCK;
			return -1;
		}
		if (tree_same(place, fd, st))
			return fd;
		close(fd);
	}
	errno = EBUSY;
	return -1;
}

/* One that has another name as well is not ours to write. */
static enum tree_end
tree_part_kind(const struct stat *st, const char *path, struct err *err)
{
	if (tree_kind(st, path, err) == TREE_OK && st->st_nlink == 1)
		return TREE_OK;
	err_set(err, ERR_IO, "%s: %s, not touched", path,
		S_ISREG(st->st_mode) ? "has several names" : "not a file");
	return TREE_REFUSED;
}

static enum tree_end
tree_open_part_at(struct tree *tree, const struct tree_place *place,
	const char *path, struct tree_file *ret, struct err *err)
{
	struct stat st;
	enum tree_end end = tree_look_at(place, path, &st, err);
	int fd;

	(void)tree;
	if (end == TREE_OK || end == TREE_FOLDER)
		end = tree_part_kind(&st, path, err);
	if (end != TREE_OK && end != TREE_NONE)
		return end;
	fd = tree_open_locked(place, &st);
	if (fd < 0 && errno == EWOULDBLOCK) {
		err_set(err, ERR_IO, "%s: in use by another process", path);
		return TREE_TAKEN;
	}
	if (fd < 0)
		return tree_failed(path, err);
	end = tree_part_kind(&st, path, err);
	if (end != TREE_OK) {
		close(fd);
		return end;
	}
	*ret = (struct tree_file){ .fd = fd, .keep = 1,
		.name = tree_join(place, place->name) };
	return TREE_OK;
}

enum tree_end
tree_open_part(struct tree *tree, const char *path, struct tree_file *ret,
	struct err *err)
{
	char *part = mem_printf("%s.part", path);
	enum tree_end end = tree_open_file(tree, part, tree_open_part_at, ret,
		err);

	free(part);
	return end;
}

/* --- the end of files --- */

enum tree_end
tree_remove(struct tree *tree, const char *path, struct err *err)
{
	struct tree_place place;
	struct stat st;
	enum tree_end end = tree_find(tree, path, 0, &place, err);

	if (end == TREE_OK)
		end = tree_look_at(&place, path, &st, err);
	if (end != TREE_OK)
		return end;
	if (unlinkat(place.folder, place.name, 0) != 0)
		return errno == ENOENT ? TREE_NONE : tree_failed(path, err);
	folders_changed(tree->folders, path, place.len);
	return TREE_OK;
}

void
tree_close(struct tree *tree, struct tree_file *file)
{
	struct tree_place place;
	int e = errno;

	if (file->name != NULL && !file->keep &&
	    tree_find(tree, file->name, 0, &place, NULL) == TREE_OK)
		unlinkat(place.folder, place.name, 0);
	free(file->name);
	if (file->fd >= 0)
		close(file->fd);
	*file = TREE_FILE_NONE;
	errno = e;
}

int
tree_sync(struct tree *tree, struct err *err)
{
	return folders_sync(tree->folders, err);
}
