/* SPDX-License-Identifier: MIT */
/*
 * options_rules -- what was typed for nothing, and what cannot be had
 * together. A rule within one table is that table's own.
 */
#include "config.h"

#include <string.h>

#include "cli/options.h"
#include "core/sink.h"
#include "net/versions.h"
#include "url/source.h"

const struct sink *
options_body_sink(const struct options *options, unsigned caps)
{
	size_t i;

	for (i = 0; sinks[i] != NULL; i++)
		if ((sinks[i]->caps & caps) && sinks[i]->wanted != NULL &&
		    sinks[i]->wanted(opts_settings(options->opts,
		    sinks[i]->opts)))
			return sinks[i];
	return NULL;
}

int
options_saves(const struct options *options)
{
	if (options->bodies->save || options->bodies->output != NULL)
		return 1;
	/* Lines may have names, which mean nothing without a body. */
	return options->input->format == SOURCE_NDJSON &&
		!options->stages->no_fetch;
}

int
options_continues(const struct options *options)
{
	return options->bodies->resume || options->bodies->resume_at;
}

int
options_denies(const struct options *options)
{
	return options->safety->public_only || options->safety->deny.n > 0;
}

/* NULL ends the list. */
static int
options_check_idle(const struct options *options, const char *const *names,
	const char *why, struct err *err)
{
	for (; *names != NULL; names++)
		if (opts_typed(options->opts, *names))
			return err_set(err, ERR_USAGE, "--%s is for %s",
				*names, why);
	return 0;
}

/* A config file says what holds if need be, so it may say too much. */
static int
options_check_typed(const struct options *options, struct err *err)
{
	static const char *const stage[] = { "jobs", "pool", NULL };
	static const char *const body[] = { "buffer", NULL };
	static const char *const file[] = { "output-dir", "existing",
		"fold-case", "content-disposition", "continue",
		"continue-at", NULL };
	int posts = options->stages->post.n > 0 || options->stages->compressed;
	int saves = options_saves(options);
	int keeps = saves || options_body_sink(options, SINK_BODIES) != NULL;

	if (!posts && options_check_idle(options, stage,
	    "stages: there is no --post", err) != 0)
		return -1;
	if (!posts && !keeps && options_check_idle(options, body,
	    "bodies: there is no --save and no --post", err) != 0)
		return -1;
	return saves ? 0 : options_check_idle(options, file,
		"files: there is no --save and no --output", err);
}

/* The first option of a sink of bodies is the one that asks for it. */
static int
options_check_sinks(const struct options *options, struct err *err)
{
	const struct opt_set *set;
	size_t i, k;

	for (i = 0; sinks[i] != NULL; i++) {
		set = sinks[i]->opts;
		if (sinks[i]->wanted == NULL ||
		    sinks[i]->wanted(opts_settings(options->opts, set)))
			continue;
		for (k = 1; k < set->n; k++)
			if (opts_typed(options->opts, set->rows[k].name))
				return err_set(err, ERR_USAGE, "--%s is "
					"nothing without --%s",
					set->rows[k].name, set->rows[0].name);
	}
	return 0;
}

/* Bodies and records cannot both have standard output. */
static int
options_check_stdout(const struct options *options, struct err *err)
{
	const struct sink *sink = options_body_sink(options, SINK_STDOUT);
	const struct options_records *records = options->records;

	int same = records->results != NULL &&
		strcmp(records->results, "-") == 0;

	if (sink == NULL || (records->results != NULL && !same))
		return 0;
	if (same || opts_given(options->opts, "format") ||
	    records->write_out != NULL || records->columns != NULL)
		return err_set(err, ERR_USAGE, "--%s writes bodies to standard "
			"output: name a file for the records with --results",
			sink->name);
	return 0;
}

static int
options_check_load(const struct options *options, struct err *err)
{
	const struct options_load *load = options->load;
	const char *what = load->requests > 0 ? "--requests" : "--duration";

	if (load->requests == 0 && load->duration == 0)
		return 0;
	if (options->durable->state != NULL)
		return err_set(err, ERR_USAGE, "--state has nothing to "
			"remember of a list that %s begins again and again",
			what);
	if (options->bodies->save || options->bodies->output != NULL ||
	    options_body_sink(options, SINK_BODIES) != NULL)
		return err_set(err, ERR_USAGE, "%s gets the same bodies again "
			"and again: they are not kept", what);
	return 0;
}

static int
options_check_state(const struct options *options, struct err *err)
{
	const struct sink *sink = options_body_sink(options, SINK_STDOUT);

	if (options->durable->state == NULL || sink == NULL)
		return 0;
	return err_set(err, ERR_USAGE, "--%s cannot be gone on with by "
		"--state: what standard output has got cannot be taken back; "
		"--save keeps bodies in files", sink->name);
}

static int
options_check_http(const struct options *options, struct err *err)
{
	const struct options_request *request = options->request;
	const struct sink *sink = options_body_sink(options, SINK_ALL);
	int two = request->http2 || request->http2_only;

	if (request->http1 + request->http2 + request->http2_only > 1)
		return err_set(err, ERR_USAGE, "--http1.1, --http2 and "
			"--http2-prior-knowledge exclude each other");
	if (two && !versions_http2())
		return err_set(err, ERR_USAGE, "this libcurl has no HTTP/2");
	if (two && sink != NULL)
		return err_set(err, ERR_USAGE, "--%s keeps messages as they "
			"are sent, and those of HTTP/2 are frames: leave out "
			"--http2", sink->opts->rows[0].name);
	return 0;
}

/* What is asked for must be what was asked for before. */
static int
options_check_continue(const struct options *options, struct err *err)
{
	const struct options_request *request = options->request;
	const struct sink *sink = options_body_sink(options, SINK_ALL);

	if (!options_continues(options))
		return 0;
	if (sink != NULL)
		return err_set(err, ERR_USAGE, "--continue asks for the rest "
			"of a body, --%s archives whole ones: use only one of "
			"them", sink->opts->rows[0].name);
	if (options->stages->compressed)
		return err_set(err, ERR_USAGE, "--continue goes on with bodies "
			"as they are on the server: leave --compressed away");
	if (request->data != NULL || request->head ||
	    (request->method != NULL && strcmp(request->method, "GET") != 0))
		return err_set(err, ERR_USAGE, "--continue is for GET alone");
	return 0;
}

/* What cannot be held is not promised. */
static int
options_check_safety(const struct options *options, struct err *err)
{
	const struct options_request *request = options->request;
	const char *what = options->safety->public_only ? "--public-only" :
		"--deny-net";

	if (!options_denies(options))
		return !opts_typed(options->opts, "allow-net") ? 0 :
			err_set(err, ERR_USAGE, "--allow-net makes exceptions "
			"from --public-only and --deny-net: add one of them");
	if (request->proxy != NULL)
		return err_set(err, ERR_USAGE, "%s cannot be held with "
			"--proxy, which looks names up and connects by itself: "
			"have the proxy do it", what);
	if (request->unix_socket != NULL)
		return err_set(err, ERR_USAGE, "%s is for addresses, and "
			"--unix-socket has none: use only one of them", what);
	return 0;
}

int
options_check_rules(const struct options *options, struct err *err)
{
	if (options_check_typed(options, err) != 0 ||
	    options_check_sinks(options, err) != 0 ||
	    options_check_stdout(options, err) != 0 ||
	    options_check_http(options, err) != 0 ||
	    options_check_safety(options, err) != 0 ||
	    options_check_load(options, err) != 0 ||
	    options_check_continue(options, err) != 0)
		return -1;
	return options_check_state(options, err);
}
