/* SPDX-License-Identifier: MIT */
/*
 * grow -- for LD_PRELOAD: the program takes GROW_MIB MiB of memory when it
 * starts its first thread.
 *
 * A run has long made the process that its children are forked from by then,
 * so this is a run that has grown, and forking is to cost what it did.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>

#define GROW_PAGE 4096

static void
grow(void)
{
	const char *mib = getenv("GROW_MIB");
	size_t size = mib != NULL ? strtoul(mib, NULL, 10) << 20 : 0, i;
	volatile char *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		abort();
	for (i = 0; i < size; i += GROW_PAGE)
		p[i] = 1;
}

int
pthread_create(pthread_t *thread, const pthread_attr_t *attr,
	void *(*start)(void *), void *arg)
{
	static atomic_flag grown = ATOMIC_FLAG_INIT;
	int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *),
		void *) = dlsym(RTLD_NEXT, "pthread_create");

	if (!atomic_flag_test_and_set(&grown))
		grow();
	return real(thread, attr, start, arg);
}
