/* SPDX-License-Identifier: MIT */
/*
 * argument -- numbers behind a stage's colon: what is read, and that what is
 * not says how it should have been.
 */
#include "config.h"

#include "stage/argument.h"
#include "unit.h"

#define BAD UINT64_MAX

struct argument_case {
	const char *text;
	uint64_t n;
	const char *note;
};

static const struct argument argument = { "N", 2, 5000, "load:100" };

static void
refusal_expect(const char *text, const struct err *err)
{
	assert_int_equal(err->code, ERR_USAGE);
	assert_non_null(strstr(err->text, "a number from 2 to 5000"));
	assert_non_null(strstr(err->text, "try load:100"));
	if (text == NULL || *text == '\0')
		assert_non_null(strstr(err->text, "N is missing"));
	else
		assert_non_null(strstr(err->text, "is no N"));
}

static void
counts_stay_within_their_limits(void **state)
{
	static const struct argument_case cases[] = {
		{ "2", 2, "the least" },
		{ "5000", 5000, "the most" },
		{ "5k", 5000, "with a unit" },
		{ "1", BAD, "too small" },
		{ "5001", BAD, "too large" },
		{ "99999999999999999999999", BAD, "no 64 bits" },
		{ NULL, BAD, "nothing" },
		{ "", BAD, "nothing behind the colon" },
		{ "-5", BAD, "negative" },
		{ "4.5", BAD, "a fraction" },
		{ "ten", BAD, "a word" },
		{ "10,20", BAD, "two" },
	};
	struct err err;
	uint64_t n;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		print_message("%s\n", cases[i].note);
		n = BAD;
		if (argument_count(&argument, cases[i].text, &n, &err) != 0)
			refusal_expect(cases[i].text, &err);
		assert_int_equal(n, cases[i].n);
	}
}

static void
a_bare_time_is_milliseconds(void **state)
{
	static const struct argument_case cases[] = {
		{ "5", 5000, "bare" },
		{ "2.5", 2500, "with a fraction" },
		{ "5ms", 5000, "the unit said" },
		{ "4s", 4000000, "seconds" },
		{ "2000us", 2000, "microseconds" },
		{ "5000", 5000000, "the most" },
		{ "1999us", BAD, "too short" },
		{ "6s", BAD, "too long" },
		{ "1h", BAD, "far too long" },
		{ NULL, BAD, "nothing" },
		{ "", BAD, "nothing behind the colon" },
		{ "5 minutes", BAD, "no unit we have" },
		{ "-5", BAD, "negative" },
	};
	struct err err;
	int64_t us;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		print_message("%s\n", cases[i].note);
		us = -1;
		if (argument_ms(&argument, cases[i].text, &us, &err) != 0)
			refusal_expect(cases[i].text, &err);
		assert_int_equal((uint64_t)us, cases[i].n);
	}
}

static void
a_long_argument_is_cut_in_the_message(void **state)
{
	char text[2000];
	struct err err;
	uint64_t n;

	(void)state;
	memset(text, 'x', sizeof text);
	text[sizeof text - 1] = '\0';
	assert_int_equal(argument_count(&argument, text, &n, &err), -1);
	refusal_expect(text, &err);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(counts_stay_within_their_limits),
	cmocka_unit_test(a_bare_time_is_milliseconds),
	cmocka_unit_test(a_long_argument_is_cut_in_the_message),
};

UNIT_MAIN("stage/argument", tests)
