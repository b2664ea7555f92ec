/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_NET_NAMES_CACHE_H
#define FETCHALL_NET_NAMES_CACHE_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "base/map.h"
#include "net/addrs.h"
#include "net/names.h"

/*
 * What look-ups have said, until it expires or the least recently used has
 * to make room. The time is the caller's, on whatever clock. Any thread.
 */
struct names_cache {
	pthread_mutex_t lock;	/* for all below */
	struct map map;
	struct list used;	/* most recently used first */
	size_t max;
};

/* How long an answer holds: its TTL within bounds, or what failures get. */
int64_t names_cache_life_us(enum names_status status, uint32_t ttl_s);

void names_cache_init(struct names_cache *cache, size_t max);
void names_cache_release(struct names_cache *cache);

/* NAMES_PENDING: nothing known. On NAMES_OK *ret is the caller's reference. */
enum names_status names_cache_get(struct names_cache *cache, const char *name,
	size_t len, int64_t now_us, struct addrs **ret);

/*
 * Puts an answer in place of what was there; takes a reference of its own.
 * `addrs` is NULL unless status is NAMES_OK.
 */
void names_cache_put(struct names_cache *cache, const char *name, size_t len,
	enum names_status status, struct addrs *addrs, int64_t until_us);

/*
 * Forgets a failure that may have passed (names_status_transient()) and was
 * learnt before `since_us`.
 */
void names_cache_doubt(struct names_cache *cache, const char *name, size_t len,
	int64_t since_us);

/*
 * The same as names_cache_put(), but only if the name's answer still is `old`,
 * or NAMES_TIMEOUT where that is NULL.
 */
void names_cache_swap(struct names_cache *cache, const char *name, size_t len,
	const struct addrs *old, struct addrs *addrs, int64_t until_us);

#endif
