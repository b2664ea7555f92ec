/* SPDX-License-Identifier: MIT */
/*
 * options_stages -- the table of what is done to bodies, and by whom. Names of
 * stages and pools are their families', so none is written down here.
 */
#include "config.h"

#include "cli/options.h"
#include "core/stage.h"
#include "pool/family.h"

/* clang-format off */

#define OPTIONS_STAGES 64

/* options_stages_fill()'s; for completion and help. */
static const char *options_stage_names[OPTIONS_STAGES];

#define OPTIONS_POOL(name) #name,
static const char *const options_pools[] = { POOLS(OPTIONS_POOL) NULL };
#undef OPTIONS_POOL

#define AT(field, ctype) .off = OPT_AT(struct options_stages, field, ctype)

static const struct opt options_stages_rows[] = {
	{ .name = "post", .key = 'p', .type = &opt_texts,
	  AT(post, struct opt_list), .arg = "STAGE[:ARG]",
	  .choices = options_stage_names,
	  .flags = OPT_FIXED,
	  .brief = "send each good body through STAGE; may be repeated",
	  .notes = "Stages follow one another in the order given; some hand "
		"on another body than they got. What each says of a body are "
		"fields of its record. --help=stages lists them.",
	  .example = "fetchall --post sha256 --post wc --json urls.txt" },
	{ .name = "exec", .type = &opt_alias, .means = "post=exec:",
	  .arg = "CMD", .brief = "run CMD for each good body, on its input",
	  .notes = "In its place among the stages of --post.",
	  .example = "fetchall --exec 'grep -c href' --json urls.txt" },
	{ .name = "jobs", .key = 'j', .type = &opt_count,
	  AT(jobs, uint64_t), .arg = "N", .dflt = "0", .max = 4096,
	  .brief = "workers of the pool; 0: one a core",
	  .notes = "A stage of one body keeps one worker busy. One number: "
		"to compare several is --concurrency's." },
	{ .name = "pool", .type = &opt_choice, AT(pool, int),
	  .choices = options_pools, .dflt = "thread", .arg = "POOL",
	  .brief = "where stages run: thread, process or inline",
	  .notes = "--help=pools describes them.",
	  .example = "fetchall --post sha256 --pool process urls.txt" },
	{ .name = "buffer", .type = &opt_size, AT(buffer, uint64_t),
	  .arg = "SIZE", .dflt = "128MiB", .min = 1 << 20,
	  .brief = "bytes of bodies in memory, before they are done with",
	  .notes = "From three quarters of it on no fetch begins; when it is "
		"full bodies go to files: those that become files anyhow in "
		"the output folder, others in $TMPDIR, for stages up to four "
		"times as much, and then receivers wait." },
	{ .name = "no-fetch", .type = &opt_flag, AT(no_fetch, int),
	  .brief = "run the stages only, once for each URL",
	  .notes = "Nothing is asked for and no name looked up: stages get "
		"an empty body. For measuring what CPU-bound work costs with "
		"each strategy and pool.",
	  .example = "fetchall --no-fetch --post fib:30 urls.txt" },
	{ .name = "compressed", .type = &opt_flag, AT(compressed, int),
	  .flags = OPT_FIXED,
	  .brief = "ask for compressed bodies and decode them",
	  .notes = "Decoding is the first stage, before those of --post: "
		"files and stages get the decoded body, and a body that "
		"unpacks to far too much is a failure.",
	  .example = "fetchall --compressed --post wc --json urls.txt" },
};
#undef AT

/* clang-format on */

void
options_stages_fill(void)
{
	size_t i;

	for (i = 0; stages[i] != NULL && i + 1 < OPTIONS_STAGES; i++)
		options_stage_names[i] = stages[i]->name;
}

static int
options_stages_check(const void *settings, struct err *err)
{
	const struct options_stages *given = settings;

	if (!given->no_fetch)
		return 0;
	if (given->post.n == 0)
		return err_set(err, ERR_USAGE, "--no-fetch leaves nothing to "
			"do without --post");
	if (given->compressed)
		return err_set(err, ERR_USAGE, "--no-fetch has no body that "
			"--compressed could decode: use only one of them");
	return 0;
}

const struct opt_set options_stages_set = {
	.name = "post", .title = "Stages", OPT_ROWS(options_stages_rows),
	.settings_size = sizeof(struct options_stages),
	.check = options_stages_check,
};
