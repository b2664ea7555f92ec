/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_TESTS_CONFORM_PROMISE_H
#define FETCHALL_TESTS_CONFORM_PROMISE_H

#include <stddef.h>

struct strategy;

/* What every strategy must keep: a test that is told which one it is about. */
struct promise {
	const char *name;
	void (*keep)(const struct strategy *strategy);
};

/* The promises of one file. */
struct promise_set {
	const struct promise *rows;
	size_t n;
};

/*
 * How soon after a signal a run is over: a second, as promised, and something
 * for a machine under load. Sanitizers make threads and forks many times as
 * slow.
 */
#if defined __SANITIZE_THREAD__ || defined __SANITIZE_ADDRESS__
#define SOON (6 * CLOCK_SECOND)
#else
#define SOON (1500 * CLOCK_MS)
#endif

#define PROMISE(test) { #test, test }
#define PROMISE_ROWS(array) \
	.rows = (array), .n = sizeof(array) / sizeof *(array)

/* X(name): one file conform/NAME.c each. */
#define PROMISE_SETS(X) \
	X(delivery) \
	X(replies) \
	X(resumes) \
	X(retries) \
	X(redirects) \
	X(lookups) \
	X(posts) \
	X(bodies) \
	X(endings) \
	X(deadlines) \
	X(captures)

#define PROMISE_DECLARE(name) extern const struct promise_set promises_##name;
PROMISE_SETS(PROMISE_DECLARE)
#undef PROMISE_DECLARE

#endif
