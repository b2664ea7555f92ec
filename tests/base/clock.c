/* SPDX-License-Identifier: MIT */
/*
 * clock -- time does not go back, and dates are what date(1) says.
 */
#include "config.h"

#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#include "base/clock.h"
#include "unit.h"

static void
monotonic_time_does_not_go_back(void **state)
{
	int64_t last = clock_us(), now;
	int i;

	(void)state;
	assert_true(last > 0);
	for (i = 0; i < 1000; i++) {
		now = clock_us();
		assert_true(now >= last);
		last = now;
	}
}

static void
wall_time_is_the_systems(void **state)
{
	time_t before = time(NULL);
	int64_t now = clock_wall_us();
	time_t after = time(NULL);

	(void)state;
	/* time(2) may lag behind by a tick of the kernel. */
	assert_true(now / CLOCK_SECOND >= before);
	assert_true(now / CLOCK_SECOND <= after + 1);
}

static void
no_file_is_dated_before_it_was_written(void **state)
{
	struct stat st;
	int64_t now;
	FILE *file;
	int i;

	(void)state;
	for (i = 0; i < 1000; i++) {
		now = clock_file_us();
		file = tmpfile();
		assert_non_null(file);
		assert_int_equal(fstat(fileno(file), &st), 0);
		assert_true(st.st_ctim.tv_sec * CLOCK_SECOND +
			st.st_ctim.tv_nsec / 1000 >= now);
		fclose(file);
	}
}

static void
dates_are_rfc_3339_in_utc(void **state)
{
	static const struct {
		int64_t us;
		const char *text;
		const char *note;
	} cases[] = {
		{ 0, "1970-01-01T00:00:00.000000Z", "the epoch" },
		{ 1, "1970-01-01T00:00:00.000001Z", "one microsecond" },
		{ INT64_C(951782400000000), "2000-02-29T00:00:00.000000Z",
			"leap day of a century" },
		{ INT64_C(1735689599999999), "2024-12-31T23:59:59.999999Z",
			"the last moment of a year" },
		{ INT64_C(2147483648000000), "2038-01-19T03:14:08.000000Z",
			"past 32 bits" },
		{ INT64_C(253402300799000000), "9999-12-31T23:59:59.000000Z",
			"the last year of four digits" },
	};
	char text[CLOCK_RFC3339_SIZE];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		clock_rfc3339(cases[i].us, text);
		assert_string_equal(text, cases[i].text);
		assert_int_equal(strlen(text), CLOCK_RFC3339_SIZE - 1);
	}
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(monotonic_time_does_not_go_back),
	cmocka_unit_test(wall_time_is_the_systems),
	cmocka_unit_test(no_file_is_dated_before_it_was_written),
	cmocka_unit_test(dates_are_rfc_3339_in_utc),
};

UNIT_MAIN("clock", tests)
