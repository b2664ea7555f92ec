/* SPDX-License-Identifier: MIT */
/*
 * tally -- how often each key was asked for: the memory of the routes that
 * fail at first. Clients choose the keys, so their number has a ceiling.
 */
#include "config.h"

#include <string.h>

#include "base/list.h"
#include "base/map.h"
#include "base/mem.h"
#include "origin/tally.h"

#define TALLY_KEYS_MAX 200000

struct tally {
	struct map_node node;
	uint64_t n;
	char key[];
};

uint64_t
tally_next(struct map *tallies, const char *key, size_t len)
{
	struct map_node *node = map_find(tallies, key, len);
	struct tally *tally;

	if (node != NULL)
		return ++LIST_ENTRY(node, struct tally, node)->n;
	if (tallies->n >= TALLY_KEYS_MAX)
		return 0;
	tally = mem_alloc(sizeof *tally + len);
	tally->n = 1;
	memcpy(tally->key, key, len);
	map_insert(tallies, &tally->node, tally->key, len);
	return 1;
}

void
tally_clear(struct map *tallies)
{
	struct map_node *node;

	while ((node = map_any(tallies)) != NULL) {
		map_remove(tallies, node);
		free(LIST_ENTRY(node, struct tally, node));
	}
}
