/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_NET_LOOP_H
#define FETCHALL_NET_LOOP_H

#include "base/err.h"

struct event_base;

enum loop_flags {
	/*
	 * Gathers changes of interest until the next wait: fewer epoll_ctl(2)
	 * calls, but wrong once descriptors are shared by a fork, or opened
	 * by other loops. For the only loop of a process that never forks.
	 */
	LOOP_CHANGELIST = 1 << 0,
};

/* An event base for one thread; event_base_free() ends it. */
struct event_base *loop_new(unsigned flags, struct err *err);

#endif
