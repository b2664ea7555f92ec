/* SPDX-License-Identifier: MIT */
/*
 * map -- what was inserted is found, nothing else is, through growth and
 * removal; and the hash is the one it says it is.
 */
#include "config.h"

#include <stdio.h>

#include "base/list.h"
#include "base/map.h"
#include "base/mem.h"
#include "unit.h"

struct word {
	int number;
	struct map_node node;
	char key[16];
};

/*
 * Key 00 01 .. 0f, message 00 01 .. n-1, as in appendix A of the SipHash
 * paper. That gives SipHash-2-4 only, so these come from a separate
 * implementation with the numbers of rounds as parameters, which returned
 * the paper's a129ca6149be45e5 for 2-4 and n = 15.
 */
static void
the_hash_is_siphash_1_3(void **state)
{
	static const uint64_t seed[2] = {
		UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908),
	};
	static const struct {
		size_t n;
		uint64_t hash;
		const char *note;
	} cases[] = {
		{ 0, UINT64_C(0xabac0158050fc4dc), "nothing" },
		{ 1, UINT64_C(0xc9f49bf37d57ca93), "one byte" },
		{ 7, UINT64_C(0xd3927d989bb11140), "just below a word" },
		{ 8, UINT64_C(0x369095118d299a8e), "one word" },
		{ 9, UINT64_C(0x25a48eb36c063de4), "just above" },
		{ 15, UINT64_C(0xd320d86d2a519956), "the paper's length" },
		{ 16, UINT64_C(0xcc4fdd1a7d908b66), "two words" },
		{ 63, UINT64_C(0x9d199062b7bbb3a8), "the longest" },
	};
	unsigned char message[64];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof message; i++)
		message[i] = (unsigned char)i;
	for (i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_true(map_hash(seed, message, cases[i].n) ==
			cases[i].hash);
}

static void
maps_are_seeded_apart(void **state)
{
	struct map a, b;

	(void)state;
	map_init(&a);
	map_init(&b);
	assert_memory_not_equal(a.seed, b.seed, sizeof a.seed);
	map_release(&a);
	map_release(&b);
}

#define WORDS 5000

static void
words_insert(struct map *map, struct word *words)
{
	struct word *word;
	int i;

	for (i = 0; i < WORDS; i++) {
		word = &words[i];
		word->number = i;
		snprintf(word->key, sizeof word->key, "host%d", i);
		map_insert(map, &word->node, word->key, strlen(word->key));
	}
}

static void
everything_inserted_is_found_and_nothing_else(void **state)
{
	struct word *words = mem_array(WORDS, sizeof *words);
	struct map_node *node;
	struct map map;
	int i;

	(void)state;
	map_init(&map);
	assert_null(map_find(&map, "host0", 5));
	assert_null(map_any(&map));
	words_insert(&map, words);
	assert_int_equal(map.n, WORDS);
	for (i = 0; i < WORDS; i++) {
		node = map_find(&map, words[i].key, strlen(words[i].key));
		assert_ptr_equal(node, &words[i].node);
		assert_int_equal(LIST_ENTRY(node, struct word, node)->number,
			i);
	}
	assert_null(map_find(&map, "host", 4));
	assert_null(map_find(&map, "host00", 6));
	assert_null(map_find(&map, "host0\0", 6));
	assert_null(map_find(&map, "", 0));
	map_release(&map);
	free(words);
}

static void
the_removed_are_gone_and_the_others_stay(void **state)
{
	struct word *words = mem_array(WORDS, sizeof *words);
	struct map_node *node;
	struct map map;
	int i;

	(void)state;
	map_init(&map);
	words_insert(&map, words);
	for (i = 0; i < WORDS; i += 2)
		map_remove(&map, &words[i].node);
	assert_int_equal(map.n, WORDS / 2);
	for (i = 0; i < WORDS; i++) {
		node = map_find(&map, words[i].key, strlen(words[i].key));
		assert_ptr_equal(node, i % 2 == 0 ? NULL : &words[i].node);
	}
	while ((node = map_any(&map)) != NULL)
		map_remove(&map, node);
	assert_int_equal(map.n, 0);
	map_release(&map);
	free(words);
}

static void
keys_are_bytes(void **state)
{
	struct map_node empty, nul, nuls;
	struct map map;

	(void)state;
	map_init(&map);
	map_insert(&map, &empty, "", 0);
	map_insert(&map, &nul, "\0", 1);
	map_insert(&map, &nuls, "\0\0", 2);
	assert_ptr_equal(map_find(&map, "", 0), &empty);
	assert_ptr_equal(map_find(&map, "\0", 1), &nul);
	assert_ptr_equal(map_find(&map, "\0\0", 2), &nuls);
	map_release(&map);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(the_hash_is_siphash_1_3),
	cmocka_unit_test(maps_are_seeded_apart),
	cmocka_unit_test(everything_inserted_is_found_and_nothing_else),
	cmocka_unit_test(the_removed_are_gone_and_the_others_stay),
	cmocka_unit_test(keys_are_bytes),
};

UNIT_MAIN("map", tests)
