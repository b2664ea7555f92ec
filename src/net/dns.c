/* SPDX-License-Identifier: MIT */
/*
 * dns -- questions to c-ares, on a libevent base.
 *
 * Time-outs of c-ares are served by a fixed tick, since ares_timeout() is
 * linear in open questions before 1.20. The event thread of newer c-ares
 * would need a hand-over of every answer.
 *
 * Servers that fail are our affair, three times. A truncated answer is asked
 * for by TCP on a channel of the question's own (net/dns_channel says why
 * not with the others), which has all the time that is left as TCP repeats by
 * itself. c-ares before 1.29 starts every
 * question with the first server, dead or not: one that kept silent goes to
 * the end of the list, on a new channel, as a busy one takes no new list. And
 * 1.18 turns SERVFAIL and REFUSED into ARES_ECONNREFUSED once all servers said
 * so: NOCHECKRESP shows us the first one's words, then another channel, which
 * begins with the next server, asks the others.
 */
#include "config.h"

#include <ares.h>
#include <event2/event.h>
#include <limits.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/list.h"
#include "base/mem.h"
#include "net/dns.h"
#include "net/dns_channel.h"
#include "net/servers.h"

#define DNS_TICK_US (100 * CLOCK_MS)
#define DNS_TRY_US (2 * CLOCK_SECOND)	/* the first one, if enough follow */
#define DNS_TRIES_MAX 8
#define DNS_FAILOVER 0x011d00	/* c-ares 1.29 avoids silent servers itself */

struct dns {
	struct event_base *base;
	struct event *tick;	/* pending while questions are open */
	size_t open;
	char *servers;		/* comma-separated; "" leaves it to c-ares */
	int64_t timeout_us, n_servers;
	int try_ms, tries;
	int demote;		/* the first server kept silent */
	uint64_t heard;
	struct dns_channel *channel;
	struct dns_channel *others;	/* NULL until a server failed */
	struct list ending;	/* channels that get no more questions */
};

struct dns_question {
	struct dns *dns;
	struct dns_channel *channel;
	int family;
	int64_t end_us;
	enum names_status failure;	/* what the first server said */
	void (*done)(void *arg, const struct dns_answer *answer);
	void *arg;
	char name[];
};

/* -- channels -- */

static void
dns_ticked(evutil_socket_t fd, short what, void *arg)
{
	struct dns *dns = arg;
	struct dns_channel *channel;
	struct list *node, *next;

	(void)fd;
	(void)what;
	dns_channel_tick(dns->others);
	dns_channel_tick(dns->channel);
	for (node = dns->ending.next; node != &dns->ending; node = next) {
		channel = LIST_ENTRY(node, struct dns_channel, node);
		dns_channel_tick(channel);
		/* Only now, as a tick may add to the list. */
		next = node->next;
		if (channel->open > 0)
			continue;
		list_remove(node);
		dns_channel_free(channel);
	}
	if (dns->open == 0)
		event_del(dns->tick);
}

/* As c-ares takes it. */
static int
dns_ms(int64_t us)
{
	int64_t ms = us / CLOCK_MS;

	if (ms < 1)
		return 1;
	return ms < INT_MAX ? (int)ms : INT_MAX;
}

static struct dns_channel *
dns_channel_udp(struct dns *dns, const char *servers, int flags,
	struct err *err)
{
	const struct dns_channel_settings settings = {
		.base = dns->base,
		.servers = servers,
		.flags = flags,
		.try_ms = dns->try_ms,
		.tries = dns->tries,
	};

	return dns_channel_new(&settings, err);
}

/* For one question, which may take so long. */
static struct dns_channel *
dns_channel_tcp(struct dns *dns, const char *servers, int flags,
	int64_t left_us)
{
	const struct dns_channel_settings settings = {
		.base = dns->base,
		.servers = servers,
		.flags = flags | ARES_FLAG_USEVC,
		.try_ms = dns_ms(left_us / dns->n_servers),
		.tries = 1,
	};
	struct dns_channel *channel = dns_channel_new(&settings, NULL);

	if (channel != NULL)
		list_push(&dns->ending, &channel->node);
	return channel;
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
	channel = dns_channel_udp(dns, rotated, ARES_FLAG_NOCHECKRESP, NULL);
	if (channel == NULL) {
		free(rotated);
		return;
	}
	free(dns->servers);
	dns->servers = rotated;
	list_push(&dns->ending, &dns->channel->node);
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
		dns->others = dns_channel_udp(dns, rotated, 0, NULL);
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
	int64_t round_us, rounds;
	const char *at;

	dns->timeout_us = timeout_us;
	dns->n_servers = 1;
	for (at = dns->servers; *at != '\0'; at++)
		dns->n_servers += *at == ',';
	dns->tries = dns->n_servers == 1 ? 3 : 2;
	round_us = DNS_TRY_US * dns->n_servers;
	while (dns->tries < DNS_TRIES_MAX &&
	    timeout_us / ((1 << dns->tries) - 1) > round_us)
		dns->tries++;
	rounds = (1 << dns->tries) - 1;
	dns->try_ms = dns_ms(timeout_us / rounds / dns->n_servers);
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
	if (question->dns->open++ == 0)
		event_add(question->dns->tick, &tick);
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
	others = dns_others(question->dns);
	if (others == NULL)
		return 0;
	question->failure = failure;
	dns_send(question, others);
	return 1;
}

/* Hands a question on whose answer was truncated; 0 when there is no way. */
static int
dns_ask_tcp(struct dns_question *question)
{
	struct dns *dns = question->dns;
	int first = question->failure == NAMES_OK;
	char *rotated = first ? NULL : servers_rotate(dns->servers);
	struct dns_channel *channel = dns_channel_tcp(dns,
		rotated != NULL ? rotated : dns->servers,
		first ? ARES_FLAG_NOCHECKRESP : 0,
		question->end_us - clock_us());

	free(rotated);
	if (channel == NULL)
		return 0;
	dns_send(question, channel);
	return 1;
}

/* Whether that is what a server said, be it that it will not tell. */
static int
dns_spoken(enum names_status status)
{
	return dns_settled(status) || status == NAMES_SERVFAIL ||
		status == NAMES_REFUSED;
}

static void
dns_answered(void *arg, int status, int timeouts, struct ares_addrinfo *result)
{
	struct dns_question *question = arg;
	struct dns *dns = question->dns;
	struct dns_answer answer = { .status = dns_status(status) };
	int cut;

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
	cut = question->channel->cut && answer.status != NAMES_PENDING;
	question->channel->cut = 0;
	question->channel->open--;
	dns->open--;
	dns->heard += cut || dns_spoken(answer.status);
	if (cut && dns_ask_tcp(question))
		return;
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
	if (dns->demote && version < DNS_FAILOVER)
		dns_demote(dns);
	question->dns = dns;
	question->family = family;
	question->end_us = clock_us() + dns->timeout_us;
	question->failure = NAMES_OK;
	question->done = done;
	question->arg = arg;
	memcpy(question->name, name, size);
	dns_send(question, dns->channel);
}

uint64_t
dns_heard(const struct dns *dns)
{
	return dns->heard;
}

/* -- life -- */

struct dns *
dns_new(struct event_base *base, const char *servers, int64_t timeout_us,
	struct err *err)
{
	struct dns *dns = mem_alloc(sizeof *dns);

	*dns = (struct dns){ .base = base };
	ares_library_init(ARES_LIB_INIT_ALL);
	list_init(&dns->ending);
	dns->servers = mem_strdup(servers);
	dns_set_patience(dns, timeout_us);
	dns->tick = event_new(base, -1, EV_PERSIST, dns_ticked, dns);
	dns->channel = dns_channel_udp(dns, dns->servers,
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
	struct list *node;

	if (dns == NULL)
		return;
	while ((node = list_pop(&dns->ending)) != NULL)
		dns_channel_free(LIST_ENTRY(node, struct dns_channel, node));
	dns_channel_free(dns->channel);
	dns_channel_free(dns->others);
	if (dns->tick != NULL)
		event_free(dns->tick);
	free(dns->servers);
	free(dns);
	ares_library_cleanup();
}
