/* SPDX-License-Identifier: MIT */
/*
 * resumed -- a part is gone on with by exactly what it lacks, and nothing is
 * begun that could not be; whatever is wrong, what lies there stays.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "core/part.h"
#include "core/parts.h"
#include "core/resumed.h"
#include "core/unnamed.h"
#include "net/fetch.h"
#include "unit.h"

#define LEN(array) (sizeof(array) / sizeof *(array))

#define URL "http://h.test/a"
#define TAG "\"t\""
#define OTHER "\"u\""
#define DATE 1000000000
#define DATE_TEXT "Sun, 09 Sep 2001 01:46:40 GMT"

#define HERE "123456"		/* asked for from its last byte on */
#define BEHIND 5
#define REST { .given = 1, .first = 5, .last = 9, .total = 10 }

enum { ITS, ANOTHERS, HOLDERS };	/* bodies of the run */

struct rig {
	char dir[64], part[80];
	struct parts *parts;
	char url[32];
	struct fetch_request request;
	struct resumed resumed;
	struct unnamed file;
};

static void
rig_open(struct rig *rig)
{
	char path[] = "a";

	*rig = (struct rig){ .url = URL, .file = UNNAMED_NONE };
	snprintf(rig->dir, sizeof rig->dir, "/tmp/fetchall-resumed-XXXXXX");
	assert_non_null(mkdtemp(rig->dir));
	snprintf(rig->part, sizeof rig->part, "%s/a.part", rig->dir);
	rig->parts = parts_new(rig->dir, HOLDERS, NULL);
	assert_non_null(rig->parts);
	rig->request = (struct fetch_request){
		.url.text = rig->url, .resume_from = BEHIND, .if_range = TAG,
	};
	resumed_init(&rig->resumed, rig->parts, ITS, path);
	/* It has a copy of its own. */
	path[0] = 'x';
	rig->resumed.request = &rig->request;
}

static void
rig_close(struct rig *rig)
{
	char command[128];

	resumed_release(&rig->resumed);
	unnamed_close(&rig->file);
	parts_free(rig->parts);
	snprintf(command, sizeof command, "rm -rf %s", rig->dir);
	assert_int_equal(system(command), 0);
}

/* A part as a body before this one left it. */
static void
leave(const struct rig *rig, const char *text, const char *url,
	const char *validator)
{
	int fd = parts_begin(rig->parts, ANOTHERS, "a", url, validator);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	parts_leave(rig->parts, ANOTHERS);
}

static void
assert_part_holds(const struct rig *rig, const char *note, const char *text)
{
	char here[64] = "";
	int fd = open(rig->part, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, here, sizeof here - 1) < 0)
		fail_msg("%s: no part", note);
	close(fd);
	if (strcmp(here, text) != 0)
		fail_msg("%s: the part is \"%s\"", note, here);
}

/* That it said `number`, and made nothing of it; 0: nothing was to be made. */
static void
assert_refused(const struct rig *rig, const char *note, int rc, int number)
{
	int said = rc == 0 ? 0 : errno;

	if (rc != (number == 0 ? 0 : -1) || said != number)
		fail_msg("%s: %d, %s", note, rc, strerror(said));
	if (rig->file.fd != -1 || rig->file.len != 0 || rig->resumed.has_part)
		fail_msg("%s: took the part", note);
}

/* --- a reply begins --- */

static void
only_what_is_missing_goes_on_with_the_part(void **state)
{
	static const struct {
		const char *note, *if_range;
		struct fetch_reply_head head;
		int number, taken;
	} cases[] = {
		{ "the rest", TAG, { 206, TAG, -1, REST }, 0, 1 },
		{ "its tag is not said again", TAG,
			{ 206, NULL, -1, REST }, 0, 1 },
		{ "it was whole", TAG,
			{ 206, TAG, -1, { 1, 5, 5, 6 } }, 0, 1 },
		{ "by date", DATE_TEXT, { 206, NULL, DATE, REST }, 0, 1 },
		{ "all of it", TAG, { 200, TAG, -1, { 0 } }, 0, 0 },
		{ "all of another", TAG, { 200, OTHER, -1, { 0 } }, 0, 0 },
		{ "there is no such rest", TAG,
			{ 416, NULL, -1, { .total = 4 } }, 0, 0 },
		{ "an error's page", TAG, { 404, TAG, -1, REST }, 0, 0 },
		{ "it begins behind", TAG,
			{ 206, TAG, -1, { 1, 6, 9, 10 } }, ESTALE, 0 },
		{ "it begins before", TAG,
			{ 206, TAG, -1, { 1, 4, 9, 10 } }, ESTALE, 0 },
		{ "it begins with the file", TAG,
			{ 206, TAG, -1, { 1, 0, 9, 10 } }, ESTALE, 0 },
		{ "the file is shorter than the part", TAG,
			{ 206, TAG, -1, { 1, 2, 3, 4 } }, ESTALE, 0 },
		{ "it ends early", TAG,
			{ 206, TAG, -1, { 1, 5, 8, 10 } }, ESTALE, 0 },
		{ "nobody knows where it ends", TAG,
			{ 206, TAG, -1, { 1, 5, 9, 0 } }, ESTALE, 0 },
		{ "it does not say what it is", TAG,
			{ 206, TAG, -1, { 0 } }, ESTALE, 0 },
		{ "of another tag", TAG,
			{ 206, OTHER, -1, REST }, ESTALE, 0 },
		{ "of a tag that is weak now", TAG,
			{ 206, "W/" TAG, -1, REST }, ESTALE, 0 },
		{ "of another date", DATE_TEXT,
			{ 206, NULL, DATE + 1, REST }, ESTALE, 0 },
	};
	struct rig rig;
	size_t i;
	int rc;

	(void)state;
	for (i = 0; i < LEN(cases); i++) {
		rig_open(&rig);
		leave(&rig, HERE, URL, cases[i].if_range);
		rig.request.if_range = cases[i].if_range;
		rc = resumed_begin(&rig.resumed, &cases[i].head, &rig.file);
		if (!cases[i].taken)
			assert_refused(&rig, cases[i].note, rc,
				cases[i].number);
		else if (rc != 0 || rig.file.len != BEHIND ||
		    !rig.resumed.has_part)
			fail_msg("%s: %d, at %d", cases[i].note, rc,
				(int)rig.file.len);
		assert_part_holds(&rig, cases[i].note, HERE);
		rig_close(&rig);
	}
}

/* A server may send a range that nobody asked for. */
static void
who_asked_for_all_goes_on_with_nothing(void **state)
{
	static const struct fetch_reply_head head = { 206, TAG, -1, REST };
	struct rig rig;

	(void)state;
	rig_open(&rig);
	leave(&rig, HERE, URL, TAG);
	rig.request.resume_from = 0;
	assert_refused(&rig, "not asked", resumed_begin(&rig.resumed, &head,
		&rig.file), 0);
	assert_refused(&rig, "no beginning", resumed_open(&rig.resumed,
		&rig.file), EALREADY);
	assert_part_holds(&rig, "not asked", HERE);
	rig_close(&rig);
}

static void
a_part_that_is_another_by_now_is_stale(void **state)
{
	static const struct {
		const char *note, *text, *url, *validator;
	} cases[] = {
		{ "longer", HERE "7", URL, TAG },
		{ "shorter", "12345", URL, TAG },
		{ "empty", "", URL, TAG },
		{ "as long as the whole", "1234567890", URL, TAG },
		{ "of another URL", HERE, URL "b", TAG },
		{ "of another file", HERE, URL, OTHER },
	};
	static const struct fetch_reply_head head = { 206, TAG, -1, REST };
	struct rig rig;
	size_t i;

	(void)state;
	for (i = 0; i < LEN(cases); i++) {
		rig_open(&rig);
		leave(&rig, cases[i].text, cases[i].url, cases[i].validator);
		assert_refused(&rig, cases[i].note, resumed_begin(
			&rig.resumed, &head, &rig.file), ESTALE);
		assert_part_holds(&rig, cases[i].note, cases[i].text);
		rig_close(&rig);
	}
	rig_open(&rig);
	assert_refused(&rig, "gone", resumed_begin(&rig.resumed, &head,
		&rig.file), ESTALE);
	rig_close(&rig);
}

/* --- the byte that comes again --- */

static void
the_byte_that_comes_again_is_not_kept_twice(void **state)
{
	static const struct fetch_reply_head head = { 206, TAG, -1, REST };
	struct rig rig;

	(void)state;
	rig_open(&rig);
	leave(&rig, HERE, URL, TAG);
	assert_int_equal(resumed_begin(&rig.resumed, &head, &rig.file), 0);
	assert_int_equal(resumed_check(&rig.resumed, &rig.file, '6'), 0);
	assert_int_equal(unnamed_append(&rig.file, "678", 3), 0);
	/* Those behind it are new. */
	assert_int_equal(resumed_check(&rig.resumed, &rig.file, '9'), 0);
	assert_int_equal(unnamed_append(&rig.file, "90", 2), 0);
	assert_part_holds(&rig, "whole", "1234567890");
	rig_close(&rig);
}

static void
another_byte_is_another_file(void **state)
{
	static const struct fetch_reply_head head = { 206, TAG, -1, REST };
	struct rig rig;

	(void)state;
	rig_open(&rig);
	leave(&rig, HERE, URL, TAG);
	assert_int_equal(resumed_begin(&rig.resumed, &head, &rig.file), 0);
	errno = 0;
	assert_int_equal(resumed_check(&rig.resumed, &rig.file, '5'), -1);
	assert_int_equal(errno, ESTALE);
	/* It was not the one that is to come, so that is still to come. */
	assert_int_equal(resumed_check(&rig.resumed, &rig.file, 'x'), -1);
	assert_part_holds(&rig, "another", HERE);
	rig_close(&rig);
}

/* Somebody cut the part meanwhile: whatever comes, nothing is there. */
static void
no_byte_is_the_one_that_is_gone(void **state)
{
	static const struct fetch_reply_head head = { 206, TAG, -1, REST };
	struct rig rig;
	int byte;

	(void)state;
	rig_open(&rig);
	leave(&rig, HERE, URL, TAG);
	assert_int_equal(resumed_begin(&rig.resumed, &head, &rig.file), 0);
	assert_int_equal(truncate(rig.part, BEHIND), 0);
	for (byte = 0; byte < 256; byte++) {
		errno = 0;
		assert_int_equal(resumed_check(&rig.resumed, &rig.file,
			(char)byte), -1);
		assert_int_equal(errno, ESTALE);
	}
	rig_close(&rig);
}

static void
a_body_that_begins_anew_is_not_compared(void **state)
{
	static const struct fetch_reply_head head = { 200, TAG, -1, { 0 } };
	struct rig rig;

	(void)state;
	rig_open(&rig);
	leave(&rig, HERE, URL, TAG);
	assert_int_equal(resumed_begin(&rig.resumed, &head, &rig.file), 0);
	assert_int_equal(resumed_check(&rig.resumed, &rig.file, 'x'), 0);
	assert_int_equal(resumed_open(&rig.resumed, &rig.file), 0);
	assert_int_equal(resumed_check(&rig.resumed, &rig.file, 'x'), 0);
	rig_close(&rig);
}

/* --- a file to spill to --- */

static void
what_can_be_told_again_begins_a_part(void **state)
{
	struct {
		const char *note;
		struct fetch_reply_head head;
		const char *validator;	/* NULL: no part is begun */
	} cases[] = {
		{ "a tag", { 200, TAG, -1, { 0 } }, TAG },
		{ "a tag before a date", { 200, TAG, DATE, { 0 } }, TAG },
		{ "a date", { 200, NULL, DATE, { 0 } }, DATE_TEXT },
		{ "nothing", { 200, NULL, -1, { 0 } }, NULL },
		{ "a weak tag", { 200, "W/" TAG, DATE, { 0 } }, NULL },
		{ "changed just now", { 200, NULL,
			clock_wall_us() / CLOCK_SECOND, { 0 } }, NULL },
		{ "an error's page", { 404, TAG, -1, { 0 } }, NULL },
		{ "a reply without one", { 204, TAG, -1, { 0 } }, NULL },
	};
	struct part part;
	struct rig rig;
	size_t i;

	(void)state;
	for (i = 0; i < LEN(cases); i++) {
		rig_open(&rig);
		rig.request.resume_from = 0;
		assert_int_equal(resumed_begin(&rig.resumed, &cases[i].head,
			&rig.file), 0);
		if (cases[i].validator == NULL) {
			assert_refused(&rig, cases[i].note, resumed_open(
				&rig.resumed, &rig.file), EALREADY);
			assert_int_equal(access(rig.part, F_OK), -1);
			rig_close(&rig);
			continue;
		}
		if (resumed_open(&rig.resumed, &rig.file) != 0)
			fail_msg("%s: %s", cases[i].note, strerror(errno));
		assert_true(rig.resumed.has_part);
		assert_int_equal(rig.file.len, 0);
		assert_int_equal(unnamed_append(&rig.file, "12", 2), 0);
		assert_int_equal(parts_look(rig.parts, "a", &part), 0);
		assert_string_equal(part.url, URL);
		assert_string_equal(part.validator, cases[i].validator);
		assert_int_equal(part.len, 2);
		part_release(&part);
		rig_close(&rig);
	}
}

/* As where a retry's reply has no tag any more. */
static void
the_last_whole_reply_is_what_counts(void **state)
{
	static const struct fetch_reply_head tagged = { 200, TAG, -1, { 0 } },
		other = { 200, OTHER, -1, { 0 } },
		bare = { 200, NULL, -1, { 0 } };
	struct part part;
	struct rig rig;

	(void)state;
	rig_open(&rig);
	resumed_begin(&rig.resumed, &tagged, &rig.file);
	resumed_begin(&rig.resumed, &bare, &rig.file);
	assert_refused(&rig, "no tag", resumed_open(&rig.resumed, &rig.file),
		EALREADY);
	resumed_begin(&rig.resumed, &tagged, &rig.file);
	resumed_begin(&rig.resumed, &other, &rig.file);
	assert_int_equal(resumed_open(&rig.resumed, &rig.file), 0);
	assert_int_equal(parts_look(rig.parts, "a", &part), 0);
	assert_string_equal(part.validator, OTHER);
	part_release(&part);
	rig_close(&rig);
}

static void
all_of_it_takes_the_place_of_an_old_part(void **state)
{
	static const struct fetch_reply_head head = { 200, OTHER, -1, { 0 } };
	struct part part;
	struct rig rig;

	(void)state;
	rig_open(&rig);
	leave(&rig, HERE, URL, TAG);
	assert_int_equal(resumed_begin(&rig.resumed, &head, &rig.file), 0);
	assert_part_holds(&rig, "before it spills", HERE);
	assert_int_equal(resumed_open(&rig.resumed, &rig.file), 0);
	assert_part_holds(&rig, "begun", "");
	assert_int_equal(parts_look(rig.parts, "a", &part), 0);
	assert_string_equal(part.validator, OTHER);
	part_release(&part);
	rig_close(&rig);
}

/* --- what the disk says to both --- */

static int
go_on(struct rig *rig)
{
	static const struct fetch_reply_head head = { 206, TAG, -1, REST };

	return resumed_begin(&rig->resumed, &head, &rig->file);
}

static int
begin(struct rig *rig)
{
	static const struct fetch_reply_head head = { 200, TAG, -1, { 0 } };

	assert_int_equal(resumed_begin(&rig->resumed, &head, &rig->file), 0);
	return resumed_open(&rig->resumed, &rig->file);
}

static int (*const ways[])(struct rig *) = { go_on, begin };

static void
no_two_bodies_have_one_part(void **state)
{
	struct parts *another_runs;
	struct rig rig;
	size_t i;
	int fd;

	(void)state;
	for (i = 0; i < LEN(ways); i++) {
		rig_open(&rig);
		leave(&rig, HERE, URL, TAG);
		fd = parts_resume(rig.parts, ANOTHERS, "a", URL, TAG, 6);
		assert_true(fd >= 0);
		assert_refused(&rig, "this run's", ways[i](&rig), EALREADY);
		close(fd);
		parts_leave(rig.parts, ANOTHERS);

		another_runs = parts_new(rig.dir, 1, NULL);
		fd = parts_resume(another_runs, 0, "a", URL, TAG, 6);
		assert_true(fd >= 0);
		assert_refused(&rig, "another's", ways[i](&rig), EBUSY);
		assert_part_holds(&rig, "busy", HERE);
		close(fd);
		parts_free(another_runs);
		/* Nobody has it any more. */
		assert_int_equal(ways[i](&rig), 0);
		rig_close(&rig);
	}
}

static void
what_is_no_file_of_ours_is_left_alone(void **state)
{
	char target[80], here[8] = "";
	struct rig rig;
	size_t i;
	int fd;

	(void)state;
	for (i = 0; i < LEN(ways); i++) {
		rig_open(&rig);
		leave(&rig, HERE, URL, TAG);
		snprintf(target, sizeof target, "%s/b", rig.dir);
		assert_int_equal(rename(rig.part, target), 0);
		assert_int_equal(symlink("b", rig.part), 0);
		assert_refused(&rig, "a link", ways[i](&rig), ELOOP);
		fd = open(target, O_RDONLY | O_CLOEXEC);
		assert_int_equal(read(fd, here, sizeof here), 6);
		assert_string_equal(here, HERE);
		close(fd);
		assert_int_equal(unlink(rig.part), 0);
		assert_int_equal(mkdir(rig.part, 0700), 0);
		assert_refused(&rig, "a folder", ways[i](&rig), ELOOP);
		rig_close(&rig);
	}
	rig_open(&rig);
	fd = open(rig.part, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(write(fd, "mine", 4), 4);
	close(fd);
	assert_refused(&rig, "a stranger's", begin(&rig), EALREADY);
	assert_part_holds(&rig, "a stranger's", "mine");
	rig_close(&rig);
}

static void
a_folder_that_cannot_be_is_said(void **state)
{
	struct rig rig;
	size_t i;

	(void)state;
	for (i = 0; i < LEN(ways); i++) {
		rig_open(&rig);
		parts_free(rig.parts);
		rig.parts = parts_new("/proc/nothing/here", HOLDERS, NULL);
		rig.resumed.parts = rig.parts;
		assert_refused(&rig, "no folder", ways[i](&rig), ENOENT);
		rig_close(&rig);
	}
}

/* Without its note it could not be gone on with. */
static void
a_part_whose_note_cannot_be_written_is_not_begun(void **state)
{
	struct rlimit before, limit;
	struct part part;
	struct rig rig;
	int rc, number;

	(void)state;
	rig_open(&rig);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	limit = before;
	limit.rlim_cur = 3;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	rc = begin(&rig);
	number = errno;
	/* What this prints may be a file as well. */
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	errno = number;
	assert_refused(&rig, "no room", rc, EFBIG);
	assert_int_equal(parts_look(rig.parts, "a", &part), -1);
	/* There is room again. */
	assert_int_equal(begin(&rig), 0);
	assert_int_equal(parts_look(rig.parts, "a", &part), 0);
	part_release(&part);
	rig_close(&rig);
}

static void
zeroes_neither_go_on_nor_begin(void **state)
{
	static const struct resumed zeroes;
	struct unnamed file = UNNAMED_NONE;
	struct rig rig;

	(void)state;
	rig_open(&rig);
	leave(&rig, HERE, URL, TAG);
	assert_int_equal(begin(&rig), 0);
	resumed_release(&rig.resumed);
	assert_memory_equal(&rig.resumed, &zeroes, sizeof zeroes);
	assert_int_equal(resumed_check(&rig.resumed, &file, 'x'), 0);
	assert_int_equal(resumed_open(&rig.resumed, &file), -1);
	assert_int_equal(errno, EALREADY);
	assert_int_equal(file.fd, -1);
	rig_close(&rig);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(only_what_is_missing_goes_on_with_the_part),
	cmocka_unit_test(who_asked_for_all_goes_on_with_nothing),
	cmocka_unit_test(a_part_that_is_another_by_now_is_stale),
	cmocka_unit_test(the_byte_that_comes_again_is_not_kept_twice),
	cmocka_unit_test(another_byte_is_another_file),
	cmocka_unit_test(no_byte_is_the_one_that_is_gone),
	cmocka_unit_test(a_body_that_begins_anew_is_not_compared),
	cmocka_unit_test(what_can_be_told_again_begins_a_part),
	cmocka_unit_test(the_last_whole_reply_is_what_counts),
	cmocka_unit_test(all_of_it_takes_the_place_of_an_old_part),
	cmocka_unit_test(no_two_bodies_have_one_part),
	cmocka_unit_test(what_is_no_file_of_ours_is_left_alone),
	cmocka_unit_test(a_folder_that_cannot_be_is_said),
	cmocka_unit_test(a_part_whose_note_cannot_be_written_is_not_begun),
	cmocka_unit_test(zeroes_neither_go_on_nor_begin),
};

UNIT_MAIN("core/resumed", tests)
