/* SPDX-License-Identifier: MIT */
/*
 * options_load -- the table of lists that are fetched again and again, to see
 * what a server bears. What that leaves no sense to is in options_rules.
 */
#include "config.h"

#include "cli/options.h"

/* clang-format off */

#define AT(field, ctype) .off = OPT_AT(struct options_load, field, ctype)

static const struct opt options_load_rows[] = {
	{ .name = "requests", .key = 'n', .type = &opt_count,
	  AT(requests, uint64_t), .arg = "N", .min = 1,
	  .brief = "begin the list again until N URLs were fetched",
	  .notes = "At most -c are under way and the next begins when one "
		"ends. Redirects and retries do not count; nothing is tried "
		"again unless --retry is given. Lists of up to 100,000 URLs "
		"and 64 MiB, read whole before the first request. With "
		"--duration: whichever ends first.",
	  .example = "fetchall -n 1000 http://127.0.0.1:8080/bytes/1k" },
	{ .name = "duration", .key = 'z', .type = &opt_time,
	  AT(duration, int64_t), .arg = "TIME", .min = 1000,
	  .brief = "begin the list again until the time is over",
	  .notes = "As --requests; what is under way at the end of that time "
		"is not broken off." },
};
#undef AT

/* clang-format on */

const struct opt_set options_load_set = {
	.name = "load", .title = "Load", OPT_ROWS(options_load_rows),
	.settings_size = sizeof(struct options_load),
};
