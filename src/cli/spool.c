/* SPDX-License-Identifier: MIT */
/*
 * spool -- a copy of standard input that can be read again and again.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cli/spool.h"
#include "core/output.h"

static int
spool_open(struct err *err)
{
	const char *folder = getenv("TMPDIR");
	int fd;

	if (folder == NULL || folder[0] == '\0')
		folder = "/tmp";
	fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	/* Some file systems have no unnamed files; memory always has. */
	if (fd < 0)
		fd = memfd_create("fetchall-list", MFD_CLOEXEC);
	if (fd < 0)
		err_sys(err, "cannot keep standard input in %s", folder);
	return fd;
}

int
spool_stdin(struct err *err)
{
	struct output *output;
	char block[65536];
	int fd = spool_open(err), rc = 0;
	ssize_t n;

	if (fd < 0)
		return -1;
	output = output_new(fd, "the copy of standard input");
	while (rc == 0 && (n = read(STDIN_FILENO, block, sizeof block)) != 0) {
		if (n < 0 && errno != EINTR)
			rc = err_sys(err, "standard input");
		else if (n > 0 && (rc = buf_add(output_buf(output), block,
		    (size_t)n)) == 0)
			rc = output_record(output, err);
	}
	if (rc == 0)
		rc = output_commit(output, err);
	output_free(output);
	if (rc == 0)
		return fd;
	close(fd);
	return -1;
}
