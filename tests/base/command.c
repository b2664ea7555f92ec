/* SPDX-License-Identifier: MIT */
/*
 * command -- what may be run is found as execvp(3) would find it, and what
 * may not is a usage error.
 */
#include "config.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/command.h"
#include "unit.h"

static char folder[] = "/tmp/fetchall-command-XXXXXX";

static int
folder_make(void **state)
{
	(void)state;
	if (mkdtemp(folder) == NULL || chdir(folder) != 0)
		return -1;
	return mkdir("one", 0700) + mkdir("two", 0700);
}

static int
folder_remove(void **state)
{
	static const char *const files[] = {
		"one/tool", "two/tool", "plain", "tool",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof files / sizeof *files; i++)
		unlink(files[i]);
	rmdir("one/folder");
	return rmdir("one") + rmdir("two") + chdir("/") + rmdir(folder);
}

static void
file_make(const char *path, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT, mode);

	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(chmod(path, mode), 0);
}

static void
expect_path(const char *text, const char *path)
{
	struct command command = { 0 };
	struct err err = { .code = ERR_NONE };

	if (command_open(&command, text, 0, NULL, &err) != 0)
		fail_msg("%s: %s", text, err.text);
	assert_string_equal(command.path, path);
	command_release(&command);
	assert_null(command.argv);
}

static void
expect_refusal(const char *text, int shell, const char *words)
{
	struct command command = { 0 };
	struct err err = { .code = ERR_NONE };

	print_message("%s\n", text);
	assert_int_equal(command_open(&command, text, shell, NULL, &err), -1);
	assert_int_equal(err.code, ERR_USAGE);
	if (strstr(err.text, words) == NULL)
		fail_msg("%s", err.text);
	assert_null(command.path);
}

static void
names_are_found_in_path(void **state)
{
	(void)state;
	file_make("one/tool", 0600);
	file_make("two/tool", 0700);
	setenv("PATH", "one:two", 1);
	expect_path("tool -x", "two/tool");
	chmod("one/tool", 0700);
	expect_path("tool", "one/tool");
	setenv("PATH", "two:one", 1);
	expect_path("tool", "two/tool");
	file_make("tool", 0700);
	setenv("PATH", ":one", 1);
	expect_path("tool", "./tool");
	expect_path("./tool", "./tool");
	expect_path("one/tool", "one/tool");
	unsetenv("PATH");
	expect_path("env", access("/usr/local/bin/env", X_OK) == 0 ?
		"/usr/local/bin/env" : "/usr/bin/env");
}

static void
what_cannot_be_run_is_refused(void **state)
{
	(void)state;
	file_make("plain", 0600);
	mkdir("one/folder", 0700);
	setenv("PATH", "one", 1);
	expect_refusal("", 0, "no command");
	expect_refusal(" \n", 0, "no command");
	expect_refusal("\\\n", 0, "no command");
	expect_refusal("", 1, "no command");
	expect_refusal(" \t", 1, "no command");
	expect_refusal("''", 0, "No such file");
	expect_refusal("a 'b", 0, "not closed");
	expect_refusal("no-such-tool", 0, "'no-such-tool': No such file");
	expect_refusal("folder", 0, "'folder': No such file");
	expect_refusal("./one", 0, "Is a directory");
	expect_refusal("./plain", 0, "Permission denied");
	expect_refusal("./plain/x", 0, "Not a directory");
}

static void
a_shell_gets_the_text_as_it_is(void **state)
{
	static const char *const words[] = { "sh", "-c", "a 'b | $c" };
	struct command command = { 0 };
	size_t i;

	assert_int_equal(command_open(&command, words[2], 1, NULL, NULL), 0);
	assert_string_equal(command.path, "/bin/sh");
	for (i = 0; i < 3; i++)
		assert_string_equal(command.argv[i], words[i]);
	assert_null(command.argv[3]);
	command_release(&command);
	(void)state;
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(names_are_found_in_path),
	cmocka_unit_test(what_cannot_be_run_is_refused),
	cmocka_unit_test(a_shell_gets_the_text_as_it_is),
};

int
main(void)
{
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("command", tests, folder_make,
		folder_remove);
}
