/* SPDX-License-Identifier: MIT */
/*
 * The stages there are: each is complete, found by its name, and told apart
 * from the others by it and by its columns.
 */
#include "config.h"

#include "stage/family.h"
#include "unit.h"

static void
columns_check(const struct stage *stage)
{
	size_t i;

	for (i = 0; i < stage->n_columns; i++) {
		const struct column *column = &stage->columns[i];

		print_message("%s: %s\n", stage->name, column->name);
		assert_true(column->name[strspn(column->name,
			"abcdefghijklmnopqrstuvwxyz0123456789_")] == '\0');
		assert_in_range(strlen(column->brief), 1, 60);
	}
}

static void
each_member_is_complete(void **state)
{
	const struct stage *stage;
	size_t i, len;

	(void)state;
	assert_non_null(stages[0]);
	for (i = 0; (stage = stages[i]) != NULL; i++) {
		print_message("%s\n", stage->name);
		assert_true(stage->name[strspn(stage->name,
			"abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0');
		len = strlen(stage->brief);
		assert_in_range(len, 1, 60);
		assert_true(stage->brief[len - 1] != '.');
		/* Without open() nobody would read the argument. */
		if (stage->arg != NULL || stage->opts != NULL)
			assert_non_null(stage->open);
		columns_check(stage);
	}
}

static void
names_and_columns_are_told_apart(void **state)
{
	size_t i, k, c, d;

	(void)state;
	for (i = 0; stages[i] != NULL; i++)
		for (k = 0; k < i; k++) {
			assert_string_not_equal(stages[i]->name,
				stages[k]->name);
			for (c = 0; c < stages[i]->n_columns; c++)
				for (d = 0; d < stages[k]->n_columns; d++)
					assert_string_not_equal(
						stages[i]->columns[c].name,
						stages[k]->columns[d].name);
		}
}

static void
each_is_found_by_its_name(void **state)
{
	struct err err = { .code = ERR_NONE };
	size_t i;

	(void)state;
	for (i = 0; stages[i] != NULL; i++)
		assert_ptr_equal(stage_find(stages[i]->name,
			strlen(stages[i]->name), &err), stages[i]);
	assert_ptr_equal(stage_find("gzip:9", 4, &err), &stage_gzip);
	assert_int_equal(err.code, ERR_NONE);
}

static void
another_name_is_answered_with_the_nearest_and_all(void **state)
{
	static const struct {
		const char *name, *answer, *note;
	} cases[] = {
		{ "sha265", "did you mean 'sha256'?", "a slip" },
		{ "sha", "did you mean 'sha256'?", "the beginning" },
		{ "GZIP", "did you mean 'gzip'?", "capitals" },
		{ "fib_recursive", "did you mean 'fib-recursive'?", "_" },
		{ "gzip ", "did you mean 'gzip'?", "a blank behind it" },
		{ "", "no stage is called '' (there are", "nothing" },
		{ "teleport", "called 'teleport' (there are", "nothing near" },
	};
	struct err err;
	size_t i, k;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		err = (struct err){ .code = ERR_NONE };
		assert_null(stage_find(cases[i].name, strlen(cases[i].name),
			&err));
		assert_int_equal(err.code, ERR_USAGE);
		if (strstr(err.text, cases[i].answer) == NULL)
			fail_msg("%s: %s", cases[i].note, err.text);
		for (k = 0; stages[k] != NULL; k++)
			assert_non_null(strstr(strstr(err.text, "there are"),
				stages[k]->name));
	}
}

static void
a_long_name_leaves_room_for_the_list(void **state)
{
	char name[2000];
	struct err err;
	size_t k;

	(void)state;
	memset(name, 'x', sizeof name);
	assert_null(stage_find(name, sizeof name, &err));
	for (k = 0; stages[k] != NULL; k++)
		assert_non_null(strstr(err.text, stages[k]->name));
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(each_member_is_complete),
	cmocka_unit_test(names_and_columns_are_told_apart),
	cmocka_unit_test(each_is_found_by_its_name),
	cmocka_unit_test(another_name_is_answered_with_the_nearest_and_all),
	cmocka_unit_test(a_long_name_leaves_room_for_the_list),
};

UNIT_MAIN("stage/family", tests)
