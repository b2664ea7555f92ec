/* SPDX-License-Identifier: MIT */
/*
 * threads -- starting many threads, and getting by with fewer.
 *
 * The limits are many (processes of the user, tasks of the cgroup, mappings
 * and address space for stacks) and pthread_create(3) says EAGAIN for all of
 * them, so the warning lists where to look.
 */
#include "config.h"

#include <limits.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "core/threads.h"

/* The kernel forgets a joined thread a moment later than pthread_join(3). */
#define THREADS_TRIES 10
#define THREADS_PAUSE CLOCK_MS

static void
threads_raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NPROC, &limit) != 0 ||
	    limit.rlim_cur == limit.rlim_max)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NPROC, &limit);
}

void
threads_init(struct threads *threads, size_t wanted, size_t stack)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	*threads = (struct threads){ .wanted = wanted, .max = wanted };
	threads_raise_limit();
	stack = (stack + page - 1) / page * page;
	if (stack < (size_t)PTHREAD_STACK_MIN)
		stack = (size_t)PTHREAD_STACK_MIN;
	pthread_attr_init(&threads->attr);
	pthread_attr_setstacksize(&threads->attr, stack);
}

void
threads_release(struct threads *threads)
{
	pthread_attr_destroy(&threads->attr);
}

static void
threads_limit(struct threads *threads, size_t alive)
{
	threads->max = alive > 0 ? alive : 1;
	if (threads->warned || threads->max >= threads->wanted)
		return;
	threads->warned = 1;
	log_warning("only %zu at a time instead of %zu: no more "
		"threads can be started (ulimit -u, ulimit -v, pids.max of "
		"the cgroup, vm.max_map_count)", threads->max,
		threads->wanted);
}

int
threads_start(struct threads *threads, size_t alive, pthread_t *ret,
	void *(*main)(void *), void *arg)
{
	const struct timespec pause = { .tv_nsec = THREADS_PAUSE * 1000 };
	int i;

	for (i = 0; i < THREADS_TRIES; i++) {
		if (pthread_create(ret, &threads->attr, main, arg) == 0)
			return 0;
		nanosleep(&pause, NULL);
	}
	threads_limit(threads, alive);
	return -1;
}
