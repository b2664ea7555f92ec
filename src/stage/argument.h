/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_STAGE_ARGUMENT_H
#define FETCHALL_STAGE_ARGUMENT_H

#include <stdint.h>

#include "base/err.h"

/* A number behind a stage's colon, and what to say where there is none. */
struct argument {
	const char *what;	/* "N": as in struct stage's arg */
	uint64_t min, max;
	const char *try;	/* the whole, as it could be: "fib:1000" */
};

/*
 * Both read a whole text and leave *ret alone when they return -1: ERR_USAGE,
 * which says what is wrong with `text` (NULL: nothing was given) and what to
 * write instead.
 */
/* 5000, 10k, 2M. */
int argument_count(const struct argument *argument, const char *text,
	uint64_t *ret, struct err *err);
/* A bare number is milliseconds; 2s, 100us have a unit. min and max are in
 * milliseconds, too. */
int argument_ms(const struct argument *argument, const char *text,
	int64_t *ret_us, struct err *err);

/* The same as the plan that a stage's open() makes, for close() to free():
 * a uint64_t, or an int64_t in microseconds. */
int argument_plan_count(const struct argument *argument, const char *text,
	void **ret_plan, struct err *err);
int argument_plan_ms(const struct argument *argument, const char *text,
	void **ret_plan, struct err *err);

#endif
