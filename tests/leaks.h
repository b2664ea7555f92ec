/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_TESTS_LEAKS_H
#define FETCHALL_TESTS_LEAKS_H

/* For tests of what starts commands: what such a thing may leave behind. */
#include <dirent.h>
#include <errno.h>
#include <sys/wait.h>

#include "unit.h"

static inline size_t
leaks_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	size_t n = 0;

	assert_non_null(dir);
	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n;
}

/* No child, be it alive or a zombie. */
static inline void
leaks_no_child(void)
{
	errno = 0;
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

#endif
