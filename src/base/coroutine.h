/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_BASE_COROUTINE_H
#define FETCHALL_BASE_COROUTINE_H

#include <stddef.h>

#include "base/err.h"

/*
 * Functions that may stop in the middle and go on later: each runs on a stack
 * of its own, in the thread that started it, and only when it is told to. All
 * calls for one `struct coroutines` belong to one thread.
 */
struct coroutine;
struct coroutines;

/* Stacks of `stack` bytes and an unmapped page below, used again and again. */
struct coroutines *coroutines_new(size_t stack);
/* All must have returned. NULL is fine. */
void coroutines_free(struct coroutines *coroutines);

/*
 * Sees to it that there is a stack for the next coroutine_start(). -1
 * (ERR_SYSTEM) when the system has none.
 */
int coroutines_reserve(struct coroutines *coroutines, struct err *err);

/*
 * Calls main(arg) on a reserved stack. Returns when it suspends itself or
 * returns, whichever comes first.
 */
void coroutine_start(struct coroutines *coroutines, void (*main)(void *),
	void *arg);
/* The one that is running; NULL outside of all. */
struct coroutine *coroutine_self(const struct coroutines *coroutines);
/* Back to who started or resumed the running one, until it is resumed. */
void coroutine_suspend(struct coroutines *coroutines);
/* Lets a suspended one go on; returns as coroutine_start() does. */
void coroutine_resume(struct coroutine *coroutine);

#endif
