/* SPDX-License-Identifier: MIT */
/*
 * pins -- --resolve is read as curl reads it, and what it cannot mean here is
 * refused with the reason.
 */
#include "config.h"

#include "net/pins.h"
#include "unit.h"

static void
entries_that_make_no_sense_are_refused(void **state)
{
	static const struct {
		const char *entry, *why;	/* part of the text */
	} rows[] = {
		{ "-host.test:80", "nothing to remove" },
		{ "-host.test:80:192.0.2.1", "nothing to remove" },
		{ "", "not HOST:PORT:ADDRESS" },
		{ "host.test", "not HOST:PORT:ADDRESS" },
		{ "host.test:80", "not HOST:PORT:ADDRESS" },
		{ "host.test:0:192.0.2.1", "port" },
		{ "host.test:65536:192.0.2.1", "port" },
		{ "host.test:8o:192.0.2.1", "port" },
		{ "host.test::192.0.2.1", "port" },
		{ "host.test:80:", "'' is no address" },
		{ "host.test:80:localhost", "'localhost' is no address" },
		{ "host.test:80:192.0.2.1,", "'' is no address" },
		{ "host.test:80:192.0.2.1, ::1", "' ::1' is no address" },
		{ "host.test:80:[::1", "is no address" },
		{ ":80:192.0.2.1", "missing" },
		{ "[]:80:192.0.2.1", "missing" },
		{ "[::1:80:192.0.2.1", "not HOST:PORT:ADDRESS" },
	};
	char entry[64], *entries[] = { entry };
	struct err err;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		print_message("# %s\n", rows[i].entry);
		strncpy(entry, rows[i].entry, sizeof entry - 1);
		err = (struct err){ 0 };
		assert_null(pins_new(entries, 1, &err));
		assert_int_equal(err.code, ERR_USAGE);
		assert_non_null(strstr(err.text, rows[i].why));
		assert_non_null(strstr(err.text, rows[i].entry));
	}
}

static void
hosts_and_ports_find_their_addresses(void **state)
{
	static char entries[][64] = {
		"A.test:80:192.0.2.1,[2001:db8::1]",
		"+b.test:443:192.0.2.2",
		"b.test:443:2001:db8::2",
		"*:80:192.0.2.9",
		"dot.test.:80:192.0.2.4",
		"[::1]:8080:192.0.2.5",
	};
	static const struct {
		const char *host;
		uint16_t port;
		int family;
		enum names_status status;
		const char *text, *note;
	} rows[] = {
		{ "a.test", 80, 0, NAMES_OK, "192.0.2.1,[2001:db8::1]",
			"case does not count" },
		{ "a.test", 80, 6, NAMES_OK, "[2001:db8::1]", "one family" },
		{ "a.test", 81, 0, NAMES_PENDING, NULL, "another port" },
		{ "b.test", 443, 0, NAMES_OK, "[2001:db8::2]",
			"the later one counts" },
		{ "b.test", 443, 4, NAMES_NODATA, NULL, "wrong family" },
		{ "b.test", 80, 0, NAMES_OK, "192.0.2.9", "wildcard" },
		{ "203.0.113.1", 80, 0, NAMES_OK, "192.0.2.9",
			"the wildcard covers literals" },
		{ "dot.test", 80, 0, NAMES_OK, "192.0.2.4", "dot in entry" },
		{ "::1", 8080, 0, NAMES_OK, "192.0.2.5", "IPv6 host" },
		{ "*", 8080, 0, NAMES_PENDING, NULL, "no such wildcard" },
	};
	char *list[] = { entries[0], entries[1], entries[2], entries[3],
		entries[4], entries[5] };
	struct pins *pins = pins_new(list, 6, NULL);
	struct addrs *addrs;
	size_t i;

	(void)state;
	assert_non_null(pins);
	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		print_message("# %s\n", rows[i].note);
		addrs = NULL;
		assert_int_equal(pins_find(pins, rows[i].host,
			strlen(rows[i].host), rows[i].port, rows[i].family,
			&addrs), rows[i].status);
		if (rows[i].text != NULL)
			assert_string_equal(addrs->text, rows[i].text);
		else
			assert_null(addrs);
		addrs_unref(addrs);
	}
	pins_free(pins);
	pins_free(NULL);
}

static void
endless_hosts_are_not_found(void **state)
{
	char entry[] = "a.test:80:192.0.2.1", *entries[] = { entry };
	char host[1000];
	struct pins *pins = pins_new(entries, 1, NULL);
	struct addrs *addrs = NULL;

	(void)state;
	memset(host, 'a', sizeof host);
	assert_int_equal(pins_find(pins, host, sizeof host, 80, 0, &addrs),
		NAMES_PENDING);
	pins_free(pins);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(entries_that_make_no_sense_are_refused),
	cmocka_unit_test(hosts_and_ports_find_their_addresses),
	cmocka_unit_test(endless_hosts_are_not_found),
};

UNIT_MAIN("pins", tests)
