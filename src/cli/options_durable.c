/* SPDX-License-Identifier: MIT */
/*
 * options_durable -- the table of runs that go on where another ended.
 */
#include "config.h"

#include "cli/options.h"

/* clang-format off */

#define AT(field, ctype) .off = OPT_AT(struct options_durable, field, ctype)

static const struct opt options_durable_rows[] = {
	{ .name = "state", .type = &opt_text, AT(state, char *),
	  .arg = "FILE", .brief = "remember in FILE what is done; go on there",
	  .notes = "The same command run again goes on where the last run "
		"ended, however it ended: what was done is not fetched again, "
		"and outputs are cut back to their last whole record. Another "
		"list, other options or a second run at the same time are "
		"refused. A longer list goes on with its new lines. Records "
		"on a pipe or terminal cannot be cut back: name a file with "
		"--results.",
	  .example = "fetchall --state run.db -O --results r.json urls.txt" },
	{ .name = "retry-failed", .type = &opt_flag, AT(retry_failed, int),
	  .brief = "with --state: fetch again what has failed",
	  .notes = "Their records in --results are replaced.",
	  .example = "fetchall --state run.db --retry-failed urls.txt" },
	{ .name = "sync", .type = &opt_flag, AT(sync, int),
	  .brief = "what is done is on the disk, even if the power fails",
	  .notes = "Bodies, their names and folders, the outputs, and last "
		"the state are synced in that order, a few times a second. "
		"The first sync that fails ends the run." },
};
#undef AT

/* clang-format on */

static int
options_durable_check(const void *settings, struct err *err)
{
	const struct options_durable *given = settings;

	if (given->retry_failed && given->state == NULL)
		return err_set(err, ERR_USAGE, "--retry-failed needs the "
			"--state of the run that failed");
	return 0;
}

const struct opt_set options_durable_set = {
	.name = "durability", .title = "Durability",
	OPT_ROWS(options_durable_rows),
	.settings_size = sizeof(struct options_durable),
	.check = options_durable_check,
};
