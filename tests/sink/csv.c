/* SPDX-License-Identifier: MIT */
/*
 * The csv sink, read back with a small reader of RFC 4180.
 */
#include "config.h"

#include <stdio.h>

#include "sink/family.h"
#include "sink/sample.h"
#include "unit.h"

#define FIELDS_MAX 40

/* Splits one line in place; returns the number of fields. */
static size_t
read_line(char **at, char *fields[FIELDS_MAX])
{
	char *p = *at;
	size_t n = 0;
	char *out, end;
	int quoted;

	do {
		assert_true(n < FIELDS_MAX);
		quoted = *p == '"';
		p += quoted;
		fields[n++] = out = p;
		for (;; *out++ = *p++) {
			assert_int_not_equal(*p, '\0');
			if (quoted && *p == '"' && *++p != '"')
				break;
			if (!quoted && (*p == ',' || *p == '\n'))
				break;
			assert_true(quoted || *p != '"');
		}
		end = *p++;
		*out = '\0';
	} while (end == ',');
	assert_int_equal(end, '\n');
	*at = p;
	return n;
}

static void
header_and_record_are_as_documented(void **state)
{
	char *text = sample_one(&sink_csv, NULL, NULL, sample_ok());

	(void)state;
	assert_string_equal(text, "seq,url,url_effective,method,"
		"response_code,ok,final,attempt,error_class,error_detail,"
		"errormsg,timestamp,num_redirects,http_version,remote_ip,"
		"num_connects,time_queue,time_namelookup,time_connect,"
		"time_appconnect,time_starttransfer,time_redirect,"
		"time_total,size_download,content_type,filename_effective,"
		"skipped,strategy,escaped\n"
		"7,http://h/x,http://h/x,GET,200,true,true,1,,,,"
		"2026-11-21T13:33:00.123456Z,0,1.1,127.0.0.1,1,0.000000,"
		"0.001000,0.002000,0.000000,0.030000,0.000000,0.034512,1024,"
		"text/html; charset=utf-8,,false,serial,false\n");
	free(text);
}

static void
fields_have_their_documented_form(void **state)
{
	static const struct {
		const char *note, *text, *csv;
	} cases[] = {
		{ "plain", "abc", "abc,false" },
		{ "comma", "a,b", "\"a,b\",false" },
		{ "quotes", "\"a\"b\"", "\"\"\"a\"\"b\"\"\",false" },
		{ "only a quote", "\"", "\"\"\"\",false" },
		{ "formula", "=1+1", "'=1+1,false" },
		{ "formula with a comma", "=A(1,2)", "\"'=A(1,2)\",false" },
		{ "plus", "+1", "'+1,false" },
		{ "minus", "-1", "'-1,false" },
		{ "at", "@x", "'@x,false" },
		{ "apostrophe", "'=1", "''=1,false" },
		{ "inside is no formula", "a=1", "a=1,false" },
		{ "tab before a formula", "\t=1", "\\x09=1,true" },
		{ "newline", "a\nb", "a\\x0ab,true" },
		{ "backslash alone", "a\\x0ab", "a\\x0ab,false" },
		{ "backslash beside a newline", "\\\n", "\\\\\\x0a,true" },
		{ "UTF-8", "caf\xc3\xa9", "caf\xc3\xa9,false" },
		{ "C1", "\xc2\x9b", "\\xc2\\x9b,true" },
		{ "override", "\xe2\x80\xae", "\\xe2\\x80\\xae,true" },
		{ "bad byte", "caf\xc3\xa9 \xff", "caf\xc3\xa9 \\xff,true" },
		{ "empty", "", ",false" },
	};
	char want[128];
	size_t i;
	char *text;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		print_message("%s\n", cases[i].note);
		text = sample_one(&sink_csv, "errormsg,escaped", NULL,
			sample_failed(ERROR_HTTP, NULL, cases[i].text));
		snprintf(want, sizeof want, "errormsg,escaped\n%s\n",
			cases[i].csv);
		assert_string_equal(text, want);
		free(text);
	}
}

static void
check_round_trip(const char *text)
{
	char *csv = sample_one(&sink_csv, NULL, NULL, sample_with(text));
	char *names[FIELDS_MAX], *fields[FIELDS_MAX];
	char *at = csv;
	char *back;
	size_t n, i;

	columns_all(&n);
	assert_int_equal(read_line(&at, names), n);
	assert_int_equal(read_line(&at, fields), n);
	assert_int_equal(*at, '\0');
	for (i = 0; i < n; i++)
		if (strcmp(names[i], "errormsg") == 0)
			break;
	back = fields[i];
	assert_null(*back != '\0' ? strchr("=+-@\t\r", *back) : NULL);
	back += *back == '\'';
	if (strcmp(fields[n - 1], "true") == 0)
		sample_unescape(back);
	else
		assert_string_equal(fields[n - 1], "false");
	assert_string_equal(back, text);
	free(csv);
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
header_stands_without_records_and_only_once(void **state)
{
	struct sample sample;
	char *text;

	(void)state;
	sample_open(&sample, &sink_csv, "seq,ok", NULL);
	text = sample_close(&sample, NULL);
	assert_string_equal(text, "seq,ok\n");
	free(text);
	sample_open(&sample, &sink_csv, "seq,ok", NULL);
	sample_write(&sample, sample_ok());
	sample_write(&sample, sample_ok());
	text = sample_close(&sample, NULL);
	assert_string_equal(text, "seq,ok\n7,true\n7,true\n");
	free(text);
}

static void
file_that_is_appended_to_gets_no_second_header(void **state)
{
	char path[] = "/tmp/fetchall-csv-XXXXXX";
	int fd = mkstemp(path);
	struct sink_args args = { .format = NULL };
	struct column_list columns;
	char text[64] = "";
	struct err err;
	void *self;
	int i;

	(void)state;
	assert_int_equal(column_list_parse(&columns, NULL, "seq,ok", &err), 0);
	args.columns = &columns;
	for (i = 0; i < 2; i++) {
		struct result *result = sample_ok();

		args.output = output_open(path, OUTPUT_APPEND, &err);
		self = sink_csv.open(&args, &err);
		assert_int_equal(sink_csv.write(self, result, &err), 0);
		assert_int_equal(output_close(args.output, &err), 0);
		sink_csv.close(self);
		output_free(args.output);
		result_free(result);
	}
	assert_true(pread(fd, text, sizeof text - 1, 0) > 0);
	assert_string_equal(text, "seq,ok\n7,true\n7,true\n");
	column_list_release(&columns);
	unlink(path);
	close(fd);
}

static void
header_that_cannot_be_written_fails_at_once(void **state)
{
	struct sink_args args = { .format = NULL };
	struct column_list columns;
	struct err err;

	(void)state;
	assert_int_equal(column_list_parse(&columns, NULL, NULL, &err), 0);
	args.columns = &columns;
	args.output = output_open("/dev/full", OUTPUT_TRUNCATE, &err);
	assert_null(sink_csv.open(&args, &err));
	assert_int_equal(err.code, ERR_IO);
	output_free(args.output);
	column_list_release(&columns);
}

static void
what_stages_said_has_columns(void **state)
{
	char *text = sample_one_staged(&sink_csv,
		"seq,lines,took,found,first,answer", NULL,
		sample_staged("=1"));

	(void)state;
	assert_string_equal(text, "seq,lines,took,found,first,answer\n"
		"7,7,0.000002,true,'=1,"
		"\"{\"\"a\"\":\"\"\\u00e9,\"\"}\"\n");
	free(text);
	text = sample_one_staged(&sink_csv,
		"seq,lines,took,found,first,answer", NULL, sample_ok());
	assert_string_equal(text, "seq,lines,took,found,first,answer\n"
		"7,,,,,\n");
	free(text);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(what_stages_said_has_columns),
	cmocka_unit_test(header_and_record_are_as_documented),
	cmocka_unit_test(fields_have_their_documented_form),
	cmocka_unit_test(every_text_comes_back_byte_for_byte),
	cmocka_unit_test(header_stands_without_records_and_only_once),
	cmocka_unit_test(file_that_is_appended_to_gets_no_second_header),
	cmocka_unit_test(header_that_cannot_be_written_fails_at_once),
};

UNIT_MAIN("sink/csv", tests)
