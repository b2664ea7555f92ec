/* SPDX-License-Identifier: MIT */
/*
 * map -- chained hash map with nodes inside the entries.
 *
 * Written here because hcreate(3) is one global table that cannot delete and
 * OpenSSL's hashes are not keyed. The hash is SipHash-1-3 (Aumasson and
 * Bernstein, "SipHash: a fast short-input PRF", 2012), the variant that Rust
 * and Linux use for hash tables; OpenSSL's SipHash is 2-4 behind an EVP
 * object and costs more than the look-up itself.
 */
#include "config.h"

#include <string.h>
#include <sys/random.h>

#include "base/map.h"
#include "base/mem.h"

static inline uint64_t
map_rotl(uint64_t x, int by)
{
	return (x << by) | (x >> (64 - by));
}

static inline void
map_sipround(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = map_rotl(v[1], 13) ^ v[0];
	v[0] = map_rotl(v[0], 32);
	v[2] += v[3];
	v[3] = map_rotl(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = map_rotl(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = map_rotl(v[1], 17) ^ v[2];
	v[2] = map_rotl(v[2], 32);
}

uint64_t
map_hash(const uint64_t seed[2], const void *p, size_t n)
{
	const unsigned char *at = p;
	uint64_t last = (uint64_t)n << 56;
	uint64_t v[4] = {
		seed[0] ^ UINT64_C(0x736f6d6570736575),
		seed[1] ^ UINT64_C(0x646f72616e646f6d),
		seed[0] ^ UINT64_C(0x6c7967656e657261),
		seed[1] ^ UINT64_C(0x7465646279746573),
	};
	uint64_t word;
	size_t i;

	for (i = 0; i + 8 <= n; i += 8) {
		memcpy(&word, at + i, 8);
		v[3] ^= word;
		map_sipround(v);
		v[0] ^= word;
	}
	word = 0;
	if (i < n)
		memcpy(&word, at + i, n - i);
	last |= word;
	v[3] ^= last;
	map_sipround(v);
	v[0] ^= last;
	v[2] ^= 0xff;
	map_sipround(v);
	map_sipround(v);
	map_sipround(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

void
map_init(struct map *map)
{
	*map = (struct map){ .n_slots = 16 };
	map->slots = mem_array(map->n_slots, sizeof *map->slots);
	/* Too early in boot for randomness: a fixed seed still works. */
	if (getrandom(map->seed, sizeof map->seed, GRND_NONBLOCK) < 0)
		map->seed[0] = (uint64_t)(uintptr_t)map->slots;
}

void
map_release(struct map *map)
{
	free(map->slots);
	*map = (struct map){ 0 };
}

static struct map_node **
map_slot(const struct map *map, uint64_t hash)
{
	return &map->slots[hash & (map->n_slots - 1)];
}

struct map_node *
map_find(const struct map *map, const char *key, size_t len)
{
	uint64_t hash = map_hash(map->seed, key, len);
	struct map_node *node = *map_slot(map, hash);

	for (; node != NULL; node = node->next)
		if (node->hash == hash && node->key_len == len &&
		    memcmp(node->key, key, len) == 0)
			return node;
	return NULL;
}

static void
map_double(struct map *map)
{
	struct map_node **old = map->slots, **slot;
	size_t n_old = map->n_slots, i;
	struct map_node *node;

	map->n_slots *= 2;
	map->slots = mem_array(map->n_slots, sizeof *map->slots);
	for (i = 0; i < n_old; i++)
		while ((node = old[i]) != NULL) {
			old[i] = node->next;
			slot = map_slot(map, node->hash);
			node->next = *slot;
			*slot = node;
		}
	free(old);
}

void
map_insert(struct map *map, struct map_node *node, const char *key, size_t len)
{
	struct map_node **slot;

	if (map->n >= map->n_slots)
		map_double(map);
	node->key = key;
	node->key_len = len;
	node->hash = map_hash(map->seed, key, len);
	slot = map_slot(map, node->hash);
	node->next = *slot;
	*slot = node;
	map->n++;
	map->empty = 0;
}

void
map_remove(struct map *map, struct map_node *node)
{
	struct map_node **at = map_slot(map, node->hash);

	while (*at != node)
		at = &(*at)->next;
	*at = node->next;
	map->n--;
}

struct map_node *
map_any(struct map *map)
{
	if (map->n == 0)
		return NULL;
	while (map->slots[map->empty] == NULL)
		map->empty++;
	return map->slots[map->empty];
}
