/* SPDX-License-Identifier: MIT */
/*
 * unnamed -- O_TMPFILE and linkat (see open(2)): no half file can be left
 * under a final name, and no temporary one lies about. Bytes are written by
 * position, since processes that share a descriptor share its offset.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "core/unnamed.h"

static int
unnamed_take(struct unnamed *file, int fd)
{
	*file = (struct unnamed){ .fd = fd };
	return fd >= 0 ? 0 : -1;
}

/* Not every file system has O_TMPFILE; old kernels say EISDIR for it. */
static int
unnamed_open_with(struct unnamed *file, const char *folder, int flags,
	mode_t mode)
{
	int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC | flags, mode);
	char *path;

	if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR))
		return unnamed_take(file, fd);
	path = mem_printf("%s/fetchall-XXXXXX", folder);
	fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0)
		unlink(path);
	free(path);
	return unnamed_take(file, fd);
}

int
unnamed_open(struct unnamed *file, const char *folder)
{
	return unnamed_open_with(file, folder, O_EXCL, 0600);
}

int
unnamed_open_linkable(struct unnamed *file, const char *folder)
{
	return unnamed_open_with(file, folder, 0, 0666);
}

int
unnamed_open_at(struct unnamed *file, int folder)
{
	return unnamed_take(file, openat(folder, ".",
		O_TMPFILE | O_RDWR | O_CLOEXEC, 0666));
}

int
unnamed_link(const struct unnamed *file, int folder, const char *name)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/self/fd/%d", file->fd);
	return linkat(AT_FDCWD, path, folder, name, AT_SYMLINK_FOLLOW);
}

static void
unnamed_unmap(struct unnamed *file)
{
	if (file->map != NULL)
		munmap(file->map, file->map_len);
	file->map = NULL;
}

void
unnamed_close(struct unnamed *file)
{
	unnamed_unmap(file);
	if (file->fd >= 0)
		close(file->fd);
	*file = UNNAMED_NONE;
}

/* What was written of it goes. */
static int
unnamed_cut(struct unnamed *file)
{
	int e = errno;

	if (ftruncate(file->fd, (off_t)file->len) == 0)
		errno = e;
	return -1;
}

int
unnamed_append(struct unnamed *file, const void *p, size_t n)
{
	const char *at = p;
	size_t left = n;
	ssize_t done;

	while (left > 0) {
		done = pwrite(file->fd, at, left,
			(off_t)(file->len + (n - left)));
		if (done < 0 && errno != EINTR)
			return unnamed_cut(file);
		if (done > 0) {
			at += done;
			left -= (size_t)done;
		}
	}
	file->len += n;
	return 0;
}

/* Not copy_file_range(2), which some pairs of file systems do not have. */
int
unnamed_copy(struct unnamed *file, const struct unnamed *from)
{
	off_t at = 0;
	ssize_t done;

	while ((uint64_t)at < from->len) {
		done = sendfile(file->fd, from->fd, &at,
			(size_t)(from->len - (uint64_t)at));
		if (done == 0)
			errno = EIO;
		if (done == 0 || (done < 0 && errno != EINTR))
			return -1;
	}
	file->len = from->len;
	return 0;
}

static int
unnamed_map(struct unnamed *file, struct err *err)
{
	size_t len = (size_t)file->len;
	void *map;

	unnamed_unmap(file);
	map = mmap(NULL, len, PROT_READ, MAP_SHARED, file->fd, 0);
	if (map == MAP_FAILED)
		return err_sys(err, "mapping a body of %zu bytes", len);
	madvise(map, len, MADV_SEQUENTIAL);
	file->map = map;
	file->map_len = len;
	return 0;
}

int
unnamed_view(struct unnamed *file, const void **ret, size_t *ret_len,
	struct err *err)
{
	if (file->len == 0) {
		*ret = "";
		*ret_len = 0;
		return 0;
	}
	if ((file->map == NULL || file->map_len != file->len) &&
	    unnamed_map(file, err) != 0)
		return -1;
	*ret = file->map;
	*ret_len = file->map_len;
	return 0;
}

int
unnamed_fits(int fd, uint64_t n)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
		(uint64_t)st.st_size >= n;
}

int
unnamed_measure(struct unnamed *file)
{
	struct stat st;

	if (fstat(file->fd, &st) != 0)
		return -1;
	file->len = (uint64_t)st.st_size;
	return 0;
}
