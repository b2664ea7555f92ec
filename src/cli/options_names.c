/* SPDX-License-Identifier: MIT */
/*
 * options_names -- the table of how host names are looked up.
 */
#include "config.h"

#include "cli/options.h"

/* clang-format off */

#define AT(field, ctype) .off = OPT_AT(struct options_names, field, ctype)

static const struct opt options_names_rows[] = {
	{ .name = "dns-servers", .type = &opt_text, AT(servers, char *),
	  .arg = "ADDR[:PORT],...",
	  .brief = "ask these instead of resolv.conf's" },
	{ .name = "dns-concurrency", .type = &opt_count,
	  AT(concurrency, uint64_t), .arg = "N", .dflt = "64", .min = 1,
	  .max = 500, .brief = "names being asked for at the same time",
	  .notes = "More than a few hundred overflow the buffers of the "
		"resolver's UDP socket and are lost." },
};
#undef AT

/* clang-format on */

const struct opt_set options_names_set = {
	.name = "names", .title = "Names", OPT_ROWS(options_names_rows),
	.settings_size = sizeof(struct options_names),
};
