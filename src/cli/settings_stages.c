/* SPDX-License-Identifier: MIT */
/*
 * settings_stages -- the chain that bodies are sent through, and the pool that
 * does it.
 */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "cli/options.h"
#include "cli/settings_own.h"
#include "core/chain.h"
#include "core/pool.h"
#include "core/stage.h"
#include "stage/coding.h"

/* Of a body that a stage wants whole, where --max-body says nothing. */
#define SETTINGS_MAX_GATHER (UINT64_C(256) << 20)

/* `said` is STAGE or STAGE:ARG. */
static int
settings_add_stage(struct chain *chain, const struct options *options,
	const char *said, struct err *err)
{
	size_t len = strcspn(said, ":");
	const struct stage *stage = stage_find(said, len, err);
	const void *own = NULL;

	if (stage == NULL)
		return err_in(err, "--post");
	if (stage->opts != NULL)
		own = opts_settings(options->opts, stage->opts);
	if (chain_add(chain, stage, said[len] == ':' ? said + len + 1 : NULL,
	    own, err) != 0)
		return err_in(err, "--post %s", stage->name);
	return 0;
}

/* Asks for what decode knows, unless the user asks for something else. */
static void
settings_accept_encodings(struct settings *settings)
{
	struct easy_settings *easy = &settings->run.easy;
	size_t i;

	for (i = 0; i < easy->n_headers; i++)
		if (strncasecmp(easy->headers[i], "accept-encoding", 15) == 0 &&
		    strchr(":;", easy->headers[i][15]) != NULL)
			return;
	settings->accept = mem_printf("Accept-Encoding: %s", coding_accept());
	settings->headers = mem_array(easy->n_headers + 1,
		sizeof *settings->headers);
	for (i = 0; i < easy->n_headers; i++)
		settings->headers[i] = easy->headers[i];
	settings->headers[i] = settings->accept;
	easy->headers = settings->headers;
	easy->n_headers++;
}

/* Decoding may unpack no more than a body may have. */
static int
settings_decode_first(struct settings *settings,
	const struct options *options, struct err *err)
{
	uint64_t max_body = options->limits->max_body;
	char *said = max_body > 0 ? mem_printf("decode:%" PRIu64, max_body) :
		mem_strdup("decode");
	int rc = settings_add_stage(settings->run.chain, options, said, err);

	free(said);
	settings_accept_encodings(settings);
	return rc;
}

int
settings_stages_fill(struct settings *settings,
	const struct options *options, struct err *err)
{
	const struct options_stages *given = options->stages;
	uint64_t max_body = options->limits->max_body;
	struct run_settings *run = &settings->run;
	size_t i;

	run->pool = pools[given->pool];
	run->jobs = given->jobs > 0 ? (size_t)given->jobs :
		settings_cores();
	run->buffer = given->buffer;
	run->no_fetch = given->no_fetch;
	if (given->post.n == 0 && !given->compressed)
		return 0;
	run->chain = chain_new(max_body > 0 ? max_body : SETTINGS_MAX_GATHER);
	if (run->easy.capture)
		chain_expect_chunks(run->chain);
	if (given->compressed &&
	    settings_decode_first(settings, options, err) != 0)
		return -1;
	for (i = 0; i < given->post.n; i++)
		if (settings_add_stage(run->chain, options,
		    given->post.items[i], err) != 0)
			return opts_blame(options->opts, "post", err);
	settings->set = mem_array(1, sizeof *settings->set);
	settings->set->values = chain_columns(run->chain,
		&settings->set->n_values);
	return 0;
}
