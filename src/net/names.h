/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_NET_NAMES_H
#define FETCHALL_NET_NAMES_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/list.h"
#include "net/addrs.h"

struct event_base;

/*
 * Names to addresses: c-ares behind a cache of our own. One look-up serves
 * all that wait for the name; answers live as long as their TTL says (5 s to
 * 1 h), failures for a while too; /etc/hosts is read once. libcurl resolves
 * nothing.
 */
struct names_settings {
	const char *servers;	/* "192.0.2.1,[::1]:5353"; NULL: resolv.conf */
	const char *hosts_path;	/* NULL: /etc/hosts */
	size_t concurrency;	/* names being asked for at once */
	int64_t timeout_us;	/* for one name, all servers and tries */
	int family;		/* 4 or 6 only; 0 both */
	size_t cache_max;	/* names kept; the least recently used goes */
	char *const *resolve;	/* curl's HOST:PORT:ADDR[,ADDR]..., n_resolve
				 * of them; HOST may be * */
	size_t n_resolve;
};

enum names_status {
	NAMES_OK,
	NAMES_PENDING,		/* names_cached(): not known yet */
	NAMES_NXDOMAIN,		/* the name does not exist */
	NAMES_NODATA,		/* it has no address of a wanted family */
	NAMES_SERVFAIL,		/* a server failed, refused or sent rubbish */
	NAMES_REFUSED,
	NAMES_TIMEOUT,		/* nobody answered in time */
	NAMES_NOSERVER,		/* no server can be reached */
	NAMES_BADNAME,		/* cannot be asked for */
	NAMES_DENIED,		/* core/lookup's: the address policy leaves
				 * none of its addresses */
};

/* "nxdomain" and so on: error_detail in records. Static text. */
const char *names_status_name(enum names_status status);
/* A sentence for errormsg. Static text. */
const char *names_status_text(enum names_status status);
/* Whether asking again later may help (SERVFAIL, REFUSED, TIMEOUT...). */
int names_status_transient(enum names_status status);

struct names;

/*
 * One who waits for a name; the caller's memory, left alone until `done` was
 * called or names_cancel() returned.
 */
struct names_waiter {
	struct list node;
	/* Failures that may have passed and were learnt before then are asked
	 * about again; 0: no failure is. Of clock_us(). */
	int64_t doubt_us;
	/* `addrs` is borrowed for the call, NULL unless status is NAMES_OK */
	void (*done)(struct names_waiter *, enum names_status status,
		struct addrs *addrs);
};

/* Reads the hosts file and checks servers and `resolve` (ERR_USAGE). */
struct names *names_new(const struct names_settings *settings,
	struct err *err);
/* Waiters must be gone. NULL is fine. */
void names_free(struct names *names);
/*
 * Says whether there is a route to the IPv6 internet, which names_attach()
 * finds out otherwise; without one only family 6 asks for AAAA. For tests.
 */
void names_assume_ipv6(struct names *names, int routed);

/*
 * Puts the look-ups on a base: from here on names_lookup(), names_cancel()
 * and the answers belong to the thread that runs it. Once, before the first
 * look-up.
 */
int names_attach(struct names *names, struct event_base *base,
	struct err *err);
/*
 * Cancels what is being asked and takes all events off the base again; those
 * who wait are let go, their `done` never called. Not from inside `done`.
 */
void names_detach(struct names *names);

/*
 * What is known without asking: a --resolve entry, an address literal, the
 * hosts file, `localhost`, the cache. NAMES_PENDING: ask. On NAMES_OK *ret
 * is a reference of the caller's. Any thread. `host` is lower case, without
 * brackets; a trailing dot is ignored.
 */
enum names_status names_cached(struct names *names, const char *host,
	size_t host_len, uint16_t port, struct addrs **ret);

/*
 * Asks; `done` is called later from the base's thread, never from inside
 * this call. More than `concurrency` names wait in order.
 */
void names_lookup(struct names *names, const char *host, size_t host_len,
	uint16_t port, struct names_waiter *waiter);
void names_cancel(struct names *names, struct names_waiter *waiter);

/* For the summary: look-ups sent, answered by the cache; any thread. */
void names_counts(const struct names *names, uint64_t *ret_asked,
	uint64_t *ret_cached);

#endif
