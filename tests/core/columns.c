/* SPDX-License-Identifier: MIT */
/*
 * The column table: order, names, choices, and each type's printed form.
 */
#include "config.h"

#include "base/mem.h"
#include "core/columns.h"
#include "core/result.h"
#include "core/value.h"
#include "unit.h"

static void
order_is_the_documented_one(void **state)
{
	static const char *const names[] = {
		"seq", "url", "url_effective", "method", "response_code",
		"ok", "final", "attempt", "error_class", "error_detail",
		"errormsg", "timestamp", "num_redirects", "http_version",
		"remote_ip", "num_connects", "time_queue", "time_namelookup",
		"time_connect", "time_appconnect", "time_starttransfer",
		"time_redirect", "time_total", "size_download",
		"content_type", "filename_effective", "skipped", "strategy",
		"escaped",
	};
	const struct column *columns;
	size_t i, n;

	(void)state;
	columns = columns_all(&n);
	assert_int_equal(n, sizeof names / sizeof *names);
	for (i = 0; i < n; i++)
		assert_string_equal(columns[i].name, names[i]);
}

static void
every_column_has_a_brief_that_fits(void **state)
{
	static const struct column *(*const tables[])(size_t *) = {
		columns_all, columns_of_stages,
	};
	const struct column *columns;
	size_t t, i, n, len;

	(void)state;
	for (t = 0; t < 2; t++) {
		columns = tables[t](&n);
		for (i = 0; i < n; i++) {
			len = strlen(columns[i].brief);
			assert_in_range(len, 1, 60);
			assert_int_not_equal(columns[i].brief[len - 1], '.');
		}
	}
}

static void
no_choice_means_all_columns(void **state)
{
	struct column_list list;
	size_t n;

	(void)state;
	columns_all(&n);
	assert_int_equal(column_list_parse(&list, NULL, NULL, NULL), 0);
	assert_int_equal(list.n, n);
	column_list_release(&list);
	column_list_release(&list);
}

static void
choice_keeps_its_own_order(void **state)
{
	struct column_list list;

	(void)state;
	assert_int_equal(column_list_parse(&list, NULL, "url,seq,ok", NULL), 0);
	assert_int_equal(list.n, 3);
	assert_string_equal(list.items[0]->name, "url");
	assert_string_equal(list.items[1]->name, "seq");
	assert_string_equal(list.items[2]->name, "ok");
	column_list_release(&list);
}

static void
bad_choice_is_a_usage_error_that_says_why(void **state)
{
	static const struct {
		const char *note, *text, *says;
	} cases[] = {
		{ "unknown", "seq,zzzzzzzz", "'zzzzzzzz'" },
		{ "misspelt", "timestmp", "'timestamp'" },
		{ "empty", "", "''" },
		{ "empty item", "seq,,url", "''" },
		{ "comma at the end", "seq,", "''" },
		{ "a space", "seq, url", "' url'" },
		{ "twice", "seq,url,seq", "twice" },
	};
	struct column_list list;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct err err = { .code = ERR_NONE };

		print_message("%s\n", cases[i].note);
		assert_int_equal(column_list_parse(&list, NULL, cases[i].text,
			&err), -1);
		assert_int_equal(err.code, ERR_USAGE);
		assert_non_null(strstr(err.text, cases[i].says));
	}
}

static const char *
value_of(const char *name, const struct result *result, int escaped)
{
	static char text[COLUMN_VALUE_MAX + 1];
	const struct column *column = column_find(NULL, name, NULL);
	const char *found = column_text(column, result);

	if (found != NULL)
		return found;
	*column_write(column, result, escaped, text) = '\0';
	return text;
}

static void
values_print_in_their_type(void **state)
{
	struct result *result = result_new();

	(void)state;
	result->seq = UINT64_MAX;
	result->ok = 1;
	result->response_code = 99;
	result->attempt = 10;
	result->error_class = ERROR_DNS;
	result->timestamp = INT64_C(1795267980000042);
	result->time_total = 34512;
	result->time_queue = -5;
	result->time_connect = INT64_MAX;
	memcpy(result->remote_ip, "::1", 4);
	assert_string_equal(value_of("seq", result, 0),
		"18446744073709551615");
	assert_string_equal(value_of("ok", result, 0), "true");
	assert_string_equal(value_of("final", result, 0), "false");
	assert_string_equal(value_of("response_code", result, 0), "99");
	assert_string_equal(value_of("attempt", result, 0), "10");
	assert_string_equal(value_of("num_redirects", result, 0), "0");
	assert_string_equal(value_of("error_class", result, 0), "dns");
	assert_string_equal(value_of("timestamp", result, 0),
		"2026-11-21T13:33:00.000042Z");
	assert_string_equal(value_of("time_total", result, 0), "0.034512");
	assert_string_equal(value_of("time_queue", result, 0), "0.000000");
	assert_string_equal(value_of("time_connect", result, 0),
		"9223372036854.775807");
	assert_string_equal(value_of("remote_ip", result, 0), "::1");
	assert_string_equal(value_of("escaped", result, 1), "true");
	assert_string_equal(value_of("escaped", result, 0), "false");
	result_free(result);
}

static void
absent_texts_have_their_stand_ins(void **state)
{
	struct result *result = result_new();

	(void)state;
	assert_string_equal(value_of("url_effective", result, 0), "");
	result->url = mem_strdup("http://h/");
	assert_string_equal(value_of("url_effective", result, 0),
		"http://h/");
	assert_string_equal(value_of("method", result, 0), "GET");
	assert_string_equal(value_of("errormsg", result, 0), "");
	assert_string_equal(value_of("error_class", result, 0), "");
	result->method = mem_strdup("POST");
	result->url_effective = mem_strdup("http://other/");
	assert_string_equal(value_of("method", result, 0), "POST");
	assert_string_equal(value_of("url_effective", result, 0),
		"http://other/");
	result_free(result);
}

/* --- of a run with stages --- */

static const struct column staged[] = {
	{ .name = "lines", .type = COLUMN_U64, .value = 1 },
	{ .name = "took", .type = COLUMN_SECONDS, .value = 2 },
	{ .name = "found", .type = COLUMN_BOOL, .value = 3 },
	{ .name = "first", .type = COLUMN_TEXT, .value = 4 },
	{ .name = "answer", .type = COLUMN_JSON, .value = 5 },
};
static const struct column_set set = {
	.values = staged, .n_values = sizeof staged / sizeof *staged,
};

static void
stages_add_their_columns_behind_the_others(void **state)
{
	static const char *const names[] = {
		"escaped", "time_post", "time_post_queue", "lines", "took",
		"found", "first", "answer",
	};
	struct column_list list;
	size_t i, n;

	(void)state;
	columns_all(&n);
	assert_int_equal(column_list_parse(&list, &set, NULL, NULL), 0);
	assert_int_equal(list.n, n + 7);
	for (i = 0; i < sizeof names / sizeof *names; i++)
		assert_string_equal(list.items[n - 1 + i]->name, names[i]);
	column_list_release(&list);
	assert_int_equal(column_list_parse(&list, &set,
		"answer,seq,time_post", NULL), 0);
	assert_ptr_equal(list.items[0], &staged[4]);
	column_list_release(&list);
}

static void
columns_of_stages_are_there_with_stages_only(void **state)
{
	struct err err = { .code = ERR_NONE };

	(void)state;
	assert_null(column_find(NULL, "time_post", &err));
	assert_int_equal(err.code, ERR_USAGE);
	assert_null(column_find(NULL, "lines", NULL));
	assert_non_null(column_find(&set, "time_post", NULL));
	assert_null(column_find(&set, "anwser", &err));
	assert_non_null(strstr(err.text, "'answer'"));
}

static const char *
staged_value(size_t i, const struct result *result)
{
	static char text[COLUMN_VALUE_MAX + 1];
	const char *found = column_text(&staged[i], result);

	if (found != NULL)
		return found;
	*column_write(&staged[i], result, 0, text) = '\0';
	return text;
}

static void
what_stages_said_prints_in_its_type(void **state)
{
	struct result *result = result_new();
	struct value *values = mem_array(5, sizeof *values);
	size_t i;

	(void)state;
	for (i = 0; i < 5; i++)
		assert_string_equal(staged_value(i, result), "");
	result_take_values(result, values, staged, 5);
	for (i = 0; i < 5; i++)
		assert_string_equal(staged_value(i, result), "");
	value_set_u64(&values[0], 7);
	value_set_us(&values[1], 1500000);
	value_set_flag(&values[2], 1);
	value_set_text(&values[3], mem_strdup("caf\xc3\xa9"));
	value_set_text(&values[4], mem_strdup("{\"a\":1}"));
	assert_string_equal(staged_value(0, result), "7");
	assert_string_equal(staged_value(1, result), "1.500000");
	assert_string_equal(staged_value(2, result), "true");
	assert_string_equal(staged_value(3, result), "caf\xc3\xa9");
	assert_string_equal(staged_value(4, result), "{\"a\":1}");
	result_free(result);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(order_is_the_documented_one),
	cmocka_unit_test(every_column_has_a_brief_that_fits),
	cmocka_unit_test(no_choice_means_all_columns),
	cmocka_unit_test(choice_keeps_its_own_order),
	cmocka_unit_test(bad_choice_is_a_usage_error_that_says_why),
	cmocka_unit_test(values_print_in_their_type),
	cmocka_unit_test(absent_texts_have_their_stand_ins),
	cmocka_unit_test(stages_add_their_columns_behind_the_others),
	cmocka_unit_test(columns_of_stages_are_there_with_stages_only),
	cmocka_unit_test(what_stages_said_prints_in_its_type),
};

UNIT_MAIN("core/columns", tests)
