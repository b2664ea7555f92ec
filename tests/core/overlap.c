/* SPDX-License-Identifier: MIT */
/* Work is hidden where something was under way on the network. */
#include "config.h"

#include "core/overlap.h"
#include "unit.h"

static void
work_without_a_network_is_not_hidden(void **state)
{
	struct overlap overlap;

	(void)state;
	overlap_init(&overlap);
	assert_int_equal(overlap_of(&overlap, 100, 200), 0);
}

static void
work_is_hidden_as_far_as_the_network_was_busy(void **state)
{
	static const struct {
		const char *note;
		int64_t begun, ended, hidden;
	} cases[] = {
		{ "before all", 10, 90, 0 },
		{ "begins before", 50, 150, 50 },
		{ "inside", 120, 180, 60 },
		{ "over the gap", 150, 350, 100 },
		{ "in the gap", 210, 290, 0 },
		{ "over all", 0, 600, 300 },
		{ "after the end", 520, 600, 0 },
		{ "nothing", 150, 150, 0 },
	};
	struct overlap overlap;
	size_t i;

	(void)state;
	overlap_init(&overlap);
	overlap_network(&overlap, 1, 100);
	overlap_network(&overlap, 1, 110);	/* it was already */
	overlap_network(&overlap, 0, 200);
	overlap_network(&overlap, 0, 220);	/* likewise */
	overlap_network(&overlap, 1, 300);
	overlap_network(&overlap, 0, 500);
	for (i = 0; i < sizeof cases / sizeof *cases; i++)
		if (overlap_of(&overlap, cases[i].begun, cases[i].ended) !=
		    cases[i].hidden)
			fail_msg("%s: %lld", cases[i].note,
				(long long)overlap_of(&overlap,
				cases[i].begun, cases[i].ended));
}

static void
work_goes_on_while_the_network_does(void **state)
{
	struct overlap overlap;

	(void)state;
	overlap_init(&overlap);
	overlap_network(&overlap, 1, 100);
	assert_int_equal(overlap_of(&overlap, 150, 1000), 850);
}

static void
the_oldest_gaps_are_forgotten(void **state)
{
	struct overlap overlap;
	int64_t at = 0;
	int i;

	(void)state;
	overlap_init(&overlap);
	for (i = 0; i < 3 * OVERLAP_GAPS; i++) {
		overlap_network(&overlap, 1, at + 5);
		overlap_network(&overlap, 0, at + 10);
		at += 10;
	}
	assert_int_equal(overlap_of(&overlap, at - 100, at), 50);
	assert_int_equal(overlap_of(&overlap, 10, 20), 10);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(work_without_a_network_is_not_hidden),
	cmocka_unit_test(work_is_hidden_as_far_as_the_network_was_busy),
	cmocka_unit_test(work_goes_on_while_the_network_does),
	cmocka_unit_test(the_oldest_gaps_are_forgotten),
};

UNIT_MAIN("core/overlap", tests)
