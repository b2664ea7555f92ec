/* SPDX-License-Identifier: MIT */
/*
 * names_cache -- answers of the DNS, good and bad, with an end to each.
 *
 * c-ares has a cache since 1.23, but it neither serves other threads nor
 * bounds the TTL from below: a crawl would ask for a host with a TTL of 0
 * once a URL. Failures are kept as well, so that a dead name in a long list
 * costs one look-up.
 */
#include "config.h"

#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "net/names_cache.h"

#define NAMES_CACHE_TTL_MIN_S 5
#define NAMES_CACHE_TTL_MAX_S 3600
#define NAMES_CACHE_ABSENT_S 60	/* c-ares hands out no SOA to tell */
#define NAMES_CACHE_FAILED_S 10

struct names_entry {
	struct map_node node;
	struct list used;
	int64_t until_us;
	struct addrs *addrs;
	enum names_status status;
	char name[];
};

int64_t
names_cache_life_us(enum names_status status, uint32_t ttl_s)
{
	switch (status) {
	case NAMES_OK:
		if (ttl_s < NAMES_CACHE_TTL_MIN_S)
			ttl_s = NAMES_CACHE_TTL_MIN_S;
		if (ttl_s > NAMES_CACHE_TTL_MAX_S)
			ttl_s = NAMES_CACHE_TTL_MAX_S;
		return ttl_s * CLOCK_SECOND;
	case NAMES_NXDOMAIN:
	case NAMES_NODATA:
	case NAMES_BADNAME:
		return NAMES_CACHE_ABSENT_S * CLOCK_SECOND;
	case NAMES_SERVFAIL:
	case NAMES_REFUSED:
	case NAMES_TIMEOUT:
	case NAMES_NOSERVER:
		return NAMES_CACHE_FAILED_S * CLOCK_SECOND;
	case NAMES_DENIED:
	case NAMES_PENDING:
		break;
	}
	return 0;
}

void
names_cache_init(struct names_cache *cache, size_t max)
{
	pthread_mutex_init(&cache->lock, NULL);
	map_init(&cache->map);
	list_init(&cache->used);
	cache->max = max;
}

static void
names_entry_free(struct names_cache *cache, struct names_entry *entry)
{
	map_remove(&cache->map, &entry->node);
	list_remove(&entry->used);
	addrs_unref(entry->addrs);
	free(entry);
}

/* Drops what was used longest ago until at most `max` are left. */
static void
names_cache_trim(struct names_cache *cache, size_t max)
{
	while (cache->map.n > max)
		names_entry_free(cache, LIST_ENTRY(cache->used.prev,
			struct names_entry, used));
}

void
names_cache_release(struct names_cache *cache)
{
	names_cache_trim(cache, 0);
	map_release(&cache->map);
	pthread_mutex_destroy(&cache->lock);
}

static struct names_entry *
names_entry_find(struct names_cache *cache, const char *name, size_t len)
{
	struct map_node *node = map_find(&cache->map, name, len);

	if (node == NULL)
		return NULL;
	return LIST_ENTRY(node, struct names_entry, node);
}

static struct names_entry *
names_entry_new(struct names_cache *cache, const char *name, size_t len)
{
	struct names_entry *entry = mem_alloc(sizeof *entry + len + 1);

	memcpy(entry->name, name, len);
	entry->name[len] = '\0';
	entry->addrs = NULL;
	map_insert(&cache->map, &entry->node, entry->name, len);
	list_push_front(&cache->used, &entry->used);
	return entry;
}

enum names_status
names_cache_get(struct names_cache *cache, const char *name, size_t len,
	int64_t now_us, struct addrs **ret)
{
	enum names_status status = NAMES_PENDING;
	struct names_entry *entry;

	pthread_mutex_lock(&cache->lock);
	entry = names_entry_find(cache, name, len);
	if (entry != NULL && entry->until_us <= now_us) {
		names_entry_free(cache, entry);
	} else if (entry != NULL) {
		status = entry->status;
		if (status == NAMES_OK)
			*ret = addrs_ref(entry->addrs);
		list_remove(&entry->used);
		list_push_front(&cache->used, &entry->used);
	}
	pthread_mutex_unlock(&cache->lock);
	return status;
}

static void
names_entry_set(struct names_entry *entry, enum names_status status,
	struct addrs *addrs, int64_t until_us)
{
	struct addrs *old = entry->addrs;

	entry->status = status;
	entry->until_us = until_us;
	entry->addrs = addrs != NULL ? addrs_ref(addrs) : NULL;
	addrs_unref(old);
}

void
names_cache_put(struct names_cache *cache, const char *name, size_t len,
	enum names_status status, struct addrs *addrs, int64_t until_us)
{
	struct names_entry *entry;

	pthread_mutex_lock(&cache->lock);
	entry = names_entry_find(cache, name, len);
	if (entry == NULL)
		entry = names_entry_new(cache, name, len);
	names_entry_set(entry, status, addrs, until_us);
	names_cache_trim(cache, cache->max);
	pthread_mutex_unlock(&cache->lock);
}

void
names_cache_doubt(struct names_cache *cache, const char *name, size_t len,
	int64_t since_us)
{
	struct names_entry *entry;

	pthread_mutex_lock(&cache->lock);
	entry = names_entry_find(cache, name, len);
	if (entry != NULL && names_status_transient(entry->status) &&
	    entry->until_us - names_cache_life_us(entry->status, 0) < since_us)
		names_entry_free(cache, entry);
	pthread_mutex_unlock(&cache->lock);
}

void
names_cache_swap(struct names_cache *cache, const char *name, size_t len,
	const struct addrs *old, struct addrs *addrs, int64_t until_us)
{
	struct names_entry *entry;

	pthread_mutex_lock(&cache->lock);
	entry = names_entry_find(cache, name, len);
	if (entry != NULL && entry->addrs == old &&
	    (old != NULL || entry->status == NAMES_TIMEOUT))
		names_entry_set(entry, NAMES_OK, addrs, until_us);
	pthread_mutex_unlock(&cache->lock);
}
