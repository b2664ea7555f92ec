/* SPDX-License-Identifier: MIT */
/*
 * dns -- one c-ares channel on a libevent base.
 *
 * Sockets are watched through c-ares' socket callback; its time-outs are
 * served by a fixed tick, since ares_timeout() is linear in open questions
 * before 1.20. The event thread of newer c-ares would need a hand-over of
 * every answer.
 *
 * Servers that fail are our affair, twice. c-ares before 1.29 starts every
 * question with the first server, dead or not: one that kept silent goes to
 * the end of the list, on a new channel, as a busy one takes no new list. And
 * 1.18 turns SERVFAIL and REFUSED into ARES_ECONNREFUSED once all servers said
 * so: NOCHECKRESP shows us the first one's words, then another channel, which
 * begins with the next server, asks the others.
 */
#include "config.h"

#include <ares.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/list.h"
#include "base/mem.h"
#include "net/dns.h"
#include "net/servers.h"

#define DNS_TICK_US (100 * CLOCK_MS)
#define DNS_TRY_MAX_MS 2000
#define DNS_EDNS_SIZE 1232	/* dnsflagday.net/2020: never fragmented */
#define DNS_UDP_QUERIES 100	/* then a fresh source port */
#define DNS_FAILOVER 0x011d00	/* c-ares 1.29 avoids silent servers itself */

struct dns_channel {
	struct dns *dns;
	struct ares_channeldata *ares;
	struct list socks;
	size_t open;		/* questions */
};

struct dns_sock {
	struct list node;
	struct dns_channel *channel;
	struct event *event;
	ares_socket_t fd;
};

struct dns {
	struct event_base *base;
	struct event *tick;	/* pending while questions are open */
	size_t open;
	char *servers;		/* comma-separated; "" leaves it to c-ares */
	int try_ms, tries;
	int demote;		/* the first server kept silent */
	struct dns_channel *channel;
	struct dns_channel *retired;	/* NULL or ending its questions */
	struct dns_channel *others;	/* NULL until a server failed */
};

struct dns_question {
	struct dns_channel *channel;
	int family;
	enum names_status failure;	/* what the first server said */
	void (*done)(void *arg, const struct dns_answer *answer);
	void *arg;
	char name[];
};

/* -- sockets and time -- */

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
	sock->event = event_new(channel->dns->base, fd, what, dns_sock_ready,
		sock);
	/* Without an event the question runs into its time-out. */
	if (sock->event != NULL)
		event_add(sock->event, NULL);
}

static void
dns_channel_free(struct dns_channel *channel)
{
	if (channel == NULL)
		return;
	ares_destroy(channel->ares);
	free(channel);
}

static void
dns_channel_tick(struct dns_channel *channel)
{
	if (channel != NULL)
		ares_process_fd(channel->ares, ARES_SOCKET_BAD,
			ARES_SOCKET_BAD);
}

static void
dns_ticked(evutil_socket_t fd, short what, void *arg)
{
	struct dns *dns = arg;

	(void)fd;
	(void)what;
	dns_channel_tick(dns->retired);
	dns_channel_tick(dns->others);
	dns_channel_tick(dns->channel);
	if (dns->retired != NULL && dns->retired->open == 0) {
		dns_channel_free(dns->retired);
		dns->retired = NULL;
	}
	if (dns->open == 0)
		event_del(dns->tick);
}

/* -- channels -- */

static int
dns_init_ares(struct dns_channel *channel, const char *servers, int flags)
{
	const struct dns *dns = channel->dns;
	static char no_file[] = "/dev/null", lookups[] = "b";
	struct ares_options options = {
		.flags = flags | ARES_FLAG_NOSEARCH | ARES_FLAG_STAYOPEN |
			ARES_FLAG_EDNS | ARES_FLAG_NOALIASES,
		.timeout = dns->try_ms,
		.tries = dns->tries,
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
	if (rc != ARES_SUCCESS || *servers == '\0')
		return rc;
	rc = ares_set_servers_ports_csv(channel->ares, servers);
	if (rc != ARES_SUCCESS)
		ares_destroy(channel->ares);
	return rc;
}

static struct dns_channel *
dns_channel_new(struct dns *dns, const char *servers, int flags,
	struct err *err)
{
	struct dns_channel *channel = mem_alloc(sizeof *channel);
	int rc;

	*channel = (struct dns_channel){ .dns = dns };
	list_init(&channel->socks);
	rc = dns_init_ares(channel, servers, flags);
	if (rc == ARES_SUCCESS)
		return channel;
	free(channel);
	err_set(err, ERR_SYSTEM, "c-ares cannot start: %s", ares_strerror(rc));
	return NULL;
}

/* Puts the first server last, for questions from now on. */
static void
dns_demote(struct dns *dns)
{
	char *rotated = servers_rotate(dns->servers);
	struct dns_channel *channel;

	dns->demote = 0;
	if (rotated == NULL)
		return;
	channel = dns_channel_new(dns, rotated, ARES_FLAG_NOCHECKRESP, NULL);
	if (channel == NULL) {
		free(rotated);
		return;
	}
	free(dns->servers);
	dns->servers = rotated;
	dns->retired = dns->channel;
	dns->channel = channel;
}

/* NULL when there is one server only. */
static struct dns_channel *
dns_others(struct dns *dns)
{
	char *rotated;

	if (dns->others != NULL)
		return dns->others;
	rotated = servers_rotate(dns->servers);
	if (rotated != NULL)
		dns->others = dns_channel_new(dns, rotated, 0, NULL);
	free(rotated);
	return dns->others;
}

/*
 * Before 1.29 c-ares doubles the patience with each round over the servers:
 * the sum of all tries stays within the time for the name, and every server
 * is asked well before its end.
 */
static void
dns_set_patience(struct dns *dns, int64_t timeout_us)
{
	int64_t rounds, ms, servers = 1;
	const char *at;

	for (at = dns->servers; *at != '\0'; at++)
		servers += *at == ',';
	dns->tries = servers == 1 ? 3 : 2;
	rounds = servers == 1 ? 1 + 2 + 4 : 1 + 2;
	ms = timeout_us / CLOCK_MS / (rounds * servers);
	if (ms > DNS_TRY_MAX_MS)
		ms = DNS_TRY_MAX_MS;
	dns->try_ms = ms < 1 ? 1 : (int)ms;
}

/* -- questions -- */

static enum names_status
dns_status(int status)
{
	switch (status) {
	case ARES_SUCCESS:
		return NAMES_OK;
	case ARES_ENOTFOUND:
		return NAMES_NXDOMAIN;
	case ARES_ENODATA:
		return NAMES_NODATA;
	case ARES_EREFUSED:
		return NAMES_REFUSED;
	case ARES_ETIMEOUT:
		return NAMES_TIMEOUT;
	case ARES_ECONNREFUSED:
#if ARES_VERSION >= 0x012200
	case ARES_ENOSERVER:
#endif
		return NAMES_NOSERVER;
	case ARES_EBADNAME:
	case ARES_EBADQUERY:
	case ARES_EBADSTR:
		return NAMES_BADNAME;
	case ARES_ECANCELLED:
	case ARES_EDESTRUCTION:
		return NAMES_PENDING;
	}
	/* ESERVFAIL, EFORMERR, ENOTIMP, EBADRESP and what is yet to come */
	return NAMES_SERVFAIL;
}

static void
dns_answer_ttl(struct dns_answer *answer, int ttl_s)
{
	uint32_t ttl = ttl_s < 0 ? 0 : (uint32_t)ttl_s;

	if (ttl < answer->ttl_s)
		answer->ttl_s = ttl;
}

static void
dns_answer_read(struct dns_answer *answer, const struct ares_addrinfo *result,
	int family)
{
	const struct ares_addrinfo_cname *cname;
	const struct ares_addrinfo_node *node;
	struct addr *addr;

	answer->ttl_s = UINT32_MAX;
	for (cname = result->cnames; cname != NULL; cname = cname->next)
		dns_answer_ttl(answer, cname->ttl);
	for (node = result->nodes; node != NULL; node = node->ai_next) {
		if (node->ai_family != (family == 6 ? AF_INET6 : AF_INET))
			continue;
		dns_answer_ttl(answer, node->ai_ttl);
		if (answer->n == ADDRS_MAX)
			continue;
		addr = &answer->list[answer->n++];
		addr->family = (unsigned char)family;
		if (family == 6)
			memcpy(addr->bytes, &((const struct sockaddr_in6 *)
				(const void *)node->ai_addr)->sin6_addr, 16);
		else
			memcpy(addr->bytes, &((const struct sockaddr_in *)
				(const void *)node->ai_addr)->sin_addr, 4);
	}
}

/* Whether somebody knew the answer, be it that there is none. */
static int
dns_settled(enum names_status status)
{
	return status == NAMES_OK || status == NAMES_NODATA ||
		status == NAMES_NXDOMAIN;
}

static void dns_answered(void *, int, int, struct ares_addrinfo *);

static void
dns_send(struct dns_question *question, struct dns_channel *channel)
{
	/* The RFC 6724 sort would cost three system calls an address. */
	const struct ares_addrinfo_hints hints = {
		.ai_flags = ARES_AI_NOSORT,
		.ai_family = question->family == 6 ? AF_INET6 : AF_INET,
		.ai_socktype = SOCK_STREAM,
	};
	const struct timeval tick = { .tv_usec = DNS_TICK_US };

	question->channel = channel;
	channel->open++;
	if (channel->dns->open++ == 0)
		event_add(channel->dns->tick, &tick);
	ares_getaddrinfo(channel->ares, question->name, NULL, &hints,
		dns_answered, question);
}

/* Hands a failed question on, once; 0 when there is nobody to ask. */
static int
dns_ask_others(struct dns_question *question, enum names_status failure)
{
	struct dns_channel *others;

	if (question->failure != NAMES_OK ||
	    (failure != NAMES_SERVFAIL && failure != NAMES_REFUSED))
		return 0;
	others = dns_others(question->channel->dns);
	if (others == NULL)
		return 0;
	question->failure = failure;
	dns_send(question, others);
	return 1;
}

static void
dns_answered(void *arg, int status, int timeouts, struct ares_addrinfo *result)
{
	struct dns_question *question = arg;
	struct dns *dns = question->channel->dns;
	struct dns_answer answer = { .status = dns_status(status) };

	if (answer.status == NAMES_OK)
		dns_answer_read(&answer, result, question->family);
	if (answer.status == NAMES_OK && answer.n == 0)
		answer.status = NAMES_NODATA;
	if (result != NULL)
		ares_freeaddrinfo(result);
	/* Somebody answered, but only after somebody else had not. */
	if (timeouts > 0 && question->channel == dns->channel &&
	    dns_settled(answer.status))
		dns->demote = 1;
	question->channel->open--;
	dns->open--;
	if (dns_ask_others(question, answer.status))
		return;
	if (question->failure != NAMES_OK && !dns_settled(answer.status) &&
	    answer.status != NAMES_PENDING)
		answer.status = question->failure;
	question->done(question->arg, &answer);
	free(question);
}

void
dns_ask(struct dns *dns, const char *name, int family,
	void (*done)(void *arg, const struct dns_answer *answer), void *arg)
{
	size_t size = strlen(name) + 1;
	struct dns_question *question = mem_alloc(sizeof *question + size);
	int version;

	ares_version(&version);
	if (dns->demote && dns->retired == NULL && version < DNS_FAILOVER)
		dns_demote(dns);
	question->family = family;
	question->failure = NAMES_OK;
	question->done = done;
	question->arg = arg;
	memcpy(question->name, name, size);
	dns_send(question, dns->channel);
}

/* -- life -- */

struct dns *
dns_new(struct event_base *base, const char *servers, int64_t timeout_us,
	struct err *err)
{
	struct dns *dns = mem_alloc(sizeof *dns);

	*dns = (struct dns){ .base = base };
	ares_library_init(ARES_LIB_INIT_ALL);
	dns->servers = mem_strdup(servers);
	dns_set_patience(dns, timeout_us);
	dns->tick = event_new(base, -1, EV_PERSIST, dns_ticked, dns);
	dns->channel = dns_channel_new(dns, dns->servers,
		ARES_FLAG_NOCHECKRESP, err);
	if (dns->channel != NULL && dns->tick != NULL)
		return dns;
	if (dns->tick == NULL)
		err_set(err, ERR_SYSTEM, "libevent cannot make a timer");
	dns_free(dns);
	return NULL;
}

void
dns_free(struct dns *dns)
{
	if (dns == NULL)
		return;
	dns_channel_free(dns->retired);
	dns_channel_free(dns->channel);
	dns_channel_free(dns->others);
	if (dns->tick != NULL)
		event_free(dns->tick);
	free(dns->servers);
	free(dns);
	ares_library_cleanup();
}
