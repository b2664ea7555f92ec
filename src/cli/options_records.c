/* SPDX-License-Identifier: MIT */
/*
 * options_records -- the table of what is said about each URL, in which form and
 * where.
 */
#include "config.h"

#include "cli/options.h"

/* clang-format off */

static const char *const options_formats[] = {
	"lines", "json", "csv", "none", "auto", NULL,
};

#define AT(field, ctype) .off = OPT_AT(struct options_records, field, ctype)

static const struct opt options_records_rows[] = {
	{ .name = "format", .type = &opt_choice, AT(format, int),
	  .choices = options_formats, .dflt = "auto", .arg = "FORMAT",
	  .flags = OPT_FIXED,
	  .brief = "form of the records: lines, json, csv or none",
	  .notes = "auto is lines on standard output, json with --results, "
		"and none when strategies are compared. --help=records "
		"describes the formats, --help=fields the fields.",
	  .example = "fetchall --format csv urls.txt" },
	{ .name = "json", .type = &opt_alias, .means = "format=json",
	  .brief = "one JSON object a line; --format json",
	  .example = "fetchall --json urls.txt" },
	{ .name = "results", .type = &opt_text, AT(results, char *),
	  .arg = "FILE", .flags = OPT_FIXED,
	  .brief = "write the records there, not to stdout",
	  .example = "fetchall --results out.ndjson urls.txt" },
	{ .name = "columns", .type = &opt_text, AT(columns, char *),
	  .arg = "LIST", .flags = OPT_FIXED,
	  .brief = "fields of json and csv records",
	  .notes = "Names separated by commas; --help=fields lists them.",
	  .example = "fetchall --json --columns url,response_code urls.txt" },
	{ .name = "write-out", .key = 'w', .type = &opt_text,
	  AT(write_out, char *), .arg = "FORMAT",
	  .flags = OPT_FIXED,
	  .brief = "curl's -w: %{name}, \\n, \\t for each record",
	  .notes = "Every field can be named, and %{json} is the whole "
		"record. No newline is added.",
	  .example = "fetchall -w '%{response_code} %{url}\\n' urls.txt" },
	{ .name = "append-results", .type = &opt_flag, AT(append, int),
	  .flags = OPT_HIDDEN | OPT_NO_CONFIG,
	  .brief = "add to --results instead of beginning anew" },
};
#undef AT

/* clang-format on */

static int
options_records_check(const void *settings, struct err *err)
{
	const struct options_records *records = settings;

	if (records->write_out != NULL && records->format != FORMAT_LINES &&
	    records->format != FORMAT_AUTO)
		return err_set(err, ERR_USAGE,
			"--write-out is a format of its own: leave out "
			"--format %s", options_formats[records->format]);
	return 0;
}

const struct opt_set options_records_set = {
	.name = "records", .title = "Records", OPT_ROWS(options_records_rows),
	.settings_size = sizeof(struct options_records),
	.check = options_records_check,
};
