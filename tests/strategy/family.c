/* SPDX-License-Identifier: MIT */
/*
 * The strategies there are: each is complete, found by its name, and told
 * apart from the others by it.
 */
#include "config.h"

#include "opt/opt.h"
#include "strategy/family.h"
#include "unit.h"

static void
each_member_is_complete(void **state)
{
	const struct strategy *strategy;
	size_t i, k, len;

	(void)state;
	assert_non_null(strategies[0]);
	for (i = 0; (strategy = strategies[i]) != NULL; i++) {
		assert_true(strspn(strategy->name,
			"abcdefghijklmnopqrstuvwxyz-") ==
			strlen(strategy->name));
		len = strlen(strategy->brief);
		assert_in_range(len, 1, 60);
		assert_true(strategy->brief[len - 1] != '.');
		assert_non_null(strategy->notes);
		assert_non_null(strategy->run);
		if (strategy->opts != NULL)
			assert_non_null(strategy->opts->title);
		for (k = 0; k < i; k++)
			assert_string_not_equal(strategies[k]->name,
				strategy->name);
	}
}

static void
each_is_found_by_its_name(void **state)
{
	struct err err = { 0 };
	size_t i;

	(void)state;
	for (i = 0; strategies[i] != NULL; i++)
		assert_ptr_equal(strategy_find(strategies[i]->name, &err),
			strategies[i]);
	assert_int_equal(err.code, ERR_NONE);
}

static void
another_name_is_answered_with_the_nearest(void **state)
{
	static const struct {
		const char *name, *answer;
	} cases[] = {
		{ "asink", "did you mean 'async'?" },
		{ "Serial", "did you mean 'serial'?" },
		{ "serial ", "did you mean 'serial'?" },
		{ "", "--help=strategies" },
		{ "teleportation", "--help=strategies" },
	};
	struct err err;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		err = (struct err){ 0 };
		assert_null(strategy_find(cases[i].name, &err));
		assert_int_equal(err.code, ERR_USAGE);
		if (strstr(err.text, cases[i].answer) == NULL)
			fail_msg("'%s': %s", cases[i].name, err.text);
	}
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(each_member_is_complete),
	cmocka_unit_test(each_is_found_by_its_name),
	cmocka_unit_test(another_name_is_answered_with_the_nearest),
};

UNIT_MAIN("strategy/family", tests)
