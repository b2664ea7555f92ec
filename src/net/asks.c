/* SPDX-License-Identifier: MIT */
/*
 * asks -- names on their way from question to answer.
 *
 * A name is asked for as two questions, A and AAAA, since a server that is
 * slow with one (often AAAA) must not hold up the other: RFC 8305's
 * "resolution delay". An ask is queued, running, settled (its waiters are
 * told from an event, as c-ares may answer at once), and then may linger
 * until c-ares has let go of its questions; an address that comes then still
 * goes into the cache.
 *
 * While no server says anything about any name (net/silence), one that waits
 * gives up its place early to those that come after it, and where very many
 * wait so, few of the next are asked for until somebody is answered.
 */
#include "config.h"

#include <event2/event.h>
#include <stdatomic.h>
#include <string.h>

#include "base/clock.h"
#include "base/heap.h"
#include "base/list.h"
#include "base/map.h"
#include "base/mem.h"
#include "net/asks.h"
#include "net/dns.h"
#include "net/names_cache.h"
#include "net/silence.h"

#define ASKS_DELAY_US (50 * CLOCK_MS)	/* RFC 8305 section 3 */
/* Lingering questions a slot; beyond, nobody seems to answer them. */
#define ASKS_LINGER_MAX 4
/* Beyond, one place in so many is still used, to see whether that ends. */
#define ASKS_PROBE 8

enum ask_state {
	ASK_QUEUED,
	ASK_RUNNING,		/* in one of `concurrency` places */
	ASK_WAITING,		/* without one, in the list `idle` or asked */
	ASK_SETTLED,
	ASK_TOLD,
};
enum ask_family { ASK_A, ASK_AAAA, ASK_FAMILIES };

struct ask;

struct ask_question {
	struct ask *ask;
	struct dns_answer answer;	/* NAMES_PENDING: none yet */
};

struct ask {
	enum ask_state state;
	struct asks *asks;
	struct map_node node;	/* until settled */
	struct list link;	/* in `queue`, `idle` or `ready` */
	struct heap_node due;	/* running and waiting */
	struct list waiters;
	struct ask_question questions[ASK_FAMILIES];
	unsigned open;		/* questions that c-ares has */
	uint64_t heard;		/* dns_heard() when it began */
	unsigned halvings;	/* of its time, while nothing was heard */
	int64_t end_us;		/* of its waiting; due earlier, it may have to
				 * give up its place */
	enum names_status status;
	struct addrs *addrs;
	int64_t until_us;
	char name[];
};

struct asks {
	struct asks_settings settings;
	struct dns *dns;
	struct map map;
	struct list queue, ready;
	struct list idle;	/* begun, not asked for */
	struct heap due;
	int64_t armed_us;	/* what the timer is set to; 0: nothing */
	size_t running, lingering;	/* names; questions without a place */
	struct silence silence;
	struct event *timer, *telling;
};

static struct ask *
ask_new(struct asks *asks, const char *name, size_t len)
{
	struct ask *ask = mem_alloc(sizeof *ask + len + 1);
	size_t i;

	*ask = (struct ask){ .asks = asks, .status = NAMES_PENDING };
	list_init(&ask->link);
	list_init(&ask->waiters);
	for (i = 0; i < ASK_FAMILIES; i++) {
		ask->questions[i].ask = ask;
		ask->questions[i].answer.status = NAMES_PENDING;
	}
	memcpy(ask->name, name, len);
	ask->name[len] = '\0';
	return ask;
}

static void
ask_free(struct ask *ask)
{
	while (list_pop(&ask->waiters) != NULL)
		;
	list_remove(&ask->link);
	addrs_unref(ask->addrs);
	free(ask);
}

/* -- the verdict -- */

/* Both families in turn, IPv6 first, so that a cut leaves some of each. */
static void
ask_merge(struct ask *ask)
{
	const struct dns_answer *a = &ask->questions[ASK_A].answer;
	const struct dns_answer *aaaa = &ask->questions[ASK_AAAA].answer;
	struct addr list[2 * ADDRS_MAX];
	size_t n = 0, i;

	for (i = 0; i < ADDRS_MAX; i++) {
		if (i < aaaa->n)
			list[n++] = aaaa->list[i];
		if (i < a->n)
			list[n++] = a->list[i];
	}
	addrs_unref(ask->addrs);
	ask->addrs = addrs_new(list, n);
	ask->status = NAMES_OK;
}

static void
ask_decide(struct ask *ask)
{
	const struct asks_settings *settings = &ask->asks->settings;
	const struct dns_answer *a = &ask->questions[ASK_A].answer;
	const struct dns_answer *aaaa = &ask->questions[ASK_AAAA].answer;
	uint32_t ttl_s = UINT32_MAX;

	if (a->n > 0 || aaaa->n > 0)
		ask_merge(ask);
	else if (settings->ipv4)
		ask->status = asks_verdict(a->status, aaaa->status);
	else
		ask->status = asks_verdict(aaaa->status, aaaa->status);
	if (a->n > 0)
		ttl_s = a->ttl_s;
	if (aaaa->n > 0 && aaaa->ttl_s < ttl_s)
		ttl_s = aaaa->ttl_s;
	ask->until_us = clock_us() + names_cache_life_us(ask->status, ttl_s);
}

/* Gives up its place; what is open stays so. */
static void
ask_yield(struct ask *ask)
{
	struct asks *asks = ask->asks;

	if (ask->state != ASK_RUNNING)
		return;
	ask->state = ASK_WAITING;
	asks->running--;
	asks->lingering += ask->open;
	if (ask->heard == dns_heard(asks->dns))
		silence_met(&asks->silence);
	event_active(asks->telling, EV_TIMEOUT, 0);
}

/* Ends the waiting; whoever waits is told in a moment. */
static void
ask_settle(struct ask *ask)
{
	struct asks *asks = ask->asks;

	ask_decide(ask);
	if (ask->status == NAMES_TIMEOUT &&
	    ask->heard == dns_heard(asks->dns))
		silence_endured(&asks->silence, ask->halvings);
	ask_yield(ask);
	list_remove(&ask->link);	/* it may be idle */
	ask->state = ASK_SETTLED;
	heap_remove(&asks->due, &ask->due);
	map_remove(&asks->map, &ask->node);
	names_cache_put(asks->settings.cache, ask->name, ask->node.key_len,
		ask->status, ask->addrs, ask->until_us);
	list_push(&asks->ready, &ask->link);
	event_active(asks->telling, EV_TIMEOUT, 0);
	if (heap_first(&asks->due) == NULL) {
		event_del(asks->timer);
		asks->armed_us = 0;
	}
}

/* -- time -- */

static void
asks_arm(struct asks *asks)
{
	struct heap_node *first = heap_first(&asks->due);
	struct timeval in;
	int64_t left_us;

	/* A timer that comes too early just arms itself again. */
	if (first == NULL ||
	    (asks->armed_us != 0 && asks->armed_us <= first->at))
		return;
	asks->armed_us = first->at;
	left_us = first->at - clock_us();
	if (left_us < 0)
		left_us = 0;
	in.tv_sec = (time_t)(left_us / CLOCK_SECOND);
	in.tv_usec = (suseconds_t)(left_us % CLOCK_SECOND);
	event_add(asks->timer, &in);
}

static void
ask_due(struct ask *ask, int64_t at)
{
	heap_remove(&ask->asks->due, &ask->due);
	heap_push(&ask->asks->due, &ask->due, at);
}

static void
ask_hasten(struct ask *ask)
{
	int64_t at = clock_us() + ASKS_DELAY_US;

	if (at < ask->end_us)
		ask->end_us = at;
	if (at >= ask->due.at)
		return;
	ask_due(ask, at);
	asks_arm(ask->asks);
}

/* -- questions -- */

/* An answer after all: for those who come later. */
static void
ask_keep_late(struct ask *ask, const struct dns_answer *answer)
{
	struct addrs *old = ask->addrs != NULL ? addrs_ref(ask->addrs) : NULL;
	int64_t until_us = clock_us() + names_cache_life_us(NAMES_OK,
		answer->ttl_s);

	if (old == NULL || until_us < ask->until_us)
		ask->until_us = until_us;
	ask_merge(ask);
	names_cache_swap(ask->asks->settings.cache, ask->name,
		ask->node.key_len, old, ask->addrs, ask->until_us);
	addrs_unref(old);
}

static void
ask_lingered(struct ask *ask, const struct dns_answer *answer)
{
	if (answer->n > 0 && (ask->status == NAMES_OK ||
	    ask->status == NAMES_TIMEOUT))
		ask_keep_late(ask, answer);
	if (ask->open == 0 && ask->state == ASK_TOLD)
		ask_free(ask);
}

static void
ask_answered(void *arg, const struct dns_answer *answer)
{
	struct ask_question *question = arg;
	struct ask *ask = question->ask;

	ask->open--;
	question->answer = *answer;
	if (ask->state != ASK_RUNNING)
		ask->asks->lingering--;
	/* There is life, or there are fewer that linger. */
	if (!list_empty(&ask->asks->idle))
		event_active(ask->asks->telling, EV_TIMEOUT, 0);
	if (ask->state > ASK_WAITING)
		ask_lingered(ask, answer);
	else if (answer->status == NAMES_PENDING)
		;	/* asks_free() is at work */
	else if (ask->open == 0)
		ask_settle(ask);
	else if (answer->status == NAMES_OK ||
	    (answer->status == NAMES_NXDOMAIN &&
	    question == &ask->questions[ASK_A]))
		ask_hasten(ask);
}

static int
asks_deaf(struct asks *asks)
{
	return silence_lasts(&asks->silence, dns_heard(asks->dns));
}

static int
asks_few(const struct asks *asks, size_t times)
{
	return asks->lingering < times * ASKS_LINGER_MAX *
		asks->settings.concurrency;
}

/* Who hears nothing need not send more and more. */
static int
asks_quiet(struct asks *asks)
{
	size_t probes = asks->settings.concurrency / ASKS_PROBE + 1;

	if (!asks_deaf(asks) || asks_few(asks, 1))
		return 0;
	return asks->running >= probes || !asks_few(asks, 2);
}

static void
ask_begin(struct ask *ask, enum ask_state state)
{
	struct asks *asks = ask->asks;

	ask->state = state;
	ask->heard = asks->silence.heard;
	ask->halvings = asks->silence.halvings;
	ask->end_us = clock_us() + silence_patience_us(&asks->silence);
}

/* Waits for a sign of life before it is asked for. */
static void
ask_idle(struct ask *ask)
{
	ask_begin(ask, ASK_WAITING);
	list_push(&ask->asks->idle, &ask->link);
	heap_push(&ask->asks->due, &ask->due, ask->end_us);
	asks_arm(ask->asks);
}

static void
ask_start(struct ask *ask)
{
	struct asks *asks = ask->asks;
	const struct asks_settings *settings = &asks->settings;
	int ipv4 = settings->ipv4;
	int ipv6 = settings->ipv6 && (asks_few(asks, 1) || !ipv4);
	int64_t due_us = clock_us() + silence_stay_us(&asks->silence);

	ask_begin(ask, ASK_RUNNING);
	asks->running++;
	atomic_fetch_add(settings->sent, 1);
	heap_push(&asks->due, &ask->due,
		due_us < ask->end_us ? due_us : ask->end_us);
	asks_arm(asks);
	/* Both count before the first is asked: it may be answered at once. */
	ask->open = (ipv4 != 0) + (unsigned)(ipv6 != 0);
	/* What is not asked for has no say; what goes unheard does. */
	if (!ipv6)
		ask->questions[ASK_AAAA].answer.status = settings->ipv6 ?
			NAMES_TIMEOUT : NAMES_NXDOMAIN;
	if (ipv4)
		dns_ask(asks->dns, ask->name, 4, ask_answered,
			&ask->questions[ASK_A]);
	if (ipv6)
		dns_ask(asks->dns, ask->name, 6, ask_answered,
			&ask->questions[ASK_AAAA]);
}

/* Its time is up, or that for which it may hold its place in silence. */
static void
ask_expire(struct ask *ask, int64_t now_us)
{
	struct asks *asks = ask->asks;
	int deaf = ask->heard == dns_heard(asks->dns);

	if (now_us < ask->end_us) {
		ask_due(ask, ask->end_us);
		if (deaf)
			ask_yield(ask);
		return;
	}
	ask_settle(ask);
}

static void
asks_expire(evutil_socket_t fd, short what, void *arg)
{
	struct asks *asks = arg;
	struct heap_node *first;
	int64_t now_us = clock_us();

	(void)fd;
	(void)what;
	asks->armed_us = 0;
	while ((first = heap_first(&asks->due)) != NULL &&
	    first->at <= now_us)
		ask_expire(LIST_ENTRY(first, struct ask, due), now_us);
	asks_arm(asks);
}

static struct ask *
ask_unidle(struct list *link)
{
	struct ask *ask = LIST_ENTRY(link, struct ask, link);

	list_remove(link);
	heap_remove(&ask->asks->due, &ask->due);
	ask->state = ASK_QUEUED;
	return ask;
}

/* There is life: those that waited for it are first, with all their time. */
static void
asks_revive(struct asks *asks)
{
	while (!list_empty(&asks->idle))
		list_push_front(&asks->queue,
			&ask_unidle(asks->idle.prev)->link);
}

/*
 * The next name to begin with, out of `queue` or `idle`. To see whether
 * silence has ended the last is best, the furthest from those that met it.
 */
static struct ask *
asks_next(struct asks *asks, int quiet)
{
	struct list *link;

	if (!quiet && !list_empty(&asks->idle))
		return ask_unidle(asks->idle.prev);
	link = list_pop(&asks->queue);
	return link != NULL ? LIST_ENTRY(link, struct ask, link) : NULL;
}

static void
asks_start(struct asks *asks)
{
	struct ask *ask;
	int quiet;

	if (!asks_deaf(asks))
		asks_revive(asks);
	while (asks->running < asks->settings.concurrency) {
		quiet = asks_quiet(asks);
		ask = asks_next(asks, quiet);
		if (ask == NULL)
			break;
		if (list_empty(&ask->waiters)) {
			map_remove(&asks->map, &ask->node);
			ask_free(ask);
		} else if (quiet)
			ask_idle(ask);
		else
			ask_start(ask);
	}
}

static void
ask_tell(struct ask *ask)
{
	struct names_waiter *waiter;
	struct list *node;

	while ((node = list_pop(&ask->waiters)) != NULL) {
		waiter = LIST_ENTRY(node, struct names_waiter, node);
		waiter->done(waiter, ask->status, ask->addrs);
	}
	ask->state = ASK_TOLD;
	if (ask->open == 0)
		ask_free(ask);
}

/* Only here do waiters hear and queued names start, so nothing recurses. */
static void
asks_tell(evutil_socket_t fd, short what, void *arg)
{
	struct asks *asks = arg;
	struct list ready, *link;

	(void)fd;
	(void)what;
	list_init(&ready);
	list_splice(&ready, &asks->ready);
	while ((link = list_pop(&ready)) != NULL)
		ask_tell(LIST_ENTRY(link, struct ask, link));
	asks_start(asks);
}

void
asks_add(struct asks *asks, const char *name, size_t len,
	struct names_waiter *waiter)
{
	struct map_node *node = map_find(&asks->map, name, len);
	struct ask *ask;

	if (node != NULL) {
		ask = LIST_ENTRY(node, struct ask, node);
		list_push(&ask->waiters, &waiter->node);
		return;
	}
	ask = ask_new(asks, name, len);
	map_insert(&asks->map, &ask->node, ask->name, len);
	list_push(&ask->waiters, &waiter->node);
	list_push(&asks->queue, &ask->link);
	asks_start(asks);
}

void
asks_settled(struct asks *asks, enum names_status status,
	struct addrs *addrs, struct names_waiter *waiter)
{
	struct ask *ask = ask_new(asks, "", 0);

	ask->state = ASK_SETTLED;
	ask->status = status;
	ask->addrs = addrs;
	list_push(&ask->waiters, &waiter->node);
	list_push(&asks->ready, &ask->link);
	event_active(asks->telling, EV_TIMEOUT, 0);
}

/* -- life -- */

struct asks *
asks_new(const struct asks_settings *settings, struct err *err)
{
	struct asks *asks = mem_alloc(sizeof *asks);

	*asks = (struct asks){
		.settings = *settings,
		.silence = { .timeout_us = settings->timeout_us },
	};
	if (asks->settings.concurrency == 0)
		asks->settings.concurrency = 1;
	map_init(&asks->map);
	list_init(&asks->queue);
	list_init(&asks->ready);
	list_init(&asks->idle);
	heap_init(&asks->due);
	asks->timer = evtimer_new(settings->base, asks_expire, asks);
	asks->telling = event_new(settings->base, -1, 0, asks_tell, asks);
	if (asks->timer == NULL || asks->telling == NULL)
		err_set(err, ERR_SYSTEM, "libevent cannot make a timer");
	else
		asks->dns = dns_new(settings->base, settings->servers,
			settings->timeout_us, err);
	if (asks->dns != NULL)
		return asks;
	asks_free(asks);
	return NULL;
}

void
asks_free(struct asks *asks)
{
	struct heap_node *due;
	struct list *link;

	if (asks == NULL)
		return;
	/* Those that linger end with it. */
	dns_free(asks->dns);
	list_splice(&asks->ready, &asks->queue);
	while ((link = list_pop(&asks->ready)) != NULL)
		ask_free(LIST_ENTRY(link, struct ask, link));
	while ((due = heap_first(&asks->due)) != NULL) {
		heap_remove(&asks->due, due);
		ask_free(LIST_ENTRY(due, struct ask, due));
	}
	map_release(&asks->map);
	heap_release(&asks->due);
	if (asks->timer != NULL)
		event_free(asks->timer);
	if (asks->telling != NULL)
		event_free(asks->telling);
	free(asks);
}
