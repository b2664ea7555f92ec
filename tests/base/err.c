/* SPDX-License-Identifier: MIT */
/*
 * err -- the texts and codes that reach the user, and the exit statuses that
 * scripts rely on.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>

#include "base/err.h"
#include "unit.h"

static void
setting_returns_minus_one_and_fills(void **state)
{
	struct err err = { .code = ERR_NONE };

	(void)state;
	assert_int_equal(err_set(&err, ERR_USAGE, "no %s", "way"), -1);
	assert_int_equal(err.code, ERR_USAGE);
	assert_string_equal(err.text, "no way");
	assert_int_equal(err_set(NULL, ERR_USAGE, "nobody asks"), -1);
}

static void
long_texts_are_cut(void **state)
{
	struct err err;
	char text[2 * sizeof err.text];

	(void)state;
	memset(text, 'x', sizeof text);
	text[sizeof text - 1] = '\0';
	err_set(&err, ERR_IO, "%s", text);
	assert_int_equal(strlen(err.text), sizeof err.text - 1);
	err_in(&err, "%s", text);
	assert_int_equal(strlen(err.text), sizeof err.text - 1);
}

static void
errno_decides_between_disk_and_system(void **state)
{
	static const struct {
		int number;
		enum err_code code;
		const char *note;
	} cases[] = {
		{ ENOENT, ERR_IO, "no such file" },
		{ EACCES, ERR_IO, "not allowed to" },
		{ ENOSPC, ERR_IO, "disk full" },
		{ EFBIG, ERR_IO, "file size limit" },
		{ EMFILE, ERR_SYSTEM, "out of descriptors" },
		{ EAGAIN, ERR_SYSTEM, "no more threads" },
		{ ENOMEM, ERR_SYSTEM, "no memory" },
	};
	struct err err;
	char text[256];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		errno = cases[i].number;
		assert_int_equal(err_sys(&err, "%s", cases[i].note), -1);
		assert_int_equal(errno, cases[i].number);
		assert_int_equal(err.code, cases[i].code);
		snprintf(text, sizeof text, "%s: %s", cases[i].note,
			strerror(cases[i].number));
		assert_string_equal(err.text, text);
	}
}

static void
context_is_put_before_the_text(void **state)
{
	struct err err;

	(void)state;
	err_set(&err, ERR_IO, "cannot read");
	assert_int_equal(err_in(&err, "line %d", 7), -1);
	assert_int_equal(err_in(&err, "%s", "list"), -1);
	assert_string_equal(err.text, "list: line 7: cannot read");
	assert_int_equal(err.code, ERR_IO);
	assert_int_equal(err_in(NULL, "nobody asks"), -1);
}

static void
statuses_are_the_documented_ones(void **state)
{
	(void)state;
	assert_int_equal(err_status(ERR_NONE), 0);
	assert_int_equal(err_status(ERR_FAILED), 1);
	assert_int_equal(err_status(ERR_USAGE), 2);
	assert_int_equal(err_status(ERR_IO), 3);
	assert_int_equal(err_status(ERR_SYSTEM), 4);
	assert_int_equal(err_status(ERR_INTERRUPTED), 130);
	assert_int_equal(err_status(ERR_CLOSED), 141);
	assert_int_equal(err_status(ERR_TERMINATED), 143);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(setting_returns_minus_one_and_fills),
	cmocka_unit_test(long_texts_are_cut),
	cmocka_unit_test(errno_decides_between_disk_and_system),
	cmocka_unit_test(context_is_put_before_the_text),
	cmocka_unit_test(statuses_are_the_documented_ones),
};

UNIT_MAIN("err", tests)
