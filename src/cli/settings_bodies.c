/* SPDX-License-Identifier: MIT */
/*
 * settings_bodies -- what becomes of bodies: the names of files, and which
 * sinks get them.
 */
#include "config.h"

#include <assert.h>

#include "base/clock.h"
#include "cli/options.h"
#include "cli/settings_own.h"
#include "core/component.h"
#include "core/sink.h"
#include "core/template.h"

static int
settings_set_naming(struct settings *settings, const struct options *options,
	struct err *err)
{
	const struct options_bodies *bodies = options->bodies;

	if (!options_saves(options))
		return 0;
	if (bodies->output != NULL) {
		settings->template = template_new(bodies->output, err);
		if (settings->template == NULL)
			return settings_blame(options, "output", err);
	}
	settings->naming = (struct naming){
		.folder = bodies->output_dir,
		.template = settings->template,
		.all = bodies->save || bodies->output != NULL,
		.disposition = bodies->disposition,
		.existing = (enum naming_existing)bodies->existing,
		.resume = options_continues(options),
		.sync = options->durable->sync,
		.flags = bodies->fold_case ? COMPONENT_FOLD : 0,
		/* A URL that is listed twice does not meet its own file. */
		.since_us = clock_file_us(),
	};
	if (settings->naming.resume && naming_waits(&settings->naming))
		return err_set(err, ERR_USAGE, "--continue cannot find bodies "
			"whose names wait for the reply: use names that the "
			"URL alone makes");
	settings->run.naming = &settings->naming;
	return 0;
}

/* Which sinks get bodies, and of which replies they get them. */
static void
settings_set_body_sinks(struct settings *settings,
	const struct options *options)
{
	struct run_settings *run = &settings->run;
	const struct sink *sink;
	const void *own;
	size_t i, n = 0;
	int wanted;

	for (i = 0; (sink = sinks[i]) != NULL; i++) {
		if (!(sink->caps & SINK_BODIES))
			continue;
		own = sink->opts != NULL ? opts_settings(options->opts,
			sink->opts) : NULL;
		wanted = sink->wanted != NULL ? sink->wanted(own) :
			run->naming != NULL;
		if (!wanted)
			continue;
		assert(n < SETTINGS_BODY_SINKS);
		settings->body_sinks[n++] = sink;
		run->keep_order |= sink->holds != NULL && sink->holds(own);
		if (sink->caps & SINK_ALL)
			run->keep |= RUN_KEEP_ALL;
		else
			run->keep |= sink->wanted != NULL ? RUN_KEEP_GOOD :
				RUN_KEEP_FILES;
	}
	run->easy.capture = (run->keep & RUN_KEEP_ALL) != 0;
	run->easy.files = run->naming != NULL;
}

int
settings_bodies_fill(struct settings *settings,
	const struct options *options, struct err *err)
{
	if (settings_set_naming(settings, options, err) != 0)
		return -1;
	settings_set_body_sinks(settings, options);
	if (options->stages->no_fetch && settings->run.keep != 0)
		return err_set(err, ERR_USAGE, "--no-fetch: there are no "
			"bodies that could be kept");
	return 0;
}
