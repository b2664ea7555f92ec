/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CORE_ORIGINS_H
#define FETCHALL_CORE_ORIGINS_H

#include <pthread.h>
#include <stddef.h>

#include "base/map.h"

/*
 * The origins (scheme, host, port) of the jobs that are alive, and how many
 * of them are still waiting: an origin that is due again keeps its
 * connection. Memory follows the jobs, not the list.
 */
struct origin {
	struct map_node node;
	size_t refs;		/* under the table's lock */
	_Atomic size_t waiting;	/* jobs that were not granted yet */
	size_t len;
	char text[];		/* https://host:port */
};

struct origins {
	pthread_mutex_t lock;
	struct map map;
};

void origins_init(struct origins *origins);
void origins_release(struct origins *origins);
/* The origin called text[0..len), with one more reference. Any thread. */
struct origin *origins_get(struct origins *origins, const char *text,
	size_t len);
/* NULL is fine. */
void origins_put(struct origins *origins, struct origin *origin);

#endif
