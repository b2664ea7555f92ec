/* SPDX-License-Identifier: MIT */
/*
 * Values of stages arrive in another process as they were, and bytes that
 * are none are refused.
 */
#include "config.h"

#include "base/mem.h"
#include "core/value.h"
#include "unit.h"

static const struct column columns[] = {
	{ .name = "n", .type = COLUMN_U64 },
	{ .name = "took", .type = COLUMN_SECONDS },
	{ .name = "yes", .type = COLUMN_BOOL },
	{ .name = "text", .type = COLUMN_TEXT },
	{ .name = "object", .type = COLUMN_JSON },
	{ .name = "none", .type = COLUMN_TEXT },
};

#define N (sizeof columns / sizeof *columns)

static void
fill(struct value values[N])
{
	memset(values, 0, N * sizeof *values);
	value_set_u64(&values[0], UINT64_MAX);
	value_set_us(&values[1], INT64_C(5000000000));
	value_set_flag(&values[2], 2);
	value_set_text(&values[3], mem_strdup("caf\xc3\xa9\n\xff"));
	value_set_text(&values[4], mem_strdup("{\"a\":1}"));
}

static struct buf
filled_bytes(void)
{
	struct value values[N];
	struct buf bytes;

	buf_init(&bytes, 1 << 20);
	fill(values);
	values_add(&bytes, values, columns, N);
	values_clear(values, columns, N);
	return bytes;
}

static void
test_values_arrive_as_they_were(void **state)
{
	struct buf bytes = filled_bytes();
	struct value got[N] = { 0 };

	(void)state;
	assert_int_equal(values_read(bytes.data, bytes.len, got, columns, N),
		0);
	assert_true(got[0].u64 == UINT64_MAX);
	assert_int_equal(got[1].us, INT64_C(5000000000));
	assert_int_equal(got[2].flag, 1);
	assert_string_equal(got[3].text, "caf\xc3\xa9\n\xff");
	assert_string_equal(got[4].text, "{\"a\":1}");
	assert_false(got[5].set);
	values_clear(got, columns, N);
	buf_release(&bytes);
}

static void
test_values_cleared_are_not_set(void **state)
{
	struct value values[N];
	size_t i;

	(void)state;
	fill(values);
	values_clear(values, columns, N);
	for (i = 0; i < N; i++)
		assert_false(values[i].set);
	values_clear(NULL, NULL, 0);
}

/* Each length in a block of its own, so that a sanitizer sees overreading. */
static void
test_what_is_cut_is_refused(void **state)
{
	struct buf bytes = filled_bytes();
	struct value got[N] = { 0 };
	char *copy;
	size_t n, i;

	(void)state;
	for (n = 0; n < bytes.len; n++) {
		copy = mem_dup(bytes.data, n);
		assert_int_equal(values_read(copy, n, got, columns, N), -1);
		for (i = 0; i < N; i++)
			assert_false(got[i].set);
		free(copy);
	}
	buf_add_char(&bytes, '\0');
	assert_int_equal(values_read(bytes.data, bytes.len, got, columns, N),
		-1);
	buf_release(&bytes);
}

static void
assert_safe(const struct value got[N])
{
	const char *at;

	if (got[2].set)
		assert_in_range(got[2].flag, 0, 1);
	if (!got[4].set)
		return;
	for (at = got[4].text; *at != '\0'; at++)
		assert_in_range(*at, 0x20, 0x7e);
	assert_int_equal(got[4].text[0], '{');
}

static void
test_what_is_garbled_does_no_harm(void **state)
{
	static const unsigned char bad[] = { 0x00, 0x01, 0x0a, 0x7f, 0xff };
	struct buf bytes = filled_bytes();
	struct value got[N] = { 0 };
	size_t i, v;
	char *copy;

	(void)state;
	for (v = 0; v < sizeof bad; v++) {
		for (i = 0; i < bytes.len; i++) {
			copy = mem_dup(bytes.data, bytes.len);
			copy[i] = (char)bad[v];
			if (values_read(copy, bytes.len, got, columns, N) == 0)
				assert_safe(got);
			values_clear(got, columns, N);
			free(copy);
		}
	}
	buf_release(&bytes);
}

static void
test_json_that_would_break_a_line_is_refused(void **state)
{
	static const struct {
		const char *note, *text;
		int rc;
	} cases[] = {
		{ "an object", "{}", 0 },
		{ "a newline", "{\"a\":\n1}", -1 },
		{ "an escape", "{\"\x1b[2J\":1}", -1 },
		{ "beyond ASCII", "{\"caf\xc3\xa9\":1}", -1 },
		{ "an array", "[1]", -1 },
		{ "nothing", "", -1 },
		{ "not ended", "{", -1 },
	};
	const struct column column = { .name = "o", .type = COLUMN_JSON };
	struct value sent = { 0 }, got = { 0 };
	struct buf bytes;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		print_message("%s\n", cases[i].note);
		buf_init(&bytes, 1 << 20);
		value_set_text(&sent, mem_strdup(cases[i].text));
		values_add(&bytes, &sent, &column, 1);
		assert_int_equal(values_read(bytes.data, bytes.len, &got,
			&column, 1), cases[i].rc);
		values_clear(&sent, &column, 1);
		values_clear(&got, &column, 1);
		buf_release(&bytes);
	}
}

static void
test_no_time_is_below_nothing(void **state)
{
	static const struct column column = {
		.name = "t", .type = COLUMN_SECONDS,
	};
	struct value sent = { 0 }, got = { 0 };
	struct buf bytes;
	int64_t us;

	(void)state;
	buf_init(&bytes, 100);
	for (us = -1; us <= 0; us++) {
		buf_clear(&bytes);
		value_set_us(&sent, us);
		values_add(&bytes, &sent, &column, 1);
		assert_int_equal(values_read(bytes.data, bytes.len, &got,
			&column, 1), us);
		assert_int_equal(got.set, us == 0);
	}
	buf_release(&bytes);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_values_arrive_as_they_were),
	cmocka_unit_test(test_values_cleared_are_not_set),
	cmocka_unit_test(test_what_is_cut_is_refused),
	cmocka_unit_test(test_what_is_garbled_does_no_harm),
	cmocka_unit_test(test_json_that_would_break_a_line_is_refused),
	cmocka_unit_test(test_no_time_is_below_nothing),
};

UNIT_MAIN("core/value", tests)
