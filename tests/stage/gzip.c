/* SPDX-License-Identifier: MIT */
/*
 * gzip -- zlib unpacks it to what it was; nothing follows the one member, and
 * the header names no time.
 */
#include "config.h"

#include <zlib.h>

#include "stage/family.h"
#include "stage/packer.h"
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

static const struct packer packer = {
	.stage = &stage_gzip, .column = "size_gzip", .highest = "9",
	.unpack = gzip_unpack,
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
