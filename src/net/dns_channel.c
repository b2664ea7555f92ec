/* SPDX-License-Identifier: MIT */
/*
 * dns_channel -- c-ares' sockets on libevent.
 *
 * c-ares before 1.20 has one UDP and one TCP socket a server, and when either
 * fails it closes both and moves all the server's questions on, which after a
 * few times fails them all. A server that closes TCP connections would fail
 * every name so: on a channel for UDP no TCP socket comes into being, and the
 * truncated answer that wanted one fails its question at once, by itself.
 */
#include "config.h"

#include <ares.h>
#include <event2/event.h>
#include <sys/socket.h>

#include "base/mem.h"
#include "net/dns_channel.h"

#define DNS_EDNS_SIZE 1232	/* dnsflagday.net/2020: never fragmented */
#define DNS_UDP_QUERIES 100	/* then a fresh source port */
#define DNS_APART 0x011400	/* c-ares 1.20 keeps connections apart */

struct dns_sock {
	struct list node;
	struct dns_channel *channel;
	struct event *event;
	ares_socket_t fd;
};

/* -- sockets -- */

static void
dns_sock_ready(evutil_socket_t fd, short what, void *arg)
{
	const struct dns_sock *sock = arg;

	/* The socket may be gone after this call: everything in one go. */
	ares_process_fd(sock->channel->ares,
		what & EV_READ ? fd : ARES_SOCKET_BAD,
		what & EV_WRITE ? fd : ARES_SOCKET_BAD);
}

static struct dns_sock *
dns_sock_get(struct dns_channel *channel, ares_socket_t fd)
{
	struct dns_sock *sock;
	struct list *at;

	for (at = channel->socks.next; at != &channel->socks; at = at->next) {
		sock = LIST_ENTRY(at, struct dns_sock, node);
		if (sock->fd == fd)
			return sock;
	}
	sock = mem_alloc(sizeof *sock);
	sock->channel = channel;
	sock->fd = fd;
	sock->event = NULL;
	list_push_front(&channel->socks, &sock->node);
	return sock;
}

static void
dns_sock_changed(void *arg, ares_socket_t fd, int readable, int writable)
{
	struct dns_channel *channel = arg;
	struct dns_sock *sock = dns_sock_get(channel, fd);
	short what = EV_PERSIST;

	if (sock->event != NULL)
		event_free(sock->event);
	sock->event = NULL;
	if (!readable && !writable) {
		list_remove(&sock->node);
		free(sock);
		return;
	}
	if (readable)
		what |= EV_READ;
	if (writable)
		what |= EV_WRITE;
	sock->event = event_new(channel->base, fd, what, dns_sock_ready,
		sock);
	/* Without an event the question runs into its time-out. */
	if (sock->event != NULL)
		event_add(sock->event, NULL);
}

/* -- life -- */

static int
dns_sock_made(ares_socket_t fd, int type, void *arg)
{
	struct dns_channel *channel = arg;

	(void)fd;
	if (type != SOCK_STREAM)
		return 0;
	channel->cut = 1;
	return -1;
}

static int
dns_init_ares(struct dns_channel *channel,
	const struct dns_channel_settings *settings)
{
	static char no_file[] = "/dev/null", lookups[] = "b";
	struct ares_options options = {
		.flags = settings->flags | ARES_FLAG_NOSEARCH |
			ARES_FLAG_STAYOPEN | ARES_FLAG_EDNS |
			ARES_FLAG_NOALIASES,
		.timeout = settings->try_ms,
		.tries = settings->tries,
		.ndomains = 0,	/* 1.18 forgets NOSEARCH in getaddrinfo */
		.lookups = lookups,
		.sock_state_cb = dns_sock_changed,
		.sock_state_cb_data = channel,
		.ednspsz = DNS_EDNS_SIZE,
		.resolvconf_path = no_file,
	};
	int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES |
		ARES_OPT_DOMAINS | ARES_OPT_LOOKUPS | ARES_OPT_SOCK_STATE_CB |
		ARES_OPT_EDNSPSZ | ARES_OPT_NOROTATE | ARES_OPT_RESOLVCONF;
	int rc;

#ifdef ARES_OPT_UDP_MAX_QUERIES
	options.udp_max_queries = DNS_UDP_QUERIES;
	mask |= ARES_OPT_UDP_MAX_QUERIES;
#endif
#ifdef ARES_OPT_QUERY_CACHE
	options.qcache_max_ttl = 0;
	mask |= ARES_OPT_QUERY_CACHE;
#endif
	rc = ares_init_options(&channel->ares, &options, mask);
	if (rc != ARES_SUCCESS || *settings->servers == '\0')
		return rc;
	rc = ares_set_servers_ports_csv(channel->ares, settings->servers);
	if (rc != ARES_SUCCESS)
		ares_destroy(channel->ares);
	return rc;
}

struct dns_channel *
dns_channel_new(const struct dns_channel_settings *settings, struct err *err)
{
	struct dns_channel *channel = mem_alloc(sizeof *channel);
	int rc, version;

	*channel = (struct dns_channel){ .base = settings->base };
	list_init(&channel->node);
	list_init(&channel->socks);
	rc = dns_init_ares(channel, settings);
	if (rc != ARES_SUCCESS) {
		free(channel);
		err_set(err, ERR_SYSTEM, "c-ares cannot start: %s",
			ares_strerror(rc));
		return NULL;
	}
	ares_version(&version);
	if (!(settings->flags & ARES_FLAG_USEVC) && version < DNS_APART)
		ares_set_socket_configure_callback(channel->ares,
			dns_sock_made, channel);
	return channel;
}

void
dns_channel_free(struct dns_channel *channel)
{
	if (channel == NULL)
		return;
	ares_destroy(channel->ares);
	free(channel);
}

void
dns_channel_tick(struct dns_channel *channel)
{
	if (channel != NULL)
		ares_process_fd(channel->ares, ARES_SOCKET_BAD,
			ARES_SOCKET_BAD);
}
