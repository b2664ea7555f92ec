/* SPDX-License-Identifier: MIT */
/*
 * talk -- both directions at once: whatever the order in which a command
 * reads and writes, nobody waits for ever. What the stages make of that is in
 * stage/exec.c and stage/coproc.c.
 */
#include "config.h"

#include <signal.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/command.h"
#include "base/mem.h"
#include "base/talk.h"
#include "leaks.h"
#include "unit.h"

#define LARGE ((size_t)1 << 20)		/* more than pipes hold */

static void
start(struct talk *talk, const char *text, int64_t us)
{
	struct command command;
	struct err err = { .code = ERR_NONE };

	talk->until_us = clock_us() + us;
	if (command_open(&command, text, 0, NULL, &err) != 0 ||
	    talk_start(talk, &command, environ, &err) != 0)
		fail_msg("%s: %s", text, err.text);
	command_release(&command);
}

static void
each_goal_is_an_end(void **state)
{
	static const struct {
		const char *command;
		enum talk_goal goal;
		enum talk_end end;
		const char *out;	/* NULL: whatever */
		size_t n;		/* bytes sent */
	} cases[] = {
		{ "cat", TALK_SENT, TALK_DONE, NULL, LARGE },
		{ "sh -c 'exec <&-; sleep 1000'", TALK_SENT, TALK_DONE, "",
			LARGE },
		{ "sleep 1000", TALK_SENT, TALK_LATE, "", LARGE },
		{ "head -n 1", TALK_LINE, TALK_LATE, "", 10 },
		{ "sh -c 'head -c 9; echo; sleep 1000'", TALK_LINE, TALK_DONE,
			"xxxxxxxxx\n", 9 },
		{ "echo early", TALK_LINE, TALK_DONE, "early\n", 0 },
		{ "printf none", TALK_LINE, TALK_EXITED, "none", 0 },
		{ "true", TALK_LINE, TALK_EXITED, "", LARGE },
		{ "true", TALK_EXIT, TALK_DONE, "", LARGE },
		{ "echo last", TALK_EXIT, TALK_DONE, "last\n", 0 },
		{ "cat", TALK_EXIT, TALK_LATE, "xxx", 3 },
	};
	struct talk talk;
	char *body = mem_alloc(LARGE);
	size_t i;

	memset(body, 'x', LARGE);
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		print_message("%s, %d\n", cases[i].command, cases[i].goal);
		talk_init(&talk, LARGE);
		start(&talk, cases[i].command, cases[i].end == TALK_LATE ?
			100 * CLOCK_MS : 10 * CLOCK_SECOND);
		assert_int_equal(talk_run(&talk, body, cases[i].n,
			cases[i].goal), cases[i].end);
		if (cases[i].out != NULL)
			assert_string_equal(buf_text(&talk.out), cases[i].out);
		talk_release(&talk);
	}
	free(body);
	(void)state;
}

static int
say_yes(const void *arg)
{
	return *(const int *)arg;
}

static void
it_can_be_called_off(void **state)
{
	struct talk talk;
	int cancelled = 0;

	talk_init(&talk, 100);
	talk.cancelled = say_yes;
	talk.arg = &cancelled;
	start(&talk, "cat", 10 * CLOCK_SECOND);
	assert_int_equal(talk_run(&talk, "a\n", 2, TALK_LINE), TALK_DONE);
	cancelled = 1;
	assert_int_equal(talk_run(&talk, NULL, 0, TALK_EXIT), TALK_CANCELLED);
	talk_release(&talk);
	(void)state;
}

static void
one_that_waits_is_quiet(void **state)
{
	struct talk talk;

	talk_init(&talk, 100);
	assert_false(talk_quiet(&talk));
	start(&talk, "cat", 10 * CLOCK_SECOND);
	assert_true(talk_quiet(&talk));
	assert_int_equal(talk_run(&talk, "a\n", 2, TALK_LINE), TALK_DONE);
	assert_false(talk_quiet(&talk));
	buf_clear(&talk.out);
	assert_true(talk_quiet(&talk));
	spawn_close(&talk.spawn.in);
	assert_int_equal(talk_run(&talk, NULL, 0, TALK_EXIT), TALK_DONE);
	assert_false(talk_quiet(&talk));
	talk_stop(&talk);
	assert_false(talk_quiet(&talk));
	talk_release(&talk);
	(void)state;
}

/* The end of a long complaint, its last line that holds something. */
static void
ends_are_explained(void **state)
{
	static const struct {
		const char *command, *text;
	} cases[] = {
		{ "sh -c 'exit 1'", "sh ended with status 1" },
		{ "sh -c 'echo >&2; exit 1'", "sh ended with status 1" },
		{ "sh -c 'printf \"a\\nb\\r\\n\\n\" >&2; exit 1'",
			"sh ended with status 1: b" },
		{ "sh -c 'seq 99999 >&2; exit 1'",
			"sh ended with status 1: 99999" },
		{ "sh -c 'printf %0999d 7 >&2; exit 1'", NULL },
		{ "sh -c 'printf \"a\\033[31m\" >&2; kill $$'",
			"sh was ended by signal 15 (Terminated): a\x1b[31m" },
	};
	struct command sh = { .argv = (char *[]){ (char[]){ "sh" }, NULL } };
	struct talk talk;
	struct err err;
	size_t i;
	int status;

	talk_init(&talk, 10);
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		start(&talk, cases[i].command, 10 * CLOCK_SECOND);
		assert_int_equal(talk_run(&talk, NULL, 0, TALK_EXIT),
			TALK_DONE);
		status = talk_stop(&talk);
		assert_int_equal(talk_explain(&talk, &sh, status, &err), -1);
		if (cases[i].text != NULL)
			assert_string_equal(err.text, cases[i].text);
		else
			assert_int_equal(strlen(err.text), 24 + 300);
	}
	talk_release(&talk);
	(void)state;
}

static size_t n_descriptors;

static int
note_leaks(void **state)
{
	(void)state;
	n_descriptors = leaks_descriptors();
	return 0;
}

static int
find_leaks(void **state)
{
	(void)state;
	leaks_no_child();
	assert_int_equal(leaks_descriptors(), n_descriptors);
	return 0;
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, note_leaks, find_leaks)

static const struct CMUnitTest tests[] = {
	TEST(each_goal_is_an_end),
	TEST(it_can_be_called_off),
	TEST(one_that_waits_is_quiet),
	TEST(ends_are_explained),
};

int
main(void)
{
	signal(SIGPIPE, SIG_IGN);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("talk", tests, NULL, NULL);
}
