/* SPDX-License-Identifier: MIT */
/*
 * gzip -- zlib unpacks it to what it was; nothing follows the one member, and
 * the header names no time.
 */
#include "config.h"

#include <zlib.h>

#include "base/mem.h"
#include "stage/family.h"
#include "stage/trial.h"
#include "unit.h"

/* One whole member and nothing behind it; returns the length. */
static size_t
gzip_unpack(const struct buf *packed, char *text, size_t size)
{
	z_stream stream = { 0 };

	assert_int_equal(inflateInit2(&stream, 16 + 15), Z_OK);
	stream.next_in = (unsigned char *)packed->data;
	stream.avail_in = (unsigned)packed->len;
	stream.next_out = (unsigned char *)text;
	stream.avail_out = (unsigned)size;
	assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
	assert_int_equal(stream.avail_in, 0);
	/* MTIME, RFC 1952 2.3.1 */
	assert_memory_equal(packed->data + 4, "\0\0\0\0", 4);
	inflateEnd(&stream);
	return stream.total_out;
}

struct body {
	const char *p;
	size_t n;
};

static void
gzip_check(struct trial *trial, const void *arg)
{
	const struct body *body = arg;
	char *text = mem_array(body->n + 1, 1);

	assert_false(trial->outcome.failed);
	assert_int_equal(trial_u64(trial, "size_gzip"), trial->out.len);
	assert_int_equal(gzip_unpack(&trial->out, text, body->n + 1), body->n);
	assert_memory_equal(text, body->p, body->n);
	free(text);
}

static void
the_library_unpacks_what_was_packed(void **state)
{
	static const size_t sizes[] = { 0, 1, 1000, 32768, 500000 };
	static const char *const levels[] = { NULL, "1", "9" };
	struct body body;
	struct trial *trial;
	char *text;
	size_t i, k;

	(void)state;
	for (k = 0; k < sizeof levels / sizeof *levels; k++) {
		trial = trial_new(&stage_gzip, levels[k], NULL);
		for (i = 0; i < sizeof sizes / sizeof *sizes; i++) {
			text = trial_words(sizes[i]);
			body = (struct body){ text, sizes[i] };
			trial_run_cut(trial, text, body.n, gzip_check, &body);
			free(text);
		}
		trial_free(trial);
	}
}

static char *
gzip_noise(size_t n)
{
	char *noise = mem_array(n, 1);
	uint32_t random = 7;
	size_t i;

	for (i = 0; i < n; i++) {
		random = random * 1664525 + 1013904223;
		noise[i] = (char)(random >> 24);
	}
	return noise;
}

/* Far more comes out of it than what one piece can hold. */
static void
bytes_without_a_pattern_come_through(void **state)
{
	struct trial *trial = trial_new(&stage_gzip, NULL, NULL);
	size_t n = 300000;
	char *noise = gzip_noise(n);

	(void)state;
	trial_run_cut(trial, noise, n, gzip_check, &(struct body){ noise, n });
	assert_in_range(trial->out.len, n, n + 1000);
	free(noise);
	trial_free(trial);
}

static void
a_long_body_is_left_when_the_run_ends(void **state)
{
	struct trial *trial = trial_new(&stage_gzip, NULL, NULL);
	size_t n = 2000000;
	char *noise = gzip_noise(n);

	(void)state;
	trial->stop_at = 1;
	trial_run(trial, noise, n, TRIAL_WHOLE);
	assert_true(trial->outcome.failed);
	assert_int_equal(trial->outcome.error_class, ERROR_STOPPED);
	assert_in_range(trial->out.len, 1, 300000);
	free(noise);
	trial_free(trial);
}

static void
a_higher_level_packs_smaller(void **state)
{
	struct trial *fast = trial_new(&stage_gzip, "1", NULL);
	struct trial *small = trial_new(&stage_gzip, "9", NULL);
	char *text = trial_words(500000);

	(void)state;
	trial_run(fast, text, 500000, TRIAL_WHOLE);
	trial_run(small, text, 500000, TRIAL_WHOLE);
	assert_true(small->out.len < fast->out.len);
	assert_true(fast->out.len < 250000);
	free(text);
	trial_free(fast);
	trial_free(small);
}

static void
a_body_broken_off_leaves_nothing_behind(void **state)
{
	struct trial *trial = trial_new(&stage_gzip, NULL, NULL);
	char *text = trial_words(200000);

	(void)state;
	trial_abort(trial, text, 200000, 150000);
	assert_null(trial_value(trial, "size_gzip"));
	trial_run_cut(trial, text, 1000, gzip_check,
		&(struct body){ text, 1000 });
	free(text);
	trial_free(trial);
}

static void
a_level_that_is_none_is_refused(void **state)
{
	(void)state;
	trial_refuses(&stage_gzip, "0", "is no LEVEL, a number from 1 to 9; try gzip:6");
	trial_refuses(&stage_gzip, "10", "try gzip:6");
	trial_refuses(&stage_gzip, "", "LEVEL is missing");
	trial_refuses(&stage_gzip, "best", "'best' is no LEVEL");
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(the_library_unpacks_what_was_packed),
	cmocka_unit_test(bytes_without_a_pattern_come_through),
	cmocka_unit_test(a_long_body_is_left_when_the_run_ends),
	cmocka_unit_test(a_higher_level_packs_smaller),
	cmocka_unit_test(a_body_broken_off_leaves_nothing_behind),
	cmocka_unit_test(a_level_that_is_none_is_refused),
};

UNIT_MAIN("stage/gzip", tests)
