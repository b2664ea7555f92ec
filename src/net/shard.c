/* SPDX-License-Identifier: MIT */
/*
 * shard -- curl_multi_socket_action() on libevent.
 *
 * The shape is libcurl's docs/examples/hiperfifo.c with its rules kept: no
 * call into the CURLM from its own callbacks, a 0 ms time-out goes through
 * the timer, CURL_POLL_REMOVE may come for a socket we never saw, and the
 * handle a socket callback names may be one of libcurl's own.
 */
#include "config.h"

#include <curl/curl.h>
#include <event2/event.h>
#include <stdlib.h>

#include "base/mem.h"
#include "net/shard.h"

struct shard_watch {
	struct list node;
	struct event event;
	struct shard *shard;
};

/* --- libcurl asks, libevent watches --- */

static void
shard_drain(struct shard *shard)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(shard->curlm, &left)) != NULL)
		if (message->msg == CURLMSG_DONE)
			shard->done(shard->arg, message->easy_handle,
				(int)message->data.result);
}

static void
shard_on_socket(evutil_socket_t fd, short what, void *arg)
{
	struct shard *shard = ((struct shard_watch *)arg)->shard;
	int mask = (what & EV_READ ? CURL_CSELECT_IN : 0) |
		(what & EV_WRITE ? CURL_CSELECT_OUT : 0);
	int running;

	curl_multi_socket_action(shard->curlm, fd, mask, &running);
	shard_drain(shard);
}

void
shard_start(struct shard *shard)
{
	int running;

	curl_multi_socket_action(shard->curlm, CURL_SOCKET_TIMEOUT, 0,
		&running);
	shard_drain(shard);
}

static void
shard_on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	shard_start(arg);
}

static int
shard_want_timer(CURLM *curlm, long ms, void *arg)
{
	struct shard *shard = arg;
	struct timeval delay = { ms / 1000, (ms % 1000) * 1000 };

	(void)curlm;
	return ms < 0 ? evtimer_del(&shard->timer) :
		evtimer_add(&shard->timer, &delay);
}

static struct shard_watch *
shard_watch_new(struct shard *shard)
{
	struct list *node = list_pop(&shard->spare);
	struct shard_watch *watch;

	if (node != NULL)
		return LIST_ENTRY(node, struct shard_watch, node);
	watch = mem_array(1, sizeof *watch);
	list_init(&watch->node);
	watch->shard = shard;
	return watch;
}

/* NULL is fine: libcurl may give up a socket that we never saw. */
static void
shard_watch_end(struct shard *shard, struct shard_watch *watch)
{
	if (watch == NULL)
		return;
	event_del(&watch->event);
	list_push_front(&shard->spare, &watch->node);
}

static int
shard_want_socket(CURL *curl, curl_socket_t fd, int what, void *arg,
	void *assigned)
{
	struct shard_watch *watch = assigned;
	struct shard *shard = arg;
	short events = EV_PERSIST;

	(void)curl;
	if (what == CURL_POLL_REMOVE) {
		shard_watch_end(shard, watch);
		return 0;
	}
	if (watch != NULL) {
		event_del(&watch->event);
	} else {
		watch = shard_watch_new(shard);
		curl_multi_assign(shard->curlm, fd, watch);
	}
	if (what & CURL_POLL_IN)
		events |= EV_READ;
	if (what & CURL_POLL_OUT)
		events |= EV_WRITE;
	event_assign(&watch->event, shard->base, fd, events, shard_on_socket,
		watch);
	return event_add(&watch->event, NULL);
}

/* --- handles --- */

/* Sets the timer, which starts the transfer. */
int
shard_add(struct shard *shard, void *curl)
{
	if (curl_multi_add_handle(shard->curlm, curl) != CURLM_OK)
		return -1;
	shard->n++;
	return 0;
}

void
shard_remove(struct shard *shard, void *curl)
{
	curl_multi_remove_handle(shard->curlm, curl);
	shard->n--;
}

/* --- life --- */

static void
shard_set_up(struct shard *shard, const struct shard_args *args)
{
	curl_multi_setopt(shard->curlm, CURLMOPT_SOCKETFUNCTION,
		shard_want_socket);
	curl_multi_setopt(shard->curlm, CURLMOPT_SOCKETDATA, shard);
	curl_multi_setopt(shard->curlm, CURLMOPT_TIMERFUNCTION,
		shard_want_timer);
	curl_multi_setopt(shard->curlm, CURLMOPT_TIMERDATA, shard);
	curl_multi_setopt(shard->curlm, CURLMOPT_MAXCONNECTS,
		(long)args->kept);
	curl_multi_setopt(shard->curlm, CURLMOPT_MAX_TOTAL_CONNECTIONS,
		(long)args->room);
}

int
shard_init(struct shard *shard, const struct shard_args *args,
	struct err *err)
{
	*shard = (struct shard){
		.curlm = curl_multi_init(),
		.base = args->base,
		.done = args->done,
		.arg = args->arg,
	};
	if (shard->curlm == NULL)
		return err_set(err, ERR_SYSTEM,
			"libcurl cannot make a multi handle");
	list_init(&shard->spare);
	list_init(&shard->due);
	evtimer_assign(&shard->timer, shard->base, shard_on_timer, shard);
	shard_set_up(shard, args);
	return 0;
}

void
shard_release(struct shard *shard)
{
	struct list *node;

	curl_multi_cleanup(shard->curlm);
	while ((node = list_pop(&shard->spare)) != NULL)
		free(LIST_ENTRY(node, struct shard_watch, node));
	event_del(&shard->timer);
}
