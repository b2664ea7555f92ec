/* SPDX-License-Identifier: MIT */
/*
 * sleep -- a load that waits: the worker does nothing for MS milliseconds, as
 * one does that asks a database. Unlike spin it takes no processor, so more
 * workers than cores help.
 */
#include "config.h"

#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "stage/argument.h"
#include "stage/family.h"

#define SLEEP_SLICE_US (20 * CLOCK_MS)	/* between looks at the run's end */

static int
sleep_open(const char *arg, const void *settings, void **ret_plan,
	struct err *err)
{
	static const struct argument argument = {
		"MS", 0, 3600000, "sleep:100",
	};

	(void)settings;
	return argument_plan_ms(&argument, arg, ret_plan, err);
}

/* A signal may cut it short. */
static void
sleep_slice(int64_t us)
{
	struct timespec slice = { 0 };

	if (us > SLEEP_SLICE_US)
		us = SLEEP_SLICE_US;
	slice.tv_nsec = (long)us * 1000;
	nanosleep(&slice, NULL);
}

static int
sleep_end(void *self, struct stage_call *call, struct err *err)
{
	const int64_t *us = self;
	int64_t due = clock_us() + *us;
	int64_t left;

	while ((left = due - clock_us()) > 0) {
		if (stage_stopped(call, err) != 0)
			return -1;
		sleep_slice(left);
	}
	return 0;
}

const struct stage stage_sleep = {
	.name = "sleep",
	.arg = "MS",
	.brief = "load that waits: the worker sleeps for MS milliseconds",
	.notes = "The body is not looked at. MS may have a fraction or another "
		"unit (0.5, 100us, 2s).",
	.open = sleep_open,
	.close = free,
	.end = sleep_end,
};
