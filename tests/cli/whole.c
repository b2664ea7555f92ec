/* SPDX-License-Identifier: MIT */
/*
 * A file is there whole or as it was before.
 */
#include "config.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "cli/whole.h"
#include "unit.h"

static char folder[64];

static int
enter(void **state)
{
	(void)state;
	snprintf(folder, sizeof folder, "/tmp/whole.XXXXXX");
	return mkdtemp(folder) != NULL && chdir(folder) == 0 ? 0 : -1;
}

static int
leave(void **state)
{
	(void)state;
	unlink("file");
	unlink("link");
	return chdir("/") == 0 && rmdir(folder) == 0 ? 0 : -1;
}

static void
put(struct whole *whole, const char *text)
{
	struct err err = { 0 };
	struct buf bytes;

	buf_init(&bytes, 1000);
	buf_add_text(&bytes, text);
	assert_int_equal(whole_write(whole, &bytes, &err), 0);
	buf_release(&bytes);
}

static void
expect_file(const char *text)
{
	char found[64] = "";
	FILE *file = fopen("file", "r");

	if (text == NULL) {
		assert_null(file);
		return;
	}
	assert_non_null(file);
	assert_int_equal(fread(found, 1, sizeof found - 1, file),
		strlen(text));
	assert_string_equal(found, text);
	fclose(file);
}

static void
nothing_is_there_until_all_is(void **state)
{
	struct whole whole;
	struct err err = { 0 };
	struct stat st;

	(void)state;
	umask(027);
	assert_int_equal(whole_open(&whole, "file", &err), 0);
	put(&whole, "half");
	expect_file(NULL);
	whole_drop(&whole);
	expect_file(NULL);
	assert_int_equal(whole_open(&whole, "file", &err), 0);
	put(&whole, "all");
	assert_int_equal(whole_keep(&whole, &err), 0);
	expect_file("all");
	assert_int_equal(stat("file", &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
}

static void
what_was_there_stays_until_then(void **state)
{
	struct whole whole;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(whole_open(&whole, "file", &err), 0);
	put(&whole, "new");
	expect_file("all");
	assert_int_equal(whole_check("file", &err), 0);
	expect_file("all");
	assert_int_equal(whole_keep(&whole, &err), 0);
	expect_file("new");
}

static void
a_link_stays_a_link(void **state)
{
	struct whole whole;
	struct err err = { 0 };
	struct stat st;

	(void)state;
	assert_int_equal(symlink("file", "link"), 0);
	assert_int_equal(whole_open(&whole, "link", &err), 0);
	put(&whole, "linked");
	assert_int_equal(whole_keep(&whole, &err), 0);
	expect_file("linked");
	assert_int_equal(lstat("link", &st), 0);
	assert_true(S_ISLNK(st.st_mode));
}

static void
what_cannot_be_written_is_known_early(void **state)
{
	struct err err = { 0 };

	(void)state;
	assert_int_equal(whole_check("nowhere/file", &err), -1);
	assert_int_equal(err.code, ERR_IO);
	assert_int_equal(whole_check(".", &err), -1);
	assert_int_equal(err.code, ERR_IO);
	assert_int_equal(whole_check("/dev/null", &err), 0);
	assert_int_equal(whole_check(NULL, &err), 0);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(nothing_is_there_until_all_is),
	cmocka_unit_test(what_was_there_stays_until_then),
	cmocka_unit_test(a_link_stays_a_link),
	cmocka_unit_test(what_cannot_be_written_is_known_early),
};

int
main(void)
{
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("cli/whole", tests, enter, leave);
}
