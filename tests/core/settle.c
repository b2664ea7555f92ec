/* SPDX-License-Identifier: MIT */
/*
 * Settling: where a reply leads, which body goes on and under which name, what
 * the record says.
 */
#include "config.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/mem.h"
#include "core/bed.h"
#include "core/naming.h"
#include "core/template.h"
#include "net/exchange.h"
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

/* --- bodies --- */

/* A folder of its own, and the names of files in it. */
struct home {
	char folder[32];
	struct naming naming;
};

static void
home_open(struct home *home, struct bed *bed, unsigned keep)
{
	memcpy(home->folder, "/tmp/fetchall-settle-XXXXXX", 28);
	assert_non_null(mkdtemp(home->folder));
	home->naming = (struct naming){
		.folder = home->folder, .since_us = INT64_MAX,
	};
	bed_init(bed);
	bed->settings.keep = keep;
	bed->settings.naming = &home->naming;
	bed->takes = SINK_BODIES;
}

static char *
home_path(const struct home *home, const char *name)
{
	return mem_printf("%s/%s", home->folder, name);
}

static void
home_put(const struct home *home, const char *name)
{
	char *path = home_path(home, name);
	int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	close(fd);
	free(path);
}

static void
home_close(struct home *home, const char *name)
{
	char *path = home_path(home, name);

	unlink(path);
	free(path);
	assert_int_equal(rmdir(home->folder), 0);
}

/* The one body that was taken of that URL. */
static const struct taken *
taken_of(const struct bed *bed, uint64_t seq, uint64_t response_code)
{
	const struct taken *found = NULL;
	size_t i;

	for (i = 0; i < bed->recorder.n_taken; i++)
		if (bed->recorder.taken[i].seq == seq &&
		    bed->recorder.taken[i].response_code == response_code) {
			assert_null(found);
			found = &bed->recorder.taken[i];
		}
	assert_non_null(found);
	return found;
}

static void
a_good_body_is_kept_with_the_name_of_its_file(void **state)
{
	const struct taken *taken;
	struct home home;
	struct bed bed;
	struct job *job;

	(void)state;
	home_open(&home, &bed, RUN_KEEP_FILES);
	home.naming.all = 1;
	bed.settings.verdict.retries = 1;
	bed.settings.concurrency = 1;
	bed_open(&bed, "http://a/1\nhttp://a/2\n");
	/* What a hop and an attempt that failed sent is not in it. */
	job = bed_next(&bed);
	bed_send(job, "moved");
	bed_reply(&bed, job, 302, "/elsewhere");
	job = bed_next(&bed);
	bed_send(job, "busy");
	bed_reply(&bed, job, 503, NULL);
	while ((job = bed_next(&bed)) != NULL) {
		bed_send(job, job->seq == 1 ? "go" : "none");
		bed_send(job, "od");
		bed_reply(&bed, job, job->seq == 1 ? 200 : 404, NULL);
	}
	bed_settle(&bed, 3);
	assert_int_equal(bed.recorder.n_taken, 3);
	taken = taken_of(&bed, 1, 200);
	assert_string_equal(taken->body, "good");
	assert_true(taken->ok && taken->keeps);
	assert_string_equal(taken->name, "a+80/1");
	assert_string_equal(taken->asked, "http://a/1");
	assert_false(taken_of(&bed, 1, 503)->has_body);
	assert_false(taken_of(&bed, 1, 503)->keeps);
	assert_false(taken_of(&bed, 2, 404)->has_body);
	assert_false(taken_of(&bed, 2, 404)->ok);
	bed_close(&bed);
	home_close(&home, "none");
}

static void
lines_without_a_name_are_dropped_unless_all_are_wanted(void **state)
{
	static const struct {
		const char *note;
		unsigned keep;
		int bodies[2], keeps[2];
	} cases[] = {
		{ "files", RUN_KEEP_FILES, { 1, 0 }, { 1, 0 } },
		{ "files, and who takes all", RUN_KEEP_FILES | RUN_KEEP_GOOD,
			{ 1, 1 }, { 1, 0 } },
	};
	struct home home;
	struct bed bed;
	struct job *job;
	size_t i, k;

	(void)state;
	for (i = 0; ndjson_built() && i < 2; i++) {
		print_message("# %s\n", cases[i].note);
		home_open(&home, &bed, cases[i].keep);
		bed_open(&bed, "{\"url\":\"http://a/1\",\"output\":\"one\"}\n"
			"{\"url\":\"http://a/2\"}\n");
		for (k = 0; k < 2 && (job = bed_next(&bed)) != NULL; k++) {
			assert_int_equal(job->body != NULL,
				cases[i].bodies[job->seq - 1]);
			bed_reply(&bed, job, 200, NULL);
		}
		assert_null(bed_next(&bed));
		bed_settle(&bed, 2);
		for (k = 0; k < 2; k++) {
			assert_int_equal(taken_of(&bed, k + 1, 200)->has_body,
				cases[i].bodies[k]);
			assert_int_equal(taken_of(&bed, k + 1, 200)->keeps,
				cases[i].keeps[k]);
		}
		assert_string_equal(taken_of(&bed, 1, 200)->name, "one");
		assert_string_equal(taken_of(&bed, 2, 200)->name, "");
		bed_close(&bed);
		home_close(&home, "none");
	}
}

/* Sends two hops, a 404 and a reply that was cut short. */
static void
send_all_kinds(struct bed *bed)
{
	struct job *job;
	int i;

	for (i = 0; (job = bed_next(bed)) != NULL; i++) {
		job->fetch.reply.exchange = exchange_new();
		bed_send(job, job->fetch.request.url.text);
		if (i < 2) {
			bed_reply(bed, job, 302, i == 0 ? "/b" : "/c");
			continue;
		}
		if (i == 3)
			job->fetch.reply.code = CURLE_PARTIAL_FILE;
		bed_reply(bed, job, i == 4 ? 302 : i == 2 ? 404 : 200,
			i == 4 ? "ftp://a/" : NULL);
	}
	assert_int_equal(i, 5);
}

static void
who_takes_all_has_every_whole_reply_and_each_hop_before_its_end(void **state)
{
	const struct taken *taken;
	struct bed bed;

	(void)state;
	bed_init(&bed);
	bed.settings.keep = RUN_KEEP_ALL;
	bed.settings.concurrency = 1;
	bed.takes = SINK_BODIES | SINK_ALL;
	bed_open(&bed, "http://a/a\nhttp://a/cut\nhttp://a/bad\n");
	send_all_kinds(&bed);
	/* Hops are no records. */
	bed_settle(&bed, 3);
	taken = bed.recorder.taken;
	assert_int_equal(bed.recorder.n_taken, 5);
	assert_true(taken[0].hop && taken[1].hop && !taken[2].hop);
	assert_string_equal(taken[0].body, "http://a/a");
	assert_string_equal(taken[1].body, "http://a/b");
	assert_string_equal(taken[2].body, "http://a/c");
	assert_int_equal(taken[2].response_code, 404);
	assert_true(taken[0].has_exchange && taken[1].has_exchange &&
		taken[2].has_exchange);
	/* Cut short. */
	assert_false(taken[3].has_body || taken[3].has_exchange);
	/* A redirect that is not followed is a reply like others. */
	assert_false(taken[4].hop);
	assert_string_equal(taken[4].body, "http://a/bad");
	bed_close(&bed);
}

static void
who_takes_good_ones_has_no_hops(void **state)
{
	struct bed bed;
	size_t i;

	(void)state;
	bed_init(&bed);
	bed.settings.keep = RUN_KEEP_GOOD;
	bed.settings.concurrency = 1;
	bed.takes = SINK_BODIES;
	bed_open(&bed, "http://a/a\nhttp://a/cut\nhttp://a/bad\n");
	send_all_kinds(&bed);
	bed_settle(&bed, 3);
	assert_int_equal(bed.recorder.n_taken, 3);
	for (i = 0; i < 3; i++)
		assert_false(bed.recorder.taken[i].has_body ||
			bed.recorder.taken[i].hop);
	bed_close(&bed);
}

static void
what_is_there_is_not_asked_for(void **state)
{
	static const struct {
		const char *note;
		enum naming_existing existing;
		int asked, ok, skipped;
	} cases[] = {
		{ "skip", NAMING_SKIP, 0, 1, 1 },
		{ "overwrite", NAMING_OVERWRITE, 1, 1, 0 },
		{ "refuse", NAMING_REFUSE, 0, 0, 0 },
	};
	const struct result *row;
	struct home home;
	struct bed bed;
	struct job *job;
	char *path, *said;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		print_message("# %s\n", cases[i].note);
		home_open(&home, &bed, RUN_KEEP_FILES);
		home.naming.all = 1;
		home.naming.existing = cases[i].existing;
		home.naming.template = template_new("%{seq}", NULL);
		home_put(&home, "1");
		path = home_path(&home, "1");
		said = mem_printf("%s exists", path);
		bed_open(&bed, "http://a/\n");
		job = bed_next(&bed);
		assert_int_equal(job != NULL, cases[i].asked);
		if (job != NULL) {
			bed_reply(&bed, job, 200, NULL);
			assert_null(bed_next(&bed));
		}
		bed_settle(&bed, 1);
		row = &bed.recorder.rows[0];
		assert_int_equal(row->ok, cases[i].ok);
		assert_int_equal(row->skipped, cases[i].skipped);
		assert_true(row->final);
		if (cases[i].skipped)
			assert_string_equal(row->filename_effective, path);
		if (!cases[i].ok) {
			assert_int_equal(row->error_class, ERROR_LOCAL);
			assert_string_equal(row->error_detail,
				"write_refused");
			assert_string_equal(row->errormsg, said);
		}
		/* Who was not asked has no times to speak of. */
		if (!cases[i].asked)
			assert_int_equal(row->time_total, 0);
		bed_close(&bed);
		template_free((struct template *)(uintptr_t)
			home.naming.template);
		home_close(&home, "1");
		free(path);
		free(said);
	}
}

static void
what_cannot_have_a_body_is_no_file(void **state)
{
	static const struct {
		const char *note, *method;
		long status;
		int keeps;
	} cases[] = {
		{ "GET", NULL, 200, 1 },
		{ "HEAD", "HEAD", 200, 0 },
		{ "no content", NULL, 204, 0 },
		{ "not modified", NULL, 304, 0 },
		{ "POST", "POST", 201, 1 },
		{ "many choices", NULL, 300, 1 },
	};
	struct home home;
	struct bed bed;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		print_message("# %s\n", cases[i].note);
		home_open(&home, &bed, RUN_KEEP_FILES);
		home.naming.all = 1;
		bed.settings.method = cases[i].method;
		bed_open(&bed, "http://a/\n");
		bed_reply(&bed, bed_next(&bed), cases[i].status, NULL);
		assert_null(bed_next(&bed));
		bed_settle(&bed, 1);
		assert_true(bed.recorder.rows[0].ok);
		assert_int_equal(bed.recorder.taken[0].keeps, cases[i].keeps);
		bed_close(&bed);
		home_close(&home, "none");
	}
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(a_redirect_is_another_hop_of_the_same_job),
	cmocka_unit_test(chains_end_where_they_must),
	cmocka_unit_test(a_good_body_is_kept_with_the_name_of_its_file),
	cmocka_unit_test(lines_without_a_name_are_dropped_unless_all_are_wanted),
	cmocka_unit_test(
		who_takes_all_has_every_whole_reply_and_each_hop_before_its_end),
	cmocka_unit_test(who_takes_good_ones_has_no_hops),
	cmocka_unit_test(what_is_there_is_not_asked_for),
	cmocka_unit_test(what_cannot_have_a_body_is_no_file),
};

UNIT_MAIN("core/settle", tests)
