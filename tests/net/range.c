/* SPDX-License-Identifier: MIT */
/*
 * Ranges: what Content-Range means, and what may be sent as If-Range.
 */
#include "config.h"

#include "net/range.h"
#include "unit.h"

#define DATE "Sun, 06 Nov 1994 08:49:37 GMT"

static const struct {
	const char *value;
	struct range range;
	int bad;
} cases[] = {
	{ "bytes 0-0/1", { 1, 0, 0, 1 }, 0 },
	{ "bytes 5-9/10", { 1, 5, 9, 10 }, 0 },
	{ "bytes 5-9/100", { 1, 5, 9, 100 }, 0 },
	{ "Bytes 05-09/010", { 1, 5, 9, 10 }, 0 },
	{ "bytes 5-9/*", { 1, 5, 9, 0 }, 0 },
	{ "bytes */10", { 0, 0, 0, 10 }, 0 },
	{ "bytes 1-9223372036854775799/*",
		{ 1, 1, INT64_C(9223372036854775799), 0 }, 0 },
	{ "bytes 5-9/9", { 0, 0, 0, 0 }, 1 },
	{ "bytes 5-9/0", { 0, 0, 0, 0 }, 1 },
	{ "bytes 9-5/10", { 0, 0, 0, 0 }, 1 },
	{ "bytes */*", { 0, 0, 0, 0 }, 1 },
	{ "bytes 5-9", { 0, 0, 0, 0 }, 1 },
	{ "bytes 5-9/", { 0, 0, 0, 0 }, 1 },
	{ "bytes 5-9/10 ", { 0, 0, 0, 0 }, 1 },
	{ "bytes 5-9/10, bytes 0-4/10", { 0, 0, 0, 0 }, 1 },
	{ "bytes 5-9/10x", { 0, 0, 0, 0 }, 1 },
	{ "bytes 5 - 9/10", { 0, 0, 0, 0 }, 1 },
	{ "bytes  5-9/10", { 0, 0, 0, 0 }, 1 },
	{ "bytes\t5-9/10", { 0, 0, 0, 0 }, 1 },
	{ "bytes=5-9/10", { 0, 0, 0, 0 }, 1 },
	{ "bytes -9/10", { 0, 0, 0, 0 }, 1 },
	{ "bytes 5-/10", { 0, 0, 0, 0 }, 1 },
	{ "bytes +5-9/10", { 0, 0, 0, 0 }, 1 },
	{ "bytes 0x5-9/10", { 0, 0, 0, 0 }, 1 },
	{ "bytes 5-18446744073709551625/*", { 0, 0, 0, 0 }, 1 },
	{ "bytes 18446744073709551621-9/10", { 0, 0, 0, 0 }, 1 },
	{ "bytes 5-9/18446744073709551626", { 0, 0, 0, 0 }, 1 },
	{ "items 5-9/10", { 0, 0, 0, 0 }, 1 },
	{ "bytes", { 0, 0, 0, 0 }, 1 },
	{ "bytes ", { 0, 0, 0, 0 }, 1 },
	{ "", { 0, 0, 0, 0 }, 1 },
};

static void
a_part_is_where_it_says(void **state)
{
	struct range range;
	size_t i;
	int rc;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		range = (struct range){ 1, 2, 3, 4 };
		rc = range_parse(cases[i].value, &range);
		if (rc != (cases[i].bad ? -1 : 0) ||
		    range.given != cases[i].range.given ||
		    range.first != cases[i].range.first ||
		    range.last != cases[i].range.last ||
		    range.total != cases[i].range.total)
			fail_msg("'%s': %d, %llu-%llu", cases[i].value, rc,
				(unsigned long long)range.first,
				(unsigned long long)range.last);
	}
}

static void
only_what_holds_is_sent_as_if_range(void **state)
{
	static const struct {
		const char *text;
		int validates;
	} validators[] = {
		{ "\"abc\"", 1 }, { "\"\"", 1 }, { "\"a'b\xc3\xa4\"", 1 },
		{ DATE, 1 },
		{ "W/\"abc\"", 0 }, { "w/\"abc\"", 0 }, { "abc", 0 },
		{ "\"abc", 0 }, { "abc\"", 0 }, { "\"", 0 },
		{ "\"a\"b\"", 0 }, { "\"a b\"", 0 }, { "\"a\tb\"", 0 },
		{ "\"a\x7f\"", 0 }, { "\"a\"\r\nX: \"b\"", 0 },
		{ "\"a\nb\"", 0 }, { DATE "\r\nX: y", 0 }, { "", 0 },
		{ "Sun, 06 Nov 1994\t08:49:37 GMT", 0 }, { "soon", 0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof validators / sizeof *validators; i++)
		if (range_validates(validators[i].text) !=
		    validators[i].validates)
			fail_msg("%s", validators[i].text);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(a_part_is_where_it_says),
	cmocka_unit_test(only_what_holds_is_sent_as_if_range),
};

UNIT_MAIN("net/range", tests)
