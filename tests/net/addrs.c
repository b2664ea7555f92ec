/* SPDX-License-Identifier: MIT */
/*
 * addrs -- literals are read strictly, sets are written as libcurl wants them.
 */
#include "config.h"

#include "net/addrs.h"
#include "unit.h"

static void
only_plain_literals_are_addresses(void **state)
{
	static const struct {
		const char *text;
		int family;	/* 0: no address */
		const char *note;
	} rows[] = {
		{ "192.0.2.1", 4, "IPv4" },
		{ "0.0.0.0", 4, "all zero" },
		{ "2001:db8::1", 6, "IPv6" },
		{ "::", 6, "shortest" },
		{ "::ffff:192.0.2.1", 6, "mapped stays IPv6" },
		{ "1111:2222:3333:4444:5555:6666:255.255.255.255", 6,
			"longest" },
		{ "", 0, "nothing" },
		{ "192.0.2", 0, "too short" },
		{ "0x7f.1", 0, "inet_aton's forms" },
		{ "192.0.2.256", 0, "too big" },
		{ "192.0.2.1 ", 0, "trailing blank" },
		{ "[::1]", 0, "brackets" },
		{ "fe80::1%lo", 0, "zone" },
		{ "localhost", 0, "name" },
		{ "1111:2222:3333:4444:5555:6666:255.255.255.2555", 0,
			"too long" },
	};
	struct addr addr = { 0 };
	size_t i;
	int rc;

	(void)state;
	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		print_message("# %s\n", rows[i].note);
		rc = addr_parse(rows[i].text, strlen(rows[i].text), &addr);
		assert_int_equal(rc, rows[i].family > 0 ? 0 : -1);
		if (rc == 0)
			assert_int_equal(addr.family, rows[i].family);
	}
	assert_int_equal(addr_parse("192.0.2.1\0", 10, &addr), -1);
	assert_int_equal(addr_parse("192.0.2.123", 9, &addr), 0);
	assert_memory_equal(addr.bytes, "\xc0\0\2\1", 4);
}

static void
a_set_is_written_for_curlopt_resolve(void **state)
{
	struct addr list[2];
	struct addrs *addrs;

	(void)state;
	addr_parse("2001:DB8:0::1", 13, &list[0]);
	addr_parse("192.0.2.1", 9, &list[1]);
	addrs = addrs_new(list, 2);
	assert_int_equal(addrs->n, 2);
	assert_string_equal(addrs->text, "[2001:db8::1],192.0.2.1");
	assert_ptr_equal(addrs_ref(addrs), addrs);
	addrs_unref(addrs);
	assert_string_equal(addrs->text, "[2001:db8::1],192.0.2.1");
	addrs_unref(addrs);
	addrs_unref(NULL);
}

static void
a_set_is_cut_at_its_limit(void **state)
{
	static const char longest[] =
		"1111:2222:3333:4444:5555:6666:7777:8888";
	struct addr list[20];
	struct addrs *addrs;
	size_t i;

	(void)state;
	for (i = 0; i < 20; i++)
		addr_parse(longest, sizeof longest - 1, &list[i]);
	addrs = addrs_new(list, 20);
	assert_int_equal(addrs->n, ADDRS_MAX);
	assert_int_equal(strlen(addrs->text),
		ADDRS_MAX * (sizeof longest - 1 + 3) - 1);
	addrs_unref(addrs);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(only_plain_literals_are_addresses),
	cmocka_unit_test(a_set_is_written_for_curlopt_resolve),
	cmocka_unit_test(a_set_is_cut_at_its_limit),
};

UNIT_MAIN("addrs", tests)
