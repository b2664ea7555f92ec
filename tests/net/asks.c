/* SPDX-License-Identifier: MIT */
/*
 * asks -- two answers make one verdict. The look-ups themselves are tested in
 * net/names, from outside.
 */
#include "config.h"

#include "net/asks.h"
#include "unit.h"

static void
the_verdict_is_the_more_hopeful_failure(void **state)
{
	static const struct {
		enum names_status a, aaaa, want;
		const char *note;
	} rows[] = {
		{ NAMES_NXDOMAIN, NAMES_NXDOMAIN, NAMES_NXDOMAIN, "agreed" },
		{ NAMES_NODATA, NAMES_NODATA, NAMES_NODATA, "agreed" },
		{ NAMES_NODATA, NAMES_NXDOMAIN, NAMES_NODATA,
			"RFC 4074: NXDOMAIN for AAAA only" },
		{ NAMES_NXDOMAIN, NAMES_NODATA, NAMES_NODATA, "it exists" },
		{ NAMES_NXDOMAIN, NAMES_PENDING, NAMES_NXDOMAIN,
			"no name, no AAAA" },
		{ NAMES_NXDOMAIN, NAMES_TIMEOUT, NAMES_NXDOMAIN,
			"no name, no AAAA" },
		{ NAMES_NODATA, NAMES_TIMEOUT, NAMES_TIMEOUT,
			"AAAA might have one" },
		{ NAMES_NODATA, NAMES_PENDING, NAMES_TIMEOUT, "still open" },
		{ NAMES_PENDING, NAMES_PENDING, NAMES_TIMEOUT, "both open" },
		{ NAMES_PENDING, NAMES_NXDOMAIN, NAMES_TIMEOUT, "A is open" },
		{ NAMES_NODATA, NAMES_SERVFAIL, NAMES_SERVFAIL, "may heal" },
		{ NAMES_SERVFAIL, NAMES_REFUSED, NAMES_SERVFAIL, "may heal" },
		{ NAMES_REFUSED, NAMES_NODATA, NAMES_REFUSED, "may heal" },
		{ NAMES_NOSERVER, NAMES_SERVFAIL, NAMES_NOSERVER,
			"none reached" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		print_message("# %s\n", rows[i].note);
		assert_int_equal(asks_verdict(rows[i].a, rows[i].aaaa),
			rows[i].want);
	}
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(the_verdict_is_the_more_hopeful_failure),
};

UNIT_MAIN("asks", tests)
