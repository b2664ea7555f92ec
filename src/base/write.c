/* SPDX-License-Identifier: MIT */
/*
 * write -- write(2) may take less than it was given, or be interrupted by a
 * signal before it took anything.
 */
#include "config.h"

#include <errno.h>
#include <unistd.h>

#include "base/write.h"

int
write_all(int fd, const void *p, size_t n)
{
	const char *at = p;
	ssize_t done;

	while (n > 0) {
		done = write(fd, at, n);
		if (done < 0 && errno != EINTR)
			return -1;
		if (done > 0) {
			at += done;
			n -= (size_t)done;
		}
	}
	return 0;
}
