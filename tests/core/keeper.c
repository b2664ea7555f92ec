/* SPDX-License-Identifier: MIT */
/*
 * keeper -- what lies under a name before its URL is asked for, and what that
 * means for it.
 */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "core/filename.h"
#include "core/job.h"
#include "core/keeper.h"
#include "core/naming.h"
#include "core/template.h"
#include "unit.h"
#include "url/source.h"

struct rig {
	char folder[32], path[64];
	struct naming naming;
	struct keeper *keeper;
	struct job *job;
};

/* The path of a name in the folder, up to the next call. */
static const char *
in(struct rig *rig, const char *name)
{
	snprintf(rig->path, sizeof rig->path, "%s/%s", rig->folder, name);
	return rig->path;
}

static void
rig_open(struct rig *rig, enum naming_existing existing)
{
	*rig = (struct rig){ .folder = "/tmp/fetchall-keeper-XXXXXX" };
	assert_non_null(mkdtemp(rig->folder));
	rig->naming = (struct naming){
		.folder = rig->folder, .all = 1, .existing = existing,
		.since_us = INT64_MAX,
	};
	rig->keeper = keeper_new(&rig->naming, NULL);
	assert_non_null(rig->keeper);
	assert_int_equal(mkdir(in(rig, "h"), 0777), 0);
}

static void
rig_close(struct rig *rig)
{
	keeper_free(rig->keeper);
	assert_int_equal(rmdir(in(rig, "h")), 0);
	assert_int_equal(rmdir(rig->folder), 0);
}

static void
put(struct rig *rig, const char *name)
{
	int fd = open(in(rig, name), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC,
		0666);

	assert_true(fd >= 0);
	close(fd);
}

/* The job of that URL, or of that bad line, prepared. */
static struct job *
prepared(struct rig *rig, const char *text, const char *output)
{
	struct source_item item = { .seq = 1, .text = mem_strdup(text) };
	struct job *job;

	if (url_parse(text, NULL, &item.url, &item.bad) != 0)
		item.bad.code = ERR_FAILED;
	if (output != NULL) {
		item.request = mem_array(1, sizeof *item.request);
		item.request->output = mem_strdup(output);
	}
	job = job_new(&item);
	keeper_prepare(rig->keeper, job);
	return job;
}

static void
what_is_there_means_what_was_asked_for(void **state)
{
	static const struct {
		const char *note;
		enum naming_existing existing;
		enum keeper_there there;
	} cases[] = {
		{ "skip", NAMING_SKIP, KEEPER_SKIP },
		{ "overwrite", NAMING_OVERWRITE, KEEPER_NONE },
		{ "refuse", NAMING_REFUSE, KEEPER_REFUSED },
	};
	struct rig rig;
	struct job *job;
	char *said;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		print_message("# %s\n", cases[i].note);
		rig_open(&rig, cases[i].existing);
		put(&rig, "h/a");
		job = prepared(&rig, "https://h/a", NULL);
		assert_true(job->keeps);
		assert_string_equal(job->name, "h/a");
		assert_int_equal(job->there, cases[i].there);
		said = mem_printf("%s/h/a exists", rig.folder);
		if (cases[i].there == KEEPER_REFUSED)
			assert_string_equal(job->refused, said);
		else
			assert_null(job->refused);
		free(said);
		job_free(job);
		job = prepared(&rig, "https://h/b", NULL);
		assert_int_equal(job->there, KEEPER_NONE);
		job_free(job);
		unlink(in(&rig, "h/a"));
		rig_close(&rig);
	}
}

static void
who_wants_no_file_is_not_looked_for(void **state)
{
	struct rig rig;
	struct job *job;

	(void)state;
	rig_open(&rig, NAMING_REFUSE);
	put(&rig, "h/a");
	rig.naming.all = 0;
	job = prepared(&rig, "https://h/a", NULL);
	assert_false(job->keeps);
	assert_null(job->name);
	assert_int_equal(job->there, KEEPER_NONE);
	job_free(job);
	/* A name of its own is another matter. */
	job = prepared(&rig, "https://elsewhere/", "h/a");
	assert_true(job->keeps);
	assert_int_equal(job->there, KEEPER_REFUSED);
	job_free(job);
	rig.naming.all = 1;
	job = prepared(&rig, "ftp://h/a", NULL);
	assert_false(job->keeps);
	job_free(job);
	keeper_prepare(NULL, NULL);
	unlink(in(&rig, "h/a"));
	rig_close(&rig);
}

static void
names_that_wait_for_the_reply_are_not_looked_for(void **state)
{
	struct rig rig;
	struct job *job;

	(void)state;
	rig_open(&rig, NAMING_REFUSE);
	rig.naming.template = template_new("h/%{sha256}", NULL);
	put(&rig, "h/a");
	job = prepared(&rig, "https://h/a", NULL);
	assert_true(job->keeps);
	assert_null(job->name);
	assert_int_equal(job->there, KEEPER_NONE);
	job_free(job);
	unlink(in(&rig, "h/a"));
	template_free((struct template *)(uintptr_t)rig.naming.template);
	rig_close(&rig);
}

/* A folder has the name: the file went to another. */
static void
beside_a_folder_the_other_name_is_looked_for(void **state)
{
	char *hashed = filename_with_hash("h/a", "https://h/a");
	struct rig rig;
	struct job *job;

	(void)state;
	rig_open(&rig, NAMING_SKIP);
	assert_int_equal(mkdir(in(&rig, "h/a"), 0777), 0);
	job = prepared(&rig, "https://h/a", NULL);
	assert_int_equal(job->there, KEEPER_NONE);
	assert_string_equal(job->name, "h/a");
	job_free(job);
	put(&rig, hashed);
	job = prepared(&rig, "https://h/a", NULL);
	assert_int_equal(job->there, KEEPER_SKIP);
	assert_string_equal(job->name, hashed);
	job_free(job);
	unlink(in(&rig, hashed));
	rmdir(in(&rig, "h/a"));
	rig_close(&rig);
	free(hashed);
}

static void
what_this_run_made_is_not_from_before(void **state)
{
	struct rig rig;
	struct job *job;

	(void)state;
	rig_open(&rig, NAMING_SKIP);
	rig.naming.since_us = clock_wall_us() - 60 * CLOCK_SECOND;
	put(&rig, "h/a");
	job = prepared(&rig, "https://h/a", NULL);
	assert_int_equal(job->there, KEEPER_NONE);
	job_free(job);
	rig.naming.since_us = clock_wall_us() + 60 * CLOCK_SECOND;
	job = prepared(&rig, "https://h/a", NULL);
	assert_int_equal(job->there, KEEPER_SKIP);
	job_free(job);
	unlink(in(&rig, "h/a"));
	rig_close(&rig);
}

/* Whatever --existing says: they are no files from before. */
static void
links_and_devices_are_refused_unasked(void **state)
{
	static const enum naming_existing all[] = {
		NAMING_SKIP, NAMING_OVERWRITE, NAMING_REFUSE,
	};
	struct rig rig;
	struct job *job;
	size_t i;

	(void)state;
	for (i = 0; i < 3; i++) {
		rig_open(&rig, all[i]);
		assert_int_equal(symlink("/etc/passwd", in(&rig, "h/a")), 0);
		assert_int_equal(mkfifo(in(&rig, "h/b"), 0600), 0);
		assert_int_equal(symlink("/tmp", in(&rig, "l")), 0);
		job = prepared(&rig, "https://h/a", NULL);
		assert_int_equal(job->there, KEEPER_REFUSED);
		assert_non_null(strstr(job->refused, "a symbolic link"));
		job_free(job);
		job = prepared(&rig, "https://h/b", NULL);
		assert_int_equal(job->there, KEEPER_REFUSED);
		assert_non_null(strstr(job->refused, "not a file"));
		job_free(job);
		job = prepared(&rig, "https://l/a", NULL);
		assert_int_equal(job->there, KEEPER_REFUSED);
		job_free(job);
		unlink(in(&rig, "h/a"));
		unlink(in(&rig, "h/b"));
		unlink(in(&rig, "l"));
		rig_close(&rig);
	}
}

static void
paths_that_lead_out_are_refused_unasked(void **state)
{
	static const char *const paths[] = {
		"../x", "/etc/passwd", "a/../../x", "", ".", "a//b", "a/",
	};
	struct rig rig;
	struct job *job;
	size_t i;

	(void)state;
	rig_open(&rig, NAMING_OVERWRITE);
	for (i = 0; i < sizeof paths / sizeof *paths; i++) {
		job = prepared(&rig, "https://h/", paths[i]);
		if (job->there != KEEPER_REFUSED)
			fail_msg("'%s' is taken", paths[i]);
		job_free(job);
	}
	rig_close(&rig);
}

static void
a_folder_that_cannot_be_made_is_told(void **state)
{
	struct naming naming = { .folder = "/dev/null/x" };
	struct err err = { 0 };

	(void)state;
	assert_null(keeper_new(&naming, &err));
	assert_string_equal(err.text,
		"--output-dir: /dev/null/x: Not a directory");
	keeper_free(NULL);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(what_is_there_means_what_was_asked_for),
	cmocka_unit_test(who_wants_no_file_is_not_looked_for),
	cmocka_unit_test(names_that_wait_for_the_reply_are_not_looked_for),
	cmocka_unit_test(beside_a_folder_the_other_name_is_looked_for),
	cmocka_unit_test(what_this_run_made_is_not_from_before),
	cmocka_unit_test(links_and_devices_are_refused_unasked),
	cmocka_unit_test(paths_that_lead_out_are_refused_unasked),
	cmocka_unit_test(a_folder_that_cannot_be_made_is_told),
};

UNIT_MAIN("core/keeper", tests)
