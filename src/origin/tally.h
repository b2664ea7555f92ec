/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_ORIGIN_TALLY_H
#define FETCHALL_ORIGIN_TALLY_H

#include <stddef.h>
#include <stdint.h>

struct map;

/*
 * Counts one more for the key and returns how many that makes. Past a ceiling
 * of keys new ones are not kept: 0.
 */
uint64_t tally_next(struct map *tallies, const char *key, size_t len);
/* Forgets all keys. */
void tally_clear(struct map *tallies);

#endif
