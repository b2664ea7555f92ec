/* SPDX-License-Identifier: MIT */
/*
 * order -- a row of runs. Numbers without a thing that follow one another are
 * one run: millions may come while one is awaited, and then cost no more than
 * the things between them, of which there never are many. Most numbers come
 * nearly in order, so a new one has its place near the end and an array is
 * moved less than a tree is walked.
 */
#include "config.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "core/order.h"

/* Numbers `first` to `last`; with a thing these are the same. */
struct order_run {
	uint64_t first, last;
	void *thing;
};

/* runs[begin..end) rise and do not meet; nothing of what left is in them. */
struct order {
	uint64_t next;		/* the number whose turn it is */
	struct order_run *runs;
	size_t begin, end, size;
};

struct order *
order_new(void)
{
	struct order *order = mem_array(1, sizeof *order);

	order->next = 1;
	return order;
}

void
order_free(struct order *order)
{
	if (order == NULL)
		return;
	free(order->runs);
	free(order);
}

/* The first run behind the number. */
static size_t
order_find(const struct order *order, uint64_t number)
{
	size_t low = order->begin, high = order->end, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (order->runs[middle].first > number)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/* Room for one more at the end: what left at the beginning is reused before
 * the array grows. */
static void
order_make_room(struct order *order)
{
	size_t n = order->end - order->begin;

	if (order->end < order->size)
		return;
	if (n <= order->size / 2 && order->size > 0) {
		memmove(order->runs, order->runs + order->begin,
			n * sizeof *order->runs);
		order->begin = 0;
		order->end = n;
		return;
	}
	order->size += order->size / 2 + 64;
	order->runs = mem_grow(order->runs, order->size,
		sizeof *order->runs);
}

static void
order_insert(struct order *order, uint64_t number, void *thing)
{
	size_t at;

	order_make_room(order);
	at = order_find(order, number);
	memmove(&order->runs[at + 1], &order->runs[at],
		(order->end++ - at) * sizeof *order->runs);
	order->runs[at] = (struct order_run){ number, number, thing };
}

static void
order_remove(struct order *order, size_t at)
{
	memmove(&order->runs[at], &order->runs[at + 1],
		(--order->end - at) * sizeof *order->runs);
}

/* Makes the number part of the runs it touches; 0: it touches none. */
static int
order_join(struct order *order, uint64_t number)
{
	size_t at = order_find(order, number);
	struct order_run *before = NULL, *behind = NULL;

	if (at > order->begin && order->runs[at - 1].thing == NULL &&
	    order->runs[at - 1].last + 1 == number)
		before = &order->runs[at - 1];
	if (at < order->end && order->runs[at].thing == NULL &&
	    order->runs[at].first == number + 1)
		behind = &order->runs[at];
	if (before != NULL && behind != NULL) {
		before->last = behind->last;
		order_remove(order, at);
	} else if (before != NULL) {
		before->last = number;
	} else if (behind != NULL) {
		behind->first = number;
	}
	return before != NULL || behind != NULL;
}

void
order_add(struct order *order, uint64_t number, void *thing)
{
	assert(number >= order->next);
	if (thing != NULL || !order_join(order, number))
		order_insert(order, number, thing);
}

static void *
order_pop(struct order *order)
{
	struct order_run *run = &order->runs[order->begin++];

	order->next = run->last + 1;
	return run->thing;
}

void *
order_next(struct order *order)
{
	void *thing = NULL;

	while (thing == NULL && order->begin < order->end &&
	    order->runs[order->begin].first == order->next)
		thing = order_pop(order);
	return thing;
}

void *
order_rest(struct order *order)
{
	void *thing = NULL;

	while (thing == NULL && order->begin < order->end)
		thing = order_pop(order);
	return thing;
}
