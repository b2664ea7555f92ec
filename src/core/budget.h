/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CORE_BUDGET_H
#define FETCHALL_CORE_BUDGET_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/*
 * How many bytes of bodies a run may hold, in flight, queued and being worked
 * on: bytes, since a thousand small bodies are less than a large one. It lies
 * in memory that forked children share, so that they count in it too.
 *
 * Three steps when it fills: below 3/4 everything goes; from there on no new
 * fetch is begun (budget_admits); at the limit bodies go to files instead of
 * memory (budget_charge says no), up to four times the limit; and where that
 * is full as well receivers wait (budget_must_wait) - but for the oldest,
 * which never does, so that something always comes to its end.
 */
struct budget;

/* `holders` is how many bodies there may be at a time. */
struct budget *budget_new(uint64_t limit, size_t holders, struct err *err);
void budget_free(struct budget *budget);	/* NULL is fine */

/* Bodies in files are there to stay: they are no burden, and nobody waits for
 * room among them. Before the first body. */
void budget_keep_files(struct budget *budget);

uint64_t budget_limit(const struct budget *budget);

/* Whether a new fetch may begin. */
int budget_admits(struct budget *budget);

/* A body begins to hold something; its ticket says how old it is. Twice is
 * fine. One that waits for its turn must not have entered: the oldest is to be
 * at work, or it could be one that waits for those who wait for it. */
void budget_enter(struct budget *budget, size_t holder);
/*
 * It is whole and stays until others have ended: it is charged for as before,
 * and no longer the oldest, which might be one that it waits for. Fine where
 * it never entered.
 */
void budget_rest(struct budget *budget, size_t holder);
/*
 * It is gone, and so is all that was charged for it: in any process, which
 * must have ended or be done with it. Fine where it never entered.
 */
void budget_leave(struct budget *budget, size_t holder);

/* n bytes more in memory; 0, or -1: they are to go to a file. */
int budget_charge(struct budget *budget, size_t holder, uint64_t n);
/* What was charged in memory is in a file now. */
void budget_spill(struct budget *budget, size_t holder);
/* n bytes more in a file. */
void budget_charge_file(struct budget *budget, size_t holder, uint64_t n);
/* Whether a body that is not to go to memory should wait before it takes more
 * into its file. */
int budget_must_wait(struct budget *budget, size_t holder);
/* Where it must: until that may have changed, at most so long; any process. */
void budget_wait(struct budget *budget, size_t holder, int64_t us);

/* Bytes in memory now, and the most there ever were; for the summary. */
uint64_t budget_held(const struct budget *budget);
uint64_t budget_peak(const struct budget *budget);

#endif
