/* SPDX-License-Identifier: MIT */
/*
 * File names: what URLs map to, back again, and never two to one.
 */
#include "config.h"

#include <stdio.h>

#include "base/map.h"
#include "base/mem.h"
#include "core/filename.h"
#include "hostile.h"
#include "unit.h"
#include "url/url.h"

static const struct {
	const char *url, *path, *note;
} rows[] = {
	{ "https://example.com/a/b.html", "example.com/a/b.html", "plain" },
	{ "https://example.com", "example.com/index.html", "no path" },
	{ "https://example.com/a/", "example.com/a/index.html", "a folder" },
	{ "https://example.com/a", "example.com/a", "no folder" },
	{ "https://example.com/s?q=x&n=1", "example.com/s@q=x%26n=1",
		"a query" },
	{ "https://example.com/?q", "example.com/index.html@q",
		"a folder's query" },
	{ "https://example.com/a?b/c?d", "example.com/a@b%2Fc%3Fd",
		"a query makes no folders" },
	{ "http://example.com/a", "example.com+80/a", "http" },
	{ "http://example.com:8080/a", "example.com+8080/a", "with a port" },
	{ "http://example.com:443/a", "example.com+443/a", "of https" },
	{ "https://example.com:8443/a", "example.com+https+8443/a",
		"https on another port" },
	{ "https://example.com:80/a", "example.com+https+80/a",
		"on that of http" },
	{ "https://example.com/index.html", "example.com/%69ndex.html",
		"what is called as indexes are" },
	{ "https://example.com/index.html?q", "example.com/%69ndex.html@q",
		"with a query" },
	{ "https://example.com//a@b", "example.com/@/a%40b",
		"an empty folder" },
	{ "http://[::1]:81/.bashrc", "%3A%3A1+81/%2Ebashrc", "IPv6" },
	{ "https://con/nul", "%63on/%6Eul", "devices" },
	{ "https://example.com./", "example.com%2E/index.html", "a root dot" },
	{ "https://example.com/%2e%2e/%2e%2e/etc/passwd",
		"example.com/%252e%252e/%252e%252e/etc/passwd",
		"escaped dots are no dots" },
	{ "https://example.com/..%2f..%2fetc",
		"example.com/%2E.%252f..%252fetc", "escaped slashes" },
	{ "https://example.com/caf\xc3\xa9 x", "example.com/caf%C3%A9%20x",
		"raw bytes" },
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

static void
urls_have_the_names_of_the_manual(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct url url = parsed(rows[i].url);
		char *path = filename_mirror(&url, 0);

		if (strcmp(path, rows[i].path) != 0)
			fail_msg("%s: '%s'", rows[i].note, path);
		free(path);
		url_release(&url);
	}
}

/* Any text behind the host, also such as url_parse() would refuse. */
static struct url
raw(const char *scheme_host, const char *tail)
{
	struct url url = {
		.text = mem_printf("%s/%s", scheme_host, tail),
		.origin_len = (uint32_t)strlen(scheme_host),
		.https = scheme_host[4] == 's',
		.port = 443,
	};
	const char *host = strstr(scheme_host, "//") + 2;

	url.host_off = (uint32_t)(host - scheme_host);
	url.host_len = (uint32_t)strcspn(host, ":");
	if (host[url.host_len] == ':')
		url.port = (uint16_t)strtoul(host + url.host_len + 1, NULL, 10);
	else if (!url.https)
		url.port = 80;
	return url;
}

/* The escapes of printable characters are ours; the others the URL's. */
static void
add_decoded(struct buf *out, const char *p, size_t n)
{
	char digits[3] = "";
	long byte;

	while (n > 0) {
		byte = 0;
		if (*p == '%' && n >= 3) {
			memcpy(digits, p + 1, 2);
			byte = strtol(digits, NULL, 16);
		}
		if (byte > ' ' && byte < 0x7f) {
			buf_add_char(out, (char)byte);
			p += 3;
			n -= 3;
		} else {
			buf_add_char(out, *p++);
			n--;
		}
	}
}

static void
add_last(struct buf *out, const char *last)
{
	size_t n = strcspn(last, "@");

	if (n != strlen("index.html") || memcmp(last, "index.html", n) != 0)
		add_decoded(out, last, n);
	if (last[n] == '@') {
		buf_add_char(out, '?');
		add_decoded(out, last + n + 1, strlen(last + n + 1));
	}
}

/* The URL behind a name below "h", for free(). */
static char *
undone(const char *path)
{
	struct buf url;
	size_t n;

	buf_init(&url, 1 << 20);
	assert_memory_equal(path, "h/", 2);
	buf_add_text(&url, "https://h/");
	for (path += 2; strchr(path, '/') != NULL; path += n + 1) {
		n = strcspn(path, "/");
		if (n != 1 || *path != '@')
			add_decoded(&url, path, n);
		buf_add_char(&url, '/');
	}
	add_last(&url, path);
	return buf_take(&url);
}

/* A byte that no URL has unescaped reads back as its escape. */
static int
has_raw_bytes(const char *text)
{
	for (; *text != '\0'; text++)
		if (*text <= ' ' || *text >= 0x7f)
			return 1;
	return 0;
}

static void
hostile_names_are_safe_the_same_again_and_reversible(void **state)
{
	size_t i, undone_n = 0;

	(void)state;
	assert_true(hostile_n() >= 2000);
	for (i = 0; i < hostile_n(); i++) {
		struct url url = raw("https://h", hostile_name(i));
		char *path = filename_mirror(&url, 0);
		char *again = filename_mirror(&url, 0);
		char *folded = filename_mirror(&url, COMPONENT_FOLD);
		char *hashed = filename_with_hash(path, url.text);

		assert_memory_equal(path, "h/", 2);
		hostile_check(path, url.text);
		hostile_check(folded, url.text);
		hostile_check(hashed, url.text);
		assert_string_equal(path, again);
		assert_string_not_equal(path, hashed);
		if (!has_raw_bytes(url.text) && strchr(path, '~') == NULL) {
			char *back = undone(path);

			assert_string_equal(back, url.text);
			undone_n++;
			free(back);
		}
		free(path);
		free(again);
		free(folded);
		free(hashed);
		url_release(&url);
	}
	assert_true(undone_n > 1000);
}

/* Of the beginnings of codes, none begins another: all sequences differ. */
static const char *const tokens[] = {
	"a", "A", "/", "@", "%40", "%2F", "%2f", "?", ".", "index.html", "%C3",
	"%c3", "~",
};
static const char *const origins[] = {
	"https://h", "http://h", "https://h:80", "http://h:443",
};

#define N_TOKENS (sizeof tokens / sizeof *tokens)
#define N_ORIGINS (sizeof origins / sizeof *origins)
#define N_URLS 1000000

/* URL number i: its origin, then digits of i in base N_TOKENS, from 1. */
static struct url
numbered(size_t i)
{
	const char *origin = origins[i % N_ORIGINS];
	char tail[128];
	size_t len = 0, rest, n;

	for (rest = i / N_ORIGINS; rest > 0; rest = (rest - 1) / N_TOKENS) {
		const char *token = tokens[(rest - 1) % N_TOKENS];

		n = strlen(token);
		memcpy(tail + len, token, n);
		len += n;
	}
	tail[len] = '\0';
	return raw(origin, tail);
}

static int
by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* As file systems for which case does not count; names are ASCII. */
static void
fold(char *path)
{
	for (; *path != '\0'; path++)
		if (*path >= 'A' && *path <= 'Z')
			*path = (char)(*path + ('a' - 'A'));
}

/* How many of a million URLs share their name with one before. */
static size_t
collisions(unsigned flags)
{
	static const uint64_t seed[2] = { 5, 23 };
	uint64_t *hashes = mem_array(N_URLS, sizeof *hashes);
	size_t i, n = 0;

	for (i = 0; i < N_URLS; i++) {
		struct url url = numbered(i);
		char *path = filename_mirror(&url, flags);

		if (flags & COMPONENT_FOLD)
			fold(path);
		hashes[i] = map_hash(seed, path, strlen(path));
		free(path);
		url_release(&url);
	}
	qsort(hashes, N_URLS, sizeof *hashes, by_value);
	for (i = 1; i < N_URLS; i++)
		n += hashes[i] == hashes[i - 1];
	free(hashes);
	return n;
}

static void
of_a_million_urls_no_two_share_a_name(void **state)
{
	(void)state;
	assert_int_equal(collisions(0), 0);
}

static void
nor_do_they_where_case_does_not_count(void **state)
{
	(void)state;
	assert_int_equal(collisions(COMPONENT_FOLD), 0);
}

static void
deep_paths_are_cut_and_told_apart(void **state)
{
	char tail[20001], *path, *other, *short_name;
	struct url url;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof tail - 1; i++)
		tail[i] = i % 3 == 2 ? '/' : 'a';
	memcpy(tail + sizeof tail - 7, "x.html", 7);
	url = raw("https://h", tail);
	path = filename_mirror(&url, 0);
	url.text[15000] = url.text[15000] == '/' ? 'b' : '/';
	other = filename_mirror(&url, 0);
	assert_true(strlen(path) <= FILENAME_MAX_LEN);
	assert_true(strlen(path) > FILENAME_MAX_LEN - 260);
	assert_memory_equal(path, "h/aa/aa/", 8);
	assert_string_not_equal(path, other);
	short_name = strrchr(path, '/') + 1;
	assert_string_equal(short_name + strlen(short_name) - 5, ".html");
	hostile_check(path, "a deep path");
	free(path);
	free(other);
	url_release(&url);
}

static void
a_hash_goes_before_the_extension(void **state)
{
	static const struct {
		const char *path, *with;
	} all[] = {
		{ "h/a.html", "h/a~ba7816bf8f01cfea.html" },
		{ "h/a", "h/a~ba7816bf8f01cfea" },
		{ "a.tar.gz", "a.tar~ba7816bf8f01cfea.gz" },
		{ "h.x/a", "h.x/a~ba7816bf8f01cfea" },
		{ "h/a.php@q=1", "h/a.php@q=1~ba7816bf8f01cfea.php" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof all / sizeof *all; i++) {
		char *with = filename_with_hash(all[i].path, "abc");

		assert_string_equal(with, all[i].with);
		free(with);
	}
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(urls_have_the_names_of_the_manual),
	cmocka_unit_test(hostile_names_are_safe_the_same_again_and_reversible),
	cmocka_unit_test(of_a_million_urls_no_two_share_a_name),
	cmocka_unit_test(nor_do_they_where_case_does_not_count),
	cmocka_unit_test(deep_paths_are_cut_and_told_apart),
	cmocka_unit_test(a_hash_goes_before_the_extension),
};

UNIT_MAIN("core/filename", tests)
