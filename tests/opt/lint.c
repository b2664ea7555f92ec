/* SPDX-License-Identifier: MIT */
/* lint -- that each rule of the tables is looked at. */
#include "config.h"

#include "unit.h"

#include "opt/lint.h"
#include "opt/opt.h"

#define SETTINGS_SIZE 64

static const char *const none[] = { NULL };
static const char *const blanks[] = { "a b", NULL };
static const char *const plain[] = { "a", "b", NULL };

static const struct opt good = {
	.name = "good", .key = 'g', .type = &opt_count, .arg = "N",
	.dflt = "1", .max = 5, .brief = "fine", .notes = "It is.",
};

struct fault {
	const char *note;
	const char *text;	/* NULL: it is no fault */
	struct opt row;
};

static const struct fault faults[] = {
	{ "a flag", NULL,
		{ .name = "a", .type = &opt_flag, .brief = "b" } },
	{ "a choice without arg", NULL,
		{ .name = "a", .type = &opt_choice, .choices = plain,
		  .brief = "b" } },
	{ "an alias", NULL,
		{ .name = "a", .type = &opt_alias, .means = "good=3",
		  .brief = "b" } },
	{ "no name", "row 2: a row has no name",
		{ .type = &opt_flag, .brief = "b" } },
	{ "a name twice", "--good: the name is used twice",
		{ .name = "good", .type = &opt_flag, .brief = "b" } },
	{ "an odd name", "row 2: the name has odd characters",
		{ .name = "Bad_", .type = &opt_flag, .brief = "b" } },
	{ "dashes", "row 2: the name has odd characters",
		{ .name = "--bad", .type = &opt_flag, .brief = "b" } },
	{ "an odd key", "row 2: the key is no letter or digit",
		{ .name = "a", .key = '?', .type = &opt_flag, .brief = "b" } },
	{ "a key twice", "--a: the key -g is also --good's",
		{ .name = "a", .key = 'g', .type = &opt_flag, .brief = "b" } },
	{ "no brief", "--a: there is no brief",
		{ .name = "a", .type = &opt_flag } },
	{ "a sentence", "--a: the brief ends in a full stop",
		{ .name = "a", .type = &opt_flag, .brief = "b." } },
	{ "61 characters", "--a: the brief is longer than 60",
		{ .name = "a", .type = &opt_flag, .brief =
		  "a234567890b234567890c234567890d234567890e234567890"
		  "f2345678901" } },
	{ "open notes", "--a: the notes do not end in a full stop",
		{ .name = "a", .type = &opt_flag, .brief = "b",
		  .notes = "c" } },
	{ "no choices", "--a: there are no choices",
		{ .name = "a", .type = &opt_choice, .arg = "X",
		  .choices = none, .brief = "b" } },
	{ "a choice of two words", "row 2: a choice is no plain word",
		{ .name = "a", .type = &opt_choice, .choices = blanks,
		  .brief = "b" } },
	{ "no arg", "--a: there is neither arg nor choices",
		{ .name = "a", .type = &opt_text, .brief = "b" } },
	{ "a flag's arg", "--a: a flag has no arg",
		{ .name = "a", .type = &opt_flag, .arg = "N", .brief = "b" } },
	{ "min and max", "--a: min is above max",
		{ .name = "a", .type = &opt_count, .arg = "N", .min = 5,
		  .max = 4, .brief = "b" } },
	{ "an alias of nothing", "--a: the alias stands for no option",
		{ .name = "a", .type = &opt_alias, .means = "b",
		  .brief = "b" } },
	{ "an alias of itself", "--a: the alias stands for no option",
		{ .name = "a", .type = &opt_alias, .means = "a",
		  .brief = "b" } },
	{ "an alias of a bad value",
		"--a: the alias: '6' is out of range (use up to 5)",
		{ .name = "a", .type = &opt_alias, .means = "good=6",
		  .brief = "b" } },
	{ "a place outside", "--a: its place is outside the settings",
		{ .name = "a", .type = &opt_flag, .off = SETTINGS_SIZE,
		  .brief = "b" } },
};

static void
every_rule_is_looked_at(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof faults / sizeof *faults; i++) {
		struct opt table[] = { good, faults[i].row };
		struct opt_set set = { .name = "x", .title = "X",
			OPT_ROWS(table), .settings_size = SETTINGS_SIZE };
		struct opts *opts = opts_new();
		struct err err = { 0 };
		int bad = faults[i].text != NULL;

		print_message("# %s\n", faults[i].note);
		if (table[1].off == 0)
			table[1].off = sizeof(uint64_t);
		opts_add(opts, &set);
		assert_int_equal(opts_lint(opts, &err), bad ? -1 : 0);
		assert_string_equal(err.text, bad ? faults[i].text : "");
		opts_free(opts);
	}
}

static void
every_default_is_read(void **state)
{
	struct opt table[] = { good };
	struct opt_set set = { .name = "x", .title = "X", OPT_ROWS(table),
		.settings_size = SETTINGS_SIZE };
	struct opts *opts = opts_new();
	struct err err;

	(void)state;
	opts_add(opts, &set);
	table[0].dflt = "6";
	assert_int_equal(opts_lint(opts, &err), -1);
	assert_string_equal(err.text,
		"--good: the default: '6' is out of range (use up to 5)");
	opts_free(opts);
}

static void
a_set_needs_name_and_title(void **state)
{
	static const struct opt_set set = { .name = "x", .rows = &good,
		.n = 1, .settings_size = SETTINGS_SIZE };
	struct opts *opts = opts_new();
	struct err err;

	(void)state;
	opts_add(opts, &set);
	assert_int_equal(opts_lint(opts, &err), -1);
	assert_string_equal(err.text, "a set has no name or title");
	opts_free(opts);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(every_rule_is_looked_at),
	cmocka_unit_test(every_default_is_read),
	cmocka_unit_test(a_set_needs_name_and_title),
};

UNIT_MAIN("lint", tests)
