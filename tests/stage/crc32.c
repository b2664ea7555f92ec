/* SPDX-License-Identifier: MIT */
/*
 * crc32 -- what gzip and zip store; cbf43926 is the check value of every
 * catalogue.
 */
#include "config.h"

#include "stage/family.h"
#include "stage/trial.h"
#include "unit.h"

static void
the_sums_are_those_of_gzip(void **state)
{
	static const struct trial_answer answers[] = {
		{
			"",
			1,
			"00000000",
			"no bytes",
		},
		{
			"a",
			1,
			"e8b7be43",
			"one byte",
		},
		{
			"abc",
			1,
			"352441c2",
			"FIPS 180: 24 bits",
		},
		{
			"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
			1,
			"171a3f5f",
			"FIPS 180: 448 bits",
		},
		{
			"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmno"
			"ijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
			1,
			"191f3349",
			"FIPS 180: 896 bits",
		},
		{
			"123456789",
			1,
			"cbf43926",
			"the catalogue's check string",
		},
		{
			"a",
			1000000,
			"dc25bfbc",
			"FIPS 180: a million times a",
		},
	};

	(void)state;
	trial_answers(&stage_crc32, "crc32", answers,
		sizeof answers / sizeof *answers);
}

static void
an_argument_is_refused(void **state)
{
	(void)state;
	trial_refuses(&stage_crc32, "5", "takes no argument");
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(the_sums_are_those_of_gzip),
	cmocka_unit_test(an_argument_is_refused),
};

UNIT_MAIN("stage/crc32", tests)
