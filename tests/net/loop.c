/* SPDX-License-Identifier: MIT */
/*
 * Loops: always epoll, whatever the environment says, and no locks.
 */
#include "config.h"

#include <event2/event.h>

#include "net/loop.h"
#include "unit.h"

static void
a_loop_is_epoll(void **state)
{
	struct event_base *base;
	struct err err = { 0 };
	unsigned flags;

	(void)state;
	for (flags = 0; flags <= LOOP_CHANGELIST; flags++) {
		base = loop_new(flags, &err);
		assert_non_null(base);
		assert_int_equal(strncmp(event_base_get_method(base), "epoll",
			5), 0);
		event_base_free(base);
	}
}

/* It would change what is being measured. */
static void
the_environment_has_no_say(void **state)
{
	struct event_base *base;

	setenv("EVENT_NOEPOLL", "1", 1);
	a_loop_is_epoll(state);
	setenv("EVENT_SHOW_METHOD", "1", 1);
	base = loop_new(0, NULL);
	assert_non_null(base);
	event_base_free(base);
	unsetenv("EVENT_NOEPOLL");
	unsetenv("EVENT_SHOW_METHOD");
}

static void
count(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	++*(int *)arg;
}

static void
a_loop_runs_what_is_active(void **state)
{
	struct event_base *base = loop_new(LOOP_CHANGELIST, NULL);
	struct event *event;
	int n = 0;

	(void)state;
	event = event_new(base, -1, 0, count, &n);
	event_active(event, EV_TIMEOUT, 0);
	event_base_dispatch(base);
	assert_int_equal(n, 1);
	event_free(event);
	event_base_free(base);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(a_loop_is_epoll),
	cmocka_unit_test(the_environment_has_no_say),
	cmocka_unit_test(a_loop_runs_what_is_active),
};

UNIT_MAIN("net/loop", tests)
