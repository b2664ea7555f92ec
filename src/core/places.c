/* SPDX-License-Identifier: MIT */
/*
 * places -- jobs and results in memory that a run shares with a worker.
 *
 * A message each way would cost more than half of a fetch from a server
 * nearby, most of it for waking the other process. Worker and run look at
 * the states instead, and the states are beside each other, so that looking
 * at all of them reads two cache lines.
 */
#include "config.h"

#include <stdatomic.h>
#include <string.h>

#include "core/places.h"

void
places_init(struct places *places)
{
	size_t i;

	atomic_store(&places->asleep, 0);
	for (i = 0; i < PLACES_N; i++)
		atomic_store(&places->states[i], PLACE_FREE);
}

/* --- the run's side --- */

void
places_put(struct places *places, size_t i, const void *p, size_t n)
{
	places->list[i].len = (uint32_t)n;
	memcpy(places->list[i].bytes, p, n);
	atomic_store(&places->states[i], PLACE_QUEUED);
}

int
places_must_wake(struct places *places)
{
	return atomic_load(&places->asleep) &&
		atomic_exchange(&places->asleep, 0);
}

int
places_recall(struct places *places, size_t i)
{
	uint32_t expected = PLACE_QUEUED;

	return atomic_compare_exchange_strong(&places->states[i], &expected,
		PLACE_FREE);
}

int
places_take(struct places *places, size_t i, char ret[PLACES_BYTES])
{
	uint32_t len;

	if (atomic_load(&places->states[i]) != PLACE_DONE)
		return -1;
	/* Read once: it may change between a check and its use. */
	len = *(volatile uint32_t *)&places->list[i].len;
	if (len > PLACES_BYTES)
		len = PLACES_BYTES;
	memcpy(ret, places->list[i].bytes, len);
	atomic_store(&places->states[i], PLACE_FREE);
	return (int)len;
}

/* --- the worker's side --- */

int
places_begin(struct places *places, size_t after)
{
	uint32_t expected;
	size_t i, at;

	for (i = 1; i <= PLACES_N; i++) {
		at = (after + i) % PLACES_N;
		expected = PLACE_QUEUED;
		if (atomic_load(&places->states[at]) == PLACE_QUEUED &&
		    atomic_compare_exchange_strong(&places->states[at],
		    &expected, PLACE_STARTED))
			return (int)at;
	}
	return -1;
}

void
places_finish(struct places *places, size_t i, const void *p, size_t n)
{
	places->list[i].len = (uint32_t)n;
	if (n > 0)
		memcpy(places->list[i].bytes, p, n);
	atomic_store(&places->states[i], PLACE_DONE);
}

/*
 * First the flag, then a look: who puts something does it the other way
 * round, so that one of the two sees the other.
 */
int
places_may_sleep(struct places *places)
{
	size_t i;

	atomic_store(&places->asleep, 1);
	for (i = 0; i < PLACES_N; i++)
		if (atomic_load(&places->states[i]) == PLACE_QUEUED) {
			atomic_store(&places->asleep, 0);
			return 0;
		}
	return 1;
}
