/* SPDX-License-Identifier: MIT */
/*
 * ending -- who is told to end, and when, whatever comes first. All that it
 * speaks to is played here, with the clock and poll(2), so that a second is
 * over at once and a millisecond too late is seen: these functions take the
 * place of the library's.
 */
#include "config.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/clock.h"
#include "core/dispatch.h"
#include "core/ending.h"
#include "core/ledger.h"
#include "core/service.h"
#include "core/stages.h"
#include "core/workshop.h"
#include "unit.h"

#define LEN(array) (sizeof(array) / sizeof *(array))
#define START (1000 * CLOCK_SECOND)	/* the clock when a test begins */
#define EVENTS 8

enum what {
	NOTHING,		/* the script's end */
	INTERRUPT, TERMINATE,	/* a signal */
	ENOUGH,			/* the first good reply */
	BUSY, LOOK, BACK,	/* a stage takes the loop, asks, is done */
	UNSET,			/* the strategy ends */
	LISTED,			/* more of the list can be left out */
	WORKED,			/* all works came back from the stages */
	STOPPED,		/* their workers ended */
	WRITTEN,		/* the ledger did */
};

struct event {
	int ms;
	enum what what;
};

/* Descriptors, as poll() is asked for them. */
enum { FD_SIGNALS = 100, FD_LIST, FD_WORKS, FD_WORKERS, FD_LEDGER, FDS };

static struct world {
	struct ending ending;
	int64_t now, timer_at;		/* timer_at 0: not set */
	const struct event *next;	/* of the script */
	int busy;			/* nobody turns the loop */
	int pending[EVENTS];		/* signals nobody read yet */
	size_t n_pending;
	int ready[FDS - FD_SIGNALS];
	int left;			/* turns until the list is left out */
	int wakes;
	struct buf told;
} world;

struct dispatch { char unused; } dispatch;
struct service { char unused; } service;
struct stages { char unused; } stages;

/* --- what is played --- */

int64_t
clock_us(void)
{
	return world.now;
}

/* Notes a call, which is to be made without locks. */
static void
told(const char *word)
{
	if (pthread_mutex_trylock(&world.ending.lock) != 0)
		fail_msg("%s with a lock held", word);
	pthread_mutex_unlock(&world.ending.lock);
	buf_printf(&world.told, "%s%s@%d", world.told.len > 0 ? " " : "",
		word, (int)((world.now - START) / CLOCK_MS));
}

void
dispatch_stop(struct dispatch *it)
{
	assert_ptr_equal(it, &dispatch);
	told("stop");
}

void
dispatch_expire(struct dispatch *it)
{
	assert_ptr_equal(it, &dispatch);
	told("expire");
}

void
dispatch_wake(void *arg)
{
	assert_ptr_equal(arg, &dispatch);
	world.wakes++;
}

int
dispatch_wake_fd(const struct dispatch *it)
{
	assert_ptr_equal(it, &dispatch);
	return FD_LIST;
}

int
dispatch_leave_out(struct dispatch *it)
{
	assert_ptr_equal(it, &dispatch);
	told("leave");
	world.ready[FD_LIST - FD_SIGNALS] = 0;
	return --world.left > 0;
}

void
service_set_timer(struct service *it, int64_t at_us)
{
	assert_ptr_equal(it, &service);
	if (world.timer_at == 0 || at_us < world.timer_at)
		world.timer_at = at_us;
}

int
service_signal_fd(const struct service *it)
{
	assert_ptr_equal(it, &service);
	return FD_SIGNALS;
}

int
service_signal(const struct service *it)
{
	int number = world.pending[0];

	assert_ptr_equal(it, &service);
	if (world.n_pending == 0)
		return 0;
	world.n_pending--;
	memmove(world.pending, world.pending + 1,
		world.n_pending * sizeof *world.pending);
	world.ready[0] = world.n_pending > 0;
	return number;
}

void
stages_cancel(struct stages *it)
{
	assert_ptr_equal(it, &stages);
	told("stages");
}

struct workshop *
stages_workshop(const struct stages *it)
{
	assert_ptr_equal(it, &stages);
	return NULL;
}

int
workshop_fd(const struct workshop *workshop)
{
	(void)workshop;
	return FD_WORKS;
}

void
stages_stop(struct stages *it)
{
	assert_ptr_equal(it, &stages);
	told("workers");
}

int
stages_fd(const struct stages *it)
{
	assert_ptr_equal(it, &stages);
	return FD_WORKERS;
}

void
stages_join(struct stages *it)
{
	assert_ptr_equal(it, &stages);
	told("join");
}

int
ledger_fd(const struct ledger *ledger)
{
	(void)ledger;
	return FD_LEDGER;
}

/* The strategy's; it alone is called with the lock held, so that it is not
 * called any more once it was taken away. */
static void
cancel(void *arg)
{
	assert_ptr_equal(arg, &world);
	assert_int_not_equal(pthread_mutex_trylock(&world.ending.lock), 0);
	buf_printf(&world.told, "%scancel@%d", world.told.len > 0 ? " " : "",
		(int)((world.now - START) / CLOCK_MS));
}

/* --- time passing --- */

static void
send(int number)
{
	assert_true(world.n_pending < EVENTS);
	world.pending[world.n_pending++] = number;
	world.ready[0] = 1;
}

static void
happen(enum what what)
{
	switch (what) {
	case INTERRUPT:
		send(SIGINT);
		break;
	case TERMINATE:
		send(SIGTERM);
		break;
	case ENOUGH:
		ending_on_enough(&world.ending);
		break;
	case LOOK:
		ending_look(&world.ending);
		break;
	case BUSY:
	case BACK:
		world.busy = what == BUSY;
		break;
	case UNSET:
		ending_set_cancel(&world.ending, NULL, NULL);
		break;
	case LISTED:
		world.ready[FD_LIST - FD_SIGNALS] = 1;
		break;
	case WORKED:
		world.ready[FD_WORKS - FD_SIGNALS] = 1;
		break;
	case STOPPED:
		world.ready[FD_WORKERS - FD_SIGNALS] = 1;
		break;
	case WRITTEN:
		world.ready[FD_LEDGER - FD_SIGNALS] = 1;
		break;
	case NOTHING:
		break;
	}
}

/* The next event of the script, if it comes by then. Returns whether. */
static int
step(int64_t until)
{
	int64_t at = START + world.next->ms * CLOCK_MS;

	if (world.next->what == NOTHING || at > until)
		return 0;
	if (at > world.now)
		world.now = at;
	happen(world.next++->what);
	return 1;
}

static int
look_at(struct pollfd *fds, nfds_t n)
{
	int ready = 0;
	nfds_t i;

	for (i = 0; i < n; i++) {
		assert_in_range(fds[i].fd, FD_SIGNALS, FDS - 1);
		fds[i].revents = world.ready[fds[i].fd - FD_SIGNALS] ?
			POLLIN : 0;
		ready += fds[i].revents != 0;
	}
	return ready;
}

int
poll(struct pollfd *fds, nfds_t n, int timeout)
{
	int64_t until = timeout < 0 ? INT64_MAX :
		world.now + timeout * CLOCK_MS;
	int ready;

	while ((ready = look_at(fds, n)) == 0 && step(until))
		;
	if (ready > 0)
		return ready;
	if (timeout < 0)
		fail_msg("waits for ever");
	world.now = until;
	return 0;
}

/* The strategy runs, and its loop calls what is the service's to call. */
static void
live(int ms)
{
	const int64_t end = START + ms * CLOCK_MS;
	int64_t until;
	int number;

	for (;;) {
		while (!world.busy && (number = service_signal(&service)) != 0)
			ending_on_signal(&world.ending, number);
		until = !world.busy && world.timer_at != 0 &&
			world.timer_at < end ? world.timer_at : end;
		if (step(until))
			continue;
		if (until > world.now)
			world.now = until;
		if (until == end)
			return;
		world.timer_at = 0;
		ending_on_timer(&world.ending);
	}
}

static void
begin(const struct event *script)
{
	world = (struct world){ .now = START, .next = script, .left = 1 };
	buf_init(&world.told, 1 << 16);
	ending_init(&world.ending);
	world.ending.dispatch = &dispatch;
	world.ending.service = &service;
	world.ending.stages = &stages;
	ending_set_cancel(&world.ending, cancel, &world);
}

static void
end(const char *note, const char *expected)
{
	if (strcmp(buf_text(&world.told), expected) != 0)
		fail_msg("%s: %s", note, buf_text(&world.told));
	if (world.next->what != NOTHING)
		fail_msg("%s: the script did not end", note);
	buf_release(&world.told);
	ending_release(&world.ending);
}

/* --- while the strategy runs --- */

static void
the_first_reason_to_end_counts(void **state)
{
	static const struct {
		const char *note;
		int deadline_ms;	/* 0: none */
		int until_ms;
		struct event script[EVENTS];
		const char *expected;
		int expired;
		enum err_code code;
	} cases[] = {
		{ "nothing", 0, 100000, { { 0 } }, "", 0, ERR_NONE },
		{ "a signal gives half a second", 0, 1545,
			{ { 1000, INTERRUPT } },
			"stop@1000 cancel@1500 stages@1500 cancel@1520 "
			"stages@1520 cancel@1540 stages@1540", 0,
			ERR_INTERRUPTED },
		{ "a second one gives nothing", 0, 1125,
			{ { 1000, INTERRUPT }, { 1100, INTERRUPT } },
			"stop@1000 cancel@1100 stages@1100 cancel@1120 "
			"stages@1120", 0, ERR_INTERRUPTED },
		{ "both at once", 0, 1015,
			{ { 1000, TERMINATE }, { 1000, INTERRUPT } },
			"stop@1000 cancel@1000 stages@1000", 0,
			ERR_TERMINATED },
		{ "a third one", 0, 1015,
			{ { 1000, INTERRUPT }, { 1005, TERMINATE },
			{ 1010, TERMINATE } },
			"stop@1000 cancel@1005 stages@1005 cancel@1010 "
			"stages@1010", 0, ERR_INTERRUPTED },
		{ "the deadline gives nothing", 2000, 2030, { { 0 } },
			"expire@2000 cancel@2000 stages@2000 cancel@2020 "
			"stages@2020", 1, ERR_NONE },
		{ "the deadline in a signal's time", 1200, 1510,
			{ { 1000, INTERRUPT } },
			"stop@1000 cancel@1500 stages@1500", 0,
			ERR_INTERRUPTED },
		{ "a signal behind the deadline", 1000, 1030,
			{ { 1005, TERMINATE } },
			"expire@1000 cancel@1000 stages@1000 stop@1005 "
			"cancel@1020 stages@1020", 1, ERR_TERMINATED },
		{ "enough", 0, 1030, { { 1000, ENOUGH } },
			"stop@1000 stages@1000 cancel@1000 stages@1000 "
			"cancel@1020 stages@1020", 0, ERR_NONE },
		{ "the deadline behind it", 1010, 1030, { { 1000, ENOUGH } },
			"stop@1000 stages@1000 cancel@1000 stages@1000 "
			"cancel@1020 stages@1020", 0, ERR_NONE },
		{ "enough behind the deadline", 1000, 1015,
			{ { 1010, ENOUGH } },
			"expire@1000 cancel@1000 stages@1000 stop@1010 "
			"stages@1010 cancel@1010 stages@1010", 1, ERR_NONE },
		{ "enough in a signal's time", 0, 1110,
			{ { 1000, INTERRUPT }, { 1100, ENOUGH } },
			"stop@1000 stop@1100 stages@1100 cancel@1100 "
			"stages@1100", 0, ERR_INTERRUPTED },
		{ "nothing is in flight any more", 0, 9000,
			{ { 1000, INTERRUPT }, { 1510, UNSET } },
			"stop@1000 cancel@1500 stages@1500 stages@1520", 0,
			ERR_INTERRUPTED },
		{ "nothing ever was", 0, 9000,
			{ { 500, UNSET }, { 1000, INTERRUPT } },
			"stop@1000 stages@1500", 0, ERR_INTERRUPTED },
		{ "nor at the deadline", 1000, 9000, { { 500, UNSET } },
			"expire@1000 stages@1000", 1, ERR_NONE },
	};
	struct err err;
	size_t i;
	int rc;

	(void)state;
	for (i = 0; i < LEN(cases); i++) {
		begin(cases[i].script);
		if (cases[i].deadline_ms != 0)
			ending_set_deadline(&world.ending, START +
				cases[i].deadline_ms * CLOCK_MS);
		live(cases[i].until_ms);
		if (ending_expired(&world.ending) != cases[i].expired)
			fail_msg("%s: the deadline", cases[i].note);
		err = (struct err){ 0 };
		rc = ending_error(&world.ending, &err);
		if (err.code != cases[i].code ||
		    rc != (err.code == ERR_NONE ? 0 : -1))
			fail_msg("%s: %d, %s", cases[i].note, rc, err.text);
		end(cases[i].note, cases[i].expected);
	}
}

static void
the_error_names_the_first_signal(void **state)
{
	static const struct {
		struct event script[EVENTS];
		const char *expected;
	} cases[] = {
		{ { { 1, INTERRUPT }, { 2, TERMINATE } },
			"ended early by SIGINT" },
		{ { { 1, TERMINATE }, { 2, INTERRUPT } },
			"ended early by SIGTERM" },
	};
	struct err err = { 0 };
	size_t i;

	(void)state;
	for (i = 0; i < LEN(cases); i++) {
		begin(cases[i].script);
		live(3);
		assert_int_equal(ending_error(&world.ending, &err), -1);
		assert_string_equal(err.text, cases[i].expected);
		end(cases[i].expected, "stop@1 cancel@2 stages@2");
	}
}

/* Or a thread that waits for a job would not see that none will come. */
static void
who_waits_is_woken(void **state)
{
	static const struct event script[] = { { 1000, INTERRUPT }, { 0 } };

	(void)state;
	begin(script);
	ending_set_cancel(&world.ending, NULL, NULL);
	world.ending.stages = NULL;
	live(1499);
	world.wakes = 0;
	live(9000);
	assert_int_equal(world.wakes, 1);
	end("without stages", "stop@1000");
}

/* It has one timer with those who wait to try again. */
static void
the_timer_is_not_the_endings_alone(void **state)
{
	static const struct event script[] = { { 0 } };

	(void)state;
	begin(script);
	ending_set_deadline(&world.ending, START + 1000 * CLOCK_MS);
	service_set_timer(&service, START + 300 * CLOCK_MS);
	live(999);
	assert_int_equal(world.wakes, 1);
	live(1015);
	end("another's time", "expire@1000 cancel@1000 stages@1000");
}

static void
a_stage_in_the_loop_looks_for_itself(void **state)
{
	static const struct {
		const char *note;
		int deadline_ms;	/* 0: none */
		int until_ms;
		struct event script[EVENTS];
		const char *expected;
	} cases[] = {
		{ "nothing", 0, 2000, { { 1000, BUSY }, { 1001, LOOK } }, "" },
		{ "nobody looks", 0, 1100,
			{ { 1000, BUSY }, { 1001, INTERRUPT } }, "" },
		{ "a signal gives half a second", 0, 1900,
			{ { 1000, BUSY }, { 1001, INTERRUPT }, { 1100, LOOK },
			{ 1599, LOOK } }, "stop@1100" },
		{ "then the stages are told, not the fetches", 0, 1900,
			{ { 1000, BUSY }, { 1001, INTERRUPT }, { 1100, LOOK },
			{ 1600, LOOK } },
			"stop@1100 stop@1600 stages@1600" },
		{ "they are when the loop is back", 0, 1710,
			{ { 1000, BUSY }, { 1001, INTERRUPT }, { 1100, LOOK },
			{ 1600, LOOK }, { 1700, BACK } },
			"stop@1100 stop@1600 stages@1600 cancel@1700 "
			"stages@1700" },
		{ "back in time", 0, 1605,
			{ { 1000, BUSY }, { 1001, INTERRUPT }, { 1100, LOOK },
			{ 1200, BACK } },
			"stop@1100 cancel@1600 stages@1600" },
		{ "a second signal gives nothing", 0, 1900,
			{ { 1000, BUSY }, { 1001, INTERRUPT }, { 1100, LOOK },
			{ 1200, INTERRUPT }, { 1210, LOOK } },
			"stop@1100 stop@1210 stop@1210 stages@1210" },
		{ "the deadline", 1200, 1900,
			{ { 1000, BUSY }, { 1199, LOOK }, { 1210, LOOK } },
			"expire@1210 stages@1210" },
		{ "then the fetches are the loop's", 1200, 1310,
			{ { 1000, BUSY }, { 1210, LOOK }, { 1300, BACK } },
			"expire@1210 stages@1210 cancel@1300 stages@1300" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < LEN(cases); i++) {
		begin(cases[i].script);
		if (cases[i].deadline_ms != 0)
			ending_set_deadline(&world.ending, START +
				cases[i].deadline_ms * CLOCK_MS);
		live(cases[i].until_ms);
		end(cases[i].note, cases[i].expected);
	}
}

/* --- after it --- */

static void
the_rest_is_left_out_until_a_signal(void **state)
{
	static const struct {
		const char *note;
		int turns;
		int live_ms;		/* before the strategy ended */
		struct event script[EVENTS];
		const char *expected;
	} cases[] = {
		{ "at once", 1, 0, { { 0 } }, "leave@0" },
		{ "as it is read", 3, 0, { { 100, LISTED }, { 90000, LISTED } },
			"leave@0 leave@100 leave@90000" },
		{ "a signal", 9, 0, { { 100, LISTED }, { 150, INTERRUPT } },
			"leave@0 leave@100" },
		{ "a signal came", 9, 50, { { 10, INTERRUPT } }, "stop@10" },
		{ "it was enough", 9, 10, { { 10, ENOUGH } },
			"stop@10 stages@10" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < LEN(cases); i++) {
		begin(cases[i].script);
		world.left = cases[i].turns;
		live(cases[i].live_ms);
		ending_leave_out(&world.ending);
		end(cases[i].note, cases[i].expected);
	}
}

static void
stages_are_waited_for_as_long_as_there_is_time(void **state)
{
	static const struct {
		const char *note;
		int deadline_ms;	/* 0: none */
		int live_ms;		/* before the strategy ended */
		struct event script[EVENTS];
		const char *expected;
		int rc, over_ms;
	} cases[] = {
		{ "all is well", 0, 0, { { 100, WORKED }, { 200, STOPPED } },
			"workers@100 join@200", 0, 200 },
		{ "for ever", 0, 0,
			{ { 2000000, WORKED }, { 2000001, STOPPED } },
			"workers@2000000 join@2000001", 0, 2000001 },
		{ "commands have three seconds", 0, 0,
			{ { 100, WORKED }, { 90000, STOPPED } },
			"workers@100 stages@3100 join@90000", 0, 90000 },
		{ "a signal, and they hang", 0, 0, { { 100, INTERRUPT } },
			"stages@600", -1, 1000 },
		{ "another one", 0, 0,
			{ { 100, INTERRUPT }, { 200, INTERRUPT } },
			"stages@200", -1, 300 },
		{ "a signal, and they end in time", 0, 0,
			{ { 100, INTERRUPT }, { 300, WORKED },
			{ 500, STOPPED } }, "workers@300 join@500", 0, 500 },
		{ "a signal, and they end when told", 0, 0,
			{ { 100, INTERRUPT }, { 650, WORKED },
			{ 700, STOPPED } },
			"stages@600 workers@650 stages@650 join@700", 0, 700 },
		{ "a signal, and commands hang", 0, 0,
			{ { 100, INTERRUPT }, { 300, WORKED } },
			"workers@300 stages@600", -1, 1000 },
		{ "a signal long ago", 0, 5000,
			{ { 100, INTERRUPT }, { 200, UNSET }, { 5050, WORKED },
			{ 5100, STOPPED } },
			"stop@100 stages@600 stages@5000 workers@5050 "
			"stages@5050 join@5100", 0, 5100 },
		{ "and they hang", 0, 5000,
			{ { 100, INTERRUPT }, { 200, UNSET } },
			"stop@100 stages@600 stages@5000", -1, 5100 },
		{ "the deadline", 500, 0,
			{ { 90000, WORKED }, { 90001, STOPPED } },
			"expire@500 stages@500 workers@90000 join@90001", 0,
			90001 },
		{ "the deadline, and commands", 500, 0,
			{ { 100, WORKED }, { 600, STOPPED } },
			"workers@100 expire@500 stages@500 join@600", 0, 600 },
		{ "the deadline in a signal's time", 500, 0,
			{ { 100, INTERRUPT } }, "stages@600", -1, 1000 },
		{ "a signal behind the deadline", 500, 0,
			{ { 600, INTERRUPT } }, "expire@500 stages@500", -1,
			1500 },
	};
	size_t i;
	int rc, over_ms;

	(void)state;
	for (i = 0; i < LEN(cases); i++) {
		begin(cases[i].script);
		if (cases[i].deadline_ms != 0)
			ending_set_deadline(&world.ending, START +
				cases[i].deadline_ms * CLOCK_MS);
		live(cases[i].live_ms);
		rc = ending_await_stages(&world.ending);
		over_ms = (int)((world.now - START) / CLOCK_MS);
		if (rc != cases[i].rc || over_ms != cases[i].over_ms)
			fail_msg("%s: %d at %d: %s", cases[i].note, rc,
				over_ms, buf_text(&world.told));
		end(cases[i].note, cases[i].expected);
	}
}

static void
the_ledger_is_waited_for_until_a_signals_time_is_over(void **state)
{
	static const struct {
		const char *note;
		int live_ms;		/* before the strategy ended */
		struct event script[EVENTS];
		int rc, over_ms;
	} cases[] = {
		{ "it has ended", 0, { { 0, WRITTEN } }, 0, 0 },
		{ "for ever", 0, { { 2000000, WRITTEN } }, 0, 2000000 },
		{ "a signal, and it ends", 0,
			{ { 100, INTERRUPT }, { 999, WRITTEN } }, 0, 999 },
		{ "a signal, and it hangs", 0, { { 100, INTERRUPT } }, -1,
			1000 },
		{ "another one", 0, { { 100, INTERRUPT }, { 300, TERMINATE } },
			-1, 400 },
		{ "another one gives no more time", 0,
			{ { 100, INTERRUPT }, { 950, TERMINATE } }, -1, 1000 },
		{ "both at once", 0, { { 100, INTERRUPT }, { 100, INTERRUPT } },
			-1, 200 },
		{ "a signal before", 600, { { 100, INTERRUPT } }, -1, 1000 },
		{ "a signal long ago", 5000, { { 100, INTERRUPT } }, -1,
			5100 },
		{ "a signal long ago, and it ends", 5000,
			{ { 100, INTERRUPT }, { 5050, WRITTEN } }, 0, 5050 },
		{ "two of them long ago", 5000,
			{ { 100, INTERRUPT }, { 200, INTERRUPT },
			{ 5050, WRITTEN } }, 0, 5050 },
	};
	size_t i;
	int rc, over_ms;

	(void)state;
	for (i = 0; i < LEN(cases); i++) {
		begin(cases[i].script);
		ending_set_cancel(&world.ending, NULL, NULL);
		world.ending.stages = NULL;
		live(cases[i].live_ms);
		rc = ending_await_ledger(&world.ending, NULL);
		over_ms = (int)((world.now - START) / CLOCK_MS);
		if (rc != cases[i].rc || over_ms != cases[i].over_ms)
			fail_msg("%s: %d at %d", cases[i].note, rc, over_ms);
		assert_int_equal(world.next->what, NOTHING);
		buf_release(&world.told);
		ending_release(&world.ending);
	}
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(the_first_reason_to_end_counts),
	cmocka_unit_test(the_error_names_the_first_signal),
	cmocka_unit_test(who_waits_is_woken),
	cmocka_unit_test(the_timer_is_not_the_endings_alone),
	cmocka_unit_test(a_stage_in_the_loop_looks_for_itself),
	cmocka_unit_test(the_rest_is_left_out_until_a_signal),
	cmocka_unit_test(stages_are_waited_for_as_long_as_there_is_time),
	cmocka_unit_test(the_ledger_is_waited_for_until_a_signals_time_is_over),
};

UNIT_MAIN("core/ending", tests)
