/* SPDX-License-Identifier: MIT */
/*
 * folders -- the way into the output folder, one component at a time.
 *
 * Each step is an openat2() that crosses no link, below a folder that was
 * entered the same way, so there is no path that anybody could bend between a
 * check and its use. What the steps cost, the cache saves: 50,000 files of
 * one host are one walk. It is small, since each entry holds a descriptor,
 * and gives all of them up when there are none left.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/list.h"
#include "base/map.h"
#include "base/mem.h"
#include "core/folders.h"

/* At most, and of the files that may be open: there are two of these in a run,
 * and they are not to take what bodies need. */
#define FOLDERS_KEPT 64
#define FOLDERS_SHARE 64
#define FOLDERS_MARKS 3		/* "@" at most behind a name */

struct folder {
	struct map_node node;
	struct list used;
	int fd;
	int changed;
	char *key;		/* as asked for */
	char *path;		/* as it is */
};

struct folders {
	struct folder root;
	struct map map;
	struct list used;	/* longest not used first */
	size_t kept;		/* at most */
	int sync;
	int sync_errno;		/* of a sync before a close */
};

static size_t
folders_kept(void)
{
	struct rlimit limit;
	size_t n;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 ||
	    limit.rlim_cur >= FOLDERS_KEPT * FOLDERS_SHARE)
		return FOLDERS_KEPT;
	n = (size_t)limit.rlim_cur / FOLDERS_SHARE;
	return n > 2 ? n : 2;
}

struct folders *
folders_new(int root, int sync)
{
	struct folders *folders = mem_array(1, sizeof *folders);

	folders->root.fd = root;
	folders->root.key = folders->root.path = mem_strdup("");
	folders->kept = folders_kept();
	folders->sync = sync;
	map_init(&folders->map);
	list_init(&folders->used);
	return folders;
}

static int
folders_sync_one(struct folder *folder)
{
	if (!folder->changed)
		return 0;
	folder->changed = 0;
	return fsync(folder->fd);
}

static void
folders_close(struct folders *folders, struct folder *folder)
{
	if (folders->sync && folders_sync_one(folder) != 0)
		folders->sync_errno = errno;
	map_remove(&folders->map, &folder->node);
	list_remove(&folder->used);
	close(folder->fd);
	free(folder->key);
	free(folder->path);
	free(folder);
}

/* Closes the longest unused ones until `n` are left, but never `but`. */
static void
folders_shrink(struct folders *folders, size_t n, const struct folder *but)
{
	struct list *at = folders->used.next, *next;
	struct folder *folder;

	for (; at != &folders->used && folders->map.n > n; at = next) {
		next = at->next;
		folder = LIST_ENTRY(at, struct folder, used);
		if (folder != but)
			folders_close(folders, folder);
	}
}

void
folders_forget(struct folders *folders)
{
	folders_shrink(folders, 0, NULL);
}

void
folders_free(struct folders *folders)
{
	if (folders == NULL)
		return;
	folders->sync = 0;
	folders_forget(folders);
	map_release(&folders->map);
	close(folders->root.fd);
	free(folders->root.path);
	free(folders);
}

static struct folder *
folders_find(struct folders *folders, const char *path, size_t len)
{
	struct map_node *node;

	if (len == 0)
		return &folders->root;
	node = map_find(&folders->map, path, len);
	return node != NULL ? LIST_ENTRY(node, struct folder, node) : NULL;
}

/* The nearest one above `path` that is open, or itself. */
static struct folder *
folders_nearest(struct folders *folders, const char *path, size_t *len)
{
	struct folder *folder;

	while ((folder = folders_find(folders, path, *len)) == NULL)
		do
			--*len;
		while (*len > 0 && path[*len] != '/');
	if (folder != &folders->root) {
		list_remove(&folder->used);
		list_push(&folders->used, &folder->used);
	}
	return folder;
}

/*
 * For kernels and sandboxes without openat2(): the same for one component,
 * but that a link is told from a file by a second look.
 */
static int
folders_openat(int folder, const char *name)
{
	int fd = openat(folder, name,
		O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd >= 0 || errno != ENOTDIR)
		return fd;
	if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		errno = S_ISLNK(st.st_mode) ? ELOOP : ENOTDIR;
	return -1;
}

static int
folders_openat2(int folder, const char *name)
{
	struct open_how how = {
		.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS |
			RESOLVE_NO_MAGICLINKS,
	};
	int fd = (int)syscall(SYS_openat2, folder, name, &how, sizeof how);

	if (fd >= 0 || (errno != ENOSYS && errno != EPERM))
		return fd;
	return folders_openat(folder, name);
}

/* One step, with the descriptors of other folders where there is no other. */
static int
folders_step(struct folders *folders, const struct folder *at,
	const char *name)
{
	int fd = folders_openat2(at->fd, name);

	if (fd >= 0 || (errno != EMFILE && errno != ENFILE))
		return fd;
	folders_shrink(folders, 0, at);
	return folders_openat2(at->fd, name);
}

static int
folders_step_or_make(struct folders *folders, struct folder *at,
	const char *name, int make)
{
	int fd = folders_step(folders, at, name);

	if (fd >= 0 || errno != ENOENT || !make)
		return fd;
	if (mkdirat(at->fd, name, 0777) == 0)
		at->changed = 1;
	else if (errno != EEXIST)
		return -1;
	return folders_step(folders, at, name);
}

static struct folder *
folders_keep(struct folders *folders, int fd, char *key, char *path,
	const struct folder *above)
{
	struct folder *folder = mem_array(1, sizeof *folder);

	*folder = (struct folder){ .fd = fd, .key = key, .path = path };
	folders_shrink(folders, folders->kept - 1, above);
	map_insert(&folders->map, &folder->node, key, strlen(key));
	list_init(&folder->used);
	list_push(&folders->used, &folder->used);
	return folder;
}

/*
 * Enters path[..end) from the folder above it; "@" is put behind the names of
 * those that a file keeps from theirs. NULL with errno.
 */
static struct folder *
folders_enter(struct folders *folders, struct folder *at, const char *path,
	size_t begin, size_t end, int make)
{
	char *name = mem_printf("%.*s%.*s", (int)(end - begin), path + begin,
		FOLDERS_MARKS, "@@@");
	size_t len = end - begin;
	int fd;

	do {
		char mark = name[len];

		name[len] = '\0';
		fd = folders_step_or_make(folders, at, name, make);
		if (fd >= 0 || errno != ENOTDIR)
			break;
		name[len] = mark;
	} while (name[len++] != '\0');
	/* A run that was killed may have made it and synced nothing. */
	if (fd >= 0 && folders->sync)
		at->changed = 1;
	if (fd >= 0)
		at = folders_keep(folders, fd, mem_strndup(path, end),
			mem_printf("%s%s%s", at->path,
				*at->path != '\0' ? "/" : "", name), at);
	free(name);
	return fd >= 0 ? at : NULL;
}

/* Keeps errno. */
static enum tree_end
folders_failed(const char *path, size_t len, struct err *err)
{
	int e = errno;

	if (e == ENOENT)
		return TREE_NONE;
	if (e == ELOOP) {
		err_set(err, ERR_IO, "%.*s: a symbolic link, not followed",
			(int)len, path);
		return TREE_REFUSED;
	}
	if (e == ENOTDIR) {
		err_set(err, ERR_IO, "%.*s: not a folder", (int)len, path);
		return TREE_REFUSED;
	}
	err_sys(err, "%.*s", (int)len, path);
	errno = e;
	return TREE_FAILED;
}

/* A folder that we made or found and that is not there: the root is gone. */
static enum tree_end
folders_missing(const char *path, size_t len, int make, struct err *err)
{
	enum tree_end end = folders_failed(path, len, err);

	if (end != TREE_NONE || !make)
		return end;
	errno = ENOENT;
	err_sys(err, "%.*s", (int)len, path);
	return TREE_FAILED;
}

/* Whether the folder was removed since it was opened. */
static int
folders_stale(const struct folder *folder)
{
	struct stat st;

	return fstat(folder->fd, &st) == 0 && st.st_nlink == 0;
}

static enum tree_end
folders_walk(struct folders *folders, const char *path, size_t len, int make,
	struct folder **ret, struct err *err)
{
	size_t done = len, end;
	struct folder *at = folders_nearest(folders, path, &done), *next;

	while (done < len) {
		if (done > 0)
			done++;
		for (end = done; end < len && path[end] != '/';)
			end++;
		next = folders_enter(folders, at, path, done, end, make);
		if (next == NULL)
			return folders_missing(path, end, make, err);
		at = next;
		done = end;
	}
	*ret = at;
	return TREE_OK;
}

enum tree_end
folders_open(struct folders *folders, const char *path, size_t len, int make,
	int *ret, const char **ret_path, struct err *err)
{
	struct folder *folder;
	enum tree_end end;

	end = folders_walk(folders, path, len, make, &folder, err);
	if (end == TREE_OK && folder != &folders->root &&
	    folders_stale(folder)) {
		folders_forget(folders);
		end = folders_walk(folders, path, len, make, &folder, err);
	}
	if (end != TREE_OK)
		return end;
	*ret = folder->fd;
	if (ret_path != NULL)
		*ret_path = folder->path;
	return TREE_OK;
}

void
folders_changed(struct folders *folders, const char *path, size_t len)
{
	struct folder *folder = folders_find(folders, path, len);

	if (folder != NULL)
		folder->changed = 1;
}

int
folders_sync(struct folders *folders, struct err *err)
{
	int failed = folders->sync_errno;
	struct folder *folder;
	struct list *at;

	if (folders_sync_one(&folders->root) != 0)
		failed = errno;
	for (at = folders->used.next; at != &folders->used; at = at->next) {
		folder = LIST_ENTRY(at, struct folder, used);
		if (folders_sync_one(folder) != 0)
			failed = errno;
	}
	if (failed == 0)
		return 0;
	folders->sync_errno = failed;
	errno = failed;
	return err_sys(err, "syncing a folder");
}
