/* SPDX-License-Identifier: MIT */
/*
 * xxh3 -- what xxhsum -H3 of xxHash 0.8.1 says.
 */
#include "config.h"

#include "stage/family.h"
#include "stage/trial.h"
#include "unit.h"

#ifdef HAVE_XXHASH

static void
the_hashes_are_those_of_xxhsum(void **state)
{
	static const struct trial_answer answers[] = {
		{
			"",
			1,
			"2d06800538d394c2",
			"no bytes",
		},
		{
			"a",
			1,
			"e6c632b61e964e1f",
			"one byte",
		},
		{
			"abc",
			1,
			"78af5f94892f3950",
			"FIPS 180: 24 bits",
		},
		{
			"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
			1,
			"5bbcbbabcdcc3d3f",
			"FIPS 180: 448 bits",
		},
		{
			"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmno"
			"ijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
			1,
			"458619cd5260aa9a",
			"FIPS 180: 896 bits",
		},
		{
			"123456789",
			1,
			"72dcb18b67a17dff",
			"the catalogue's check string",
		},
		{
			"a",
			1000000,
			"b1fd6fae5285c4eb",
			"FIPS 180: a million times a",
		},
	};

	(void)state;
	trial_answers(&stage_xxh3, "xxh3", answers,
		sizeof answers / sizeof *answers);
}

static void
an_argument_is_refused(void **state)
{
	(void)state;
	trial_refuses(&stage_xxh3, "5", "takes no argument");
}

#else

static void
without_its_library_it_says_so(void **state)
{
	(void)state;
	trial_refuses(&stage_xxh3, NULL, "built without libxxhash");
}

#endif

static const struct CMUnitTest tests[] = {
#ifdef HAVE_XXHASH
	cmocka_unit_test(the_hashes_are_those_of_xxhsum),
	cmocka_unit_test(an_argument_is_refused),
#else
	cmocka_unit_test(without_its_library_it_says_so),
#endif
};

UNIT_MAIN("stage/xxh3", tests)
