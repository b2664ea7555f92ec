/* SPDX-License-Identifier: MIT */
/*
 * buf -- the ceiling holds to the byte, a refused add changes nothing, and
 * numbers are written as printf would.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/buf.h"
#include "unit.h"

static void
bytes_come_out_as_they_went_in(void **state)
{
	struct buf buf;

	(void)state;
	buf_init(&buf, 100);
	assert_string_equal(buf_text(&buf), "");
	assert_int_equal(buf_add_text(&buf, "ab"), 0);
	assert_int_equal(buf_add_char(&buf, 'c'), 0);
	assert_int_equal(buf_add(&buf, "\0d", 2), 0);
	assert_int_equal(buf_add(&buf, NULL, 0), 0);
	assert_int_equal(buf.len, 5);
	assert_memory_equal(buf.data, "abc\0d\0", 6);
	buf_release(&buf);
	assert_int_equal(buf.len, 0);
	assert_int_equal(buf_add_text(&buf, "again"), 0);
	assert_string_equal(buf_text(&buf), "again");
	buf_release(&buf);
}

static void
the_ceiling_holds_to_the_byte(void **state)
{
	size_t max;
	struct buf buf;
	size_t i;

	(void)state;
	for (max = 0; max < 300; max++) {
		buf_init(&buf, max);
		for (i = 0; i < max; i++)
			assert_int_equal(buf_add_char(&buf, 'x'), 0);
		assert_false(buf.full);
		assert_int_equal(buf_add_char(&buf, 'y'), -1);
		assert_true(buf.full);
		assert_int_equal(buf.len, max);
		assert_int_equal(strlen(buf_text(&buf)), max);
		assert_true(buf.size <= max + 1);
		buf_release(&buf);
	}
}

static void
a_refused_add_changes_nothing_and_is_remembered(void **state)
{
	struct buf buf;

	(void)state;
	buf_init(&buf, 4);
	buf_add_text(&buf, "abc");
	assert_int_equal(buf_add_text(&buf, "de"), -1);
	assert_int_equal(buf_printf(&buf, "%d", 42), -1);
	assert_int_equal(buf_add_u64(&buf, 42), -1);
	assert_null(buf_room(&buf, SIZE_MAX));
	assert_int_equal(buf_add_char(&buf, 'd'), 0);
	assert_string_equal(buf_text(&buf), "abcd");
	assert_true(buf.full);
	buf_clear(&buf);
	assert_false(buf.full);
	assert_string_equal(buf_text(&buf), "");
	buf_release(&buf);
}

static void
whole_numbers_are_decimal(void **state)
{
	static const uint64_t cases[] = {
		0, 1, 9, 10, 99, 100, 4294967295, 4294967296,
		UINT64_C(9999999999999999999), UINT64_MAX - 1, UINT64_MAX,
	};
	struct buf buf;
	char text[32];
	size_t i;

	(void)state;
	buf_init(&buf, 100);
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		buf_clear(&buf);
		buf_add_u64(&buf, cases[i]);
		snprintf(text, sizeof text, "%" PRIu64, cases[i]);
		assert_string_equal(buf_text(&buf), text);
	}
	buf_release(&buf);
}

static void
seconds_have_six_decimals(void **state)
{
	static const struct {
		int64_t us;
		const char *text;
		const char *note;
	} cases[] = {
		{ 0, "0.000000", "nothing" },
		{ 1, "0.000001", "the smallest" },
		{ 999999, "0.999999", "just below one" },
		{ 1000000, "1.000000", "one" },
		{ 12034500, "12.034500", "zeros inside and at the end" },
		{ -1, "0.000000", "a clock that was set back" },
		{ INT64_MIN, "0.000000", "the least there is" },
		{ INT64_MAX, "9223372036854.775807", "the most there is" },
	};
	struct buf buf;
	size_t i;

	(void)state;
	buf_init(&buf, 100);
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		buf_clear(&buf);
		buf_add_seconds(&buf, cases[i].us);
		assert_string_equal(buf_text(&buf), cases[i].text);
	}
	buf_release(&buf);
}

static void
printf_grows_as_needed(void **state)
{
	struct buf buf;

	(void)state;
	buf_init(&buf, 1000);
	assert_int_equal(buf_printf(&buf, "%s", ""), 0);
	assert_int_equal(buf_printf(&buf, "%s|%300d|", "a", 7), 0);
	assert_int_equal(buf.len, 303);
	assert_int_equal(buf.data[301], '7');
	buf_release(&buf);
}

static void
both_ends_can_be_dropped(void **state)
{
	struct buf buf;

	(void)state;
	buf_init(&buf, 100);
	buf_cut(&buf, 0);
	buf_shift(&buf, 0);
	buf_add_text(&buf, "0123456789");
	buf_cut(&buf, 8);
	buf_shift(&buf, 3);
	assert_string_equal(buf_text(&buf), "34567");
	buf_shift(&buf, buf.len);
	assert_string_equal(buf_text(&buf), "");
	buf_release(&buf);
}

static void
room_is_written_in_place(void **state)
{
	struct buf buf;
	char *at;

	(void)state;
	buf_init(&buf, 200);
	buf_add_text(&buf, "a");
	at = buf_room(&buf, 150);
	assert_non_null(at);
	memset(at, 'b', 150);
	buf.len += 150;
	buf_add_char(&buf, 'c');
	assert_int_equal(buf.len, 152);
	assert_int_equal(buf.data[0], 'a');
	assert_int_equal(buf.data[150], 'b');
	assert_string_equal(buf.data + 151, "c");
	buf_release(&buf);
}

static void
taken_bytes_are_the_callers(void **state)
{
	struct buf buf;
	char *text;

	(void)state;
	buf_init(&buf, 100);
	text = buf_take(&buf);
	assert_string_equal(text, "");
	free(text);
	buf_add_text(&buf, "mine");
	text = buf_take(&buf);
	assert_null(buf.data);
	assert_int_equal(buf.max, 100);
	assert_string_equal(text, "mine");
	free(text);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(bytes_come_out_as_they_went_in),
	cmocka_unit_test(the_ceiling_holds_to_the_byte),
	cmocka_unit_test(a_refused_add_changes_nothing_and_is_remembered),
	cmocka_unit_test(whole_numbers_are_decimal),
	cmocka_unit_test(seconds_have_six_decimals),
	cmocka_unit_test(printf_grows_as_needed),
	cmocka_unit_test(both_ends_can_be_dropped),
	cmocka_unit_test(room_is_written_in_place),
	cmocka_unit_test(taken_bytes_are_the_callers),
};

UNIT_MAIN("buf", tests)
