/* SPDX-License-Identifier: MIT */
/*
 * spin -- a compute load of a known length: MS milliseconds of the worker's
 * CPU time, by the thread's own clock. So two workers on one core take twice
 * as long on the wall, as real work would, while sleep's would not.
 */
#include "config.h"

#include "base/clock.h"
#include "base/mem.h"
#include "stage/argument.h"
#include "stage/family.h"

#define SPIN_LOOPS 2500		/* some 5 us, between two looks at the clock */

static int
spin_open(const char *arg, const void *settings, void **ret_plan,
	struct err *err)
{
	static const struct argument argument = { "MS", 0, 3600000, "spin:5" };

	(void)settings;
	return argument_plan_ms(&argument, arg, ret_plan, err);
}

static int
spin_end(void *self, struct stage_call *call, struct err *err)
{
	const int64_t *us = self;
	int64_t due = clock_thread_us() + *us;
	volatile unsigned n;

	while (clock_thread_us() < due) {
		if (stage_stopped(call, err) != 0)
			return -1;
		for (n = 0; n < SPIN_LOOPS; n++)
			;
	}
	return 0;
}

const struct stage stage_spin = {
	.name = "spin",
	.arg = "MS",
	.brief = "compute load: busy for MS milliseconds of CPU time",
	.notes = "The body is not looked at. MS may have a fraction or another "
		"unit (0.5, 100us, 2s); it is the worker's own CPU time, not "
		"the wall's.",
	.open = spin_open,
	.close = free,
	.end = spin_end,
};
