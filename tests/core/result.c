/* SPDX-License-Identifier: MIT */
/*
 * Results: made empty, freed with all they own.
 */
#include "config.h"

#include "base/mem.h"
#include "core/result.h"
#include "unit.h"

static void
new_result_is_empty_and_in_no_list(void **state)
{
	struct result *result = result_new();

	(void)state;
	assert_true(list_empty(&result->node));
	assert_null(result->url);
	assert_int_equal(result->error_class, ERROR_NONE);
	assert_string_equal(result->remote_ip, "");
	result_free(result);
	result_free(NULL);
}

/* Leaks show under the address sanitizer. */
static void
free_ends_all_owned_texts(void **state)
{
	struct result *result = result_new();

	(void)state;
	result->url = mem_strdup("a");
	result->url_effective = mem_strdup("b");
	result->method = mem_strdup("c");
	result->errormsg = mem_strdup("d");
	result->content_type = mem_strdup("e");
	result->filename_effective = mem_strdup("f");
	result_free(result);
}

static void
each_class_has_its_own_name(void **state)
{
	enum error_class a, b;

	(void)state;
	assert_string_equal(error_class_name(ERROR_NONE), "");
	assert_string_equal(error_class_name(ERROR_TIMEOUT), "timeout");
	for (a = 0; a < ERROR_CLASS_COUNT; a++)
		for (b = 0; b < a; b++)
			assert_string_not_equal(error_class_name(a),
				error_class_name(b));
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(new_result_is_empty_and_in_no_list),
	cmocka_unit_test(free_ends_all_owned_texts),
	cmocka_unit_test(each_class_has_its_own_name),
};

UNIT_MAIN("core/result", tests)
