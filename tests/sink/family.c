/* SPDX-License-Identifier: MIT */
/*
 * What every sink promises, run for each: records are whole lines, and
 * nothing a server says leaves as a control character.
 */
#include "config.h"

#include "base/utf8.h"
#include "sink/family.h"
#include "sink/sample.h"
#include "unit.h"

/* Whether `code` may act on a terminal instead of being shown. */
static int
acts(uint32_t code)
{
	return (code < 0x20 && code != '\n') ||
		(code >= 0x7f && code <= 0x9f) ||
		(code >= 0x202a && code <= 0x202e) ||
		(code >= 0x2066 && code <= 0x2069) || code == 0xfeff;
}

static size_t
check_text(const char *text, size_t len)
{
	size_t lines = 0;
	size_t at, n;
	uint32_t code = 0;

	for (at = 0; at < len; at += n) {
		n = utf8_decode(text + at, len - at, &code);
		if (n == 0)
			fail_msg("no UTF-8 at byte %zu", at);
		if (acts(code))
			fail_msg("U+%04x at byte %zu", (unsigned)code, at);
		if (code == '\n')
			lines++;
	}
	if (len > 0)
		assert_int_equal(text[len - 1], '\n');
	return lines;
}

static void
hostile_texts_stay_one_harmless_line_each(void **state)
{
	size_t k, i, len, lines;
	struct sample sample;
	char *text;

	(void)state;
	for (k = 0; sinks[k] != NULL; k++) {
		if (sinks[k]->caps & SINK_BODIES)
			continue;
		print_message("%s\n", sinks[k]->name);
		sample_open(&sample, sinks[k], NULL, NULL);
		for (i = 0; i < SAMPLE_HOSTILE; i++)
			sample_write(&sample, sample_with(sample_hostile[i]));
		text = sample_long(100000);
		sample_write(&sample, sample_with(text));
		free(text);
		sample_write(&sample, sample_ok());
		text = sample_close(&sample, &len);
		lines = check_text(text, len);
		free(text);
		if (sinks[k] == &sink_none)
			assert_int_equal(lines, 0);
		else
			assert_int_equal(lines, SAMPLE_HOSTILE + 2 +
				(sinks[k] == &sink_csv));
	}
}

static void
nothing_is_left_of_a_record_that_cannot_be_written(void **state)
{
	struct sink_args args;
	struct err err;
	int fd;
	void *self;
	size_t k;

	(void)state;
	for (k = 0; sinks[k] != NULL; k++) {
		struct column_list columns;
		struct result *result;
		char *text;

		if (sinks[k]->caps & SINK_BODIES)
			continue;
		result = sample_ok();
		text = mem_array(9 << 20, 1);
		print_message("%s\n", sinks[k]->name);
		memset(text, '\n', (9 << 20) - 1);
		fd = memfd_create("sample", MFD_CLOEXEC);
		column_list_parse(&columns, NULL, NULL, &err);
		args = (struct sink_args){
			.output = output_new(fd, "sample"),
			.columns = &columns,
		};
		self = sinks[k]->open(&args, &err);
		assert_int_equal(sinks[k]->write(self, result, &err), 0);
		result->url_effective = text;
		result->error_class = ERROR_BODY;
		result->errormsg = mem_strdup(text);
		if (sinks[k] != &sink_none) {
			assert_int_equal(sinks[k]->write(self, result, &err),
				-1);
			assert_int_equal(err.code, ERR_IO);
			assert_int_equal(output_records(args.output), 1);
		}
		result_free(result);
		sinks[k]->close(self);
		output_free(args.output);
		column_list_release(&columns);
		close(fd);
	}
}

static void
each_sink_is_found_by_its_name(void **state)
{
	struct err err;
	size_t k;

	(void)state;
	assert_ptr_equal(sinks[0], &sink_lines);
	for (k = 0; sinks[k] != NULL; k++) {
		assert_in_range(strlen(sinks[k]->brief), 1, 60);
		if (!(sinks[k]->caps & SINK_BODIES))
			assert_ptr_equal(sink_find(sinks[k]->name, &err),
				sinks[k]);
	}
	assert_in_range(k, 5, 100);
}

static void
what_takes_bodies_is_no_format_of_records(void **state)
{
	struct err err;

	(void)state;
	assert_null(sink_find("cat", &err));
	assert_int_equal(err.code, ERR_USAGE);
}

static void
unknown_sink_is_a_usage_error_with_the_nearest(void **state)
{
	struct err err;

	(void)state;
	assert_null(sink_find("jsno", &err));
	assert_int_equal(err.code, ERR_USAGE);
	assert_non_null(strstr(err.text, "'json'"));
	assert_null(sink_find("qqqqqqqqqqqq", &err));
	assert_int_equal(err.code, ERR_USAGE);
	assert_null(sink_find("", NULL));
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(hostile_texts_stay_one_harmless_line_each),
	cmocka_unit_test(nothing_is_left_of_a_record_that_cannot_be_written),
	cmocka_unit_test(each_sink_is_found_by_its_name),
	cmocka_unit_test(what_takes_bodies_is_no_format_of_records),
	cmocka_unit_test(unknown_sink_is_a_usage_error_with_the_nearest),
};

UNIT_MAIN("sink/family", tests)
