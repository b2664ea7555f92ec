/* SPDX-License-Identifier: MIT */
/*
 * multi -- curl_multi_socket_action() on libevent.
 *
 * The shape is libcurl's docs/examples/hiperfifo.c with its rules kept: no
 * call into the multi from its own callbacks, a 0 ms time-out goes through
 * the timer, CURL_POLL_REMOVE may come for a socket we never saw, and the
 * handle a socket callback names may be one of libcurl's own.
 */
#include "config.h"

#include <curl/curl.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "base/list.h"
#include "base/mem.h"
#include "net/easy.h"
#include "net/fetch.h"
#include "net/multi.h"

#define MULTI_OTHER_FILES 64	/* lists, outputs, bodies, name servers */
/* How often those that paused are looked at. */
#define MULTI_PATIENCE (10 * CLOCK_MS)

struct multi {
	CURLM *curlm;
	struct event_base *base;
	struct event timer;
	const struct easy_env *env;
	multi_done_fn *done;
	void *arg;
	struct list busy;	/* slots with a fetch */
	struct list paused;	/* likewise, whose body waits to be written;
				 * in the order in which they paused */
	struct event patience;	/* for those */
	struct list idle;	/* slots without: the last used first, so that
				 * its pinned name is likely the next one's */
	struct list over;	/* fetches that libcurl has no part in: nothing
				 * is asked for, or it cannot be */
	struct list spare;	/* watches without a socket: libcurl gives one
				 * up and asks for one with every fetch */
	struct event ending;	/* of those */
};

/* A handle and its place in the lists. */
struct multi_slot {
	struct list node;
	struct multi *multi;
	struct easy *easy;
};

struct multi_socket {
	struct list node;
	struct event event;
	struct multi *multi;
};

/* --- what is finished --- */

static void
multi_finish(struct multi *multi, struct multi_slot *slot, CURLcode code)
{
	struct fetch *fetch = easy_fetch(slot->easy);

	curl_multi_remove_handle(multi->curlm, easy_handle(slot->easy));
	easy_collect(slot->easy, (int)code);
	list_remove(&slot->node);
	list_push_front(&multi->idle, &slot->node);
	multi->done(multi->arg, fetch);
}

static void
multi_drain(struct multi *multi)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(multi->curlm, &left)) != NULL)
		if (message->msg == CURLMSG_DONE)
			multi_finish(multi, easy_owner(message->easy_handle),
				message->data.result);
}

/* --- libcurl asks, libevent watches --- */

static void
multi_on_socket(evutil_socket_t fd, short what, void *arg)
{
	struct multi *multi = ((struct multi_socket *)arg)->multi;
	int mask = (what & EV_READ ? CURL_CSELECT_IN : 0) |
		(what & EV_WRITE ? CURL_CSELECT_OUT : 0);
	int running;

	curl_multi_socket_action(multi->curlm, fd, mask, &running);
	multi_drain(multi);
}

static void
multi_on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct multi *multi = arg;
	int running;

	(void)fd;
	(void)what;
	curl_multi_socket_action(multi->curlm, CURL_SOCKET_TIMEOUT, 0,
		&running);
	multi_drain(multi);
}

static int
multi_want_timer(CURLM *curlm, long ms, void *arg)
{
	struct multi *multi = arg;
	struct timeval delay = { ms / 1000, (ms % 1000) * 1000 };

	(void)curlm;
	return ms < 0 ? evtimer_del(&multi->timer) :
		evtimer_add(&multi->timer, &delay);
}

static struct multi_socket *
multi_socket_new(struct multi *multi)
{
	struct list *node = list_pop(&multi->spare);
	struct multi_socket *watch;

	if (node != NULL)
		return LIST_ENTRY(node, struct multi_socket, node);
	watch = mem_array(1, sizeof *watch);
	list_init(&watch->node);
	watch->multi = multi;
	return watch;
}

/* NULL is fine: libcurl may give up a socket that we never saw. */
static void
multi_socket_end(struct multi *multi, struct multi_socket *watch)
{
	if (watch == NULL)
		return;
	event_del(&watch->event);
	list_push_front(&multi->spare, &watch->node);
}

static int
multi_want_socket(CURL *curl, curl_socket_t fd, int what, void *arg,
	void *assigned)
{
	struct multi_socket *watch = assigned;
	struct multi *multi = arg;
	short events = EV_PERSIST;

	(void)curl;
	if (what == CURL_POLL_REMOVE) {
		multi_socket_end(multi, watch);
		return 0;
	}
	if (watch != NULL) {
		event_del(&watch->event);
	} else {
		watch = multi_socket_new(multi);
		curl_multi_assign(multi->curlm, fd, watch);
	}
	if (what & CURL_POLL_IN)
		events |= EV_READ;
	if (what & CURL_POLL_OUT)
		events |= EV_WRITE;
	event_assign(&watch->event, multi->base, fd, events, multi_on_socket,
		watch);
	return event_add(&watch->event, NULL);
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
		multi_finish(multi, slot, (CURLcode)code);
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
	slot->easy = easy_new(multi->env, NULL);
	if (slot->easy == NULL) {
		free(slot);
		return NULL;
	}
	easy_set_owner(slot->easy, slot);
	easy_set_pausing(slot->easy, multi_on_pause);
	return slot;
}

static void
multi_slots_free(struct multi *multi, struct list *slots)
{
	struct multi_slot *slot;
	struct list *node;

	while ((node = list_pop(slots)) != NULL) {
		slot = LIST_ENTRY(node, struct multi_slot, node);
		curl_multi_remove_handle(multi->curlm,
			easy_handle(slot->easy));
		easy_free(slot->easy);
		free(slot);
	}
}

/* Done, but from the loop and not from inside multi_add(). */
static void
multi_end(struct multi *multi, struct fetch *fetch)
{
	list_push(&multi->over, &fetch->node);
	event_active(&multi->ending, EV_TIMEOUT, 0);
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

static void
multi_on_ending(evutil_socket_t fd, short what, void *arg)
{
	struct multi *multi = arg;
	struct list over, *node;

	(void)fd;
	(void)what;
	list_init(&over);
	list_splice(&over, &multi->over);
	while ((node = list_pop(&over)) != NULL)
		multi->done(multi->arg, LIST_ENTRY(node, struct fetch, node));
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
	/* Sets the timer, which starts the transfer. */
	if (curl_multi_add_handle(multi->curlm, easy_handle(slot->easy)) !=
	    CURLM_OK) {
		easy_collect(slot->easy, CURLE_ABORTED_BY_CALLBACK);
		fetch_reply_clear(&fetch->reply);
		list_push_front(&multi->idle, &slot->node);
		multi_fail(multi, fetch);
		return;
	}
	list_push(&multi->busy, &slot->node);
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
		curl_multi_remove_handle(multi->curlm,
			easy_handle(slot->easy));
		easy_collect(slot->easy, CURLE_ABORTED_BY_CALLBACK);
		fetch->reply.refusal = FETCH_CANCELLED;
		list_remove(node);
		list_push_front(&multi->idle, node);
		multi->done(multi->arg, fetch);
	}
}

/* --- life --- */

/*
 * How many connections may be open, kept ones included: where the system's
 * limit is near, the oldest idle one makes room for a fetch. Never fewer than
 * there are fetches, which would have to wait in libcurl.
 */
static long
multi_room(size_t concurrency)
{
	struct rlimit limit;
	rlim_t room;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 ||
	    limit.rlim_cur == RLIM_INFINITY)
		return 0;
	room = limit.rlim_cur > MULTI_OTHER_FILES ?
		limit.rlim_cur - MULTI_OTHER_FILES : 0;
	return room > concurrency ? (long)room : (long)concurrency;
}

struct multi *
multi_new(struct event_base *base, const struct easy_env *env,
	size_t concurrency, multi_done_fn *done, void *arg, struct err *err)
{
	struct multi *multi = mem_array(1, sizeof *multi);

	multi->base = base;
	multi->env = env;
	multi->done = done;
	multi->arg = arg;
	list_init(&multi->busy);
	list_init(&multi->paused);
	list_init(&multi->idle);
	list_init(&multi->over);
	list_init(&multi->spare);
	evtimer_assign(&multi->timer, base, multi_on_timer, multi);
	evtimer_assign(&multi->patience, base, multi_on_patience, multi);
	event_assign(&multi->ending, base, -1, 0, multi_on_ending, multi);
	multi->curlm = curl_multi_init();
	if (multi->curlm == NULL) {
		free(multi);
		err_set(err, ERR_SYSTEM, "libcurl cannot make a multi handle");
		return NULL;
	}
	curl_multi_setopt(multi->curlm, CURLMOPT_SOCKETFUNCTION,
		multi_want_socket);
	curl_multi_setopt(multi->curlm, CURLMOPT_SOCKETDATA, multi);
	curl_multi_setopt(multi->curlm, CURLMOPT_TIMERFUNCTION,
		multi_want_timer);
	curl_multi_setopt(multi->curlm, CURLMOPT_TIMERDATA, multi);
	/* Never reached: up to 8.9 each eviction walks every host seen. */
	curl_multi_setopt(multi->curlm, CURLMOPT_MAXCONNECTS,
		(long)(4 * concurrency + 1024));
	curl_multi_setopt(multi->curlm, CURLMOPT_MAX_TOTAL_CONNECTIONS,
		multi_room(concurrency));
	return multi;
}

void
multi_free(struct multi *multi)
{
	struct list *node;

	if (multi == NULL)
		return;
	multi_slots_free(multi, &multi->busy);
	multi_slots_free(multi, &multi->paused);
	multi_slots_free(multi, &multi->idle);
	curl_multi_cleanup(multi->curlm);
	while ((node = list_pop(&multi->spare)) != NULL)
		free(LIST_ENTRY(node, struct multi_socket, node));
	event_del(&multi->timer);
	event_del(&multi->patience);
	event_del(&multi->ending);
	free(multi);
}
