/* SPDX-License-Identifier: MIT */
/* config -- what files set, who wins, and that a dump reads back. */
#include "config.h"

#include <stdio.h>
#include <unistd.h>

#include "unit.h"

#include "base/buf.h"
#include "base/mem.h"
#include "opt/opt.h"
#include "opt/render.h"

struct settings {
	int json, progress, format;
	uint64_t retry, max_body;
	int64_t delay;
	char *output, *user, *config;
	struct opt_list headers;
};

static const char *const formats[] = { "lines", "json", "csv", NULL };

static const struct opt rows[] = {
	{
		.name = "progress", .type = &opt_flag, .dflt = "yes",
		.off = OPT_AT(struct settings, progress, int),
		.brief = "show progress",
	}, {
		.name = "format", .type = &opt_choice, .choices = formats,
		.off = OPT_AT(struct settings, format, int),
		.brief = "how",
	}, {
		.name = "json", .type = &opt_alias, .means = "format=json",
		.brief = "short for --format json",
	}, {
		.name = "retry", .type = &opt_count, .arg = "N", .dflt = "2",
		.off = OPT_AT(struct settings, retry, uint64_t),
		.brief = "how often",
	}, {
		.name = "max-body", .type = &opt_size, .arg = "SIZE",
		.min = 512,
		.off = OPT_AT(struct settings, max_body, uint64_t),
		.brief = "how much",
	}, {
		.name = "delay", .type = &opt_time, .arg = "TIME",
		.dflt = "1s",
		.off = OPT_AT(struct settings, delay, int64_t),
		.brief = "how long",
	}, {
		.name = "output", .type = &opt_text, .arg = "FILE",
		.off = OPT_AT(struct settings, output, char *),
		.brief = "where",
	}, {
		.name = "user", .type = &opt_text, .arg = "NAME",
		.flags = OPT_SECRET,
		.off = OPT_AT(struct settings, user, char *),
		.brief = "who",
	}, {
		.name = "config", .type = &opt_text, .arg = "FILE",
		.flags = OPT_NO_CONFIG,
		.off = OPT_AT(struct settings, config, char *),
		.brief = "more options",
	}, {
		.name = "header", .type = &opt_texts, .arg = "LINE",
		.dflt = "Accept: */*",
		.off = OPT_AT(struct settings, headers, struct opt_list),
		.brief = "what to add",
	},
};

static const struct opt_set set = {
	.name = "test", .title = "Test", OPT_ROWS(rows),
	.settings_size = sizeof(struct settings),
};

/* Reads n bytes as a file; its changing name is cut from the error. */
static int
read_bytes(struct opts *opts, const char *text, size_t n, struct err *err)
{
	char path[] = "/tmp/fetchall-config-XXXXXX";
	size_t len = strlen(path) + 2;
	int fd = mkstemp(path), rc;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, n), (ssize_t)n);
	close(fd);
	rc = opts_read_config(opts, path, err);
	unlink(path);
	if (rc != 0) {
		assert_memory_equal(err->text, path, len - 2);
		memmove(err->text, err->text + len,
			strlen(err->text + len) + 1);
	}
	return rc;
}

static int
read_text(struct opts *opts, const char *text, struct err *err)
{
	return read_bytes(opts, text, strlen(text), err);
}

static void
parse(struct opts *opts, const char *name, const char *value)
{
	char program[] = "fetchall";
	char *words[] = { program, mem_printf("--%s=%s", name, value), NULL };
	struct err err;
	int first;

	assert_int_equal(opts_parse(opts, 2, words, &first, &err), 0);
	free(words[1]);
}

static void
lines_set_values(void **state)
{
	struct opts *opts = opts_new();
	struct settings *got = opts_add(opts, &set);
	struct err err;

	(void)state;
	assert_int_equal(read_text(opts,
		"# a comment\n\n   \t\r\n  # another\n"
		"retry=5\n  delay  =  250ms  # behind a blank\r\n"
		"progress = no\nformat = csv\n"
		"output = \" a \\\"b\\\" \\\\ # c\\n\" # why\n"
		"max-body = 4k", &err), 0);
	assert_int_equal(got->retry, 5);
	assert_int_equal(got->delay, 250000);
	assert_int_equal(got->progress, 0);
	assert_int_equal(got->format, 2);
	assert_string_equal(got->output, " a \"b\" \\ # c\n");
	assert_int_equal(got->max_body, 4096);
	assert_true(opts_given(opts, "retry"));
	assert_false(opts_given(opts, "user"));
	opts_free(opts);
}

static void
a_plain_value_is_taken_as_it_stands(void **state)
{
	static const struct {
		const char *line, *value, *note;
	} cases[] = {
		{ "output = a b", "a b", "blanks inside" },
		{ "output = http://h/#x", "http://h/#x", "# in a word" },
		{ "output = %{url}\\n", "%{url}\\n", "a backslash" },
		{ "output = a=b", "a=b", "another =" },
		{ "output = a\"b\"", "a\"b\"", "quotes inside" },
		{ "output =", "", "nothing" },
		{ "output = # none", "", "only a comment" },
		{ "output = \"\"", "", "quoted nothing" },
		{ "output = \"#\"#", "#", "a comment at once" },
		{ "output = \xc3\xa9", "\xc3\xa9", "UTF-8" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct opts *opts = opts_new();
		struct settings *got = opts_add(opts, &set);
		struct err err;

		print_message("# %s\n", cases[i].note);
		assert_int_equal(read_text(opts, cases[i].line, &err), 0);
		assert_string_equal(got->output, cases[i].value);
		opts_free(opts);
	}
}

static void
errors_name_file_and_line(void **state)
{
	static const struct {
		const char *text, *error, *note;
	} cases[] = {
		{ "\n\nretyr = 5\n", "line 3: unknown option retyr; did you "
			"mean retry?", "near" },
		{ "xyzzy = 5", "line 1: unknown option xyzzy", "not near" },
		{ "--retry = 5", "line 1: unknown option --retry; did you "
			"mean retry?", "dashes" },
		{ "retry", "line 1: there is no '=' (write name = value)",
			"no =" },
		{ "= 5", "line 1: there is no name before '='", "no name" },
		{ "retry = x", "line 1: retry: 'x' is no count (use a number "
			"such as 5 or 10k)", "bad value" },
		{ "max-body = 1", "line 1: max-body: '1' is out of range "
			"(use 512 or more)", "range" },
		{ "progress = on", "line 1: progress: 'on' is neither yes "
			"nor no", "flag" },
		{ "json = no", "line 1: json: takes yes only", "alias" },
		{ "config = x", "line 1: config: for the command line only",
			"not for files" },
		{ "output = \"a", "line 1: the closing quote is missing",
			"quote" },
		{ "output = \"a\\q\"", "line 1: a backslash in quotes stands "
			"before one of \" \\ n r t (write \\\\ for itself)",
			"escape" },
		{ "output = \"a\\", "line 1: a backslash in quotes stands "
			"before one of \" \\ n r t (write \\\\ for itself)",
			"the end in an escape" },
		{ "output = \"a\" b", "line 1: there is more behind the "
			"closing quote", "behind a quote" },
		{ "r\x1b[m = 1", "line 1: unknown option r\\x1b[m",
			"an escape sequence" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct opts *opts = opts_new();
		struct err err;

		print_message("# %s\n", cases[i].note);
		opts_add(opts, &set);
		assert_int_equal(read_text(opts, cases[i].text, &err), -1);
		assert_int_equal(err.code, ERR_USAGE);
		assert_string_equal(err.text, cases[i].error);
		opts_free(opts);
	}
}

static void
a_file_that_cannot_be_read_is_an_io_error(void **state)
{
	struct opts *opts = opts_new();
	struct err err = { 0 };

	(void)state;
	opts_add(opts, &set);
	assert_int_equal(opts_read_config(opts, "/nonexistent/x", &err), -1);
	assert_int_equal(err.code, ERR_IO);
	assert_non_null(strstr(err.text, "/nonexistent/x: No such file"));
	assert_int_equal(opts_read_config(opts, "/", &err), -1);
	assert_int_equal(err.code, ERR_IO);
	assert_int_equal(read_bytes(opts, "retry = 5\0", 10, &err), -1);
	assert_string_equal(err.text, "line 1: there is a NUL byte");
	opts_free(opts);
}

static void
the_command_line_wins_whatever_the_order(void **state)
{
	static const char text[] =
		"retry = 5\nheader = x\nheader = y\nformat = csv\n";
	int file_first;

	(void)state;
	for (file_first = 0; file_first < 2; file_first++) {
		struct opts *opts = opts_new();
		struct settings *got = opts_add(opts, &set);
		struct err err;

		if (file_first)
			assert_int_equal(read_text(opts, text, &err), 0);
		parse(opts, "retry", "9");
		parse(opts, "header", "a");
		parse(opts, "header", "b");
		if (!file_first)
			assert_int_equal(read_text(opts, text, &err), 0);
		assert_int_equal(got->retry, 9);
		assert_int_equal(got->format, 2);
		assert_int_equal(got->headers.n, 2);
		assert_string_equal(got->headers.items[0], "a");
		assert_string_equal(got->headers.items[1], "b");
		opts_free(opts);
	}
}

static void
an_alias_has_the_precedence_of_who_said_it(void **state)
{
	struct opts *opts = opts_new();
	struct settings *got = opts_add(opts, &set);
	struct err err;

	(void)state;
	assert_int_equal(read_text(opts, "json = yes", &err), 0);
	assert_int_equal(got->format, 1);
	parse(opts, "format", "csv");
	assert_int_equal(read_text(opts, "json = yes", &err), 0);
	assert_int_equal(got->format, 2);
	opts_free(opts);
}

static void
what_is_outvoted_must_still_be_right(void **state)
{
	struct opts *opts = opts_new();
	struct settings *got = opts_add(opts, &set);
	struct err err;

	(void)state;
	parse(opts, "retry", "9");
	assert_int_equal(read_text(opts, "retry = x", &err), -1);
	assert_int_equal(got->retry, 9);
	opts_free(opts);
}

static void
a_later_file_wins_and_lists_grow(void **state)
{
	struct opts *opts = opts_new();
	struct settings *got = opts_add(opts, &set);
	struct err err;

	(void)state;
	assert_int_equal(got->headers.n, 1);
	assert_int_equal(read_text(opts, "retry = 1\nheader = a", &err), 0);
	assert_int_equal(got->headers.n, 1);
	assert_string_equal(got->headers.items[0], "a");
	assert_int_equal(read_text(opts, "retry = 3\nheader = b", &err), 0);
	assert_int_equal(got->retry, 3);
	assert_int_equal(got->headers.n, 2);
	assert_string_equal(got->headers.items[1], "b");
	opts_free(opts);
}

static void
a_dump_is_grouped_and_hides_secrets(void **state)
{
	struct opts *opts = opts_new();
	struct buf out;
	struct err err;

	(void)state;
	opts_add(opts, &set);
	parse(opts, "user", "hunter2");
	parse(opts, "output", "a # b");
	parse(opts, "config", "c");
	buf_init(&out, 4096);
	assert_int_equal(opt_render_config(opts, &out, &err), 0);
	assert_string_equal(buf_text(&out),
		"# Test\n"
		"progress = yes\n"
		"# format =\n"
		"retry = 2\n"
		"# max-body =\n"
		"delay = 1s\n"
		"output = \"a # b\"\n"
		"# user is set, but not shown\n"
		"header = Accept: */*\n");
	buf_release(&out);
	buf_init(&out, 20);
	assert_int_equal(opt_render_config(opts, &out, &err), -1);
	assert_int_equal(err.code, ERR_SYSTEM);
	buf_release(&out);
	opts_free(opts);
}

static void
a_dump_reads_back_to_the_same_settings(void **state)
{
	static const char *const values[] = { "plain", "", " ", " a", "a ",
		"#", "a #b", "\"", "\"a\"", "\\", "\\n", "a\nb", "\r", "\tx",
		"a\\\"b", "=", "\xc3\xa9 \x1b" };
	const size_t n = sizeof values / sizeof *values;
	size_t i, j;

	(void)state;
	for (i = 0; i < n; i++) {
		struct opts *from = opts_new(), *to = opts_new();
		struct settings *got, *want = opts_add(from, &set);
		struct buf dump, again;
		struct err err;

		got = opts_add(to, &set);
		parse(from, "output", values[i]);
		for (j = 0; j <= i; j++)
			parse(from, "header", values[j]);
		parse(from, "delay", "1500us");
		parse(from, "max-body", "1.5KiB");
		parse(from, "format", "json");
		buf_init(&dump, 4096);
		buf_init(&again, 4096);
		assert_int_equal(opt_render_config(from, &dump, &err), 0);
		assert_int_equal(read_text(to, buf_text(&dump), &err), 0);
		assert_string_equal(got->output, want->output);
		assert_int_equal(got->headers.n, i + 1);
		for (j = 0; j <= i; j++)
			assert_string_equal(got->headers.items[j], values[j]);
		assert_int_equal(got->delay, 1500);
		assert_int_equal(got->max_body, 1536);
		assert_int_equal(got->format, 1);
		assert_int_equal(opt_render_config(to, &again, &err), 0);
		assert_string_equal(buf_text(&again), buf_text(&dump));
		buf_release(&dump);
		buf_release(&again);
		opts_free(from);
		opts_free(to);
	}
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(lines_set_values),
	cmocka_unit_test(a_plain_value_is_taken_as_it_stands),
	cmocka_unit_test(errors_name_file_and_line),
	cmocka_unit_test(a_file_that_cannot_be_read_is_an_io_error),
	cmocka_unit_test(the_command_line_wins_whatever_the_order),
	cmocka_unit_test(an_alias_has_the_precedence_of_who_said_it),
	cmocka_unit_test(what_is_outvoted_must_still_be_right),
	cmocka_unit_test(a_later_file_wins_and_lists_grow),
	cmocka_unit_test(a_dump_is_grouped_and_hides_secrets),
	cmocka_unit_test(a_dump_reads_back_to_the_same_settings),
};

UNIT_MAIN("config", tests)
