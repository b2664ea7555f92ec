/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_BASE_MEM_H
#define FETCHALL_BASE_MEM_H

#include <stddef.h>
#include <stdlib.h>

#include "base/err.h"

/*
 * Memory that is always there. None of these returns NULL: when the system
 * has no more, the program says so and ends with status 4 at once. What the
 * sinks wrote is whole by then, since they write whole records only. What
 * these return is ended with free().
 */
void *mem_alloc(size_t n);
/* Zeroed; n * size is checked. */
void *mem_array(size_t n, size_t size);
/* Resizes to n * size bytes, checked; new bytes are not cleared. */
void *mem_grow(void *p, size_t n, size_t size);
void *mem_dup(const void *p, size_t n);
char *mem_strdup(const char *text);
/* Exactly n bytes and a NUL. */
char *mem_strndup(const char *text, size_t n);
char *mem_printf(const char *fmt, ...) FA_PRINTF(1, 2);

#endif
