/* SPDX-License-Identifier: MIT */
/*
 * servers -- what a user types either becomes exactly that or is refused.
 */
#include "config.h"

#include "net/servers.h"
#include "unit.h"

static void
server_lists_are_read_strictly(void **state)
{
	static const struct {
		const char *text, *want;	/* NULL: refused */
		const char *item;	/* named in the error */
	} rows[] = {
		{ "192.0.2.1", "192.0.2.1:53", NULL },
		{ "192.0.2.1:5353,[::1]:5354", "192.0.2.1:5353,[::1]:5354",
			NULL },
		{ "::1,[2001:db8::1]", "[::1]:53,[2001:db8::1]:53", NULL },
		{ " 192.0.2.1 , 192.0.2.2 ", "192.0.2.1:53,192.0.2.2:53",
			NULL },
		{ "", NULL, "''" },
		{ "192.0.2.1,", NULL, "''" },
		{ "192.0.2.1,,192.0.2.2", NULL, "''" },
		{ "192.0.2.1,dns.example", NULL, "'dns.example'" },
		{ "192.0.2.1:0", NULL, "'192.0.2.1:0'" },
		{ "192.0.2.1:65536", NULL, "'192.0.2.1:65536'" },
		{ "192.0.2.1:53x", NULL, "'192.0.2.1:53x'" },
		{ "192.0.2.1:", NULL, "'192.0.2.1:'" },
		{ "[::1]53", NULL, "'[::1]53'" },
		{ "[::1", NULL, "'[::1'" },
		{ "[192.0.2.1]:53", NULL, "'[192.0.2.1]:53'" },
		{ "192.0.2.1 192.0.2.2", NULL, " 192.0.2.2'" },
	};
	struct err err;
	char *got;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		print_message("# %s\n", rows[i].text);
		err = (struct err){ 0 };
		got = servers_read(rows[i].text, &err);
		if (rows[i].want != NULL) {
			assert_string_equal(got, rows[i].want);
			free(got);
			continue;
		}
		assert_null(got);
		assert_int_equal(err.code, ERR_USAGE);
		assert_non_null(strstr(err.text, rows[i].item));
	}
}

static void
the_first_server_can_go_last(void **state)
{
	char *got = servers_rotate("192.0.2.1:53,[::1]:53,192.0.2.3:53");

	(void)state;
	assert_string_equal(got, "[::1]:53,192.0.2.3:53,192.0.2.1:53");
	free(got);
	assert_null(servers_rotate("192.0.2.1:53"));
	assert_null(servers_rotate(""));
}

static void
this_machines_servers_can_be_read_back(void **state)
{
	char *system = servers_system();
	struct err err;
	char *again;

	(void)state;
	assert_non_null(system);
	if (*system != '\0' && strchr(system, '%') == NULL) {
		again = servers_read(system, &err);
		assert_non_null(again);
		free(again);
	}
	free(system);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(server_lists_are_read_strictly),
	cmocka_unit_test(the_first_server_can_go_last),
	cmocka_unit_test(this_machines_servers_can_be_read_back),
};

UNIT_MAIN("servers", tests)
