/* SPDX-License-Identifier: MIT */
/*
 * Relist: another list is told before anything is done with it, and what can
 * be read only once is not touched.
 */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "core/pretend.h"
#include "core/relist.h"
#include "unit.h"
#include "url/source.h"

static const struct source_settings settings = {
	.proto_default = "http", .format = SOURCE_LINES, .max_line = 65536,
};
static const char *const known[] = { "http://a/1", "http://a/2", "no url: x" };

static char path[32];

/* What the check says of a list of these lines. */
static int
check(struct state *account, const char *list, struct err *err)
{
	char *operands[] = { path };
	FILE *file;
	int fd, rc;

	memcpy(path, "/tmp/list-XXXXXX", 17);
	fd = mkstemp(path);
	assert_true(fd >= 0);
	file = fdopen(fd, "w");
	fputs(list, file);
	fclose(file);
	rc = relist_check(account, &settings, operands, 1, -1, err);
	unlink(path);
	return rc;
}

static void
the_list_from_before_and_nothing_else_passes(void **state)
{
	static const struct {
		const char *note, *list, *said;	/* NULL: nothing */
		uint64_t n_known;
	} cases[] = {
		{ "the same", "http://a/1\nhttp://a/2\nno url: x\n", NULL, 3 },
		{ "in another layout",
			"# no\nhttp://a/1 \r\n\n\thttp://a/2\nno url: x",
			NULL, 3 },
		{ "with more to come", "http://a/1\nhttp://a/2\nhttp://b/",
			NULL, 2 },
		{ "a line changed", "http://a/1\nhttp://a/3\nno url: x\n",
			"line 2 is another", 3 },
		{ "a line more in the middle", "http://a/1\nhttp://a/1\n"
			"http://a/2\nno url: x\n", "line 2 is another", 3 },
		{ "a line gone at the end", "http://a/1\nhttp://a/2\n",
			"the list was longer", 3 },
		{ "all gone", "", "the list was longer", 3 },
		{ "nothing was read before", "http://b/\n", NULL, 0 },
	};
	struct state account;
	struct err err;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		print_message("%s\n", cases[i].note);
		account = (struct state){ .known = known,
			.n_known = cases[i].n_known };
		err = (struct err){ 0 };
		assert_int_equal(check(&account, cases[i].list, &err),
			cases[i].said == NULL ? 0 : -1);
		assert_string_equal(err.text, cases[i].said == NULL ? "" :
			cases[i].said);
		assert_int_equal(err.code, cases[i].said == NULL ? ERR_NONE :
			ERR_USAGE);
		/* The run begins at the first line again. */
		assert_int_equal(account.seq, 0);
	}
}

static void
a_list_that_is_gone_is_an_error(void **state)
{
	char missing[] = "/nonexistent/list";
	char *operands[] = { missing };
	struct state account = { .known = known, .n_known = 3 };
	struct err err = { 0 };

	(void)state;
	assert_int_equal(relist_check(&account, &settings, operands, 1, -1,
		&err), -1);
	assert_int_equal(err.code, ERR_IO);
}

/* Even what could be told from the lists before it: reading them is free. */
static void
standard_input_is_left_alone(void **state)
{
	char first[] = "http://a/2", in[] = "-";
	char *operands[] = { first, in };
	struct state account = { .known = known, .n_known = 3 };
	struct err err = { 0 };
	char left[32] = "";
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	dprintf(fds[1], "http://a/2\n");
	assert_int_equal(relist_check(&account, &settings, operands, 2,
		fds[0], &err), 0);
	assert_int_equal(read(fds[0], left, sizeof left), 11);
	assert_string_equal(left, "http://a/2\n");
	close(fds[0]);
	close(fds[1]);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(the_list_from_before_and_nothing_else_passes),
	cmocka_unit_test(a_list_that_is_gone_is_an_error),
	cmocka_unit_test(standard_input_is_left_alone),
};

UNIT_MAIN("core/relist", tests)
