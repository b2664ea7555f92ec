/* SPDX-License-Identifier: MIT */
/*
 * state_file -- a look at the file of a state before SQLite gets it.
 *
 * SQLite would roll back, recover or clean up a database of anybody's on
 * opening it, and take a file that lost its first page for a new one. So the
 * first 100 bytes (see "The Database Header" in SQLite's file format) are
 * looked at here, with nothing written.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "core/state_file.h"

#define STATE_FILE_HEADER 100

static uint32_t
state_file_number(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
		(uint32_t)p[2] << 8 | p[3];
}

static int
state_file_damaged(const char *path, const char *how, struct err *err)
{
	return err_set(err, ERR_USAGE, "%s is damaged (%s): remove it to begin "
		"anew", path, how);
}

/* Bytes 18 and 19 say 2 for a database with a write-ahead log; ours says 1
 * only until it is complete. */
static int
state_file_check_header(const char *path, const unsigned char *header,
	int wal, struct err *err)
{
	uint32_t format = state_file_number(header + 60);

	if (memcmp(header, "SQLite format 3", 16) != 0 ||
	    state_file_number(header + 68) != STATE_FILE_ID)
		return err_set(err, ERR_USAGE, "%s is no state of a run: name "
			"another file", path);
	if (format != STATE_FILE_FORMAT)
		return err_set(err, ERR_USAGE, "%s has format %" PRIu32
			", and this fetchall knows format %d: go on with the "
			"one that made it, or remove it to begin anew", path,
			format, STATE_FILE_FORMAT);
	if (header[18] != header[19] || header[18] < 1 || header[18] > 2 ||
	    (header[18] == 1 && wal))
		return state_file_damaged(path, "its header is wrong", err);
	return 0;
}

static int
state_file_check_old(const char *path, int fd, int wal, struct err *err)
{
	unsigned char header[STATE_FILE_HEADER];
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st) != 0)
		return err_sys(err, "%s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_USAGE, "%s is no file: name another "
			"one for the state", path);
	n = pread(fd, header, sizeof header, 0);
	if (n < 0)
		return err_sys(err, "%s", path);
	if (n == 0 && wal)
		return state_file_damaged(path, "it is empty", err);
	if (n == 0)
		return fchmod(fd, 0600) == 0 ? 0 : err_sys(err, "%s", path);
	if (n < STATE_FILE_HEADER)
		memset(header + n, 0, (size_t)(STATE_FILE_HEADER - n));
	return state_file_check_header(path, header, wal, err);
}

static int
state_file_has_log(const char *log)
{
	struct stat st;

	return stat(log, &st) == 0 && st.st_size > 0;
}

/* A log without its database is left of one that was removed. Only who made
 * the file removes it: nobody else can have begun a new one by then. */
static int
state_file_make(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOCTTY,
		0600);
	char *log;

	if (fd < 0)
		return -1;
	log = mem_printf("%s-wal", path);
	unlink(log);
	free(log);
	return fd;
}

int
state_file_check(const char *path, char **ret_real, int *ret_wal,
	struct err *err)
{
	int fd = state_file_make(path), rc;
	char *real, *log;

	if (fd < 0 && errno == EEXIST)
		fd = open(path, O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0 && errno == EISDIR)
		return err_set(err, ERR_USAGE, "%s is a folder: name a file "
			"for the state", path);
	if (fd < 0)
		return err_sys(err, "%s", path);
	real = realpath(path, NULL);
	if (real == NULL) {
		rc = err_sys(err, "%s", path);
		close(fd);
		return rc;
	}
	log = mem_printf("%s-wal", real);
	*ret_wal = state_file_has_log(log);
	free(log);
	rc = state_file_check_old(path, fd, *ret_wal, err);
	close(fd);
	if (rc != 0) {
		free(real);
		return rc;
	}
	*ret_real = real;
	return 0;
}

int
state_file_sync_folder(const char *path, struct err *err)
{
	char *copy = mem_strdup(path);
	const char *folder = dirname(copy);
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = 0;

	if (fd < 0 || fsync(fd) != 0)
		rc = err_sys(err, "%s", folder);
	if (fd >= 0)
		close(fd);
	free(copy);
	return rc;
}
