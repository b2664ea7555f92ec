/* SPDX-License-Identifier: MIT */
/* opt -- what the command line sets, and how it is refused. */
#include "config.h"

#include <stdio.h>

#include "unit.h"

#include "base/mem.h"
#include "opt/opt.h"

struct settings {
	int json, progress, no_fetch, format;
	uint64_t retry, max_body;
	int64_t delay;
	char *output, *user, *topic;
	struct opt_list headers;
};

static const char *const formats[] = { "lines", "json", "csv", NULL };

static const struct opt rows[] = {
	{
		.name = "verbose", .key = 'v', .type = &opt_flag,
		.off = OPT_AT(struct settings, json, int),
		.brief = "say more",
	}, {
		.name = "progress", .type = &opt_flag, .dflt = "yes",
		.off = OPT_AT(struct settings, progress, int),
		.brief = "show progress",
	}, {
		.name = "no-fetch", .type = &opt_flag,
		.off = OPT_AT(struct settings, no_fetch, int),
		.brief = "do nothing",
	}, {
		.name = "format", .type = &opt_choice, .choices = formats,
		.dflt = "lines",
		.off = OPT_AT(struct settings, format, int),
		.brief = "how",
	}, {
		.name = "json", .type = &opt_alias, .means = "format=json",
		.brief = "short for --format json",
	}, {
		.name = "retry", .key = 'r', .type = &opt_count, .arg = "N",
		.dflt = "2", .max = 10000,
		.off = OPT_AT(struct settings, retry, uint64_t),
		.brief = "how often",
	}, {
		.name = "tries", .type = &opt_alias, .means = "retry",
		.brief = "another word",
	}, {
		.name = "max-body", .type = &opt_size, .arg = "SIZE",
		.dflt = "1MiB", .min = 512, .max = 1 << 30,
		.off = OPT_AT(struct settings, max_body, uint64_t),
		.brief = "how much",
	}, {
		.name = "retry-delay", .type = &opt_time, .arg = "TIME",
		.min = 1000,
		.off = OPT_AT(struct settings, delay, int64_t),
		.brief = "how long",
	}, {
		.name = "output", .key = 'o', .type = &opt_text,
		.arg = "FILE",
		.off = OPT_AT(struct settings, output, char *),
		.brief = "where",
	}, {
		.name = "user", .type = &opt_text, .arg = "NAME",
		.flags = OPT_SECRET,
		.off = OPT_AT(struct settings, user, char *),
		.brief = "who",
	}, {
		.name = "help", .key = 'h', .type = &opt_text,
		.arg = "TOPIC", .flags = OPT_VALUE_OPTIONAL | OPT_NO_CONFIG,
		.off = OPT_AT(struct settings, topic, char *),
		.brief = "this",
	}, {
		.name = "header", .key = 'H', .type = &opt_texts,
		.arg = "LINE",
		.off = OPT_AT(struct settings, headers, struct opt_list),
		.brief = "what to add",
	}, {
		.name = "accept", .type = &opt_alias, .arg = "TYPE",
		.means = "header=Accept:", .brief = "what to take",
	},
};

static int
settings_check(const void *at, struct err *err)
{
	const struct settings *settings = at;

	if (settings->no_fetch && settings->output != NULL)
		return err_set(err, ERR_USAGE, "--no-fetch excludes --output");
	return 0;
}

static const struct opt_set set = {
	.name = "test", .title = "Test", OPT_ROWS(rows),
	.settings_size = sizeof(struct settings), .check = settings_check,
};

/* A pin is a secret number, to see that no message shows it. */
struct pin {
	uint64_t pin;
	int door;
};

static const struct opt pin_rows[] = {
	{
		.name = "pin", .type = &opt_count, .arg = "N", .max = 9999,
		.flags = OPT_SECRET, .off = OPT_AT(struct pin, pin, uint64_t),
		.brief = "the number",
	}, {
		.name = "door", .type = &opt_flag, .flags = OPT_SECRET,
		.off = OPT_AT(struct pin, door, int), .brief = "open",
	},
};

static const struct opt_set pin_set = {
	.name = "pin", .title = "Pin", OPT_ROWS(pin_rows),
	.settings_size = sizeof(struct pin),
};

#define WORDS_MAX 16

/* Splits at blanks; the words point into `text`. Returns argc. */
static int
words_split(char *text, char **argv)
{
	static char program[] = "fetchall";
	char *save = NULL, *word;
	int argc = 0;

	argv[argc++] = program;
	for (word = strtok_r(text, " ", &save); word != NULL;
	     word = strtok_r(NULL, " ", &save)) {
		assert_true(argc < WORDS_MAX);
		argv[argc++] = word;
	}
	argv[argc] = NULL;
	return argc;
}

static int
parse(struct opts *opts, const char *line, int *ret_first, struct err *err)
{
	char *text = mem_strdup(line);
	char *argv[WORDS_MAX + 1];
	int argc = words_split(text, argv);
	int rc = opts_parse(opts, argc, argv, ret_first, err);

	free(text);
	return rc;
}

static void
values_are_stored_as_their_types_say(void **state)
{
	struct opts *opts = opts_new();
	struct settings *got = opts_add(opts, &set);
	struct err err;
	int first;

	(void)state;
	assert_int_equal(parse(opts, "-v --no-progress --format=csv -r10 "
		"--max-body 4k --retry-delay 250ms -o out -H a --header b",
		&first, &err), 0);
	assert_int_equal(got->json, 1);
	assert_int_equal(got->progress, 0);
	assert_int_equal(got->format, 2);
	assert_int_equal(got->retry, 10);
	assert_int_equal(got->max_body, 4096);
	assert_int_equal(got->delay, 250000);
	assert_string_equal(got->output, "out");
	assert_int_equal(got->headers.n, 2);
	assert_string_equal(got->headers.items[0], "a");
	assert_string_equal(got->headers.items[1], "b");
	assert_ptr_equal(opts_settings(opts, &set), got);
	assert_null(opts_settings(opts, &pin_set));
	opts_free(opts);
}

static void
defaults_come_from_the_rows(void **state)
{
	struct opts *opts = opts_new();
	struct settings *got = opts_add(opts, &set);

	(void)state;
	assert_int_equal(got->json, 0);
	assert_int_equal(got->progress, 1);
	assert_int_equal(got->format, 0);
	assert_int_equal(got->retry, 2);
	assert_int_equal(got->max_body, 1 << 20);
	assert_int_equal(got->delay, 0);
	assert_null(got->output);
	assert_int_equal(got->headers.n, 0);
	opts_free(opts);
	opts_free(NULL);
}

static void
a_flag_has_a_twin_that_turns_it_off(void **state)
{
	static const struct {
		const char *line;
		int verbose, progress, no_fetch;
		const char *note;
	} cases[] = {
		{ "-v --no-verbose", 0, 1, 0, "the last one wins" },
		{ "--no-progress --progress", 0, 1, 0, "and back" },
		{ "--no-fetch", 0, 1, 1, "an option with no- of its own" },
		{ "--no-fetch --fetch", 0, 1, 0, "whose twin is without" },
		{ "--no-prog", 0, 0, 0, "abbreviated" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct opts *opts = opts_new();
		struct settings *got = opts_add(opts, &set);
		struct err err;
		int first;

		print_message("# %s\n", cases[i].note);
		assert_int_equal(parse(opts, cases[i].line, &first, &err), 0);
		assert_int_equal(got->json, cases[i].verbose);
		assert_int_equal(got->progress, cases[i].progress);
		assert_int_equal(got->no_fetch, cases[i].no_fetch);
		opts_free(opts);
	}
}

static void
an_alias_stands_for_its_option(void **state)
{
	struct opts *opts = opts_new();
	struct settings *got = opts_add(opts, &set);
	struct err err;
	int first;

	(void)state;
	assert_int_equal(parse(opts, "--json --tries 7", &first, &err), 0);
	assert_int_equal(got->format, 1);
	assert_int_equal(got->retry, 7);
	assert_true(opts_given(opts, "json"));
	assert_true(opts_given(opts, "format"));
	assert_true(opts_given(opts, "retry"));
	assert_false(opts_given(opts, "verbose"));
	assert_false(opts_given(opts, "nonsense"));
	assert_string_equal(opts_find(opts, "tries")->name, "tries");
	assert_null(opts_find(opts, "nonsense"));
	assert_int_equal(parse(opts, "--format lines", &first, &err), 0);
	assert_int_equal(got->format, 0);
	opts_free(opts);
}

/* In its place among the others. */
static void
an_alias_may_begin_the_value(void **state)
{
	struct opts *opts = opts_new();
	struct settings *got = opts_add(opts, &set);
	struct err err;
	int first;

	(void)state;
	assert_int_equal(parse(opts, "-H a --accept b:c --accept= -H d",
		&first, &err), 0);
	assert_int_equal(got->headers.n, 4);
	assert_string_equal(got->headers.items[0], "a");
	assert_string_equal(got->headers.items[1], "Accept:b:c");
	assert_string_equal(got->headers.items[2], "Accept:");
	assert_string_equal(got->headers.items[3], "d");
	assert_int_equal(parse(opts, "--accept", &first, &err), -1);
	assert_non_null(strstr(err.text, "a value is missing (TYPE)"));
	opts_free(opts);
}

static void
operands_move_behind_the_options(void **state)
{
	char words[][8] = { "f", "a", "-v", "b", "--", "-r", "c" };
	char *argv[8];
	struct opts *opts = opts_new();
	struct settings *got = opts_add(opts, &set);
	struct err err;
	int first, i;

	(void)state;
	for (i = 0; i < 7; i++)
		argv[i] = words[i];
	argv[7] = NULL;
	assert_int_equal(opts_parse(opts, 7, argv, &first, &err), 0);
	assert_int_equal(first, 3);
	assert_string_equal(argv[3], "a");
	assert_string_equal(argv[4], "b");
	assert_string_equal(argv[5], "-r");
	assert_string_equal(argv[6], "c");
	assert_int_equal(got->json, 1);
	opts_free(opts);
}

static void
an_optional_value_is_taken_only_when_attached(void **state)
{
	struct opts *opts = opts_new();
	struct settings *got = opts_add(opts, &set);
	struct err err;
	int first;

	(void)state;
	assert_int_equal(parse(opts, "--help fields", &first, &err), 0);
	assert_string_equal(got->topic, "");
	assert_int_equal(first, 2);
	assert_int_equal(parse(opts, "--help=fields", &first, &err), 0);
	assert_string_equal(got->topic, "fields");
	assert_int_equal(parse(opts, "-hall", &first, &err), 0);
	assert_string_equal(got->topic, "all");
	opts_free(opts);
}

static void
parsing_begins_anew_each_time(void **state)
{
	struct opts *one = opts_new(), *two = opts_new();
	struct settings *got_one = opts_add(one, &set);
	struct settings *got_two = opts_add(two, &set);
	struct err err;
	int first;

	(void)state;
	/* Left in the middle of a cluster and of an argv. */
	assert_int_equal(parse(one, "a b -vZv c", &first, &err), -1);
	assert_int_equal(parse(two, "-r 5 x", &first, &err), 0);
	assert_int_equal(first, 3);
	assert_int_equal(got_two->retry, 5);
	assert_int_equal(got_one->retry, 2);
	opts_free(one);
	opts_free(two);
}

static void
a_refusal_says_what_would_be_right(void **state)
{
	static const struct {
		const char *line, *text, *note;
	} cases[] = {
		{ "--retyr 5", "unknown option --retyr; did you mean --retry?",
			"letters swapped" },
		{ "--delay=5", "unknown option --delay; did you mean "
			"--retry-delay?", "part of a name" },
		{ "--xyzzy", "unknown option --xyzzy", "nothing near" },
		{ "--usr=hunter2", "unknown option --usr; did you mean "
			"--user?", "the value is not shown" },
		{ "--re 5", "ambiguous option --re; it may be --retry, "
			"--retry-delay", "abbreviation" },
		{ "--=5", "unknown option --", "no name at all" },
		{ "-R", "unknown option -R; did you mean -r (--retry)?",
			"shift key" },
		{ "-vZ", "unknown option -Z", "in a cluster" },
		{ "-\xc3\xa9", "unknown option -\\xc3", "half a letter" },
		{ "--r\x1b[1m", "unknown option --r\\x1b[1m",
			"no escape sequence gets out" },
		{ "--retry", "--retry: a value is missing (N: a number such "
			"as 5 or 10k)", "at the end" },
		{ "-v -r", "--retry: a value is missing (N: a number such as "
			"5 or 10k)", "by letter" },
		{ "--format", "--format: a value is missing (lines|json|csv: "
			"lines, json, csv)", "a choice" },
		{ "-o", "--output: a value is missing (FILE)", "any text" },
		{ "--verbose=1", "--verbose: takes no value, but has '1'",
			"a flag" },
		{ "--json=1", "--json: takes no value, but has '1'",
			"an alias with its value built in" },
		{ "--no-progress=x", "--no-progress: takes no value, but has "
			"'x'", "a twin" },
		{ "--retry abc", "--retry: 'abc' is no count (use a number "
			"such as 5 or 10k)", "no number" },
		{ "--tries abc", "--tries: 'abc' is no count (use a number "
			"such as 5 or 10k)", "by the name that was said" },
		{ "--retry=", "--retry: '' is no count (use a number such as "
			"5 or 10k)", "empty" },
		{ "--retry 20k", "--retry: '20k' is out of range (use up to "
			"10000)", "too much" },
		{ "--max-body 1", "--max-body: '1' is out of range (use 512 "
			"to 1GiB)", "too little" },
		{ "--max-body 1x", "--max-body: '1x' is no size (use bytes "
			"such as 512, 64k or 4MiB)", "no size" },
		{ "--retry-delay 1us", "--retry-delay: '1us' is out of range "
			"(use 1ms or more)", "no upper end" },
		{ "--retry-delay -1", "--retry-delay: '-1' is no time (use a "
			"time such as 250ms, 10s or 5m)", "below zero" },
		{ "--format jsn", "--format: 'jsn' is unknown; did you mean "
			"'json'? (one of lines, json, csv)", "near" },
		{ "--format tree", "--format: 'tree' is unknown (use one of "
			"lines, json, csv)", "not near" },
		{ "--pin 12345", "--pin: the value is out of range (use up "
			"to 9999)", "a secret out of range" },
		{ "--pin x1y2", "--pin: the value is no count (use a number "
			"such as 5 or 10k)", "a secret of a wrong kind" },
		{ "--door=sesame", "--door: takes no value, but has the value",
			"a secret that should not be there" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct opts *opts = opts_new();
		struct err err = { 0 };
		int first = -5;

		print_message("# %s\n", cases[i].note);
		opts_add(opts, &set);
		opts_add(opts, &pin_set);
		assert_int_equal(parse(opts, cases[i].line, &first, &err), -1);
		assert_int_equal(err.code, ERR_USAGE);
		assert_string_equal(err.text, cases[i].text);
		assert_int_equal(first, -5);
		opts_free(opts);
	}
}

static void
a_long_value_is_cut_in_messages(void **state)
{
	struct opts *opts = opts_new();
	char line[3000] = "--retry ";
	struct err err;
	int first;

	(void)state;
	memset(line + 8, 'x', sizeof line - 9);
	line[sizeof line - 1] = '\0';
	opts_add(opts, &set);
	assert_int_equal(parse(opts, line, &first, &err), -1);
	assert_true(strlen(err.text) < 160);
	assert_non_null(strstr(err.text, "xxx...' is no count"));
	opts_free(opts);
}

static void
checks_of_the_owners_run(void **state)
{
	struct opts *opts = opts_new();
	struct err err;
	int first;

	(void)state;
	opts_add(opts, &pin_set);
	opts_add(opts, &set);
	assert_int_equal(opts_check(opts, &err), 0);
	assert_int_equal(parse(opts, "--no-fetch -o x", &first, &err), 0);
	assert_int_equal(opts_check(opts, &err), -1);
	assert_string_equal(err.text, "--no-fetch excludes --output");
	opts_free(opts);
}

static void
the_nearest_name_is_found(void **state)
{
	static const char *const names[] = { "serial", "async", "thread",
		"thread-pool", "process-pool", "connect-timeout", NULL };
	static const struct {
		const char *word, *near, *note;
	} cases[] = {
		{ "serail", "serial", "swapped" },
		{ "asyncc", "async", "doubled" },
		{ "asnc", "async", "dropped" },
		{ "ASYNC", "async", "case" },
		{ "threads", "thread", "plural" },
		{ "threadpool", "thread-pool", "no dash" },
		{ "proc", "process-pool", "the beginning" },
		{ "timeout", "connect-timeout", "the end" },
		{ "zebra", NULL, "nothing near" },
		{ "x", NULL, "too short to be near" },
		{ "", NULL, "empty" },
		{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
			"aaaaaaaaaaaaaaaaaaaa", NULL, "too long" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *near = opt_nearest(cases[i].word, names);

		print_message("# %s\n", cases[i].note);
		if (cases[i].near == NULL) {
			assert_null(near);
			continue;
		}
		assert_non_null(near);
		assert_string_equal(near, cases[i].near);
	}
}

struct sweep {
	struct opt_counts width;
};

static const struct opt sweep_rows[] = {
	{
		.name = "width", .key = 'w', .type = &opt_counts,
		.arg = "N,...", .dflt = "64", .min = 1, .max = 1000,
		.off = OPT_AT(struct sweep, width, struct opt_counts),
		.brief = "how wide",
	},
};

static const struct opt_set sweep_set = {
	.name = "sweep", .title = "Sweep", OPT_ROWS(sweep_rows),
	.settings_size = sizeof(struct sweep),
};

static void
counts_are_numbers_between_commas(void **state)
{
	static const struct {
		const char *note, *word;
		uint64_t numbers[4];
		size_t n;
		const char *says;
	} cases[] = {
		{ "one", "--width=8", { 8 }, 1, NULL },
		{ "several, in their order", "--width=8,1,1k", { 8, 1, 1000 },
			3, NULL },
		{ "the default", "-w64", { 64 }, 1, NULL },
		{ "too small", "--width=1,0", { 0 }, 0,
			"--width: '0' is out of range (use 1 to 1000)" },
		{ "too large", "--width=2000,1", { 0 }, 0, "'2000' is out" },
		{ "no number", "--width=1,abc", { 0 }, 0, "'abc' is no count" },
		{ "nothing", "--width=", { 0 }, 0, "'' is no count" },
		{ "nothing at the end", "--width=1,", { 0 }, 0,
			"'' is no count" },
		{ "twice", "--width=1,2,1", { 0 }, 0, "'1' is there twice" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		char program[] = "test", word[32];
		char *argv[] = { program, word, NULL };
		struct opts *opts = opts_new();
		const struct sweep *sweep = opts_add(opts, &sweep_set);
		struct err err = { 0 };
		int first;

		print_message("# %s\n", cases[i].note);
		snprintf(word, sizeof word, "%s", cases[i].word);
		if (cases[i].says == NULL) {
			assert_int_equal(opts_parse(opts, 2, argv, &first,
				&err), 0);
			assert_int_equal(sweep->width.n, cases[i].n);
			assert_memory_equal(sweep->width.items,
				cases[i].numbers,
				cases[i].n * sizeof(uint64_t));
		} else {
			assert_int_equal(opts_parse(opts, 2, argv, &first,
				&err), -1);
			assert_non_null(strstr(err.text, cases[i].says));
			assert_int_equal(sweep->width.items[0], 64);
		}
		opts_free(opts);
	}
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(counts_are_numbers_between_commas),
	cmocka_unit_test(values_are_stored_as_their_types_say),
	cmocka_unit_test(defaults_come_from_the_rows),
	cmocka_unit_test(a_flag_has_a_twin_that_turns_it_off),
	cmocka_unit_test(an_alias_stands_for_its_option),
	cmocka_unit_test(an_alias_may_begin_the_value),
	cmocka_unit_test(operands_move_behind_the_options),
	cmocka_unit_test(an_optional_value_is_taken_only_when_attached),
	cmocka_unit_test(parsing_begins_anew_each_time),
	cmocka_unit_test(a_refusal_says_what_would_be_right),
	cmocka_unit_test(a_long_value_is_cut_in_messages),
	cmocka_unit_test(checks_of_the_owners_run),
	cmocka_unit_test(the_nearest_name_is_found),
};

UNIT_MAIN("opt", tests)
