/* SPDX-License-Identifier: MIT */
/*
 * Origins: one entry for each that some job has, gone with the last of them,
 * from any thread.
 */
#include "config.h"

#include <pthread.h>
#include <stdatomic.h>

#include "core/origins.h"
#include "unit.h"

static void
an_origin_is_one_entry_while_somebody_has_it(void **state)
{
	struct origins origins;
	struct origin *a, *again, *longer, *b;

	(void)state;
	origins_init(&origins);
	a = origins_get(&origins, "http://a/path", 8);
	again = origins_get(&origins, "http://a", 8);
	longer = origins_get(&origins, "http://a:81", 11);
	b = origins_get(&origins, "https://a", 9);
	assert_ptr_equal(a, again);
	assert_ptr_not_equal(a, longer);
	assert_ptr_not_equal(a, b);
	assert_string_equal(a->text, "http://a");
	assert_int_equal(a->refs, 2);
	assert_int_equal(origins.map.n, 3);
	origins_put(&origins, a);
	assert_int_equal(origins.map.n, 3);
	origins_put(&origins, again);
	assert_int_equal(origins.map.n, 2);
	origins_put(&origins, longer);
	origins_put(&origins, b);
	origins_put(&origins, NULL);
	assert_int_equal(origins.map.n, 0);
	origins_release(&origins);
}

#define THREADS 4
#define ROUNDS 2000

static void *
get_and_put(void *arg)
{
	static const char *const texts[] = { "http://a", "http://b",
		"http://c" };
	struct origin *origin;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		origin = origins_get(arg, texts[i % 3], 8);
		atomic_fetch_add(&origin->waiting, 1);
		atomic_fetch_sub(&origin->waiting, 1);
		origins_put(arg, origin);
	}
	return NULL;
}

static void
threads_share_them(void **state)
{
	struct origins origins;
	pthread_t threads[THREADS];
	int i;

	(void)state;
	origins_init(&origins);
	for (i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL,
			get_and_put, &origins), 0);
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(origins.map.n, 0);
	origins_release(&origins);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(an_origin_is_one_entry_while_somebody_has_it),
	cmocka_unit_test(threads_share_them),
};

UNIT_MAIN("core/origins", tests)
