/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CORE_BODIES_H
#define FETCHALL_CORE_BODIES_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct body_store;
struct budget;
struct run_settings;

/*
 * What a run has where bodies are not dropped: a budget of bytes, the memory
 * they are in, and whether another one may come.
 */
struct bodies;

/* Before processes are made, which use the memory. `concurrency` is how many
 * fetches there are at a time. Borrows the settings. */
struct bodies *bodies_new(const struct run_settings *settings,
	size_t concurrency, struct err *err);
void bodies_free(struct bodies *bodies);	/* NULL is fine */

struct budget *bodies_budget(struct bodies *bodies);
/* NULL: nothing is fetched, so there are none. */
struct body_store *bodies_store(struct bodies *bodies);

/*
 * Whether a new fetch may begin, whose body has to have a place and to leave
 * `reserve` others. Where not, bodies_made_room() says once that it should be
 * asked again.
 */
int bodies_admits(struct bodies *bodies, size_t reserve);
/* The same for one that others are held for: there just has to be a place. */
int bodies_has_place(struct bodies *bodies);
/* Called after a body has gone; whether somebody was refused before. */
int bodies_made_room(struct bodies *bodies);

#endif
