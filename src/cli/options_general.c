/* SPDX-License-Identifier: MIT */
/*
 * options_general -- the table of the program itself: what it prints, the config
 * file, help, and what a comparison tells its runs.
 */
#include "config.h"

#include "cli/options.h"

/* clang-format off */

static const char *const options_summaries[] = {
	"text", "json", "none", NULL,
};
static const char *const options_dumps[] = {
	"nothing", "man", "bash", "zsh", "fish", "config", NULL,
};

#define AT(field, ctype) .off = OPT_AT(struct options_general, field, ctype)

static const struct opt options_general_rows[] = {
	{ .name = "first", .type = &opt_flag, AT(first, int),
	  .brief = "stop at the first URL that is fetched well",
	  .notes = "The others are cancelled at once; their records have "
		"class stopped and are not final. The exit status is 0 when "
		"one was fetched.",
	  .example = "fetchall --first urls.txt" },
	{ .name = "dry-run", .type = &opt_flag, AT(dry_run, int),
	  .brief = "read the list, print each URL as it would be asked for" },
	{ .name = "summary", .type = &opt_choice, AT(summary, int),
	  .choices = options_summaries, .dflt = "text", .arg = "FORMAT",
	  .brief = "what stands at the end on stderr: text, json, none" },
	{ .name = "progress", .type = &opt_flag, AT(progress, int),
	  .dflt = "yes", .brief = "a progress line while stderr is a terminal",
	  .notes = "Left out as well where the records go to a terminal." },
	{ .name = "quiet", .type = &opt_flag, AT(quiet, int),
	  .brief = "no progress, no summary, errors only" },
	{ .name = "verbose", .key = 'v', .type = &opt_flag, AT(verbose, int),
	  .brief = "say more on stderr" },
	{ .name = "config", .type = &opt_text, AT(config, char *),
	  .arg = "FILE", .flags = OPT_NO_CONFIG,
	  .brief = "read options from FILE as well",
	  .notes = "Lines of \"name = value\"; # begins a comment. "
		"~/.config/fetchall/config is read first where there is one, "
		"and the command line wins over both. --dump=config writes "
		"such a file." },
	{ .name = "no-config", .type = &opt_flag, AT(no_config, int),
	  .flags = OPT_NO_CONFIG,
	  .brief = "do not read ~/.config/fetchall/config" },
	{ .name = "help", .key = 'h', .type = &opt_text, AT(help, char *),
	  .arg = "TOPIC", .flags = OPT_VALUE_OPTIONAL | OPT_NO_CONFIG,
	  .brief = "this help, or all about an option or topic" },
	{ .name = "version", .key = 'V', .type = &opt_flag, AT(version, int),
	  .flags = OPT_NO_CONFIG, .brief = "versions of fetchall and its "
		"libraries" },
	{ .name = "dump", .type = &opt_choice, AT(dump, int),
	  .choices = options_dumps, .dflt = "nothing", .arg = "WHAT",
	  .flags = OPT_NO_CONFIG,
	  .brief = "print man, bash, zsh, fish or config, and end" },
	{ .name = "report-fd", .type = &opt_count, AT(report_fd, uint64_t),
	  .arg = "N", .max = 1024, .flags = OPT_HIDDEN | OPT_NO_CONFIG,
	  .brief = "a comparison's run reports to this descriptor" },
	{ .name = "run-label", .type = &opt_text, AT(run_label, char *),
	  .arg = "TEXT", .flags = OPT_HIDDEN | OPT_NO_CONFIG,
	  .brief = "what a comparison's run calls itself" },
};
#undef AT

/* clang-format on */

const struct opt_set options_general_set = {
	.name = "general", .title = "General", OPT_ROWS(options_general_rows),
	.settings_size = sizeof(struct options_general),
};
