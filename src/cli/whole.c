/* SPDX-License-Identifier: MIT */
/*
 * whole -- results of an hour must not replace a good file by half of one.
 */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/write.h"
#include "cli/whole.h"

/* As open(2) with 0666 would have made it; mkostemp(3) gives 0600. */
static int
whole_set_mode(int fd)
{
	mode_t mask = umask(0);

	umask(mask);
	return fchmod(fd, 0666 & ~mask);
}

static int
whole_open_temporary(struct whole *whole, struct err *err)
{
	whole->temporary = mem_printf("%s.XXXXXX", whole->path);
	whole->fd = mkostemp(whole->temporary, O_CLOEXEC);
	if (whole->fd >= 0 && whole_set_mode(whole->fd) == 0)
		return 0;
	err_sys(err, "%.300s", whole->path);
	if (whole->fd >= 0)
		unlink(whole->temporary);
	return -1;
}

/* /dev/stdout may be a regular file that the table goes to as well. */
static int
whole_is_stdout(const struct stat *st)
{
	struct stat out;

	return fstat(STDOUT_FILENO, &out) == 0 &&
		out.st_dev == st->st_dev && out.st_ino == st->st_ino;
}

static int
whole_open_place(struct whole *whole, const struct stat *st, struct err *err)
{
	if (whole_is_stdout(st))
		whole->fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
	else
		whole->fd = open(whole->path, O_WRONLY | O_CLOEXEC |
			O_NOCTTY);
	return whole->fd >= 0 ? 0 : err_sys(err, "%.300s", whole->path);
}

int
whole_open(struct whole *whole, const char *path, struct err *err)
{
	struct stat st;
	int rc;

	*whole = (struct whole){ .fd = -1 };
	/* A link stays one: what it points to is replaced. */
	whole->path = realpath(path, NULL);
	if (whole->path == NULL)
		whole->path = mem_strdup(path);
	if (stat(path, &st) != 0 ||
	    (S_ISREG(st.st_mode) && !whole_is_stdout(&st)))
		rc = whole_open_temporary(whole, err);
	else
		rc = whole_open_place(whole, &st, err);
	if (rc == 0)
		return 0;
	free(whole->temporary);
	whole->temporary = NULL;
	whole_drop(whole);
	return -1;
}

int
whole_write(struct whole *whole, const struct buf *bytes, struct err *err)
{
	if (write_all(whole->fd, buf_text(bytes), bytes->len) != 0)
		return err_sys(err, "%.300s", whole->path);
	return 0;
}

int
whole_keep(struct whole *whole, struct err *err)
{
	int rc = close(whole->fd);

	whole->fd = -1;
	if (rc == 0 && whole->temporary != NULL)
		rc = rename(whole->temporary, whole->path);
	if (rc != 0) {
		err_sys(err, "%.300s", whole->path);
		whole_drop(whole);
		return -1;
	}
	free(whole->temporary);
	whole->temporary = NULL;
	whole_drop(whole);
	return 0;
}

void
whole_drop(struct whole *whole)
{
	if (whole->fd >= 0)
		close(whole->fd);
	if (whole->temporary != NULL)
		unlink(whole->temporary);
	free(whole->temporary);
	free(whole->path);
	*whole = (struct whole){ .fd = -1 };
}

int
whole_check(const char *path, struct err *err)
{
	struct whole whole;

	if (path == NULL)
		return 0;
	if (whole_open(&whole, path, err) != 0)
		return -1;
	whole_drop(&whole);
	return 0;
}
