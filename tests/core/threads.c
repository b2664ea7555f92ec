/* SPDX-License-Identifier: MIT */
/*
 * threads -- they start with the stack that was asked for, and where there
 * are no more the number is lowered and nothing fails.
 */
#include "config.h"

#include "base/log.h"
#include "core/threads.h"
#include "unit.h"

#define STACK (256 * 1024)

static void *
stack_size(void *arg)
{
	pthread_attr_t attr;

	assert_int_equal(pthread_getattr_np(pthread_self(), &attr), 0);
	pthread_attr_getstacksize(&attr, arg);
	pthread_attr_destroy(&attr);
	return NULL;
}

static void
a_thread_has_the_stack_asked_for(void **state)
{
	struct threads threads;
	pthread_t thread;
	size_t size = 0;

	(void)state;
	threads_init(&threads, 3, STACK - 1);
	assert_int_equal(threads_start(&threads, 0, &thread, stack_size,
		&size), 0);
	pthread_join(thread, NULL);
	assert_int_equal(threads.max, 3);
	/* A checker wants some for itself; the system's own are larger. */
	assert_in_range(size, STACK, 8 * STACK);
	threads_release(&threads);
}

static void
where_there_are_no_more_the_number_is_lowered(void **state)
{
	struct threads threads;
	pthread_t thread;

	(void)state;
	/* No address space is that large. */
	threads_init(&threads, 100, (size_t)1 << 50);
	assert_int_equal(threads_start(&threads, 7, &thread, stack_size,
		NULL), -1);
	assert_int_equal(threads.max, 7);
	assert_true(threads.warned);
	assert_int_equal(threads_start(&threads, 0, &thread, stack_size,
		NULL), -1);
	assert_int_equal(threads.max, 1);
	threads_release(&threads);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(a_thread_has_the_stack_asked_for),
	cmocka_unit_test(where_there_are_no_more_the_number_is_lowered),
};

int
main(void)
{
	/* The warnings are meant. */
	log_set_level(LOG_LEVEL_ERROR);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("threads", tests, NULL, NULL);
}
