/* SPDX-License-Identifier: MIT */
/*
 * responder -- a DNS server that misbehaves on request.
 *
 * dnsmasq answers well; the failures that the resolver must live through come
 * from here. One row of `stories` is one kind of name.
 */
#include "config.h"

#include <arpa/inet.h>
#include <event2/dns.h>
#include <event2/dns_struct.h>
#include <event2/event.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/list.h"
#include "base/mem.h"
#include "net/responder.h"

#define RESPONDER_TTL 300
#define RESPONDER_TC 0x200	/* evdns passes on what it has no name for */
#define RESPONDER_MANY 16	/* just below 512 bytes */

enum reply { ADDRESS, PRIVATE, REBIND, MANY, NODATA, ALIAS, CHAIN, LOOP, CUT, ABSENT,
	SERVFAIL, REFUSED, SILENT, LATE };

static const struct story {
	const char *prefix;
	enum reply a, aaaa;
} stories[] = {
	{ "ok", ADDRESS, ADDRESS },
	{ "v4", ADDRESS, NODATA },
	{ "v6", NODATA, ADDRESS },
	{ "many", MANY, MANY },
	{ "ttl-", ADDRESS, ADDRESS },
	{ "cname", ALIAS, ALIAS },
	{ "chain-", CHAIN, CHAIN },
	{ "loop", LOOP, LOOP },
	{ "cut", CUT, CUT },
	{ "private", PRIVATE, NODATA },
	{ "rebind-", REBIND, NODATA },
	{ "nodatasilent", NODATA, SILENT },
	{ "nodata", NODATA, NODATA },
	{ "servfaila", SERVFAIL, ADDRESS },
	{ "servfail", SERVFAIL, SERVFAIL },
	{ "refused", REFUSED, REFUSED },
	{ "silentaaaa", ADDRESS, SILENT },
	{ "silenta", SILENT, ADDRESS },
	{ "silent", SILENT, SILENT },
	{ "lateaaaa-", ADDRESS, LATE },
	{ "latea-", LATE, ADDRESS },
	{ "nxaaaa", ADDRESS, ABSENT },
	{ "nxsilent", ABSENT, SILENT },
	{ "", ABSENT, ABSENT },
};

struct responder {
	struct event_base *base;
	struct evdns_server_port *port;
	uint16_t number;
	unsigned asked[2];	/* A, AAAA */
	struct list owed;
	unsigned n_owed, peak;
	long rebinds;		/* questions for such a name */
	int refuses, mute;
	int tcp;		/* a socket that listens at most */
	struct event *accepting;
	struct list calls;
};

/* A TCP connection. */
struct call {
	struct list node;
	struct event *event;
	int fd;
};

struct owed {
	struct list node;
	struct responder *responder;
	struct event *event;
	struct evdns_server_request *request;
	int type;
};

/* One record a call: given n addresses, evdns makes one record of them all. */
static void
responder_addresses(struct evdns_server_request *request, const char *name,
	int type, int n, int ttl)
{
	unsigned char v4[4] = { 127 }, v6[16] = { 0 };
	int i;

	for (i = 1; i <= n; i++) {
		v4[3] = v6[15] = (unsigned char)i;
		if (type == EVDNS_TYPE_A)
			evdns_server_request_add_a_reply(request, name, 1, v4,
				ttl);
		else
			evdns_server_request_add_aaaa_reply(request, name, 1,
				v6, ttl);
	}
}

static void
responder_pay(struct owed *owed)
{
	list_remove(&owed->node);
	owed->responder->n_owed--;
	event_free(owed->event);
	free(owed);
}

static void
responder_late(evutil_socket_t fd, short what, void *arg)
{
	struct owed *owed = arg;
	struct evdns_server_request *request = owed->request;

	(void)fd;
	(void)what;
	responder_addresses(request, request->questions[0]->name, owed->type,
		1, RESPONDER_TTL);
	evdns_server_request_respond(request, 0);
	responder_pay(owed);
}

/* The number behind the first dash. */
static long
responder_number(const char *name)
{
	const char *dash = strchr(name, '-');

	return dash != NULL ? strtol(dash + 1, NULL, 10) : 0;
}

static void
responder_owe(struct responder *responder,
	struct evdns_server_request *request, int type)
{
	long ms = responder_number(request->questions[0]->name);
	struct timeval in = { ms / 1000, ms % 1000 * 1000 };
	struct owed *owed = mem_alloc(sizeof *owed);

	owed->responder = responder;
	owed->request = request;
	owed->type = type;
	owed->event = evtimer_new(responder->base, responder_late, owed);
	event_add(owed->event, &in);
	list_push(&responder->owed, &owed->node);
	if (++responder->n_owed > responder->peak)
		responder->peak = responder->n_owed;
}

/* Aliases of aliases, `n` of them, the last one of which is `last`. */
static void
responder_aliases(struct evdns_server_request *request, const char *name,
	long n, const char *last)
{
	char from[32], to[32];
	long i;

	for (i = 1; i <= n; i++) {
		snprintf(from, sizeof from, "link-%ld.test", i - 1);
		snprintf(to, sizeof to, "link-%ld.test", i);
		evdns_server_request_add_cname_reply(request,
			i == 1 ? name : from, i == n ? last : to,
			RESPONDER_TTL);
	}
}

static void
responder_reply(struct responder *responder,
	struct evdns_server_request *request, enum reply reply, int type)
{
	const char *name = request->questions[0]->name;
	int ttl = strncasecmp(name, "ttl-", 4) == 0 ?
		(int)responder_number(name) : RESPONDER_TTL;
	static const unsigned char private[] = { 10, 0, 0, 1 };
	unsigned char bound[] = { 127, 0, 0, 1 };
	int rcode = 0;

	switch (reply) {
	case ADDRESS:
		responder_addresses(request, name, type, 1, ttl);
		break;
	case MANY:
		responder_addresses(request, name, type, RESPONDER_MANY, ttl);
		break;
	case ALIAS:
		evdns_server_request_add_cname_reply(request, name,
			"target.test", 7);
		responder_addresses(request, "target.test", type, 1, ttl);
		break;
	case PRIVATE:
		evdns_server_request_add_a_reply(request, name, 1, private,
			ttl);
		break;
	case REBIND:
		if (responder->rebinds++ >= responder_number(name))
			bound[3] = 2;
		evdns_server_request_add_a_reply(request, name, 1, bound, 0);
		break;
	case CHAIN:
		responder_aliases(request, name, responder_number(name),
			"target.test");
		responder_addresses(request, "target.test", type, 1, ttl);
		break;
	case LOOP:
		responder_aliases(request, name, 3, name);
		break;
	case CUT:
		evdns_server_request_set_flags(request, RESPONDER_TC);
		break;
	case NODATA:
		break;
	case ABSENT:
		rcode = 3;
		break;
	case SERVFAIL:
		rcode = 2;
		break;
	case REFUSED:
		rcode = 5;
		break;
	case SILENT:
		evdns_server_request_drop(request);
		return;
	case LATE:
		responder_owe(responder, request, type);
		return;
	}
	evdns_server_request_respond(request, rcode);
}

static void
responder_asked_for(struct evdns_server_request *request, void *arg)
{
	struct responder *responder = arg;
	const struct story *story = stories;
	const char *name;
	int type;

	if (request->nquestions != 1) {
		evdns_server_request_respond(request, 1);
		return;
	}
	name = request->questions[0]->name;
	type = request->questions[0]->type;
	while (strncasecmp(name, story->prefix, strlen(story->prefix)) != 0)
		story++;
	responder->asked[type == EVDNS_TYPE_AAAA]++;
	if (responder->mute)
		evdns_server_request_drop(request);
	else if (responder->refuses)
		responder_reply(responder, request, REFUSED, type);
	else if (type != EVDNS_TYPE_A && type != EVDNS_TYPE_AAAA)
		responder_reply(responder, request, NODATA, type);
	else
		responder_reply(responder, request, type == EVDNS_TYPE_A ?
			story->a : story->aaaa, type);
}

/* A socket on a loopback port, any if *port is 0; -1 when that is taken. */
static int
responder_socket(int type, uint16_t *port)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	struct sockaddr *sa = (struct sockaddr *)(void *)&at;
	socklen_t len = sizeof at;
	int fd = socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	at.sin_port = htons(*port);
	if (fd < 0)
		return -1;
	if (bind(fd, sa, len) < 0 || getsockname(fd, sa, &len) < 0) {
		close(fd);
		return -1;
	}
	*port = ntohs(at.sin_port);
	return fd;
}

/* Both ports, TCP's in responder->tcp; the UDP socket, or -1. */
static int
responder_sockets(struct responder *responder)
{
	int tries, fd;

	for (tries = 0; tries < 20; tries++) {
		responder->number = 0;
		responder->tcp = responder_socket(SOCK_STREAM,
			&responder->number);
		if (responder->tcp < 0)
			return -1;
		fd = responder_socket(SOCK_DGRAM, &responder->number);
		if (fd >= 0)
			return fd;
		close(responder->tcp);
	}
	return -1;
}

/* -- TCP -- */

static void
call_end(struct call *call)
{
	list_remove(&call->node);
	event_free(call->event);
	close(call->fd);
	free(call);
}

/* Makes the question an answer; the length of it, 0 for none. */
static size_t
call_answer(unsigned char *message, size_t n, size_t size)
{
	static const unsigned char flags[] = { 0x81, 0x80, 0, 1, 0, 1, 0, 0,
		0, 0 };
	static const unsigned char v4[] = { 0xc0, 12, 0, 1, 0, 1, 0, 0, 1, 44,
		0, 4, 127, 0, 0, 1 };
	static const unsigned char v6[] = { 0xc0, 12, 0, 28, 0, 1, 0, 0, 1, 44,
		0, 16, [27] = 1 };
	const unsigned char *end = n > 12 ? memchr(message + 12, 0, n - 12) :
		NULL;
	size_t len, more;
	int ipv6;

	if (end == NULL || (size_t)(end - message) + 5 > n ||
	    strncasecmp((char *)message + 13, "cutok", 5) != 0)
		return 0;
	len = (size_t)(end - message) + 5;
	ipv6 = end[2] == 28;
	more = ipv6 ? sizeof v6 : sizeof v4;
	if (len + more > size)
		return 0;
	memcpy(message + 2, flags, sizeof flags);
	memcpy(message + len, ipv6 ? v6 : v4, more);
	return len + more;
}

static void
call_ready(evutil_socket_t fd, short what, void *arg)
{
	unsigned char message[1024];
	struct call *call = arg;
	ssize_t n = read(fd, message, sizeof message);
	size_t len = 0;

	(void)what;
	/* A question is small enough to come in one piece. */
	if (n > 2)
		len = call_answer(message + 2, (size_t)n - 2,
			sizeof message - 2);
	message[0] = (unsigned char)(len >> 8);
	message[1] = (unsigned char)len;
	if (len == 0 || write(fd, message, len + 2) != (ssize_t)len + 2)
		call_end(call);
}

static void
responder_called(evutil_socket_t fd, short what, void *arg)
{
	struct responder *responder = arg;
	int accepted = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct call *call;

	(void)what;
	if (accepted < 0)
		return;
	call = mem_alloc(sizeof *call);
	call->fd = accepted;
	call->event = event_new(responder->base, accepted,
		EV_READ | EV_PERSIST, call_ready, call);
	event_add(call->event, NULL);
	list_push(&responder->calls, &call->node);
}

struct responder *
responder_new(struct event_base *base)
{
	struct responder *responder = mem_array(1, sizeof *responder);
	int fd = responder_sockets(responder);

	responder->base = base;
	list_init(&responder->owed);
	list_init(&responder->calls);
	if (fd >= 0)
		responder->port = evdns_add_server_port_with_base(base, fd, 0,
			responder_asked_for, responder);
	if (responder->port != NULL)
		return responder;
	free(responder);
	return NULL;
}

void
responder_free(struct responder *responder)
{
	struct owed *owed;

	while (!list_empty(&responder->owed)) {
		owed = LIST_ENTRY(responder->owed.next, struct owed, node);
		evdns_server_request_drop(owed->request);
		responder_pay(owed);
	}
	while (!list_empty(&responder->calls))
		call_end(LIST_ENTRY(responder->calls.next, struct call, node));
	if (responder->accepting != NULL)
		event_free(responder->accepting);
	close(responder->tcp);
	evdns_close_server_port(responder->port);
	free(responder);
}

void
responder_refuse(struct responder *responder)
{
	responder->refuses = 1;
}

void
responder_mute(struct responder *responder, int mute)
{
	responder->mute = mute;
}

void
responder_listen(struct responder *responder)
{
	listen(responder->tcp, 128);
}

void
responder_serve(struct responder *responder)
{
	responder_listen(responder);
	responder->accepting = event_new(responder->base, responder->tcp,
		EV_READ | EV_PERSIST, responder_called, responder);
	event_add(responder->accepting, NULL);
}

uint16_t
responder_port(const struct responder *responder)
{
	return responder->number;
}

unsigned
responder_asked(const struct responder *responder, int family)
{
	return responder->asked[family == 6];
}

unsigned
responder_peak(const struct responder *responder)
{
	return responder->peak;
}
