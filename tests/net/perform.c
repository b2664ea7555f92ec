/* SPDX-License-Identifier: MIT */
/*
 * Blocking fetches: one performer does one after the other, several run in
 * threads of their own, and a cancel wakes all of them.
 */
#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "net/easy.h"
#include "net/fetch.h"
#include "net/perform.h"
#include "server.h"
#include "unit.h"

static char agent[] = "agent/1";

static struct easy_settings settings = {
	.user_agent = agent, .max_header = 65536,
	.connect_timeout_us = 5 * CLOCK_SECOND,
};

struct stage {
	struct easy_env env;
	struct perform_group *group;
};

static void
stage_open(struct stage *stage)
{
	struct err err = { 0 };

	if (easy_env_init(&stage->env, &settings, TLS_SHARED, &err) != 0)
		fail_msg("%s", err.text);
	stage->group = perform_group_new(&stage->env);
}

static void
stage_close(struct stage *stage)
{
	perform_group_free(stage->group);
	easy_env_release(&stage->env);
}

static void
ask(struct fetch *fetch, const char *path)
{
	const struct addr loopback = { 4, { 127, 0, 0, 1 } };
	char *text = mem_printf("http://a.test:%u%s", server.port, path);

	fetch_release(fetch);
	fetch->request = (struct fetch_request){
		.flags = FETCH_TRUSTED | FETCH_REUSE,
		.addrs = addrs_new(&loopback, 1),
	};
	assert_int_equal(url_parse(text, NULL, &fetch->request.url, NULL), 0);
	free(text);
}

static void
one_after_the_other_on_one_connection(void **state)
{
	struct performer *performer;
	struct fetch fetch = { 0 };
	struct stage stage;
	int i;

	(void)state;
	stage_open(&stage);
	performer = performer_new(stage.group, NULL);
	for (i = 0; i < 50; i++) {
		ask(&fetch, "/bytes/500");
		perform(performer, &fetch);
		assert_int_equal(fetch.reply.code, CURLE_OK);
		assert_int_equal(fetch.reply.size_download, 500);
		assert_int_equal(fetch.reply.num_connects, i == 0);
	}
	fetch_release(&fetch);
	performer_free(performer);
	performer_free(NULL);
	stage_close(&stage);
	perform_group_free(NULL);
}

static void
a_request_that_cannot_be_set_up_is_over(void **state)
{
	struct performer *performer;
	struct fetch fetch = { 0 };
	struct stage stage;
	char *method = mem_alloc(9000001);

	(void)state;
	memset(method, 'X', 9000000);
	method[9000000] = '\0';
	stage_open(&stage);
	performer = performer_new(stage.group, NULL);
	ask(&fetch, "/empty");
	fetch.request.method = method;
	perform(performer, &fetch);
	assert_int_equal(fetch.reply.code, CURLE_BAD_FUNCTION_ARGUMENT);
	assert_int_equal(fetch.reply.refusal, FETCH_ACCEPTED);
	ask(&fetch, "/empty");
	perform(performer, &fetch);
	assert_int_equal(fetch.reply.code, CURLE_OK);
	fetch_release(&fetch);
	performer_free(performer);
	stage_close(&stage);
	free(method);
}

#define THREADS 4

struct worker {
	struct stage *stage;
	const char *path;
	int rounds;
	atomic_int *back;
	pthread_t thread;
	int ok, cancelled;
};

static void *
work(void *arg)
{
	struct worker *worker = arg;
	struct performer *performer = performer_new(worker->stage->group,
		NULL);
	struct fetch fetch = { 0 };
	int i;

	for (i = 0; i < worker->rounds; i++) {
		ask(&fetch, worker->path);
		perform(performer, &fetch);
		if (fetch.reply.refusal == FETCH_CANCELLED)
			worker->cancelled++;
		else if (fetch.reply.code == CURLE_OK)
			worker->ok++;
	}
	fetch_release(&fetch);
	performer_free(performer);
	atomic_fetch_add(worker->back, 1);
	return NULL;
}

static void
start(struct worker *workers, struct stage *stage, const char *path,
	int rounds, atomic_int *back)
{
	int i;

	atomic_store(back, 0);
	for (i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){ .stage = stage, .path = path,
			.rounds = rounds, .back = back };
		assert_int_equal(pthread_create(&workers[i].thread, NULL,
			work, &workers[i]), 0);
	}
}

static void
threads_do_not_disturb_each_other(void **state)
{
	struct worker workers[THREADS];
	struct stage stage;
	atomic_int back;
	int i;

	(void)state;
	stage_open(&stage);
	start(workers, &stage, "/bytes/2000", 50, &back);
	for (i = 0; i < THREADS; i++) {
		pthread_join(workers[i].thread, NULL);
		assert_int_equal(workers[i].ok, 50);
	}
	stage_close(&stage);
}

/* libcurl alone would look up once a second only. */
static void
a_cancel_wakes_all_that_wait(void **state)
{
	const struct timespec moment = { 0, 2000000 };
	struct worker workers[THREADS];
	struct stage stage;
	int64_t before;
	atomic_int back;
	int i, cancelled = 0;

	(void)state;
	stage_open(&stage);
	start(workers, &stage, "/silent", 3, &back);
	nanosleep(&moment, NULL);
	before = clock_us();
	while (atomic_load(&back) < THREADS) {
		perform_cancel(stage.group);
		nanosleep(&moment, NULL);
	}
	/* 3 fetches each: a second a fetch without the signal. */
	assert_in_range(clock_us() - before, 0, 2 * CLOCK_SECOND);
	for (i = 0; i < THREADS; i++) {
		pthread_join(workers[i].thread, NULL);
		cancelled += workers[i].cancelled;
	}
	assert_int_equal(cancelled, 3 * THREADS);
	stage_close(&stage);
}

static void
after_a_cancel_nothing_is_begun(void **state)
{
	struct performer *performer;
	struct fetch fetch = { 0 };
	struct stage stage;

	(void)state;
	stage_open(&stage);
	performer = performer_new(stage.group, NULL);
	ask(&fetch, "/bytes/10");
	perform(performer, &fetch);
	perform_cancel(stage.group);
	ask(&fetch, "/bytes/10");
	perform(performer, &fetch);
	assert_int_equal(fetch.reply.refusal, FETCH_CANCELLED);
	assert_int_equal(fetch.reply.response_code, 0);
	fetch_release(&fetch);
	performer_free(performer);
	stage_close(&stage);
}

/* Its connection comes along, whoever has it next. */
static void
the_last_given_back_is_borrowed_first(void **state)
{
	struct performer *first, *second;
	struct fetch fetch = { 0 };
	struct stage stage;

	(void)state;
	stage_open(&stage);
	first = performer_borrow(stage.group, NULL);
	second = performer_borrow(stage.group, NULL);
	assert_non_null(first);
	assert_ptr_not_equal(first, second);
	ask(&fetch, "/bytes/10");
	perform(second, &fetch);
	performer_give_back(first);
	performer_give_back(second);
	assert_ptr_equal(performer_borrow(stage.group, NULL), second);
	ask(&fetch, "/bytes/10");
	perform(second, &fetch);
	assert_int_equal(fetch.reply.code, CURLE_OK);
	assert_int_equal(fetch.reply.num_connects, 0);
	performer_give_back(second);
	fetch_release(&fetch);
	/* Ends both. */
	stage_close(&stage);
}

/* --- a body that cannot be written yet --- */

/* Takes a piece, and then nothing until it was waited for so often. */
struct taker {
	struct stage *stage;
	size_t taken, waits, patience;
	int hungry;		/* takes the next piece */
	int breaks;		/* takes no more at all */
	int cancels;		/* that is when the run is cancelled */
	int sleeps;		/* a wait is one */
};

static int
may_take(void *arg)
{
	const struct taker *taker = arg;

	return taker->hungry;
}

static int
take(void *arg, const void *p, size_t n)
{
	struct taker *taker = arg;

	(void)p;
	if (!taker->hungry) {
		errno = taker->breaks && taker->waits > 0 ? ENOSPC : EAGAIN;
		return -1;
	}
	taker->hungry = 0;
	taker->taken += n;
	return 0;
}

static void
wait_to_take(void *arg, int64_t us)
{
	const struct timespec moment = { 0, us * 1000 };
	struct taker *taker = arg;

	if (taker->sleeps)
		nanosleep(&moment, NULL);
	taker->waits++;
	if (taker->cancels)
		perform_cancel(taker->stage->group);
	if (taker->patience > 0 && taker->waits % taker->patience == 0)
		taker->hungry = 1;
}

static void
perform_taking(struct taker *taker, struct fetch *fetch, const char *path,
	int64_t time_left_us)
{
	struct performer *performer;
	struct stage stage;

	stage_open(&stage);
	taker->stage = &stage;
	performer = performer_new(stage.group, NULL);
	ask(fetch, path);
	fetch->request.write_body = take;
	fetch->request.may_write = may_take;
	fetch->request.wait_write = wait_to_take;
	fetch->request.write_arg = taker;
	fetch->request.time_left_us = time_left_us;
	perform(performer, fetch);
	performer_free(performer);
	stage_close(&stage);
}

static void
a_body_that_cannot_be_written_yet_is_waited_for(void **state)
{
	struct taker taker = { .patience = 3 };
	struct fetch fetch = { 0 };

	(void)state;
	perform_taking(&taker, &fetch, "/bytes/300000", 0);
	assert_int_equal(fetch.reply.code, CURLE_OK);
	assert_int_equal(fetch.reply.size_download, 300000);
	assert_int_equal(taker.taken, 300000);
	assert_true(taker.waits >= 3 * 300000 / CURL_MAX_WRITE_SIZE);
	fetch_release(&fetch);
}

static void
a_body_that_cannot_be_written_after_all_is_a_failure(void **state)
{
	struct taker taker = { .breaks = 1 };
	struct fetch fetch = { 0 };

	(void)state;
	perform_taking(&taker, &fetch, "/bytes/300000", 0);
	assert_int_equal(fetch.reply.refusal, FETCH_NOT_WRITTEN);
	assert_int_equal(fetch.reply.os_errno, ENOSPC);
	fetch_release(&fetch);
}

static void
a_cancel_ends_the_waiting(void **state)
{
	struct taker taker = { .cancels = 1 };
	struct fetch fetch = { 0 };

	(void)state;
	perform_taking(&taker, &fetch, "/bytes/300000", 0);
	assert_int_equal(fetch.reply.refusal, FETCH_CANCELLED);
	assert_int_equal(taker.waits, 1);
	fetch_release(&fetch);
}

static void
who_waits_ends_when_his_time_is_up(void **state)
{
	struct taker taker = { .sleeps = 1 };
	struct fetch fetch = { 0 };
	int64_t began_us = clock_us();

	(void)state;
	perform_taking(&taker, &fetch, "/bytes/300000", 300 * CLOCK_MS);
	assert_int_equal(fetch.reply.code, CURLE_OPERATION_TIMEDOUT);
	assert_int_equal(fetch.reply.refusal, FETCH_ACCEPTED);
	assert_in_range(clock_us() - began_us, 300 * CLOCK_MS,
		20 * CLOCK_SECOND);
	assert_true(taker.waits > 0);
	fetch_release(&fetch);
}

/* Again and again for longer than a slow server is given. */
static void
who_waits_is_not_taken_for_slow(void **state)
{
	struct taker taker = { .sleeps = 1, .patience = 12 };
	struct fetch fetch = { 0 };

	(void)state;
	settings.speed_limit = 1000000;
	settings.speed_time_us = CLOCK_SECOND;
	perform_taking(&taker, &fetch, "/bytes/100000", 0);
	assert_int_equal(fetch.reply.code, CURLE_OK);
	assert_int_equal(taker.taken, 100000);
	settings.speed_limit = 0;
	fetch_release(&fetch);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(one_after_the_other_on_one_connection),
	cmocka_unit_test(a_request_that_cannot_be_set_up_is_over),
	cmocka_unit_test(threads_do_not_disturb_each_other),
	cmocka_unit_test(a_cancel_wakes_all_that_wait),
	cmocka_unit_test(after_a_cancel_nothing_is_begun),
	cmocka_unit_test(the_last_given_back_is_borrowed_first),
	cmocka_unit_test(a_body_that_cannot_be_written_yet_is_waited_for),
	cmocka_unit_test(a_body_that_cannot_be_written_after_all_is_a_failure),
	cmocka_unit_test(a_cancel_ends_the_waiting),
	cmocka_unit_test(who_waits_ends_when_his_time_is_up),
	cmocka_unit_test(who_waits_is_not_taken_for_slow),
};

UNIT_MAIN_WITH_SERVER("net/perform", tests)
