/* SPDX-License-Identifier: MIT */
/*
 * Dispatch: what a reply leads to. The strategy here is the test itself: it
 * takes jobs and makes the replies up, so no packet is sent and the only
 * clock that matters is the job's own.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/dispatch.h"
#include "core/frontier.h"
#include "core/job.h"
#include "core/ledger.h"
#include "core/origins.h"
#include "core/result.h"
#include "core/service.h"
#include "core/sink.h"
#include "core/strategy.h"
#include "unit.h"
#include "url/ndjson.h"
#include "url/source.h"

#define ROWS 64
#define NOBODY "127.0.0.1:9"	/* a name server that is none */

static const struct strategy fake = { .name = "fake" };

/* What the ledger was given, the first ROWS of it, and a gate before it. */
struct recorder {
	struct result rows[ROWS];
	size_t n;
	sem_t *gate;
};

struct stage {
	struct run_settings settings;
	struct url proxy;
	struct recorder recorder;
	struct ledger_target target;
	struct names *names;
	struct service *service;
	struct ledger *ledger;
	struct origins origins;
	struct dispatch *dispatch;
	struct source *source;
	struct frontier *frontier;
	char path[32];
};

static char *
copy(const char *text)
{
	return text != NULL ? mem_strdup(text) : NULL;
}

static int
recorder_write(void *self, const struct result *result, struct err *err)
{
	struct recorder *recorder = self;
	struct result *row;

	(void)err;
	if (recorder->gate != NULL)
		sem_wait(recorder->gate);
	if (recorder->n++ >= ROWS)
		return 0;
	row = &recorder->rows[recorder->n - 1];
	*row = *result;
	row->url = copy(result->url);
	row->url_effective = copy(result->url_effective);
	row->method = copy(result->method);
	row->errormsg = copy(result->errormsg);
	row->content_type = NULL;
	row->filename_effective = copy(result->filename_effective);
	return 0;
}

static const struct sink recording = { .name = "r", .write = recorder_write };

static void
on_room(void *arg)
{
	struct stage *stage = arg;

	dispatch_wake(stage->dispatch);
}

static void
on_fail(void *arg)
{
	(void)arg;
	fail_msg("the ledger failed");
}

static void
on_timer(void *arg)
{
	struct stage *stage = arg;

	dispatch_wake(stage->dispatch);
}

static void
on_signal(void *arg, int number)
{
	(void)arg;
	(void)number;
}

/* Settings as plain as can be; tests change them before stage_open(). */
static void
stage_init(struct stage *stage)
{
	static char pin[] = "*:80:127.0.0.1,127.0.0.2";
	static char *pins[] = { pin };

	*stage = (struct stage){ .settings = {
		.strategy = &fake, .concurrency = 4,
		.names = { .servers = NOBODY, .hosts_path = "/nonexistent",
			.concurrency = 8, .timeout_us = 50 * CLOCK_MS,
			.cache_max = 8, .resolve = pins, .n_resolve = 1 },
		.verdict = { .follow = 1, .max_redirs = 10,
			.retry_delay_us = 1 },
	} };
	assert_int_equal(verdict_retry_on_parse(
		&stage->settings.verdict.retry_on, "dns,timeout,503", NULL), 0);
}

static void
stage_open_list(struct stage *stage, const char *list)
{
	struct source_settings settings = { "http",
		list[0] == '{' ? SOURCE_NDJSON : SOURCE_LINES, 1u << 20 };
	char *operands[] = { stage->path };
	struct err err = { 0 };
	int fd;

	memcpy(stage->path, "/tmp/list-XXXXXX", 17);
	fd = mkstemp(stage->path);
	assert_int_equal(write(fd, list, strlen(list)), strlen(list));
	close(fd);
	stage->source = source_new(&settings, operands, 1, -1, &err);
	if (stage->source == NULL)
		fail_msg("%s", err.text);
}

static void
stage_open(struct stage *stage, const char *list)
{
	struct service_hooks hooks = { on_timer, on_signal, stage };
	struct err err = { 0 };

	stage->target = (struct ledger_target){ &recording, &stage->recorder,
		NULL };
	stage->names = names_new(&stage->settings.names, &err);
	stage->service = service_new(stage->names, &hooks, &err);
	stage->ledger = ledger_new(&(struct ledger_args){ &stage->target, 1,
		on_room, on_fail, stage }, &err);
	origins_init(&stage->origins);
	stage->dispatch = dispatch_new(&(struct dispatch_args){
		.settings = &stage->settings,
		.concurrency = stage->settings.concurrency,
		.origins = &stage->origins, .names = stage->names,
		.ledger = stage->ledger, .service = stage->service,
		.proxy = &stage->proxy,
	}, &err);
	assert_non_null(stage->dispatch);
	stage_open_list(stage, list);
	stage->frontier = frontier_new(&(struct frontier_args){
		.source = stage->source, .origins = &stage->origins,
		.ahead = 4096, .wake = dispatch_wake, .arg = stage->dispatch,
	}, &err);
	assert_non_null(stage->frontier);
	dispatch_set_frontier(stage->dispatch, stage->frontier);
}

/* The results are in `recorder` after it; `expected` of them. */
static void
stage_settle(struct stage *stage, size_t expected)
{
	frontier_free(stage->frontier);
	service_stop(stage->service);
	ledger_close(stage->ledger);
	assert_int_equal(ledger_finish(stage->ledger, NULL), 0);
	if (stage->recorder.n != expected)
		fail_msg("%zu rows, not %zu", stage->recorder.n, expected);
}

static void
stage_close(struct stage *stage)
{
	struct result *row;
	size_t i;

	dispatch_free(stage->dispatch);
	ledger_free(stage->ledger);
	service_free(stage->service);
	names_free(stage->names);
	source_free(stage->source);
	url_release(&stage->proxy);
	assert_int_equal(stage->origins.map.n, 0);
	origins_release(&stage->origins);
	unlink(stage->path);
	for (i = 0; i < stage->recorder.n && i < ROWS; i++) {
		row = &stage->recorder.rows[i];
		free(row->url);
		free(row->url_effective);
		free(row->method);
		free(row->errormsg);
		free(row->filename_effective);
	}
}

/* As a loop does it: RUN_JOB or RUN_END, waiting on the wake descriptor. */
static struct job *
next(struct stage *stage)
{
	struct pollfd fd = { .fd = dispatch_wake_fd(stage->dispatch),
		.events = POLLIN };
	struct job *job = NULL;

	for (;;)
		switch (dispatch_next(stage->dispatch, &job)) {
		case RUN_JOB:
			assert_int_equal(job->state, JOB_GRANTED);
			return job;
		case RUN_END:
			return NULL;
		case RUN_WAIT:
			if (poll(&fd, 1, 60000) != 1)
				fail_msg("nobody wakes the run");
			dispatch_rest(stage->dispatch);
			break;
		}
}

static void
reply(struct stage *stage, struct job *job, long status, const char *location)
{
	job->fetch.reply.response_code = status;
	job->fetch.reply.location = copy(location);
	job->fetch.reply.total_us = 1000;
	dispatch_done(stage->dispatch, job);
}

/* --- the list --- */

static void
each_url_is_granted_once_in_order(void **state)
{
	struct stage stage;
	struct job *job;
	int i;

	(void)state;
	stage_init(&stage);
	stage_open(&stage, "http://a/1\nhttp://b/2\nhttp://a/3\n"
		"http://u:p@c/4\n");
	for (i = 1; i <= 4; i++) {
		job = next(&stage);
		assert_int_equal(job->seq, i);
		assert_non_null(job->fetch.request.addrs);
		assert_true(job->fetch.request.flags & FETCH_TRUSTED);
		assert_int_equal(job->fetch.request.time_left_us, 0);
		assert_int_equal(dispatch_in_flight(stage.dispatch), 1);
		reply(&stage, job, 200, NULL);
	}
	assert_null(next(&stage));
	assert_int_equal(dispatch_in_flight(stage.dispatch), 0);
	stage_settle(&stage, 4);
	for (i = 0; i < 4; i++) {
		assert_int_equal(stage.recorder.rows[i].seq, i + 1);
		assert_true(stage.recorder.rows[i].ok);
		assert_true(stage.recorder.rows[i].final);
		assert_int_equal(stage.recorder.rows[i].attempt, 1);
	}
	assert_string_equal(stage.recorder.rows[3].url, "http://c/4");
	stage_close(&stage);
}

/* Until the list was read as far as the URL of this origin. */
static void
wait_until_read(struct stage *stage, const char *text)
{
	struct origin *origin = origins_get(&stage->origins, text,
		strlen(text));

	while (atomic_load(&origin->waiting) == 0)
		sched_yield();
	origins_put(&stage->origins, origin);
}

static void
a_connection_is_kept_for_an_origin_that_is_due_again(void **state)
{
	static const int reuse[] = { 1, 0, 1, 0, 0 };
	struct stage stage;
	struct job *job;
	size_t i;

	(void)state;
	stage_init(&stage);
	stage_open(&stage, "http://a/1\nhttp://b/1\nhttp://a/2\nhttp://a/3\n"
		"https://a:80/1\n");
	wait_until_read(&stage, "https://a:80");
	for (i = 0; i < sizeof reuse / sizeof *reuse; i++) {
		job = next(&stage);
		assert_int_equal((job->fetch.request.flags & FETCH_REUSE) != 0,
			reuse[i]);
		reply(&stage, job, 200, NULL);
	}
	assert_null(next(&stage));
	stage_settle(&stage, 5);
	stage_close(&stage);
}

static void
a_bad_line_is_a_row_and_no_fetch(void **state)
{
	struct stage stage;
	struct job *job;

	(void)state;
	log_set_level(LOG_LEVEL_ERROR);
	stage_init(&stage);
	stage_open(&stage, "ftp://a/\nhttp://a/\nhttp://\n");
	job = next(&stage);
	assert_int_equal(job->seq, 2);
	reply(&stage, job, 200, NULL);
	assert_null(next(&stage));
	stage_settle(&stage, 3);
	assert_int_equal(stage.recorder.rows[0].error_class, ERROR_INPUT);
	assert_int_equal(stage.recorder.rows[0].time_total, 0);
	assert_true(stage.recorder.rows[0].final);
	assert_non_null(strstr(stage.recorder.rows[0].errormsg, "line 1"));
	stage_close(&stage);
	log_set_level(LOG_LEVEL_WARNING);
}

static void
an_empty_list_is_no_error(void **state)
{
	struct stage stage;

	(void)state;
	stage_init(&stage);
	stage_open(&stage, "\n# nothing\n");
	assert_null(next(&stage));
	stage_settle(&stage, 0);
	stage_close(&stage);
}

/* --- redirects --- */

static void
a_redirect_is_another_hop_of_the_same_job(void **state)
{
	struct stage stage;
	struct job *job, *same;
	const struct result *row;

	(void)state;
	stage_init(&stage);
	stage_open(&stage, "http://u:p@a/1?q\n");
	job = next(&stage);
	assert_string_equal(job->fetch.request.url.userpwd, "u:p");
	reply(&stage, job, 301, "/2");
	same = next(&stage);
	assert_ptr_equal(same, job);
	assert_string_equal(job->fetch.request.url.text, "http://a/2");
	assert_true(job->fetch.request.flags & FETCH_TRUSTED);
	assert_non_null(job->fetch.request.addrs);
	/* What the last hop said is forgotten. */
	assert_int_equal(job->fetch.reply.response_code, 0);
	assert_null(job->fetch.reply.location);
	reply(&stage, job, 302, "http://b/3");
	assert_ptr_equal(next(&stage), job);
	assert_false(job->fetch.request.flags & FETCH_TRUSTED);
	assert_null(job->fetch.request.url.userpwd);
	reply(&stage, job, 307, "http://a/4");
	assert_ptr_equal(next(&stage), job);
	assert_true(job->fetch.request.flags & FETCH_TRUSTED);
	assert_string_equal(job->fetch.request.url.userpwd, "u:p");
	reply(&stage, job, 200, NULL);
	assert_null(next(&stage));
	stage_settle(&stage, 1);
	row = &stage.recorder.rows[0];
	assert_int_equal(row->num_redirects, 3);
	assert_string_equal(row->url, "http://a/1?q");
	assert_string_equal(row->url_effective, "http://a/4");
	assert_true(row->time_redirect > 0);
	assert_true(row->time_total >= row->time_redirect + 1000);
	stage_close(&stage);
}

/* Status and Location of each hop; then what the row says. */
static const struct {
	const char *note, *list;
	struct {
		long status;
		const char *location;
	} hops[6];
	size_t n;
	int ok;
	const char *detail;
	uint64_t num_redirects;
} chains[] = {
	{ "to itself", "http://a/", { { 302, "" } , { 302, "" } }, 2, 0,
		"loop", 1 },
	{ "in a circle", "http://a/", { { 302, "/b" }, { 302, "/" },
		{ 302, "/b" } }, 3, 0, "loop", 2 },
	{ "fragments make no difference", "http://a/", { { 302, "#x" },
		{ 302, "#y" } }, 2, 0, "loop", 1 },
	{ "another query does", "http://a/", { { 302, "?1" }, { 302, "?2" },
		{ 200, NULL } }, 3, 1, NULL, 2 },
	{ "POST, then GET of the same", "{\"url\":\"http://a/\","
		"\"body\":\"x\"}", { { 303, "/" }, { 302, "/b" },
		{ 200, NULL } }, 3, 1, NULL, 2 },
	{ "the same without a body", "{\"url\":\"http://a/\","
		"\"method\":\"POST\"}", { { 303, "/" }, { 302, "/b" },
		{ 200, NULL } }, 3, 1, NULL, 2 },
	{ "another scheme", "http://a/", { { 302, "ftp://a/" } }, 1, 0,
		"blocked", 0 },
	{ "no URL", "http://a/", { { 302, "/b" }, { 302, "http://" } }, 2, 0,
		"bad_location", 1 },
	{ "too many", "http://a/", { { 302, "1" }, { 302, "2" },
		{ 302, "3" }, { 302, "4" } }, 4, 0, "too_many", 3 },
	{ "just enough", "http://a/", { { 302, "1" }, { 302, "2" },
		{ 302, "3" }, { 200, NULL } }, 4, 1, NULL, 3 },
};

static void
chains_end_where_they_must(void **state)
{
	const struct result *row;
	struct stage stage;
	struct job *job;
	size_t i, k;

	(void)state;
	for (i = 0; i < sizeof chains / sizeof *chains; i++) {
		if (chains[i].list[0] == '{' && !ndjson_built())
			continue;
		stage_init(&stage);
		stage.settings.verdict.max_redirs = 3;
		stage_open(&stage, chains[i].list);
		for (k = 0; k < chains[i].n; k++) {
			job = next(&stage);
			if (job == NULL)
				fail_msg("%s: over at %zu", chains[i].note, k);
			reply(&stage, job, chains[i].hops[k].status,
				chains[i].hops[k].location);
		}
		if (next(&stage) != NULL)
			fail_msg("%s: goes on", chains[i].note);
		stage_settle(&stage, 1);
		row = &stage.recorder.rows[0];
		if (row->ok != chains[i].ok ||
		    row->num_redirects != chains[i].num_redirects)
			fail_msg("%s: ok %d, %d redirects", chains[i].note,
				row->ok, (int)row->num_redirects);
		if (chains[i].detail != NULL) {
			assert_int_equal(row->error_class, ERROR_REDIRECT);
			assert_string_equal(row->error_detail,
				chains[i].detail);
			assert_non_null(row->errormsg);
		}
		stage_close(&stage);
	}
}

/* --- retries --- */

static void
a_retry_starts_at_the_lists_url_again(void **state)
{
	struct stage stage;
	struct job *job;
	const struct result *rows = stage.recorder.rows;
	int i;

	(void)state;
	stage_init(&stage);
	stage.settings.verdict.retries = 2;
	stage.settings.body = "a=b";
	stage.settings.body_len = 3;
	stage_open(&stage, "http://u:p@a/\n");
	/* Even a short delay may have to be waited for. */
	assert_int_equal(service_start(stage.service, NULL), 0);
	/* Attempts end at their second hop, a GET elsewhere. */
	for (i = 1; i <= 3; i++) {
		job = next(&stage);
		assert_int_equal(job->attempt, i);
		assert_string_equal(job->fetch.request.url.text, "http://a/");
		assert_string_equal(job->fetch.request.url.userpwd, "u:p");
		assert_non_null(job->fetch.request.body);
		assert_int_equal(job->fetch.request.flags &
			(FETCH_TRUSTED | FETCH_BODY_DROPPED), FETCH_TRUSTED);
		assert_int_equal(job->n_hops, 0);
		reply(&stage, job, 303, "http://b/");
		job = next(&stage);
		assert_null(job->fetch.request.body);
		reply(&stage, job, 503, NULL);
	}
	assert_null(next(&stage));
	stage_settle(&stage, 3);
	for (i = 0; i < 3; i++) {
		assert_int_equal(rows[i].attempt, i + 1);
		assert_int_equal(rows[i].final, i == 2);
		assert_int_equal(rows[i].response_code, 503);
		assert_int_equal(rows[i].num_redirects, 1);
		assert_true(rows[i].time_queue >= 0);
	}
	stage_close(&stage);
}

static void
what_waits_for_its_time_wakes_the_run(void **state)
{
	struct stage stage;
	struct job *job;
	int64_t before;

	(void)state;
	stage_init(&stage);
	stage.settings.verdict.retries = 1;
	stage.settings.verdict.retry_delay_us = 30 * CLOCK_MS;
	stage_open(&stage, "http://a/\n");
	assert_int_equal(service_start(stage.service, NULL), 0);
	job = next(&stage);
	before = clock_us();
	reply(&stage, job, 503, NULL);
	job = next(&stage);
	assert_true(clock_us() - before >= 30 * CLOCK_MS);
	reply(&stage, job, 200, NULL);
	assert_null(next(&stage));
	stage_settle(&stage, 2);
	stage_close(&stage);
}

/* --- names --- */

static void
a_name_that_nobody_knows_is_a_row(void **state)
{
	struct stage stage;
	const struct result *rows = stage.recorder.rows;
	int i;

	(void)state;
	stage_init(&stage);
	stage.settings.names.n_resolve = 0;
	stage.settings.verdict.retries = 1;
	stage_open(&stage, "http://a.test/\n");
	assert_int_equal(service_start(stage.service, NULL), 0);
	assert_null(next(&stage));
	/* The second attempt finds it in the cache. */
	stage_settle(&stage, 2);
	for (i = 0; i < 2; i++) {
		assert_int_equal(rows[i].final, i);
		assert_int_equal(rows[i].response_code, 0);
		/* Nobody listens there; c-ares may not be told. */
		assert_true(rows[i].error_class == ERROR_DNS ||
			rows[i].error_class == ERROR_TIMEOUT);
		assert_non_null(rows[i].errormsg);
	}
	stage_close(&stage);
}

static void
takers_are_woken_by_names(void **state)
{
	struct stage stage;
	struct job *job = NULL;

	(void)state;
	stage_init(&stage);
	stage.settings.names.n_resolve = 0;
	stage_open(&stage, "http://a.test/\nhttp://b.test/\n");
	assert_int_equal(service_start(stage.service, NULL), 0);
	assert_int_equal(dispatch_take(stage.dispatch, &job), RUN_END);
	stage_settle(&stage, 2);
	stage_close(&stage);
}

static void
with_a_proxy_its_name_is_looked_up(void **state)
{
	struct stage stage;
	struct job *job;

	(void)state;
	stage_init(&stage);
	assert_int_equal(url_parse("http://proxy:80", NULL, &stage.proxy,
		NULL), 0);
	/* Port 81 is not pinned: only the proxy's is. */
	stage_open(&stage, "http://a:81/\n");
	job = next(&stage);
	assert_string_equal(job->fetch.request.addrs->text,
		"127.0.0.1,127.0.0.2");
	reply(&stage, job, 200, NULL);
	assert_null(next(&stage));
	stage_settle(&stage, 1);
	stage_close(&stage);
}

static void
with_a_unix_socket_nothing_is_looked_up(void **state)
{
	struct stage stage;
	struct job *job;

	(void)state;
	stage_init(&stage);
	stage.settings.easy.unix_socket = "/tmp/socket";
	stage_open(&stage, "http://a:81/\n");
	job = next(&stage);
	assert_null(job->fetch.request.addrs);
	reply(&stage, job, 200, NULL);
	assert_null(next(&stage));
	stage_settle(&stage, 1);
	stage_close(&stage);
}

/* --- limits --- */

/* The job's clock is set back instead of waiting. */
static void
max_time_is_for_all_hops_of_an_attempt(void **state)
{
	struct stage stage;
	struct job *job;

	(void)state;
	stage_init(&stage);
	stage.settings.max_time_us = 10 * CLOCK_SECOND;
	stage.settings.verdict.retries = 1;
	stage_open(&stage, "http://a/\n");
	job = next(&stage);
	assert_in_range(job->fetch.request.time_left_us, 6 * CLOCK_SECOND,
		10 * CLOCK_SECOND);
	job->started_us -= 6 * CLOCK_SECOND;
	reply(&stage, job, 302, "/2");
	job = next(&stage);
	assert_in_range(job->fetch.request.time_left_us, CLOCK_MS + 1,
		4 * CLOCK_SECOND);
	job->started_us -= 6 * CLOCK_SECOND;
	reply(&stage, job, 302, "/3");
	/* It is over: libcurl gets what is next to nothing, not 0. */
	job = next(&stage);
	assert_in_range(job->fetch.request.time_left_us, 1, CLOCK_MS);
	reply(&stage, job, 503, NULL);
	job = next(&stage);
	assert_int_equal(job->attempt, 2);
	assert_in_range(job->fetch.request.time_left_us, 6 * CLOCK_SECOND,
		10 * CLOCK_SECOND);
	reply(&stage, job, 200, NULL);
	assert_null(next(&stage));
	stage_settle(&stage, 2);
	stage_close(&stage);
}

static void
a_full_ledger_holds_the_list_back(void **state)
{
	char *list = mem_alloc(3000 * 16);
	struct stage stage;
	struct job *job;
	size_t at = 0, n = 0, i;
	sem_t gate;

	(void)state;
	for (i = 0; i < 3000; i++)
		at += (size_t)snprintf(list + at, 16, "http://a/%zu\n", i);
	stage_init(&stage);
	sem_init(&gate, 0, 0);
	stage.recorder.gate = &gate;
	stage_open(&stage, list);
	while (n < 2048) {
		job = next(&stage);
		reply(&stage, job, 200, NULL);
		n++;
	}
	/* What was read ahead of it may still be granted. */
	while (dispatch_next(stage.dispatch, &job) == RUN_JOB) {
		reply(&stage, job, 200, NULL);
		n++;
	}
	assert_in_range(n, 2048, 2048 + stage.settings.concurrency);
	for (i = 0; i < 3000; i++)
		sem_post(&gate);
	while ((job = next(&stage)) != NULL) {
		reply(&stage, job, 200, NULL);
		n++;
	}
	assert_int_equal(n, 3000);
	stage_settle(&stage, 3000);
	stage_close(&stage);
	free(list);
	sem_destroy(&gate);
}

/* --- ending early --- */

static void
after_a_stop_only_what_is_out_comes_back(void **state)
{
	struct stage stage;
	struct job *first, *second, *job;
	const struct result *rows = stage.recorder.rows;

	(void)state;
	stage_init(&stage);
	stage.settings.verdict.retries = 5;
	stage_open(&stage, "http://a/1\nhttp://a/2\nhttp://a/3\n");
	first = next(&stage);
	second = next(&stage);
	dispatch_stop(stage.dispatch);
	assert_int_equal(dispatch_next(stage.dispatch, &job), RUN_WAIT);
	reply(&stage, first, 503, NULL);
	assert_int_equal(dispatch_next(stage.dispatch, &job), RUN_WAIT);
	second->fetch.reply.code = CURLE_ABORTED_BY_CALLBACK;
	second->fetch.reply.refusal = FETCH_CANCELLED;
	reply(&stage, second, 0, NULL);
	assert_int_equal(dispatch_next(stage.dispatch, &job), RUN_END);
	assert_int_equal(dispatch_take(stage.dispatch, &job), RUN_END);
	stage_settle(&stage, 2);
	/* Neither is done: both stay to be. */
	assert_false(rows[0].final);
	assert_int_equal(rows[0].error_class, ERROR_HTTP);
	assert_false(rows[1].final);
	assert_int_equal(rows[1].error_class, ERROR_STOPPED);
	stage_close(&stage);
}

/* Jobs in every state there is; the sanitizer sees what is not freed. */
static void
what_was_not_done_is_dropped(void **state)
{
	struct stage stage;
	struct job *job;

	(void)state;
	stage_init(&stage);
	stage.settings.verdict.retries = 1;
	stage.settings.verdict.retry_delay_us = 3600 * CLOCK_SECOND;
	stage.settings.concurrency = 3;
	stage_open(&stage, "http://a/1\nhttp://a/2\nhttp://a:81/3\nhttp://a/4\n"
		"http://a/5\nhttp://a/6\nhttp://a/7\n");
	reply(&stage, next(&stage), 503, NULL);
	job = next(&stage);
	dispatch_stop(stage.dispatch);
	reply(&stage, job, 302, "/again");
	assert_null(next(&stage));
	stage_settle(&stage, 1);
	stage_close(&stage);
}

/* --- bodies in files --- */

static void
a_body_gets_its_name_once_it_is_good(void **state)
{
	static const char list[] =
		"{\"url\":\"http://a/1\",\"output\":\"one\"}\n"
		"{\"url\":\"http://a/2\",\"output\":\"two\"}\n"
		"{\"url\":\"http://a/3\",\"output\":\"taken\"}\n"
		"{\"url\":\"http://a/4\",\"output\":\"/tmp/outside\"}\n";
	char folder[] = "/tmp/bodies-XXXXXX";
	int here = open(".", O_DIRECTORY | O_RDONLY | O_CLOEXEC), fd, i;
	const struct result *row;
	struct stage stage;
	struct job *job;

	(void)state;
	if (!ndjson_built()) {
		close(here);
		return;
	}
	assert_non_null(mkdtemp(folder));
	assert_int_equal(chdir(folder), 0);
	fd = open("taken", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	close(fd);
	stage_init(&stage);
	stage.settings.verdict.retries = 1;
	stage_open(&stage, list);
	/* A redirect's body and a failed attempt's are not kept. */
	job = next(&stage);
	assert_int_equal(job->fetch.request.write_body(
		job->fetch.request.write_arg, "moved", 5), 0);
	reply(&stage, job, 302, "/1b");
	assert_int_not_equal(access("one", F_OK), 0);
	for (i = 0; i < 3 && (job = next(&stage)) != NULL; i++) {
		assert_int_equal(job->fetch.request.write_body(
			job->fetch.request.write_arg, "body", 4), 0);
		reply(&stage, job, job->seq == 2 ? job->attempt == 1 ? 503 :
			404 : 200, NULL);
	}
	assert_null(next(&stage));
	stage_settle(&stage, 5);
	for (i = 0; i < 5; i++) {
		row = &stage.recorder.rows[i];
		if (row->seq == 1)
			assert_string_equal(row->filename_effective, "one");
		else
			assert_null(row->filename_effective);
		if (row->seq > 2)
			assert_string_equal(row->error_detail,
				"write_refused");
	}
	assert_int_not_equal(access("two", F_OK), 0);
	fd = open("one", O_RDONLY | O_CLOEXEC);
	{
		char text[16];

		assert_int_equal(read(fd, text, sizeof text), 4);
		assert_memory_equal(text, "body", 4);
	}
	close(fd);
	stage_close(&stage);
	unlink("one");
	unlink("taken");
	assert_int_equal(fchdir(here), 0);
	close(here);
	assert_int_equal(rmdir(folder), 0);
}

/* --- threads --- */

#define THREADS 4
#define URLS 3000

struct taker {
	struct stage *stage;
	pthread_t thread;
	int n;
};

/* Every third is redirected, every seventh tried again. */
static void *
take_all(void *arg)
{
	struct taker *taker = arg;
	struct stage *stage = taker->stage;
	struct job *job;

	while (dispatch_take(stage->dispatch, &job) == RUN_JOB) {
		if (job->seq % 3 == 0 && job->n_hops == 0)
			reply(stage, job, 302, "/other");
		else if (job->seq % 7 == 0 && job->attempt == 1)
			reply(stage, job, 503, NULL);
		else
			reply(stage, job, 200, NULL);
		taker->n++;
	}
	return NULL;
}

static void
threads_share_the_work_and_all_end(void **state)
{
	char *list = mem_alloc(URLS * 20);
	struct taker takers[THREADS];
	struct stage stage;
	size_t at = 0;
	int i;

	(void)state;
	for (i = 0; i < URLS; i++)
		at += (size_t)snprintf(list + at, 20, "http://a%d/%d\n",
			i % 5, i);
	stage_init(&stage);
	stage.settings.verdict.retries = 1;
	stage_open(&stage, list);
	assert_int_equal(service_start(stage.service, NULL), 0);
	for (i = 0; i < THREADS; i++) {
		takers[i] = (struct taker){ .stage = &stage };
		assert_int_equal(pthread_create(&takers[i].thread, NULL,
			take_all, &takers[i]), 0);
	}
	for (i = 0; i < THREADS; i++)
		pthread_join(takers[i].thread, NULL);
	stage_settle(&stage, URLS + URLS / 7);
	stage_close(&stage);
	free(list);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(each_url_is_granted_once_in_order),
	cmocka_unit_test(a_connection_is_kept_for_an_origin_that_is_due_again),
	cmocka_unit_test(a_bad_line_is_a_row_and_no_fetch),
	cmocka_unit_test(an_empty_list_is_no_error),
	cmocka_unit_test(a_redirect_is_another_hop_of_the_same_job),
	cmocka_unit_test(chains_end_where_they_must),
	cmocka_unit_test(a_retry_starts_at_the_lists_url_again),
	cmocka_unit_test(what_waits_for_its_time_wakes_the_run),
	cmocka_unit_test(a_name_that_nobody_knows_is_a_row),
	cmocka_unit_test(takers_are_woken_by_names),
	cmocka_unit_test(with_a_proxy_its_name_is_looked_up),
	cmocka_unit_test(with_a_unix_socket_nothing_is_looked_up),
	cmocka_unit_test(max_time_is_for_all_hops_of_an_attempt),
	cmocka_unit_test(a_full_ledger_holds_the_list_back),
	cmocka_unit_test(after_a_stop_only_what_is_out_comes_back),
	cmocka_unit_test(what_was_not_done_is_dropped),
	cmocka_unit_test(a_body_gets_its_name_once_it_is_good),
	cmocka_unit_test(threads_share_the_work_and_all_end),
};

UNIT_MAIN("core/dispatch", tests)
