/* SPDX-License-Identifier: MIT */
/*
 * sha256 -- the examples of FIPS 180, as NIST publishes their hashes.
 */
#include "config.h"

#include "stage/family.h"
#include "stage/trial.h"
#include "unit.h"

static void
the_hashes_are_those_of_fips_180(void **state)
{
	static const struct trial_answer answers[] = {
		{
			"",
			1,
			"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
			"no bytes",
		},
		{
			"a",
			1,
			"ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb",
			"one byte",
		},
		{
			"abc",
			1,
			"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
			"FIPS 180: 24 bits",
		},
		{
			"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
			1,
			"248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
			"FIPS 180: 448 bits",
		},
		{
			"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmno"
			"ijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
			1,
			"cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1",
			"FIPS 180: 896 bits",
		},
		{
			"123456789",
			1,
			"15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225",
			"the catalogue's check string",
		},
		{
			"a",
			1000000,
			"cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
			"FIPS 180: a million times a",
		},
	};

	(void)state;
	trial_answers(&stage_sha256, "sha256", answers,
		sizeof answers / sizeof *answers);
}

static void
an_argument_is_refused(void **state)
{
	(void)state;
	trial_refuses(&stage_sha256, "5", "takes no argument");
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(the_hashes_are_those_of_fips_180),
	cmocka_unit_test(an_argument_is_refused),
};

UNIT_MAIN("stage/sha256", tests)
