/* SPDX-License-Identifier: MIT */
/*
 * Origins that were seen before: what known_parse() takes upon itself is what
 * url_parse() would have said, to the last field, and the rest it leaves.
 */
#include "config.h"

#include <stdio.h>

#include "base/mem.h"
#include "unit.h"
#include "url/known.h"
#include "url/url.h"

#define N(table) (sizeof table / sizeof *table)

static void
learn(struct known *known, const char *text)
{
	struct err err = { 0 };
	struct url url;

	if (url_parse(text, NULL, &url, &err) != 0)
		fail_msg("%s: %s", text, err.text);
	known_add(known, text, &url);
	url_release(&url);
}

static void
assert_same_url(const char *text, const struct url *got,
	const struct url *want)
{
	if (strcmp(got->text, want->text) != 0)
		fail_msg("%s: %s, not %s", text, got->text, want->text);
	assert_int_equal(got->origin_len, want->origin_len);
	assert_int_equal(got->host_off, want->host_off);
	assert_int_equal(got->host_len, want->host_len);
	assert_int_equal(got->port, want->port);
	assert_int_equal(got->https, want->https);
	assert_int_equal(got->literal, want->literal);
	assert_null(got->userpwd);
	assert_null(want->userpwd);
}

/* Whether it was known; then it is what url_parse() says. */
static int
known_is_right(struct known *known, const char *text)
{
	struct err err = { 0 };
	struct url got, want;

	if (!known_parse(known, text, strlen(text), &got))
		return 0;
	if (url_parse(text, NULL, &want, &err) != 0)
		fail_msg("%s: known, and yet: %s", text, err.text);
	assert_same_url(text, &got, &want);
	url_release(&got);
	url_release(&want);
	return 1;
}

static void
what_was_seen_is_known(void **state)
{
	static const char *const seen[] = {
		"http://a.test/", "https://a.test/x", "http://a.test:8080/",
		"http://127.0.0.1:81/", "http://[::1]:81/", "http://a_b.c/",
	};
	static const char *const tails[] = {
		"/", "//", "/x", "/a/b.html", "/a.b/c..d/e.?q=/x&y=(1)",
		"/~u/;p=1,2:3@4!$'*+", "/?a?b", "/?",
	};
	struct known *known = known_new();
	char *text;
	size_t i, j;

	(void)state;
	for (i = 0; i < N(seen); i++) {
		assert_false(known_is_right(known, seen[i]));
		learn(known, seen[i]);
	}
	for (i = 0; i < N(seen); i++)
		for (j = 0; j < N(tails); j++) {
			text = mem_printf("%.*s%s",
				(int)strcspn(seen[i] + 8, "/") + 8, seen[i],
				tails[j]);
			if (!known_is_right(known, text))
				fail_msg("%s is not known", text);
			free(text);
		}
	known_free(known);
}

static void
what_needs_a_parser_is_left_to_it(void **state)
{
	static const struct {
		const char *text, *note;
	} cases[] = {
		{ "http://a.test", "no path" },
		{ "http://a.test?x", "no path, a query" },
		{ "http://a.test/.", "a dot segment" },
		{ "http://a.test/a/../b", "a dot segment" },
		{ "http://a.test/.hidden", "perhaps one" },
		{ "http://a.test/%2e%2e/b", "percent" },
		{ "http://a.test/a b", "a blank" },
		{ "http://a.test/a\tb", "a control character" },
		{ "http://a.test/\xc3\xa4", "raw bytes" },
		{ "http://a.test/a#b", "a fragment" },
		{ "http://a.test/a\\b", "a backslash" },
		{ "http://a.test/<a>", "a delimiter" },
		{ "http://a.test/[a]", "brackets" },
		{ "http://A.test/", "a capital" },
		{ "HTTP://a.test/", "a capital" },
		{ "http://a.test:80/", "the scheme's own port" },
		{ "http://u:p@a.test/", "a login" },
		{ "http://u@a.test/", "a login" },
		{ "http:/a.test/", "one slash" },
		{ "http:///a.test/", "three" },
		{ "a.test/", "no scheme" },
		{ "http://", "nothing" },
		{ "", "nothing" },
	};
	struct known *known = known_new();
	struct err err;
	struct url url;
	size_t i;

	(void)state;
	learn(known, "http://a.test/");
	/* However often it is seen: */
	for (i = 0; i < N(cases); i++) {
		if (url_parse(cases[i].text, NULL, &url, &err) == 0) {
			known_add(known, cases[i].text, &url);
			url_release(&url);
		}
		if (known_is_right(known, cases[i].text))
			fail_msg("%s: %s is known", cases[i].note,
				cases[i].text);
	}
	assert_true(known_is_right(known, "http://a.test/x"));
	known_free(known);
}

/* A host that was read as one thing must not be found as another. */
static void
a_port_without_a_number_is_no_origin(void **state)
{
	struct known *known = known_new();

	(void)state;
	learn(known, "http://http:/x");
	assert_false(known_is_right(known, "http://http://u:p@h/"));
	known_free(known);
}

static void
long_urls_are_refused_as_ever(void **state)
{
	struct known *known = known_new();
	char *text = mem_alloc(70002);
	struct url url;

	(void)state;
	learn(known, "http://a.test/");
	memset(text, 'x', 70000);
	memcpy(text, "http://a.test/", 14);
	text[70000] = '\0';
	assert_false(known_parse(known, text, 70000, &url));
	text[65536] = '\0';
	assert_true(known_is_right(known, text));
	free(text);
	known_free(known);
}

/* More origins than there are places for. */
static void
old_origins_make_room(void **state)
{
	struct known *known = known_new();
	unsigned i, n = 0;
	char text[64];

	(void)state;
	for (i = 0; i < 5000; i++) {
		snprintf(text, sizeof text, "http://host%u.test/", i);
		learn(known, text);
		assert_true(known_is_right(known, text));
	}
	for (i = 0; i < 5000; i++) {
		snprintf(text, sizeof text, "http://host%u.test/", i);
		n += (unsigned)known_is_right(known, text);
	}
	assert_true(n > 500 && n <= 1024);
	known_free(known);
}

/* Whatever is typed, by a dice that is the same in each run. */
static void
nobody_could_tell(void **state)
{
	static const char *const pieces[] = {
		"http://", "https://", "a", "b.c", "127.0.0.1", "[::1]",
		":", ":81", ":80", "/", "//", ".", "..", "?", "&", "=", "#",
		"%2e", "%41", "@", "\\", " ", "\xff", "~", ";", "+", "x",
	};
	struct known *known = known_new();
	unsigned dice = 1, known_before = 0, i, j;
	struct err err;
	struct url url;
	char text[256];

	(void)state;
	for (i = 0; i < 200000; i++) {
		dice = dice * 1103515245u + 12345u;
		text[0] = '\0';
		strcat(text, pieces[dice >> 16 & 1]);
		for (j = 0; j < 2 + (dice >> 20 & 7); j++) {
			unsigned throw = dice * (2 * j + 7) + j * 2654435761u;

			strcat(text, pieces[2 + (throw >> 13) %
				(N(pieces) - 2)]);
		}
		known_before += (unsigned)known_is_right(known, text);
		if (url_parse(text, NULL, &url, &err) != 0)
			continue;
		known_add(known, text, &url);
		url_release(&url);
	}
	assert_true(known_before > 1000);
	known_free(known);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(what_was_seen_is_known),
	cmocka_unit_test(what_needs_a_parser_is_left_to_it),
	cmocka_unit_test(a_port_without_a_number_is_no_origin),
	cmocka_unit_test(long_urls_are_refused_as_ever),
	cmocka_unit_test(old_origins_make_room),
	cmocka_unit_test(nobody_could_tell),
};

UNIT_MAIN("url/known", tests)
