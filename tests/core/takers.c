/* SPDX-License-Identifier: MIT */
/*
 * takers -- with many threads in run_take(), or some with a lane each, whoever
 * can go on is woken, and no job is given out twice or forgotten.
 *
 * The strategy here has no network: its replies are made up, so that the
 * threads do nothing but take and give back, and one lost wake-up is a test
 * that hangs.
 */
#include "config.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/list.h"
#include "base/mem.h"
#include "core/job.h"
#include "core/result.h"
#include "core/run.h"
#include "core/sink.h"
#include "core/stats.h"
#include "core/strategy.h"
#include "unit.h"
#include "url/source.h"

#define TAKERS 32
#define URLS 20000
#define LANES 4
#define HOSTS 7

/* Every third URL is redirected once, every hundredth fails at first. */
struct takers {
	struct run *run;
	atomic_int n, most;	/* jobs taken and not given back */
	atomic_uint given;
	unsigned char finals[URLS + 1];	/* by seq; the ledger's thread's */
	unsigned attempts;	/* likewise */
};

static struct takers takers;

static void
reply_to(struct job *job)
{
	struct fetch_reply *reply = &job->fetch.reply;

	fetch_reply_clear(reply);
	reply->response_code = 200;
	reply->http_version = "1.1";
	if (job->seq % 3 == 0 && job->n_hops == 0) {
		reply->response_code = 302;
		reply->location = mem_strdup("/elsewhere");
	} else if (job->seq % 100 == 1 && job->attempt == 1) {
		reply->response_code = 503;
	}
}

static void
count_taken(void)
{
	int n = atomic_fetch_add(&takers.n, 1) + 1;
	int most = atomic_load(&takers.most);

	while (n > most && !atomic_compare_exchange_weak(&takers.most,
	    &most, n))
		;
}

static void
give_back(struct job *job)
{
	reply_to(job);
	atomic_fetch_sub(&takers.n, 1);
	atomic_fetch_add(&takers.given, 1);
	run_done(takers.run, job);
}

static void *
take_all(void *arg)
{
	struct job *job;

	(void)arg;
	while (run_take(takers.run, &job) == RUN_JOB) {
		count_taken();
		give_back(job);
	}
	return NULL;
}

static int
take_with_many(struct run *run, const void *settings, struct err *err)
{
	pthread_t threads[TAKERS];
	size_t i;

	(void)settings;
	(void)err;
	takers.run = run;
	for (i = 0; i < TAKERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, take_all,
			NULL), 0);
	for (i = 0; i < TAKERS; i++)
		pthread_join(threads[i], NULL);
	return 0;
}

static const struct strategy strategy = {
	.name = "takers", .run = take_with_many,
};

/* Who got nothing sleeps until it is called. */
static void *
take_lane(void *arg)
{
	size_t lane = (size_t)(uintptr_t)arg, n;
	struct pollfd fd = { .events = POLLIN };
	enum run_next next = RUN_JOB;
	struct list jobs, *node;

	list_init(&jobs);
	fd.fd = run_lane_fd(takers.run, lane);
	while ((next = run_next_some(takers.run, lane, 4, &jobs)) != RUN_END) {
		for (node = jobs.next, n = 0; node != &jobs;
		    node = node->next, n++)
			count_taken();
		while ((node = list_pop(&jobs)) != NULL)
			give_back(LIST_ENTRY(node, struct job, node));
		if (n == 0 && poll(&fd, 1, 60000) == 1)
			run_lane_rest(takers.run, lane);
	}
	return NULL;
}

static int
take_in_lanes(struct run *run, const void *settings, struct err *err)
{
	pthread_t threads[LANES];
	size_t i;

	(void)settings;
	takers.run = run;
	if (run_split(run, LANES, err) != 0)
		return -1;
	for (i = 0; i < LANES; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, take_lane,
			(void *)(uintptr_t)i), 0);
	for (i = 0; i < LANES; i++)
		pthread_join(threads[i], NULL);
	return 0;
}

static const struct strategy lanes = {
	.name = "lanes", .run = take_in_lanes,
};

static int
count_record(void *self, const struct result *record, struct err *err)
{
	(void)self;
	(void)err;
	takers.attempts++;
	if (record->final && record->seq <= URLS)
		takers.finals[record->seq]++;
	return 0;
}

static const struct sink sink = { .name = "takers", .write = count_record };

/* What the list's writer does after every 1,000 lines. */
static void
fill(int fd, unsigned pause_us)
{
	FILE *list = fdopen(fd, "w");
	unsigned i;

	assert_non_null(list);
	for (i = 1; i <= URLS; i++) {
		fprintf(list, "http://127.0.0.%u:9/%u\n", 1 + i % HOSTS, i);
		if (i % 1000 == 0 && pause_us > 0) {
			fflush(list);
			usleep(pause_us);
		}
	}
	fclose(list);
}

struct filling {
	int fd;
	unsigned pause_us;
};

static void *
fill_main(void *arg)
{
	const struct filling *filling = arg;

	fill(filling->fd, filling->pause_us);
	return NULL;
}

static void
run_over_a_pipe(const struct strategy *who, unsigned pause_us,
	size_t concurrency)
{
	struct run_settings settings = {
		.strategy = who,
		.concurrency = concurrency,
		.names = { .servers = "127.0.0.1:9", .concurrency = 1,
			.hosts_path = "/nonexistent/hosts",
			.timeout_us = CLOCK_SECOND, .cache_max = 10 },
		.verdict = { .follow = 1, .max_redirs = 3, .retries = 1,
			.retry_delay_us = CLOCK_MS },
	};
	struct source_settings list = {
		.proto_default = "http", .max_line = 1000,
	};
	struct ledger_target target = { .sink = &sink };
	char dash[] = "-", *operands[] = { dash, NULL };
	struct filling filling = { .pause_us = pause_us };
	struct source *source;
	struct err err = { 0 };
	pthread_t thread;
	int fds[2], stuck, rc;

	takers = (struct takers){ .run = NULL };
	assert_int_equal(verdict_retry_on_parse(&settings.verdict.retry_on,
		"503", &err), 0);
	assert_int_equal(pipe(fds), 0);
	filling.fd = fds[1];
	source = source_new(&list, operands, 1, fds[0], &err);
	assert_non_null(source);
	assert_int_equal(pthread_create(&thread, NULL, fill_main, &filling),
		0);
	takers.run = run_new(&settings, source, &target, 1, &err);
	if (takers.run == NULL)
		fail_msg("%s", err.text);
	rc = run_execute(takers.run, &stuck, &err);
	pthread_join(thread, NULL);
	if (rc != 0)
		fail_msg("%s", err.text);
	run_free(takers.run);
	source_free(source);
}

static void
assert_each_came_once(void)
{
	unsigned i;

	for (i = 1; i <= URLS; i++)
		assert_int_equal(takers.finals[i], 1);
	assert_int_equal(takers.attempts, URLS + URLS / 100);
	assert_int_equal(atomic_load(&takers.n), 0);
}

static void
every_job_comes_back_once(void **state)
{
	(void)state;
	run_over_a_pipe(&strategy, 0, TAKERS);
	assert_each_came_once();
	assert_in_range(takers.most, 1, TAKERS);
}

/* All sleep, one line wakes one, and the last line ends them all. */
static void
who_sleeps_is_woken_by_a_slow_list(void **state)
{
	(void)state;
	run_over_a_pipe(&strategy, 2000, TAKERS);
	assert_each_came_once();
}

/* With little ahead a job that is taken makes room for the next. */
static void
more_takers_than_jobs_ahead_are_no_trouble(void **state)
{
	(void)state;
	run_over_a_pipe(&strategy, 0, 2);
	assert_each_came_once();
}

static void
who_has_a_lane_is_woken_too(void **state)
{
	static const unsigned pauses[] = { 0, 2000 };
	static const size_t ahead[] = { LANES, 4 * LANES };
	size_t i;

	(void)state;
	for (i = 0; i < 4; i++) {
		run_over_a_pipe(&lanes, pauses[i / 2], ahead[i % 2]);
		assert_each_came_once();
	}
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(every_job_comes_back_once),
	cmocka_unit_test(who_sleeps_is_woken_by_a_slow_list),
	cmocka_unit_test(more_takers_than_jobs_ahead_are_no_trouble),
	cmocka_unit_test(who_has_a_lane_is_woken_too),
};

UNIT_MAIN("takers", tests)
