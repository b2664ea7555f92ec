/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_NET_LOOP_H
#define FETCHALL_NET_LOOP_H

#include "base/err.h"

struct event_base;

enum loop_flags {
	/*
	 * Gathers changes of interest until the next wait: fewer epoll_ctl(2)
	 * calls, but wrong once descriptors are shared by a fork. For loops
	 * of processes that never fork. One that was closed is taken off
	 * late, when its number may be that of another thread's; that is no
	 * harm, since the kernel looks for the pair of file and number.
	 */
	LOOP_CHANGELIST = 1 << 0,
};

/* An event base for one thread; event_base_free() ends it. */
struct event_base *loop_new(unsigned flags, struct err *err);

#endif
