/* SPDX-License-Identifier: MIT */
/*
 * options_input -- the table of where URLs come from, besides the operands.
 */
#include "config.h"

#include "cli/options.h"

/* clang-format off */

static const char *const options_input_formats[] = {
	"lines", "ndjson", NULL,
};

#define AT(field, ctype) .off = OPT_AT(struct options_input, field, ctype)

static const struct opt options_input_rows[] = {
	{ .name = "input-file", .key = 'i', .type = &opt_texts,
	  AT(files, struct opt_list), .arg = "FILE",
	  .brief = "read URLs from FILE, - is standard input",
	  .notes = "The same as an operand that names a file. gzip-compressed "
		"lists are read as they are.",
	  .example = "fetchall -i urls.txt" },
	{ .name = "input-format", .type = &opt_choice, AT(format, int),
	  .choices = options_input_formats, .dflt = "lines", .arg = "FORMAT",
	  .flags = OPT_FIXED,
	  .brief = "what the lists hold: plain lines or NDJSON objects",
	  .notes = "lines: a URL a line; blank lines and lines that begin "
		"with # are skipped. ndjson: an object a line with \"url\" "
		"and, if wanted, \"method\", \"headers\", \"body\" and "
		"\"output\" for this URL alone. An output is a file below "
		"--output-dir; it appears once a good reply's body is whole, "
		"and what is there already is treated as --existing says.",
	  .example = "fetchall --input-format ndjson requests.ndjson" },
	{ .name = "proto-default", .type = &opt_text,
	  AT(proto_default, char *), .arg = "SCHEME", .dflt = "http",
	  .flags = OPT_FIXED,
	  .brief = "scheme for hosts that are listed without one",
	  .notes = "http or https." },
};
#undef AT

/* clang-format on */

const struct opt_set options_input_set = {
	.name = "input", .title = "Input", OPT_ROWS(options_input_rows),
	.settings_size = sizeof(struct options_input),
};
