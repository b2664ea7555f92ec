/* SPDX-License-Identifier: MIT */
/*
 * The promises of url/ndjson.h: a line is a request that cannot be broken
 * apart, or an error that names the key and quotes nothing.
 */
#include "config.h"

#include <stdio.h>

#include "unit.h"

#include "url/ndjson.h"
#include "url/source.h"

#define N(table) (sizeof table / sizeof *table)

static void
a_line_becomes_a_request(void **state)
{
	static const char line[] = "{\"url\":\"http://h/\",\"method\":\"PUT\","
		"\"headers\":{\"A\":\"1\",\"B-c\":\"x: \\u00e9\\ty\"},"
		"\"body\":\"a\\u0000b\\n\",\"output\":\"dir/f\",\"extra\":"
		"[1,99999999999999999999999,{\"x\":null}]}";
	struct source_request *request;
	struct err err = { 0 };
	char *url;

	(void)state;
	if (ndjson_read(line, strlen(line), &url, &request, &err) != 0)
		fail_msg("%s", err.text);
	assert_string_equal(url, "http://h/");
	assert_string_equal(request->method, "PUT");
	assert_int_equal(request->n_headers, 2);
	assert_string_equal(request->headers[0], "A: 1");
	assert_string_equal(request->headers[1], "B-c: x: \xc3\xa9\ty");
	assert_int_equal(request->body_len, 4);
	assert_memory_equal(request->body, "a\0b\n", 5);
	assert_string_equal(request->output, "dir/f");
	source_request_free(request);
	free(url);
}

static void
headers_may_be_an_array(void **state)
{
	static const char line[] = "{\"url\":\"u\",\"headers\":"
		"[\"A: 1\",\"A:2\",\"B:\"]}";
	struct source_request *request;
	struct err err = { 0 };
	char *url;

	(void)state;
	assert_int_equal(ndjson_read(line, strlen(line), &url, &request, &err),
		0);
	assert_int_equal(request->n_headers, 3);
	assert_string_equal(request->headers[0], "A: 1");
	assert_string_equal(request->headers[1], "A:2");
	assert_string_equal(request->headers[2], "B:");
	assert_null(request->method);
	assert_null(request->body);
	source_request_free(request);
	free(url);
}

static void
a_bare_url_has_no_request(void **state)
{
	static const char *const lines[] = {
		"{\"url\":\"http://h/\"}",
		" { \"url\" : \"http://h/\" , \"tag\" : 7 } ",
		"{\"url\":\"http://h/\",\"method\":null,\"output\":null}",
		"{\"url\":\"http://h/\",\"headers\":null,\"body\":null}",
		"{\"url\":\"http:\\/\\/h\\/\"}",
	};
	struct source_request *request;
	struct err err;
	char *url;
	size_t i;

	(void)state;
	for (i = 0; i < N(lines); i++) {
		assert_int_equal(ndjson_read(lines[i], strlen(lines[i]), &url,
			&request, &err), 0);
		assert_string_equal(url, "http://h/");
		assert_null(request);
		free(url);
	}
}

static void
bad_lines_name_the_key(void **state)
{
	static const struct {
		const char *line, *why;
	} cases[] = {
		{ "{", "bad JSON at column" },
		{ "http://h/", "bad JSON" },
		{ "{\"url\":\"u\"} x", "bad JSON" },
		{ "{\"url\":\"u\",\"url\":\"v\"}", "duplicate object key" },
		{ "{\"url\":\"\\ud800\"}", "bad JSON" },
		{ "{\"url\":\"\xff\"}", "bad JSON" },
		{ "[]", "not a JSON object" },
		{ "{}", "no \"url\"" },
		{ "{\"url\":null}", "no \"url\"" },
		{ "{\"url\":7}", "\"url\" must be a string" },
		{ "{\"url\":\"\"}", "\"url\" is empty" },
		{ "{\"url\":\"a\\u0000b\"}", "\"url\" holds a NUL" },
		{ "{\"url\":\"u\",\"method\":1}", "\"method\" must be" },
		{ "{\"url\":\"u\",\"method\":\"\"}", "\"method\" is empty" },
		{ "{\"url\":\"u\",\"method\":\"A B\"}", "\"method\" is no" },
		{ "{\"url\":\"u\",\"method\":\"A\\r\\nB\"}", "\"method\" is" },
		{ "{\"url\":\"u\",\"body\":{}}", "\"body\" must be" },
		{ "{\"url\":\"u\",\"output\":[]}", "\"output\" must be" },
		{ "{\"url\":\"u\",\"output\":\"\\u0000\"}", "holds a NUL" },
		{ "{\"url\":\"u\",\"headers\":\"A: b\"}", "\"headers\" must" },
		{ "{\"url\":\"u\",\"headers\":{\"A\":1}}", "\"headers\"" },
		{ "{\"url\":\"u\",\"headers\":[1]}", "\"headers\"" },
		{ "{\"url\":\"u\",\"headers\":[\"A\"]}", "\"headers\"" },
		{ "{\"url\":\"u\",\"headers\":[\": b\"]}", "a name in" },
		{ "{\"url\":\"u\",\"headers\":[\"A : b\"]}", "a name in" },
		{ "{\"url\":\"u\",\"headers\":{\"\":\"b\"}}", "a name in" },
		{ "{\"url\":\"u\",\"headers\":{\"A:\":\"b\"}}", "a name in" },
		{ "{\"url\":\"u\",\"headers\":{\"A\\nB\":\"b\"}}",
			"a name in" },
		{ "{\"url\":\"u\",\"headers\":{\"A\":\"b\\r\\nC: d\"}}",
			"control character" },
		{ "{\"url\":\"u\",\"headers\":[\"A: b\\nC: d\"]}",
			"control character" },
		{ "{\"url\":\"u\",\"headers\":{\"A\":\"b\\u0000\"}}",
			"control character" },
		{ "{\"url\":\"u\",\"headers\":{\"A\\u0000B\":\"b\"}}", "JSON" },
	};
	struct source_request *request;
	struct err err;
	char *url;
	size_t i;

	(void)state;
	for (i = 0; i < N(cases); i++) {
		const char *line = cases[i].line;

		err.text[0] = '\0';
		assert_int_equal(ndjson_read(line, strlen(line), &url, &request,
			&err), -1);
		if (strstr(err.text, cases[i].why) == NULL)
			fail_msg("%s: %s", line, err.text);
	}
}

static void
errors_quote_nothing_of_the_line(void **state)
{
	static const char *const lines[] = {
		"{\"url\":\"u\" SECRET", "{\"url\":SECRET}", "SECRET",
		"{SECRET}",
		"{\"url\":\"SECRET", "{\"SECRET\":1,\"SECRET\":2}",
		"{\"a\":\"SECRET\" \"SECRET\"}", "{\"url\":\"u\"} SECRET",
		"{\"url\":\"u\",\"headers\":{\"SECRET\\n\":\"SECRET\\n\"}}",
		"{\"url\":\"u\",\"headers\":{\"SECRET\":{}}}",
	};
	struct source_request *request;
	struct err err;
	char *url;
	size_t i;

	(void)state;
	for (i = 0; i < N(lines); i++) {
		assert_int_equal(ndjson_read(lines[i], strlen(lines[i]), &url,
			&request, &err), -1);
		if (strstr(err.text, "SECRET") != NULL)
			fail_msg("%s: %s", lines[i], err.text);
	}
}

static void
deep_nesting_is_refused(void **state)
{
	struct source_request *request;
	static char line[100000];
	struct err err;
	char *url;

	(void)state;
	memset(line, '[', sizeof line - 1);
	assert_int_equal(ndjson_read(line, strlen(line), &url, &request, &err),
		-1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_becomes_a_request),
		cmocka_unit_test(headers_may_be_an_array),
		cmocka_unit_test(a_bare_url_has_no_request),
		cmocka_unit_test(bad_lines_name_the_key),
		cmocka_unit_test(errors_quote_nothing_of_the_line),
		cmocka_unit_test(deep_nesting_is_refused),
	};

	if (!ndjson_built()) {
		puts("1..0 # SKIP built without jansson");
		return 77;
	}
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("ndjson", tests, NULL, NULL);
}
