/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CORE_SERVICE_H
#define FETCHALL_CORE_SERVICE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/heap.h"
#include "base/list.h"
#include "net/names.h"

struct event_base;

/*
 * What every strategy needs done beside its fetches: names, one timer, and
 * signals. They are events that go on any base: a strategy with a loop of its
 * own attaches them there, for the others a thread runs them.
 */
struct service;

/* Called from the base's thread. */
struct service_hooks {
	void (*on_timer)(void *arg);
	void (*on_signal)(void *arg, int number);
	void *arg;
};

/* One look-up asked for; the asker's memory until `done` was called. */
struct service_ask {
	const char *host;
	size_t host_len;
	uint16_t port;
	int64_t until_us;	/* NAMES_TIMEOUT then, of clock_us(); 0: when
				 * the names themselves give up */
	int64_t doubt_us;	/* as of struct names_waiter */
	/* From the base's thread; `addrs` is borrowed for the call. */
	void (*done)(struct service_ask *, enum names_status status,
		struct addrs *addrs);
	/* The service's own: */
	struct service *service;
	struct list node;
	struct heap_node due;
	struct names_waiter waiter;
};

/* `names` is borrowed. SIGINT and SIGTERM are blocked from here on. */
struct service *service_new(struct names *names,
	const struct service_hooks *hooks, struct err *err);
/* After service_stop(). The signals are as they were. NULL is fine. */
void service_free(struct service *service);

/* The caller's thread will run `base`. */
int service_attach(struct service *service, struct event_base *base,
	struct err *err);
/* Starts a thread that does. */
int service_start(struct service *service, struct err *err);
/*
 * Ends the thread, or takes the events off the base they were attached to
 * (then from that base's thread). Look-ups not answered are dropped.
 */
void service_stop(struct service *service);

/* From any thread. */
void service_look_up(struct service *service, struct service_ask *ask);
/* on_timer() at `at_us` of clock_us(); an earlier one stays. */
void service_set_timer(struct service *service, int64_t at_us);

/* Readable when a signal is pending; for use after service_stop(). */
int service_signal_fd(const struct service *service);
/* The next pending signal, 0: none. */
int service_signal(const struct service *service);

#endif
