/* SPDX-License-Identifier: MIT */
/*
 * Settling: where a reply leads, which body gets its name, what the record
 * says.
 */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "core/bed.h"
#include "unit.h"
#include "url/ndjson.h"

/* --- redirects --- */

static void
a_redirect_is_another_hop_of_the_same_job(void **state)
{
	struct bed bed;
	struct job *job, *same;
	const struct result *row;

	(void)state;
	bed_init(&bed);
	bed_open(&bed, "http://u:p@a/1?q\n");
	job = bed_next(&bed);
	assert_string_equal(job->fetch.request.url.userpwd, "u:p");
	bed_reply(&bed, job, 301, "/2");
	same = bed_next(&bed);
	assert_ptr_equal(same, job);
	assert_string_equal(job->fetch.request.url.text, "http://a/2");
	assert_true(job->fetch.request.flags & FETCH_TRUSTED);
	assert_non_null(job->fetch.request.addrs);
	/* What the last hop said is forgotten. */
	assert_int_equal(job->fetch.reply.response_code, 0);
	assert_null(job->fetch.reply.location);
	bed_reply(&bed, job, 302, "http://b/3");
	assert_ptr_equal(bed_next(&bed), job);
	assert_false(job->fetch.request.flags & FETCH_TRUSTED);
	assert_null(job->fetch.request.url.userpwd);
	bed_reply(&bed, job, 307, "http://a/4");
	assert_ptr_equal(bed_next(&bed), job);
	assert_true(job->fetch.request.flags & FETCH_TRUSTED);
	assert_string_equal(job->fetch.request.url.userpwd, "u:p");
	bed_reply(&bed, job, 200, NULL);
	assert_null(bed_next(&bed));
	bed_settle(&bed, 1);
	row = &bed.recorder.rows[0];
	assert_int_equal(row->num_redirects, 3);
	assert_string_equal(row->url, "http://a/1?q");
	assert_string_equal(row->url_effective, "http://a/4");
	assert_true(row->time_redirect > 0);
	assert_true(row->time_total >= row->time_redirect + 1000);
	bed_close(&bed);
}

/* Status and Location of each hop; then what the row says. */
static const struct {
	const char *note, *list;
	struct {
		long status;
		const char *location;
	} hops[6];
	size_t n;
	int ok;
	const char *detail;
	uint64_t num_redirects;
} chains[] = {
	{ "to itself", "http://a/", { { 302, "" } , { 302, "" } }, 2, 0,
		"loop", 1 },
	{ "in a circle", "http://a/", { { 302, "/b" }, { 302, "/" },
		{ 302, "/b" } }, 3, 0, "loop", 2 },
	{ "fragments make no difference", "http://a/", { { 302, "#x" },
		{ 302, "#y" } }, 2, 0, "loop", 1 },
	{ "another query does", "http://a/", { { 302, "?1" }, { 302, "?2" },
		{ 200, NULL } }, 3, 1, NULL, 2 },
	{ "POST, then GET of the same", "{\"url\":\"http://a/\","
		"\"body\":\"x\"}", { { 303, "/" }, { 302, "/b" },
		{ 200, NULL } }, 3, 1, NULL, 2 },
	{ "the same without a body", "{\"url\":\"http://a/\","
		"\"method\":\"POST\"}", { { 303, "/" }, { 302, "/b" },
		{ 200, NULL } }, 3, 1, NULL, 2 },
	{ "another scheme", "http://a/", { { 302, "ftp://a/" } }, 1, 0,
		"blocked", 0 },
	{ "no URL", "http://a/", { { 302, "/b" }, { 302, "http://" } }, 2, 0,
		"bad_location", 1 },
	{ "too many", "http://a/", { { 302, "1" }, { 302, "2" },
		{ 302, "3" }, { 302, "4" } }, 4, 0, "too_many", 3 },
	{ "just enough", "http://a/", { { 302, "1" }, { 302, "2" },
		{ 302, "3" }, { 200, NULL } }, 4, 1, NULL, 3 },
};

static void
chains_end_where_they_must(void **state)
{
	const struct result *row;
	struct bed bed;
	struct job *job;
	size_t i, k;

	(void)state;
	for (i = 0; i < sizeof chains / sizeof *chains; i++) {
		if (chains[i].list[0] == '{' && !ndjson_built())
			continue;
		bed_init(&bed);
		bed.settings.verdict.max_redirs = 3;
		bed_open(&bed, chains[i].list);
		for (k = 0; k < chains[i].n; k++) {
			job = bed_next(&bed);
			if (job == NULL)
				fail_msg("%s: over at %zu", chains[i].note, k);
			bed_reply(&bed, job, chains[i].hops[k].status,
				chains[i].hops[k].location);
		}
		if (bed_next(&bed) != NULL)
			fail_msg("%s: goes on", chains[i].note);
		bed_settle(&bed, 1);
		row = &bed.recorder.rows[0];
		if (row->ok != chains[i].ok ||
		    row->num_redirects != chains[i].num_redirects)
			fail_msg("%s: ok %d, %d redirects", chains[i].note,
				row->ok, (int)row->num_redirects);
		if (chains[i].detail != NULL) {
			assert_int_equal(row->error_class, ERROR_REDIRECT);
			assert_string_equal(row->error_detail,
				chains[i].detail);
			assert_non_null(row->errormsg);
		}
		bed_close(&bed);
	}
}

/* --- bodies in files --- */

static void
a_body_gets_its_name_once_it_is_good(void **state)
{
	static const char list[] =
		"{\"url\":\"http://a/1\",\"output\":\"one\"}\n"
		"{\"url\":\"http://a/2\",\"output\":\"two\"}\n"
		"{\"url\":\"http://a/3\",\"output\":\"taken\"}\n"
		"{\"url\":\"http://a/4\",\"output\":\"/tmp/outside\"}\n";
	char folder[] = "/tmp/bodies-XXXXXX";
	int here = open(".", O_DIRECTORY | O_RDONLY | O_CLOEXEC), fd, i;
	const struct result *row;
	struct bed bed;
	struct job *job;

	(void)state;
	if (!ndjson_built()) {
		close(here);
		return;
	}
	assert_non_null(mkdtemp(folder));
	assert_int_equal(chdir(folder), 0);
	fd = open("taken", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	close(fd);
	bed_init(&bed);
	bed.settings.verdict.retries = 1;
	bed_open(&bed, list);
	/* A redirect's body and a failed attempt's are not kept. */
	job = bed_next(&bed);
	assert_int_equal(job->fetch.request.write_body(
		job->fetch.request.write_arg, "moved", 5), 0);
	bed_reply(&bed, job, 302, "/1b");
	assert_int_not_equal(access("one", F_OK), 0);
	for (i = 0; i < 3 && (job = bed_next(&bed)) != NULL; i++) {
		assert_int_equal(job->fetch.request.write_body(
			job->fetch.request.write_arg, "body", 4), 0);
		bed_reply(&bed, job, job->seq == 2 ? job->attempt == 1 ? 503 :
			404 : 200, NULL);
	}
	assert_null(bed_next(&bed));
	bed_settle(&bed, 5);
	for (i = 0; i < 5; i++) {
		row = &bed.recorder.rows[i];
		if (row->seq == 1)
			assert_string_equal(row->filename_effective, "one");
		else
			assert_null(row->filename_effective);
		if (row->seq > 2)
			assert_string_equal(row->error_detail,
				"write_refused");
	}
	assert_int_not_equal(access("two", F_OK), 0);
	fd = open("one", O_RDONLY | O_CLOEXEC);
	{
		char text[16];

		assert_int_equal(read(fd, text, sizeof text), 4);
		assert_memory_equal(text, "body", 4);
	}
	close(fd);
	bed_close(&bed);
	unlink("one");
	unlink("taken");
	assert_int_equal(fchdir(here), 0);
	close(here);
	assert_int_equal(rmdir(folder), 0);
}

/* The look-up of the hop before is no part of it. */
static void
a_file_that_cannot_be_made_again_ends_the_attempt(void **state)
{
	const struct result *row;
	struct bed bed;
	struct job *job;

	(void)state;
	if (!ndjson_built())
		return;
	assert_int_equal(mkdir("bed-folder", 0700), 0);
	bed_init(&bed);
	bed_open(&bed, "{\"url\":\"http://a/\","
		"\"output\":\"bed-folder/body\"}\n");
	job = bed_next(&bed);
	assert_int_equal(rmdir("bed-folder"), 0);
	job->name_us = 3600 * CLOCK_SECOND;
	bed_reply(&bed, job, 302, "/2");
	assert_null(bed_next(&bed));
	bed_settle(&bed, 1);
	row = &bed.recorder.rows[0];
	assert_string_equal(row->error_detail, "write_refused");
	assert_int_equal(row->num_redirects, 1);
	assert_in_range(row->time_total, 1, 3600 * CLOCK_SECOND - 1);
	assert_true(row->time_total >= row->time_redirect);
	bed_close(&bed);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(a_redirect_is_another_hop_of_the_same_job),
	cmocka_unit_test(chains_end_where_they_must),
	cmocka_unit_test(a_body_gets_its_name_once_it_is_good),
	cmocka_unit_test(a_file_that_cannot_be_made_again_ends_the_attempt),
};

UNIT_MAIN("core/settle", tests)
