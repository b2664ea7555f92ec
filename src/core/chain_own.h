/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CORE_CHAIN_OWN_H
#define FETCHALL_CORE_CHAIN_OWN_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

struct column;
struct stage;

/* The inside of struct chain: chain.c makes it, chain_worker.c goes through
 * it. Nobody else includes this. */
struct chain_link {
	const struct stage *stage;
	void *plan;
	size_t first;		/* of its columns among the chain's */
	int gathers;		/* wants all bytes and gets pieces */
	int passes_whole;	/* the next one gets all bytes at once */
};

struct chain {
	struct chain_link *links;
	size_t n;
	struct column *columns;
	size_t n_columns;
	char **names;		/* of columns that were renamed */
	size_t n_names;
	uint64_t max_gather;
	/*
	 * Held for a whole body where a stage is not thread-safe. One for all
	 * such stages: each would be held from the first begin() to the last
	 * end(), and so whoever has the first has all of them.
	 */
	pthread_mutex_t lock;
	int serial;
	int shows_whole;	/* a stage sees the body as it came, at once */
	int chunked;		/* bodies may be in the chunked coding */
};

#endif
