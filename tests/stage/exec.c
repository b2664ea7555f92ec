/* SPDX-License-Identifier: MIT */
/*
 * exec -- what a command gets, what becomes of what it writes, and that
 * whatever it does is one record within its time.
 */
#include "config.h"

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "stage/family.h"
#include "stage/hook.h"
#include "unit.h"

#define LARGE ((size_t)1 << 20)		/* more than pipes hold */
#define BOUND (10 * CLOCK_SECOND)	/* for what should end soon */

static void
expect_stdout(const char *command, const char *options, const char *body,
	const char *expected, int cut)
{
	struct trial *trial = hook_new(&stage_exec, command, options);

	trial_run(trial, body, strlen(body), TRIAL_WHOLE);
	hook_expect(trial, "", "");
	assert_string_equal(trial_text(trial, "exec_stdout"), expected);
	assert_int_equal(trial_value(trial, "exec_cut")->flag, cut);
	assert_int_equal(trial_u64(trial, "exec_status"), 0);
	assert_in_range(trial_value(trial, "time_exec")->us, 1, BOUND);
	trial_free(trial);
}

static void
expect_same(struct trial *trial, const void *body)
{
	hook_expect(trial, "", "");
	assert_string_equal(trial_text(trial, "exec_stdout"), body);
}

/* Both directions at once, whatever the pieces; more than pipes hold. */
static void
bodies_go_in_and_come_out(void **state)
{
	static const size_t sizes[] = { 0, 1, 4096, 100000 };
	struct trial *trial = hook_new(&stage_exec, "cat",
		"--exec-output 16MiB");
	char *body = hook_letters(LARGE);
	size_t i;

	for (i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		char *start = body + LARGE - sizes[i];

		trial_run_cut(trial, start, sizes[i], expect_same, start);
	}
	trial_run(trial, body, LARGE, TRIAL_WHOLE);
	expect_same(trial, body);
	trial_run(trial, body, LARGE, 4097);
	expect_same(trial, body);
	trial_free(trial);
	free(body);
	(void)state;
}

static void
output_is_taken_as_a_shell_takes_it(void **state)
{
	(void)state;
	expect_stdout("cat", "", "", "", 0);
	expect_stdout("cat", "", "a\nb", "a\nb", 0);
	expect_stdout("cat", "", "\na\n\n\n", "\na", 0);
	expect_stdout("cat", "", "\n\n", "", 0);
	expect_stdout("printf 'a\\000b'", "", "", "a", 1);
	expect_stdout("echo '  $HOME|*  '", "", "", "  $HOME|*  ", 0);
}

static void
output_beyond_the_limit_is_cut(void **state)
{
	(void)state;
	expect_stdout("cat", "--exec-output 10", "0123456789", "0123456789", 0);
	expect_stdout("cat", "--exec-output 10", "0123456789a", "0123456789",
		1);
	expect_stdout("cat", "--exec-output 0", "x", "", 1);
	expect_stdout("cat", "--exec-output 0", "", "", 0);
	expect_stdout("head -c 3000000 /dev/zero", "", "", "", 1);
}

/* Exact bytes, in the environment and nowhere else (CWE-78, CWE-88). */
static void
hostile_names_arrive_as_they_are(void **state)
{
	static const char *const urls[] = {
		"http://h/", "", "-rf", "--help", "$(touch pwned)`id`",
		"http://h/a b\tc'\"\\$HOME;|&<>*?[x]{}()!#~%41",
		"line\nFETCHALL_STATUS=999\r\nend", "\xff\x80\x01\x1b[31m\x7f",
		"=", "%s%n",
	};
	struct trial *trial = hook_new(&stage_exec,
		"sh -c 'printf %s: \"$#\" \"$FETCHALL_URL\"'", "");
	char expected[200];
	size_t i;

	for (i = 0; i < sizeof urls / sizeof *urls; i++) {
		trial->page.url = urls[i];
		trial_run(trial, "", 0, TRIAL_WHOLE);
		snprintf(expected, sizeof expected, "0:%s:", urls[i]);
		expect_same(trial, expected);
	}
	assert_int_equal(access("pwned", F_OK), -1);
	trial_free(trial);
	(void)state;
}

static void
the_environment_tells_of_the_page(void **state)
{
	struct trial *trial;

	/* As inside of another fetchall's command; FETCHALL is not ours. */
	setenv("FETCHALL_URL", "outer", 1);
	setenv("FETCHALL_SEQ", "outer", 1);
	setenv("FETCHALL_OTHER", "kept", 1);
	trial = hook_new(&stage_exec,
		"sh -c 'env | grep ^FETCHALL_ | grep -v ORIGIN= | sort'", "");
	trial->page = (struct stage_page){
		.seq = 18446744073709551615u, .url = "http://h/a?b",
		.response_code = 404, .content_type = "text/html; x=\"y\"",
		.content_encoding = "br",
	};
	trial_run(trial, "", 0, TRIAL_WHOLE);
	expect_same(trial, "FETCHALL_CONTENT_ENCODING=br\n"
		"FETCHALL_CONTENT_TYPE=text/html; x=\"y\"\n"
		"FETCHALL_OTHER=kept\nFETCHALL_SEQ=18446744073709551615\n"
		"FETCHALL_STATUS=404\nFETCHALL_URL=http://h/a?b");
	trial->page = (struct stage_page){ .seq = 1, .url = "" };
	trial_run(trial, "", 0, TRIAL_WHOLE);
	expect_same(trial, "FETCHALL_CONTENT_ENCODING=\n"
		"FETCHALL_CONTENT_TYPE=\nFETCHALL_OTHER=kept\n"
		"FETCHALL_SEQ=1\nFETCHALL_STATUS=0\nFETCHALL_URL=");
	trial_free(trial);
	unsetenv("FETCHALL_URL");
	unsetenv("FETCHALL_SEQ");
	unsetenv("FETCHALL_OTHER");
	(void)state;
}

struct fault {
	const char *command, *options;
	const char *detail;	/* "": none */
	const char *words;	/* of the message */
	int status;		/* -1: none */
};

static const struct fault faults[] = {
	{ "true", "", "", "", 0 },
	{ "head -c 10", "", "", "", 0 },
	{ "sh -c 'exec <&-; sleep 0.05'", "", "", "", 0 },
	{ "sh -c 'exec <&- >&- 2>&-; sleep 0.05'", "", "", "", 0 },
	{ "sh -c 'echo noise >&2'", "", "", "", 0 },
	{ "false", "", "status", "false ended with status 1", 1 },
	{ "sh -c 'cat >/dev/null; exit 255'", "", "status", "status 255", 255 },
	{ "sh -c 'echo one >&2; echo \"two x\" >&2; echo >&2; exit 3'", "",
		"status", "sh ended with status 3: two x", 3 },
	{ "sh -c 'head -c 999999 /dev/zero | tr \"\\0\" x >&2; exit 3'", "",
		"status", "status 3: xxxx", 3 },
	{ "sh -c 'kill -TERM $$'", "", "signal", "ended by signal 15", -1 },
	{ "sh -c 'kill -KILL $$'", "", "signal", "ended by signal 9", -1 },
	{ "sh -c 'echo why >&2; kill -ABRT $$'", "", "signal",
		"signal 6 (Aborted): why", -1 },
	{ "sleep 1000", "--exec-timeout 30ms", "command_timeout",
		"sleep took more than 30.0 ms", -1 },
	{ "sh -c 'trap \"\" TERM INT; cat >/dev/null; sleep 1000'",
		"--exec-timeout 50ms", "command_timeout", "50.0 ms", -1 },
	{ "yes", "--exec-timeout 50ms", "command_timeout", "50.0 ms", -1 },
	{ "sh -c 'yes >&2'", "--exec-timeout 50ms", "command_timeout", "50.0 ms",
		-1 },
	{ "sh -c 'yes & yes >&2 & yes'", "--exec-timeout 50ms",
		"command_timeout", "50.0 ms", -1 },
	/* What was left running keeps the pipes open. */
	{ "sh -c 'sleep 1000 & exit 0'", "", "", "", 0 },
	{ "sh -c 'yes & exit 2'", "", "status", "status 2", 2 },
	{ "sh -c 'setsid sh -c \"sleep 2\" & exit 0'", "", "", "", 0 },
};

static void
expect_fault(const struct trial *trial, const struct fault *fault)
{
	hook_expect(trial, fault->detail, fault->words);
	assert_non_null(trial_text(trial, "exec_stdout"));
	assert_non_null(trial_value(trial, "time_exec"));
	if (fault->status < 0)
		assert_null(trial_value(trial, "exec_status"));
	else
		assert_int_equal(trial_u64(trial, "exec_status"),
			fault->status);
}

/* Twice with one worker: what happened to one body is not the next one's. */
static void
whatever_it_does_is_one_record(void **state)
{
	char *body = hook_letters(LARGE);
	struct trial *trial;
	int64_t began;
	size_t i, k;

	for (i = 0; i < sizeof faults / sizeof *faults; i++) {
		trial = hook_new(&stage_exec, faults[i].command,
			faults[i].options);
		began = clock_us();
		for (k = 0; k < 2; k++) {
			trial_run(trial, body, LARGE, TRIAL_WHOLE);
			expect_fault(trial, &faults[i]);
		}
		trial_run(trial, body, 10, 3);
		expect_fault(trial, &faults[i]);
		assert_in_range(clock_us() - began, 0, BOUND);
		trial_free(trial);
	}
	free(body);
	(void)state;
}

/* A flood is what it wrote first, and no more of it. */
static void
a_flood_is_cut_and_ends(void **state)
{
	struct trial *trial = hook_new(&stage_exec, "yes abc",
		"--exec-timeout 50ms --exec-output 6");

	trial_run(trial, "", 0, TRIAL_WHOLE);
	hook_expect(trial, "command_timeout", "");
	assert_string_equal(trial_text(trial, "exec_stdout"), "abc\nab");
	assert_int_equal(trial_value(trial, "exec_cut")->flag, 1);
	trial_free(trial);
	(void)state;
}

static void
a_variable_too_long_for_the_system_is_one_record(void **state)
{
	struct trial *trial = hook_new(&stage_exec, "true", "");
	char *url = hook_letters(300000);

	trial->page.url = url;
	trial_run(trial, "", 0, TRIAL_WHOLE);
	assert_true(trial->outcome.failed);
	assert_string_equal(trial->outcome.errormsg,
		"cannot run 'true': Argument list too long");
	trial->page.url = "http://h/";
	trial_run(trial, "", 0, TRIAL_WHOLE);
	hook_expect(trial, "", "");
	trial_free(trial);
	free(url);
	(void)state;
}

/* The command of a body that was broken off sees no end of it: else it might
 * take the part for the whole. */
static void
a_part_never_seems_whole(void **state)
{
	struct trial *trial = hook_new(&stage_exec,
		"sh -c 'cat; echo . >>whole'", "");

	trial_abort(trial, "abcdef", 6, 3);
	trial_run(trial, "whole", 5, TRIAL_WHOLE);
	expect_same(trial, "whole");
	assert_int_equal(unlink("whole"), 0);
	trial_abort(trial, "abcdef", 6, 3);
	trial_free(trial);
	assert_int_equal(access("whole", F_OK), -1);
	(void)state;
}

static void
it_ends_when_the_run_does(void **state)
{
	static const char *const commands[] = {
		"sh -c 'echo >told; sleep 1000'",
		"sh -c 'cat >/dev/null; echo >told; sleep 1000'",
	};
	char *body = hook_letters(LARGE);
	struct trial *trial;
	size_t i;

	for (i = 0; i < sizeof commands / sizeof *commands; i++) {
		trial = hook_new(&stage_exec, commands[i], "");
		hook_cancel(trial, body, LARGE);
		trial_free(trial);
	}
	free(body);
	(void)state;
}

static void
a_shell_is_there_when_asked_for(void **state)
{
	(void)state;
	expect_stdout("echo $((1 + 2)) | cat; cat", "--exec-shell", "body",
		"3\nbody", 0);
	hook_refuses(&stage_exec, "", "--exec-shell", "no command");
}

static void
what_cannot_be_run_is_refused(void **state)
{
	(void)state;
	hook_refuses(&stage_exec, NULL, "", "no command");
	hook_refuses(&stage_exec, "", "", "no command");
	hook_refuses(&stage_exec, "cat 'x", "", "not closed");
	hook_refuses(&stage_exec, "/no/such/tool x", "", "/no/such/tool");
	hook_refuses(&stage_exec, "exit 3", "",
		"cannot run 'exit': No such file or directory; "
		"a word of the shell needs --exec-shell");
	hook_refuses(&stage_exec, "/etc/passwd", "", "Permission denied");
}

static const struct CMUnitTest tests[] = {
	HOOK_TEST(bodies_go_in_and_come_out),
	HOOK_TEST(output_is_taken_as_a_shell_takes_it),
	HOOK_TEST(output_beyond_the_limit_is_cut),
	HOOK_TEST(hostile_names_arrive_as_they_are),
	HOOK_TEST(the_environment_tells_of_the_page),
	HOOK_TEST(whatever_it_does_is_one_record),
	HOOK_TEST(a_flood_is_cut_and_ends),
	HOOK_TEST(a_variable_too_long_for_the_system_is_one_record),
	HOOK_TEST(a_part_never_seems_whole),
	HOOK_TEST(it_ends_when_the_run_does),
	HOOK_TEST(a_shell_is_there_when_asked_for),
	HOOK_TEST(what_cannot_be_run_is_refused),
};

HOOK_MAIN("exec", tests)
