/* SPDX-License-Identifier: MIT */
/*
 * wc -- counts as POSIX has them: newlines, strings between white space, and
 * bytes.
 */
#include "config.h"

#include "base/mem.h"
#include "stage/family.h"
#include "stage/trial.h"
#include "unit.h"

struct wc_case {
	const char *body;
	size_t n;		/* 0: strlen */
	uint64_t lines, words;
	const char *note;
};

static const struct wc_case wc_cases[] = {
	{ "", 0, 0, 0, "nothing" },
	{ "word", 0, 0, 1, "a word without an end" },
	{ "word\n", 0, 1, 1, "a line" },
	{ "\n\n\n", 0, 3, 0, "empty lines" },
	{ "one two  three\nfour", 0, 1, 4, "two blanks between" },
	{ " \t\v\f\r\n", 0, 1, 0, "all the white space there is" },
	{ "a\tb\vc\fd\re\nf g", 0, 1, 7, "each of them parts words" },
	{ "a\r\nb\r\n", 0, 2, 2, "lines of DOS" },
	{ "a\0b c\0", 6, 0, 2, "NULs are no space" },
	{ "na\xc3\xafve caf\xc3\xa9", 0, 0, 2, "UTF-8" },
	{ "\xff\xfe \xa0\x85", 0, 0, 2, "bytes that are no text" },
};

static void
wc_check(struct trial *trial, const void *arg)
{
	const struct wc_case *at = arg;

	assert_false(trial->outcome.failed);
	assert_int_equal(trial_u64(trial, "wc_lines"), at->lines);
	assert_int_equal(trial_u64(trial, "wc_words"), at->words);
	assert_int_equal(trial_u64(trial, "wc_bytes"), at->n);
}

static void
lines_words_and_bytes_are_counted(void **state)
{
	struct trial *trial = trial_new(&stage_wc, NULL, NULL);
	size_t i;

	(void)state;
	for (i = 0; i < sizeof wc_cases / sizeof *wc_cases; i++) {
		struct wc_case at = wc_cases[i];

		if (at.n == 0)
			at.n = strlen(at.body);
		print_message("%s\n", at.note);
		trial_run_cut(trial, at.body, at.n, wc_check, &at);
	}
	trial_free(trial);
}

static void
a_long_text_counts_the_same_however_cut(void **state)
{
	struct trial *trial = trial_new(&stage_wc, NULL, NULL);
	char *text = trial_words(300000);
	struct wc_case at = { .n = 300000 };

	(void)state;
	trial_run(trial, text, at.n, TRIAL_WHOLE);
	at.lines = trial_u64(trial, "wc_lines");
	at.words = trial_u64(trial, "wc_words");
	assert_true(at.lines > 1000 && at.words > at.lines);
	trial_run_cut(trial, text, at.n, wc_check, &at);
	free(text);
	trial_free(trial);
}

static void
a_body_broken_off_leaves_nothing_behind(void **state)
{
	struct trial *trial = trial_new(&stage_wc, NULL, NULL);

	(void)state;
	trial_abort(trial, "one two\nthree", 13, 5);
	assert_null(trial_value(trial, "wc_words"));
	trial_run(trial, "x y", 3, TRIAL_WHOLE);
	assert_int_equal(trial_u64(trial, "wc_lines"), 0);
	assert_int_equal(trial_u64(trial, "wc_words"), 2);
	assert_int_equal(trial_u64(trial, "wc_bytes"), 3);
	trial_free(trial);
}

static void
an_argument_is_refused(void **state)
{
	(void)state;
	trial_refuses(&stage_wc, "-l", "takes no argument");
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(lines_words_and_bytes_are_counted),
	cmocka_unit_test(a_long_text_counts_the_same_however_cut),
	cmocka_unit_test(a_body_broken_off_leaves_nothing_behind),
	cmocka_unit_test(an_argument_is_refused),
};

UNIT_MAIN("stage/wc", tests)
