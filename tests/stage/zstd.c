/* SPDX-License-Identifier: MIT */
/*
 * zstd -- libzstd unpacks it to what it was: one frame, with a checksum.
 */
#include "config.h"


#include "base/mem.h"
#include "stage/family.h"
#include "stage/trial.h"
#include "unit.h"
#ifdef HAVE_ZSTD
#include <zstd.h>
#endif

#ifdef HAVE_ZSTD

/* One whole frame and nothing behind it; returns the length. */
static size_t
zstd_unpack(const struct buf *packed, char *text, size_t size)
{
	assert_int_equal(ZSTD_findFrameCompressedSize(packed->data,
		packed->len), packed->len);
	/* Content_Checksum_flag, RFC 8878 3.1.1.1.1 */
	assert_int_equal(packed->data[4] & 4, 4);
	return ZSTD_decompress(text, size, packed->data, packed->len);
}

struct body {
	const char *p;
	size_t n;
};

static void
zstd_check(struct trial *trial, const void *arg)
{
	const struct body *body = arg;
	char *text = mem_array(body->n + 1, 1);

	assert_false(trial->outcome.failed);
	assert_int_equal(trial_u64(trial, "size_zstd"), trial->out.len);
	assert_int_equal(zstd_unpack(&trial->out, text, body->n + 1), body->n);
	assert_memory_equal(text, body->p, body->n);
	free(text);
}

static void
the_library_unpacks_what_was_packed(void **state)
{
	static const size_t sizes[] = { 0, 1, 1000, 32768, 500000 };
	static const char *const levels[] = { NULL, "1", "19" };
	struct body body;
	struct trial *trial;
	char *text;
	size_t i, k;

	(void)state;
	for (k = 0; k < sizeof levels / sizeof *levels; k++) {
		trial = trial_new(&stage_zstd, levels[k], NULL);
		for (i = 0; i < sizeof sizes / sizeof *sizes; i++) {
			text = trial_words(sizes[i]);
			body = (struct body){ text, sizes[i] };
			trial_run_cut(trial, text, body.n, zstd_check, &body);
			free(text);
		}
		trial_free(trial);
	}
}

static char *
zstd_noise(size_t n)
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
	struct trial *trial = trial_new(&stage_zstd, NULL, NULL);
	size_t n = 300000;
	char *noise = zstd_noise(n);

	(void)state;
	trial_run_cut(trial, noise, n, zstd_check, &(struct body){ noise, n });
	assert_in_range(trial->out.len, n, n + 1000);
	free(noise);
	trial_free(trial);
}

static void
a_long_body_is_left_when_the_run_ends(void **state)
{
	struct trial *trial = trial_new(&stage_zstd, NULL, NULL);
	size_t n = 2000000;
	char *noise = zstd_noise(n);

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
	struct trial *fast = trial_new(&stage_zstd, "1", NULL);
	struct trial *small = trial_new(&stage_zstd, "9", NULL);
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
	struct trial *trial = trial_new(&stage_zstd, NULL, NULL);
	char *text = trial_words(200000);

	(void)state;
	trial_abort(trial, text, 200000, 150000);
	assert_null(trial_value(trial, "size_zstd"));
	trial_run_cut(trial, text, 1000, zstd_check,
		&(struct body){ text, 1000 });
	free(text);
	trial_free(trial);
}

static void
a_level_that_is_none_is_refused(void **state)
{
	(void)state;
	trial_refuses(&stage_zstd, "0", "is no LEVEL, a number from 1 to 19; try zstd:3");
	trial_refuses(&stage_zstd, "22", "try zstd:3");
	trial_refuses(&stage_zstd, "", "LEVEL is missing");
	trial_refuses(&stage_zstd, "-5", "'-5' is no LEVEL");
}

#else

static void
without_its_library_it_says_so(void **state)
{
	(void)state;
	trial_refuses(&stage_zstd, NULL, "built without libzstd");
}

#endif

static const struct CMUnitTest tests[] = {
#ifdef HAVE_ZSTD
	cmocka_unit_test(the_library_unpacks_what_was_packed),
	cmocka_unit_test(bytes_without_a_pattern_come_through),
	cmocka_unit_test(a_long_body_is_left_when_the_run_ends),
	cmocka_unit_test(a_higher_level_packs_smaller),
	cmocka_unit_test(a_body_broken_off_leaves_nothing_behind),
	cmocka_unit_test(a_level_that_is_none_is_refused),
#else
	cmocka_unit_test(without_its_library_it_says_so),
#endif
};

UNIT_MAIN("stage/zstd", tests)
