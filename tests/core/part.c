/* SPDX-License-Identifier: MIT */
/*
 * part -- a part is gone on with only if it is ours, the same and nobody
 * else's at the moment; what lies in its place is not touched.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "core/part.h"
#include "core/tree.h"
#include "net/fetch.h"
#include "unit.h"

#define URL "http://h.test/a?x=1"
#define TAG "\"t\""

struct place {
	char dir[64];
	int fd;
	struct tree *tree;
};

static int
setup(void **state)
{
	struct place *place = mem_array(1, sizeof *place);

	snprintf(place->dir, sizeof place->dir, "/tmp/fetchall-part-XXXXXX");
	assert_non_null(mkdtemp(place->dir));
	place->fd = open(place->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	place->tree = tree_open(place->dir, 0, NULL);
	assert_non_null(place->tree);
	*state = place;
	return 0;
}

/* What is in h/, the only folder that there is. */
static size_t
count(const struct place *place)
{
	int fd = openat(place->fd, "h", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent *entry;
	DIR *dir = fdopendir(fd);
	size_t n = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL)
		n += strcmp(entry->d_name, ".") != 0 &&
			strcmp(entry->d_name, "..") != 0;
	closedir(dir);
	return n;
}

static int
teardown(void **state)
{
	struct place *place = *state;
	char *command = mem_printf("rm -rf %s", place->dir);

	tree_free(place->tree);
	close(place->fd);
	assert_int_equal(system(command), 0);
	free(command);
	free(place);
	return 0;
}

static void
write_file(const struct place *place, const char *name, const char *text)
{
	int fd = openat(place->fd, name, O_WRONLY | O_CREAT | O_TRUNC |
		O_CLOEXEC, 0666);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void
assert_size(const struct place *place, const char *name, int64_t size)
{
	struct stat st;

	if (fstatat(place->fd, name, &st, 0) != 0)
		st.st_size = -1;
	assert_int_equal(st.st_size, size);
}

/* A part of five bytes, as one that was cut off leaves it. */
static void
leave(struct place *place, const char *path)
{
	int fd = part_begin(place->tree, path, URL, TAG);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "12345", 5), 5);
	close(fd);
}

static void
what_was_left_is_found_and_gone_on_with(void **state)
{
	struct place *place = *state;
	struct part part;
	int fd;

	assert_int_equal(part_look(place->tree, "h/a", &part), -1);
	assert_null(part.url);
	leave(place, "h/a");
	assert_int_equal(count(place), 2);
	assert_int_equal(part_look(place->tree, "h/a", &part), 0);
	assert_string_equal(part.url, URL);
	assert_string_equal(part.validator, TAG);
	assert_int_equal(part.len, 5);
	part_release(&part);
	fd = part_resume(place->tree, "h/a", URL, TAG, 5);
	assert_true(fd >= 0);
	assert_true(part_is(place->tree, "h/a", fd));
	assert_false(part_is(place->tree, "h/a", place->fd));
	close(fd);
	part_remove(place->tree, "h/a");
	assert_int_equal(count(place), 0);
}

static void
only_the_part_that_was_looked_at_is_gone_on_with(void **state)
{
	struct place *place = *state;

	leave(place, "h/a");
	assert_int_equal(part_resume(place->tree, "h/a", URL "2", TAG, 5), -1);
	assert_int_equal(errno, ESTALE);
	assert_int_equal(part_resume(place->tree, "h/a", URL, "\"u\"", 5), -1);
	assert_int_equal(errno, ESTALE);
	assert_int_equal(part_resume(place->tree, "h/a", URL, TAG, 4), -1);
	assert_int_equal(errno, ESTALE);
	assert_size(place, "h/a.part", 5);
}

static void
a_new_one_takes_the_place_of_the_old(void **state)
{
	struct place *place = *state;
	struct part part;
	int fd;

	leave(place, "h/a");
	fd = part_begin(place->tree, "h/a", URL, "\"u\"");
	assert_true(fd >= 0);
	assert_size(place, "h/a.part", 0);
	close(fd);
	assert_int_equal(part_look(place->tree, "h/a", &part), 0);
	assert_string_equal(part.validator, "\"u\"");
	assert_int_equal(part.len, 0);
	part_release(&part);
	assert_int_equal(count(place), 2);
}

static void
one_that_is_being_written_is_busy(void **state)
{
	struct place *place = *state;
	int fd = part_begin(place->tree, "h/a", URL, TAG);

	assert_int_equal(part_begin(place->tree, "h/a", URL, TAG), -1);
	assert_int_equal(errno, EBUSY);
	assert_int_equal(part_resume(place->tree, "h/a", URL, TAG, 0), -1);
	assert_int_equal(errno, EBUSY);
	close(fd);
}

static void
what_is_not_ours_is_not_touched(void **state)
{
	struct place *place = *state;
	struct part part;

	assert_int_equal(mkdirat(place->fd, "h", 0777), 0);
	write_file(place, "h/a.part", "another program's");
	write_file(place, "h/precious", "precious");
	assert_int_equal(symlinkat("precious", place->fd, "h/b.part"), 0);
	assert_int_equal(linkat(place->fd, "h/precious", place->fd,
		"h/c.part", 0), 0);
	assert_int_equal(mkdirat(place->fd, "h/d.part", 0777), 0);
	assert_int_equal(part_look(place->tree, "h/a", &part), -1);
	assert_int_equal(part_begin(place->tree, "h/a", URL, TAG), -1);
	assert_int_equal(errno, EALREADY);
	part_remove(place->tree, "h/a");
	assert_size(place, "h/a.part", 17);
	assert_int_equal(part_begin(place->tree, "h/b", URL, TAG), -1);
	assert_int_equal(errno, ELOOP);
	assert_int_equal(part_begin(place->tree, "h/c", URL, TAG), -1);
	assert_int_equal(errno, ELOOP);
	assert_int_equal(part_begin(place->tree, "h/d", URL, TAG), -1);
	assert_int_equal(errno, ELOOP);
	assert_size(place, "h/precious", 8);
	assert_int_equal(count(place), 5);
}

/* The only file in h/ that is called so. */
static char *
note_name(const struct place *place)
{
	int fd = openat(place->fd, "h", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent *entry;
	DIR *dir = fdopendir(fd);
	char *name = NULL;

	while ((entry = readdir(dir)) != NULL)
		if (strncmp(entry->d_name, "@from-", 6) == 0)
			name = mem_printf("h/%s", entry->d_name);
	closedir(dir);
	assert_non_null(name);
	return name;
}

static void
a_damaged_note_is_none(void **state)
{
	static const char *const notes[] = {
		"", "fetchall part", "fetchall part\n", "fetchall part\n" URL,
		"fetchall part\n" URL "\n", "fetchall part\n" URL "\n" TAG,
		"fetchall part\n" URL "\nW/\"x\"\n",
		"fetchall part\n" URL "\n" TAG "\nmore",
		"something else\n" URL "\n" TAG "\n",
	};
	struct place *place = *state;
	struct part part;
	char *name, *large;
	size_t i;

	leave(place, "h/a");
	name = note_name(place);
	for (i = 0; i < sizeof notes / sizeof *notes; i++) {
		write_file(place, name, notes[i]);
		if (part_look(place->tree, "h/a", &part) == 0)
			fail_msg("'%s' is taken for a note", notes[i]);
		assert_null(part.url);
	}
	large = mem_array(1 << 20, 1);
	memset(large, 'x', (1 << 20) - 1);
	write_file(place, name, large);
	assert_int_equal(part_look(place->tree, "h/a", &part), -1);
	write_file(place, name, "fetchall part\n" URL "\n" TAG "\n");
	assert_int_equal(part_look(place->tree, "h/a", &part), 0);
	part_release(&part);
	free(large);
	free(name);
}

static void
validators_are_those_that_cannot_miss_a_change(void **state)
{
	int64_t now = clock_wall_us() / CLOCK_SECOND;
	const struct {
		const char *note, *etag;
		int64_t last_modified;
		const char *validator;
	} cases[] = {
		{ "none", NULL, -1, NULL },
		{ "a strong tag", TAG, -1, TAG },
		{ "both", TAG, 784111777, TAG },
		{ "a weak tag", "W/" TAG, -1, NULL },
		{ "a weak tag and a date", "W/" TAG, 784111777, NULL },
		{ "no tag at all", "t", 784111777, NULL },
		{ "a date in the place of a tag",
		  "Sun, 06 Nov 1994 08:49:37 GMT", -1, NULL },
		{ "a date", NULL, 784111777, "Sun, 06 Nov 1994 08:49:37 GMT" },
		{ "1970", NULL, 0, "Thu, 01 Jan 1970 00:00:00 GMT" },
		{ "just now", NULL, now, NULL },
		{ "ahead of us", NULL, now + 100000, NULL },
	};
	struct fetch_reply_head head = { .response_code = 200 };
	char *validator;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		head.etag = cases[i].etag;
		head.last_modified = cases[i].last_modified;
		validator = part_validator(&head);
		if ((validator == NULL) != (cases[i].validator == NULL) ||
		    (validator != NULL &&
		    strcmp(validator, cases[i].validator) != 0))
			fail_msg("%s: %s", cases[i].note, validator != NULL ?
				validator : "none");
		free(validator);
	}
}

static void
the_rest_is_all_of_it_and_of_the_same_body(void **state)
{
	static const struct {
		const char *note;
		long code;
		const char *if_range, *etag;
		int64_t last_modified;
		struct range range;
		int fits;
	} cases[] = {
		{ "the rest", 206, TAG, TAG, -1, { 1, 100, 199, 200 }, 1 },
		{ "it says no tag", 206, TAG, NULL, -1,
		  { 1, 100, 199, 200 }, 1 },
		{ "another tag", 206, TAG, "\"u\"", -1,
		  { 1, 100, 199, 200 }, 0 },
		{ "not all of it", 206, TAG, TAG, -1,
		  { 1, 100, 198, 200 }, 0 },
		{ "of unknown length", 206, TAG, TAG, -1,
		  { 1, 100, 199, 0 }, 0 },
		{ "from elsewhere", 206, TAG, TAG, -1,
		  { 1, 101, 199, 200 }, 0 },
		{ "no range", 206, TAG, TAG, -1, { 0, 0, 0, 0 }, 0 },
		{ "200", 200, TAG, TAG, -1, { 1, 100, 199, 200 }, 0 },
		{ "the date", 206, "Sun, 06 Nov 1994 08:49:37 GMT", NULL,
		  784111777, { 1, 100, 199, 200 }, 1 },
		{ "another date", 206, "Sun, 06 Nov 1994 08:49:37 GMT", NULL,
		  784111778, { 1, 100, 199, 200 }, 0 },
	};
	struct fetch_request request = { .resume_from = 100 };
	struct fetch_reply_head head;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		head = (struct fetch_reply_head){
			.response_code = cases[i].code,
			.etag = cases[i].etag,
			.last_modified = cases[i].last_modified,
			.range = cases[i].range,
		};
		request.if_range = cases[i].if_range;
		if (part_fits(&request, &head) != cases[i].fits)
			fail_msg("%s", cases[i].note);
	}
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

static const struct CMUnitTest tests[] = {
	TEST(what_was_left_is_found_and_gone_on_with),
	TEST(only_the_part_that_was_looked_at_is_gone_on_with),
	TEST(a_new_one_takes_the_place_of_the_old),
	TEST(one_that_is_being_written_is_busy),
	TEST(what_is_not_ours_is_not_touched),
	TEST(a_damaged_note_is_none),
	cmocka_unit_test(validators_are_those_that_cannot_miss_a_change),
	cmocka_unit_test(the_rest_is_all_of_it_and_of_the_same_body),
};

UNIT_MAIN("part", tests)
