/* SPDX-License-Identifier: MIT */
/*
 * origins -- one entry per origin that some job has, freed with the last.
 */
#include "config.h"

#include <string.h>

#include "base/list.h"
#include "base/mem.h"
#include "core/origins.h"

void
origins_init(struct origins *origins)
{
	pthread_mutex_init(&origins->lock, NULL);
	map_init(&origins->map);
}

void
origins_release(struct origins *origins)
{
	map_release(&origins->map);
	pthread_mutex_destroy(&origins->lock);
}

static struct origin *
origins_add(struct origins *origins, const char *text, size_t len)
{
	struct origin *origin = mem_array(1, sizeof *origin + len + 1);

	origin->len = len;
	memcpy(origin->text, text, len);
	map_insert(&origins->map, &origin->node, origin->text, len);
	return origin;
}

struct origin *
origins_get(struct origins *origins, const char *text, size_t len)
{
	struct origin *origin;
	struct map_node *node;

	pthread_mutex_lock(&origins->lock);
	node = map_find(&origins->map, text, len);
	origin = node != NULL ? LIST_ENTRY(node, struct origin, node) :
		origins_add(origins, text, len);
	origin->refs++;
	pthread_mutex_unlock(&origins->lock);
	return origin;
}

void
origins_put(struct origins *origins, struct origin *origin)
{
	if (origin == NULL)
		return;
	pthread_mutex_lock(&origins->lock);
	if (--origin->refs == 0) {
		map_remove(&origins->map, &origin->node);
		free(origin);
	}
	pthread_mutex_unlock(&origins->lock);
}
