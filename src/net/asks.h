/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_NET_ASKS_H
#define FETCHALL_NET_ASKS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "net/addrs.h"
#include "net/names.h"

struct event_base;
struct names_cache;

/*
 * The names being asked for: one look-up for all that wait, so many at once,
 * each with an end. All of it belongs to the base's thread.
 */
struct asks;

struct asks_settings {
	struct event_base *base;
	const char *servers;	/* as of net/servers.h */
	size_t concurrency;
	int64_t timeout_us;
	int ipv4, ipv6;		/* the families to ask for, at least one */
	struct names_cache *cache;	/* gets the answers */
	_Atomic uint64_t *sent;	/* counts names asked for */
};

/* What `settings` points to is borrowed until asks_free(), but not itself. */
struct asks *asks_new(const struct asks_settings *settings, struct err *err);
/* Waiters are let go without a word. Not from inside `done`. NULL is fine. */
void asks_free(struct asks *asks);

/*
 * Joins the look-up of the name or begins one. A waiter leaves by
 * list_remove() on its node.
 */
void asks_add(struct asks *asks, const char *name, size_t len,
	struct names_waiter *waiter);
/* Delivers, from an event, what is known already. Takes the reference. */
void asks_settled(struct asks *asks, enum names_status status,
	struct addrs *addrs, struct names_waiter *waiter);

/*
 * The verdict on a name from what was said to A and AAAA, neither of which is
 * NAMES_OK; what is still open counts as NAMES_TIMEOUT.
 */
enum names_status asks_verdict(enum names_status a, enum names_status aaaa);

#endif
