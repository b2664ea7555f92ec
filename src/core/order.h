/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CORE_ORDER_H
#define FETCHALL_CORE_ORDER_H

#include <stddef.h>
#include <stdint.h>

/*
 * Numbers from 1 that come in any order, each once, with a thing each or with
 * none; the things leave in the order of the numbers.
 */
struct order;

struct order *order_new(void);
/* The things that are left stay their owner's. NULL is fine. */
void order_free(struct order *order);

/* Takes `thing`; NULL: the number has none. */
void order_add(struct order *order, uint64_t number, void *thing);
/* The next thing whose turn it is: all numbers before its own have come. NULL:
 * there is none yet. */
void *order_next(struct order *order);
/* The same where no more numbers will come: those missing are passed over. */
void *order_rest(struct order *order);

#endif
