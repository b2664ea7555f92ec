/* SPDX-License-Identifier: MIT */
/*
 * Templates: what they say of slips, and the names they give.
 */
#include "config.h"

#include "base/mem.h"
#include "core/template.h"
#include "hostile.h"
#include "unit.h"
#include "url/url.h"

static const char url_text[] = "http://example.com:8080/a/b.tar.gz?x=1&y=%2F";

static const struct {
	const char *pattern, *name, *note;
} rows[] = {
	{ "%{seq}", "7", "one field" },
	{ "%{seq}.html", "7.html", "and text" },
	{ "%{scheme}/%{host}/%{port}", "http/example.com/8080", "folders" },
	{ "%{path}", "a/b.tar.gz", "a path keeps its slashes" },
	{ "x%{path}y", "xa/b.tar.gzy", "inside of a name" },
	{ "%{basename}", "b.tar.gz", "basename" },
	{ "%{stem}-%{seq}%{ext}", "b.tar-7.gz", "stem and ext" },
	{ "%{query}", "x=1%26y=%252F", "a value makes no folders" },
	{ "%{url_hash}", "053f5e8e39454a32", "of the URL" },
	{ "%{status}", "404", "status" },
	{ "%{type}", "text%2Fhtml", "type" },
	{ "%{seq}%{type_ext}", "7.html", "its extension" },
	{ "%{sha256}", "c0ffee", "of the body" },
	{ "100%%/%{seq}", "100%/7", "a percent sign" },
	{ "%%{seq}", "%{seq}", "no field" },
	{ "My Files/\xc3\xa9 %{seq}", "My Files/\xc3\xa9 7",
		"what the user writes stays" },
	{ ".cache/-%{seq}", ".cache/-7", "his dots too" },
	{ "out", "out", "no field at all" },
};

static const struct {
	const char *pattern, *says, *note;
} slips[] = {
	{ "", "'': no name", "nothing" },
	{ "%{sek}", "'%{sek}': no field %{sek}: did you mean %{seq}?", "near" },
	{ "%{zzzzzz}", "'%{zzzzzz}': no field %{zzzzzz}", "nothing near" },
	{ "%{}", "'%{}': no field %{}", "no letters" },
	{ "%{seq", "'%{seq': %{ without }", "not closed" },
	{ "%s", "'%s': % stands before {FIELD} or another %", "printf's" },
	{ "a%", "'a%': % stands before {FIELD} or another %", "at the end" },
	{ "/etc/%{seq}", "'/etc/%{seq}': an absolute path: names are below the"
		" output folder", "absolute" },
	{ "a//b", "'a//b': two slashes in a row", "empty" },
	{ "a/", "'a/': no name behind the last slash", "a folder" },
	{ "../%{seq}", "'../%{seq}': '..' is no name of a file or folder",
		"above" },
	{ "a/..", "'a/..': '..' is no name of a file or folder", "at the end" },
	{ "./a", "'./a': '.' is no name of a file or folder", "the same" },
	{ "a:b", "'a:b': ':' cannot stand in a name everywhere", "a colon" },
	{ "a\\b", "'a\\b': '\\' cannot stand in a name everywhere",
		"a backslash" },
	{ "a%%%{seq}\\", "'a%%%{seq}\\': '\\' cannot stand in a name"
		" everywhere", "behind all else" },
	{ "\x1b", NULL, "a control character" },
	{ "\xff", NULL, "no UTF-8" },
	{ "\xe2\x80\xae", NULL, "an override" },
};

static struct url
parsed(const char *text)
{
	struct url url;
	struct err err;

	if (url_parse(text, NULL, &url, &err) != 0)
		fail_msg("%s: %s", text, err.text);
	return url;
}

static char *
filled(const char *pattern, const struct template_facts *facts)
{
	struct err err;
	struct template *template = template_new(pattern, &err);
	char *name;

	if (template == NULL)
		fail_msg("%s", err.text);
	name = template_fill(template, facts, 0);
	template_free(template);
	return name;
}

static void
fields_are_filled(void **state)
{
	struct url url = parsed(url_text);
	const struct template_facts facts = {
		.url = &url,
		.seq = 7,
		.status = 404,
		.type = "Text/HTML; charset=utf-8",
		.sha256 = "c0ffee",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		char *name = filled(rows[i].pattern, &facts);

		if (strcmp(name, rows[i].name) != 0)
			fail_msg("%s: '%s'", rows[i].note, name);
		free(name);
	}
	url_release(&url);
}

static void
fields_of_little_urls_are_filled_too(void **state)
{
	static const struct {
		const char *url, *pattern, *name;
	} all[] = {
		{ "https://h", "%{path}", "index.html" },
		{ "https://h/a/", "%{path}", "a/index.html" },
		{ "https://h/a/", "%{stem}%{ext}", "index.html" },
		{ "https://h/a", "%{stem}%{ext}", "a" },
		{ "https://h/a", "%{query}/x", "@/x" },
		{ "https://h/a", "%{type}%{type_ext}%{sha256}", "@" },
		{ "https://h/.x", "%{basename}", "%2Ex" },
		{ "https://h/a?.", ".%{query}", ".%2E" },
		{ "https://h/a", ".%{query}", "%2E" },
		{ "https://h/a?.", "%{query}.", "%2E." },
		{ "https://h/a", "%{port}", "443" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof all / sizeof *all; i++) {
		struct url url = parsed(all[i].url);
		const struct template_facts facts = { .url = &url };
		char *name = filled(all[i].pattern, &facts);

		assert_string_equal(name, all[i].name);
		free(name);
		url_release(&url);
	}
}

static void
slips_are_told_before_the_first_request(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof slips / sizeof *slips; i++) {
		struct err err = { 0 };

		if (template_new(slips[i].pattern, &err) != NULL)
			fail_msg("%s: taken", slips[i].note);
		assert_int_equal(err.code, ERR_USAGE);
		if (slips[i].says != NULL &&
		    strcmp(err.text, slips[i].says) != 0)
			fail_msg("%s: %s", slips[i].note, err.text);
	}
}

static void
it_says_what_it_waits_for(void **state)
{
	static const struct {
		const char *pattern;
		unsigned needs;
	} all[] = {
		{ "%{host}%{path}", 0 },
		{ "%{seq}%{host}%{path}", TEMPLATE_TELLS_APART },
		{ "%{path}%{url_hash}", TEMPLATE_TELLS_APART },
		{ "%{status}", TEMPLATE_NEEDS_REPLY },
		{ "%{type_ext}", TEMPLATE_NEEDS_REPLY },
		{ "%{sha256}", TEMPLATE_NEEDS_BODY | TEMPLATE_TELLS_APART },
		{ "%{sha256}%{type}", TEMPLATE_NEEDS_BODY |
			TEMPLATE_NEEDS_REPLY | TEMPLATE_TELLS_APART },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof all / sizeof *all; i++) {
		struct template *template = template_new(all[i].pattern, NULL);

		assert_int_equal(template_needs(template), all[i].needs);
		template_free(template);
	}
}

static void
each_field_is_described_and_can_be_used(void **state)
{
#define ROW(name, needs, brief) { "%{" #name "}", needs, brief },
	static const struct {
		const char *pattern;
		unsigned needs;
		const char *brief;
	} all[] = { TEMPLATE_FIELDS(ROW) };
#undef ROW
	size_t i;

	(void)state;
	for (i = 0; i < sizeof all / sizeof *all; i++) {
		struct template *template = template_new(all[i].pattern, NULL);

		assert_non_null(template);
		assert_int_equal(template_needs(template), all[i].needs);
		assert_true(strlen(all[i].brief) > 0);
		template_free(template);
	}
	assert_int_equal(i, 14);
}

static void
hostile_values_stay_in_their_place(void **state)
{
	static const char *const patterns[] = {
		"%{path}", "%{basename}", "%{stem}%{ext}", "%{query}",
		"x/%{path}/%{query}/%{ext}", "%{type}", "%{sha256}",
		"%{ext}%{query}%{stem}",
	};
	size_t i, j;

	(void)state;
	for (j = 0; j < sizeof patterns / sizeof *patterns; j++)
		for (i = 0; i < hostile_n(); i++) {
			const char *hostile = hostile_name(i);
			struct url url = {
				.text = mem_printf("https://h/%s", hostile),
				.origin_len = 9, .host_off = 8, .host_len = 1,
				.port = 443, .https = 1,
			};
			const struct template_facts facts = {
				.url = &url,
				.type = hostile,
				.sha256 = hostile,
			};
			char *name = filled(patterns[j], &facts);
			char *again = filled(patterns[j], &facts);

			hostile_check(name, url.text);
			assert_string_equal(name, again);
			free(name);
			free(again);
			url_release(&url);
		}
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(fields_are_filled),
	cmocka_unit_test(fields_of_little_urls_are_filled_too),
	cmocka_unit_test(slips_are_told_before_the_first_request),
	cmocka_unit_test(it_says_what_it_waits_for),
	cmocka_unit_test(each_field_is_described_and_can_be_used),
	cmocka_unit_test(hostile_values_stay_in_their_place),
};

UNIT_MAIN("core/template", tests)
