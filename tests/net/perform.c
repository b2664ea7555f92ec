/* SPDX-License-Identifier: MIT */
/*
 * Blocking fetches: one performer does one after the other, several run in
 * threads of their own, and a cancel wakes all of them.
 */
#include "config.h"

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

static const struct easy_settings settings = {
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

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(one_after_the_other_on_one_connection),
	cmocka_unit_test(a_request_that_cannot_be_set_up_is_over),
	cmocka_unit_test(threads_do_not_disturb_each_other),
	cmocka_unit_test(a_cancel_wakes_all_that_wait),
	cmocka_unit_test(after_a_cancel_nothing_is_begun),
	cmocka_unit_test(the_last_given_back_is_borrowed_first),
};

UNIT_MAIN_WITH_SERVER("net/perform", tests)
