/* SPDX-License-Identifier: MIT */
/*
 * grep -- how often an expression matches, the text of the first match, and
 * that none runs for ever.
 */
#include "config.h"

#include "base/clock.h"
#include "base/mem.h"
#include "stage/family.h"
#include "stage/trial.h"
#include "unit.h"

#ifdef HAVE_PCRE2

struct answer {
	uint64_t matches;
	const char *first;
};

static void
check_answer(struct trial *trial, const void *arg)
{
	const struct answer *answer = arg;

	if (trial->outcome.failed)
		fail_msg("%s", trial->outcome.errormsg);
	assert_int_equal(trial_u64(trial, "grep_matches"), answer->matches);
	if (answer->first == NULL)
		assert_null(trial_text(trial, "grep_first"));
	else
		assert_string_equal(trial_text(trial, "grep_first"),
			answer->first);
}

static void
matches_are_counted_and_the_first_is_shown(void **state)
{
	static const struct {
		const char *regex, *body;
		struct answer answer;
		const char *note;
	} cases[] = {
		{ "b+", "abbabb", { 2, "bb" }, "two" },
		{ "x", "abbabb", { 0, NULL }, "none" },
		{ "x", "", { 0, NULL }, "empty body" },
		{ "^", "", { 1, "" }, "empty body, empty match" },
		{ "aa", "aaaaa", { 2, "aa" }, "they do not overlap" },
		{ "()", "abc", { 4, "" }, "nothing" },
		{ "a*", "baac", { 4, "" }, "empty ones and another" },
		{ "a*?", "aa", { 5, "" }, "behind each empty one another" },
		{ "(?i)TITLE", "<title></title>", { 2, "title" }, "(?i)" },
		{ "TITLE", "<title>", { 0, NULL }, "case counts" },
		{ "<b>.*</b>", "<b>\n</b>", { 0, NULL }, "dot" },
		{ "(?s)<b>.*?</b>", "<b>\n</b><b></b>", { 2, "<b>\n</b>" },
			"(?s)" },
		{ "(?m)^a$", "a\nb\na\n", { 2, "a" }, "(?m)" },
		{ "^a", "a\na", { 1, "a" }, "the begin of the body" },
		{ "\\d+(?=px)", "12px 3em 4px", { 2, "12" }, "look-ahead" },
		{ "(?<=(?1))(?(DEFINE)(\\Ka))", "baa", { 2, "a" },
			"\\K backwards" },
		{ "(?=(?1))(?(DEFINE)(a\\K))", "aab", { 2, NULL },
			"begin behind the end" },
		{ "a\\Kb", "abab", { 2, "b" }, "\\K" },
		{ "a\\K", "aa", { 2, "" }, "\\K and nothing" },
		{ "\\xe9", "\xe9t\xe9", { 2, "\xe9" }, "Latin-1" },
		{ "\xc3\xa9+", "\xc3\xa9t\xc3\xa9", { 2, "\xc3\xa9" }, "UTF-8" },
		{ "(a)(b)(c)(d)", "abcd", { 1, "abcd" }, "groups" },
		{ "(a)\\1", "aaaa", { 2, "aa" }, "back reference" },
	};
	struct trial *trial;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		print_message("%s\n", cases[i].note);
		trial = trial_new_with(&stage_grep, cases[i].regex, NULL, NULL);
		trial_run_cut(trial, cases[i].body, strlen(cases[i].body),
			check_answer, &cases[i].answer);
		trial_free(trial);
	}
}

static void
bytes_of_any_value_are_searched(void **state)
{
	static const char body[] = "a\0b\0c\xff\xfe";
	struct trial *trial = trial_new_with(&stage_grep, "\\x00[bc]", NULL, NULL);

	(void)state;
	trial_run_cut(trial, body, sizeof body - 1, check_answer,
		&(struct answer){ 2, "" });
	trial_free(trial);
	trial = trial_new_with(&stage_grep, "[^a]{3}$", NULL, NULL);
	trial_run_cut(trial, body, sizeof body - 1, check_answer,
		&(struct answer){ 1, "c\xff\xfe" });
	trial_free(trial);
}

static void
the_first_is_cut_at_200_bytes_between_characters(void **state)
{
	static const struct {
		size_t lead;	/* 'a' in front of three-byte characters */
		size_t want;
	} cases[] = { { 0, 198 }, { 1, 199 }, { 2, 200 }, { 3, 198 } };
	struct trial *trial = trial_new_with(&stage_grep, "(?s).+", NULL, NULL);
	char body[1000];
	size_t i, k;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		for (k = 0; k < sizeof body; k++)
			body[k] = k < cases[i].lead ? 'a' :
				"\xe2\x82\xac"[(k - cases[i].lead) % 3];
		trial_run(trial, body, sizeof body, TRIAL_WHOLE);
		assert_int_equal(strlen(trial_text(trial, "grep_first")),
			cases[i].want);
	}
	memset(body, 0xff, sizeof body);
	trial_run(trial, body, sizeof body, TRIAL_WHOLE);
	assert_int_equal(strlen(trial_text(trial, "grep_first")), 200);
	memset(body, 'a', sizeof body);
	trial_run(trial, body, 200, TRIAL_WHOLE);
	assert_int_equal(strlen(trial_text(trial, "grep_first")), 200);
	trial_free(trial);
}

static void
assert_match_limit(struct trial *trial)
{
	assert_true(trial->outcome.failed);
	assert_int_equal(trial->outcome.error_class, ERROR_EXEC);
	assert_string_equal(trial->outcome.detail, "match_limit");
	assert_null(trial_value(trial, "grep_matches"));
}

static void
expressions_that_take_for_ever_are_stopped(void **state)
{
	static const char *const regexes[] = {
		"(a+)+$", "(a|aa)+$", "(?:a*)*[bc]$",
		"^(?:a?){40}a{40}$",
	};
	struct trial *trial;
	char body[60];
	size_t i;

	(void)state;
	memset(body, 'a', sizeof body);
	body[sizeof body - 1] = '!';
	for (i = 0; i < sizeof regexes / sizeof *regexes; i++) {
		print_message("%s\n", regexes[i]);
		trial = trial_new_with(&stage_grep, regexes[i],
		"--grep-steps", "1M");
		trial_run(trial, body, sizeof body, TRIAL_WHOLE);
		assert_match_limit(trial);
		/* and the next body is searched */
		trial_run(trial, "aac", 3, TRIAL_WHOLE);
		assert_false(trial->outcome.failed);
		trial_free(trial);
	}
}

/* One match stays below the limit of steps; there are many. */
static void
all_matches_together_have_a_limit_of_time(void **state)
{
	struct trial *trial = trial_new_with(&stage_grep, "a(?=a*b|)",
		"--grep-time", "20ms");
	size_t n = 300000;
	char *body = mem_array(n, 1);
	int64_t begun = clock_us();

	(void)state;
	memset(body, 'a', n);
	trial_run(trial, body, n, TRIAL_WHOLE);
	assert_match_limit(trial);
	assert_non_null(strstr(trial->outcome.errormsg, "--grep-time"));
	assert_in_range(clock_us() - begun, 20000, 20 * CLOCK_SECOND);
	free(body);
	trial_free(trial);
}

static void
the_end_of_the_run_ends_the_search(void **state)
{
	struct trial *trial = trial_new_with(&stage_grep, "a", NULL, NULL);

	(void)state;
	trial->cancelled = 1;
	trial_run(trial, "aaa", 3, TRIAL_WHOLE);
	assert_true(trial->outcome.failed);
	assert_int_equal(trial->outcome.error_class, ERROR_STOPPED);
	trial_free(trial);
}

static void
bad_expressions_are_refused_with_the_place(void **state)
{
	(void)state;
	trial_refuses(&stage_grep, NULL, "REGEX is missing");
	trial_refuses(&stage_grep, "", "REGEX is missing");
	trial_refuses(&stage_grep, "a(b",
		"missing closing parenthesis at offset 3 of 'a(b'");
	trial_refuses(&stage_grep, "[z-a]", "range out of order");
	trial_refuses(&stage_grep, "(*UTF)a", "disabled by the application");
}

#else

static void
it_says_that_it_was_built_without(void **state)
{
	(void)state;
	trial_refuses(&stage_grep, "a", "built without PCRE2");
}

#endif

static const struct CMUnitTest tests[] = {
#ifdef HAVE_PCRE2
	cmocka_unit_test(matches_are_counted_and_the_first_is_shown),
	cmocka_unit_test(bytes_of_any_value_are_searched),
	cmocka_unit_test(the_first_is_cut_at_200_bytes_between_characters),
	cmocka_unit_test(expressions_that_take_for_ever_are_stopped),
	cmocka_unit_test(all_matches_together_have_a_limit_of_time),
	cmocka_unit_test(the_end_of_the_run_ends_the_search),
	cmocka_unit_test(bad_expressions_are_refused_with_the_place),
#else
	cmocka_unit_test(it_says_that_it_was_built_without),
#endif
};

UNIT_MAIN("stage/grep", tests)
