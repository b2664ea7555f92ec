/* SPDX-License-Identifier: MIT */
/*
 * words -- commands are split where a shell would split them, and nothing in
 * them is expanded.
 */
#include "config.h"

#include "base/words.h"
#include "unit.h"

#define WORDS_MAX 6

struct words_case {
	const char *text;
	const char *words[WORDS_MAX];	/* NULL first: none */
	const char *note;
};

static void
split_as_a_shell_splits(void **state)
{
	static const struct words_case cases[] = {
		{ "", { NULL }, "nothing" },
		{ " \t\n ", { NULL }, "blanks" },
		{ "wc", { "wc" }, "one" },
		{ "wc -c", { "wc", "-c" }, "two" },
		{ " \twc\n -c ", { "wc", "-c" }, "blanks around" },
		{ "a''b", { "ab" }, "quotes within a word" },
		{ "''", { "" }, "an empty word" },
		{ "a '' \"\"", { "a", "", "" }, "several" },
		{ "'a b'c", { "a bc" }, "a blank in quotes" },
		{ "'a\\b'", { "a\\b" }, "no backslash in single quotes" },
		{ "'\"'\"'\"", { "\"'" }, "one quote in the other" },
		{ "\"a \\\" b\"", { "a \" b" }, "a quote in its like" },
		{ "\"\\$\\`\\\\\"", { "$`\\" }, "what a backslash takes" },
		{ "\"\\a\\n\"", { "\\a\\n" }, "and what it leaves" },
		{ "\"a\\\nb\"", { "ab" }, "a hidden line end, quoted" },
		{ "\"a\\\\\nb\"", { "a\\\nb" }, "a backslash before one" },
		{ "\"a\nb\"", { "a\nb" }, "a line end in quotes" },
		{ "a\\ b", { "a b" }, "a blank behind a backslash" },
		{ "\\a\\\\\\'", { "a\\'" }, "backslashes outside" },
		{ "a\\\nb \\\n c", { "ab", "c" }, "hidden line ends" },
		{ "\\\n", { NULL }, "nothing else" },
		{ "$HOME ~ *", { "$HOME", "~", "*" }, "not expanded" },
		{ "a|b >c ;d", { "a|b", ">c", ";d" }, "no operators" },
		{ "# x", { "#", "x" }, "no comment" },
		{ "\xff\x01 \xc3\xbc", { "\xff\x01", "\xc3\xbc" }, "bytes" },
	};
	size_t i, k;

	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		char **words = words_split(cases[i].text, NULL);

		print_message("%s\n", cases[i].note);
		assert_non_null(words);
		for (k = 0; cases[i].words[k] != NULL; k++) {
			assert_non_null(words[k]);
			assert_string_equal(words[k], cases[i].words[k]);
		}
		assert_null(words[k]);
		words_free(words);
	}
	(void)state;
}

static void
refuse_what_has_no_end(void **state)
{
	static const struct {
		const char *text, *words;
	} cases[] = {
		{ "'", "quote ' is not closed" },
		{ "a 'b c", "quote ' is not closed" },
		{ "a \"b c", "quote \" is not closed" },
		{ "\"a\\\"", "quote \" is not closed" },
		{ "\"a\\", "quote \" is not closed" },
		{ "'a\"", "quote ' is not closed" },
		{ "a \\", "nothing follows the last backslash" },
	};
	struct err err;
	size_t i;

	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		print_message("%s\n", cases[i].text);
		assert_null(words_split(cases[i].text, &err));
		assert_int_equal(err.code, ERR_USAGE);
		assert_non_null(strstr(err.text, cases[i].words));
	}
	words_free(NULL);
	(void)state;
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(split_as_a_shell_splits),
	cmocka_unit_test(refuse_what_has_no_end),
};

UNIT_MAIN("words", tests)
