/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_BASE_WRITE_H
#define FETCHALL_BASE_WRITE_H

#include <stddef.h>

/* All n bytes, however many write(2)s that takes; -1 with errno, and some of
 * them may be written. For descriptors that block. */
int write_all(int fd, const void *p, size_t n);

#endif
