/* SPDX-License-Identifier: MIT */
/*
 * argument -- numbers behind a stage's colon. They are read before anything
 * is fetched, so that a slip costs no run; the words are the same for all.
 */
#include "config.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/units.h"
#include "stage/argument.h"

#define ARGUMENT_MAX 64		/* of what was typed, in messages */

static int
argument_refuse(const struct argument *argument, const char *text,
	const char *unit, struct err *err)
{
	if (text == NULL || *text == '\0')
		return err_set(err, ERR_USAGE, "%s is missing, a number from "
			"%" PRIu64 " to %" PRIu64 "%s; try %s", argument->what,
			argument->min, argument->max, unit, argument->try);
	return err_set(err, ERR_USAGE, "'%.*s' is no %s, a number from "
		"%" PRIu64 " to %" PRIu64 "%s; try %s", ARGUMENT_MAX, text,
		argument->what, argument->min, argument->max, unit,
		argument->try);
}

int
argument_count(const struct argument *argument, const char *text,
	uint64_t *ret, struct err *err)
{
	uint64_t n;

	if (text == NULL || units_count(text, &n) != 0 ||
	    n < argument->min || n > argument->max)
		return argument_refuse(argument, text, "", err);
	*ret = n;
	return 0;
}

int
argument_ms(const struct argument *argument, const char *text,
	int64_t *ret_us, struct err *err)
{
	int64_t us;

	if (text == NULL || units_time(text, &us) != 0)
		return argument_refuse(argument, text, " (ms)", err);
	/* units_time() takes a bare number for seconds. */
	if (text[strspn(text, "0123456789. ")] == '\0')
		us /= 1000;
	if (us < (int64_t)argument->min * CLOCK_MS ||
	    us > (int64_t)argument->max * CLOCK_MS)
		return argument_refuse(argument, text, " (ms)", err);
	*ret_us = us;
	return 0;
}

int
argument_plan_count(const struct argument *argument, const char *text,
	void **ret_plan, struct err *err)
{
	uint64_t n;

	if (argument_count(argument, text, &n, err) != 0)
		return -1;
	*ret_plan = mem_dup(&n, sizeof n);
	return 0;
}

int
argument_plan_ms(const struct argument *argument, const char *text,
	void **ret_plan, struct err *err)
{
	int64_t us;

	if (argument_ms(argument, text, &us, err) != 0)
		return -1;
	*ret_plan = mem_dup(&us, sizeof us);
	return 0;
}
