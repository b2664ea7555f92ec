/* SPDX-License-Identifier: MIT */
/*
 * settings -- from the option groups to what a run takes: the run as a whole,
 * its strategy and its lists. The other groups have files of their own,
 * settings_GROUP.c each. Nothing here opens a list or a socket, so what is wrong
 * is told before the first request.
 */
#include "config.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/options.h"
#include "cli/settings_own.h"
#include "core/chain.h"
#include "core/strategy.h"
#include "core/template.h"
#include "net/policy.h"

#define SETTINGS_MAX_LINE (64u << 10)	/* of a plain list */
#define SETTINGS_MAX_OBJECT (16u << 20)	/* of an NDJSON list */

int
settings_blame(const struct options *options, const char *name,
	struct err *err)
{
	err_in(err, "--%s", name);
	return opts_blame(options->opts, name, err);
}

size_t
settings_cores(void)
{
	cpu_set_t set;
	int n;

	if (sched_getaffinity(0, sizeof set, &set) != 0)
		return 1;
	n = CPU_COUNT(&set);
	return n > 0 ? (size_t)n : 1;
}

static void
settings_set_operands(struct settings *settings,
	const struct options *options)
{
	size_t n_files = options->input->files.n, i;
	size_t n = n_files + (size_t)options->n_operands;

	settings->operands = mem_array(n + 1, sizeof *settings->operands);
	for (i = 0; i < n_files; i++)
		settings->operands[i] = options->input->files.items[i];
	for (; i < n; i++)
		settings->operands[i] = options->operands[i - n_files];
	/* No operand: standard input. */
	if (n == 0)
		settings->operands[n++] = "-";
	settings->n_operands = n;
}

static int
settings_set_source(struct settings *settings, const struct options *options,
	struct err *err)
{
	const char *scheme = options->input->proto_default;

	if (strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0)
		return err_set(err, ERR_USAGE, "--proto-default: '%s' is "
			"neither http nor https", scheme);
	settings->source = (struct source_settings){
		.proto_default = scheme,
		.format = (enum source_format)options->input->format,
		.max_line = options->input->format == SOURCE_NDJSON ?
			SETTINGS_MAX_OBJECT : SETTINGS_MAX_LINE,
	};
	settings_set_operands(settings, options);
	return 0;
}

static int
settings_fill(struct settings *settings, const struct options *options,
	const char *strategy, struct err *err)
{
	struct run_settings *run = &settings->run;

	run->strategy = strategy_find(strategy, err);
	if (run->strategy == NULL)
		return -1;
	if (run->strategy->opts != NULL)
		run->strategy_settings = opts_settings(options->opts,
			run->strategy->opts);
	run->concurrency = options->concurrency->concurrency.items[0];
	run->first = options->general->first;
	run->sync = options->durable->sync;
	run->requests = options->load->requests;
	run->duration_us = options->load->duration;
	if (settings_request_fill(settings, options, err) != 0 ||
	    settings_names_fill(settings, options, err) != 0 ||
	    settings_limits_fill(settings, options, err) != 0 ||
	    settings_set_source(settings, options, err) != 0 ||
	    settings_bodies_fill(settings, options, err) != 0 ||
	    settings_stages_fill(settings, options, err) != 0)
		return -1;
	return settings_records_fill(settings, options, err);
}

int
settings_init(struct settings *settings, const struct options *options,
	const char *strategy, struct err *err)
{
	*settings = (struct settings){ 0 };
	if (settings_fill(settings, options, strategy, err) == 0)
		return 0;
	settings_release(settings);
	return -1;
}

void
settings_release(struct settings *settings)
{
	column_list_release(&settings->columns);
	chain_free(settings->run.chain);
	template_free(settings->template);
	policy_free(settings->policy);
	free(settings->set);
	free(settings->body);
	free(settings->headers);
	free(settings->accept);
	free(settings->operands);
	*settings = (struct settings){ 0 };
}
