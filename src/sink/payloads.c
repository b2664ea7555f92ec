/* SPDX-License-Identifier: MIT */
/*
 * payloads -- what was archived already, in bounded memory.
 *
 * By SHA-256, though archives name payloads by their SHA-1: whoever can make
 * two contents with one SHA-1 would have the second one left out as a copy of
 * the first. The bound is in bytes, since URLs may be very long, too.
 */
#include "config.h"

#include <string.h>

#include "base/mem.h"
#include "sink/payloads.h"

/* What the allocator and the map's table add for each, about. */
#define PAYLOADS_EXTRA 24

struct payloads {
	struct map map;
	struct list oldest;	/* first; the newest is last */
	size_t size, max;
};

struct payloads *
payloads_new(size_t max_bytes)
{
	struct payloads *payloads = mem_array(1, sizeof *payloads);

	map_init(&payloads->map);
	list_init(&payloads->oldest);
	payloads->max = max_bytes;
	return payloads;
}

static void
payloads_forget(struct payloads *payloads)
{
	struct payload *payload = LIST_ENTRY(payloads->oldest.next,
		struct payload, age);

	list_remove(&payload->age);
	map_remove(&payloads->map, &payload->node);
	payloads->size -= payload->size;
	free(payload);
}

void
payloads_free(struct payloads *payloads)
{
	if (payloads == NULL)
		return;
	while (!list_empty(&payloads->oldest))
		payloads_forget(payloads);
	map_release(&payloads->map);
	free(payloads);
}

const struct payload *
payloads_find(const struct payloads *payloads,
	const unsigned char hash[DIGEST_SHA256_BYTES])
{
	struct map_node *node = map_find(&payloads->map, (const char *)hash,
		DIGEST_SHA256_BYTES);

	return node == NULL ? NULL : LIST_ENTRY(node, struct payload, node);
}

void
payloads_add(struct payloads *payloads,
	const unsigned char hash[DIGEST_SHA256_BYTES], const char *url,
	int64_t date)
{
	size_t len = strlen(url) + 1;
	struct payload *payload = mem_alloc(sizeof *payload + len);

	payload->size = sizeof *payload + len + PAYLOADS_EXTRA;
	payload->date = date;
	memcpy(payload->hash, hash, sizeof payload->hash);
	memcpy(payload->url, url, len);
	list_push(&payloads->oldest, &payload->age);
	map_insert(&payloads->map, &payload->node,
		(const char *)payload->hash, sizeof payload->hash);
	payloads->size += payload->size;
	while (payloads->size > payloads->max)
		payloads_forget(payloads);
}
