/* SPDX-License-Identifier: MIT */
/*
 * Jobs come out once and in turn, results come back whole, what was not begun
 * can be taken back, and a worker that sleeps is never forgotten.
 */
#include "config.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "base/mem.h"
#include "core/places.h"
#include "unit.h"

static struct places *
places_new(void)
{
	struct places *places = mem_array(1, sizeof *places);

	memset(places, 0xff, sizeof *places);
	places_init(places);
	return places;
}

static void
a_job_comes_out_and_its_result_back(void **state)
{
	struct places *places = places_new();
	char result[PLACES_BYTES], large[PLACES_BYTES];

	(void)state;
	memset(large, 'x', sizeof large);
	assert_int_equal(places_begin(places, 0), -1);
	places_put(places, 5, "job", 3);
	assert_int_equal(places_take(places, 5, result), -1);
	assert_int_equal(places_begin(places, 5), 5);
	assert_int_equal(places_begin(places, 5), -1);
	assert_int_equal(places->list[5].len, 3);
	assert_memory_equal(places->list[5].bytes, "job", 3);
	assert_int_equal(places_take(places, 5, result), -1);
	places_finish(places, 5, large, sizeof large);
	assert_int_equal(places_take(places, 5, result), PLACES_BYTES);
	assert_memory_equal(result, large, sizeof large);
	assert_int_equal(places_take(places, 5, result), -1);
	free(places);
}

static void
none_waits_for_ever_behind_others(void **state)
{
	struct places *places = places_new();

	(void)state;
	places_put(places, 0, "a", 1);
	places_put(places, 1, "b", 1);
	places_put(places, PLACES_N - 1, "c", 1);
	assert_int_equal(places_begin(places, 0), 1);
	places_put(places, 0, "again", 5);
	assert_int_equal(places_begin(places, 1), PLACES_N - 1);
	assert_int_equal(places_begin(places, PLACES_N - 1), 0);
	free(places);
}

static void
what_is_not_begun_can_be_taken_back(void **state)
{
	struct places *places = places_new();

	(void)state;
	places_put(places, 2, "a", 1);
	places_put(places, 3, "b", 1);
	assert_int_equal(places_begin(places, 0), 2);
	assert_false(places_recall(places, 2));
	assert_true(places_recall(places, 3));
	assert_false(places_recall(places, 3));
	assert_int_equal(places_begin(places, 2), -1);
	places_finish(places, 2, NULL, 0);
	assert_false(places_recall(places, 2));
	free(places);
}

static void
a_length_from_strangers_is_not_believed(void **state)
{
	struct places *places = places_new();
	char result[PLACES_BYTES];

	(void)state;
	places_put(places, 0, "a", 1);
	assert_int_equal(places_begin(places, 1), 0);
	places_finish(places, 0, "b", 1);
	places->list[0].len = UINT32_MAX;
	assert_int_equal(places_take(places, 0, result), PLACES_BYTES);
	free(places);
}

static void
one_caller_is_told_to_wake(void **state)
{
	struct places *places = places_new();

	(void)state;
	assert_false(places_must_wake(places));
	assert_true(places_may_sleep(places));
	places_put(places, 0, "a", 1);
	assert_true(places_must_wake(places));
	assert_false(places_must_wake(places));
	assert_false(places_may_sleep(places));
	assert_false(places_must_wake(places));
	free(places);
}

/* --- both sides at once --- */

#define JOBS 20000

struct pair {
	struct places *places;
	pthread_mutex_t lock;
	pthread_cond_t woken;
	int calls;
};

static void *
work(void *arg)
{
	struct pair *pair = arg;
	uint32_t number = 0, n;
	int place = 0, next;

	while (number != JOBS) {
		next = places_begin(pair->places, (size_t)place);
		if (next >= 0) {
			place = next;
			memcpy(&number, pair->places->list[place].bytes,
				sizeof number);
			n = ~number;
			places_finish(pair->places, (size_t)place, &n,
				sizeof n);
		} else if (places_may_sleep(pair->places)) {
			pthread_mutex_lock(&pair->lock);
			while (pair->calls == 0)
				pthread_cond_wait(&pair->woken, &pair->lock);
			pair->calls = 0;
			pthread_mutex_unlock(&pair->lock);
		}
	}
	return NULL;
}

static void
put(struct pair *pair, size_t place, uint32_t number)
{
	places_put(pair->places, place, &number, sizeof number);
	if (!places_must_wake(pair->places))
		return;
	pthread_mutex_lock(&pair->lock);
	pair->calls = 1;
	pthread_cond_signal(&pair->woken);
	pthread_mutex_unlock(&pair->lock);
}

/* The last number is put when all others are back: it ends the worker. */
static void
nothing_is_lost_between_two_sides(void **state)
{
	struct pair pair = {
		.places = places_new(),
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.woken = PTHREAD_COND_INITIALIZER,
	};
	uint32_t there[3] = { 0 }, number = 0, back = 0, result;
	char bytes[PLACES_BYTES];
	pthread_t thread;
	size_t i;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, work, &pair), 0);
	while (back < JOBS)
		for (i = 0; i < 3; i++) {
			if (there[i] != 0 &&
			    places_take(pair.places, i, bytes) >= 0) {
				memcpy(&result, bytes, sizeof result);
				assert_int_equal(result, ~there[i]);
				there[i] = 0;
				back++;
			}
			if (there[i] == 0 && (number < JOBS - 1 ||
			    (number == JOBS - 1 && back == JOBS - 1))) {
				there[i] = ++number;
				put(&pair, i, number);
			}
		}
	pthread_join(thread, NULL);
	free(pair.places);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(a_job_comes_out_and_its_result_back),
	cmocka_unit_test(none_waits_for_ever_behind_others),
	cmocka_unit_test(what_is_not_begun_can_be_taken_back),
	cmocka_unit_test(a_length_from_strangers_is_not_believed),
	cmocka_unit_test(one_caller_is_told_to_wake),
	cmocka_unit_test(nothing_is_lost_between_two_sides),
};

UNIT_MAIN("core/places", tests)
