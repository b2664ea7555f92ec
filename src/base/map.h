/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_BASE_MAP_H
#define FETCHALL_BASE_MAP_H

#include <stddef.h>
#include <stdint.h>

/*
 * A hash map from byte strings to entries that carry their node, so an entry
 * costs no allocation of the map's. Keys stay the entry's property and must
 * not change while it is in. Names come from the network, so the hash is
 * keyed: nobody outside can aim at one chain.
 */
struct map_node {
	struct map_node *next;
	uint64_t hash;
	const char *key;
	size_t key_len;
};

struct map {
	struct map_node **slots;
	size_t n_slots;		/* a power of two */
	size_t n;
	size_t empty;		/* the slots below this one hold nothing */
	uint64_t seed[2];
};

/* SipHash-1-3 of n bytes under a 128-bit seed. */
uint64_t map_hash(const uint64_t seed[2], const void *p, size_t n);

void map_init(struct map *map);
/* Frees the table, not the entries. */
void map_release(struct map *map);
/* NULL when the key is not in. */
struct map_node *map_find(const struct map *map, const char *key, size_t len);
/* The key must not be in. */
void map_insert(struct map *map, struct map_node *node, const char *key,
	size_t len);
void map_remove(struct map *map, struct map_node *node);
/* Any entry, NULL when empty: for emptying a map before its release. */
struct map_node *map_any(struct map *map);

#endif
