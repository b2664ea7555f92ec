/* SPDX-License-Identifier: MIT */
/*
 * chain -- stages one behind the other, and what is known of them before there
 * is a body: which of them gets all bytes at once, and what their columns are
 * called. How a body goes through them is core/chain_worker.
 */
#include "config.h"

#include <pthread.h>

#include "base/mem.h"
#include "core/chain.h"
#include "core/chain_own.h"
#include "core/columns.h"

struct chain *
chain_new(uint64_t max_gather)
{
	struct chain *chain = mem_array(1, sizeof *chain);

	chain->max_gather = max_gather;
	pthread_mutex_init(&chain->lock, NULL);
	return chain;
}

void
chain_expect_chunks(struct chain *chain)
{
	chain->chunked = 1;
}

void
chain_free(struct chain *chain)
{
	size_t i;

	if (chain == NULL)
		return;
	for (i = 0; i < chain->n; i++)
		if (chain->links[i].stage->close != NULL)
			chain->links[i].stage->close(chain->links[i].plan);
	for (i = 0; i < chain->n_names; i++)
		free(chain->names[i]);
	pthread_mutex_destroy(&chain->lock);
	free(chain->names);
	free(chain->columns);
	free(chain->links);
	free(chain);
}

/* --- columns --- */

static int
chain_has_column(const struct chain *chain, const char *name)
{
	const struct column_set set = {
		.values = chain->columns, .n_values = chain->n_columns,
	};

	return column_find(&set, name, NULL) != NULL;
}

/* The name itself, or with the first number behind it that is free. */
static const char *
chain_column_name(struct chain *chain, const char *name)
{
	char *other = NULL;
	unsigned i;

	if (!chain_has_column(chain, name))
		return name;
	for (i = 2; other == NULL || chain_has_column(chain, other); i++) {
		free(other);
		other = mem_printf("%s_%u", name, i);
	}
	chain->names = mem_grow(chain->names, chain->n_names + 1,
		sizeof *chain->names);
	chain->names[chain->n_names++] = other;
	return other;
}

static void
chain_add_column(struct chain *chain, const struct column *column)
{
	struct column copy = *column;

	copy.name = chain_column_name(chain, column->name);
	copy.value = chain->n_columns + 1;
	chain->columns = mem_grow(chain->columns, chain->n_columns + 1,
		sizeof *chain->columns);
	chain->columns[chain->n_columns++] = copy;
}

/* --- stages --- */

/* What stands before it decides whether a stage gets pieces. */
static void
chain_add_link(struct chain *chain, struct chain_link link)
{
	int in_pieces = chain->n > 0 ?
		!chain->links[chain->n - 1].passes_whole : chain->chunked;

	link.gathers = in_pieces && (link.stage->caps & STAGE_WHOLE) != 0;
	link.passes_whole = (!in_pieces || link.gathers) &&
		(link.stage->caps & STAGE_REPLACES) == 0;
	chain->links = mem_grow(chain->links, chain->n + 1,
		sizeof *chain->links);
	chain->links[chain->n++] = link;
	if (link.stage->caps & STAGE_SERIAL)
		chain->serial = 1;
	if (!in_pieces && (link.stage->caps & STAGE_WHOLE))
		chain->shows_whole = 1;
}

int
chain_add(struct chain *chain, const struct stage *stage, const char *arg,
	const void *settings, struct err *err)
{
	struct chain_link link = {
		.stage = stage, .first = chain->n_columns,
	};
	size_t i;

	if (stage->arg == NULL && arg != NULL)
		return err_set(err, ERR_USAGE,
			"stage '%s' takes no argument, but has '%s'",
			stage->name, arg);
	if (stage->open != NULL &&
	    stage->open(arg, settings, &link.plan, err) != 0)
		return -1;
	for (i = 0; i < stage->n_columns; i++)
		chain_add_column(chain, &stage->columns[i]);
	chain_add_link(chain, link);
	return 0;
}

/* --- what they are together --- */

size_t
chain_length(const struct chain *chain)
{
	return chain->n;
}

const struct column *
chain_columns(const struct chain *chain, size_t *ret_n)
{
	*ret_n = chain->n_columns;
	return chain->columns;
}

static int
chain_has(const struct chain *chain, unsigned cap)
{
	size_t i;

	for (i = 0; i < chain->n; i++)
		if (chain->links[i].stage->caps & cap)
			return 1;
	return 0;
}

int
chain_replaces(const struct chain *chain)
{
	return chain_has(chain, STAGE_REPLACES);
}

int
chain_commands(const struct chain *chain)
{
	return chain_has(chain, STAGE_COMMANDS);
}
