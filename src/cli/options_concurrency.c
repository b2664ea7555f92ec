/* SPDX-License-Identifier: MIT */
/*
 * options_concurrency -- the table of how many fetches there are at a time,
 * and in which way. Several of either are compared.
 */
#include "config.h"

#include "cli/options.h"

/* clang-format off */

#define AT(field, ctype) \
	.off = OPT_AT(struct options_concurrency, field, ctype)

static const struct opt options_concurrency_rows[] = {
	{ .name = "strategy", .key = 's', .type = &opt_text,
	  AT(strategies, char *), .arg = "NAME[,NAME...]|all",
	  .dflt = "async",
	  .brief = "how fetches overlap; several are compared",
	  .notes = "With several names, or all, each strategy fetches the "
		"whole list in a process of its own, and a table of their "
		"wall times goes to standard output instead of the records. "
		"--help=strategies lists them, --help=compare has the "
		"options for comparing.",
	  .example = "fetchall -s serial,async urls.txt" },
	{ .name = "concurrency", .key = 'c', .type = &opt_counts,
	  AT(concurrency, struct opt_counts), .arg = "N[,N...]",
	  .dflt = "64", .min = 1,
	  .max = 1000000, .brief = "fetches under way at the same time",
	  .notes = "Never more than this are under way, redirects and "
		"retries included. It is lowered, with a warning, where the "
		"limit of open files does not allow it. Several numbers are "
		"compared, each with every strategy.",
	  .example = "fetchall -c 500 urls.txt" },
	{ .name = "parallel-max", .type = &opt_alias, .means = "concurrency",
	  .flags = OPT_HIDDEN, .brief = "curl's name for --concurrency" },
};
#undef AT

/* clang-format on */

const struct opt_set options_concurrency_set = {
	.name = "concurrency", .title = "Concurrency",
	OPT_ROWS(options_concurrency_rows),
	.settings_size = sizeof(struct options_concurrency),
};
