/* SPDX-License-Identifier: MIT */
/*
 * naming -- a file's name is the URL's and its line's alone, before the reply
 * or after it, and no two lines share one by chance.
 */
#include "config.h"

#include "base/mem.h"
#include "core/job.h"
#include "core/naming.h"
#include "core/result.h"
#include "core/template.h"
#include "hostile.h"
#include "unit.h"
#include "url/source.h"

/* `output`: the line's own name, or NULL. */
static struct job *
job_of(const char *text, uint64_t seq, const char *output)
{
	struct source_item item = { .seq = seq, .text = mem_strdup(text) };

	assert_int_equal(url_parse(text, NULL, &item.url, NULL), 0);
	if (output != NULL) {
		item.request = mem_array(1, sizeof *item.request);
		item.request->output = mem_strdup(output);
	}
	return job_new(&item);
}

static struct naming
naming_of(const char *pattern)
{
	struct naming naming = { .folder = "out", .all = 1 };
	struct err err = { 0 };

	if (pattern == NULL)
		return naming;
	naming.template = template_new(pattern, &err);
	if (naming.template == NULL)
		fail_msg("%s", err.text);
	return naming;
}

static void
naming_end(struct naming *naming)
{
	template_free((struct template *)(uintptr_t)naming->template);
	naming->template = NULL;
}

/* What the reply says; NULL: nothing. */
static struct result *
result_of(const char *url, uint64_t seq, const char *type,
	const char *disposition)
{
	struct result *result = result_new();

	result->seq = seq;
	result->response_code = 200;
	result->asked = mem_strdup(url);
	if (type != NULL)
		result->content_type = mem_strdup(type);
	if (disposition != NULL)
		result->disposition = mem_strdup(disposition);
	return result;
}

/* The name of that URL before the reply; owned. */
static char *
early(const struct naming *naming, const char *url, uint64_t seq)
{
	struct job *job = job_of(url, seq, NULL);
	char *path = naming_path(naming, job);

	job_free(job);
	return path;
}

static char *
late(const struct naming *naming, const char *url, const char *type,
	const char *disposition, const char *sha256)
{
	struct result *result = result_of(url, 7, type, disposition);
	char *path = naming_late_path(naming, result, sha256);

	result_free(result);
	return path;
}

static void
who_wants_a_file_gets_a_name(void **state)
{
	static const struct {
		const char *note, *output;
		int naming, all, wanted;
	} cases[] = {
		{ "no files at all", "x", 0, 0, 0 },
		{ "only lines that say so, and it does", "x", 1, 0, 1 },
		{ "only lines that say so", NULL, 1, 0, 0 },
		{ "all", NULL, 1, 1, 1 },
		{ "all, and it says so", "x", 1, 1, 1 },
	};
	struct naming naming = naming_of(NULL);
	struct job *job;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		naming.all = cases[i].all;
		job = job_of("https://h/", 1, cases[i].output);
		if (naming_wants(cases[i].naming ? &naming : NULL, job) !=
		    cases[i].wanted)
			fail_msg("%s", cases[i].note);
		job_free(job);
	}
}

static void
a_lines_own_name_comes_first(void **state)
{
	static const char *const patterns[] = {
		NULL, "%{seq}", "%{status}", "%{sha256}",
	};
	struct naming naming;
	struct job *job;
	char *path;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof patterns / sizeof *patterns; i++) {
		naming = naming_of(patterns[i]);
		naming.disposition = 1;
		job = job_of("https://h/a", 1, "its/own");
		path = naming_path(&naming, job);
		assert_string_equal(path, "its/own");
		free(path);
		job_free(job);
		naming_end(&naming);
	}
}

static void
names_wait_for_what_they_are_made_of(void **state)
{
	static const struct {
		const char *pattern;
		int disposition, waits, needs_body;
	} cases[] = {
		{ NULL, 0, 0, 0 },
		{ NULL, 1, 1, 0 },
		{ "%{seq}%{path}", 0, 0, 0 },
		{ "%{seq}", 1, 1, 0 },
		{ "%{type}", 0, 1, 0 },
		{ "%{sha256}", 0, 1, 1 },
		{ "%{sha256}%{status}", 1, 1, 1 },
	};
	struct naming naming;
	char *path;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		naming = naming_of(cases[i].pattern);
		naming.disposition = cases[i].disposition;
		assert_int_equal(naming_waits(&naming), cases[i].waits);
		assert_int_equal(naming_needs_body(&naming),
			cases[i].needs_body);
		path = early(&naming, "https://h/a", 1);
		assert_int_equal(path == NULL, cases[i].waits);
		free(path);
		naming_end(&naming);
	}
}

static void
a_pattern_tells_lines_apart_or_has_a_hash_of_the_url(void **state)
{
	static const struct {
		const char *pattern, *path;	/* NULL: with a hash */
	} cases[] = {
		{ "%{seq}%{ext}", "3.gif" },
		{ "d/%{seq}-%{basename}", "d/3-b.gif" },
		{ "%{basename}", NULL },
		{ "%{host}/%{path}", NULL },
		{ "fixed", NULL },
	};
	struct naming naming;
	char *path, *other, *same;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		naming = naming_of(cases[i].pattern);
		path = early(&naming, "https://h/a/b.gif", 3);
		if (cases[i].path != NULL)
			assert_string_equal(path, cases[i].path);
		/* Another place in the list, and another URL. */
		same = early(&naming, "https://h/a/b.gif", 4);
		other = early(&naming, "https://h/a/b.gif?x", 4);
		assert_string_not_equal(other, path);
		if (cases[i].path == NULL)
			assert_string_equal(same, path);
		else
			assert_string_not_equal(same, path);
		free(path);
		free(same);
		free(other);
		naming_end(&naming);
	}
}

/* What a redirect leads to has no say. */
static void
the_lists_url_names_the_file(void **state)
{
	struct naming naming = naming_of(NULL);
	struct job *job = job_of("https://h/first", 1, NULL);
	char *path;

	(void)state;
	job->first = url_take(&job->fetch.request.url);
	assert_int_equal(url_parse("https://elsewhere/x", NULL,
		&job->fetch.request.url, NULL), 0);
	path = naming_path(&naming, job);
	assert_string_equal(path, "h/first");
	free(path);
	job_free(job);
}

static void
the_reply_fills_in_what_it_knows(void **state)
{
	struct naming naming = naming_of("%{seq}-%{status}%{type_ext}");
	char *path = late(&naming, "https://h/a", "text/html", NULL, NULL);

	(void)state;
	assert_string_equal(path, "7-200.html");
	free(path);
	naming_end(&naming);

	/* One body is one file, whoever has it. */
	naming = naming_of("%{sha256}");
	path = late(&naming, "https://h/a", NULL, NULL, "abc");
	assert_string_equal(path, "abc");
	free(path);
	naming_end(&naming);
}

static void
a_suggested_name_takes_the_place_of_the_last_part(void **state)
{
	static const struct {
		const char *url, *disposition;
		const char *begins, *ends;
	} cases[] = {
		{ "https://h/a/b", "attachment; filename=\"x.pdf\"",
			"h/a/x", ".pdf" },
		{ "https://h/a/b", "attachment; filename=\"../../x.pdf\"",
			"h/a/x", ".pdf" },
		{ "https://h/a/b", "attachment; filename=\"/etc/passwd\"",
			"h/a/passwd", "" },
		{ "https://h/", "attachment; filename=x", "h/x", "" },
		{ "https://h/a/b", "attachment; filename=\"..\"", "h/a/", "" },
	};
	struct naming naming = naming_of(NULL);
	char *path, *other;
	size_t i, n;

	(void)state;
	naming.disposition = 1;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		path = late(&naming, cases[i].url, NULL,
			cases[i].disposition, NULL);
		n = strlen(cases[i].begins);
		if (strncmp(path, cases[i].begins, n) != 0 ||
		    strcmp(path + strlen(path) - strlen(cases[i].ends),
		    cases[i].ends) != 0)
			fail_msg("%s: %s", cases[i].disposition, path);
		/* The same one for another URL of that folder. */
		other = late(&naming, "https://h/a/other", NULL,
			cases[i].disposition, NULL);
		assert_string_not_equal(path, other);
		free(path);
		free(other);
	}
	/* None, or none that is of use. */
	path = late(&naming, "https://h/a/b", NULL, NULL, NULL);
	assert_string_equal(path, "h/a/b");
	free(path);
	path = late(&naming, "https://h/a/b", NULL, "inline", NULL);
	assert_string_equal(path, "h/a/b");
	free(path);
	/* Nobody asked for it. */
	naming.disposition = 0;
	path = late(&naming, "https://h/a/b", NULL, "attachment; filename=x",
		NULL);
	assert_string_equal(path, "h/a/b");
	free(path);
}

/* Whatever a server says, the path stays below its folder. */
static void
no_reply_leads_out_of_the_folder(void **state)
{
	static const char *const patterns[] = {
		NULL, "%{seq}/%{type}", "%{host}/%{type_ext}x",
	};
	struct naming naming;
	char *disposition, *path;
	const char *said;
	size_t i, k;

	(void)state;
	for (k = 0; k < sizeof patterns / sizeof *patterns; k++) {
		naming = naming_of(patterns[k]);
		naming.disposition = 1;
		for (i = 0; i < hostile_n(); i++) {
			said = hostile_name(i);
			disposition = mem_printf("attachment; filename=\"%s\"",
				said);
			path = late(&naming, "https://h/a", said, disposition,
				NULL);
			hostile_check(path, said);
			free(path);
			free(disposition);
		}
		naming_end(&naming);
	}
}

static void
records_show_the_folder_too(void **state)
{
	static const struct {
		const char *folder, *shown;
	} cases[] = {
		{ ".", "a/b" }, { "out", "out/a/b" }, { "out/", "out/a/b" },
		{ "/", "/a/b" }, { "/tmp/x", "/tmp/x/a/b" },
		{ "./", "./a/b" },
	};
	struct naming naming = naming_of(NULL);
	char *shown;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		naming.folder = cases[i].folder;
		shown = naming_shown(&naming, "a/b");
		assert_string_equal(shown, cases[i].shown);
		free(shown);
	}
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(who_wants_a_file_gets_a_name),
	cmocka_unit_test(a_lines_own_name_comes_first),
	cmocka_unit_test(names_wait_for_what_they_are_made_of),
	cmocka_unit_test(a_pattern_tells_lines_apart_or_has_a_hash_of_the_url),
	cmocka_unit_test(the_lists_url_names_the_file),
	cmocka_unit_test(the_reply_fills_in_what_it_knows),
	cmocka_unit_test(a_suggested_name_takes_the_place_of_the_last_part),
	cmocka_unit_test(no_reply_leads_out_of_the_folder),
	cmocka_unit_test(records_show_the_folder_too),
};

UNIT_MAIN("core/naming", tests)
