/* SPDX-License-Identifier: MIT */
/*
 * The lines sink: its own line, and -w.
 */
#include "config.h"

#include <jansson.h>
#include <stdio.h>

#include "sink/family.h"
#include "sink/sample.h"
#include "unit.h"

static void
check(struct result *result, const char *format, const char *want)
{
	char *text = sample_one(&sink_lines, NULL, format, result);

	assert_string_equal(text, want);
	free(text);
}

static void
success_is_status_size_seconds_url(void **state)
{
	(void)state;
	check(sample_ok(), NULL, "200 1024 0.034512 http://h/x\n");
}

static void
failure_says_what_went_wrong_once(void **state)
{
	static const struct {
		const char *note;
		enum error_class class;
		const char *detail, *message, *want;
	} cases[] = {
		{ "all three", ERROR_DNS, "nxdomain",
			"the name does not exist",
			"dns: nxdomain: the name does not exist" },
		{ "no detail", ERROR_TLS, NULL, "bad certificate",
			"tls: bad certificate" },
		{ "no message", ERROR_CONNECT, "refused", NULL,
			"connect: refused" },
		{ "only the class", ERROR_TIMEOUT, NULL, NULL, "timeout" },
		{ "detail repeats the class", ERROR_TIMEOUT, "timeout",
			"after 10 s", "timeout: after 10 s" },
		{ "message repeats the detail", ERROR_BODY, "limit", "limit",
			"body: limit" },
		{ "escape sequence", ERROR_HTTP, NULL, "\x1b[2J\n\xff",
			"http: \\x1b[2J\\x0a\\xff" },
	};
	char want[128];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		print_message("%s\n", cases[i].note);
		snprintf(want, sizeof want, "000 0 0.002100 http://h/x %s\n",
			cases[i].want);
		check(sample_failed(cases[i].class, cases[i].detail,
			cases[i].message), NULL, want);
	}
}

static void
http_error_shows_its_status(void **state)
{
	struct result *result = sample_failed(ERROR_HTTP, "status", NULL);

	(void)state;
	result->response_code = 404;
	result->size_download = 12;
	check(result, NULL, "404 12 0.002100 http://h/x http: status\n");
}

static void
attempt_that_is_not_the_last_is_marked(void **state)
{
	struct result *result = sample_failed(ERROR_CONNECT, "refused", NULL);

	(void)state;
	result->final = 0;
	result->attempt = 2;
	check(result, NULL, "000 0 0.002100 http://h/x connect: refused "
		"(attempt 2, will retry)\n");
	result = sample_failed(ERROR_STOPPED, NULL, NULL);
	result->final = 0;
	check(result, NULL, "000 0 0.002100 http://h/x stopped\n");
}

static void
hostile_url_is_cleaned(void **state)
{
	struct result *result = sample_ok();

	(void)state;
	free(result->url);
	result->url = mem_strdup("http://h/\x1b]0;x\x07\xe2\x80\xae");
	check(result, NULL,
		"200 1024 0.034512 http://h/\\x1b]0;x\\x07\\u{202e}\n");
}

static void
format_is_expanded_as_curl_does(void **state)
{
	static const struct {
		const char *note, *format, *want;
	} cases[] = {
		{ "empty", "", "" },
		{ "literal without newline", "hello", "hello" },
		{ "column", "%{url}", "http://h/x" },
		{ "columns in text", "<%{seq}>%{ok} %{time_total}s",
			"<7>true 0.034512s" },
		{ "curl's name", "%{http_code} %{response_code}", "200 200" },
		{ "percent", "100%% %", "100% %" },
		{ "percent before other letters", "%x%y", "%x%y" },
		{ "escapes", "a\\nb\\tc\\rd\\\\n", "a\nb\tc\rd\\n" },
		{ "unknown escape", "a\\qb\\", "a\\qb\\" },
		{ "absent text", "[%{errormsg}]", "[]" },
		{ "stand-ins", "%{method} %{url_effective}",
			"GET http://h/x" },
		{ "escaped", "%{escaped}", "false" },
		{ "the user's own escape sequence", "\x1b[1m%{seq}\x1b[m",
			"\x1b[1m7\x1b[m" },
		{ "time stamp", "%{timestamp}",
			"2026-11-21T13:33:00.123456Z" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		print_message("%s\n", cases[i].note);
		check(sample_ok(), cases[i].format, cases[i].want);
	}
}

static void
missing_reply_is_000_as_with_curl(void **state)
{
	(void)state;
	check(sample_failed(ERROR_DNS, NULL, NULL),
		"%{http_code} %{response_code}\\n", "000 000\n");
}

static void
every_column_can_be_asked_for(void **state)
{
	const struct column *columns;
	char format[64];
	char *text;
	size_t i, n;

	(void)state;
	columns = columns_all(&n);
	for (i = 0; i < n; i++) {
		snprintf(format, sizeof format, "[%%{%s}]", columns[i].name);
		text = sample_one(&sink_lines, NULL, format, sample_ok());
		assert_int_equal(*text, '[');
		assert_int_equal(text[strlen(text) - 1], ']');
		free(text);
	}
}

static void
json_is_the_whole_record_without_newline(void **state)
{
	char *text = sample_one(&sink_lines, "seq", "%{json}%{json}",
		sample_with("caf\xc3\xa9\xff"));
	size_t n, half = strlen(text) / 2;
	json_t *root;

	(void)state;
	columns_all(&n);
	assert_memory_equal(text, text + half, half);
	root = json_loads(text + half, 0, NULL);
	assert_non_null(root);
	assert_int_equal(json_object_size(root), n);
	json_decref(root);
	free(text);
}

static void
texts_in_a_format_are_cleaned(void **state)
{
	(void)state;
	check(sample_failed(ERROR_HTTP, NULL, "a\nb\x1b\\\xff"),
		"%{errormsg} %{escaped}", "a\\x0ab\\x1b\\\\xff true");
}

static void
bad_format_is_a_usage_error(void **state)
{
	static const struct {
		const char *note, *format, *says;
	} cases[] = {
		{ "misspelt", "%{url} %{timestmp}", "'timestamp'" },
		{ "unknown", "%{qqqqqqqqqqqq}", "'qqqqqqqqqqqq'" },
		{ "empty name", "%{}", "''" },
		{ "no end", "%{url", "without" },
	};
	struct sink_args args = { .output = NULL };
	struct err err;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		print_message("%s\n", cases[i].note);
		args.format = cases[i].format;
		assert_null(sink_lines.open(&args, &err));
		assert_int_equal(err.code, ERR_USAGE);
		assert_non_null(strstr(err.text, cases[i].says));
	}
}

/* Without newlines too: the end of an expansion is the end of a record. */
static void
each_expansion_is_a_record(void **state)
{
	struct sample sample;
	char *text;

	(void)state;
	sample_open(&sample, &sink_lines, NULL, "%{seq};");
	sample_write(&sample, sample_ok());
	sample_write(&sample, sample_ok());
	assert_int_equal(output_commit(sample.output, NULL), 0);
	assert_int_equal(output_records(sample.output), 2);
	text = sample_close(&sample, NULL);
	assert_string_equal(text, "7;7;");
	free(text);
}

static void
what_stages_said_can_be_named(void **state)
{
	static const char format[] = "%{lines} [%{first}] %{answer} "
		"%{time_post} %{escaped}";
	char *text = sample_one_staged(&sink_lines, NULL, format,
		sample_staged("a\nb\xff"));

	(void)state;
	assert_string_equal(text, "7 [a\\x0ab\\xff] {\"a\":\"\\u00e9,\"} "
		"1.500000 true");
	free(text);
	text = sample_one_staged(&sink_lines, NULL, format, sample_ok());
	assert_string_equal(text, " []  0.000000 false");
	free(text);
	text = sample_one_staged(&sink_lines, "seq", "%{json}",
		sample_staged(NULL));
	assert_non_null(strstr(text, ",\"lines\":7,"));
	assert_non_null(strstr(text, ",\"first\":null,"));
	free(text);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(what_stages_said_can_be_named),
	cmocka_unit_test(success_is_status_size_seconds_url),
	cmocka_unit_test(failure_says_what_went_wrong_once),
	cmocka_unit_test(http_error_shows_its_status),
	cmocka_unit_test(attempt_that_is_not_the_last_is_marked),
	cmocka_unit_test(hostile_url_is_cleaned),
	cmocka_unit_test(format_is_expanded_as_curl_does),
	cmocka_unit_test(missing_reply_is_000_as_with_curl),
	cmocka_unit_test(every_column_can_be_asked_for),
	cmocka_unit_test(json_is_the_whole_record_without_newline),
	cmocka_unit_test(texts_in_a_format_are_cleaned),
	cmocka_unit_test(bad_format_is_a_usage_error),
	cmocka_unit_test(each_expansion_is_a_record),
};

UNIT_MAIN("sink/lines", tests)
