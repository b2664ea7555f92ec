/* SPDX-License-Identifier: MIT */
/*
 * Components: what is let through, what is escaped, and names too long.
 */
#include "config.h"

#include "core/component.h"
#include "hostile.h"
#include "unit.h"

static char *
made(const char *text, size_t n, unsigned flags)
{
	struct component component;
	struct buf out;

	component_init(&component);
	buf_init(&out, 4096);
	component_add(&component, text, n);
	component_end(&component, &out, flags);
	component_release(&component);
	return buf_take(&out);
}

static const struct {
	const char *text, *name, *note;
} rows[] = {
	{ "", "@", "nothing" },
	{ "a.B-c_d+e=f,g~h9", "a.B-c_d+e=f,g~h9", "all that stays" },
	{ "a b", "a%20b", "a blank" },
	{ "a%20b", "a%20b", "the same in a URL" },
	{ "caf%C3%A9", "caf%C3%A9", "bytes beyond ASCII stay escaped" },
	{ "caf%c3%a9", "caf%c3%a9", "as the URL spells them" },
	{ "caf\xc3\xa9", "caf%C3%A9", "raw bytes" },
	{ "\xff\n\x1b", "%FF%0A%1B", "no UTF-8, controls" },
	{ "%0A%1b", "%0A%1b", "escaped controls stay so" },
	{ "a%2Fb", "a%252Fb", "an escaped slash is no slash" },
	{ "a%2fb%5C", "a%252fb%255C", "in any spelling" },
	{ "100%", "100%25", "a lone percent" },
	{ "%4", "%254", "half an escape" },
	{ "%zz", "%25zz", "no escape" },
	{ "%2525", "%252525", "an escaped percent" },
	{ "a/b\\c", "a%2Fb%5Cc", "slashes" },
	{ ":*?\"<>|", "%3A%2A%3F%22%3C%3E%7C", "what other systems refuse" },
	{ "$`;&'()[]{}!#^", "%24%60%3B%26%27%28%29%5B%5D%7B%7D%21%23%5E",
		"what shells obey" },
	{ "@", "%40", "only ours is plain" },
	{ ".", "%2E", "the folder itself" },
	{ "..", "%2E%2E", "the one above" },
	{ "...", "%2E.%2E", "three" },
	{ ".bashrc", "%2Ebashrc", "hidden" },
	{ "-rf", "%2Drf", "an option" },
	{ "~root", "%7Eroot", "a home" },
	{ "=ls", "%3Dls", "zsh's path of ls" },
	{ "x.", "x%2E", "dropped by other systems" },
	{ "x.part", "x%2Epart", "not the name of a part" },
	{ ".PART", "%2EPART", "whatever its case" },
	{ "CON", "%43ON", "a device" },
	{ "con.tar.gz", "%63on.tar.gz", "with an extension" },
	{ "lpt9", "%6Cpt9", "a numbered device" },
	{ "com", "com", "without a number" },
	{ "console", "console", "more than a device" },
	{ "nul1", "nul1", "no such device" },
	{ "com1x", "com1x", "no such device either" },
	{ "a~0123456789abcdef", "a%7E0123456789abcdef", "no hash of ours" },
	{ "a~0123456789abcde", "a~0123456789abcde", "15 digits" },
	{ "a~0123456789ABCDEF", "a~0123456789ABCDEF", "ours are small" },
};

static void
names_are_safe_and_keep_what_they_can(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		char *name = made(rows[i].text, strlen(rows[i].text), 0);

		if (strcmp(name, rows[i].name) != 0)
			fail_msg("%s: '%s'", rows[i].note, name);
		hostile_check(name, rows[i].text);
		free(name);
	}
}

static void
every_byte_gives_a_name_of_its_own(void **state)
{
	char *names[256];
	size_t i, j;

	(void)state;
	for (i = 0; i < 256; i++) {
		char byte = (char)i;

		names[i] = made(&byte, 1, 0);
		hostile_check(names[i], "one byte");
		for (j = 0; j < i; j++)
			assert_string_not_equal(names[i], names[j]);
	}
	for (i = 0; i < 256; i++)
		free(names[i]);
}

static void
long_names_are_cut_behind_no_half_escape(void **state)
{
	char text[400], *name, *other;
	size_t n;

	(void)state;
	for (n = 200; n < 300; n++) {
		memset(text, 'a', n);
		memcpy(text + n - 60, "%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9", 36);
		memcpy(text + n - 5, ".html", 5);
		name = made(text, n, 0);
		text[0] = 'b';
		other = made(text, n, 0);
		if (n <= COMPONENT_MAX) {
			assert_int_equal(strlen(name), n);
		} else {
			const char *mark = strchr(name, '~');

			assert_true(strlen(name) <= COMPONENT_MAX);
			assert_true(strlen(name) >= COMPONENT_MAX - 2);
			assert_string_equal(mark + COMPONENT_HASH, ".html");
			assert_true(mark[-1] != '%' && mark[-2] != '%');
			assert_string_not_equal(mark, strchr(other, '~'));
		}
		hostile_check(name, text);
		free(name);
		free(other);
	}
}

static const struct {
	const char *name;
	size_t at, len;
	const char *note;
} exts[] = {
	{ "a.html", 1, 5, "plain" },
	{ "a.tar.gz", 5, 3, "the last" },
	{ "a", 1, 0, "none" },
	{ ".a", 2, 0, "all of the name" },
	{ "a.", 2, 0, "a dot alone" },
	{ "a.b-c", 5, 0, "no extension has a dash" },
	{ "a.php@x=1.5", 1, 4, "before the query" },
	{ "a@x.y", 1, 0, "in the query only" },
	{ "a.abcdefghijklmno", 1, 16, "15 letters" },
	{ "a.abcdefghijklmnop", 18, 0, "16 letters" },
	{ "", 0, 0, "nothing" },
};

static void
extensions_are_found(void **state)
{
	size_t i, at, len;

	(void)state;
	for (i = 0; i < sizeof exts / sizeof *exts; i++) {
		at = component_ext(exts[i].name, strlen(exts[i].name), &len);
		if (at != exts[i].at || len != exts[i].len)
			fail_msg("%s: %zu %zu", exts[i].note, at, len);
	}
}

/* What `printf abc | sha256sum` begins with. */
static void
the_hash_is_sha256(void **state)
{
	char hash[COMPONENT_HASH];

	(void)state;
	component_hash(hash, "abc", 3);
	assert_string_equal(hash, "ba7816bf8f01cfea");
}

static void
a_user_means_the_dots_that_he_writes(void **state)
{
	static const struct {
		const char *own, *value, *own_too, *name;
	} all[] = {
		{ ".", "a", "", ".a" },
		{ "-", "a", ".", "-a." },
		{ "", ".a.", "", "%2Ea%2E" },
		{ ".", ".", "", ".%2E" },
		{ ".", "", "", "%2E" },
		{ ".", "", ".", "%2E." },
		{ "con", "", "", "%63on" },
		{ "My Files", "", "", "My Files" },
	};
	struct component component;
	struct buf out;
	size_t i;

	(void)state;
	component_init(&component);
	buf_init(&out, 4096);
	for (i = 0; i < sizeof all / sizeof *all; i++) {
		component_put(&component, all[i].own, strlen(all[i].own), 1);
		component_add(&component, all[i].value, strlen(all[i].value));
		component_put(&component, all[i].own_too,
			strlen(all[i].own_too), 1);
		component_end(&component, &out, 0);
		assert_string_equal(buf_text(&out), all[i].name);
		buf_clear(&out);
	}
	buf_release(&out);
	component_release(&component);
}

static void
where_case_does_not_count_capitals_cost_a_hash(void **state)
{
	static const struct {
		const char *text, *begin, *end;
	} all[] = {
		{ "readme.md", "readme.md", "" },
		{ "caf%C3%A9", "caf%C3%A9", "" },
		{ "a b", "a%20b", "" },
		{ "a:b", "a%3Ab", "" },
		{ "README.md", "README~", ".md" },
		{ "caf%c3%A9", "caf%c3%A9~", "" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof all / sizeof *all; i++) {
		char *name = made(all[i].text, strlen(all[i].text),
			COMPONENT_FOLD);
		size_t n = strlen(all[i].begin);
		int hashed = all[i].begin[n - 1] == '~';

		assert_memory_equal(name, all[i].begin, n);
		assert_string_equal(name + n + (hashed ? 16 : 0), all[i].end);
		free(name);
	}
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(names_are_safe_and_keep_what_they_can),
	cmocka_unit_test(every_byte_gives_a_name_of_its_own),
	cmocka_unit_test(long_names_are_cut_behind_no_half_escape),
	cmocka_unit_test(extensions_are_found),
	cmocka_unit_test(the_hash_is_sha256),
	cmocka_unit_test(a_user_means_the_dots_that_he_writes),
	cmocka_unit_test(where_case_does_not_count_capitals_cost_a_hash),
};

UNIT_MAIN("core/component", tests)
