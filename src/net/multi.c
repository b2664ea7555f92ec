/* SPDX-License-Identifier: MIT */
/*
 * multi -- fetches and their handles, spread over shards.
 *
 * To find a connection that can be used again, libcurl looks at every one to
 * the same host that its CURLM has: with 3000 of them that costs three times
 * what all the rest does. So no CURLM has more than a hundred or so. An origin
 * has a home among them, and what does not fit in there goes to the next: a
 * list of many hosts finds its connections at home, and one of a single host
 * fills shard after shard. There it finds them as well, since whoever comes
 * next takes the place, and with it the connection, that the last one left.
 */
#include "config.h"

#include <curl/curl.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "base/list.h"
#include "base/map.h"
#include "base/mem.h"
#include "net/easy.h"
#include "net/fetch.h"
#include "net/multi.h"
#include "net/shard.h"

#define MULTI_OTHER_FILES 64	/* lists, outputs, bodies, name servers */
#define MULTI_SHARD_FILES 2	/* libcurl's own, in each CURLM */
/* How often those that paused are looked at. */
#define MULTI_PATIENCE (10 * CLOCK_MS)

/* Fetches in a shard: at most, and by which shards are counted, so that there
 * is room beside an origin that fills some of them. */
#define MULTI_SHARD_MAX 150
#define MULTI_SHARD 100

/*
 * Fetches handed over at once: what is done with them, what is chosen next and
 * what libcurl does to start it are each a good part of a processor's
 * instruction cache, and a handle is soon no longer in the one for data.
 */
#define MULTI_ROUND 16

struct multi {
	struct multi_args args;
	struct shard *shards;
	size_t n_shards, shard_max;
	struct list busy;	/* slots with a fetch */
	struct list paused;	/* likewise, whose body waits to be written;
				 * in the order in which they paused */
	struct event patience;	/* for those */
	struct list idle;	/* slots without: the last used first, so that
				 * its pinned name is likely the next one's */
	struct list over;	/* fetches to be handed over: they are done, or
				 * libcurl never had a part in them */
	size_t n_over;
	struct event ending;	/* of those */
	int ending_now;		/* they are being handed over */
	struct list due;	/* shards that were given something to start */
};

/* A handle, its place in the lists, and the shard that it is in, if any. */
struct multi_slot {
	struct list node;
	struct multi *multi;
	struct shard *shard;
	struct easy *easy;
};

/* --- what is finished --- */

/* Gives libcurl what was added to its shards, without the timer's round. */
static void
multi_start_due(struct multi *multi)
{
	struct list due, *node;

	list_init(&due);
	list_splice(&due, &multi->due);
	while ((node = list_pop(&due)) != NULL)
		shard_start(LIST_ENTRY(node, struct shard, due));
}

static void
multi_hand_over(struct multi *multi)
{
	struct list over, *node;

	list_init(&over);
	list_splice(&over, &multi->over);
	multi->n_over = 0;
	multi->ending_now = 1;
	while ((node = list_pop(&over)) != NULL)
		multi->args.done(multi->args.arg,
			LIST_ENTRY(node, struct fetch, node));
	multi->args.more(multi->args.arg);
	multi_start_due(multi);
	multi->ending_now = 0;
}

static void
multi_on_ending(evutil_socket_t fd, short what, void *arg)
{
	struct multi *multi = arg;

	(void)fd;
	(void)what;
	/* They may have been enough to be handed over meanwhile. */
	if (multi->n_over > 0)
		multi_hand_over(multi);
}

/*
 * To be handed over in this round of the loop, and with others. What ends
 * while that is done has to wait for the next round: a list whose every fetch
 * fails at once must not keep the loop from all else.
 */
static void
multi_end(struct multi *multi, struct fetch *fetch)
{
	static const struct timeval next_round = { 0 };

	list_push(&multi->over, &fetch->node);
	/* The first one has seen to it. */
	if (multi->n_over++ > 0)
		return;
	if (multi->ending_now)
		evtimer_add(&multi->ending, &next_round);
	else
		event_active(&multi->ending, EV_TIMEOUT, 0);
}

/* libcurl lets go of it; the fetch is still the slot's. */
static void
multi_leave(struct multi_slot *slot, CURLcode code)
{
	shard_remove(slot->shard, easy_handle(slot->easy));
	slot->shard = NULL;
	easy_collect(slot->easy, (int)code);
	list_remove(&slot->node);
	list_push_front(&slot->multi->idle, &slot->node);
}

static void
multi_finish(struct multi_slot *slot, CURLcode code)
{
	struct multi *multi = slot->multi;
	struct fetch *fetch = easy_fetch(slot->easy);

	multi_leave(slot, code);
	multi_end(multi, fetch);
	if (multi->n_over >= MULTI_ROUND && !multi->ending_now)
		multi_hand_over(multi);
}

static void
multi_on_done(void *arg, void *curl, int code)
{
	(void)arg;
	multi_finish(easy_owner(curl), (CURLcode)code);
}

/* --- bodies that cannot be written yet --- */

static void
multi_be_patient(struct multi *multi)
{
	static const struct timeval delay = { .tv_usec = MULTI_PATIENCE };

	if (!evtimer_pending(&multi->patience, NULL))
		evtimer_add(&multi->patience, &delay);
}

/* From inside libcurl. */
static void
multi_on_pause(void *owner)
{
	struct multi_slot *slot = owner;

	list_remove(&slot->node);
	list_push(&slot->multi->paused, &slot->node);
	multi_be_patient(slot->multi);
}

static void
multi_resume(struct multi *multi, struct multi_slot *slot)
{
	int code;

	list_push(&multi->busy, &slot->node);
	code = easy_resume(slot->easy);
	if (code != CURLE_OK)
		multi_finish(slot, (CURLcode)code);
}

/* Who may write is asked, not told: what it waits for may be other processes'
 * doing. Each is looked at once, though resuming it may pause it again. */
static void
multi_on_patience(evutil_socket_t fd, short what, void *arg)
{
	struct multi *multi = arg;
	struct multi_slot *slot;
	struct list *node;
	size_t n = 0;

	(void)fd;
	(void)what;
	for (node = multi->paused.next; node != &multi->paused;
	    node = node->next)
		n++;
	for (; n > 0 && (node = list_pop(&multi->paused)) != NULL; n--) {
		slot = LIST_ENTRY(node, struct multi_slot, node);
		if (easy_may_resume(slot->easy))
			multi_resume(multi, slot);
		else
			list_push(&multi->paused, node);
	}
	if (!list_empty(&multi->paused))
		multi_be_patient(multi);
}

/* --- starting and ending fetches --- */

static struct multi_slot *
multi_slot_new(struct multi *multi)
{
	struct multi_slot *slot = mem_array(1, sizeof *slot);

	slot->multi = multi;
	slot->easy = easy_new(multi->args.env, NULL);
	if (slot->easy == NULL) {
		free(slot);
		return NULL;
	}
	easy_set_owner(slot->easy, slot);
	easy_set_pausing(slot->easy, multi_on_pause);
	return slot;
}

static void
multi_slots_free(struct list *slots)
{
	struct multi_slot *slot;
	struct list *node;

	while ((node = list_pop(slots)) != NULL) {
		slot = LIST_ENTRY(node, struct multi_slot, node);
		if (slot->shard != NULL)
			shard_remove(slot->shard, easy_handle(slot->easy));
		easy_free(slot->easy);
		free(slot);
	}
}

static void
multi_fail(struct multi *multi, struct fetch *fetch)
{
	if (fetch->reply.code == CURLE_OK)
		fetch->reply.code = CURLE_FAILED_INIT;
	if (fetch->reply.errormsg == NULL)
		fetch->reply.errormsg =
			mem_strdup(curl_easy_strerror(fetch->reply.code));
	multi_end(multi, fetch);
}

/*
 * Where the fetch goes. The seed is nobody's secret: who chooses names so that
 * they meet in one shard only fills it.
 */
static struct shard *
multi_pick(struct multi *multi, const struct fetch *fetch)
{
	static const uint64_t seed[2] = { 0, 0 };
	const struct url *url = &fetch->request.url;
	size_t left = multi->n_shards, at = 0;

	if (left > 1)
		at = map_hash(seed, url->text, url->origin_len) % left;
	for (; left > 1 && multi->shards[at].n >= multi->shard_max; left--)
		at = (at + 1) % multi->n_shards;
	return &multi->shards[at];
}

void
multi_add(struct multi *multi, struct fetch *fetch)
{
	struct multi_slot *slot;
	struct list *node;

	if (fetch->request.flags & FETCH_NOTHING) {
		fetch_reply_clear(&fetch->reply);
		multi_end(multi, fetch);
		return;
	}
	node = list_pop(&multi->idle);
	slot = node != NULL ? LIST_ENTRY(node, struct multi_slot, node) :
		multi_slot_new(multi);
	if (slot == NULL) {
		fetch_reply_clear(&fetch->reply);
		multi_fail(multi, fetch);
		return;
	}
	if (easy_prepare(slot->easy, fetch) != 0) {
		list_push_front(&multi->idle, &slot->node);
		multi_fail(multi, fetch);
		return;
	}
	slot->shard = multi_pick(multi, fetch);
	if (shard_add(slot->shard, easy_handle(slot->easy)) != 0) {
		slot->shard = NULL;
		easy_collect(slot->easy, CURLE_ABORTED_BY_CALLBACK);
		fetch_reply_clear(&fetch->reply);
		list_push_front(&multi->idle, &slot->node);
		multi_fail(multi, fetch);
		return;
	}
	list_push(&multi->busy, &slot->node);
	if (list_empty(&slot->shard->due))
		list_push(&multi->due, &slot->shard->due);
}

void
multi_cancel(struct multi *multi)
{
	struct multi_slot *slot;
	struct fetch *fetch;
	struct list busy, *node;

	/* Those that `done` starts anew are not meant. */
	list_init(&busy);
	list_splice(&busy, &multi->busy);
	list_splice(&busy, &multi->paused);
	while (!list_empty(&busy)) {
		node = busy.next;
		slot = LIST_ENTRY(node, struct multi_slot, node);
		fetch = easy_fetch(slot->easy);
		multi_leave(slot, CURLE_ABORTED_BY_CALLBACK);
		fetch->reply.refusal = FETCH_CANCELLED;
		multi->args.done(multi->args.arg, fetch);
	}
	multi->args.more(multi->args.arg);
}

/* --- life --- */

/*
 * How many connections may be open, kept ones included: where the system's
 * limit is near, the oldest idle one makes room for a fetch. 0: any number.
 */
static size_t
multi_room(const struct multi_args *args, size_t n_shards)
{
	size_t all = 1 + args->others, room = 0;
	size_t others = MULTI_OTHER_FILES + MULTI_SHARD_FILES * n_shards * all;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 ||
	    limit.rlim_cur == RLIM_INFINITY)
		return 0;
	if (limit.rlim_cur > others)
		room = ((size_t)limit.rlim_cur - others) / all;
	return room > args->concurrency ? room : args->concurrency;
}

/*
 * How many shards, how many fetches each takes, and how many connections: its
 * part of all, but not fewer than fetches, which would have to wait in
 * libcurl.
 */
static void
multi_divide(struct multi *multi, struct shard_args *each)
{
	size_t concurrency = multi->args.concurrency, n = 1, least;

	if (concurrency > MULTI_SHARD_MAX)
		n = (concurrency + MULTI_SHARD - 1) / MULTI_SHARD;
	least = (concurrency + n - 1) / n;
	each->room = multi_room(&multi->args, n);
	if (each->room > 0 && (each->room /= n) < least)
		each->room = least;
	multi->shard_max = MULTI_SHARD_MAX;
	if (each->room > 0 && each->room < multi->shard_max)
		multi->shard_max = each->room;
	multi->shards = mem_array(n, sizeof *multi->shards);
	multi->n_shards = n;
}

static int
multi_open_shards(struct multi *multi, struct err *err)
{
	struct shard_args each = {
		.base = multi->args.base,
		/* Never reached: up to 8.9 each eviction walks every host
		 * seen. */
		.kept = 4 * multi->args.concurrency + 1024,
		.done = multi_on_done,
		.arg = multi,
	};
	size_t n, i;

	multi_divide(multi, &each);
	n = multi->n_shards;
	for (i = 0; i < n; i++) {
		multi->n_shards = i;
		if (shard_init(&multi->shards[i], &each, err) != 0)
			return -1;
	}
	multi->n_shards = n;
	return 0;
}

struct multi *
multi_new(const struct multi_args *args, struct err *err)
{
	struct multi *multi = mem_array(1, sizeof *multi);

	multi->args = *args;
	list_init(&multi->busy);
	list_init(&multi->paused);
	list_init(&multi->idle);
	list_init(&multi->over);
	list_init(&multi->due);
	evtimer_assign(&multi->patience, args->base, multi_on_patience, multi);
	evtimer_assign(&multi->ending, args->base, multi_on_ending, multi);
	if (multi_open_shards(multi, err) == 0)
		return multi;
	multi_free(multi);
	return NULL;
}

void
multi_free(struct multi *multi)
{
	if (multi == NULL)
		return;
	multi_slots_free(&multi->busy);
	multi_slots_free(&multi->paused);
	multi_slots_free(&multi->idle);
	while (multi->n_shards > 0)
		shard_release(&multi->shards[--multi->n_shards]);
	free(multi->shards);
	event_del(&multi->patience);
	event_del(&multi->ending);
	free(multi);
}
