/* SPDX-License-Identifier: MIT */
/*
 * names_cache -- answers end when they should and the oldest go first; the
 * clock is ours.
 */
#include "config.h"

#include <stdio.h>

#include "base/clock.h"
#include "net/names_cache.h"
#include "unit.h"

static struct addrs *
addrs_with(unsigned char last)
{
	struct addr addr = { .family = 4, .bytes = { 192, 0, 2, last } };

	return addrs_new(&addr, 1);
}

static void
cache_put(struct names_cache *cache, const char *name, unsigned char last,
	int64_t until_us)
{
	struct addrs *addrs = addrs_with(last);

	names_cache_put(cache, name, strlen(name), NAMES_OK, addrs, until_us);
	addrs_unref(addrs);
}

/* The last byte of the name's address, 0 when it is not in. */
static int
cache_get(struct names_cache *cache, const char *name, int64_t now_us)
{
	struct addrs *addrs = NULL;
	int last;

	if (names_cache_get(cache, name, strlen(name), now_us, &addrs) !=
	    NAMES_OK)
		return 0;
	last = addrs->list[0].bytes[3];
	addrs_unref(addrs);
	return last;
}

static void
lives_are_bounded_both_ways(void **state)
{
	static const struct {
		enum names_status status;
		uint32_t ttl_s;
		int64_t want_s;
		const char *note;
	} rows[] = {
		{ NAMES_OK, 0, 5, "zero" },
		{ NAMES_OK, 4, 5, "short" },
		{ NAMES_OK, 77, 77, "usual" },
		{ NAMES_OK, 86400, 3600, "long" },
		{ NAMES_OK, UINT32_MAX, 3600, "longest" },
		{ NAMES_NXDOMAIN, 0, 60, "absent" },
		{ NAMES_NODATA, 9999, 60, "absent" },
		{ NAMES_SERVFAIL, 0, 10, "failed" },
		{ NAMES_REFUSED, 0, 10, "failed" },
		{ NAMES_TIMEOUT, 0, 10, "failed" },
		{ NAMES_NOSERVER, 0, 10, "failed" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		print_message("# %s\n", rows[i].note);
		assert_int_equal(names_cache_life_us(rows[i].status,
			rows[i].ttl_s), rows[i].want_s * CLOCK_SECOND);
	}
}

static void
answers_are_gone_when_their_time_is_up(void **state)
{
	struct names_cache cache;
	struct addrs *addrs = NULL;

	(void)state;
	names_cache_init(&cache, 10);
	assert_int_equal(cache_get(&cache, "a", 0), 0);
	cache_put(&cache, "a", 1, 100);
	names_cache_put(&cache, "b", 1, NAMES_NXDOMAIN, NULL, 100);
	assert_int_equal(cache_get(&cache, "a", 99), 1);
	assert_int_equal(names_cache_get(&cache, "b", 1, 99, &addrs),
		NAMES_NXDOMAIN);
	assert_null(addrs);
	assert_int_equal(cache_get(&cache, "a", 100), 0);
	assert_int_equal(names_cache_get(&cache, "b", 1, 100, &addrs),
		NAMES_PENDING);
	assert_int_equal(cache.map.n, 0);
	names_cache_release(&cache);
}

static void
a_new_answer_takes_the_place_of_the_old(void **state)
{
	struct names_cache cache;
	struct addrs *addrs = NULL;

	(void)state;
	names_cache_init(&cache, 10);
	cache_put(&cache, "a", 1, 100);
	cache_put(&cache, "a", 2, 200);
	assert_int_equal(cache_get(&cache, "a", 150), 2);
	names_cache_put(&cache, "a", 1, NAMES_TIMEOUT, NULL, 300);
	assert_int_equal(names_cache_get(&cache, "a", 1, 250, &addrs),
		NAMES_TIMEOUT);
	names_cache_release(&cache);
}

static void
failures_that_may_have_passed_can_be_doubted(void **state)
{
	struct names_cache cache;
	struct addrs *addrs = NULL;
	int64_t life_us = names_cache_life_us(NAMES_TIMEOUT, 0);

	(void)state;
	names_cache_init(&cache, 10);
	/* All learnt at 100. */
	names_cache_put(&cache, "t", 1, NAMES_TIMEOUT, NULL, life_us + 100);
	names_cache_put(&cache, "x", 1, NAMES_NXDOMAIN, NULL, life_us + 100);
	cache_put(&cache, "a", 1, life_us + 100);
	names_cache_doubt(&cache, "t", 1, 100);
	assert_int_equal(names_cache_get(&cache, "t", 1, 101, &addrs),
		NAMES_TIMEOUT);
	names_cache_doubt(&cache, "t", 1, 101);
	names_cache_doubt(&cache, "x", 1, INT64_MAX);
	names_cache_doubt(&cache, "a", 1, INT64_MAX);
	names_cache_doubt(&cache, "none", 4, INT64_MAX);
	assert_int_equal(names_cache_get(&cache, "t", 1, 101, &addrs),
		NAMES_PENDING);
	assert_int_equal(names_cache_get(&cache, "x", 1, 101, &addrs),
		NAMES_NXDOMAIN);
	assert_int_equal(cache_get(&cache, "a", 101), 1);
	names_cache_release(&cache);
}

static void
a_late_answer_only_replaces_its_own(void **state)
{
	struct addrs *mine = addrs_with(1), *late = addrs_with(2);
	struct names_cache cache;

	(void)state;
	names_cache_init(&cache, 10);
	names_cache_swap(&cache, "a", 1, mine, late, 100);
	assert_int_equal(cache_get(&cache, "a", 0), 0);
	names_cache_put(&cache, "a", 1, NAMES_OK, mine, 100);
	names_cache_swap(&cache, "a", 1, mine, late, 100);
	assert_int_equal(cache_get(&cache, "a", 0), 2);
	cache_put(&cache, "a", 3, 100);
	names_cache_swap(&cache, "a", 1, mine, late, 100);
	assert_int_equal(cache_get(&cache, "a", 0), 3);
	addrs_unref(mine);
	addrs_unref(late);
	names_cache_release(&cache);
}

static void
the_least_recently_used_makes_room(void **state)
{
	struct names_cache cache;

	(void)state;
	names_cache_init(&cache, 3);
	cache_put(&cache, "a", 1, 100);
	cache_put(&cache, "b", 2, 100);
	cache_put(&cache, "c", 3, 100);
	assert_int_equal(cache_get(&cache, "a", 0), 1);
	cache_put(&cache, "d", 4, 100);
	assert_int_equal(cache_get(&cache, "b", 0), 0);
	assert_int_equal(cache_get(&cache, "a", 0), 1);
	assert_int_equal(cache_get(&cache, "c", 0), 3);
	assert_int_equal(cache_get(&cache, "d", 0), 4);
	assert_int_equal(cache.map.n, 3);
	names_cache_release(&cache);
}

static void
a_cache_of_nothing_keeps_nothing(void **state)
{
	struct names_cache cache;

	(void)state;
	names_cache_init(&cache, 0);
	cache_put(&cache, "a", 1, 100);
	assert_int_equal(cache_get(&cache, "a", 0), 0);
	names_cache_release(&cache);
}

static void
a_full_cache_is_freed_quickly(void **state)
{
	struct names_cache cache;
	char name[32];
	int i;

	(void)state;
	names_cache_init(&cache, 100000);
	for (i = 0; i < 150000; i++) {
		snprintf(name, sizeof name, "host-%d.example", i);
		cache_put(&cache, name, 1, 100);
	}
	assert_int_equal(cache.map.n, 100000);
	assert_int_equal(cache_get(&cache, "host-49999.example", 0), 0);
	assert_int_equal(cache_get(&cache, "host-50000.example", 0), 1);
	names_cache_release(&cache);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(lives_are_bounded_both_ways),
	cmocka_unit_test(answers_are_gone_when_their_time_is_up),
	cmocka_unit_test(a_new_answer_takes_the_place_of_the_old),
	cmocka_unit_test(failures_that_may_have_passed_can_be_doubted),
	cmocka_unit_test(a_late_answer_only_replaces_its_own),
	cmocka_unit_test(the_least_recently_used_makes_room),
	cmocka_unit_test(a_cache_of_nothing_keeps_nothing),
	cmocka_unit_test(a_full_cache_is_freed_quickly),
};

UNIT_MAIN("names_cache", tests)
