/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CORE_TAKERS_H
#define FETCHALL_CORE_TAKERS_H

#include <pthread.h>

#include "base/list.h"

/*
 * Threads that sleep until there is something to take. All calls are made
 * under one lock of the caller's.
 */
struct takers {
	struct list asleep;	/* the last to come first */
};

void takers_init(struct takers *takers);
int takers_none(const struct takers *takers);
/* Sleeps, the lock released meanwhile, until this thread is called. */
void takers_sleep(struct takers *takers, pthread_mutex_t *lock);
/* Wakes one, if any sleeps: it looks for itself and calls the next. */
void takers_call(struct takers *takers);
void takers_call_all(struct takers *takers);

#endif
