/* SPDX-License-Identifier: MIT */
/*
 * Who is compared, and in which order the runs are made.
 */
#include "config.h"

#include <stdio.h>

#include "cli/contest.h"
#include "cli/options.h"
#include "core/strategy.h"
#include "unit.h"

static uint64_t numbers[] = { 1, 4 };
static const struct opt_counts one = { numbers, 1 }, two = { numbers, 2 };

static struct contest
contest_of(const char *text, const struct opt_counts *concurrency)
{
	struct contest contest;
	struct err err = { 0 };

	if (contest_init(&contest, text, concurrency, &err) != 0)
		fail_msg("%s", err.text);
	return contest;
}

static void
all_is_every_strategy_in_the_familys_order(void **state)
{
	struct contest contest = contest_of("all", &one);
	size_t i;

	(void)state;
	for (i = 0; strategies[i] != NULL; i++) {
		assert_true(i < contest.n);
		assert_string_equal(contest.contenders[i].label,
			strategies[i]->name);
	}
	assert_int_equal(contest.n, i);
	contest_release(&contest);
}

static void
names_that_make_no_sense_are_refused(void **state)
{
	static const struct {
		const char *note, *text, *says;
	} cases[] = {
		{ "unknown, with the nearest", "asynk", "mean 'async'" },
		{ "unknown among others", "serial,nothing", "'nothing'" },
		{ "twice", "async,serial,async", "'async' is named twice" },
		{ "all and one more", "all,serial", "all is every" },
		{ "one more and all", "serial,all", "all is every" },
		{ "none", "", "''" },
		{ "none behind the comma", "serial,", "''" },
	};
	struct contest contest;
	struct err err;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		print_message("# %s\n", cases[i].note);
		assert_int_equal(contest_init(&contest, cases[i].text, &two,
			&err), -1);
		assert_int_equal(err.code, ERR_USAGE);
		assert_non_null(strstr(err.text, "--strategy: "));
		assert_non_null(strstr(err.text, cases[i].says));
	}
}

static void
a_sweep_has_every_combination(void **state)
{
	struct contest contest = contest_of("serial,async", &two);

	(void)state;
	assert_true(contest.sweep);
	assert_int_equal(contest.n, 3);
	/* One fetch at a time is that whatever -c says. */
	assert_string_equal(contest.contenders[0].label, "serial");
	assert_string_equal(contest.contenders[1].label, "async -c 1");
	assert_string_equal(contest.contenders[2].label, "async -c 4");
	assert_int_equal(contest.contenders[2].concurrency, 4);
	contest_release(&contest);
}

/* "a" to "c" are runs of each contender, capitals warm-ups. */
static void
expect_plan(int order, uint64_t seed, const char *steps)
{
	const struct options_compare compare = {
		.runs = 3, .warmup = 1, .order = order, .seed = seed,
	};
	struct contest contest = contest_of("async,serial", &one);
	char made[32] = "";
	size_t i;

	contest_plan(&contest, &compare, 99);
	assert_true(contest.n_steps < sizeof made);
	for (i = 0; i < contest.n_steps; i++)
		made[i] = (char)((contest.steps[i].warmup ? 'A' : 'a') +
			(int)contest.steps[i].contender);
	if (steps != NULL)
		assert_string_equal(made, steps);
	assert_int_equal(contest.n_steps, 8);
	assert_int_equal(contest.seed, order != ORDER_SHUFFLE ? 0 :
		seed != 0 ? seed : 99);
	contest_release(&contest);
}

static void
runs_come_in_the_order_asked_for(void **state)
{
	(void)state;
	expect_plan(ORDER_INTERLEAVE, 0, "ABababab");
	expect_plan(ORDER_BLOCK, 0, "AaaaBbbb");
	expect_plan(ORDER_SHUFFLE, 0, NULL);
}

static void
a_shuffle_is_its_seeds_and_loses_nothing(void **state)
{
	const struct options_compare compare = {
		.runs = 50, .order = ORDER_SHUFFLE, .seed = 7,
	};
	struct contest a = contest_of("async,serial", &one);
	struct contest b = contest_of("async,serial", &one);
	size_t firsts = 0, changes = 0, i;

	(void)state;
	contest_plan(&a, &compare, 1);
	contest_plan(&b, &compare, 2);
	for (i = 0; i < a.n_steps; i++) {
		assert_int_equal(a.steps[i].contender, b.steps[i].contender);
		firsts += a.steps[i].contender == 0;
		changes += a.steps[i].contender != (i & 1);
	}
	assert_int_equal(a.n_steps, 100);
	assert_int_equal(firsts, 50);
	/* Something between the orderly 0 and its mirror 100. */
	assert_in_range(changes, 20, 80);
	contest_release(&a);
	contest_release(&b);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(all_is_every_strategy_in_the_familys_order),
	cmocka_unit_test(names_that_make_no_sense_are_refused),
	cmocka_unit_test(a_sweep_has_every_combination),
	cmocka_unit_test(runs_come_in_the_order_asked_for),
	cmocka_unit_test(a_shuffle_is_its_seeds_and_loses_nothing),
};

UNIT_MAIN("cli/contest", tests)
