/* SPDX-License-Identifier: MIT */
/*
 * ending -- when a run is cut short, and how long each part may take then.
 * A signal promises the user an end within a second: half of it is for what
 * is under way, the rest for cancelling it and for outputs.
 */
#include "config.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "core/dispatch.h"
#include "core/ending.h"
#include "core/ledger.h"
#include "core/service.h"
#include "core/stages.h"
#include "core/workshop.h"

#define ENDING_GRACE (500 * CLOCK_MS)	/* for what is in flight at Ctrl-C */
#define ENDING_PATIENCE (900 * CLOCK_MS)	/* for outputs after Ctrl-C */
#define ENDING_HURRY (100 * CLOCK_MS)	/* the same after another one */
#define ENDING_STOP (3 * CLOCK_SECOND)	/* for commands of stages to end */
#define ENDING_CANCEL_AGAIN (20 * CLOCK_MS)
#define ENDING_LOOK (10 * CLOCK_MS)	/* between looks for a signal */

void
ending_init(struct ending *ending)
{
	*ending = (struct ending){ .n_signals = 0 };
	pthread_mutex_init(&ending->lock, NULL);
}

void
ending_release(struct ending *ending)
{
	pthread_mutex_destroy(&ending->lock);
}

void
ending_set_deadline(struct ending *ending, int64_t at_us)
{
	pthread_mutex_lock(&ending->lock);
	ending->deadline_us = at_us;
	pthread_mutex_unlock(&ending->lock);
	service_set_timer(ending->service, at_us);
}

void
ending_set_cancel(struct ending *ending, void (*cancel)(void *), void *arg)
{
	pthread_mutex_lock(&ending->lock);
	ending->cancel = cancel;
	ending->cancel_arg = arg;
	pthread_mutex_unlock(&ending->lock);
}

/* --- while the strategy runs --- */

static void
ending_cancel(struct ending *ending)
{
	int again;

	pthread_mutex_lock(&ending->lock);
	ending->cancelling = 1;
	again = ending->cancel != NULL;
	if (again)
		ending->cancel(ending->cancel_arg);
	pthread_mutex_unlock(&ending->lock);
	if (ending->stages != NULL)
		stages_cancel(ending->stages);
	dispatch_wake(ending->dispatch);
	if (again)
		service_set_timer(ending->service,
			clock_us() + ENDING_CANCEL_AGAIN);
}

/* Returns how many signals came so far. */
static int
ending_note_signal(struct ending *ending, int number)
{
	int n;

	pthread_mutex_lock(&ending->lock);
	n = ++ending->n_signals;
	ending->again_us = clock_us();
	if (n == 1) {
		ending->signal = number;
		ending->signal_us = ending->again_us;
	}
	pthread_mutex_unlock(&ending->lock);
	return n;
}

/* The first lets what is under way end for a moment; the second does not. */
void
ending_on_signal(void *arg, int number)
{
	struct ending *ending = arg;

	if (ending_note_signal(ending, number) > 1) {
		ending_cancel(ending);
		return;
	}
	dispatch_stop(ending->dispatch);
	service_set_timer(ending->service, clock_us() + ENDING_GRACE);
}

/* Locked. When the deadline is, 0: there is none, or no more: what has begun
 * to end the run goes on doing it. */
static int64_t
ending_deadline(const struct ending *ending)
{
	if (ending->n_signals > 0 || ending->cancelling)
		return 0;
	return ending->deadline_us;
}

/* Whether the deadline has just come. */
static int
ending_expire(struct ending *ending)
{
	int64_t at;
	int expired;

	pthread_mutex_lock(&ending->lock);
	at = ending_deadline(ending);
	expired = at != 0 && clock_us() >= at;
	if (expired)
		ending->expired = ending->cancelling = 1;
	pthread_mutex_unlock(&ending->lock);
	if (expired)
		dispatch_expire(ending->dispatch);
	return expired;
}

/* When the timer is to come again: 0: what is under way is to be cancelled
 * now; -1: never. */
static int64_t
ending_next_us(struct ending *ending)
{
	int64_t at = -1;

	pthread_mutex_lock(&ending->lock);
	if (ending->cancelling)
		at = 0;
	else if (ending->n_signals > 0)
		at = ending->signal_us + ENDING_GRACE;
	else if (ending->deadline_us != 0)
		at = ending->deadline_us;
	pthread_mutex_unlock(&ending->lock);
	return at >= 0 && at <= clock_us() ? 0 : at;
}

void
ending_on_timer(void *arg)
{
	struct ending *ending = arg;
	int64_t at;

	ending_expire(ending);
	at = ending_next_us(ending);
	if (at == 0) {
		ending_cancel(ending);
		return;
	}
	if (at > 0)
		service_set_timer(ending->service, at);
	dispatch_wake(ending->dispatch);
}

/* The timer may be late, or nobody's any more: a stage holds its loop up, or
 * outlasts all fetches. So stages are told here. */
static void
ending_cancel_soon(struct ending *ending)
{
	if (ending->stages != NULL)
		stages_cancel(ending->stages);
	service_set_timer(ending->service, clock_us());
}

/* What is under way is of no use. */
void
ending_on_enough(void *arg)
{
	struct ending *ending = arg;

	pthread_mutex_lock(&ending->lock);
	ending->enough = ending->cancelling = 1;
	pthread_mutex_unlock(&ending->lock);
	dispatch_stop(ending->dispatch);
	ending_cancel_soon(ending);
}

/* What is left of the time that a first signal gives; 0: it is over. */
static int
ending_grace_ms(const struct ending *ending)
{
	int64_t left = ending->signal_us + ENDING_GRACE - clock_us();

	if (ending->n_signals == 0)
		return -1;
	if (ending->n_signals > 1 || left <= 0)
		return 0;
	return (int)((left + CLOCK_MS - 1) / CLOCK_MS);
}

void
ending_look(void *arg)
{
	struct ending *ending = arg;
	int64_t now = clock_us();
	int number, grace;

	if (now - atomic_load(&ending->looked_us) < ENDING_LOOK)
		return;
	atomic_store(&ending->looked_us, now);
	while ((number = service_signal(ending->service)) != 0) {
		ending_note_signal(ending, number);
		dispatch_stop(ending->dispatch);
		service_set_timer(ending->service, now + ENDING_GRACE);
	}
	pthread_mutex_lock(&ending->lock);
	grace = ending_grace_ms(ending);
	pthread_mutex_unlock(&ending->lock);
	if (grace == 0)
		ending_on_enough(ending);
	else if (ending_expire(ending))
		ending_cancel_soon(ending);
}

/* --- after it --- */

/*
 * How long outputs, which had their last record at `since_us`, may still take:
 * for ever as long as no signal came.
 */
static int
ending_patience_ms(const struct ending *ending, int64_t since_us)
{
	int64_t end = ending->signal_us + ENDING_PATIENCE, left;

	if (ending->n_signals == 0)
		return -1;
	if (ending->n_signals > 1 && ending->again_us + ENDING_HURRY < end)
		end = ending->again_us + ENDING_HURRY;
	/*
	 * Not at once, however long the strategy took to end: that would lose
	 * records that nothing holds up.
	 */
	if (end < since_us + ENDING_HURRY)
		end = since_us + ENDING_HURRY;
	left = end - clock_us();
	return left > 0 ? (int)((left + CLOCK_MS - 1) / CLOCK_MS) : 0;
}

/* Waits for `fd`, and for signals: 1: it is readable, 0: not yet, -1: the
 * time was over before. */
static int
ending_await(struct ending *ending, int fd, int timeout)
{
	struct pollfd fds[] = {
		{ .fd = fd, .events = POLLIN },
		{ .fd = service_signal_fd(ending->service), .events = POLLIN },
	};
	int number;

	if (poll(fds, 2, timeout) < 0 && errno != EINTR)
		return -1;
	if (fds[0].revents != 0)
		return 1;
	while ((number = service_signal(ending->service)) != 0)
		ending_note_signal(ending, number);
	return timeout == 0 ? -1 : 0;
}

void
ending_leave_out(struct ending *ending)
{
	while (ending->n_signals == 0 && !ending->enough &&
	    dispatch_leave_out(ending->dispatch))
		ending_await(ending, dispatch_wake_fd(ending->dispatch), -1);
}

int
ending_expired(const struct ending *ending)
{
	return ending->expired;
}

/* What is left of a signal's time, of the deadline's or of all, whichever is
 * least. */
static int
ending_time_ms(struct ending *ending, int64_t until_us)
{
	int64_t deadline, left;
	int grace;

	/* The ledger is at work, and may yet fail. */
	pthread_mutex_lock(&ending->lock);
	deadline = ending_deadline(ending);
	grace = ending_grace_ms(ending);
	pthread_mutex_unlock(&ending->lock);
	if (deadline != 0 && deadline < until_us)
		until_us = deadline;
	left = until_us - clock_us();
	if (left < 0)
		left = 0;
	if (grace >= 0 && grace * CLOCK_MS < left)
		return grace;
	return left / CLOCK_MS < INT_MAX ?
		(int)((left + CLOCK_MS - 1) / CLOCK_MS) : -1;
}

/* Stages are cancelled when the time is over. */
static int
ending_await_or_cancel(struct ending *ending, int fd, int64_t until_us)
{
	int64_t cancelled_us;
	int came;

	while ((came = ending_await(ending, fd, ending_time_ms(ending,
	    until_us))) == 0)
		;
	if (came > 0)
		return 0;
	ending_expire(ending);
	stages_cancel(ending->stages);
	cancelled_us = clock_us();
	while ((came = ending_await(ending, fd, ending_patience_ms(ending,
	    cancelled_us))) == 0)
		;
	return came > 0 ? 0 : -1;
}

int
ending_await_stages(struct ending *ending)
{
	struct stages *stages = ending->stages;

	if (ending_await_or_cancel(ending, workshop_fd(stages_workshop(
	    stages)), INT64_MAX) != 0)
		return -1;
	stages_stop(stages);
	/* One time for all commands, which some pools end one by one. */
	if (ending_await_or_cancel(ending, stages_fd(stages),
	    clock_us() + ENDING_STOP) != 0)
		return -1;
	stages_join(stages);
	return 0;
}

int
ending_await_ledger(struct ending *ending, const struct ledger *ledger)
{
	int64_t since_us = clock_us();
	int came;

	while ((came = ending_await(ending, ledger_fd(ledger),
	    ending_patience_ms(ending, since_us))) == 0)
		;
	return came > 0 ? 0 : -1;
}

int
ending_error(const struct ending *ending, struct err *err)
{
	if (ending->n_signals == 0)
		return 0;
	return err_set(err, ending->signal == SIGTERM ? ERR_TERMINATED :
		ERR_INTERRUPTED, "ended early by %s",
		ending->signal == SIGTERM ? "SIGTERM" : "SIGINT");
}
