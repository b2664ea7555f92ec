/* SPDX-License-Identifier: MIT */
/*
 * takers -- threads asleep, each on a condition of its own, so that one job
 * wakes one thread: with a hundred on one condition each end of a fetch would
 * wake them all. The last one to fall asleep is called first, its stack is
 * still in the cache.
 */
#include "config.h"

#include "core/takers.h"

struct taker {
	struct list node;
	pthread_cond_t called;
	int awake;
};

void
takers_init(struct takers *takers)
{
	list_init(&takers->asleep);
}

int
takers_none(const struct takers *takers)
{
	return list_empty(&takers->asleep);
}

void
takers_sleep(struct takers *takers, pthread_mutex_t *lock)
{
	struct taker taker = { .awake = 0 };

	pthread_cond_init(&taker.called, NULL);
	list_push_front(&takers->asleep, &taker.node);
	while (!taker.awake)
		pthread_cond_wait(&taker.called, lock);
	pthread_cond_destroy(&taker.called);
}

void
takers_call(struct takers *takers)
{
	struct list *node = list_pop(&takers->asleep);
	struct taker *taker;

	if (node == NULL)
		return;
	taker = LIST_ENTRY(node, struct taker, node);
	taker->awake = 1;
	pthread_cond_signal(&taker->called);
}

void
takers_call_all(struct takers *takers)
{
	while (!takers_none(takers))
		takers_call(takers);
}
