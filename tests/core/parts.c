/* SPDX-License-Identifier: MIT */
/*
 * parts -- bodies of one run never share a part, whichever process they are
 * in; those of another run are told that it is busy.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/part.h"
#include "core/parts.h"
#include "unit.h"

#define URL "http://h.test/a"
#define TAG "\"t\""

static char dir[64];

static int
setup(void **state)
{
	(void)state;
	snprintf(dir, sizeof dir, "/tmp/fetchall-parts-XXXXXX");
	return mkdtemp(dir) != NULL ? 0 : -1;
}

static int
teardown(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof command, "rm -rf %s", dir);
	return system(command);
}

static void
one_body_has_the_part_until_it_is_gone(void **state)
{
	struct parts *parts = parts_new(dir, 4, NULL);
	struct part part;
	int fd = parts_begin(parts, 0, "a", URL, TAG), other;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(parts_begin(parts, 1, "a", URL, TAG), -1);
	assert_int_equal(errno, EALREADY);
	assert_int_equal(parts_resume(parts, 2, "a", URL, TAG, 0), -1);
	assert_int_equal(errno, EALREADY);
	other = parts_begin(parts, 3, "b", URL, TAG);
	assert_true(other >= 0);
	close(other);
	assert_int_equal(write(fd, "123", 3), 3);
	close(fd);
	parts_leave(parts, 0);
	assert_int_equal(parts_look(parts, "a", &part), 0);
	assert_int_equal(part.len, 3);
	part_release(&part);
	fd = parts_resume(parts, 1, "a", URL, TAG, 3);
	assert_true(fd >= 0);
	close(fd);
	parts_free(parts);
}

static void
another_run_is_told_that_it_is_busy(void **state)
{
	struct parts *mine = parts_new(dir, 1, NULL);
	struct parts *its = parts_new(dir, 1, NULL);
	int fd = parts_begin(mine, 0, "a", URL, TAG);

	(void)state;
	assert_int_equal(parts_begin(its, 0, "a", URL, TAG), -1);
	assert_int_equal(errno, EBUSY);
	close(fd);
	parts_free(mine);
	parts_free(its);
}

/* The child's body is the run's as well, which still has it when it died. */
static void
a_child_takes_it_for_the_whole_run(void **state)
{
	struct parts *parts = parts_new(dir, 2, NULL);
	int status, fd;
	pid_t pid = fork();

	(void)state;
	if (pid == 0)
		_exit(parts_begin(parts, 0, "a", URL, TAG) >= 0 ? 0 : 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(parts_begin(parts, 1, "a", URL, TAG), -1);
	assert_int_equal(errno, EALREADY);
	parts_leave(parts, 0);
	fd = parts_begin(parts, 1, "a", URL, TAG);
	assert_true(fd >= 0);
	close(fd);
	parts_free(parts);
}

static void
a_folder_that_is_gone_is_what_the_system_says(void **state)
{
	struct parts *parts = parts_new("/proc/nothing/here", 1, NULL);
	struct part part;

	(void)state;
	assert_int_equal(parts_look(parts, "a", &part), -1);
	assert_int_equal(parts_begin(parts, 0, "a", URL, TAG), -1);
	assert_int_equal(errno, ENOENT);
	parts_free(parts);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(one_body_has_the_part_until_it_is_gone),
	cmocka_unit_test(another_run_is_told_that_it_is_busy),
	cmocka_unit_test(a_child_takes_it_for_the_whole_run),
	cmocka_unit_test(a_folder_that_is_gone_is_what_the_system_says),
};

int
main(void)
{
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("parts", tests, setup, teardown);
}
