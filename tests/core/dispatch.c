/* SPDX-License-Identifier: MIT */
/*
 * Dispatch: who is next, in which order, and when it is over.
 */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/bed.h"
#include "core/bodies.h"
#include "core/body.h"
#include "core/frontier.h"
#include "core/service.h"
#include "core/stats.h"
#include "unit.h"

/* --- the list --- */

static void
each_url_is_granted_once_in_order(void **state)
{
	struct bed bed;
	struct job *job;
	int i;

	(void)state;
	bed_init(&bed);
	bed_open(&bed, "http://a/1\nhttp://b/2\nhttp://a/3\n"
		"http://u:p@c/4\n");
	for (i = 1; i <= 4; i++) {
		job = bed_next(&bed);
		assert_int_equal(job->seq, i);
		assert_non_null(job->fetch.request.addrs);
		assert_true(job->fetch.request.flags & FETCH_TRUSTED);
		assert_int_equal(job->fetch.request.time_left_us, 0);
		assert_int_equal(dispatch_in_flight(bed.dispatch), 1);
		bed_reply(&bed, job, 200, NULL);
	}
	assert_null(bed_next(&bed));
	assert_int_equal(dispatch_in_flight(bed.dispatch), 0);
	bed_settle(&bed, 4);
	for (i = 0; i < 4; i++) {
		assert_int_equal(bed.recorder.rows[i].seq, i + 1);
		assert_true(bed.recorder.rows[i].ok);
		assert_true(bed.recorder.rows[i].final);
		assert_int_equal(bed.recorder.rows[i].attempt, 1);
	}
	assert_string_equal(bed.recorder.rows[3].url, "http://c/4");
	bed_close(&bed);
}

/* Until the list was read as far as the URL of this origin. */
static void
wait_until_read(struct bed *bed, const char *text)
{
	struct origin *origin = origins_get(&bed->origins, text,
		strlen(text));

	while (atomic_load(&origin->waiting) == 0)
		sched_yield();
	origins_put(&bed->origins, origin);
}

static void
a_connection_is_kept_for_an_origin_that_is_due_again(void **state)
{
	static const int reuse[] = { 1, 0, 1, 0, 0 };
	struct bed bed;
	struct job *job;
	size_t i;

	(void)state;
	bed_init(&bed);
	bed_open(&bed, "http://a/1\nhttp://b/1\nhttp://a/2\nhttp://a/3\n"
		"https://a:80/1\n");
	wait_until_read(&bed, "https://a:80");
	for (i = 0; i < sizeof reuse / sizeof *reuse; i++) {
		job = bed_next(&bed);
		assert_int_equal((job->fetch.request.flags & FETCH_REUSE) != 0,
			reuse[i]);
		bed_reply(&bed, job, 200, NULL);
	}
	assert_null(bed_next(&bed));
	bed_settle(&bed, 5);
	bed_close(&bed);
}

/* Two hops on their way to the same place, then one alone. */
static void
a_connection_is_kept_for_a_hop_that_is_due_there(void **state)
{
	struct bed bed;
	struct job *a, *b;

	(void)state;
	bed_init(&bed);
	bed_open(&bed, "http://a/1\nhttp://b/1\n");
	a = bed_next(&bed);
	b = bed_next(&bed);
	/* A list that goes on could bring another one. */
	while (frontier_is_dry(bed.frontier))
		sched_yield();
	bed_reply(&bed, a, 302, "http://c/1");
	bed_reply(&bed, b, 302, "http://c/2");
	assert_ptr_equal(bed_next(&bed), a);
	assert_true(a->fetch.request.flags & FETCH_REUSE);
	assert_ptr_equal(bed_next(&bed), b);
	assert_false(b->fetch.request.flags & FETCH_REUSE);
	bed_reply(&bed, a, 200, NULL);
	bed_reply(&bed, b, 200, NULL);
	assert_null(bed_next(&bed));
	bed_settle(&bed, 2);
	bed_close(&bed);
}

/* A list's line that is due is none for a hop that went elsewhere. */
static void
a_hop_elsewhere_does_not_keep_its_connection(void **state)
{
	struct bed bed;
	struct job *a, *b;

	(void)state;
	bed_init(&bed);
	bed.settings.concurrency = 1;
	bed_open(&bed, "http://a/1\nhttp://b/1\nhttp://a/2\n");
	wait_until_read(&bed, "http://b");
	a = bed_next(&bed);
	bed_reply(&bed, a, 302, "http://c/1");
	/* The one that was ready before it. */
	b = bed_next(&bed);
	while (b != a) {
		bed_reply(&bed, b, 200, NULL);
		b = bed_next(&bed);
	}
	assert_string_equal(a->fetch.request.url.text, "http://c/1");
	assert_false(a->fetch.request.flags & FETCH_REUSE);
	bed_reply(&bed, a, 200, NULL);
	while ((b = bed_next(&bed)) != NULL)
		bed_reply(&bed, b, 200, NULL);
	bed_settle(&bed, 3);
	bed_close(&bed);
}

static void
a_bad_line_is_a_row_and_no_fetch(void **state)
{
	struct bed bed;
	struct job *job;

	(void)state;
	log_set_level(LOG_LEVEL_ERROR);
	bed_init(&bed);
	bed_open(&bed, "ftp://a/\nhttp://a/\nhttp://\n");
	job = bed_next(&bed);
	assert_int_equal(job->seq, 2);
	bed_reply(&bed, job, 200, NULL);
	assert_null(bed_next(&bed));
	bed_settle(&bed, 3);
	assert_int_equal(bed.recorder.rows[0].error_class, ERROR_INPUT);
	assert_int_equal(bed.recorder.rows[0].time_total, 0);
	assert_true(bed.recorder.rows[0].final);
	assert_non_null(strstr(bed.recorder.rows[0].errormsg, "line 1"));
	bed_close(&bed);
	log_set_level(LOG_LEVEL_WARNING);
}

static void
an_empty_list_is_no_error(void **state)
{
	struct bed bed;

	(void)state;
	bed_init(&bed);
	bed_open(&bed, "\n# nothing\n");
	assert_null(bed_next(&bed));
	bed_settle(&bed, 0);
	bed_close(&bed);
}

/* --- retries --- */

static void
a_retry_starts_at_the_lists_url_again(void **state)
{
	struct bed bed;
	struct job *job;
	const struct result *rows = bed.recorder.rows;
	int i;

	(void)state;
	bed_init(&bed);
	bed.settings.verdict.retries = 2;
	bed.settings.verdict.retry_once = 1;
	bed.settings.body = "a=b";
	bed.settings.body_len = 3;
	bed_open(&bed, "http://u:p@a/\n");
	/* Even a short delay may have to be waited for. */
	assert_int_equal(service_start(bed.service, NULL), 0);
	/* Attempts end at their second hop, a GET elsewhere. */
	for (i = 1; i <= 3; i++) {
		job = bed_next(&bed);
		assert_int_equal(job->attempt, i);
		assert_string_equal(job->fetch.request.url.text, "http://a/");
		assert_string_equal(job->fetch.request.url.userpwd, "u:p");
		assert_non_null(job->fetch.request.body);
		assert_int_equal(job->fetch.request.flags &
			(FETCH_TRUSTED | FETCH_BODY_DROPPED), FETCH_TRUSTED);
		assert_int_equal(job->n_hops, 0);
		bed_reply(&bed, job, 303, "http://b/");
		job = bed_next(&bed);
		assert_null(job->fetch.request.body);
		bed_reply(&bed, job, 503, NULL);
	}
	assert_null(bed_next(&bed));
	bed_settle(&bed, 3);
	for (i = 0; i < 3; i++) {
		assert_int_equal(rows[i].attempt, i + 1);
		assert_int_equal(rows[i].final, i == 2);
		assert_int_equal(rows[i].response_code, 503);
		assert_int_equal(rows[i].num_redirects, 1);
		assert_true(rows[i].time_queue >= 0);
	}
	bed_close(&bed);
}

static void
what_may_happen_twice_is_not_sent_again(void **state)
{
	struct bed bed;

	(void)state;
	bed_init(&bed);
	bed.settings.verdict.retries = 2;
	bed.settings.body = "a=b";
	bed.settings.body_len = 3;
	bed_open(&bed, "http://a/\n");
	bed_reply(&bed, bed_next(&bed), 503, NULL);
	assert_null(bed_next(&bed));
	bed_settle(&bed, 1);
	assert_true(bed.recorder.rows[0].final);
	bed_close(&bed);
}

/* An hour's delay: there is no next attempt in a run of half of that. */
static void
a_retry_after_the_end_of_the_time_is_none(void **state)
{
	struct bed bed;

	(void)state;
	bed_init(&bed);
	bed.settings.verdict.retries = 2;
	bed.settings.verdict.retry_delay_us = 3600 * CLOCK_SECOND;
	bed.settings.duration_us = 1800 * CLOCK_SECOND;
	bed_open(&bed, "http://a/\n");
	bed_reply(&bed, bed_next(&bed), 503, NULL);
	assert_null(bed_next(&bed));
	bed_settle(&bed, 1);
	assert_true(bed.recorder.rows[0].final);
	bed_close(&bed);
}

/* It was due, only nobody asked for a job until then. */
static void
a_retry_that_was_due_in_time_goes_on_to_its_end(void **state)
{
	struct bed bed;
	struct job *job;
	int64_t end;

	(void)state;
	bed_init(&bed);
	bed.settings.concurrency = 1;
	bed.settings.verdict.retries = 1;
	bed.settings.duration_us = CLOCK_SECOND;
	bed_open(&bed, "http://a/1\nhttp://a/2\nhttp://a/3\nhttp://a/4\n");
	job = bed_next(&bed);
	end = clock_us() + bed.settings.duration_us;
	bed_reply(&bed, job, 503, NULL);
	while (clock_us() <= end)
		sched_yield();
	/* The others come too late. */
	assert_ptr_equal(bed_next(&bed), job);
	assert_int_equal(job->attempt, 2);
	bed_reply(&bed, job, 503, NULL);
	assert_null(bed_next(&bed));
	bed_settle(&bed, 2);
	assert_false(bed.recorder.rows[0].final);
	assert_true(bed.recorder.rows[1].final);
	bed_close(&bed);
}

static void
what_waits_for_its_time_wakes_the_run(void **state)
{
	struct bed bed;
	struct job *job;
	int64_t before;

	(void)state;
	bed_init(&bed);
	bed.settings.verdict.retries = 1;
	bed.settings.verdict.retry_delay_us = 30 * CLOCK_MS;
	bed_open(&bed, "http://a/\n");
	assert_int_equal(service_start(bed.service, NULL), 0);
	job = bed_next(&bed);
	before = clock_us();
	bed_reply(&bed, job, 503, NULL);
	job = bed_next(&bed);
	assert_true(clock_us() - before >= 30 * CLOCK_MS);
	bed_reply(&bed, job, 200, NULL);
	assert_null(bed_next(&bed));
	bed_settle(&bed, 2);
	bed_close(&bed);
}

/* --- limits --- */

/* The job's clock is set back instead of waiting. */
static void
max_time_is_for_all_hops_of_an_attempt(void **state)
{
	struct bed bed;
	struct job *job;

	(void)state;
	bed_init(&bed);
	bed.settings.max_time_us = 10 * CLOCK_SECOND;
	bed.settings.verdict.retries = 1;
	bed_open(&bed, "http://a/\n");
	/* Even a short delay may have to be waited for. */
	assert_int_equal(service_start(bed.service, NULL), 0);
	job = bed_next(&bed);
	assert_in_range(job->fetch.request.time_left_us, 6 * CLOCK_SECOND,
		10 * CLOCK_SECOND);
	job->started_us -= 6 * CLOCK_SECOND;
	bed_reply(&bed, job, 302, "/2");
	job = bed_next(&bed);
	assert_in_range(job->fetch.request.time_left_us, CLOCK_MS + 1,
		4 * CLOCK_SECOND);
	job->started_us -= 6 * CLOCK_SECOND;
	bed_reply(&bed, job, 302, "/3");
	/* It is over: libcurl gets what is next to nothing, not 0. */
	job = bed_next(&bed);
	assert_in_range(job->fetch.request.time_left_us, 1, CLOCK_MS);
	bed_reply(&bed, job, 503, NULL);
	job = bed_next(&bed);
	assert_int_equal(job->attempt, 2);
	assert_in_range(job->fetch.request.time_left_us, 6 * CLOCK_SECOND,
		10 * CLOCK_SECOND);
	bed_reply(&bed, job, 200, NULL);
	assert_null(bed_next(&bed));
	bed_settle(&bed, 2);
	bed_close(&bed);
}

static void
a_full_ledger_holds_the_list_back(void **state)
{
	char *list = mem_alloc(3000 * 16);
	struct bed bed;
	struct job *job;
	size_t at = 0, n = 0, i;
	sem_t gate;

	(void)state;
	for (i = 0; i < 3000; i++)
		at += (size_t)snprintf(list + at, 16, "http://a/%zu\n", i);
	bed_init(&bed);
	sem_init(&gate, 0, 0);
	bed.recorder.gate = &gate;
	bed_open(&bed, list);
	while (n < 2048) {
		job = bed_next(&bed);
		bed_reply(&bed, job, 200, NULL);
		n++;
	}
	/* What was read ahead of it may still be granted. */
	while (dispatch_next(bed.dispatch, &job) == RUN_JOB) {
		bed_reply(&bed, job, 200, NULL);
		n++;
	}
	assert_in_range(n, 2048, 2048 + bed.settings.concurrency);
	for (i = 0; i < 3000; i++)
		sem_post(&gate);
	while ((job = bed_next(&bed)) != NULL) {
		bed_reply(&bed, job, 200, NULL);
		n++;
	}
	assert_int_equal(n, 3000);
	bed_settle(&bed, 3000);
	bed_close(&bed);
	free(list);
	sem_destroy(&gate);
}

/* --- ending early --- */

static void
after_a_stop_only_what_is_out_comes_back(void **state)
{
	struct bed bed;
	struct job *first, *second, *job;
	const struct result *rows = bed.recorder.rows;

	(void)state;
	bed_init(&bed);
	bed.settings.verdict.retries = 5;
	bed_open(&bed, "http://a/1\nhttp://a/2\nhttp://a/3\n");
	first = bed_next(&bed);
	second = bed_next(&bed);
	dispatch_stop(bed.dispatch);
	assert_int_equal(dispatch_next(bed.dispatch, &job), RUN_WAIT);
	bed_reply(&bed, first, 503, NULL);
	assert_int_equal(dispatch_next(bed.dispatch, &job), RUN_WAIT);
	second->fetch.reply.code = CURLE_ABORTED_BY_CALLBACK;
	second->fetch.reply.refusal = FETCH_CANCELLED;
	bed_reply(&bed, second, 0, NULL);
	assert_int_equal(dispatch_next(bed.dispatch, &job), RUN_END);
	assert_int_equal(dispatch_take(bed.dispatch, &job), RUN_END);
	bed_settle(&bed, 2);
	/* Neither is done: both stay to be. */
	assert_false(rows[0].final);
	assert_int_equal(rows[0].error_class, ERROR_HTTP);
	assert_false(rows[1].final);
	assert_int_equal(rows[1].error_class, ERROR_STOPPED);
	bed_close(&bed);
}

/* In flight, ready, being looked up, not looked up yet: all have begun. */
static void
what_was_begun_has_a_record_after_a_stop(void **state)
{
	static const char *const effective[] = { "http://a/b", "http://b:81/",
		"http://a/c", "http://a/d" };
	const struct result *row;
	struct job *jobs[4];
	struct bed bed;
	size_t i;

	(void)state;
	bed_init(&bed);
	bed_open(&bed, "http://a/1\nhttp://a/2\nhttp://a/3\nhttp://a/4\n");
	for (i = 0; i < 4; i++)
		jobs[i] = bed_next(&bed);
	bed_reply(&bed, jobs[0], 302, "/b");
	bed_reply(&bed, jobs[1], 302, "http://b:81/");
	bed_reply(&bed, jobs[2], 302, "/c");
	assert_ptr_equal(bed_next(&bed), jobs[0]);
	assert_int_equal(jobs[1]->state, JOB_NAMING);
	assert_int_equal(jobs[2]->state, JOB_READY);
	bed_reply(&bed, jobs[3], 302, "/d");
	assert_int_equal(jobs[3]->state, JOB_AGAIN);
	dispatch_stop(bed.dispatch);
	fetch_reply_cancel(&jobs[0]->fetch.reply, 1);
	bed_reply(&bed, jobs[0], 0, NULL);
	assert_null(bed_next(&bed));
	bed_settle(&bed, 4);
	for (i = 0; i < 4; i++) {
		row = &bed.recorder.rows[i];
		assert_in_range(row->seq, 1, 4);
		assert_string_equal(row->url_effective,
			effective[row->seq - 1]);
		assert_int_equal(row->error_class, ERROR_STOPPED);
		assert_non_null(row->errormsg);
		assert_false(row->final);
		assert_int_equal(row->num_redirects, 1);
		assert_in_range(row->time_total, row->time_redirect,
			60 * CLOCK_SECOND);
	}
	bed_close(&bed);
}

/* --- the deadline --- */

/* The record of a URL; there is one. */
static const struct result *
row_of(const struct bed *bed, uint64_t seq)
{
	const struct result *row = NULL;
	size_t i;

	for (i = 0; i < bed->recorder.n; i++)
		if (bed->recorder.rows[i].seq == seq) {
			assert_null(row);
			row = &bed->recorder.rows[i];
		}
	if (row == NULL)
		fail_msg("no record of URL %d", (int)seq);
	return row;
}

/* Granted, ready for another hop, being looked up for it, not looked up yet,
 * read ahead, no URL; and what ended at the same moment. */
static void
at_the_deadline_everything_has_a_record(void **state)
{
	struct job *jobs[4], *job;
	struct bed bed;
	uint64_t i;

	(void)state;
	bed_init(&bed);
	bed_open(&bed, "http://a/1\nhttp://a/2\nhttp://a/3\nhttp://a/4\n"
		"http://a/5\nftp://6\nhttp://a/7\n");
	for (i = 0; i < 4; i++)
		jobs[i] = bed_next(&bed);
	bed_reply(&bed, jobs[0], 302, "/b");
	bed_reply(&bed, jobs[1], 302, "http://b:81/");
	dispatch_expire(bed.dispatch);
	bed_reply(&bed, jobs[2], 200, NULL);
	fetch_reply_cancel(&jobs[3]->fetch.reply, 1);
	bed_reply(&bed, jobs[3], 0, NULL);
	assert_int_equal(dispatch_next(bed.dispatch, &job), RUN_END);
	bed_settle(&bed, 7);
	for (i = 1; i <= 7; i++) {
		const struct result *row = row_of(&bed, i);

		assert_int_equal(row->error_class, i == 3 ? ERROR_NONE :
			i == 6 ? ERROR_INPUT : ERROR_DEADLINE);
		assert_int_equal(row->final, i == 3 || i == 6);
		assert_int_equal(row->attempt, 1);
		assert_int_equal(row->num_redirects, i <= 2);
		if (i != 3)
			assert_non_null(row->errormsg);
	}
	/* Of what was not begun no time passed. */
	assert_int_equal(row_of(&bed, 5)->time_total, 0);
	assert_int_equal(row_of(&bed, 7)->time_total, 0);
	bed_close(&bed);
}

/* Their next attempt is what is left out: in it they would have been asked
 * for again, and no record but that says that they are not done. */
static void
at_the_deadline_nobody_waits_for_a_retry(void **state)
{
	struct job *first, *second;
	struct bed bed;
	size_t i;

	(void)state;
	bed_init(&bed);
	bed.settings.verdict.retries = 1;
	bed.settings.verdict.retry_delay_us = 3600 * CLOCK_SECOND;
	bed_open(&bed, "http://a/1\nhttp://a/2\n");
	first = bed_next(&bed);
	second = bed_next(&bed);
	bed_reply(&bed, first, 503, NULL);
	dispatch_expire(bed.dispatch);
	bed_reply(&bed, second, 503, NULL);
	assert_null(bed_next(&bed));
	bed_settle(&bed, 4);
	for (i = 0; i < 4; i++) {
		const struct result *row = &bed.recorder.rows[i];

		assert_false(row->final);
		assert_int_equal(row->attempt, i < 2 ? 1 : 2);
		assert_int_equal(row->error_class, i < 2 ? ERROR_HTTP :
			ERROR_DEADLINE);
	}
	bed_close(&bed);
}

/* The queue of the ledger holds fewer than these. */
static void
at_the_deadline_a_long_list_waits_for_the_ledger(void **state)
{
	const uint64_t n = 20000;
	struct stats_counters counters;
	char *list = mem_alloc(n * 20);
	struct bed bed;
	size_t at = 0;
	uint64_t i;

	(void)state;
	for (i = 0; i < n; i++)
		at += (size_t)snprintf(list + at, 20, "http://a/%d\n",
			(int)i);
	bed_init(&bed);
	bed_open(&bed, list);
	dispatch_expire(bed.dispatch);
	bed_settle(&bed, n);
	ledger_counters(bed.ledger, &counters);
	assert_int_equal(counters.failed[ERROR_DEADLINE], n);
	assert_int_equal(counters.finals, 0);
	bed_close(&bed);
	free(list);
}

static void
at_the_deadline_a_list_that_repeats_has_no_rest(void **state)
{
	struct bed bed;
	struct job *job;

	(void)state;
	bed_init(&bed);
	bed.settings.requests = 1000;
	bed_open(&bed, "http://a/1\nhttp://a/2\nhttp://a/3\n");
	job = bed_next(&bed);
	dispatch_expire(bed.dispatch);
	fetch_reply_cancel(&job->fetch.reply, 1);
	bed_reply(&bed, job, 0, NULL);
	assert_null(bed_next(&bed));
	bed_settle(&bed, 1);
	assert_int_equal(bed.recorder.rows[0].error_class, ERROR_DEADLINE);
	bed_close(&bed);
}

/* Jobs in every state there is; the sanitizer sees what is not freed. */
static void
what_was_not_done_is_dropped(void **state)
{
	struct bed bed;
	struct job *job;

	(void)state;
	bed_init(&bed);
	bed.settings.verdict.retries = 1;
	bed.settings.verdict.retry_delay_us = 3600 * CLOCK_SECOND;
	bed.settings.concurrency = 3;
	bed_open(&bed, "http://a/1\nhttp://a/2\nhttp://a:81/3\nhttp://a/4\n"
		"http://a/5\nhttp://a/6\nhttp://a/7\n");
	bed_reply(&bed, bed_next(&bed), 503, NULL);
	job = bed_next(&bed);
	dispatch_stop(bed.dispatch);
	bed_reply(&bed, job, 302, "/again");
	assert_null(bed_next(&bed));
	bed_settle(&bed, 2);
	bed_close(&bed);
}

/* --- threads --- */

#define THREADS 4
#define URLS 3000

struct taker {
	struct bed *bed;
	pthread_t thread;
	int n;
};

/* Every third is redirected, every seventh tried again. */
static void *
take_all(void *arg)
{
	struct taker *taker = arg;
	struct bed *bed = taker->bed;
	struct job *job;

	while (dispatch_take(bed->dispatch, &job) == RUN_JOB) {
		if (job->seq % 3 == 0 && job->n_hops == 0)
			bed_reply(bed, job, 302, "/other");
		else if (job->seq % 7 == 0 && job->attempt == 1)
			bed_reply(bed, job, 503, NULL);
		else
			bed_reply(bed, job, 200, NULL);
		taker->n++;
	}
	return NULL;
}

static void
threads_share_the_work_and_all_end(void **state)
{
	char *list = mem_alloc(URLS * 20);
	struct taker takers[THREADS];
	struct bed bed;
	size_t at = 0;
	int i;

	(void)state;
	for (i = 0; i < URLS; i++)
		at += (size_t)snprintf(list + at, 20, "http://a%d/%d\n",
			i % 5, i);
	bed_init(&bed);
	bed.settings.verdict.retries = 1;
	bed_open(&bed, list);
	assert_int_equal(service_start(bed.service, NULL), 0);
	for (i = 0; i < THREADS; i++) {
		takers[i] = (struct taker){ .bed = &bed };
		assert_int_equal(pthread_create(&takers[i].thread, NULL,
			take_all, &takers[i]), 0);
	}
	for (i = 0; i < THREADS; i++)
		pthread_join(takers[i].thread, NULL);
	bed_settle(&bed, URLS + URLS / 7);
	bed_close(&bed);
	free(list);
}

/* --- bodies that are held in order --- */

#define PLACES 16	/* for bodies, at most */
#define LISTED 40

/* So few files that there are few places for bodies; returns how many. */
static size_t
open_in_order(struct bed *bed, const struct rlimit *files)
{
	struct rlimit few = { .rlim_cur = 74, .rlim_max = files->rlim_max };
	char list[LISTED * 16] = "";
	size_t i, places, n = 0;

	for (i = 0; i < LISTED; i++)
		n += (size_t)snprintf(list + n, sizeof list - n,
			"http://a/%zu\n", i + 1);
	bed_init(bed);
	bed->settings.keep = RUN_KEEP_GOOD;
	bed->settings.keep_order = 1;
	bed->settings.buffer = 1 << 20;
	bed->settings.verdict.retries = 1;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	bed_open(bed, list);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, files), 0);
	places = body_store_room(bodies_store(bed->bodies));
	assert_in_range(places, 4, PLACES);
	return places;
}

/* Its reply was good, and its body goes to whoever holds it. */
static struct body *
reply_and_hold(struct bed *bed, struct job *job)
{
	struct body *body = job->body;

	job->body = NULL;
	bed_reply(bed, job, 200, NULL);
	return body;
}

/*
 * As sink/cat does it: all bodies behind the first URL's are held, and they
 * fill the budget; it still gets its next hop and its next attempt.
 */
static void
what_was_begun_always_has_a_place(void **state)
{
	char *large = mem_array(900000, 1);
	struct body *held[PLACES];
	struct job *first, *job;
	struct rlimit files;
	struct bed bed;
	size_t i, places;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
	places = open_in_order(&bed, &files);
	assert_int_equal(service_start(bed.service, NULL), 0);
	first = bed_next(&bed);
	assert_int_equal(first->seq, 1);
	for (i = 0; i < places - 2; i++)
		held[i] = reply_and_hold(&bed, bed_next(&bed));
	/* One place is left, for the first URL's next body. */
	assert_int_equal(body_store_room(bodies_store(bed.bodies)), 1);
	assert_int_equal(dispatch_next(bed.dispatch, &job), RUN_WAIT);
	assert_int_equal(body_write(held[0], large, 900000), 0);
	bed_reply(&bed, first, 302, "/hop");
	job = bed_next(&bed);
	assert_int_equal(job->seq, 1);
	assert_int_equal(job->n_hops, 1);
	bed_reply(&bed, job, 503, NULL);
	job = bed_next(&bed);
	assert_int_equal(job->seq, 1);
	assert_int_equal(job->attempt, 2);
	bed_reply(&bed, job, 200, NULL);
	for (i = 0; i < places - 2; i++)
		body_free(held[i]);
	/* Now the list goes on. */
	assert_true(bodies_made_room(bed.bodies));
	dispatch_wake(bed.dispatch);
	for (i = places; i <= LISTED; i++) {
		job = bed_next(&bed);
		assert_int_equal(job->seq, i);
		bed_reply(&bed, job, 200, NULL);
	}
	assert_null(bed_next(&bed));
	bed_settle(&bed, LISTED + 1);
	bed_close(&bed);
	free(large);
}

/* As many go on as the system has ports for; no URL is the worse for it. */
static void
what_runs_out_is_waited_for_and_no_attempt(void **state)
{
	struct bed bed;
	struct job *first, *second, *job;

	(void)state;
	bed_init(&bed);
	bed_open(&bed, "http://a/1\nhttp://b/2\nhttp://c/3\n");
	assert_int_equal(service_start(bed.service, NULL), 0);
	first = bed_next(&bed);
	second = bed_next(&bed);
	second->fetch.reply.code = CURLE_COULDNT_CONNECT;
	second->fetch.reply.os_errno = EADDRNOTAVAIL;
	bed_reply(&bed, second, 0, NULL);
	/* One got through, so one may be under way: not another. */
	assert_int_equal(dispatch_next(bed.dispatch, &job), RUN_WAIT);
	assert_int_equal(dispatch_in_flight(bed.dispatch), 1);
	bed_reply(&bed, first, 200, NULL);
	job = bed_next(&bed);
	assert_ptr_equal(job, second);
	assert_int_equal(job->fetch.reply.code, CURLE_OK);
	/* What waits has its turn when more are tried. */
	first = bed_next(&bed);
	assert_string_equal(first->text, "http://c/3");
	bed_reply(&bed, job, 200, NULL);
	bed_reply(&bed, first, 200, NULL);
	assert_null(bed_next(&bed));
	bed_settle(&bed, 3);
	assert_int_equal(bed.recorder.n, 3);
	assert_int_equal(bed.recorder.rows[1].seq, 2);
	assert_int_equal(bed.recorder.rows[1].attempt, 1);
	assert_true(dispatch_held_up(bed.dispatch, HOLDUP_PORTS) > 0);
	bed_close(&bed);
}

static int
lane_called(const struct bed *bed, size_t lane)
{
	struct pollfd fd = {
		.fd = dispatch_lane_fd(bed->dispatch, lane), .events = POLLIN,
	};

	return poll(&fd, 1, 0) > 0;
}

/* Two loops that wake each other for it would do nothing else. */
static void
what_ran_out_is_nothing_to_wake_others_for(void **state)
{
	struct bed bed;
	struct job *first, *second;
	struct list jobs;
	struct err err;
	int calls = 0, i;
	size_t at;

	(void)state;
	bed_init(&bed);
	bed_open(&bed, "http://a/1\nhttp://a/2\nhttp://a/3\nhttp://a/4\n");
	list_init(&jobs);
	first = bed_next(&bed);
	second = bed_next(&bed);
	assert_int_equal(dispatch_split(bed.dispatch, 2, &err), 0);
	second->fetch.reply.code = CURLE_COULDNT_CONNECT;
	second->fetch.reply.os_errno = EADDRNOTAVAIL;
	bed_reply(&bed, second, 0, NULL);
	for (i = 0; i < 40; i++) {
		at = (size_t)i % 2;
		dispatch_lane_rest(bed.dispatch, at);
		assert_int_equal(dispatch_next_some(bed.dispatch, at, 2,
			&jobs), RUN_WAIT);
		calls += lane_called(&bed, 1 - at);
	}
	/* The list's reader calls too, when it has read something. */
	assert_true(calls < 10);
	bed_reply(&bed, first, 200, NULL);
	bed_settle(&bed, 1);
	bed_close(&bed);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(each_url_is_granted_once_in_order),
	cmocka_unit_test(a_connection_is_kept_for_an_origin_that_is_due_again),
	cmocka_unit_test(a_connection_is_kept_for_a_hop_that_is_due_there),
	cmocka_unit_test(a_hop_elsewhere_does_not_keep_its_connection),
	cmocka_unit_test(a_bad_line_is_a_row_and_no_fetch),
	cmocka_unit_test(an_empty_list_is_no_error),
	cmocka_unit_test(a_retry_starts_at_the_lists_url_again),
	cmocka_unit_test(what_may_happen_twice_is_not_sent_again),
	cmocka_unit_test(a_retry_after_the_end_of_the_time_is_none),
	cmocka_unit_test(a_retry_that_was_due_in_time_goes_on_to_its_end),
	cmocka_unit_test(what_waits_for_its_time_wakes_the_run),
	cmocka_unit_test(max_time_is_for_all_hops_of_an_attempt),
	cmocka_unit_test(a_full_ledger_holds_the_list_back),
	cmocka_unit_test(after_a_stop_only_what_is_out_comes_back),
	cmocka_unit_test(what_was_begun_has_a_record_after_a_stop),
	cmocka_unit_test(at_the_deadline_everything_has_a_record),
	cmocka_unit_test(at_the_deadline_nobody_waits_for_a_retry),
	cmocka_unit_test(at_the_deadline_a_long_list_waits_for_the_ledger),
	cmocka_unit_test(at_the_deadline_a_list_that_repeats_has_no_rest),
	cmocka_unit_test(what_was_not_done_is_dropped),
	cmocka_unit_test(threads_share_the_work_and_all_end),
	cmocka_unit_test(what_was_begun_always_has_a_place),
	cmocka_unit_test(what_runs_out_is_waited_for_and_no_attempt),
	cmocka_unit_test(what_ran_out_is_nothing_to_wake_others_for),
};

UNIT_MAIN("core/dispatch", tests)
