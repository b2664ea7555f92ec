/* SPDX-License-Identifier: MIT */
/*
 * What held a run back, in words, from its figures.
 */
#include "config.h"

#include "base/buf.h"
#include "base/clock.h"
#include "cli/limits.h"
#include "cli/report.h"
#include "unit.h"

#define S CLOCK_SECOND

struct limits_case {
	struct report report;
	const char *text;
	const char *note;
};

static const struct limits_case cases[] = {
	{ { .wall_us = S, .cores = 2, .user_us = S / 2 },
	  "", "nothing is used up" },
	{ { .wall_us = S, .cores = 2, .user_us = S, .system_us = S },
	  "  held back by this client: CPU (all cores were busy 100 % of the "
	  "time)\n", "threads on all cores" },
	{ { .wall_us = S, .cores = 2, .user_us = S, .loop_cpu_us = 9 * S / 10 },
	  "  held back by this client: CPU (the event loop was busy 90 % of "
	  "the time)\n", "a loop has one core" },
	{ { .wall_us = S, .cores = 2, .user_us = S, .loop_cpu_us = S / 10 },
	  "", "others than the loop are busy" },
	{ { .wall_us = S / 10, .cores = 1, .user_us = S / 10 },
	  "", "too short to say" },
	{ { .wall_us = S, .asked = 500, .concurrency = 60 },
	  "  held back by this client: open files (60 at a time instead of "
	  "500, ulimit -n)\n", "files" },
	{ { .wall_us = S, .counters.ports = 2, .counters.fd_limit = 1 },
	  "  held back by this client: 1 attempt failed for want of open files "
	  "(ulimit -n); 2 attempts failed for want of local ports "
	  "(ip_local_port_range)\n", "shortages" },
	{ { .wall_us = S, .held_us[HOLDUP_NAMES] = S / 4,
	    .held_us[HOLDUP_WRITER] = S / 5, .held_us[HOLDUP_LIST] = S / 11 },
	  "  held back by this client: names were waited for (DNS) (25 % of "
	  "the time); records were not written fast enough (20 % of the "
	  "time)\n", "what matters, and not the rest" },
	{ { .wall_us = S, .stages = { .workers = 2, .busy_us = 2 * S,
	    .hidden_us = S / 2 } },
	  "  held back by this client: the stages had enough to do (75 % of "
	  "the time)\n", "work that outlasts the network" },
	{ { .wall_us = S, .stages = { .workers = 2, .busy_us = S,
	    .hidden_us = S } }, "", "work that the network hid" },
	{ { .wall_us = S, .stages = { .workers = 2, .busy_us = S,
	    .hidden_us = -1 } }, "", "nobody knows how much it hid" },
};

static void
the_line_says_what_was_short(void **state)
{
	struct buf out;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		print_message("%s\n", cases[i].note);
		buf_init(&out, 4096);
		limits_add_text(&out, &cases[i].report);
		assert_string_equal(buf_text(&out), cases[i].text);
		buf_release(&out);
	}
}

static void
programs_get_shares(void **state)
{
	static const struct report report = {
		.wall_us = 2 * S, .cores = 2, .user_us = S, .asked = 7,
		.counters.ports = 3, .held_us[HOLDUP_NAMES] = S,
	};
	struct buf out;

	(void)state;
	buf_init(&out, 4096);
	limits_add_json(&out, &report);
	assert_string_equal(buf_text(&out), "\"limits\":{\"cpu\":0.250,"
		"\"concurrency_asked\":7,\"fd_limit\":0,\"ports\":3,"
		"\"list\":0.000,\"dns\":0.500,\"writer\":0.000,"
		"\"disk\":0.000,\"stages\":0.000,\"open_files\":0.000,"
		"\"local_ports\":0.000},");
	buf_release(&out);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(the_line_says_what_was_short),
	cmocka_unit_test(programs_get_shares),
};

UNIT_MAIN("cli/limits", tests)
