/* SPDX-License-Identifier: MIT */
/*
 * slots -- what they cost: addresses where there are any, and memory only
 * where something was written, and no longer than that.
 */
#include "config.h"

#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/slots.h"
#include "unit.h"

#define KIB ((size_t)1024)
#define MIB (1024 * KIB)

/* Bytes of a slot that have memory. */
static size_t
resident(const struct slots *slots, size_t slot)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), i, n = 0;
	size_t pages = slots_size(slots) / page;
	unsigned char *map = test_malloc(pages);

	assert_int_equal(mincore(slots_at(slots, slot), slots_size(slots),
		map), 0);
	for (i = 0; i < pages; i++)
		n += map[i] & 1;
	test_free(map);
	return n * page;
}

static void
fill(struct slots *slots, size_t slot, size_t n)
{
	slots_touch(slots, slot, n);
	memset(slots_at(slots, slot), 'x', n);
}

static void
each_is_taken_once(void **state)
{
	struct slots *slots = slots_new(3, 1, NULL);
	size_t taken[3], i, seen = 0;

	(void)state;
	assert_non_null(slots);
	for (i = 0; i < 3; i++) {
		assert_true(slots_left(slots));
		taken[i] = slots_take(slots);
		assert_in_range(taken[i], 0, 2);
		seen |= (size_t)1 << taken[i];
	}
	assert_int_equal(seen, 7);
	assert_false(slots_left(slots));
	assert_int_equal(slots_take(slots), SLOTS_NONE);
	slots_give(slots, taken[1]);
	assert_int_equal(slots_take(slots), taken[1]);
	slots_free(slots);
}

/* What was written to lately is the next to be written to. */
static void
the_last_given_is_the_next_taken(void **state)
{
	struct slots *slots = slots_new(100, MIB, NULL);
	size_t a, b;

	(void)state;
	a = slots_take(slots);
	b = slots_take(slots);
	slots_give(slots, a);
	slots_give(slots, b);
	assert_int_equal(slots_take(slots), b);
	assert_int_equal(slots_take(slots), a);
	slots_free(slots);
}

static void
a_short_body_leaves_its_memory_to_the_next(void **state)
{
	struct slots *slots = slots_new(2, 16 * MIB, NULL);
	size_t slot = slots_take(slots);

	(void)state;
	assert_int_equal(resident(slots, slot), 0);
	fill(slots, slot, 64 * KIB);
	assert_int_equal(resident(slots, slot), 64 * KIB);
	slots_give(slots, slot);
	assert_int_equal(resident(slots, slot), 64 * KIB);
	slots_free(slots);
}

static void
a_long_bodys_memory_goes_back(void **state)
{
	struct slots *slots = slots_new(2, 16 * MIB, NULL);
	size_t slot = slots_take(slots);

	(void)state;
	fill(slots, slot, 16 * MIB);
	assert_int_equal(resident(slots, slot), 16 * MIB);
	slots_give(slots, slot);
	assert_in_range(resident(slots, slot), 1, MIB);
	assert_int_equal(slots_take(slots), slot);
	slots_drop(slots, slot);
	assert_int_equal(resident(slots, slot), 0);
	slots_free(slots);
}

/* What is kept counts while the slot is in use again, too. */
static void
what_all_of_them_keep_is_bounded(void **state)
{
	enum { N = 64 };
	struct slots *slots = slots_new(N, MIB, NULL);
	size_t i, all, round;

	(void)state;
	for (round = 0; round < 3; round++) {
		for (i = 0; i < N; i++)
			fill(slots, slots_take(slots), MIB);
		for (i = 0; i < N; i++)
			slots_give(slots, (i + round * 7) % N);
		for (all = i = 0; i < N; i++)
			all += resident(slots, i);
		assert_int_equal(all, 32 * MIB);
	}
	slots_free(slots);
}

static void
what_another_process_wrote_goes_back(void **state)
{
	struct slots *slots = slots_new(2, 16 * MIB, NULL);
	size_t slot = slots_take(slots);
	pid_t child = fork();

	(void)state;
	assert_true(child >= 0);
	if (child == 0) {
		fill(slots, slot, 8 * MIB);
		_exit(0);
	}
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_int_equal(resident(slots, slot), 8 * MIB);
	assert_int_equal(slots_at(slots, slot)[8 * MIB - 1], 'x');
	slots_give(slots, slot);
	assert_in_range(resident(slots, slot), 1, MIB);
	slots_free(slots);
}

static void
ten_thousand_of_256_mib_cost_nothing(void **state)
{
	struct slots *slots = slots_new(10000, 256 * MIB, NULL);

	(void)state;
	assert_non_null(slots);
	assert_int_equal(slots_count(slots), 10000);
	fill(slots, slots_take(slots), 1);
	fill(slots, 9999, 1);
	slots_free(slots);
}

/* 0: they were made smaller, and left addresses for others. */
static int
try_few_addresses(size_t spare)
{
	FILE *f = fopen("/proc/self/statm", "r");
	struct rlimit limit;
	struct slots *slots;
	unsigned long pages;
	int n;

	if (f == NULL)
		return 1;
	n = fscanf(f, "%lu", &pages);
	fclose(f);
	limit.rlim_cur = limit.rlim_max =
		pages * (unsigned long)sysconf(_SC_PAGESIZE) + spare;
	if (n != 1 || setrlimit(RLIMIT_AS, &limit) != 0)
		return 2;
	slots = slots_new(10000, 256 * MIB, NULL);
	if (slots == NULL)
		return 3;
	if (slots_size(slots) >= spare / 10000 ||
	    slots_size(slots) * 10000 > spare / 2)
		return 4;
	fill(slots, 9999, slots_size(slots));
	return 0;
}

static int
few_addresses(size_t spare)
{
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0)
		_exit(try_few_addresses(spare));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void
where_addresses_are_few_they_are_smaller(void **state)
{
	(void)state;
	assert_int_equal(few_addresses(2048 * MIB), 0);
}

static void
where_there_is_not_a_page_for_each_it_is_an_error(void **state)
{
	(void)state;
	assert_int_equal(few_addresses(16 * MIB), 3);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(each_is_taken_once),
	cmocka_unit_test(the_last_given_is_the_next_taken),
	cmocka_unit_test(a_short_body_leaves_its_memory_to_the_next),
	cmocka_unit_test(a_long_bodys_memory_goes_back),
	cmocka_unit_test(what_all_of_them_keep_is_bounded),
	cmocka_unit_test(what_another_process_wrote_goes_back),
	cmocka_unit_test(ten_thousand_of_256_mib_cost_nothing),
	cmocka_unit_test(where_addresses_are_few_they_are_smaller),
	cmocka_unit_test(where_there_is_not_a_page_for_each_it_is_an_error),
};

UNIT_MAIN("slots", tests)
