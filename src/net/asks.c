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
 * Names that nobody says anything about cost less and less time: a server that
 * is dead costs its time once and not once a name, and as soon as anybody says
 * anything all is as before.
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

#define ASKS_DELAY_US (50 * CLOCK_MS)	/* RFC 8305 section 3 */
/* Lingering questions a slot; beyond, nobody seems to answer them. */
#define ASKS_LINGER_MAX 4
/* However long nobody has said anything: more than an answer usually takes. */
#define ASKS_PATIENCE_MIN (200 * CLOCK_MS)

enum ask_state { ASK_QUEUED, ASK_RUNNING, ASK_SETTLED, ASK_TOLD };
enum ask_family { ASK_A, ASK_AAAA, ASK_FAMILIES };

struct ask;

struct ask_question {
	struct ask *ask;
	struct dns_answer answer;	/* NAMES_PENDING: none yet */
};

struct ask {
	enum ask_state state;
	struct asks *asks;
	struct map_node node;	/* queued and running */
	struct list link;	/* in `queue` or `ready` */
	struct heap_node due;	/* running */
	struct list waiters;
	struct ask_question questions[ASK_FAMILIES];
	unsigned open;		/* questions that c-ares has */
	int heard;		/* somebody said something */
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
	struct heap due;
	int64_t armed_us;	/* what the timer is set to; 0: nothing */
	size_t running, lingering;
	unsigned unheard;	/* names in a row that timed out with nobody
				 * saying anything about any name */
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

static int
ask_rank(enum names_status status)
{
	switch (status) {
	case NAMES_PENDING:
	case NAMES_TIMEOUT:
		return 6;
	case NAMES_NOSERVER:
		return 5;
	case NAMES_SERVFAIL:
		return 4;
	case NAMES_REFUSED:
		return 3;
	case NAMES_BADNAME:
		return 2;
	case NAMES_NODATA:
		return 1;
	case NAMES_NXDOMAIN:
	case NAMES_DENIED:
	case NAMES_OK:
		break;
	}
	return 0;
}

enum names_status
asks_verdict(enum names_status a, enum names_status aaaa)
{
	enum names_status worse = ask_rank(a) >= ask_rank(aaaa) ? a : aaaa;

	/*
	 * A name that does not exist has no AAAA either. The reverse does not
	 * hold: some servers say so to AAAA only (RFC 4074, section 4.2).
	 */
	if (a == NAMES_NXDOMAIN && aaaa != NAMES_NODATA)
		return NAMES_NXDOMAIN;
	return worse == NAMES_PENDING ? NAMES_TIMEOUT : worse;
}

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

/* Ends the waiting; whoever waits is told in a moment. */
static void
ask_settle(struct ask *ask)
{
	struct asks *asks = ask->asks;

	ask_decide(ask);
	if (ask->status == NAMES_TIMEOUT && !ask->heard)
		asks->unheard++;
	ask->state = ASK_SETTLED;
	asks->running--;
	asks->lingering += ask->open;
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
		ask_settle(LIST_ENTRY(first, struct ask, due));
	asks_arm(asks);
}

static void
ask_hasten(struct ask *ask)
{
	int64_t at = clock_us() + ASKS_DELAY_US;

	if (at >= ask->due.at)
		return;
	heap_remove(&ask->asks->due, &ask->due);
	heap_push(&ask->asks->due, &ask->due, at);
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
	ask->asks->lingering--;
	if (ask->open == 0 && ask->state == ASK_TOLD)
		ask_free(ask);
}

/* Whether a server said that, be it that it will not tell. */
static int
ask_is_heard(enum names_status status)
{
	return status != NAMES_PENDING && status != NAMES_TIMEOUT &&
		status != NAMES_NOSERVER;
}

static void
ask_answered(void *arg, const struct dns_answer *answer)
{
	struct ask_question *question = arg;
	struct ask *ask = question->ask;

	ask->open--;
	question->answer = *answer;
	if (ask_is_heard(answer->status)) {
		ask->heard = 1;
		ask->asks->unheard = 0;
	}
	if (ask->state != ASK_RUNNING)
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

/* How long a name is waited for that is asked for now. */
static int64_t
asks_patience(const struct asks *asks)
{
	int64_t all_us = asks->settings.timeout_us;
	int64_t us = all_us / (1 + (int64_t)asks->unheard);

	if (us < ASKS_PATIENCE_MIN)
		us = ASKS_PATIENCE_MIN;
	return us < all_us ? us : all_us;
}

static void
ask_start(struct ask *ask)
{
	struct asks *asks = ask->asks;
	const struct asks_settings *settings = &asks->settings;
	int few = asks->lingering < ASKS_LINGER_MAX * settings->concurrency;
	/* Who hears nothing need not send more and more. */
	int asking = few || asks->unheard == 0;
	int ipv4 = settings->ipv4 && asking;
	int ipv6 = settings->ipv6 && (few || (!settings->ipv4 && asking));

	ask->state = ASK_RUNNING;
	asks->running++;
	atomic_fetch_add(settings->sent, 1);
	heap_push(&asks->due, &ask->due, clock_us() + asks_patience(asks));
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

static void
asks_start(struct asks *asks)
{
	struct list *link;
	struct ask *ask;

	while (asks->running < asks->settings.concurrency &&
	    (link = list_pop(&asks->queue)) != NULL) {
		ask = LIST_ENTRY(link, struct ask, link);
		if (!list_empty(&ask->waiters)) {
			ask_start(ask);
			continue;
		}
		map_remove(&asks->map, &ask->node);
		ask_free(ask);
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

	*asks = (struct asks){ .settings = *settings };
	if (asks->settings.concurrency == 0)
		asks->settings.concurrency = 1;
	map_init(&asks->map);
	list_init(&asks->queue);
	list_init(&asks->ready);
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
