/* SPDX-License-Identifier: MIT */
/*
 * lag -- samples of how late an event loop is.
 *
 * A timer that was late begins anew from then on. Those that should have come
 * in between are counted as well, each by how late it would have been: else a
 * loop that hangs for a second would count once, and a thousand short waits
 * would hide it (coordinated omission).
 */
#include "config.h"

#include <event2/event.h>

#include "base/clock.h"
#include "core/histogram.h"
#include "core/lag.h"

#define LAG_EVERY (10 * CLOCK_MS)

static void
lag_arm(struct lag *lag)
{
	static const struct timeval delay = { .tv_usec = LAG_EVERY };

	lag->due_us = clock_us() + LAG_EVERY;
	evtimer_add(&lag->timer, &delay);
}

/* The timer came, or should have come, `late` ago. */
static void
lag_note(struct lag *lag, int64_t late)
{
	do {
		histogram_add(lag->late, late);
		late -= LAG_EVERY;
	} while (late > 0);
}

static void
lag_on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct lag *lag = arg;

	(void)fd;
	(void)what;
	lag_note(lag, clock_us() - lag->due_us);
	lag_arm(lag);
}

void
lag_start(struct lag *lag, struct event_base *base, struct histogram *late)
{
	lag->late = late;
	evtimer_assign(&lag->timer, base, lag_on_timer, lag);
	lag_arm(lag);
}

void
lag_stop(struct lag *lag)
{
	int64_t late = clock_us() - lag->due_us;

	/* A callback that took long and then ended the loop left no time for
	 * the timer. */
	if (late > 0)
		lag_note(lag, late);
	event_del(&lag->timer);
}
