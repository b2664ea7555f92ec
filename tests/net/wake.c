/* SPDX-License-Identifier: MIT */
/*
 * wake -- one write a round, and no wake-up is ever lost.
 */
#include "config.h"

#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <unistd.h>

#include "net/wake.h"
#include "unit.h"

#define WORKERS 3
#define ROUNDS 20000

static int
readable(const struct wake *wake, int timeout_ms)
{
	struct pollfd ready = { .fd = wake->fd, .events = POLLIN };

	return poll(&ready, 1, timeout_ms) == 1;
}

static void
it_is_written_once_until_it_is_cleared(void **state)
{
	struct wake wake;
	uint64_t count = 0;
	int i;

	(void)state;
	assert_int_equal(wake_open(&wake, NULL), 0);
	assert_false(readable(&wake, 0));
	for (i = 0; i < 5; i++)
		wake_set(&wake);
	assert_true(readable(&wake, 0));
	wake_clear(&wake);
	assert_false(readable(&wake, 0));
	wake_clear(&wake);
	for (i = 0; i < 5; i++)
		wake_set(&wake);
	assert_int_equal(read(wake.fd, &count, sizeof count), sizeof count);
	assert_int_equal(count, 1);
	wake_close(&wake);
	wake_close(&wake);
}

/*
 * Says a number, waits until it was heard, says the next. `said` is plain
 * memory where one worker alone talks, so that a thread checker sees whether
 * wake orders it.
 */
struct worker {
	pthread_t thread;
	struct wake *wake;
	int said;
	atomic_int said_loosely, heard;
};

static void *
worker_main(void *arg)
{
	struct worker *worker = arg;
	int i;

	for (i = 1; i <= ROUNDS; i++) {
		worker->said = i;
		atomic_store_explicit(&worker->said_loosely, i,
			memory_order_relaxed);
		wake_set(worker->wake);
		while (atomic_load(&worker->heard) != i)
			sched_yield();
	}
	return NULL;
}

static void
what_came_before_is_seen(void **state)
{
	struct worker worker;
	struct wake wake;
	int i;

	(void)state;
	assert_int_equal(wake_open(&wake, NULL), 0);
	worker = (struct worker){ .wake = &wake };
	assert_int_equal(pthread_create(&worker.thread, NULL, worker_main,
		&worker), 0);
	for (i = 1; i <= ROUNDS; i++) {
		assert_true(readable(&wake, 60000));
		wake_clear(&wake);
		assert_int_equal(worker.said, i);
		atomic_store(&worker.heard, i);
	}
	pthread_join(worker.thread, NULL);
	wake_close(&wake);
}

/* Each worker stays silent until it is heard: one lost wake-up stops it. */
static void
no_wake_up_is_lost(void **state)
{
	struct worker workers[WORKERS];
	struct wake wake;
	int left = WORKERS * ROUNDS, said, i;

	(void)state;
	assert_int_equal(wake_open(&wake, NULL), 0);
	for (i = 0; i < WORKERS; i++) {
		workers[i] = (struct worker){ .wake = &wake };
		assert_int_equal(pthread_create(&workers[i].thread, NULL,
			worker_main, &workers[i]), 0);
	}
	while (left > 0) {
		assert_true(readable(&wake, 60000));
		wake_clear(&wake);
		for (i = 0; i < WORKERS; i++) {
			said = atomic_load_explicit(&workers[i].said_loosely,
				memory_order_relaxed);
			left -= said != atomic_load(&workers[i].heard);
			atomic_store(&workers[i].heard, said);
		}
	}
	for (i = 0; i < WORKERS; i++)
		pthread_join(workers[i].thread, NULL);
	wake_close(&wake);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(it_is_written_once_until_it_is_cleared),
	cmocka_unit_test(what_came_before_is_seen),
	cmocka_unit_test(no_wake_up_is_lost),
};

UNIT_MAIN("wake", tests)
