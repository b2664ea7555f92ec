/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_NET_DNS_H
#define FETCHALL_NET_DNS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "net/addrs.h"
#include "net/names.h"

struct event_base;

/*
 * c-ares on a libevent base: one question, one answer, no cache and no
 * patience but c-ares' own. All of it belongs to the base's thread.
 */
struct dns;

struct dns_answer {
	enum names_status status;	/* NAMES_PENDING: dns_free() came first */
	uint32_t ttl_s;		/* the smallest on the way */
	size_t n;		/* above zero with NAMES_OK only */
	struct addr list[ADDRS_MAX];
};

/*
 * `servers` is a list as of net/servers.h, "" for c-ares' own idea. c-ares
 * gives up on a question within about `timeout_us`, all servers tried by then.
 */
struct dns *dns_new(struct event_base *base, const char *servers,
	int64_t timeout_us, struct err *err);
/* Answers what is open with NAMES_PENDING. NULL is fine. */
void dns_free(struct dns *dns);

/*
 * Asks for the A (family 4) or AAAA (6) records of `name`. `done` is called
 * once, possibly before dns_ask() returns; the answer is borrowed. It may not
 * call dns_ask() or dns_free().
 */
void dns_ask(struct dns *dns, const char *name, int family,
	void (*done)(void *arg, const struct dns_answer *answer), void *arg);

/*
 * How often a server has said anything so far, be it no, or that the answer is
 * too long for UDP, or late: it grows as long as one of them lives.
 */
uint64_t dns_heard(const struct dns *dns);

#endif
