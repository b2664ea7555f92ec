/* SPDX-License-Identifier: MIT */
/*
 * mem -- allocation that never returns NULL.
 *
 * A fetcher whose allocator says no cannot finish its list; unwinding from
 * hundreds of places would be code that nobody runs. Ending at once is safe
 * because outputs are written in whole records.
 */
#include "config.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

static void __attribute__((noreturn))
mem_exhausted(void)
{
	static const char text[] = "fetchall: error: out of memory\n";
	ssize_t n = write(STDERR_FILENO, text, sizeof text - 1);

	(void)n;
	_exit(err_status(ERR_SYSTEM));
}

static size_t
mem_size(size_t n, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(n, size, &total) || total > PTRDIFF_MAX)
		mem_exhausted();
	return total > 0 ? total : 1;
}

void *
mem_alloc(size_t n)
{
	void *p = malloc(mem_size(n, 1));

	if (p == NULL)
		mem_exhausted();
	return p;
}

void *
mem_array(size_t n, size_t size)
{
	void *p = calloc(1, mem_size(n, size));

	if (p == NULL)
		mem_exhausted();
	return p;
}

void *
mem_grow(void *p, size_t n, size_t size)
{
	void *q = realloc(p, mem_size(n, size));

	if (q == NULL)
		mem_exhausted();
	return q;
}

void *
mem_dup(const void *p, size_t n)
{
	void *q = mem_alloc(n);

	if (n > 0)
		memcpy(q, p, n);
	return q;
}

char *
mem_strdup(const char *text)
{
	return mem_dup(text, strlen(text) + 1);
}

char *
mem_strndup(const char *text, size_t n)
{
	char *copy = mem_alloc(n + 1);

	if (n > 0)
		memcpy(copy, text, n);
	copy[n] = '\0';
	return copy;
}

char *
mem_printf(const char *fmt, ...)
{
	char *text = NULL;
	va_list args;
	int n;

	va_start(args, fmt);
	n = vasprintf(&text, fmt, args);
	va_end(args);
	if (n < 0)
		mem_exhausted();
	return text;
}
