/* SPDX-License-Identifier: MIT */
/*
 * coproc -- one command for all bodies, what it is told and may answer, and
 * that whatever it does costs one record and at most two starts.
 */
#include "config.h"

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "stage/family.h"
#include "stage/hook.h"
#include "unit.h"

#ifdef HAVE_JANSSON

#define LARGE ((size_t)1 << 20)		/* more than pipes hold */
#define BOUND (10 * CLOCK_SECOND)	/* for what should end soon */

/* A shell script for each body: its header is $h, its length $n. */
#define EACH(script) \
	"while read -r h; do n=${h#*'\"length\":'}; n=${n%%,*}; " \
	script "; done"
#define SKIP "head -c $n >/dev/null; "
#define COUNT EACH("printf '{\"pid\":%d,\"n\":%d}\\n' $$ " \
	"$(head -c $n | wc -c)")

static struct trial *
script_new(const char *script, const char *options)
{
	char all[100];

	snprintf(all, sizeof all, "--coproc-shell %s", options);
	return hook_new(&stage_coproc, script, all);
}

static void
expect_answer(const struct trial *trial, const char *expected)
{
	hook_expect(trial, "", "");
	assert_string_equal(trial_text(trial, "coproc"), expected);
}

/* How often a command was started that notes it in the file "starts". */
static size_t
starts_take(void)
{
	FILE *file = fopen("starts", "re");
	size_t n = 0;
	int c;

	if (file == NULL)
		return 0;
	while ((c = getc(file)) != EOF)
		n += c == '\n';
	fclose(file);
	unlink("starts");
	return n;
}

static void
one_command_answers_for_all_bodies(void **state)
{
	static const size_t sizes[] = { 0, 1, 4096, LARGE, 0, 2 };
	struct trial *trial = script_new(COUNT, "");
	char *body = hook_letters(LARGE);
	int pid, first = 0;
	size_t i, k, n;

	for (i = 0; i < 18; i++) {
		k = i % (sizeof sizes / sizeof *sizes);
		trial_run(trial, body, sizes[k], i < 9 ? 4097 : TRIAL_WHOLE);
		hook_expect(trial, "", "");
		assert_int_equal(sscanf(trial_text(trial, "coproc"),
			"{\"pid\":%d,\"n\":%zu}", &pid, &n), 2);
		assert_int_equal(n, sizes[k]);
		if (first == 0)
			first = pid;
		assert_int_equal(pid, first);
	}
	trial_free(trial);
	free(body);
	(void)state;
}

static void
the_header_is_one_line_of_ascii(void **state)
{
	struct trial *trial = script_new(
		EACH(SKIP "printf '{\"h\":%s}\\n' \"$h\""), "");

	trial->page = (struct stage_page){
		.seq = 18446744073709551615u, .url = "http://h/a?b=\"\\'$(x)",
		.response_code = 404, .content_type = "text/html\n\xc3\xbc",
	};
	trial_run(trial, "abc", 3, TRIAL_WHOLE);
	expect_answer(trial, "{\"h\":{\"seq\":18446744073709551615,"
		"\"url\":\"http://h/a?b=\\\"\\\\'$(x)\",\"status\":404,"
		"\"content_type\":\"text/html\\u000a\\u00fc\",\"length\":3,"
		"\"escaped\":false}}");
	trial->page = (struct stage_page){
		.url = "\xff\\\",\"length\":9,\n{\"seq\":1}\n",
	};
	trial_run(trial, "", 0, TRIAL_WHOLE);
	expect_answer(trial, "{\"h\":{\"seq\":0,\"url\":\"\\\\xff\\\\\\\\\\\","
		"\\\"length\\\":9,\\u000a{\\\"seq\\\":1}\\u000a\","
		"\"status\":0,\"content_type\":null,\"length\":0,"
		"\"escaped\":true}}");
	trial_free(trial);
	(void)state;
}

static void
answers_become_ascii_and_stay_the_same(void **state)
{
	static const struct {
		const char *answer, *expected, *note;
	} cases[] = {
		{ "{}", "{}", "empty" },
		{ " \t{\t\"a\" : [1, 2]}\r", "{ \"a\" : [1, 2]}", "blanks" },
		{ "{\"a\":1e400,\"b\":123456789012345678901234567890}", NULL,
			"no number of any machine" },
		{ "{\"b\":123456789012345678901234567890,\"c\":1.50}",
			"{\"b\":123456789012345678901234567890,\"c\":1.50}",
			"numbers as they are" },
		{ "{\"a\":\"\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80\x7f\"}",
			"{\"a\":\"\\u00fc\\u20ac\\ud83d\\ude00\\u007f\"}",
			"beyond ASCII" },
		{ "{\"a\":\"\\u0000\\n\"}", "{\"a\":\"\\u0000\\n\"}",
			"escaped already" },
		{ "{\"a\":\"\xff\"}", NULL, "no UTF-8" },
		{ "{\"a\":\"\x01\"}", NULL, "a control character" },
		{ "{\"a\":1", NULL, "no end" },
		{ "{} {}", NULL, "two" },
		{ "[1]", NULL, "an array" },
		{ "\"a\"", NULL, "a string" },
		{ "null", NULL, "nothing" },
		{ "", NULL, "an empty line" },
		{ "hello", NULL, "words" },
		{ "{}\n{}", NULL, "two lines" },
	};
	struct trial *trial;
	size_t i;

	trial = script_new(EACH("head -c $n; echo"), "");
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		print_message("%s\n", cases[i].note);
		trial_run(trial, cases[i].answer, strlen(cases[i].answer),
			TRIAL_WHOLE);
		if (cases[i].expected != NULL) {
			expect_answer(trial, cases[i].expected);
			continue;
		}
		hook_expect(trial, "answer", "one line that is a JSON object");
		assert_null(trial_text(trial, "coproc"));
	}
	trial_free(trial);
	(void)state;
}

static void
an_answer_has_a_limit(void **state)
{
	struct trial *trial = script_new(EACH(
		"printf '{\"a\":\"'; head -c $n; echo '\"}'"), "");
	char *body = hook_letters(65536);

	trial_run(trial, body, 65527, TRIAL_WHOLE);
	hook_expect(trial, "", "");
	assert_int_equal(strlen(trial_text(trial, "coproc")), 65535);
	trial_run(trial, body, 65528, TRIAL_WHOLE);
	hook_expect(trial, "answer", "longer than 64 KiB");
	trial_run(trial, "x", 1, TRIAL_WHOLE);
	expect_answer(trial, "{\"a\":\"x\"}");
	trial_free(trial);
	free(body);
	(void)state;
}

struct fault {
	const char *script;
	const char *options;
	const char *detail;	/* "": none */
	const char *words;	/* of the message */
	size_t starts;		/* for two bodies */
};

#define NOTED "echo >>starts; "

static const struct fault faults[] = {
	{ NOTED "exit 0", "", "answer", "ended before it answered", 4 },
	{ NOTED "echo no module x >&2; exit 3", "", "status",
		"status 3: no module x", 4 },
	{ NOTED "kill -SEGV $$", "", "signal", "ended by signal 11", 4 },
	{ NOTED "read -r h; exit 1", "", "status", "status 1", 4 },
	{ NOTED "cat >/dev/null; :", "--coproc-timeout 80ms",
		"command_timeout", "did not answer within 80.0 ms", 2 },
	{ NOTED "exec sleep 1000", "--coproc-timeout 80ms",
		"command_timeout", "80.0 ms", 2 },
	{ NOTED "yes >&2; :", "--coproc-timeout 80ms",
		"command_timeout", "80.0 ms", 2 },
	{ NOTED "exec yes", "", "answer", "one line", 2 },
	{ NOTED "exec cat /dev/zero", "", "answer", "64 KiB", 2 },
	{ NOTED "cat /dev/zero >&2; :", "--coproc-timeout 80ms",
		"command_timeout", "", 2 },
	{ NOTED "sleep 1000 & exit 4", "", "status", "status 4", 4 },
	{ NOTED EACH(SKIP "echo '{}'; exit 1"), "", "", "", 2 },
	{ NOTED EACH(SKIP "echo '{}'"), "", "", "", 1 },
};

static void
whatever_it_does_is_one_record_and_two_starts(void **state)
{
	char *body = hook_letters(LARGE);
	struct trial *trial;
	int64_t began;
	size_t i, k;

	for (i = 0; i < sizeof faults / sizeof *faults; i++) {
		trial = script_new(faults[i].script, faults[i].options);
		began = clock_us();
		for (k = 0; k < 2; k++) {
			trial_run(trial, body, LARGE, TRIAL_WHOLE);
			hook_expect(trial, faults[i].detail, faults[i].words);
		}
		trial_free(trial);
		assert_in_range(clock_us() - began, 0, BOUND);
		assert_int_equal(starts_take(), faults[i].starts);
	}
	free(body);
	(void)state;
}

/* Answered before all was read: what is left must be read, or time runs out;
 * with nothing left it is an answer like others. */
static void
an_early_answer_counts_once_all_is_read(void **state)
{
	struct trial *trial = script_new(
		EACH("echo '{}'; test $n -gt 9 && sleep 1000; " SKIP ":"),
		"--coproc-timeout 200ms");
	char *body = hook_letters(LARGE);

	trial_run(trial, "123", 3, TRIAL_WHOLE);
	expect_answer(trial, "{}");
	trial_run(trial, body, LARGE, TRIAL_WHOLE);
	hook_expect(trial, "command_timeout", "");
	trial_run(trial, "123", 3, TRIAL_WHOLE);
	expect_answer(trial, "{}");
	trial_free(trial);
	free(body);
	(void)state;
}

/* The same body again, whole, and only once. */
static void
the_body_it_held_is_retried_once(void **state)
{
	struct trial *trial = script_new(NOTED EACH(
		"if test $n = 5 && test ! -e died; then : >died; "
		"head -c 2 >/dev/null; kill -KILL $$; fi; "
		"printf '{\"got\":\"%s\"}\\n' $(head -c $n)"), "");

	trial_run(trial, "abc", 3, TRIAL_WHOLE);
	expect_answer(trial, "{\"got\":\"abc\"}");
	trial_run(trial, "abcde", 5, TRIAL_WHOLE);
	expect_answer(trial, "{\"got\":\"abcde\"}");
	trial_run(trial, "xyz", 3, TRIAL_WHOLE);
	expect_answer(trial, "{\"got\":\"xyz\"}");
	assert_int_equal(starts_take(), 2);
	assert_int_equal(unlink("died"), 0);
	trial_free(trial);
	(void)state;
}

/* A second line would be the next body's answer. */
static void
nobody_gets_an_answer_to_something_else(void **state)
{
	struct trial *trial = script_new(EACH("b=$(head -c $n); "
		"case $b in two) printf '{\"b\":\"two\"}\\n{\"b\":1}\\n';; "
		"*) printf '{\"b\":\"%s\"}\\n' $b;; esac"), "");
	static const char *const bodies[] = { "one", "two", "three", "two" };
	char expected[30];
	size_t i;

	for (i = 0; i < sizeof bodies / sizeof *bodies; i++) {
		trial_run(trial, bodies[i], strlen(bodies[i]), TRIAL_WHOLE);
		if (strcmp(bodies[i], "two") == 0) {
			hook_expect(trial, "answer", "");
			continue;
		}
		snprintf(expected, sizeof expected, "{\"b\":\"%s\"}",
			bodies[i]);
		expect_answer(trial, expected);
	}
	trial_free(trial);
	(void)state;
}

static void
the_end_of_its_input_is_its_end(void **state)
{
	struct trial *trial = script_new(EACH(SKIP "echo '{}'")
		"; cat; echo >>starts", "");

	trial_run(trial, "x", 1, TRIAL_WHOLE);
	expect_answer(trial, "{}");
	trial_free(trial);
	assert_int_equal(starts_take(), 1);
	/* No body, no command. */
	trial = script_new(NOTED "cat", "");
	trial_free(trial);
	assert_int_equal(starts_take(), 0);
	(void)state;
}

static void
it_ends_when_the_run_does(void **state)
{
	struct trial *trial = script_new("echo >told; sleep 1000", "");
	char *body = hook_letters(LARGE);

	hook_cancel(trial, body, LARGE);
	trial_free(trial);
	free(body);
	(void)state;
}

static void
words_need_no_shell(void **state)
{
	struct trial *trial = hook_new(&stage_coproc,
		"sed -u 's/.*length\":\\([0-9]*\\).*/{\"n\":\\1}/'", "");

	trial_run(trial, "", 0, TRIAL_WHOLE);
	expect_answer(trial, "{\"n\":0}");
	trial_free(trial);
	(void)state;
}

static void
what_cannot_be_run_is_refused(void **state)
{
	(void)state;
	hook_refuses(&stage_coproc, NULL, "", "no command");
	hook_refuses(&stage_coproc, " ", "--coproc-shell", "no command");
	hook_refuses(&stage_coproc, "\"", "", "not closed");
	hook_refuses(&stage_coproc, "/no/such/tool x", "", "/no/such/tool");
	hook_refuses(&stage_coproc, "exit 3", "",
		"cannot run 'exit': No such file or directory; "
		"a word of the shell needs --coproc-shell");
}

static const struct CMUnitTest tests[] = {
	HOOK_TEST(one_command_answers_for_all_bodies),
	HOOK_TEST(the_header_is_one_line_of_ascii),
	HOOK_TEST(answers_become_ascii_and_stay_the_same),
	HOOK_TEST(an_answer_has_a_limit),
	HOOK_TEST(whatever_it_does_is_one_record_and_two_starts),
	HOOK_TEST(an_early_answer_counts_once_all_is_read),
	HOOK_TEST(the_body_it_held_is_retried_once),
	HOOK_TEST(nobody_gets_an_answer_to_something_else),
	HOOK_TEST(the_end_of_its_input_is_its_end),
	HOOK_TEST(it_ends_when_the_run_does),
	HOOK_TEST(words_need_no_shell),
	HOOK_TEST(what_cannot_be_run_is_refused),
};

#else

static void
it_says_what_is_missing(void **state)
{
	(void)state;
	trial_refuses(&stage_coproc, "cat", "without jansson");
}

static const struct CMUnitTest tests[] = {
	HOOK_TEST(it_says_what_is_missing),
};

#endif

HOOK_MAIN("coproc", tests)
