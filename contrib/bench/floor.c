/* SPDX-License-Identifier: MIT */
/*
 * floor -- what a list costs when nothing is done but fetching it: a bare
 * curl_multi_socket_action() loop on libevent, or with --serial a bare
 * curl_easy_perform() loop; --fresh takes a new connection for each URL.
 *
 * Handles are used again as they are, bodies are dropped, nothing is kept
 * and nothing is printed. It is what fetchall is compared with.
 */
#include <curl/curl.h>
#include <event2/event.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct floor {
	const char *cacert;
	int is_fresh, is_serial;
	long concurrency;
	FILE *list;
	char *line;
	size_t size;
	CURLM *curlm;
	struct event_base *base;
	struct event *timer;
	size_t n_running;
	int failed;
};

static size_t
floor_on_body(char *p, size_t size, size_t n, void *arg)
{
	(void)p;
	(void)size;
	(void)arg;
	return n;
}

/* The list's next line, or NULL; good until the next call. */
static const char *
floor_line(struct floor *floor)
{
	ssize_t len = getline(&floor->line, &floor->size, floor->list);

	if (len <= 0)
		return NULL;
	if (floor->line[len - 1] == '\n')
		floor->line[len - 1] = '\0';
	return floor->line;
}

static CURL *
floor_handle(const struct floor *floor)
{
	CURL *curl = curl_easy_init();

	if (curl == NULL)
		abort();
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	/* The same request as fetchall's and curl's. */
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "fetchall/0.1.0");
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, floor_on_body);
	if (floor->is_fresh)
		curl_easy_setopt(curl, CURLOPT_FORBID_REUSE, 1L);
	if (floor->cacert != NULL) {
		curl_easy_setopt(curl, CURLOPT_CAINFO, floor->cacert);
		/* With a folder as well, it is read again each time. */
		curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
	}
	return curl;
}

static void
floor_start(struct floor *floor, CURL *curl)
{
	const char *url = floor_line(floor);

	if (url == NULL) {
		curl_easy_cleanup(curl);
		return;
	}
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_multi_add_handle(floor->curlm, curl);
	floor->n_running++;
}

static void
floor_act(struct floor *floor, curl_socket_t fd, int mask)
{
	CURLMsg *message;
	CURL *curl;
	int left;

	curl_multi_socket_action(floor->curlm, fd, mask, &left);
	while ((message = curl_multi_info_read(floor->curlm, &left)) != NULL) {
		curl = message->easy_handle;
		floor->failed |= message->data.result != CURLE_OK;
		curl_multi_remove_handle(floor->curlm, curl);
		floor->n_running--;
		floor_start(floor, curl);
	}
	if (floor->n_running == 0)
		event_base_loopbreak(floor->base);
}

static void
floor_on_socket(evutil_socket_t fd, short what, void *arg)
{
	floor_act(arg, fd, (what & EV_READ ? CURL_CSELECT_IN : 0) |
		(what & EV_WRITE ? CURL_CSELECT_OUT : 0));
}

static void
floor_on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	floor_act(arg, CURL_SOCKET_TIMEOUT, 0);
}

static int
floor_want_timer(CURLM *curlm, long ms, void *arg)
{
	struct timeval delay = { ms / 1000, ms % 1000 * 1000 };
	struct floor *floor = arg;

	(void)curlm;
	return ms < 0 ? event_del(floor->timer) :
		event_add(floor->timer, &delay);
}

static int
floor_want_socket(CURL *curl, curl_socket_t fd, int what, void *arg,
	void *assigned)
{
	struct floor *floor = arg;
	struct event *event = assigned;
	short events = EV_PERSIST;

	(void)curl;
	if (event != NULL)
		event_free(event);
	if (what & CURL_POLL_IN)
		events |= EV_READ;
	if (what & CURL_POLL_OUT)
		events |= EV_WRITE;
	event = what == CURL_POLL_REMOVE ? NULL :
		event_new(floor->base, fd, events, floor_on_socket, floor);
	curl_multi_assign(floor->curlm, fd, event);
	return event != NULL ? event_add(event, NULL) : 0;
}

static void
floor_loop(struct floor *floor)
{
	struct event_config *config = event_config_new();
	long i;

	/* What makes libevent cheapest: only one thread, no needless ctl. */
	event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK |
		EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST);
	floor->base = event_base_new_with_config(config);
	floor->curlm = curl_multi_init();
	floor->timer = event_new(floor->base, -1, 0, floor_on_timer, floor);
	curl_multi_setopt(floor->curlm, CURLMOPT_SOCKETFUNCTION,
		floor_want_socket);
	curl_multi_setopt(floor->curlm, CURLMOPT_SOCKETDATA, floor);
	curl_multi_setopt(floor->curlm, CURLMOPT_TIMERFUNCTION,
		floor_want_timer);
	curl_multi_setopt(floor->curlm, CURLMOPT_TIMERDATA, floor);
	for (i = 0; i < floor->concurrency; i++)
		floor_start(floor, floor_handle(floor));
	if (floor->n_running > 0)
		event_base_dispatch(floor->base);
}

static void
floor_serial(struct floor *floor)
{
	CURL *curl = floor_handle(floor);
	const char *url;

	while ((url = floor_line(floor)) != NULL) {
		curl_easy_setopt(curl, CURLOPT_URL, url);
		floor->failed |= curl_easy_perform(curl) != CURLE_OK;
	}
	curl_easy_cleanup(curl);
}

static int
floor_options(struct floor *floor, int argc, char **argv)
{
	static const struct option options[] = {
		{ "cacert", required_argument, NULL, 'a' },
		{ "fresh", no_argument, NULL, 'f' },
		{ "serial", no_argument, NULL, 's' },
		{ 0 }
	};
	int key;

	while ((key = getopt_long(argc, argv, "c:", options, NULL)) != -1)
		switch (key) {
		case 'a':
			floor->cacert = optarg;
			break;
		case 'c':
			floor->concurrency = strtol(optarg, NULL, 10);
			break;
		case 'f':
			floor->is_fresh = 1;
			break;
		case 's':
			floor->is_serial = 1;
			break;
		default:
			return -1;
		}
	if (optind + 1 != argc)
		return -1;
	floor->list = fopen(argv[optind], "r");
	return floor->list != NULL ? 0 : -1;
}

int
main(int argc, char **argv)
{
	struct floor floor = { .concurrency = 1 };

	if (floor_options(&floor, argc, argv) != 0) {
		fprintf(stderr, "usage: floor -c CONCURRENCY|--serial "
			"[--fresh] [--cacert FILE] LIST\n");
		return 2;
	}
	curl_global_init(CURL_GLOBAL_DEFAULT);
	if (floor.is_serial)
		floor_serial(&floor);
	else
		floor_loop(&floor);
	/* What it holds goes with the process. */
	return floor.failed;
}
