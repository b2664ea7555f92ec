/* SPDX-License-Identifier: MIT */
/*
 * The promises of url/url.h: one spelling for each URL, nothing but http and
 * https, no control character and no password in any text.
 */
#include "config.h"

#include <locale.h>
#include <pthread.h>
#include <stdio.h>

#include "unit.h"

#include "base/buf.h"
#include "url/url.h"

#define N(table) (sizeof table / sizeof *table)

static void
assert_parses(const char *text, const char *proto_default, const char *want,
	const char *note)
{
	struct err err = { 0 };
	struct url url, again;

	if (url_parse(text, proto_default, &url, &err) != 0)
		fail_msg("%s: %s: %s", note, text, err.text);
	if (strcmp(url.text, want) != 0)
		fail_msg("%s: %s: %s, not %s", note, text, url.text, want);
	if (url_parse(url.text, NULL, &again, &err) != 0)
		fail_msg("%s: canonical text %s: %s", note, want, err.text);
	assert_string_equal(again.text, want);
	assert_int_equal(again.port, url.port);
	assert_int_equal(again.literal, url.literal);
	url_release(&again);
	url_release(&url);
}

static void
assert_refused(const char *text, const char *proto_default, const char *why,
	const char *note)
{
	struct err err = { 0 };
	struct url url = { .port = 7 };

	if (url_parse(text, proto_default, &url, &err) == 0)
		fail_msg("%s: %s became %s", note, text, url.text);
	if (strstr(err.text, why) == NULL)
		fail_msg("%s: %s: '%s', not '%s'", note, text, err.text, why);
	assert_int_equal(err.code, ERR_USAGE);
	assert_int_equal(url.port, 7);
	assert_null(url.text);
}

static void
urls_have_one_spelling(void **state)
{
	static const struct {
		const char *text, *want, *note;
	} cases[] = {
		{ "http://h", "http://h/", "empty path" },
		{ "http://h?a", "http://h/?a", "query without path" },
		{ "http://h/?", "http://h/?", "empty query" },
		{ "http://h?", "http://h/?", "empty query without path" },
		{ "http://h/a?#f", "http://h/a?", "and a fragment" },
		{ "HTTP://EXAMPLE.com/A", "http://example.com/A", "case" },
		{ "http://h:80/", "http://h/", "default port" },
		{ "https://h:443/", "https://h/", "default port" },
		{ "https://h:80/", "https://h:80/", "other port" },
		{ "http://h:00080/", "http://h/", "zeros in the port" },
		{ "http://h:/", "http://h/", "empty port" },
		{ "http://h:65535/", "http://h:65535/", "highest port" },
		{ "http://h/a#f", "http://h/a", "fragment" },
		{ "http://h#f", "http://h/", "fragment behind the host" },
		{ "http://h/a#b?c d\xff", "http://h/a", "junk in a fragment" },
		{ "http://h/a b", "http://h/a%20b", "blank in the path" },
		{ "http://h/?a b", "http://h/?a%20b", "blank in the query" },
		{ "http://h/\xc3\xa9?\xc3\xa9", "http://h/%C3%A9?%C3%A9",
			"raw bytes" },
		{ "http://h/\xff", "http://h/%FF", "a byte that is no UTF-8" },
		{ "http://h/%c3%A9%zz%", "http://h/%c3%A9%zz%",
			"percents stay" },
		{ "http://h/a/./b/../c", "http://h/a/c", "dot segments" },
		{ "http://h/../..", "http://h/", "dots above the root" },
		{ "http://h/a?b/../c", "http://h/a?b/../c", "dots in a query" },
		{ "http://h//a//b", "http://h//a//b", "double slashes" },
		{ "http:/h/a", "http://h/a", "one slash" },
		{ "http:///h/a", "http://h/a", "three slashes" },
		{ "http://h/a@b", "http://h/a@b", "@ in the path" },
		{ "http://h/\\a", "http://h/\\a", "backslash in the path" },
		{ "http://a.b\\@c.d/", "http://c.d/", "backslash in a user" },
		{ "http://e_x-1.com./", "http://e_x-1.com./", "last dot" },
		{ "http://%65xample.com/", "http://example.com/",
			"percents in the host" },
		{ "http://b\xc3\xbc" "cher.example/",
			"http://xn--bcher-kva.example/", "IDN" },
		{ "http://B\xc3\x9c" "CHER.example/",
			"http://xn--bcher-kva.example/", "IDN in capitals" },
		{ "http://xn--bcher-kva.example/",
			"http://xn--bcher-kva.example/", "punycode" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < N(cases); i++)
		assert_parses(cases[i].text, NULL, cases[i].want,
			cases[i].note);
}

static void
addresses_have_one_spelling(void **state)
{
	static const struct {
		const char *text, *want;
		int literal;
	} cases[] = {
		{ "http://127.0.0.1/", "http://127.0.0.1/", 4 },
		{ "http://127.1/", "http://127.0.0.1/", 4 },
		{ "http://0x7f.1/", "http://127.0.0.1/", 4 },
		{ "http://2130706433/", "http://127.0.0.1/", 4 },
		{ "http://017700000001/", "http://127.0.0.1/", 4 },
		{ "http://0X7F000001/", "http://127.0.0.1/", 4 },
		{ "http://\xef\xbc\x91\xef\xbc\x92\xef\xbc\x97.0.0.1/",
			"http://127.0.0.1/", 4 },
		{ "http://%31%32%37.0.0.1/", "http://127.0.0.1/", 4 },
		{ "http://[::1]/", "http://[::1]/", 6 },
		{ "http://[0:0:0:0:0:0:0:1]:8080/", "http://[::1]:8080/", 6 },
		{ "http://[2001:DB8::A]/", "http://[2001:db8::a]/", 6 },
		{ "http://[::ffff:1.2.3.4]/", "http://[::ffff:1.2.3.4]/", 6 },
		{ "http://1.example/", "http://1.example/", 0 },
		{ "http://1.2.3.4.example/", "http://1.2.3.4.example/", 0 },
		{ "http://0xyz/", "http://0xyz/", 0 },
	};
	struct err err;
	struct url url;
	size_t i;

	(void)state;
	for (i = 0; i < N(cases); i++) {
		assert_parses(cases[i].text, NULL, cases[i].want, "address");
		assert_int_equal(url_parse(cases[i].text, NULL, &url, &err), 0);
		assert_int_equal(url.literal, cases[i].literal);
		url_release(&url);
	}
}

static void
parts_are_found_in_the_text(void **state)
{
	static const struct {
		const char *text, *origin, *host;
		uint16_t port;
		int https;
	} cases[] = {
		{ "http://h/p", "http://h", "h", 80, 0 },
		{ "https://Ex.com:8443?q", "https://ex.com:8443", "ex.com",
			8443, 1 },
		{ "http://[::1]:81/", "http://[::1]:81", "::1", 81, 0 },
		{ "https://u:p@[2001:db8::1]/", "https://[2001:db8::1]",
			"2001:db8::1", 443, 1 },
	};
	struct err err;
	struct url url;
	size_t i;

	(void)state;
	for (i = 0; i < N(cases); i++) {
		assert_int_equal(url_parse(cases[i].text, NULL, &url, &err), 0);
		assert_int_equal(url.origin_len, strlen(cases[i].origin));
		assert_memory_equal(url.text, cases[i].origin, url.origin_len);
		assert_int_equal(url.host_len, strlen(cases[i].host));
		assert_memory_equal(url.text + url.host_off, cases[i].host,
			url.host_len);
		assert_int_equal(url.port, cases[i].port);
		assert_int_equal(url.https, cases[i].https);
		url_release(&url);
	}
}

static void
bare_hosts_get_the_default_scheme(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "example.com", "http://example.com/" },
		{ "example.com:8080/x", "http://example.com:8080/x" },
		{ "localhost:8080", "http://localhost:8080/" },
		{ "user:pw@h/x", "http://h/x" },
		{ "//h/x", "http://h/x" },
		{ "[::1]:81/", "http://[::1]:81/" },
		{ "h?x=http://y/", "http://h/?x=http://y/" },
		{ "h/a b", "http://h/a%20b" },
		{ "b\xc3\xbc" "cher.example", "http://xn--bcher-kva.example/" },
		{ "data:80/x", "http://data/x" },
	};
	struct url url;
	size_t i;

	(void)state;
	for (i = 0; i < N(cases); i++)
		assert_parses(cases[i].text, "http", cases[i].want, "bare");
	assert_int_equal(url_parse("h", "https", &url, NULL), 0);
	assert_string_equal(url.text, "https://h/");
	url_release(&url);
	assert_refused("example.com/x", NULL,
		"no scheme: did you mean http://example.com/x?", "hint");
	assert_refused("//h/x", NULL, "did you mean http://h/x?", "hint");
	assert_refused("h", "ftp", "'ftp' is not http or https", "default");
}

static void
what_cannot_be_fetched_is_refused_with_a_reason(void **state)
{
	static const struct {
		const char *text, *why, *note;
	} cases[] = {
		{ "", "no URL", "empty" },
		{ "#x", "no URL", "fragment only" },
		{ "ftp://h/", "scheme 'ftp' is not http or https", "ftp" },
		{ "file:///etc/passwd", "scheme 'file' is not", "file" },
		{ "gopher://h/", "scheme 'gopher' is not", "gopher" },
		{ "unknown://h/", "scheme 'unknown' is not", "unknown" },
		{ "mailto:a@b", "scheme 'mailto' is not", "mailto" },
		{ "javascript:x()", "scheme 'javascript' is not", "script" },
		{ "data:text/html,x", "scheme 'data' is not", "data" },
		{ "http:h/", "'//' is missing", "no slashes" },
		{ "http:////h/", "too many slashes", "four slashes" },
		{ "http://", "no host", "no host" },
		{ "http:///", "no host", "no host" },
		{ "http://?x", "no host", "no host" },
		{ "http://./", "no host", "dot" },
		{ "http://u@/", "no host", "user and no host" },
		{ "http://h:0/", "the port", "port 0" },
		{ "http://h:65536/", "the port", "port too high" },
		{ "http://h:99999999999999999999/", "the port", "overflow" },
		{ "http://h:8x/", "the port", "letters in a port" },
		{ "http://h:-1/", "the port", "negative" },
		{ "http://u:p@ss@h/", "the host holds", "two @" },
		{ "http://http://h/", "'://' occurs twice", "twice" },
		{ "http://a b/", "the host holds", "blank in the host" },
		{ "http://a|b/", "the host holds", "odd character" },
		{ "http://a%25b/", "the host holds", "percent in the host" },
		{ "http://a%7fb/", "the host holds", "DEL in the host" },
		{ "http://a%2fb/", "the host holds", "slash in the host" },
		{ "http://a%00b/", "the host holds", "NUL in the host" },
		{ "http://a..b/", "empty label", "empty label" },
		{ "http://.a/", "empty label", "empty label" },
		{ "http://a../", "empty label", "two dots at the end" },
		{ "http://\xe2\x84\x80.com/", "the host holds",
			"IDN that maps to a slash" },
		{ "http://\xff.com/", "cannot be written in ASCII", "bytes" },
		{ "http://1.2.3.4./", "ends in a number", "dotted address" },
		{ "http://1.2.3.256/", "ends in a number", "no address" },
		{ "http://1.2.3.4.5/", "ends in a number", "no address" },
		{ "http://a.0x1f/", "ends in a number", "hex" },
		{ "http://4294967296/", "ends in a number", "too big" },
		{ "http://%31%32%37.1/", "ends in a number", "hidden" },
		{ "http://[::1/", "IPv6", "no bracket" },
		{ "http://[::g]/", "IPv6", "no address" },
		{ "http://[1.2.3.4]/", "IPv6", "IPv4 in brackets" },
		{ "http://[fe80::1%25eth0]/", "zone id", "zone id" },
		{ "http://[fe80::1%eth0]/", "zone id", "zone id" },
		{ "http://a b:c@h/", "user name holds a blank", "blank" },
		{ "http://u:a b@h/", "password holds a blank", "blank" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < N(cases); i++) {
		assert_refused(cases[i].text, NULL, cases[i].why,
			cases[i].note);
		if (strstr(cases[i].text, ":") != NULL)
			assert_refused(cases[i].text, "http", cases[i].why,
				cases[i].note);
	}
}

static void
control_characters_never_pass(void **state)
{
	static const char *const places[] = {
		"http://h%c/", "http://h/%c", "http://h/?%c", "http://h/#%c",
		"%chttp://h/", "http://h/%c", "http://u%c:p@h/", "ht%ctp://h/",
	};
	char text[64];
	size_t i;
	int c;

	(void)state;
	for (i = 0; i < N(places); i++)
		for (c = 1; c < 0x80; c == 0x1f ? c = 0x7f : c++) {
			const char *at = strstr(places[i], "%c");
			size_t n = (size_t)(at - places[i]);

			memcpy(text, places[i], n);
			text[n] = (char)c;
			memcpy(text + n + 1, at + 2, strlen(at + 2) + 1);
			assert_refused(text, "http", "control character",
				places[i]);
		}
}

static void
lengths_have_ceilings(void **state)
{
	static char text[70000];
	struct err err;
	struct url url;

	(void)state;
	memset(text, 'a', sizeof text - 1);
	memcpy(text, "http://", 7);
	text[7 + 63] = '/';
	text[65536] = '\0';
	assert_int_equal(url_parse(text, NULL, &url, &err), 0);
	assert_int_equal(strlen(url.text), 65536);
	url_release(&url);
	text[65536] = 'a';
	text[65537] = '\0';
	assert_refused(text, NULL, "over 65536 bytes", "one too many");
	text[30000] = '\0';
	memset(text + 100, ' ', 29000);
	assert_refused(text, NULL, "over 65536 bytes", "blanks become %20");

	memset(text, 'a', 400);
	memcpy(text, "http://", 7);
	text[7 + 64] = '\0';
	assert_refused(text, NULL, "label over 63", "label");
	text[7 + 64] = 'a';
	text[7 + 63] = text[7 + 127] = text[7 + 191] = '.';
	text[7 + 253] = '\0';
	assert_int_equal(url_parse(text, NULL, &url, &err), 0);
	url_release(&url);
	text[7 + 253] = '.';
	text[7 + 254] = '\0';
	assert_int_equal(url_parse(text, NULL, &url, &err), 0);
	url_release(&url);
	text[7 + 253] = 'a';
	assert_refused(text, NULL, "over 253", "name");
}

static void
users_leave_the_text_and_are_decoded(void **state)
{
	static const struct {
		const char *text, *userpwd;
	} cases[] = {
		{ "http://u:p@h/x", "u:p" },
		{ "http://u@h/x", "u:" },
		{ "http://:p@h/x", ":p" },
		{ "http://@h/x", NULL },
		{ "http://:@h/x", NULL },
		{ "http://u%40x:p%3Aq%20@h/x", "u@x:p:q " },
		{ "http://u:p:q@h/x", "u:p:q" },
		{ "http://u;x:p@h/x", "u;x:p" },
		{ "http://h/x", NULL },
	};
	struct err err;
	struct url url;
	size_t i;

	(void)state;
	for (i = 0; i < N(cases); i++) {
		assert_int_equal(url_parse(cases[i].text, NULL, &url, &err), 0);
		assert_string_equal(url.text, "http://h/x");
		if (cases[i].userpwd == NULL)
			assert_null(url.userpwd);
		else
			assert_string_equal(url.userpwd, cases[i].userpwd);
		url_release(&url);
		url_release(&url);
	}
	assert_refused("http://u%00:p@h/", NULL, "control character", "NUL");
	assert_refused("http://u:p%0a@h/", NULL, "control character", "LF");
	assert_refused("http://u:p%0D@h/", NULL, "control character", "CR");
	assert_refused("http://u:p%7f@h/", NULL, "control character", "DEL");
}

static void
assert_resolves(const char *base_text, const char *ref, const char *want)
{
	struct err err = { 0 };
	struct url base, url;

	assert_int_equal(url_parse(base_text, NULL, &base, &err), 0);
	if (url_resolve(&base, ref, &url, &err) != 0)
		fail_msg("'%s': %s", ref, err.text);
	if (strcmp(url.text, want) != 0)
		fail_msg("'%s': %s, not %s", ref, url.text, want);
	url_release(&url);
	url_release(&base);
}

static void
references_resolve_as_in_rfc_3986_section_5_4(void **state)
{
	static const struct {
		const char *ref, *want;
	} cases[] = {
		/* 5.4.1 normal, "g:h" is refused, see below */
		{ "g", "http://a/b/c/g" },
		{ "./g", "http://a/b/c/g" },
		{ "g/", "http://a/b/c/g/" },
		{ "/g", "http://a/g" },
		{ "//g", "http://g/" },
		{ "?y", "http://a/b/c/d;p?y" },
		{ "g?y", "http://a/b/c/g?y" },
		{ "#s", "http://a/b/c/d;p?q" },
		{ "g#s", "http://a/b/c/g" },
		{ "g?y#s", "http://a/b/c/g?y" },
		{ ";x", "http://a/b/c/;x" },
		{ "g;x", "http://a/b/c/g;x" },
		{ "g;x?y#s", "http://a/b/c/g;x?y" },
		{ "", "http://a/b/c/d;p?q" },
		{ ".", "http://a/b/c/" },
		{ "./", "http://a/b/c/" },
		{ "..", "http://a/b/" },
		{ "../", "http://a/b/" },
		{ "../g", "http://a/b/g" },
		{ "../..", "http://a/" },
		{ "../../", "http://a/" },
		{ "../../g", "http://a/g" },
		/* 5.4.2 abnormal */
		{ "../../../g", "http://a/g" },
		{ "../../../../g", "http://a/g" },
		{ "/./g", "http://a/g" },
		{ "/../g", "http://a/g" },
		{ "g.", "http://a/b/c/g." },
		{ ".g", "http://a/b/c/.g" },
		{ "g..", "http://a/b/c/g.." },
		{ "..g", "http://a/b/c/..g" },
		{ "./../g", "http://a/b/g" },
		{ "./g/.", "http://a/b/c/g/" },
		{ "g/./h", "http://a/b/c/g/h" },
		{ "g/../h", "http://a/b/c/h" },
		{ "g;x=1/./y", "http://a/b/c/g;x=1/y" },
		{ "g;x=1/../y", "http://a/b/c/y" },
		{ "g?y/./x", "http://a/b/c/g?y/./x" },
		{ "g?y/../x", "http://a/b/c/g?y/../x" },
		{ "g#s/./x", "http://a/b/c/g" },
		{ "g#s/../x", "http://a/b/c/g" },
		{ "http:g", "http://a/b/c/g" },	/* backward compatible */
	};
	size_t i;

	(void)state;
	for (i = 0; i < N(cases); i++)
		assert_resolves("http://a/b/c/d;p?q", cases[i].ref,
			cases[i].want);
}

static void
references_resolve_as_in_browsers(void **state)
{
	static const struct {
		const char *base, *ref, *want;
	} cases[] = {
		{ "http://h/foo/bar", "", "http://h/foo/bar" },
		{ "http://h/foo/bar", "#", "http://h/foo/bar" },
		{ "http://h/foo/bar?q", "#x", "http://h/foo/bar?q" },
		{ "http://h/a?b/c/d", "e", "http://h/e" },
		{ "http://h/a/?b/c/d", "../e", "http://h/e" },
		{ "http://h/a/?b/c/d", "?", "http://h/a/?" },
		{ "http://h", "x", "http://h/x" },
		{ "http://h/a/b", "./?x", "http://h/a/?x" },
		{ "http://h/a/b", ".//x", "http://h/a//x" },
		{ "http://h/a/b/c", "..//x", "http://h/a//x" },
		{ "http://h/a/b", " x ", "http://h/a/x" },
		{ "http://h/a/b", "\t\n/x\r\n", "http://h/x" },
		{ "http://h/a/b", "x\ny\tz", "http://h/a/xyz" },
		{ "http://h/a/b", "x y?a b", "http://h/a/x%20y?a%20b" },
		{ "http://h/a/b", "\xc3\xa9", "http://h/a/%C3%A9" },
		{ "http://h/a/b", "..\\x", "http://h/x" },
		{ "http://h/a/b", "\\\\g\\x", "http://g/x" },
		{ "http://h/a/b", "?a\\b", "http://h/a/b?a\\b" },
		{ "http://h/a/b", "///g/x", "http://g/x" },
		{ "https://h/a/b", "//g/x", "https://g/x" },
		{ "https://h/a/b", "http://g/x", "http://g/x" },
		{ "https://h/a/b", "HTTPS:x", "https://h/a/x" },
		{ "http://h:81/a/b", "/x", "http://h:81/x" },
		{ "http://h:81/a/b", "//g", "http://g/" },
		{ "http://[::1]:81/a", "b", "http://[::1]:81/b" },
		{ "http://h/a/b", "1:2", "http://h/a/1:2" },
		{ "http://h/a/b", "./c:d", "http://h/a/c:d" },
		{ "http://h/a/b", "x//..", "http://h/a/x/" },
		{ "http://h/a//b", "../c", "http://h/a/c" },
		{ "http://h/a/b", "x@y", "http://h/a/x@y" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < N(cases); i++)
		assert_resolves(cases[i].base, cases[i].ref, cases[i].want);
}

static void
references_elsewhere_are_refused(void **state)
{
	static const struct {
		const char *ref, *why;
	} cases[] = {
		{ "g:h", "scheme 'g' is not http or https" },
		{ "ftp://h/", "scheme 'ftp' is not" },
		{ "FILE:///etc/passwd", "scheme 'FILE' is not" },
		{ "mailto:a@b", "scheme 'mailto' is not" },
		{ "https:x", "'//' is missing" },
		{ "//", "no host" },
		{ "//h:0/", "the port" },
		{ "a\x01" "b", "control character" },
		{ "//[fe80::1%25e]/", "zone id" },
	};
	static char text[70000];
	struct err err;
	struct url base, url;
	size_t i;

	(void)state;
	assert_int_equal(url_parse("http://h/a", NULL, &base, &err), 0);
	for (i = 0; i < N(cases); i++) {
		assert_int_equal(url_resolve(&base, cases[i].ref, &url, &err),
			-1);
		if (strstr(err.text, cases[i].why) == NULL)
			fail_msg("'%s': %s", cases[i].ref, err.text);
	}
	memset(text, 'a', sizeof text - 1);
	assert_int_equal(url_resolve(&base, text, &url, &err), -1);
	url_release(&base);
}

static void
the_user_stays_with_the_authority(void **state)
{
	struct err err;
	struct url base, url;

	(void)state;
	assert_int_equal(url_parse("http://u:p@h/a", NULL, &base, &err), 0);
	assert_int_equal(url_resolve(&base, "b", &url, &err), 0);
	assert_string_equal(url.userpwd, "u:p");
	url_release(&url);
	assert_int_equal(url_resolve(&base, "", &url, &err), 0);
	assert_string_equal(url.userpwd, "u:p");
	url_release(&url);
	assert_int_equal(url_resolve(&base, "//h/b", &url, &err), 0);
	assert_null(url.userpwd);
	url_release(&url);
	assert_int_equal(url_resolve(&base, "http://x:y@h/b", &url, &err), 0);
	assert_string_equal(url.userpwd, "x:y");
	assert_true(url_same_origin(&base, &url));
	url_release(&url);
	url_release(&base);
}

static void
origins_differ_by_scheme_host_and_port(void **state)
{
	static const struct {
		const char *a, *b;
		int same;
	} cases[] = {
		{ "http://h/a", "http://H:80/b?c", 1 },
		{ "http://h/", "https://h/", 0 },
		{ "http://h/", "http://h:81/", 0 },
		{ "http://h/", "http://hh/", 0 },
		{ "http://h/", "http://h./", 0 },
		{ "http://127.1/", "http://0x7f000001/", 1 },
	};
	struct url a, b, moved;
	size_t i;

	(void)state;
	for (i = 0; i < N(cases); i++) {
		assert_int_equal(url_parse(cases[i].a, NULL, &a, NULL), 0);
		assert_int_equal(url_parse(cases[i].b, NULL, &b, NULL), 0);
		assert_int_equal(url_same_origin(&a, &b), cases[i].same);
		moved = url_take(&a);
		assert_null(a.text);
		url_release(&a);
		url_release(&b);
		url_release(&moved);
	}
}

static void
no_text_shows_a_password(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "http://user:pw@host/x", "http://host/x" },
		{ "http://user@host/x", "http://host/x" },
		{ "http://host/x", "http://host/x" },
		{ "http://h/a@b", "http://h/a@b" },
		{ "http://h?a@b", "http://h?a@b" },
		{ "http://h:8080/a@b", "http://h:8080/a@b" },
		{ "http://h:/a@b", "http://h:/a@b" },
		{ "http://[::1]:80/a@b", "http://[::1]:80/a@b" },
		{ "http://u:p@[::1]:80/a@b", "http://[::1]:80/a@b" },
		{ "http://u:p@ss@w@host/x", "http://host/x" },
		{ "http://u:p@host/a@b", "http://host/a@b" },
		{ "http://u:p/w@host/x", "http://host/x" },
		{ "http://u:p?w@host/x", "http://host/x" },
		{ "http://u:p#w@host/x", "http://host/x" },
		{ "http://u:p\\w@host/x", "http://host/x" },
		{ "http://u@x:p/w@host/", "http://host/" },
		{ "http:\\\\u:pw@host\\x", "http:\\\\host\\x" },
		{ "http:/u:pw@host/", "http:/host/" },
		{ "http:////u:pw@host/", "http:////host/" },
		{ "http:u:pw@host/", "host/" },
		{ "user:pw@host/x", "host/x" },
		{ "//user:pw@host/x", "//host/x" },
		{ "host/a@b", "host/a@b" },
		{ "h.com:80/a@b", "h.com:80/a@b" },
		{ "ftp://u:pw@h/", "ftp://h/" },
		{ "http://http://u:pw@h/", "http://h/" },
		{ "1http://u:pw@h/", "1http://h/" },
		{ "http_x://u:pw@h/", "h/" },
		{ " http://u:pw@h/", "h/" },
		{ "get http://u:pw@h/", "h/" },
		{ "<a href=\"http://u:pw@h/\">", "h/\">" },
		{ "ht\ttp://u:pw@h/", "h/" },
		{ "/u:pw@h", "h" },
		{ "http://u:pw @h/", "http://h/" },
		{ "@", "" },
		{ "http://@", "http://" },
		{ "", "" },
		{ "mailto", "mailto" },
	};
	struct buf out;
	size_t i;

	(void)state;
	for (i = 0; i < N(cases); i++) {
		buf_init(&out, 100);
		assert_int_equal(url_add_public(&out, cases[i].text,
			strlen(cases[i].text)), 0);
		if (strcmp(buf_text(&out), cases[i].want) != 0)
			fail_msg("%s: %s, not %s", cases[i].text,
				buf_text(&out), cases[i].want);
		buf_release(&out);
	}
	buf_init(&out, 100);
	assert_int_equal(url_add_public(&out, "http://u:p\0w@h/", 15), 0);
	assert_string_equal(buf_text(&out), "http://h/");
	buf_release(&out);
	buf_init(&out, 8);
	assert_int_equal(url_add_public(&out, "http://u:p@h/", 13), -1);
	assert_int_equal(out.len, 0);
	buf_release(&out);
}

static void
no_error_shows_a_password(void **state)
{
	static const char *const texts[] = {
		"user:SECRET@host/x", "//user:SECRET@host/", "u:SECRET/w@host",
		"ftp://u:SECRET@h/", "http://u:SECRET@h:0/",
		"http://u:SECRET@s@h/", "http://u:SECRET@a|b/",
		"http://u:SECRET @h/", "http://u:SECRET%00@h/",
		"http:u:SECRET@h/", "http://http://u:SECRET@h/",
	};
	struct err err;
	struct url url;
	size_t i;

	(void)state;
	for (i = 0; i < N(texts); i++) {
		assert_int_equal(url_parse(texts[i], NULL, &url, &err), -1);
		assert_null(strstr(err.text, "SECRET"));
	}
}

/* xorshift: the same bytes in every run. */
static uint32_t
noise(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

static size_t
noise_text(uint32_t *seed, char *text, size_t max)
{
	static const char *const bits[] = {
		"http://", "https:", "//", "/", "..", ".", "?", "#", "@", ":",
		"\\", "[", "]", "%", "%2e", "%00", "%40", "1", "0x7f", "255",
		"h", "ex", "SECRET", " ", "\t", "\xc3\xa9", "\xff", "-", "ftp:",
		"\xef\xbc\x91", "::", "80", "+", "\x7f", "\xe2\x84\x80",
	};
	size_t n = noise(seed) % 14;
	size_t len = 0;

	text[0] = '\0';
	while (n-- > 0 && len + 16 < max) {
		const char *bit = bits[noise(seed) % N(bits)];

		if (noise(seed) % 16 == 0)
			text[len++] = (char)(1 + noise(seed) % 255);
		memcpy(text + len, bit, strlen(bit) + 1);
		len += strlen(bit);
	}
	return len;
}

static void
assert_canonical(const struct url *url, const char *from)
{
	struct url again;
	struct err err;
	const char *p;

	for (p = url->text; *p != '\0'; p++)
		if (*p <= ' ' || *p == 0x7f || (*p == '#'))
			fail_msg("%s became %s", from, url->text);
	p = url->text + (url->https ? 8 : 7);
	assert_true(url->text[url->origin_len] == '/');
	assert_null(memchr(p, '@', (size_t)(url->text + url->origin_len - p)));
	if (url_parse(url->text, NULL, &again, &err) != 0)
		fail_msg("%s became %s: %s", from, url->text, err.text);
	if (strcmp(again.text, url->text) != 0)
		fail_msg("%s, %s, %s", from, url->text, again.text);
	assert_null(again.userpwd);
	assert_int_equal(again.literal, url->literal);
	url_release(&again);
}

static void
any_bytes_give_a_canonical_url_or_an_error(void **state)
{
	uint32_t seed = 20260101;
	char text[256], ref[256];
	struct url url, next;
	struct err err;
	struct buf out;
	size_t len;
	int i;

	(void)state;
	for (i = 0; i < 60000; i++) {
		noise_text(&seed, ref, sizeof ref);
		len = noise_text(&seed, text, sizeof text);
		buf_init(&out, sizeof text);
		assert_int_equal(url_add_public(&out, text, len), 0);
		buf_release(&out);
		if (url_parse(text, i % 2 ? "http" : NULL, &url, &err) != 0)
			continue;
		assert_canonical(&url, text);
		if (url_resolve(&url, ref, &next, &err) == 0) {
			assert_canonical(&next, ref);
			url_release(&next);
		}
		url_release(&url);
	}
}

static void *
parse_many(void *arg)
{
	struct url url;
	int i;

	for (i = 0; i < 2000; i++) {
		if (url_parse("http://b\xc3\xbc" "cher.example/a", NULL, &url,
				NULL) != 0)
			return arg;
		url_release(&url);
	}
	return NULL;
}

static void
threads_may_parse_at_once(void **state)
{
	pthread_t threads[4];
	void *failed;
	size_t i;

	(void)state;
	for (i = 0; i < N(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, parse_many,
			&threads), 0);
	for (i = 0; i < N(threads); i++) {
		pthread_join(threads[i], &failed);
		assert_null(failed);
	}
}

static int
set_locale(void **state)
{
	(void)state;
	return setlocale(LC_CTYPE, "C.UTF-8") == NULL;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(urls_have_one_spelling),
		cmocka_unit_test(addresses_have_one_spelling),
		cmocka_unit_test(parts_are_found_in_the_text),
		cmocka_unit_test(bare_hosts_get_the_default_scheme),
		cmocka_unit_test(
			what_cannot_be_fetched_is_refused_with_a_reason),
		cmocka_unit_test(control_characters_never_pass),
		cmocka_unit_test(lengths_have_ceilings),
		cmocka_unit_test(users_leave_the_text_and_are_decoded),
		cmocka_unit_test(references_resolve_as_in_rfc_3986_section_5_4),
		cmocka_unit_test(references_resolve_as_in_browsers),
		cmocka_unit_test(references_elsewhere_are_refused),
		cmocka_unit_test(the_user_stays_with_the_authority),
		cmocka_unit_test(origins_differ_by_scheme_host_and_port),
		cmocka_unit_test(no_text_shows_a_password),
		cmocka_unit_test(no_error_shows_a_password),
		cmocka_unit_test(any_bytes_give_a_canonical_url_or_an_error),
		cmocka_unit_test(threads_may_parse_at_once),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("url", tests, set_locale, NULL);
}
