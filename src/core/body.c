/* SPDX-License-Identifier: MIT */
/*
 * body -- an unnamed file in its final folder that is linked into place when
 * it is whole (O_TMPFILE and linkat, see open(2)): no half file can be left
 * under a final name, whatever ends the program.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/mem.h"
#include "core/body.h"

struct body {
	int fd, folder;
	char *path;		/* for messages */
	const char *name;	/* its last part */
};

/* The folder a path is in, opened below the current one; glibc 2.36 has no
 * openat2(). -1 with errno. */
static int
body_open_folder(const char *path, const char *name)
{
	struct open_how how = {
		.flags = O_DIRECTORY | O_CLOEXEC | O_RDONLY,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
	};
	char *folder = mem_strndup(path, (size_t)(name - path));
	long fd;

	fd = syscall(SYS_openat2, AT_FDCWD, folder[0] != '\0' ? folder : ".",
		&how, sizeof how);
	free(folder);
	return (int)fd;
}

static int
body_check_name(const char *path, const char *name, struct err *err)
{
	if (path[0] == '/')
		return err_set(err, ERR_IO, "output '%s' is not below the "
			"current folder", path);
	if (name[0] == '\0' || strcmp(name, ".") == 0 ||
	    strcmp(name, "..") == 0)
		return err_set(err, ERR_IO, "output '%s' names no file", path);
	return 0;
}

struct body *
body_open(const char *path, struct err *err)
{
	struct body *body = mem_array(1, sizeof *body);
	const char *slash;

	body->fd = body->folder = -1;
	body->path = mem_strdup(path);
	slash = strrchr(body->path, '/');
	body->name = slash != NULL ? slash + 1 : body->path;
	if (body_check_name(body->path, body->name, err) != 0)
		goto fail;
	body->folder = body_open_folder(body->path, body->name);
	if (body->folder < 0) {
		/* EXDEV is how openat2(2) says that ".." would leave. */
		if (errno == EXDEV)
			err_set(err, ERR_IO, "output '%s' is not below the "
				"current folder", path);
		else
			err_sys(err, "output '%s'", path);
		goto fail;
	}
	if (faccessat(body->folder, body->name, F_OK, AT_SYMLINK_NOFOLLOW) ==
	    0) {
		err_set(err, ERR_IO, "output '%s' exists", path);
		goto fail;
	}
	body->fd = openat(body->folder, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC,
		0666);
	if (body->fd >= 0)
		return body;
	err_sys(err, "output '%s'", path);
fail:
	body_free(body);
	return NULL;
}

void
body_free(struct body *body)
{
	if (body == NULL)
		return;
	if (body->fd >= 0)
		close(body->fd);
	if (body->folder >= 0)
		close(body->folder);
	free(body->path);
	free(body);
}

int
body_fd(const struct body *body)
{
	return body->fd;
}

int
body_write(void *arg, const void *p, size_t n)
{
	const struct body *body = arg;
	const char *at = p;
	ssize_t done;

	while (n > 0) {
		done = write(body->fd, at, n);
		if (done < 0 && errno != EINTR)
			return -1;
		if (done > 0) {
			at += done;
			n -= (size_t)done;
		}
	}
	return 0;
}

int
body_restart(struct body *body)
{
	if (ftruncate(body->fd, 0) != 0)
		return -1;
	return lseek(body->fd, 0, SEEK_SET) == 0 ? 0 : -1;
}

int
body_keep(struct body *body, struct err *err)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/self/fd/%d", body->fd);
	if (linkat(AT_FDCWD, path, body->folder, body->name,
	    AT_SYMLINK_FOLLOW) == 0)
		return 0;
	if (errno == EEXIST)
		return err_set(err, ERR_IO, "output '%s' exists", body->path);
	return err_sys(err, "output '%s'", body->path);
}
