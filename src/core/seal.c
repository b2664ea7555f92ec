/* SPDX-License-Identifier: MIT */
/*
 * seal -- a file that a later run goes on with, told by its last bytes. A
 * length alone would be true of many files, and what is behind it is cut off;
 * so nothing is done to a file before those bytes were looked at.
 */
#include "config.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/map.h"
#include "core/seal.h"

void
seal_note(struct seal *seal, const char *p, size_t n)
{
	size_t more = n < SEAL_TAIL ? n : SEAL_TAIL;
	size_t keep = seal->n < SEAL_TAIL - more ? seal->n : SEAL_TAIL - more;

	memmove(seal->tail, seal->tail + seal->n - keep, keep);
	memcpy(seal->tail + keep, p + n - more, more);
	seal->n = keep + more;
}

uint64_t
seal_number(const struct seal *seal)
{
	static const uint64_t seed[2] = { 0x6665746368616c6c, 0x7365616c };

	return seal->n == 0 ? 0 : map_hash(seed, seal->tail, seal->n) | 1;
}

/* The bytes before `offset`, where there are so many. */
static void
seal_read(struct seal *seal, const char *path, uint64_t offset)
{
	size_t n = offset < SEAL_TAIL ? (size_t)offset : SEAL_TAIL;
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd == -1)
		return;
	if (pread(fd, seal->tail, n, (off_t)(offset - n)) == (ssize_t)n)
		seal->n = n;
	close(fd);
}

static int
seal_refuse(int fd, int failed)
{
	if (fd != -1)
		close(fd);
	return failed;
}

/* Not O_CREAT where something is to be there: it would hide what is wrong. */
static int
seal_open_at(const char *path, uint64_t offset, struct err *err)
{
	int flags = O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
	struct stat st;
	int fd;

	fd = open(path, offset == 0 ? flags | O_CREAT : flags, 0666);
	if (fd == -1 || fstat(fd, &st) != 0)
		return seal_refuse(fd, err_sys(err, "%s", path));
	if (!S_ISREG(st.st_mode))
		return seal_refuse(fd, err_set(err, ERR_IO, "%s is no "
			"regular file: it cannot be gone on with", path));
	if ((uint64_t)st.st_size < offset)
		return seal_refuse(fd, err_set(err, ERR_IO, "%s is "
			"shorter than the %" PRIu64 " bytes that the state "
			"knows of it: put it back, or begin anew with another "
			"state", path, offset));
	if (ftruncate(fd, (off_t)offset) != 0 ||
	    lseek(fd, (off_t)offset, SEEK_SET) == -1)
		return seal_refuse(fd, err_sys(err, "%s", path));
	return fd;
}

int
seal_open(struct seal *ret, const char *path, uint64_t offset,
	uint64_t number, struct err *err)
{
	*ret = (struct seal){ .n = 0 };
	seal_read(ret, path, offset);
	if (number != 0 && ret->n > 0 && seal_number(ret) != number)
		return err_set(err, ERR_IO, "%s is not the file that the state "
			"knows: run it where that is, or remove the state to "
			"begin anew", path);
	return seal_open_at(path, offset, err);
}
