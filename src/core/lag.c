/* SPDX-License-Identifier: MIT */
/*
 * lag -- samples of how late an event loop is.
 *
 * The kernel's timer is what ticks, since a loop's own is as coarse as the
 * clock that libevent reads, some milliseconds, which is no fault of any
 * callback's. One that was late begins anew from then on. Those that should
 * have come in between are counted as well, each by how late it would have
 * been: else a loop that hangs for a second would count once, and a thousand
 * short waits would hide it (coordinated omission).
 */
#include "config.h"

#include <event2/event.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "core/histogram.h"
#include "core/lag.h"

#define LAG_EVERY (10 * CLOCK_MS)

/* Setting it also takes back that it was readable. */
static void
lag_arm(struct lag *lag)
{
	int64_t due_us = clock_us() + LAG_EVERY;
	const struct itimerspec at = { .it_value = {
		.tv_sec = due_us / CLOCK_SECOND,
		.tv_nsec = due_us % CLOCK_SECOND * 1000,
	} };

	lag->due_us = due_us;
	timerfd_settime(lag->fd, TFD_TIMER_ABSTIME, &at, NULL);
}

/* The tick came, or should have come, `late` ago. */
static void
lag_note(struct lag *lag, int64_t late)
{
	do {
		histogram_add(lag->late, late);
		late -= LAG_EVERY;
	} while (late > 0);
}

static void
lag_on_tick(evutil_socket_t fd, short what, void *arg)
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
	lag->fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (lag->fd < 0)
		return;
	event_assign(&lag->tick, base, lag->fd, EV_READ | EV_PERSIST,
		lag_on_tick, lag);
	event_add(&lag->tick, NULL);
	lag_arm(lag);
}

void
lag_stop(struct lag *lag)
{
	int64_t late = clock_us() - lag->due_us;

	if (lag->fd < 0)
		return;
	/* A callback that took long and then ended the loop left no time for
	 * the tick. */
	if (late > 0)
		lag_note(lag, late);
	event_del(&lag->tick);
	close(lag->fd);
}
