/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CORE_PLACES_H
#define FETCHALL_CORE_PLACES_H

#include <stddef.h>
#include <stdint.h>

/*
 * Memory that two processes share, in places: the run puts bytes that are a
 * job into one, its worker puts the bytes of the result there instead. As
 * long as jobs are waiting neither calls the other; only a worker that found
 * none and sleeps must be woken, by whatever means the two have.
 *
 * A place goes FREE - QUEUED (run) - STARTED - DONE (worker) - FREE (run).
 * Out of QUEUED the faster of the two takes it, so a job that is not begun
 * can be taken back for another worker.
 */
#define PLACES_N 32u
#define PLACES_BYTES 1000u	/* in a place; what is longer goes elsewhere */

enum place_state { PLACE_FREE, PLACE_QUEUED, PLACE_STARTED, PLACE_DONE };

struct places {
	_Atomic uint32_t asleep;	/* the worker is, or about to be */
	_Atomic uint32_t states[PLACES_N];
	struct place {
		uint32_t len;
		char bytes[PLACES_BYTES];
	} list[PLACES_N];
};

/* All free; for the run, before there is a worker. */
void places_init(struct places *places);

/* --- the run's side --- */

/* Puts n bytes, PLACES_BYTES at most, into the free place i. */
void places_put(struct places *places, size_t i, const void *p, size_t n);
/* Whether its worker sleeps and is to be woken, which one caller is told. */
int places_must_wake(struct places *places);
/* Makes place i free unless its job was begun; whether it is. */
int places_recall(struct places *places, size_t i);
/*
 * Copies the result out of place i and makes it free. -1: none is there;
 * else its length. Believes nothing: its writer has talked to strangers.
 */
int places_take(struct places *places, size_t i, char ret[PLACES_BYTES]);

/* --- the worker's side --- */

/*
 * Begins the job that waits behind place `after`, round and round, and
 * returns its place; -1: none is waiting.
 */
int places_begin(struct places *places, size_t after);
/* The result of place i, PLACES_BYTES at most; the job's bytes are gone. */
void places_finish(struct places *places, size_t i, const void *p, size_t n);
/* Whether to sleep: nothing waits, and whoever puts something will wake. */
int places_may_sleep(struct places *places);

#endif
