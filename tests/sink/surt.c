/* SPDX-License-Identifier: MIT */
/*
 * surt -- the keys that replay tools look for, and keys of any bytes.
 */
#include "config.h"

#include "base/buf.h"
#include "sink/sample.h"
#include "sink/surt.h"
#include "unit.h"

static const struct {
	const char *url, *key, *note;
} cases[] = {
	{ "http://archive.org/", "org,archive)/", "a host" },
	{ "https://archive.org/", "org,archive)/", "https is no other" },
	{ "http://www.archive.org/", "org,archive)/", "www." },
	{ "http://www34.archive.org/", "org,archive)/", "www34." },
	{ "http://www2foo.com/", "com,www2foo)/", "no www" },
	{ "http://www.com/", "com)/", "as the others have it" },
	{ "http://a.b.c.example.com/", "com,example,c,b,a)/", "labels" },
	{ "http://localhost/", "localhost)/", "one label" },
	{ "http://example.com./", "com,example)/", "a dot at the end" },
	{ "http://127.0.0.1/x", "1,0,0,127)/x", "IPv4, as the others do" },
	{ "http://[::1]:8080/x", "[::1]:8080)/x", "IPv6" },
	{ "http://example.com:8080/", "com,example:8080)/", "a port" },
	{ "http://archive.org/goo/", "org,archive)/goo", "the last slash" },
	{ "http://archive.org/goo/?", "org,archive)/goo", "an empty query" },
	{ "http://archive.org/goo/?b&a", "org,archive)/goo?a&b", "order" },
	{ "http://archive.org/goo/?a=2&b&a=1", "org,archive)/goo?a=1&a=2&b",
	  "order of values" },
	{ "http://a.b/?a.b=1&a=2", "b,a)/?a=2&a.b=1", "names, then values" },
	{ "http://a.b/?a=1&", "b,a)/?&a=1", "an argument of nothing" },
	{ "http://host.com//two///slashes?more//slashes",
	  "com,host)/two/slashes?more//slashes", "slashes in a row" },
	{ "http://h/Big?Q=Z", "h)/big?q=z", "lower case" },
	{ "http://host/%25%32%35", "host)/%25", "escapes of escapes" },
	{ "http://host/%2525252525252525", "host)/%25", "many of them" },
	{ "http://host/%%%25%32%35asd%%", "host)/%25%25%25asd%25%25",
	  "what is no escape" },
	{ "http://host/%257Ea%2521b%2540c%2523d", "host)/~a!b@c%23d",
	  "what must be escaped" },
	{ "http://h/%c3%A9%20%00", "h)/%c3%a9%20%00", "bytes" },
	{ "http://visit.example.com/v.gif?&r=http%3A//a/&b=N%205.0%20%28W%29",
	  "com,example,visit)/v.gif?&b=n%205.0%20(w)&r=http://a/",
	  "a query that holds a URL" },
	{ "no URL", "no%20url", "what is none" },
	{ "http:", ")/", "nor this" },
};

static void
keys_are_those_of_other_tools(void **state)
{
	struct buf key;
	size_t i;

	(void)state;
	buf_init(&key, 1 << 20);
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		print_message("%s\n", cases[i].note);
		buf_clear(&key);
		surt_add(&key, cases[i].url);
		assert_string_equal(buf_text(&key), cases[i].key);
	}
	buf_release(&key);
}

static void
a_key_is_one_word_of_ascii_whatever_the_url_holds(void **state)
{
	struct buf key, url;
	size_t i, k;

	(void)state;
	buf_init(&key, 1 << 20);
	buf_init(&url, 1 << 20);
	for (i = 0; i < SAMPLE_HOSTILE; i++) {
		buf_clear(&key);
		buf_clear(&url);
		buf_printf(&url, "http://%s/%s?%s", sample_hostile[i],
			sample_hostile[i], sample_hostile[i]);
		surt_add(&key, buf_text(&url));
		for (k = 0; k < key.len; k++)
			assert_in_range(key.data[k], 0x21, 0x7e);
	}
	buf_release(&key);
	buf_release(&url);
}

/* Escapes within escapes are undone in one pass: no URL takes long. */
static void
a_long_nest_of_escapes_is_read_in_one_pass(void **state)
{
	struct buf key, url;
	size_t i;

	(void)state;
	buf_init(&key, 1 << 24);
	buf_init(&url, 1 << 24);
	buf_add_text(&url, "http://h/%");
	for (i = 0; i < 4 << 20; i++)
		buf_add_text(&url, "25");
	surt_add(&key, buf_text(&url));
	assert_string_equal(buf_text(&key), "h)/%25");
	buf_release(&key);
	buf_release(&url);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(keys_are_those_of_other_tools),
	cmocka_unit_test(a_key_is_one_word_of_ascii_whatever_the_url_holds),
	cmocka_unit_test(a_long_nest_of_escapes_is_read_in_one_pass),
};

UNIT_MAIN("sink/surt", tests)
