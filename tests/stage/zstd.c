/* SPDX-License-Identifier: MIT */
/*
 * zstd -- libzstd unpacks it to what it was: one frame, with a checksum.
 */
#include "config.h"


#include "stage/family.h"
#include "stage/packer.h"
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

static const struct packer packer = {
	.stage = &stage_zstd, .column = "size_zstd", .highest = "19",
	.unpack = zstd_unpack,
};

static void
the_library_unpacks_what_was_packed(void **state)
{
	(void)state;
	packer_round_trips(&packer);
}

static void
bytes_without_a_pattern_come_through(void **state)
{
	(void)state;
	packer_packs_noise(&packer);
}

static void
a_long_body_is_left_when_the_run_ends(void **state)
{
	(void)state;
	packer_stops(&packer);
}

static void
a_higher_level_packs_smaller(void **state)
{
	(void)state;
	packer_packs_smaller(&packer);
}

static void
a_body_broken_off_leaves_nothing_behind(void **state)
{
	(void)state;
	packer_begins_anew(&packer);
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
