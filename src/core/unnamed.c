/* SPDX-License-Identifier: MIT */
/*
 * unnamed -- O_TMPFILE and linkat (see open(2)): no half file can be left
 * under a final name, and no temporary one lies about. Bytes are written by
 * position, so that processes which share a descriptor share no offset.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/mem.h"
#include "core/unnamed.h"

/* Not every file system has O_TMPFILE; old kernels say EISDIR for it. */
int
unnamed_open(const char *folder)
{
	int fd = open(folder, O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0600);
	char *path;

	if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR))
		return fd;
	path = mem_printf("%s/fetchall-XXXXXX", folder);
	fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0)
		unlink(path);
	free(path);
	return fd;
}

int
unnamed_open_at(int folder)
{
	return openat(folder, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0666);
}

/* Where the folder is now, without a symbolic link, whoever may have put one
 * there since. */
static int
unnamed_open_folder(const char *path)
{
	struct open_how how = {
		.flags = O_DIRECTORY | O_CLOEXEC | O_RDONLY,
		.resolve = RESOLVE_NO_SYMLINKS,
	};

	return (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how);
}

/* The kernel calls it "/its/folder/#inode (deleted)". */
int
unnamed_open_beside(int fd)
{
	char link[64], path[PATH_MAX + 64];
	char *slash;
	ssize_t n;
	int folder;

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof path - 1);
	if (n < 0)
		return -1;
	path[n] = '\0';
	slash = strrchr(path, '/');
	if (slash == NULL || path[0] != '/') {
		errno = ENOENT;
		return -1;
	}
	slash[slash == path] = '\0';
	folder = unnamed_open_folder(path);
	if (folder < 0)
		return -1;
	fd = unnamed_open_at(folder);
	close(folder);
	return fd;
}

int
unnamed_link(int fd, int folder, const char *name)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	return linkat(AT_FDCWD, path, folder, name, AT_SYMLINK_FOLLOW);
}

int
unnamed_append(int fd, const void *p, size_t n, uint64_t at)
{
	uint64_t to = at;
	ssize_t done;
	int e;

	while (n > 0) {
		done = pwrite(fd, p, n, (off_t)to);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0) {
			e = errno;
			/* Its end is known to be at `at`, cut or not. */
			if (ftruncate(fd, (off_t)at) == 0)
				errno = e;
			return -1;
		}
		p = (const char *)p + done;
		to += (uint64_t)done;
		n -= (size_t)done;
	}
	return 0;
}

int
unnamed_holds(int fd, uint64_t n)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
		(uint64_t)st.st_size >= n;
}
