/* SPDX-License-Identifier: MIT */
/*
 * Many fetches on one loop: each comes back once, slots are used again, and
 * neither a refusal nor a cancel loses one.
 */
#include "config.h"

#include <curl/curl.h>
#include <dlfcn.h>
#include <errno.h>
#include <event2/event.h>
#include <sys/epoll.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "base/mem.h"
#include "net/easy.h"
#include "net/fetch.h"
#include "net/loop.h"
#include "net/multi.h"
#include "server.h"
#include "unit.h"

static char agent[] = "agent/1";

struct stage {
	struct easy_settings settings;
	struct easy_env env;
	struct event_base *base;
	struct multi *multi;
	struct fetch *fetches;
	size_t n, begun, done, busy, busiest, slots;
	size_t rounds;		/* that more were asked for */
	unsigned flags;		/* of every fetch */
	size_t ok, failed, cancelled;
	size_t not_written, too_late;
	const char *path;
	const char *slow;	/* of every seventh fetch; or NULL */
	unsigned hosts;
	long connects;
	size_t sockets;
	int inside;		/* multi_add() runs */
	int writes;		/* bodies go to take() */
	int64_t time_left_us;
	/* What take() does, and what it saw. */
	size_t room;		/* bytes that it will take; then EAGAIN */
	int breaks;		/* or EIO */
	size_t taken, refused, asked;
	int64_t opens_us;	/* from then on there is room for all */
};

/* From this many calls on libcurl takes no handle; 0: always. */
static unsigned refuse_from, n_adds;

/* How many handles are in each CURLM, and the most there ever were in one:
 * of connections to one host it has no more. */
#define CROWDS 64
static struct crowd {
	CURLM *multi;
	size_t n, most;
} crowds[CROWDS];
static size_t n_handles;	/* that were made */
static size_t n_waits;		/* of loops, for their sockets */

static void *
real(const char *name)
{
	void *found = dlsym(RTLD_NEXT, name);

	assert_non_null(found);
	return found;
}

static void
count_crowd(CURLM *multi, int more)
{
	struct crowd *crowd = crowds;

	while (crowd->multi != multi && crowd->multi != NULL)
		crowd++;
	assert_true(crowd < crowds + CROWDS - 1);
	crowd->multi = multi;
	crowd->n += (size_t)more;
	if (crowd->n > crowd->most)
		crowd->most = crowd->n;
}

CURLMcode
curl_multi_add_handle(CURLM *multi, CURL *easy)
{
	static CURLMcode (*add)(CURLM *, CURL *);
	void *found;

	if (add == NULL) {
		found = real("curl_multi_add_handle");
		memcpy(&add, &found, sizeof add);
	}
	n_adds++;
	if (refuse_from > 0 && n_adds >= refuse_from)
		return CURLM_OUT_OF_MEMORY;
	count_crowd(multi, 1);
	return add(multi, easy);
}

CURLMcode
curl_multi_remove_handle(CURLM *multi, CURL *easy)
{
	static CURLMcode (*remove)(CURLM *, CURL *);
	void *found;

	if (remove == NULL) {
		found = real("curl_multi_remove_handle");
		memcpy(&remove, &found, sizeof remove);
	}
	count_crowd(multi, -1);
	return remove(multi, easy);
}

int
epoll_wait(int fd, struct epoll_event *events, int max, int timeout)
{
	static int (*wait)(int, struct epoll_event *, int, int);
	void *found;

	if (wait == NULL) {
		found = real("epoll_wait");
		memcpy(&wait, &found, sizeof wait);
	}
	n_waits++;
	return wait(fd, events, max, timeout);
}

CURL *
curl_easy_init(void)
{
	static CURL *(*init)(void);
	void *found;

	if (init == NULL) {
		found = real("curl_easy_init");
		memcpy(&init, &found, sizeof init);
	}
	n_handles++;
	return init();
}

static int
may_take(void *arg)
{
	struct stage *stage = arg;

	stage->asked++;
	if (stage->opens_us > 0 && clock_us() >= stage->opens_us)
		stage->room = SIZE_MAX;
	return stage->breaks || stage->room > 0;
}

static int
take(void *arg, const void *p, size_t n)
{
	struct stage *stage = arg;

	(void)p;
	assert_false(stage->inside);
	if (n <= stage->room) {
		stage->room -= n;
		stage->taken += n;
		return 0;
	}
	errno = stage->breaks && stage->refused > 0 ? EIO : EAGAIN;
	stage->refused++;
	return -1;
}

static void
begin(struct stage *stage)
{
	struct fetch *fetch = &stage->fetches[stage->begun];
	const struct addr loopback = { 4, { 127, 0, 0, 1 } };
	char *text = mem_printf("http://h%d.test:%u%s",
		(int)(stage->begun % stage->hosts), server.port,
		stage->slow != NULL && stage->begun % 7 == 0 ? stage->slow :
		stage->path);

	stage->begun++;
	assert_int_equal(url_parse(text, NULL, &fetch->request.url, NULL), 0);
	free(text);
	fetch->request.flags = FETCH_TRUSTED | FETCH_REUSE | stage->flags;
	fetch->request.addrs = addrs_new(&loopback, 1);
	/* So that many handles are reset between two fetches. */
	fetch->request.method = stage->begun % 3 == 0 ? "DELETE" : NULL;
	fetch->request.time_left_us = stage->time_left_us;
	if (stage->writes) {
		fetch->request.write_body = take;
		fetch->request.may_write = may_take;
		fetch->request.write_arg = stage;
	}
	if (++stage->busy > stage->busiest)
		stage->busiest = stage->busy;
	stage->inside = 1;
	multi_add(stage->multi, fetch);
	stage->inside = 0;
}

static void
on_done(void *arg, struct fetch *fetch)
{
	struct stage *stage = arg;

	assert_false(stage->inside);
	/* Once only. */
	assert_non_null(fetch->request.url.text);
	if (fetch->reply.refusal == FETCH_CANCELLED) {
		stage->cancelled++;
		/* Whatever the handle had fetched before. */
		assert_int_equal(fetch->reply.response_code,
			stage->writes ? 200 : 0);
		if (!stage->writes)
			assert_null(fetch->reply.content_type);
	}
	stage->not_written += fetch->reply.refusal == FETCH_NOT_WRITTEN;
	stage->too_late += fetch->reply.code == CURLE_OPERATION_TIMEDOUT;
	if (fetch->reply.code == CURLE_OK)
		stage->ok++;
	else if (fetch->reply.refusal == FETCH_ACCEPTED)
		stage->failed++;
	if (fetch->reply.code != CURLE_OK)
		assert_non_null(fetch->reply.errormsg);
	else if (!(stage->flags & FETCH_NOTHING))
		assert_int_equal(fetch->reply.response_code, 200);
	stage->connects += fetch->reply.num_connects;
	stage->sockets += fetch->reply.sockets;
	fetch_release(fetch);
	stage->done++;
	stage->busy--;
	if (stage->done == stage->n)
		event_base_loopbreak(stage->base);
}

static void
on_more(void *arg)
{
	struct stage *stage = arg;

	assert_false(stage->inside);
	stage->rounds++;
	while (stage->begun < stage->n && stage->busy < stage->slots)
		begin(stage);
}

static const struct easy_settings plain = {
	.user_agent = agent,
	.max_header = 65536,
	.connect_timeout_us = 5 * CLOCK_SECOND,
};

/* Of a stage that has its settings and says how bodies are taken. */
static void
stage_begin(struct stage *stage, size_t n, size_t slots, const char *path)
{
	struct err err = { 0 };

	stage->n = n;
	stage->slots = slots;
	stage->path = path;
	stage->fetches = mem_array(n, sizeof *stage->fetches);
	assert_int_equal(easy_env_init(&stage->env, &stage->settings,
		TLS_SHARED, &err), 0);
	stage->base = loop_new(LOOP_CHANGELIST, &err);
	stage->multi = multi_new(&(struct multi_args){
		.base = stage->base, .env = &stage->env, .concurrency = slots,
		.done = on_done, .more = on_more, .arg = stage,
	}, &err);
	assert_non_null(stage->multi);
	while (stage->begun < n && stage->busy < slots)
		begin(stage);
}

static void
stage_open_at(struct stage *stage, unsigned hosts, size_t n, size_t slots,
	const char *path)
{
	*stage = (struct stage){ .settings = plain, .hosts = hosts };
	stage_begin(stage, n, slots, path);
}

static void
stage_open(struct stage *stage, size_t n, size_t slots, const char *path)
{
	stage_open_at(stage, 5, n, slots, path);
}

static void
stage_close(struct stage *stage)
{
	size_t i;

	multi_free(stage->multi);
	event_base_free(stage->base);
	for (i = 0; i < stage->n; i++)
		fetch_release(&stage->fetches[i]);
	free(stage->fetches);
	easy_env_release(&stage->env);
}

/* A loop that never ends is a failure, not a hang. */
static void
run(struct stage *stage)
{
	const struct timeval patience = { 60, 0 };

	event_base_loopexit(stage->base, &patience);
	event_base_dispatch(stage->base);
}

static void
a_thousand_fetches_go_through_fifty_slots(void **state)
{
	struct stage stage;

	(void)state;
	stage_open(&stage, 1000, 50, "/bytes/100");
	run(&stage);
	assert_int_equal(stage.ok, 1000);
	assert_int_equal(stage.busiest, 50);
	stage_close(&stage);
}

static void
one_slot_is_enough(void **state)
{
	struct stage stage;

	(void)state;
	stage_open(&stage, 20, 1, "/chunked/3000");
	run(&stage);
	assert_int_equal(stage.ok, 20);
	assert_int_equal(stage.busiest, 1);
	stage_close(&stage);
}

/* Of all CURLMs. */
static size_t
biggest_crowd(void)
{
	size_t most = 0, i;

	for (i = 0; i < CROWDS; i++)
		if (crowds[i].most > most)
			most = crowds[i].most;
	return most;
}

static size_t
count_crowds(void)
{
	size_t n = 0;

	while (crowds[n].multi != NULL)
		n++;
	return n;
}

/*
 * libcurl looks at all connections to a host that the CURLM has, with each
 * fetch: there are few, however many are at work. None of this makes more
 * connections or handles than there are fetches at a time.
 */
static void
a_host_has_few_connections_in_a_curlm(void **state)
{
	static const struct {
		unsigned hosts;
		size_t slots;
	} cases[] = { { 1, 150 }, { 1, 151 }, { 1, 1000 }, { 3, 1000 } };
	struct stage stage;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		memset(crowds, 0, sizeof crowds);
		n_handles = 0;
		stage_open_at(&stage, cases[i].hosts, 6 * cases[i].slots,
			cases[i].slots, "/bytes/100");
		run(&stage);
		assert_int_equal(stage.ok, stage.n);
		assert_in_range(biggest_crowd(), 1, 150);
		assert_in_range(count_crowds(), 1, cases[i].slots / 100 + 1);
		/* libcurl makes one of its own for each CURLM. */
		assert_in_range(n_handles, cases[i].slots,
			cases[i].slots + cases[i].slots / 100 + 1);
		if (cases[i].hosts == 1)
			assert_int_equal(stage.sockets, cases[i].slots);
		stage_close(&stage);
	}
}

/* Where fetches end in an order of their own, each finds a connection. */
static void
a_place_that_is_free_has_a_connection(void **state)
{
	struct stage stage = { .settings = plain, .hosts = 1,
		.slow = "/delay/20" };

	(void)state;
	stage_begin(&stage, 4000, 400, "/bytes/100");
	run(&stage);
	assert_int_equal(stage.ok, 4000);
	assert_int_equal(stage.sockets, 400);
	stage_close(&stage);
}

/* An origin that is alone in its place keeps its connections there. */
static void
many_hosts_keep_their_connections(void **state)
{
	struct stage stage;

	(void)state;
	stage_open_at(&stage, 100, 3000, 300, "/bytes/100");
	run(&stage);
	assert_int_equal(stage.ok, 3000);
	/* Fetches at one time are not evenly spread over hosts. */
	assert_in_range(stage.sockets, 100, 900);
	stage_close(&stage);
}

/* A connection for each host is kept, up to what may be open. */
static void
kept_connections_leave_room_for_fetches(void **state)
{
	struct rlimit before, limit;
	struct stage stage;

	(void)state;
	getrlimit(RLIMIT_NOFILE, &before);
	limit = before;
	limit.rlim_cur = 100;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	stage_open_at(&stage, 200, 400, 5, "/bytes/100");
	run(&stage);
	assert_int_equal(stage.ok, 400);
	stage_close(&stage);
	/* Hardly room for the fetches alone: theirs are kept all the same. */
	stage_open_at(&stage, 1, 400, 60, "/bytes/100");
	run(&stage);
	assert_int_equal(stage.ok, 400);
	assert_in_range(stage.connects, 1, 60);
	stage_close(&stage);
	/* The same where they are spread over CURLMs. */
	limit.rlim_cur = 64 + 4 + 205;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	stage_open_at(&stage, 1, 1000, 200, "/bytes/100");
	run(&stage);
	assert_int_equal(stage.ok, 1000);
	assert_int_equal(stage.sockets, 200);
	stage_close(&stage);
	stage_open_at(&stage, 300, 1000, 200, "/bytes/100");
	run(&stage);
	assert_int_equal(stage.ok, 1000);
	stage_close(&stage);
	setrlimit(RLIMIT_NOFILE, &before);
}

/* A request goes out in the round that the reply before it came in. */
static void
a_reply_is_followed_by_a_request_at_once(void **state)
{
	struct stage stage;

	(void)state;
	stage_open_at(&stage, 1, 500, 1, "/bytes/100");
	n_waits = 0;
	run(&stage);
	assert_int_equal(stage.ok, 500);
	assert_in_range(n_waits, 500, 700);
	stage_close(&stage);
}

static void
what_ends_together_is_handed_over_together(void **state)
{
	struct stage stage = { .settings = plain, .hosts = 1,
		.flags = FETCH_NOTHING };

	(void)state;
	stage_begin(&stage, 120, 40, "/");
	run(&stage);
	assert_int_equal(stage.ok, 120);
	assert_int_equal(stage.rounds, 3);
	stage_close(&stage);
}

static void
stop(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	event_base_loopbreak(arg);
}

/* Signals, names and time-outs have their turn. */
static void
fetches_that_end_at_once_leave_others_the_loop(void **state)
{
	struct stage stage = { .settings = plain, .hosts = 1,
		.flags = FETCH_NOTHING };
	const struct timeval soon = { .tv_usec = 1000 };

	(void)state;
	stage_begin(&stage, 100000, 10, "/");
	event_base_once(stage.base, -1, EV_TIMEOUT, stop, stage.base, &soon);
	run(&stage);
	assert_in_range(stage.done, 0, stage.n - 1);
	stage_close(&stage);
}

static void
failures_come_back_like_replies(void **state)
{
	struct stage stage;

	(void)state;
	stage_open(&stage, 60, 20, "/reset");
	run(&stage);
	assert_int_equal(stage.failed, 60);
	stage_close(&stage);
}

/* Nobody is told from inside multi_add(): see `inside`. */
static void
what_libcurl_refuses_comes_back_from_the_loop(void **state)
{
	struct stage stage;

	(void)state;
	n_adds = 0;
	refuse_from = 15;
	stage_open(&stage, 40, 10, "/bytes/100");
	run(&stage);
	refuse_from = 0;
	assert_int_equal(stage.ok, 14);
	assert_int_equal(stage.failed, 26);
	stage_close(&stage);
}

static void
a_request_that_cannot_be_set_up_comes_back_too(void **state)
{
	struct stage stage;
	char *method = mem_alloc(9000001);
	size_t i;

	(void)state;
	memset(method, 'X', 9000000);
	method[9000000] = '\0';
	stage_open(&stage, 4, 1, "/bytes/100");
	run(&stage);
	assert_int_equal(stage.ok, 4);
	stage.done = stage.begun = 0;
	for (i = 0; i < 4; i++) {
		struct fetch *fetch = &stage.fetches[i];

		assert_int_equal(url_parse("http://h.test/", NULL,
			&fetch->request.url, NULL), 0);
		fetch->request.method = method;
		stage.begun++;
		stage.busy++;
		multi_add(stage.multi, fetch);
	}
	run(&stage);
	assert_int_equal(stage.failed, 4);
	stage_close(&stage);
	free(method);
}

/* Some are under way, some were not even begun by libcurl. */
static void
a_cancel_ends_what_is_under_way_and_no_more(void **state)
{
	const struct timeval soon = { 0, 20000 };
	struct stage stage;
	int before_the_loop;

	(void)state;
	for (before_the_loop = 0; before_the_loop < 2; before_the_loop++) {
		stage_open(&stage, 30, 10, "/silent");
		if (!before_the_loop) {
			event_base_loopexit(stage.base, &soon);
			event_base_dispatch(stage.base);
		}
		/* Those that `done` begins are not meant. */
		multi_cancel(stage.multi);
		assert_int_equal(stage.cancelled, 10);
		assert_int_equal(stage.begun, 20);
		multi_cancel(stage.multi);
		multi_cancel(stage.multi);
		assert_int_equal(stage.cancelled, 30);
		multi_cancel(stage.multi);
		assert_int_equal(stage.done, 30);
		stage_close(&stage);
	}
}

static void
a_cancelled_fetch_tells_nothing_of_the_one_before(void **state)
{
	struct stage stage;

	(void)state;
	stage_open(&stage, 1, 1, "/bytes/100");
	run(&stage);
	assert_int_equal(stage.ok, 1);
	stage.begun = 0;
	begin(&stage);
	multi_cancel(stage.multi);
	assert_int_equal(stage.cancelled, 1);
	stage_close(&stage);
}

static void
what_is_under_way_at_the_end_is_dropped(void **state)
{
	const struct timeval soon = { 0, 20000 };
	struct stage stage;

	(void)state;
	stage_open(&stage, 10, 10, "/silent");
	event_base_loopexit(stage.base, &soon);
	event_base_dispatch(stage.base);
	stage_close(&stage);
	assert_int_equal(stage.done, 0);
	/* Also what failed and was not told of yet. */
	n_adds = 0;
	refuse_from = 1;
	stage_open(&stage, 10, 10, "/silent");
	refuse_from = 0;
	stage_close(&stage);
	assert_int_equal(stage.done, 0);
}

/* --- bodies that cannot be written yet --- */

#define SIZE 300000
#define PATH "/bytes/300000"

static void
run_until_all_are_paused(struct stage *stage)
{
	while (stage->refused < stage->n)
		event_base_loop(stage->base, EVLOOP_ONCE);
}

static void
a_body_that_cannot_be_written_yet_is_written_later(void **state)
{
	struct stage stage = { .settings = plain, .hosts = 5, .writes = 1,
		.room = 100000 };

	(void)state;
	stage_begin(&stage, 5, 5, PATH);
	run_until_all_are_paused(&stage);
	assert_int_equal(stage.done, 0);
	assert_in_range(stage.taken, 1, 100000);
	stage.room = SIZE_MAX;
	run(&stage);
	assert_int_equal(stage.ok, 5);
	assert_int_equal(stage.taken, 5 * SIZE);
	stage_close(&stage);
}

/* Room for a piece at a time: who goes on is paused again and again. */
static void
a_body_may_be_paused_many_times(void **state)
{
	struct stage stage = { .settings = plain, .hosts = 5, .writes = 1 };
	size_t rounds = 0;

	(void)state;
	stage_begin(&stage, 3, 3, PATH);
	run_until_all_are_paused(&stage);
	for (; stage.done < 3; rounds++) {
		stage.room = 100000;
		event_base_loop(stage.base, EVLOOP_ONCE);
	}
	assert_true(rounds > 5);
	assert_int_equal(stage.ok, 3);
	assert_int_equal(stage.taken, 3 * SIZE);
	stage_close(&stage);
}

static void
nobody_is_resumed_who_may_not_write(void **state)
{
	const struct timeval soon = { 0, 100000 };
	struct stage stage = { .settings = plain, .hosts = 5, .writes = 1 };

	(void)state;
	stage_begin(&stage, 4, 4, PATH);
	run_until_all_are_paused(&stage);
	stage.asked = 0;
	event_base_loopexit(stage.base, &soon);
	event_base_dispatch(stage.base);
	assert_int_equal(stage.refused, 4);
	/* Every 10 ms, and not in between. */
	assert_in_range(stage.asked, 4, 4 * 11);
	stage_close(&stage);
	assert_int_equal(stage.done, 0);
}

static void
a_paused_body_that_cannot_be_written_at_all_is_a_failure(void **state)
{
	struct stage stage = { .settings = plain, .hosts = 5, .writes = 1 };

	(void)state;
	stage_begin(&stage, 3, 3, PATH);
	run_until_all_are_paused(&stage);
	stage.breaks = 1;
	run(&stage);
	assert_int_equal(stage.not_written, 3);
	assert_int_equal(stage.done, 3);
	stage_close(&stage);
}

static void
a_cancel_ends_what_is_paused(void **state)
{
	struct stage stage = { .settings = plain, .hosts = 5, .writes = 1 };

	(void)state;
	stage_begin(&stage, 3, 3, PATH);
	run_until_all_are_paused(&stage);
	multi_cancel(stage.multi);
	assert_int_equal(stage.cancelled, 3);
	stage_close(&stage);
}

static void
a_paused_fetch_ends_when_its_time_is_up(void **state)
{
	struct stage stage = { .settings = plain, .hosts = 5, .writes = 1,
		.time_left_us = 300 * CLOCK_MS };

	(void)state;
	stage_begin(&stage, 3, 3, PATH);
	run(&stage);
	assert_int_equal(stage.too_late, 3);
	assert_int_equal(stage.refused, 3);
	stage_close(&stage);
}

static void
a_pause_does_not_make_a_server_slow(void **state)
{
	struct stage stage = { .settings = plain, .hosts = 5, .writes = 1 };

	(void)state;
	stage.settings.speed_limit = 1000;
	stage.settings.speed_time_us = CLOCK_SECOND;
	stage.opens_us = clock_us() + 3 * CLOCK_SECOND;
	stage_begin(&stage, 2, 2, PATH);
	run(&stage);
	assert_int_equal(stage.ok, 2);
	assert_true(clock_us() >= stage.opens_us);
	stage_close(&stage);
	/* Whereas one that says nothing is. */
	stage = (struct stage){ .settings = plain, .hosts = 5 };
	stage.settings.speed_limit = 1000;
	stage.settings.speed_time_us = CLOCK_SECOND;
	stage_begin(&stage, 1, 1, "/silent");
	run(&stage);
	assert_int_equal(stage.too_late, 1);
	stage_close(&stage);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(a_thousand_fetches_go_through_fifty_slots),
	cmocka_unit_test(one_slot_is_enough),
	cmocka_unit_test(a_host_has_few_connections_in_a_curlm),
	cmocka_unit_test(a_place_that_is_free_has_a_connection),
	cmocka_unit_test(many_hosts_keep_their_connections),
	cmocka_unit_test(kept_connections_leave_room_for_fetches),
	cmocka_unit_test(a_reply_is_followed_by_a_request_at_once),
	cmocka_unit_test(what_ends_together_is_handed_over_together),
	cmocka_unit_test(fetches_that_end_at_once_leave_others_the_loop),
	cmocka_unit_test(failures_come_back_like_replies),
	cmocka_unit_test(what_libcurl_refuses_comes_back_from_the_loop),
	cmocka_unit_test(a_request_that_cannot_be_set_up_comes_back_too),
	cmocka_unit_test(a_cancel_ends_what_is_under_way_and_no_more),
	cmocka_unit_test(a_cancelled_fetch_tells_nothing_of_the_one_before),
	cmocka_unit_test(what_is_under_way_at_the_end_is_dropped),
	cmocka_unit_test(a_body_that_cannot_be_written_yet_is_written_later),
	cmocka_unit_test(a_body_may_be_paused_many_times),
	cmocka_unit_test(nobody_is_resumed_who_may_not_write),
	cmocka_unit_test(
		a_paused_body_that_cannot_be_written_at_all_is_a_failure),
	cmocka_unit_test(a_cancel_ends_what_is_paused),
	cmocka_unit_test(a_paused_fetch_ends_when_its_time_is_up),
	cmocka_unit_test(a_pause_does_not_make_a_server_slow),
};

UNIT_MAIN_WITH_SERVER("net/multi", tests)
