/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_NET_DNS_CHANNEL_H
#define FETCHALL_NET_DNS_CHANNEL_H

#include <stddef.h>

#include "base/err.h"
#include "base/list.h"

struct event_base;

/* net/dns's: a c-ares channel whose sockets are watched by a libevent base. */
struct dns_channel {
	struct list node;	/* net/dns's */
	struct event_base *base;
	struct ares_channeldata *ares;
	struct list socks;
	size_t open;		/* questions, counted by net/dns */
	int cut;		/* the question that fails next was answered,
				 * but truncated; net/dns clears it */
};

struct dns_channel_settings {
	struct event_base *base;
	const char *servers;	/* comma-separated; "" leaves it to c-ares */
	int flags;		/* ARES_FLAG_* beside those always set */
	int try_ms, tries;	/* c-ares' own patience */
};

struct dns_channel *dns_channel_new(
	const struct dns_channel_settings *settings, struct err *err);
/* Fails what is open with ARES_EDESTRUCTION. NULL is fine. */
void dns_channel_free(struct dns_channel *channel);
/* Serves c-ares' time-outs. NULL is fine. */
void dns_channel_tick(struct dns_channel *channel);

#endif
