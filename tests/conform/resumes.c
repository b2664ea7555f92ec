/* SPDX-License-Identifier: MIT */
/*
 * resumes -- a body that was cut off is gone on with where it is safe, else
 * begun again, and is the server's byte for byte in the end.
 */
#include "config.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "conform/promise.h"
#include "conform/trip.h"
#include "conform/world.h"
#include "core/result.h"
#include "unit.h"

#define SIZE 300000		/* of a file that does not fit into memory */
#define NAME "resumed"

static void
start(struct trip *trip, const struct strategy *strategy)
{
	trip_init(trip, strategy);
	trip->format = SOURCE_NDJSON;
	trip_save(trip);
	trip->naming.resume = 1;
	trip->settings.buffer = 1 << 16;
}

static void
add(struct trip *trip, const char *path)
{
	trip_add(trip, "{\"url\":\"%s%s\",\"output\":\"" NAME "\"}",
		world.here.url, path);
}

static size_t
size_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? (size_t)st.st_size : 0;
}

/* Byte i of /range's file is 'a' + i % 26; the other one is one ahead. */
static void
assert_holds(const char *note, size_t ahead)
{
	FILE *file = fopen(NAME, "re");
	size_t i;

	if (file == NULL || size_of(NAME) != SIZE)
		fail_msg("%s: %zu bytes", note, size_of(NAME));
	for (i = 0; i < SIZE; i++)
		if (getc(file) != 'a' + (int)((i + ahead) % 26))
			fail_msg("%s: differs at %zu", note, i);
	fclose(file);
}

/* Neither a part nor what says where it came from. */
static void
assert_nothing_left(const char *note)
{
	DIR *dir = opendir(".");
	struct dirent *entry;

	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL)
		if (strstr(entry->d_name, ".part") != NULL ||
		    entry->d_name[0] == '@')
			fail_msg("%s: %s is left", note, entry->d_name);
	closedir(dir);
	assert_int_equal(unlink(NAME), 0);
}

struct cut {
	const char *note, *query;
	size_t part;		/* what is there after the first run */
	uint64_t code, download;	/* of the second one */
	size_t ahead;		/* which of the two files it is */
};

static const struct cut cuts[] = {
	{ "cut off", "cut=200000", 200000, 206, 100001, 0 },
	{ "all but one byte", "cut=299999", 299999, 206, 2, 0 },
	{ "complete but for the end", "cut=300000", SIZE, 206, 1, 0 },
	{ "a date", "cut=200000&date=Sat,%2001%20Jan%202000%2000:00:00%20GMT",
	  200000, 206, 100001, 0 },
	{ "changed", "cut=200000&then=%22b%22", 200000, 200, SIZE, 1 },
	{ "changed, and If-Range is not heeded",
	  "cut=200000&then=%22b%22&how=blind", 200000, 200, SIZE, 1 },
	{ "no ranges", "cut=200000&how=ignore", 200000, 200, SIZE, 0 },
	{ "416", "cut=200000&how=refuse", 200000, 200, SIZE, 0 },
	{ "begins late", "cut=200000&how=shift", 200000, 200, SIZE, 0 },
	{ "ends early", "cut=200000&how=short", 200000, 200, SIZE, 0 },
	{ "other bytes", "cut=200000&how=other", 200000, 200, SIZE, 0 },
	{ "a weak tag", "cut=200000&etag=W/%22a%22", 0, 200, SIZE, 0 },
	{ "a weak tag and a date", "cut=200000&etag=W/%22a%22&"
	  "date=Sat,%2001%20Jan%202000%2000:00:00%20GMT", 0, 200, SIZE, 0 },
	{ "small enough for memory", "cut=2000", 0, 200, SIZE, 0 },
};

static void
cut_run(const struct strategy *strategy, const struct cut *cut, size_t i,
	const char *prefix)
{
	const struct result *record;
	char path[256];
	struct trip trip;

	start(&trip, strategy);
	snprintf(path, sizeof path, "%s/range/cut%zu/%u?%s", prefix, i, SIZE,
		cut->query);
	add(&trip, path);
	trip_complete(&trip);
	record = trip_final(&trip, 1);
	assert_int_equal(record->error_class, ERROR_BODY);
	assert_int_equal(access(NAME, F_OK), -1);
	if (size_of(NAME ".part") != cut->part)
		fail_msg("%s: a part of %zu bytes", cut->note,
			size_of(NAME ".part"));
	trip_clear(&trip);
	add(&trip, path);
	trip_complete(&trip);
	record = trip_final(&trip, 1);
	if (!record->ok || record->response_code != cut->code ||
	    record->size_download != cut->download)
		fail_msg("%s: %" PRIu64 ", %" PRIu64 " bytes (%s)", cut->note,
			record->response_code, record->size_download,
			record->errormsg != NULL ? record->errormsg : "");
	assert_int_equal(record->attempt, 1);
	assert_holds(cut->note, cut->ahead);
	assert_nothing_left(cut->note);
	trip_release(&trip);
}

static void
a_body_that_was_cut_off_is_gone_on_with_where_it_is_the_same(
	const struct strategy *strategy)
{
	size_t i;

	for (i = 0; i < sizeof cuts / sizeof *cuts; i++)
		cut_run(strategy, &cuts[i], i, "");
}

static void
it_is_gone_on_with_behind_a_redirect(const struct strategy *strategy)
{
	static const struct cut cut = {
		"redirected", "cut=200000", 200000, 206, 100001, 0,
	};

	cut_run(strategy, &cut, 100, "/redirect/1?to=");
}

/* What the first attempt left is on the disk, whoever wrote it. */
static void
a_retry_asks_for_the_rest(const struct strategy *strategy)
{
	struct trip trip;

	start(&trip, strategy);
	trip.settings.verdict.retries = 1;
	trip.settings.verdict.retry_delay_us = CLOCK_MS;
	verdict_retry_on_parse(&trip.settings.verdict.retry_on, "cut", NULL);
	add(&trip, "/range/retry/300000?cut=200000");
	trip_complete(&trip);
	assert_int_equal(trip.n, 2);
	assert_true(trip_final(&trip, 1)->ok);
	assert_int_equal(trip_final(&trip, 1)->size_download, 100001);
	assert_holds("a retry", 0);
	assert_nothing_left("a retry");
	trip_release(&trip);
}

static void
max_body_counts_what_is_there_already(const struct strategy *strategy)
{
	struct trip trip;

	start(&trip, strategy);
	add(&trip, "/range/max/300000?cut=200000");
	trip_complete(&trip);
	trip_clear(&trip);
	trip.settings.easy.max_body = SIZE - 1;
	add(&trip, "/range/max/300000?cut=200000");
	trip_complete(&trip);
	assert_int_equal(trip_final(&trip, 1)->error_class, ERROR_BODY);
	assert_string_equal(trip_final(&trip, 1)->error_detail, "limit");
	assert_int_equal(access(NAME, F_OK), -1);
	trip.settings.easy.max_body = SIZE;
	trip_clear(&trip);
	add(&trip, "/range/max/300000?cut=200000");
	trip_complete(&trip);
	assert_int_equal(trip_final(&trip, 1)->response_code, 206);
	assert_holds("as long as allowed", 0);
	assert_nothing_left("as long as allowed");
	trip_release(&trip);
}

/* Which of them has the part is chance; the others go without. */
static void
urls_that_share_a_name_do_not_write_into_one_part(
	const struct strategy *strategy)
{
	struct trip trip;
	unsigned i, round;

	for (round = 0; round < 2; round++) {
		start(&trip, strategy);
		trip.naming.existing = NAMING_SKIP;
		add(&trip, "/range/first/300000?cut=200000");
		trip_complete(&trip);
		trip_clear(&trip);
		for (i = 0; i < 6; i++)
			add(&trip, round == 0 ?
				"/range/first/300000?cut=200000" :
				"/range/first/300000");
		trip_complete(&trip);
		trip_assert_all(&trip, 6);
		for (i = 1; i <= 6; i++)
			if (!trip_final(&trip, i)->ok)
				fail_msg("%s", trip_final(&trip, i)->errormsg);
		assert_holds("one of many", 0);
		assert_nothing_left("one of many");
		trip_release(&trip);
		world_reset(&world.here);
	}
}

static const struct promise promises[] = {
	PROMISE(a_body_that_was_cut_off_is_gone_on_with_where_it_is_the_same),
	PROMISE(it_is_gone_on_with_behind_a_redirect),
	PROMISE(a_retry_asks_for_the_rest),
	PROMISE(max_body_counts_what_is_there_already),
	PROMISE(urls_that_share_a_name_do_not_write_into_one_part),
};

const struct promise_set promises_resumes = { PROMISE_ROWS(promises) };
