/* SPDX-License-Identifier: MIT */
/*
 * utf8 -- only what is well formed passes, and nothing that a terminal obeys
 * (promise P10).
 */
#include "config.h"

#include "base/buf.h"
#include "base/utf8.h"
#include "unit.h"

static void
well_formed_sequences_are_decoded(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		uint32_t code;
		const char *note;
	} cases[] = {
		{ "\0", 1, 0, "NUL" },
		{ "A", 1, 'A', "ASCII" },
		{ "\x7f", 1, 0x7f, "the last of one byte" },
		{ "\xc2\x80", 2, 0x80, "the first of two" },
		{ "\xdf\xbf", 2, 0x7ff, "the last of two" },
		{ "\xe0\xa0\x80", 3, 0x800, "the first of three" },
		{ "\xed\x9f\xbf", 3, 0xd7ff, "just below the surrogates" },
		{ "\xee\x80\x80", 3, 0xe000, "just above" },
		{ "\xef\xbf\xbf", 3, 0xffff, "the last of three" },
		{ "\xf0\x90\x80\x80", 4, 0x10000, "the first of four" },
		{ "\xf4\x8f\xbf\xbf", 4, 0x10ffff, "the last there is" },
	};
	uint32_t code;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_int_equal(utf8_decode(cases[i].bytes, cases[i].len,
			&code), cases[i].len);
		assert_int_equal(code, cases[i].code);
		/* Cut short, it is nothing. */
		assert_int_equal(utf8_decode(cases[i].bytes, cases[i].len - 1,
			NULL), 0);
	}
}

static void
ill_formed_sequences_are_refused(void **state)
{
	static const struct {
		const char *bytes;
		const char *note;
	} cases[] = {
		{ "\x80", "a continuation alone" },
		{ "\xbf", "the last continuation alone" },
		{ "\xc0\x80", "NUL in two bytes" },
		{ "\xc1\xbf", "DEL in two bytes" },
		{ "\xe0\x9f\xbf", "three bytes for two" },
		{ "\xf0\x8f\xbf\xbf", "four bytes for three" },
		{ "\xed\xa0\x80", "the first surrogate" },
		{ "\xed\xbf\xbf", "the last surrogate" },
		{ "\xf4\x90\x80\x80", "above U+10FFFF" },
		{ "\xf5\x80\x80\x80", "a lead byte that leads nowhere" },
		{ "\xff", "no lead byte" },
		{ "\xc2" "A", "ASCII where a continuation belongs" },
		{ "\xe2\x82" "A", "the same at the third byte" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_int_equal(utf8_decode(cases[i].bytes,
			strlen(cases[i].bytes), NULL), 0);
		assert_false(utf8_valid(cases[i].bytes,
			strlen(cases[i].bytes)));
	}
}

static void
validity_is_of_the_whole(void **state)
{
	(void)state;
	assert_true(utf8_valid("", 0));
	assert_true(utf8_valid("a\0b", 3));
	assert_true(utf8_valid("gr\xc3\xbc\xc3\x9f", 6));
	assert_false(utf8_valid("gr\xc3\xbc\xc3", 5));
	assert_false(utf8_valid("abc\xff", 4));
}

static void
controls_are_c0_del_and_c1(void **state)
{
	uint32_t code;
	int expected;

	(void)state;
	for (code = 0; code < 0x200; code++) {
		expected = code <= 0x1f || code == 0x7f ||
			(code >= 0x80 && code <= 0x9f);
		assert_int_equal(utf8_control(code) != 0, expected);
	}
}

static void
cleaned_text_keeps_what_is_harmless(void **state)
{
	static const struct {
		const char *bytes;
		const char *clean;
		const char *note;
	} cases[] = {
		{ "", "", "nothing" },
		{ "plain text", "plain text", "ASCII" },
		{ "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80",
			"gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80",
			"letters, a sign, a picture" },
		{ "a\r\nb\tc", "a\\x0d\\x0ab\\x09c", "line ends and tabs" },
		{ "\x1b[31m", "\\x1b[31m", "an escape sequence" },
		{ "\x7f", "\\x7f", "DEL" },
		{ "\xc2\x9b" "2J", "\\x9b2J", "a C1 control (CSI)" },
		{ "\xe2\x80\xae", "\\u{202e}", "right-to-left override" },
		{ "\xe2\x81\xa6", "\\u{2066}", "isolate" },
		{ "\xe2\x80\xa8", "\\u{2028}", "line separator" },
		{ "\xef\xbb\xbf", "\\u{feff}", "byte order mark" },
		{ "a\xff" "b", "a\\xffb", "no UTF-8" },
		{ "\xe2\x82", "\\xe2\\x82", "cut short" },
		{ "\xc0\x9b", "\\xc0\\x9b", "ESC in two bytes" },
	};
	struct buf buf;
	size_t i;

	(void)state;
	buf_init(&buf, 1000);
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		buf_clear(&buf);
		assert_int_equal(utf8_add_clean(&buf, cases[i].bytes,
			strlen(cases[i].bytes)), 0);
		assert_string_equal(buf_text(&buf), cases[i].clean);
	}
	buf_release(&buf);
}

/* Every pair of bytes: the result is valid and holds no control. */
static void
cleaned_text_is_valid_whatever_came(void **state)
{
	struct buf buf;
	const char *at;
	size_t left, len;
	uint32_t code;
	char bytes[2];
	int n;

	(void)state;
	buf_init(&buf, 1000);
	for (n = 0; n < 0x10000; n++) {
		bytes[0] = (char)(n >> 8);
		bytes[1] = (char)(n & 0xff);
		buf_clear(&buf);
		utf8_add_clean(&buf, bytes, 2);
		at = buf_text(&buf);
		for (left = buf.len; left > 0; left -= len, at += len) {
			len = utf8_decode(at, left, &code);
			assert_int_not_equal(len, 0);
			assert_false(utf8_control(code));
		}
	}
	buf_release(&buf);
}

static void
cleaning_stops_at_the_ceiling(void **state)
{
	struct buf buf;

	(void)state;
	buf_init(&buf, 5);
	assert_int_equal(utf8_add_clean(&buf, "ab\x1b", 3), -1);
	assert_string_equal(buf_text(&buf), "ab");
	buf_release(&buf);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(well_formed_sequences_are_decoded),
	cmocka_unit_test(ill_formed_sequences_are_refused),
	cmocka_unit_test(validity_is_of_the_whole),
	cmocka_unit_test(controls_are_c0_del_and_c1),
	cmocka_unit_test(cleaned_text_keeps_what_is_harmless),
	cmocka_unit_test(cleaned_text_is_valid_whatever_came),
	cmocka_unit_test(cleaning_stops_at_the_ceiling),
};

UNIT_MAIN("utf8", tests)
