/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CORE_THREADS_H
#define FETCHALL_CORE_THREADS_H

#include <pthread.h>
#include <stddef.h>

/*
 * The threads of a strategy: small stacks, and where the system has no more
 * of them the run goes on with those there are.
 */
struct threads {
	pthread_attr_t attr;
	size_t wanted;
	size_t max;		/* no more than this can be alive */
	int warned;
};

/* `stack` in bytes; what the system needs more is added. */
void threads_init(struct threads *threads, size_t wanted, size_t stack);
void threads_release(struct threads *threads);

/*
 * Starts one, for the caller to join. -1 when none can be started beside the
 * `alive` ones: max is lowered to that, and the first time a warning says so.
 */
int threads_start(struct threads *threads, size_t alive, pthread_t *ret,
	void *(*main)(void *), void *arg);

#endif
