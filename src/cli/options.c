/* SPDX-License-Identifier: MIT */
/*
 * options -- all that can be typed: joins the tables of the program's groups,
 * one in each options_GROUP.c, with those that members of families bring. Help,
 * manual, completion and the config file are printed from the rows of these, so
 * a row is all that an option needs to be known everywhere.
 */
#include "config.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/options.h"
#include "core/sink.h"
#include "core/stage.h"
#include "core/strategy.h"

/* Members of families bring theirs. */
static void
options_add_families(struct opts *opts)
{
	size_t i;

	for (i = 0; strategies[i] != NULL; i++)
		if (strategies[i]->opts != NULL)
			opts_add(opts, strategies[i]->opts);
	for (i = 0; stages[i] != NULL; i++)
		if (stages[i]->opts != NULL)
			opts_add(opts, stages[i]->opts);
	for (i = 0; sinks[i] != NULL; i++)
		if (sinks[i]->opts != NULL)
			opts_add(opts, sinks[i]->opts);
}

void
options_init(struct options *options)
{
	options_stages_fill();
	*options = (struct options){ .opts = opts_new() };
	options->input = opts_add(options->opts, &options_input_set);
	options->concurrency = opts_add(options->opts,
		&options_concurrency_set);
	options->compare = opts_add(options->opts, &options_compare_set);
	options->load = opts_add(options->opts, &options_load_set);
	options->request = opts_add(options->opts, &options_request_set);
	options->limits = opts_add(options->opts, &options_limits_set);
	options->names = opts_add(options->opts, &options_names_set);
	options->safety = opts_add(options->opts, &options_safety_set);
	options->bodies = opts_add(options->opts, &options_bodies_set);
	options->stages = opts_add(options->opts, &options_stages_set);
	options->records = opts_add(options->opts, &options_records_set);
	options->durable = opts_add(options->opts, &options_durable_set);
	options_add_families(options->opts);
	options->general = opts_add(options->opts, &options_general_set);
}

void
options_release(struct options *options)
{
	opts_free(options->opts);
	*options = (struct options){ 0 };
}

/* The user's own file, where there is one. */
static int
options_read_home(struct options *options, struct err *err)
{
	const char *base = getenv("XDG_CONFIG_HOME");
	const char *home = getenv("HOME");
	char *path;
	int rc = 0;

	if (base != NULL && base[0] == '/')
		path = mem_printf("%s/fetchall/config", base);
	else if (home != NULL && home[0] != '\0')
		path = mem_printf("%s/.config/fetchall/config", home);
	else
		return 0;
	if (access(path, F_OK) == 0)
		rc = opts_read_config(options->opts, path, err);
	free(path);
	return rc;
}

int
options_parse(struct options *options, int argc, char **argv,
	struct err *err)
{
	const struct options_general *general = options->general;

	if (opts_parse(options->opts, argc, argv, &options->first, err) != 0)
		return -1;
	options->operands = argv + options->first;
	options->n_operands = argc - options->first;
	/* Help must come even where a config file is broken. */
	if (general->help != NULL || general->version)
		return 0;
	if (!general->no_config && options_read_home(options, err) != 0)
		return -1;
	if (general->config != NULL &&
	    opts_read_config(options->opts, general->config, err) != 0)
		return -1;
	if (opts_check(options->opts, err) != 0)
		return -1;
	return general->dump == DUMP_NOTHING ?
		options_check_rules(options, err) : 0;
}
