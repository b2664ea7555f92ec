/* SPDX-License-Identifier: MIT */
/*
 * The json sink, read back with jansson.
 */
#include "config.h"

#include <jansson.h>
#include <stdio.h>

#include "base/utf8.h"
#include "sink/family.h"
#include "sink/sample.h"
#include "unit.h"

static void
whole_record_is_as_documented(void **state)
{
	char *text = sample_one(&sink_json, NULL, NULL, sample_ok());

	(void)state;
	assert_string_equal(text, "{\"seq\":7,\"url\":\"http://h/x\","
		"\"url_effective\":\"http://h/x\",\"method\":\"GET\","
		"\"response_code\":200,\"ok\":true,\"final\":true,"
		"\"attempt\":1,\"error_class\":null,\"error_detail\":null,"
		"\"errormsg\":null,"
		"\"timestamp\":\"2026-11-21T13:33:00.123456Z\","
		"\"num_redirects\":0,\"http_version\":\"1.1\","
		"\"remote_ip\":\"127.0.0.1\",\"num_connects\":1,"
		"\"time_queue\":0.000000,\"time_namelookup\":0.001000,"
		"\"time_connect\":0.002000,\"time_appconnect\":0.000000,"
		"\"time_starttransfer\":0.030000,\"time_redirect\":0.000000,"
		"\"time_total\":0.034512,\"size_download\":1024,"
		"\"content_type\":\"text/html; charset=utf-8\","
		"\"filename_effective\":null,\"skipped\":false,"
		"\"strategy\":\"serial\","
		"\"escaped\":false}\n");
	free(text);
}

static void
absent_texts_are_null_and_their_keys_there(void **state)
{
	static const char *const names[] = {
		"error_class", "error_detail", "errormsg", "http_version",
		"remote_ip", "content_type", "filename_effective",
	};
	struct result *result = result_new();
	const struct column *columns;
	size_t i, n;
	json_t *root;
	char *text;

	(void)state;
	result->url = mem_strdup("http://h/");
	result->strategy = "async";
	text = sample_one(&sink_json, NULL, NULL, result);
	root = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(root);
	for (i = 0; i < sizeof names / sizeof *names; i++)
		assert_true(json_is_null(json_object_get(root, names[i])));
	columns = columns_all(&n);
	assert_int_equal(json_object_size(root), n);
	for (i = 0; i < n; i++)
		assert_non_null(json_object_get(root, columns[i].name));
	json_decref(root);
	free(text);
}

static void
what_stages_said_stands_behind_the_rest(void **state)
{
	static const char said[] = ",\"escaped\":false,"
		"\"time_post\":1.500000,\"time_post_queue\":0.000020,"
		"\"lines\":7,\"took\":0.000002,\"found\":true,"
		"\"first\":\"a\\u000ab\",\"answer\":{\"a\":\"\\u00e9,\"}}\n";
	static const char nothing[] = ",\"escaped\":false,"
		"\"time_post\":0.000000,\"time_post_queue\":0.000000,"
		"\"lines\":null,\"took\":null,\"found\":null,"
		"\"first\":null,\"answer\":null}\n";
	char *text = sample_one_staged(&sink_json, NULL, NULL,
		sample_staged("a\nb"));

	(void)state;
	assert_string_equal(strstr(text, ",\"escaped\""), said);
	free(text);
	text = sample_one_staged(&sink_json, NULL, NULL, sample_ok());
	assert_string_equal(strstr(text, ",\"escaped\""), nothing);
	free(text);
}

/* A byte that is no UTF-8 escapes texts; an object is in ASCII anyway. */
static void
what_stages_said_is_escaped_too(void **state)
{
	char *text = sample_one_staged(&sink_json, "first,answer,escaped",
		NULL, sample_staged("\\\xff"));

	(void)state;
	assert_string_equal(text, "{\"first\":\"\\\\\\\\\\\\xff\","
		"\"answer\":{\"a\":\"\\u00e9,\"},\"escaped\":true}\n");
	free(text);
}

static void
chosen_columns_come_in_their_order(void **state)
{
	char *text = sample_one(&sink_json, "url,seq,ok", NULL, sample_ok());

	(void)state;
	assert_string_equal(text,
		"{\"url\":\"http://h/x\",\"seq\":7,\"ok\":true}\n");
	free(text);
}

static void
characters_have_their_documented_form(void **state)
{
	static const struct {
		const char *note, *text, *json;
	} cases[] = {
		{ "plain", "abc", "{\"errormsg\":\"abc\",\"escaped\":false}" },
		{ "quote and backslash", "\"\\",
			"{\"errormsg\":\"\\\"\\\\\",\"escaped\":false}" },
		{ "newline", "a\nb",
			"{\"errormsg\":\"a\\u000ab\",\"escaped\":false}" },
		{ "DEL", "\x7f",
			"{\"errormsg\":\"\\u007f\",\"escaped\":false}" },
		{ "C1 in UTF-8", "\xc2\x9b",
			"{\"errormsg\":\"\\u009b\",\"escaped\":false}" },
		{ "two bytes", "\xc3\xa9",
			"{\"errormsg\":\"\\u00e9\",\"escaped\":false}" },
		{ "four bytes", "\xf0\x9f\x98\x80",
			"{\"errormsg\":\"\\ud83d\\ude00\",\"escaped\":false}" },
		{ "the last code point", "\xf4\x8f\xbf\xbf",
			"{\"errormsg\":\"\\udbff\\udfff\",\"escaped\":false}" },
		{ "a bad byte", "\x9b",
			"{\"errormsg\":\"\\\\x9b\",\"escaped\":true}" },
		{ "backslash before a bad byte", "\\\xff",
			"{\"errormsg\":\"\\\\\\\\\\\\xff\",\"escaped\":true}" },
		{ "bad byte and the rest", "\xff\xc3\xa9\n",
			"{\"errormsg\":\"\\\\xff\\u00e9\\u000a\","
			"\"escaped\":true}" },
	};
	size_t i, len;
	char *text;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		print_message("%s\n", cases[i].note);
		text = sample_one(&sink_json, "errormsg,escaped", NULL,
			sample_failed(ERROR_HTTP, NULL, cases[i].text));
		len = strlen(text);
		assert_int_equal(text[len - 1], '\n');
		text[len - 1] = '\0';
		assert_string_equal(text, cases[i].json);
		free(text);
	}
}

/* Every place in an eight-byte word, for the scan that looks at words. */
static void
special_bytes_are_seen_at_every_offset(void **state)
{
	char text[33], want[80];
	char *found;
	int byte;
	size_t at;

	(void)state;
	for (byte = 1; byte < 0x80; byte++) {
		for (at = 0; at < 32; at++) {
			memset(text, 'a', 32);
			text[32] = '\0';
			text[at] = (char)byte;
			found = sample_one(&sink_json, "errormsg", NULL,
				sample_failed(ERROR_HTTP, NULL, text));
			if (byte == '"' || byte == '\\')
				snprintf(want, sizeof want, "\\%c", byte);
			else if (byte < 0x20 || byte == 0x7f)
				snprintf(want, sizeof want, "\\u%04x",
					(unsigned)byte);
			else
				snprintf(want, sizeof want, "%c", byte);
			assert_int_equal(strlen(found),
				strlen("{\"errormsg\":\"\"}\n") + 31 +
				strlen(want));
			assert_memory_equal(found + 13 + at, want,
				strlen(want));
			free(found);
		}
	}
}

/* `text` went out as errormsg and url; both come back byte for byte. */
static void
check_round_trip(const char *text)
{
	char *line = sample_one(&sink_json, NULL, NULL, sample_with(text));
	json_t *root = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
	const char *byte;
	json_t *field;
	char *back;

	for (byte = line; *byte != '\0'; byte++)
		assert_true((*byte >= 0x20 && *byte < 0x7f) ||
			(*byte == '\n' && byte[1] == '\0'));
	assert_non_null(root);
	field = json_object_get(root, "errormsg");
	back = mem_strdup(*text != '\0' ? json_string_value(field) : "");
	if (utf8_valid(text, strlen(text))) {
		assert_true(json_is_false(json_object_get(root, "escaped")));
	} else {
		assert_true(json_is_true(json_object_get(root, "escaped")));
		sample_unescape(back);
	}
	assert_string_equal(back, text);
	free(back);
	json_decref(root);
	free(line);
}

static void
every_text_comes_back_byte_for_byte(void **state)
{
	char *text;
	size_t i;

	(void)state;
	for (i = 0; i < SAMPLE_HOSTILE; i++)
		check_round_trip(sample_hostile[i]);
	text = sample_long(100000);
	check_round_trip(text);
	free(text);
}

static void
one_bad_text_escapes_all_texts_of_its_record_only(void **state)
{
	struct sample sample;
	struct result *result;
	char *text;

	(void)state;
	sample_open(&sample, &sink_json, "errormsg,content_type,escaped",
		NULL);
	result = sample_failed(ERROR_HTTP, NULL, "a\\b");
	result->content_type = mem_strdup("\xff");
	sample_write(&sample, result);
	sample_write(&sample, sample_failed(ERROR_HTTP, NULL, "a\\b"));
	text = sample_close(&sample, NULL);
	assert_string_equal(text,
		"{\"errormsg\":\"a\\\\\\\\b\",\"content_type\":\"\\\\xff\","
		"\"escaped\":true}\n"
		"{\"errormsg\":\"a\\\\b\",\"content_type\":null,"
		"\"escaped\":false}\n");
	free(text);
}

static void
large_numbers_are_exact(void **state)
{
	struct result *result = sample_ok();
	char *text;

	(void)state;
	result->seq = UINT64_MAX;
	result->time_total = 2100;
	text = sample_one(&sink_json, "seq,time_total", NULL, result);
	assert_string_equal(text, "{\"seq\":18446744073709551615,"
		"\"time_total\":0.002100}\n");
	free(text);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(whole_record_is_as_documented),
	cmocka_unit_test(absent_texts_are_null_and_their_keys_there),
	cmocka_unit_test(what_stages_said_stands_behind_the_rest),
	cmocka_unit_test(what_stages_said_is_escaped_too),
	cmocka_unit_test(chosen_columns_come_in_their_order),
	cmocka_unit_test(characters_have_their_documented_form),
	cmocka_unit_test(special_bytes_are_seen_at_every_offset),
	cmocka_unit_test(every_text_comes_back_byte_for_byte),
	cmocka_unit_test(one_bad_text_escapes_all_texts_of_its_record_only),
	cmocka_unit_test(large_numbers_are_exact),
};

UNIT_MAIN("sink/json", tests)
