/* SPDX-License-Identifier: MIT */
/*
 * options_bodies -- the table of what becomes of bodies: which are files, and
 * under which names.
 */
#include "config.h"

#include "cli/options.h"
#include "core/template.h"

/* clang-format off */

static const char *const options_existing[] = {
	"skip", "overwrite", "refuse", NULL,
};

/* curl's -C takes a number as well, which would be a guess here. */
static const char *const options_resume_at[] = { "no", "-", NULL };

#define OPTIONS_FIELD(name, needs, brief) "%{" #name "} (" brief "), "

#define AT(field, ctype) .off = OPT_AT(struct options_bodies, field, ctype)

static const struct opt options_bodies_rows[] = {
	{ .name = "save", .key = 'O', .type = &opt_flag, AT(save, int),
	  .flags = OPT_FIXED,
	  .brief = "keep each good body in a file that mirrors its URL",
	  .notes = "https://host/a/b is kept in host/a/b, a folder's page in "
		"host/a/index.html, https://host/s?q=x in host/s@q=x; http "
		"and other ports are told by what follows the host, as in "
		"host+80/a/b. Bytes that a shell, a terminal or another "
		"system could misread are escaped as in URLs. Two URLs never "
		"share a name. A file has its name only once its body is "
		"whole, and the time that Last-Modified says.",
	  .example = "fetchall -O --output-dir out urls.txt" },
	{ .name = "output", .key = 'o', .type = &opt_text,
	  AT(output, char *), .arg = "TEMPLATE",
	  .flags = OPT_FIXED,
	  .brief = "the same, under names made after TEMPLATE",
	  .notes = "Text, slashes that make folders, "
		TEMPLATE_FIELDS(OPTIONS_FIELD) "and %% for a single %. "
		"A template without seq, url_hash or sha256, by "
		"which two URLs could get one name, has a hash of the URL "
		"added to every name.",
	  .example = "fetchall -o '%{seq}%{ext}' --output-dir out urls.txt" },
	{ .name = "output-dir", .type = &opt_text, AT(output_dir, char *),
	  .arg = "DIR", .dflt = ".",
	  .flags = OPT_FIXED,
	  .brief = "folder that bodies are kept below; made if missing",
	  .notes = "Nothing is written outside of it, and no symbolic link "
		"in it is followed." },
	{ .name = "existing", .type = &opt_choice, AT(existing, int),
	  .choices = options_existing, .dflt = "skip", .arg = "WHAT",
	  .brief = "files from before: skip, overwrite or refuse",
	  .notes = "skip: the URL is not asked for, its record says skipped, "
		"and it counts as well done. overwrite: in one step, once "
		"the new body is whole. refuse: the URL fails (local)." },
	{ .name = "continue", .type = &opt_flag, AT(resume, int),
	  .brief = "go on with bodies that were cut off, by Range",
	  .notes = "A body that outgrows memory is written to NAME.part and "
		"stays there when it is cut off, by the server or by the end "
		"of the run, however it ends. The next attempt, or the next "
		"run, asks for the rest only. If the server's copy changed "
		"meanwhile, or nothing tells whether it did (a strong ETag, "
		"or a Last-Modified that is a minute old), it starts over. "
		"size_download is what came this time. For GET only. While "
		"another process writes to the same part, the URL fails "
		"(local, in_use) and is tried again as others are.",
	  .example = "fetchall -O --continue urls.txt" },
	{ .name = "continue-at", .key = 'C', .type = &opt_choice,
	  AT(resume_at, int), .choices = options_resume_at, .dflt = "no",
	  .arg = "-", .flags = OPT_HIDDEN,
	  .brief = "curl's name for --continue" },
	{ .name = "fold-case", .type = &opt_flag, AT(fold_case, int),
	  .flags = OPT_FIXED,
	  .brief = "names that no case tells apart: capitals get a hash",
	  .notes = "For folders that take a and A for one name, and for those "
		"that are copied to such a system. Without it the second of "
		"/a and /A finds the first one's file there and is skipped." },
	{ .name = "content-disposition", .type = &opt_flag,
	  AT(disposition, int),
	  .flags = OPT_FIXED,
	  .brief = "let servers suggest the last part of names",
	  .notes = "Cleaned as other names are, and with a hash of the URL, "
		"since many may suggest the same." },
	{ .name = "remote-header-name", .key = 'J', .type = &opt_alias,
	  .means = "content-disposition", .flags = OPT_HIDDEN,
	  .brief = "curl's name for --content-disposition" },
};
#undef AT
#undef OPTIONS_FIELD

/* clang-format on */

static int
options_bodies_check(const void *settings, struct err *err)
{
	const struct options_bodies *given = settings;

	if (given->save && given->output != NULL)
		return err_set(err, ERR_USAGE, "--save and --output name "
			"files in two ways: use only one of them");
	if (given->output_dir[0] == '\0')
		return err_set(err, ERR_USAGE, "--output-dir is empty: . is "
			"the current folder");
	return 0;
}

const struct opt_set options_bodies_set = {
	.name = "bodies", .title = "Bodies", OPT_ROWS(options_bodies_rows),
	.settings_size = sizeof(struct options_bodies),
	.check = options_bodies_check,
};
