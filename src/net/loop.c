/* SPDX-License-Identifier: MIT */
/*
 * loop -- how every libevent base of this program is made: without locks,
 * since each belongs to one thread, and without looking at the environment
 * (EVENT_NOEPOLL and friends would change what is being measured).
 */
#include "config.h"

#include <event2/event.h>

#include "net/loop.h"

struct event_base *
loop_new(unsigned flags, struct err *err)
{
	struct event_config *config = event_config_new();
	struct event_base *base = NULL;
	int wanted = EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_IGNORE_ENV;

	if (flags & LOOP_CHANGELIST)
		wanted |= EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST;
	if (config != NULL) {
		event_config_set_flag(config, wanted);
		base = event_base_new_with_config(config);
		event_config_free(config);
	}
	if (base == NULL)
		err_sys(err, "cannot make an event loop");
	return base;
}
