/* SPDX-License-Identifier: MIT */
/*
 * units -- numbers as people type them: what is read, what is refused, and
 * that what is printed reads back to the same number.
 */
#include "config.h"

#include "base/units.h"
#include "unit.h"

#define BAD UINT64_MAX		/* a case that must be refused */

struct units_case {
	const char *text;
	uint64_t n;
	const char *note;
};

static void
cases_expect(int (*read)(const char *, uint64_t *),
	const struct units_case *cases, size_t n_cases)
{
	const struct units_case *at;
	uint64_t n;

	for (at = cases; at < cases + n_cases; at++) {
		n = 12345;
		if (read(at->text, &n) != (at->n == BAD ? -1 : 0))
			fail_msg("\"%s\" (%s)", at->text, at->note);
		/* What is refused leaves the result alone. */
		if (n != (at->n == BAD ? 12345 : at->n))
			fail_msg("\"%s\" (%s): read as %llu", at->text,
				at->note, (unsigned long long)n);
	}
}

static void
counts_are_in_thousands(void **state)
{
	static const struct units_case cases[] = {
		{ "0", 0, "zero" },
		{ "5000", 5000, "bare" },
		{ "007", 7, "leading zeros are no octal" },
		{ "10k", 10000, "small letter" },
		{ "10K", 10000, "capital letter" },
		{ "2M", 2000000, "millions" },
		{ "1.5k", 1500, "a fraction that is whole" },
		{ "1G", 1000000000, "thousand millions" },
		{ "18446744073709551614", UINT64_MAX - 1, "the most" },
		{ "18446744073709551616", BAD, "one digit too far" },
		{ "18446744073709552k", BAD, "too far with the unit" },
		{ "1.5", BAD, "half a thing" },
		{ "", BAD, "nothing" },
		{ "k", BAD, "a unit alone" },
		{ "-1", BAD, "negative" },
		{ "+1", BAD, "signed" },
		{ "1e3", BAD, "exponent" },
		{ "0x10", BAD, "hexadecimal" },
		{ " 1", BAD, "blank before" },
		{ "1 ", 1, "blank after" },
		{ "1  k", BAD, "two blanks" },
		{ "1kk", BAD, "two units" },
		{ "1.", BAD, "no digits behind the point" },
		{ ".5k", BAD, "no digits before the point" },
		{ "1,000", BAD, "grouped" },
		{ "1KiB", BAD, "a size" },
	};

	(void)state;
	cases_expect(units_count, cases, sizeof cases / sizeof *cases);
}

static void
sizes_are_bytes(void **state)
{
	static const struct units_case cases[] = {
		{ "512", 512, "bare bytes" },
		{ "512B", 512, "named bytes" },
		{ "64k", 65536, "a lone letter is of 1024" },
		{ "10KB", 10000, "KB is a thousand" },
		{ "4KiB", 4096, "KiB is 1024" },
		{ "4 KiB", 4096, "one blank" },
		{ "4mib", 4 << 20, "any case" },
		{ "1.5GiB", UINT64_C(3) << 29, "a fraction" },
		{ "0.1k", 102, "rounded down to a byte" },
		{ "16TiB", UINT64_C(1) << 44, "the largest unit" },
		{ "16777216TiB", BAD, "more than 64 bits" },
		{ "1.5B", BAD, "half a byte" },
		{ "1kbit", BAD, "no bits" },
		{ "4ms", BAD, "a time" },
	};

	(void)state;
	cases_expect(units_size, cases, sizeof cases / sizeof *cases);
}

static int
units_time_u64(const char *text, uint64_t *ret)
{
	int64_t us;

	if (units_time(text, &us) != 0)
		return -1;
	*ret = (uint64_t)us;
	return 0;
}

static void
times_are_microseconds(void **state)
{
	static const struct units_case cases[] = {
		{ "10", 10000000, "bare seconds" },
		{ "0.1s", 100000, "exact, though binary has no 0.1" },
		{ "0.000001", 1, "one microsecond" },
		{ "0.0000001", 0, "less than one is none" },
		{ "250ms", 250000, "milliseconds" },
		{ "30us", 30, "microseconds" },
		{ "1.5s", 1500000, "a fraction" },
		{ "10m", 600000000, "minutes, not milli" },
		{ "10min", 600000000, "minutes in full" },
		{ "1h", UINT64_C(3600000000), "an hour" },
		{ "2d", UINT64_C(172800000000), "days" },
		{ "9223372036854.775807", INT64_MAX, "the most" },
		{ "9223372036854.775808", BAD, "one more" },
		{ "1.5us", BAD, "below the clock's grain" },
		{ "-1s", BAD, "negative" },
		{ "1y", BAD, "years differ" },
		{ "1h30m", BAD, "two numbers" },
	};

	(void)state;
	cases_expect(units_time_u64, cases, sizeof cases / sizeof *cases);
}

static void
printed_numbers_read_back_the_same(void **state)
{
	static const uint64_t numbers[] = {
		0, 1, 999, 1000, 1023, 1024, 1025, 1536, 60000000, 65536,
		100000, 1 << 20, (1 << 20) + 1, 3600000000, 86400000000,
		UINT64_C(1) << 40, UINT64_C(1234567890123456789), INT64_MAX,
	};
	char text[UNITS_TEXT];
	uint64_t bytes;
	int64_t us;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		units_print_size(numbers[i], text);
		assert_int_equal(units_size(text, &bytes), 0);
		assert_true(bytes == numbers[i]);
		units_print_time((int64_t)numbers[i], text);
		assert_int_equal(units_time(text, &us), 0);
		assert_true(us == (int64_t)numbers[i]);
	}
}

static void
printed_numbers_take_the_largest_exact_unit(void **state)
{
	char text[UNITS_TEXT];

	(void)state;
	assert_string_equal(units_print_size(4 << 20, text), "4MiB");
	assert_string_equal(units_print_size(4097, text), "4097");
	assert_string_equal(units_print_size(0, text), "0");
	assert_string_equal(units_print_time(250000, text), "250ms");
	assert_string_equal(units_print_time(600000000, text), "10m");
	assert_string_equal(units_print_time(90000000, text), "90s");
	assert_string_equal(units_print_time(0, text), "0s");
}

static void
shown_sizes_have_three_digits(void **state)
{
	static const struct units_case cases[] = {
		{ "0 B", 0, "nothing" },
		{ "1023 B", 1023, "bytes stay whole" },
		{ "1.00 KiB", 1024, "the first unit" },
		{ "9.99 KiB", 10234, "two decimals" },
		{ "10.0 KiB", 10240, "one decimal" },
		{ "100 KiB", 102400, "no decimal" },
		{ "1.00 MiB", 1048300, "never 1024 KiB" },
		{ "1.21 MiB", 1268777, "the header's example" },
		{ "1.50 TiB", UINT64_C(3) << 39, "the last unit" },
	};
	char text[UNITS_TEXT];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_string_equal(units_show_size(cases[i].n, text),
			cases[i].text);
	units_show_size(UINT64_MAX, text);
	assert_true(strlen(text) < UNITS_TEXT);
}

static void
shown_times_have_three_digits(void **state)
{
	static const struct units_case cases[] = {
		{ "0 us", 0, "nothing" },
		{ "999 us", 999, "microseconds stay whole" },
		{ "1.00 ms", 1000, "the first unit" },
		{ "34.5 ms", 34500, "the header's example" },
		{ "999 ms", 999499, "below a second" },
		{ "1.00 s", 999500, "never 1000 ms" },
		{ "59.4 s", 59400000, "below a minute" },
		{ "1 m 00 s", 59500000, "never 60 s" },
		{ "2 m 05 s", 125000000, "the header's example" },
		{ "59 m 59 s", 3599400000, "below an hour" },
		{ "1 h 00 m", 3599500000, "never 60 m" },
		{ "27 h 46 m", UINT64_C(100000000000), "a day and more" },
	};
	char text[UNITS_TEXT];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_string_equal(
			units_show_time((int64_t)cases[i].n, text),
			cases[i].text);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(counts_are_in_thousands),
	cmocka_unit_test(sizes_are_bytes),
	cmocka_unit_test(times_are_microseconds),
	cmocka_unit_test(printed_numbers_read_back_the_same),
	cmocka_unit_test(printed_numbers_take_the_largest_exact_unit),
	cmocka_unit_test(shown_sizes_have_three_digits),
	cmocka_unit_test(shown_times_have_three_digits),
};

UNIT_MAIN("units", tests)
