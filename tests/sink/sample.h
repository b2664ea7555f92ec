/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_TESTS_SINK_SAMPLE_H
#define FETCHALL_TESTS_SINK_SAMPLE_H

/* Results for the tests of sinks, and what a sink made of them. */
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "core/columns.h"
#include "core/output.h"
#include "core/result.h"
#include "core/sink.h"
#include "core/value.h"
#include "unit.h"

static inline struct result *
sample_ok(void)
{
	struct result *result = result_new();

	result->seq = 7;
	result->url = mem_strdup("http://h/x");
	result->response_code = 200;
	result->ok = 1;
	result->final = 1;
	result->attempt = 1;
	result->timestamp = INT64_C(1795267980123456);
	result->http_version = "1.1";
	memcpy(result->remote_ip, "127.0.0.1", 10);
	result->num_connects = 1;
	result->time_namelookup = 1000;
	result->time_connect = 2000;
	result->time_starttransfer = 30000;
	result->time_total = 34512;
	result->size_download = 1024;
	result->content_type = mem_strdup("text/html; charset=utf-8");
	result->strategy = "serial";
	return result;
}

static inline struct result *
sample_failed(enum error_class class, const char *detail, const char *message)
{
	struct result *result = result_new();

	result->seq = 8;
	result->url = mem_strdup("http://h/x");
	result->final = 1;
	result->attempt = 1;
	result->error_class = class;
	result->error_detail = detail;
	result->errormsg = message != NULL ? mem_strdup(message) : NULL;
	result->timestamp = INT64_C(1795267980123456);
	result->time_total = 2100;
	result->strategy = "serial";
	return result;
}

/* What stages add where `staged` says so: one column of each type. */
static const struct column sample_columns[] = {
	{ .name = "lines", .type = COLUMN_U64, .value = 1 },
	{ .name = "took", .type = COLUMN_SECONDS, .value = 2 },
	{ .name = "found", .type = COLUMN_BOOL, .value = 3 },
	{ .name = "first", .type = COLUMN_TEXT, .value = 4 },
	{ .name = "answer", .type = COLUMN_JSON, .value = 5 },
};
static const struct column_set sample_set = {
	.values = sample_columns, .n_values = 5,
};

/* One that went through stages; NULL: `first` is not set. */
static inline struct result *
sample_staged(const char *first)
{
	struct result *result = sample_ok();
	struct value *values = mem_array(5, sizeof *values);

	result_take_values(result, values, sample_columns, 5);
	result->time_post = 1500000;
	result->time_post_queue = 20;
	value_set_u64(&values[0], 7);
	value_set_us(&values[1], 2);
	value_set_flag(&values[2], 1);
	if (first != NULL)
		value_set_text(&values[3], mem_strdup(first));
	value_set_text(&values[4], mem_strdup("{\"a\":\"\\u00e9,\"}"));
	return result;
}

/* An instance of a sink over a file in memory. */
struct sample {
	int fd;
	struct output *output;
	struct column_list columns;
	const struct sink *sink;
	void *self;
};

/* NULL columns: all. NULL set: a run without stages. */
static inline void
sample_open_set(struct sample *sample, const struct sink *sink,
	const struct column_set *set, const char *columns, const char *format)
{
	struct sink_args args = {
		.columns = &sample->columns,
		.set = set,
		.format = format,
	};
	struct err err;

	sample->fd = memfd_create("sample", MFD_CLOEXEC);
	assert_true(sample->fd >= 0);
	sample->output = output_new(sample->fd, "sample");
	assert_int_equal(column_list_parse(&sample->columns, set, columns,
		&err), 0);
	args.output = sample->output;
	sample->sink = sink;
	sample->self = sink->open(&args, &err);
	assert_non_null(sample->self);
}

static inline void
sample_open(struct sample *sample, const struct sink *sink,
	const char *columns, const char *format)
{
	sample_open_set(sample, sink, NULL, columns, format);
}

/* Writes and frees the result. */
static inline void
sample_write(struct sample *sample, struct result *result)
{
	struct err err;

	assert_int_equal(sample->sink->write(sample->self, result, &err), 0);
	result_free(result);
}

/* What was written, to be freed; the length too where it is asked for. */
static inline char *
sample_close(struct sample *sample, size_t *ret_len)
{
	struct stat st;
	struct err err;
	char *text;
	size_t len;

	assert_int_equal(output_commit(sample->output, &err), 0);
	sample->sink->close(sample->self);
	output_free(sample->output);
	column_list_release(&sample->columns);
	assert_int_equal(fstat(sample->fd, &st), 0);
	len = (size_t)st.st_size;
	text = mem_array(len + 1, 1);
	assert_int_equal(pread(sample->fd, text, len, 0), len);
	close(sample->fd);
	if (ret_len != NULL)
		*ret_len = len;
	return text;
}

/* The text that a sink makes of one result, which is freed. */
static inline char *
sample_one(const struct sink *sink, const char *columns, const char *format,
	struct result *result)
{
	struct sample sample;

	sample_open(&sample, sink, columns, format);
	sample_write(&sample, result);
	return sample_close(&sample, NULL);
}

static inline char *
sample_one_staged(const struct sink *sink, const char *columns,
	const char *format, struct result *result)
{
	struct sample sample;

	sample_open_set(&sample, sink, &sample_set, columns, format);
	sample_write(&sample, result);
	return sample_close(&sample, NULL);
}

/* What servers may say to hurt whoever reads the records. */
static const char *const sample_hostile[] = {
	"",
	"plain",
	"\x1b]0;owned\x07\x1b[2J\x1b[31mred",
	"\x9b" "31mraw C1",
	"\xc2\x9b" "31mC1 in UTF-8",
	"DEL \x7f bell \a backspace \b",
	"quotes \" ' and commas , , and \\ backslashes \\\\ \\x41 \\n",
	"newlines\nand\r\nmore\r\tand a tab",
	"abc\xe2\x80\xae" "txt.exe and \xe2\x81\xa6 \xe2\x80\xa8 \xef\xbb\xbf",
	"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80 \xf4\x8f\xbf\xbf",
	"cut \xe2\x82",
	"overlong \xc0\xaf \xe0\x80\xaf surrogate \xed\xa0\x80 \xf5\x80\xff",
	"back\\slash and \xff bad byte, \\xff too",
	"=cmd|' /C calc'!A0",
	"+1", "-1+1", "@SUM(A1)", "'quoted", "\t=1", "\xff=1", "\"=1,\"",
	" leading and trailing ",
	"true", "null", "{\"a\":1}",
};

#define SAMPLE_HOSTILE (sizeof sample_hostile / sizeof *sample_hostile)

/* `text` in every place whose bytes the network or the list chooses. */
static inline struct result *
sample_with(const char *text)
{
	struct result *result = sample_failed(ERROR_HTTP, "status", text);

	free(result->url);
	result->url = mem_strdup(*text != '\0' ? text : "http://h/");
	result->url_effective = mem_strdup(result->url);
	result->content_type = mem_strdup(text);
	result->filename_effective = mem_strdup(text);
	return result;
}

/* `n` bytes of all kinds. */
static inline char *
sample_long(size_t n)
{
	char *text = mem_array(n + 1, 1);
	uint32_t state = 1;
	size_t i;

	for (i = 0; i < n; i++) {
		state = state * 1664525 + 1013904223;
		text[i] = (char)(state >> 24 != 0 ? state >> 24 : 1);
	}
	return text;
}

/*
 * Undoes \xNN and \\ in place, as `escaped` promises. The texts are tests'
 * own, so a malformed escape fails the test.
 */
static inline void
sample_unescape(char *text)
{
	char digits[3] = "";
	char *out = text;
	char *end;

	for (; *text != '\0'; text++) {
		if (*text != '\\') {
			*out++ = *text;
			continue;
		}
		text++;
		if (*text == '\\') {
			*out++ = '\\';
			continue;
		}
		assert_int_equal(*text, 'x');
		memcpy(digits, text + 1, 2);
		*out++ = (char)strtoul(digits, &end, 16);
		assert_ptr_equal(end, digits + 2);
		text += 2;
	}
	*out = '\0';
}

#endif
