/* SPDX-License-Identifier: MIT */
/*
 * budget -- how much may be held, who waits when it is full, and that what a
 * killed child held comes back.
 */
#include "config.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "core/budget.h"
#include "unit.h"

#define LIMIT 1000u
#define FILES (4 * LIMIT)

static struct budget *
budget_open(uint64_t limit)
{
	struct budget *budget = budget_new(limit, 8, NULL);

	assert_non_null(budget);
	return budget;
}

static void
fetches_begin_below_three_quarters(void **state)
{
	struct budget *budget = budget_open(LIMIT);

	(void)state;
	assert_true(budget_admits(budget));
	budget_enter(budget, 0);
	assert_int_equal(budget_charge(budget, 0, 749), 0);
	assert_true(budget_admits(budget));
	assert_int_equal(budget_charge(budget, 0, 1), 0);
	assert_false(budget_admits(budget));
	budget_leave(budget, 0);
	assert_true(budget_admits(budget));
	budget_free(budget);
}

static void
full_files_keep_fetches_from_beginning_too(void **state)
{
	struct budget *budget = budget_open(LIMIT);

	(void)state;
	budget_enter(budget, 0);
	budget_charge_file(budget, 0, 3 * LIMIT - 1);
	assert_true(budget_admits(budget));
	budget_charge_file(budget, 0, 1);
	assert_false(budget_admits(budget));
	budget_leave(budget, 0);
	assert_true(budget_admits(budget));
	budget_free(budget);
}

static void
memory_ends_at_the_limit(void **state)
{
	struct budget *budget = budget_open(LIMIT);

	(void)state;
	budget_enter(budget, 0);
	budget_enter(budget, 1);
	assert_int_equal(budget_charge(budget, 0, LIMIT - 1), 0);
	assert_int_equal(budget_charge(budget, 1, 2), -1);
	assert_int_equal(budget_charge(budget, 1, UINT64_MAX), -1);
	assert_int_equal(budget_charge(budget, 1, 1), 0);
	assert_int_equal(budget_held(budget), LIMIT);
	assert_int_equal(budget_charge(budget, 0, 1), -1);

	budget_spill(budget, 0);
	assert_int_equal(budget_held(budget), 1);
	assert_int_equal(budget_charge(budget, 1, LIMIT - 1), 0);
	budget_leave(budget, 0);
	budget_leave(budget, 1);
	assert_int_equal(budget_held(budget), 0);
	assert_int_equal(budget_peak(budget), LIMIT);
	budget_free(budget);
}

static void
nobody_waits_while_files_have_room(void **state)
{
	struct budget *budget = budget_open(LIMIT);

	(void)state;
	budget_enter(budget, 0);
	budget_enter(budget, 1);
	assert_int_equal(budget_charge(budget, 0, LIMIT), 0);
	budget_charge_file(budget, 1, FILES - 1);
	assert_false(budget_must_wait(budget, 0));
	assert_false(budget_must_wait(budget, 1));
	budget_free(budget);
}

/* And whoever leaves and enters again is the youngest. */
static void
the_oldest_never_waits(void **state)
{
	struct budget *budget = budget_open(LIMIT);
	static const size_t by_age[] = { 5, 2, 7, 0, 5 };
	size_t i, j;

	(void)state;
	for (i = 0; i < 4; i++)
		budget_enter(budget, by_age[i]);
	for (i = 0; i < 4; i++) {
		budget_charge_file(budget, by_age[i + 1], FILES);
		for (j = i; j < i + 4 && j < 5; j++)
			assert_int_equal(budget_must_wait(budget, by_age[j]),
				j > i);
		budget_leave(budget, by_age[i]);
		if (i == 0) {
			budget_enter(budget, by_age[4]);
			budget_charge_file(budget, by_age[4], FILES);
		}
	}
	budget_free(budget);
}

static void
to_enter_twice_makes_nobody_younger(void **state)
{
	struct budget *budget = budget_open(LIMIT);

	(void)state;
	budget_enter(budget, 0);
	budget_enter(budget, 1);
	budget_enter(budget, 0);
	budget_charge_file(budget, 1, FILES);
	assert_false(budget_must_wait(budget, 0));
	assert_true(budget_must_wait(budget, 1));
	budget_free(budget);
}

/* With no room for a byte one at a time goes on. */
static void
where_nothing_is_held_a_fetch_may_begin(void **state)
{
	struct budget *budget = budget_open(0);

	(void)state;
	assert_true(budget_admits(budget));
	budget_enter(budget, 3);
	assert_false(budget_admits(budget));
	assert_int_equal(budget_charge(budget, 3, 1), -1);
	assert_false(budget_must_wait(budget, 3));
	budget_leave(budget, 3);
	assert_true(budget_admits(budget));
	budget_free(budget);
}

static void
a_killed_childs_bytes_come_back(void **state)
{
	struct budget *budget = budget_open(LIMIT);
	pid_t child;

	(void)state;
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		budget_enter(budget, 1);
		budget_charge(budget, 1, LIMIT / 2);
		budget_spill(budget, 1);
		budget_charge(budget, 1, LIMIT);
		budget_charge_file(budget, 1, FILES);
		kill(getpid(), SIGKILL);
	}
	assert_int_equal(waitpid(child, NULL, 0), child);
	budget_enter(budget, 0);
	assert_int_equal(budget_held(budget), LIMIT);
	assert_int_equal(budget_charge(budget, 0, 1), -1);
	assert_true(budget_must_wait(budget, 0));
	budget_leave(budget, 1);
	assert_int_equal(budget_held(budget), 0);
	assert_int_equal(budget_charge(budget, 0, LIMIT), 0);
	assert_false(budget_must_wait(budget, 0));
	budget_free(budget);
}

/* Each in a process of its own and for longer than the test may take. */
static void
who_waits_is_woken_when_another_leaves(void **state)
{
	struct budget *budget = budget_open(LIMIT);
	int64_t began_us = clock_us();
	pid_t children[3];
	size_t i;
	int status;

	(void)state;
	budget_enter(budget, 0);
	budget_charge_file(budget, 0, FILES);
	for (i = 0; i < 3; i++) {
		budget_enter(budget, i + 1);
		children[i] = fork();
		assert_true(children[i] >= 0);
		if (children[i] > 0)
			continue;
		while (budget_must_wait(budget, i + 1))
			budget_wait(budget, i + 1, 600 * CLOCK_SECOND);
		_exit(0);
	}
	budget_leave(budget, 0);
	for (i = 0; i < 3; i++) {
		assert_int_equal(waitpid(children[i], &status, 0),
			children[i]);
		assert_int_equal(status, 0);
	}
	assert_true(clock_us() - began_us < 60 * CLOCK_SECOND);
	budget_free(budget);
}

static void
a_wait_ends_by_itself(void **state)
{
	struct budget *budget = budget_open(LIMIT);

	(void)state;
	budget_enter(budget, 0);
	budget_enter(budget, 1);
	budget_charge_file(budget, 0, FILES);
	budget_wait(budget, 1, 1000);
	budget_wait(budget, 1, 0);
	assert_true(budget_must_wait(budget, 1));
	budget_free(budget);
}

/* Or it could be one that waits for it. */
static void
one_that_rests_is_charged_for_and_not_the_oldest(void **state)
{
	struct budget *budget = budget_open(LIMIT);

	(void)state;
	budget_rest(budget, 0);
	assert_true(budget_admits(budget));
	budget_enter(budget, 0);
	budget_charge_file(budget, 0, FILES);
	budget_enter(budget, 1);
	budget_enter(budget, 2);
	assert_true(budget_must_wait(budget, 1));
	budget_rest(budget, 0);
	assert_false(budget_must_wait(budget, 1));
	assert_true(budget_must_wait(budget, 2));
	budget_rest(budget, 1);
	assert_false(budget_must_wait(budget, 2));
	budget_rest(budget, 2);
	/* One that was not there when all of them rested. */
	assert_false(budget_admits(budget));
	budget_enter(budget, 3);
	assert_false(budget_must_wait(budget, 3));
	budget_leave(budget, 3);
	assert_false(budget_admits(budget));
	budget_leave(budget, 0);
	budget_leave(budget, 1);
	budget_leave(budget, 2);
	assert_true(budget_admits(budget));
	budget_free(budget);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(fetches_begin_below_three_quarters),
	cmocka_unit_test(full_files_keep_fetches_from_beginning_too),
	cmocka_unit_test(memory_ends_at_the_limit),
	cmocka_unit_test(nobody_waits_while_files_have_room),
	cmocka_unit_test(the_oldest_never_waits),
	cmocka_unit_test(to_enter_twice_makes_nobody_younger),
	cmocka_unit_test(where_nothing_is_held_a_fetch_may_begin),
	cmocka_unit_test(a_killed_childs_bytes_come_back),
	cmocka_unit_test(who_waits_is_woken_when_another_leaves),
	cmocka_unit_test(a_wait_ends_by_itself),
	cmocka_unit_test(one_that_rests_is_charged_for_and_not_the_oldest),
};

UNIT_MAIN("budget", tests)
