/* SPDX-License-Identifier: MIT */
/*
 * appended -- a file that is whole up to a known byte, whatever happens.
 *
 * core/output does the like for records, one file and one kind of piece. Here
 * two files (an archive and its index) grow together, so writing and keeping
 * are two steps, and the caller keeps both or neither.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/write.h"
#include "sink/appended.h"

#define APPENDED_GATHER ((size_t)128 << 10)
#define APPENDED_FLAGS (O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)

/* Not flock(2): children that are forked would hold it, too. */
static int
appended_lock(const struct appended *file, struct err *err)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	/* A file system without locks is no reason not to write there. */
	if (fcntl(file->fd, F_SETLK, &lock) == 0 ||
	    (errno != EAGAIN && errno != EACCES))
		return 0;
	return err_set(err, ERR_IO, "%.300s: is being written by another "
		"process", file->path);
}

static int
appended_exists(const struct appended *file, const char *hint,
	struct err *err)
{
	return err_set(err, ERR_IO, "%.300s: exists; %s", file->path, hint);
}

/* Whether there is nothing in it that could be lost. */
static int
appended_is_empty(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size == 0;
}

static void
appended_init(struct appended *file, const char *path)
{
	*file = (struct appended){ .path = mem_strdup(path), .fd = -1 };
	buf_init(&file->buf, APPENDED_GATHER);
}

int
appended_make(struct appended *file, const char *path, const char *hint,
	struct err *err)
{
	int rc = -1;

	appended_init(file, path);
	file->fd = open(path, APPENDED_FLAGS | O_CREAT | O_EXCL, 0666);
	file->made = file->fd >= 0;
	if (file->fd < 0 && errno == EEXIST) {
		file->fd = open(path, APPENDED_FLAGS | O_NOFOLLOW);
		if (file->fd < 0)
			rc = appended_exists(file, hint, err);
	} else if (file->fd < 0)
		rc = err_sys(err, "%.300s", path);
	if (file->fd >= 0)
		rc = appended_lock(file, err);
	/* Looked at behind the lock: its owner may just have ended. */
	if (rc == 0 && !appended_is_empty(file->fd))
		rc = appended_exists(file, hint, err);
	if (rc != 0) {
		file->made = 0;
		appended_close(file, NULL);
	}
	return rc;
}

/* Whether what is known to be whole is there. */
static int
appended_check(struct appended *file, struct err *err)
{
	struct stat st;

	if (fstat(file->fd, &st) != 0)
		return err_sys(err, "%.300s", file->path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_IO, "%.300s: is no regular file",
			file->path);
	file->written = (uint64_t)st.st_size;
	if (file->written < file->whole)
		return err_set(err, ERR_IO, "%.300s: was %" PRIu64 " bytes "
			"long when the state was written and has %" PRIu64
			" now; put the rest back, or begin anew with another "
			"state", file->path, file->whole, file->written);
	return appended_lock(file, err);
}

int
appended_resume(struct appended *file, const char *path, uint64_t whole,
	struct err *err)
{
	int flags = APPENDED_FLAGS | (whole == 0 ? O_CREAT : 0);
	int rc;

	appended_init(file, path);
	file->whole = whole;
	file->fd = open(path, flags, 0666);
	if (file->fd >= 0)
		rc = appended_check(file, err);
	else if (errno == ENOENT && whole > 0)
		rc = err_set(err, ERR_IO, "%.300s: is gone, and the state "
			"goes on behind its byte %" PRIu64 "; put it back, or "
			"begin anew with another state", path, whole);
	else
		rc = err_sys(err, "%.300s", path);
	if (rc != 0)
		appended_close(file, NULL);
	return rc;
}

int
appended_close(struct appended *file, struct err *err)
{
	int rc = 0;

	if (file->path == NULL)
		return 0;
	if (file->fd >= 0 && close(file->fd) != 0)
		rc = err_sys(err, "%.300s", file->path);
	buf_release(&file->buf);
	free(file->path);
	*file = (struct appended){ .fd = -1 };
	return rc;
}

void
appended_unmake(struct appended *file)
{
	if (file->made)
		unlink(file->path);
	appended_close(file, NULL);
}

uint64_t
appended_length(const struct appended *file)
{
	return file->written + file->buf.len;
}

static int
appended_is_broken(const struct appended *file, struct err *err)
{
	return err_set(err, ERR_IO, "%.300s: is torn behind its byte %" PRIu64
		" and could not be cut back", file->path, file->whole);
}

int
appended_write(struct appended *file, struct err *err)
{
	if (file->broken)
		return appended_is_broken(file, err);
	if (file->buf.len == 0)
		return 0;
	if (write_all(file->fd, file->buf.data, file->buf.len) != 0)
		return err_sys(err, "%.300s", file->path);
	file->written += file->buf.len;
	buf_clear(&file->buf);
	return 0;
}

int
appended_add(struct appended *file, const void *p, size_t n, struct err *err)
{
	const char *at = p;
	size_t part;

	while (n > 0) {
		part = APPENDED_GATHER - file->buf.len;
		if (part > n)
			part = n;
		buf_add(&file->buf, at, part);
		at += part;
		n -= part;
		if (file->buf.len == APPENDED_GATHER &&
		    appended_write(file, err) != 0)
			return -1;
	}
	return 0;
}

void
appended_keep(struct appended *file)
{
	file->whole = file->written;
}

int
appended_cut(struct appended *file, struct err *err)
{
	buf_clear(&file->buf);
	/* Nobody knows how much of a failed write arrived, so always. */
	if (ftruncate(file->fd, (off_t)file->whole) != 0 ||
	    lseek(file->fd, (off_t)file->whole, SEEK_SET) < 0) {
		file->broken = 1;
		return appended_is_broken(file, err);
	}
	file->written = file->whole;
	return 0;
}

/* A name is on the disk when its folder is. */
static int
appended_sync_folder(const struct appended *file, struct err *err)
{
	const char *slash = strrchr(file->path, '/');
	char *folder;
	int fd, rc = 0;

	if (slash == NULL)
		folder = mem_strdup(".");
	else
		folder = mem_strndup(file->path, slash == file->path ? 1 :
			(size_t)(slash - file->path));
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) != 0)
		rc = err_sys(err, "%.300s", folder);
	if (fd >= 0)
		close(fd);
	free(folder);
	return rc;
}

int
appended_sync(struct appended *file, struct err *err)
{
	if (fsync(file->fd) != 0)
		return err_sys(err, "%.300s", file->path);
	if (file->made && appended_sync_folder(file, err) != 0)
		return -1;
	file->made = 0;
	return 0;
}
