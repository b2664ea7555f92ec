/* SPDX-License-Identifier: MIT */
/*
 * cycle -- a list kept in memory and handed out again and again.
 *
 * Reading files anew each time round would need no memory, but a pipe has no
 * second time, and parsing one URL afresh for each request would be seen in
 * the figures. Loads are put on short lists; a long one is refused.
 */
#include "config.h"

#include <string.h>

#include "base/mem.h"
#include "core/cycle.h"
#include "url/source.h"

#define CYCLE_MAX_ITEMS 100000
#define CYCLE_MAX_BYTES (64u << 20)

struct cycle {
	struct source *source;
	struct source_item *items;
	size_t n, size, bytes;
	uint64_t requests, given;
	uint64_t seq;		/* the highest so far */
	int whole;		/* all that is needed was read */
};

struct cycle *
cycle_new(struct source *source, uint64_t requests)
{
	struct cycle *cycle = mem_array(1, sizeof *cycle);

	cycle->source = source;
	cycle->requests = requests;
	return cycle;
}

void
cycle_free(struct cycle *cycle)
{
	size_t i;

	if (cycle == NULL)
		return;
	for (i = 0; i < cycle->n; i++)
		source_item_release(&cycle->items[i]);
	free(cycle->items);
	free(cycle);
}

static size_t
cycle_weight(const struct source_item *item)
{
	const struct source_request *request = item->request;
	size_t bytes = sizeof *item + strlen(item->text) +
		strlen(item->url.text), i;

	if (request == NULL)
		return bytes;
	for (i = 0; i < request->n_headers; i++)
		bytes += strlen(request->headers[i]);
	return bytes + sizeof *request + request->body_len;
}

/* Takes the item. */
static int
cycle_keep(struct cycle *cycle, const struct source_item *item,
	struct err *err)
{
	if (cycle->n == cycle->size) {
		cycle->size += cycle->size / 2 + 16;
		cycle->items = mem_grow(cycle->items, cycle->size,
			sizeof *cycle->items);
	}
	cycle->items[cycle->n++] = *item;
	cycle->bytes += cycle_weight(item);
	if (item->request != NULL && item->request->output != NULL)
		return err_set(err, ERR_USAGE, "--requests and --duration "
			"repeat the list, and %.120s names a file for a "
			"reply", item->list);
	if (cycle->n > CYCLE_MAX_ITEMS || cycle->bytes > CYCLE_MAX_BYTES)
		return err_set(err, ERR_USAGE, "--requests and --duration "
			"keep the list in memory, and it has more than %d "
			"URLs or %u MiB: use a part of it", CYCLE_MAX_ITEMS,
			CYCLE_MAX_BYTES >> 20);
	return 0;
}

/* 1 with a line that is no URL, 0 once the list is read, -1. */
static int
cycle_read(struct cycle *cycle, struct source_item *ret, struct err *err)
{
	int rc;

	/* More than are asked for would never be used. */
	while (cycle->requests == 0 || cycle->n < cycle->requests) {
		rc = source_next(cycle->source, ret, err);
		if (rc <= 0)
			return rc;
		cycle->seq = ret->seq;
		if (ret->bad.code != ERR_NONE)
			return 1;
		if (cycle_keep(cycle, ret, err) != 0)
			return -1;
	}
	return 0;
}

int
cycle_next(struct cycle *cycle, struct source_item *ret, struct err *err)
{
	const struct source_item *item;
	int rc;

	if (!cycle->whole) {
		rc = cycle_read(cycle, ret, err);
		if (rc != 0)
			return rc;
		cycle->whole = 1;
	}
	if (cycle->n == 0 || (cycle->requests > 0 &&
	    cycle->given == cycle->requests))
		return 0;
	item = &cycle->items[cycle->given % cycle->n];
	source_item_copy(ret, item);
	if (cycle->given >= cycle->n)
		ret->seq = ++cycle->seq;
	cycle->given++;
	return 1;
}
