/* SPDX-License-Identifier: MIT */
/*
 * The sink that writes nothing.
 */
#include "config.h"

#include "sink/family.h"
#include "sink/sample.h"
#include "unit.h"

static void
nothing_is_written(void **state)
{
	char *text = sample_one(&sink_none, NULL, NULL, sample_ok());

	(void)state;
	assert_string_equal(text, "");
	free(text);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(nothing_is_written),
};

UNIT_MAIN("sink/none", tests)
