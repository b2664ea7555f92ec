/* SPDX-License-Identifier: MIT */
/*
 * A whole pass: it ends by itself, by a signal, or because of an output, and
 * what was fetched is written down in each case. Strategies are the test's
 * own where no packet is needed, else the real ones.
 */
#include "config.h"

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "core/job.h"
#include "core/result.h"
#include "core/run.h"
#include "core/sink.h"
#include "core/stats.h"
#include "core/strategy.h"
#include "opt/opt.h"
#include "server.h"
#include "unit.h"
#include "url/source.h"

static char agent[] = "agent/1";

/* Counts; fails at `fail_at`; waits for `gate`; takes its time. */
struct counter {
	size_t n, ok, finals, stopped, fail_at;
	long takes_us;
	sem_t *gate;
};

static int
counter_write(void *self, const struct result *result, struct err *err)
{
	struct counter *counter = self;
	struct timespec moment = { 0, counter->takes_us * 1000 };

	nanosleep(&moment, NULL);
	if (counter->gate != NULL)
		sem_wait(counter->gate);
	if (++counter->n == counter->fail_at)
		return err_set(err, ERR_IO, "no room");
	counter->ok += result->ok ? 1 : 0;
	counter->finals += result->final ? 1 : 0;
	counter->stopped += result->error_class == ERROR_STOPPED ? 1 : 0;
	return 0;
}

static const struct sink counting = { .name = "c", .write = counter_write };

struct stage {
	struct run_settings settings;
	struct counter counter;
	struct ledger_target target;
	struct source *source;
	struct run *run;
	struct opts *opts;	/* the strategy's own, as by default */
	char path[32];
};

/* n lines with the path; "%d" in it is the line. */
static void
write_list(struct stage *stage, size_t n, const char *path)
{
	int fd;
	FILE *list;
	size_t i;

	memcpy(stage->path, "/tmp/list-XXXXXX", 17);
	fd = mkstemp(stage->path);
	list = fdopen(fd, "w");
	for (i = 0; i < n; i++)
		fprintf(list, "http://h%d.test:%u%s\n", (int)(i % 3),
			server.port, path);
	fclose(list);
}

static void
stage_init(struct stage *stage, const struct strategy *strategy)
{
	static char pin[64];
	static char *pins[] = { pin };

	snprintf(pin, sizeof pin, "*:%u:127.0.0.1", server.port);
	*stage = (struct stage){ .settings = {
		.strategy = strategy, .concurrency = 8,
		.easy = { .user_agent = agent, .max_header = 65536,
			.connect_timeout_us = 5 * CLOCK_SECOND },
		.names = { .servers = "127.0.0.1:9", .hosts_path =
			"/nonexistent", .concurrency = 8, .timeout_us =
			CLOCK_SECOND, .cache_max = 8, .resolve = pins,
			.n_resolve = 1 },
		.verdict = { .follow = 1, .max_redirs = 10 },
	} };
	stage->opts = opts_new();
	if (strategy->opts != NULL)
		stage->settings.strategy_settings = opts_add(stage->opts,
			strategy->opts);
}

static void
stage_open(struct stage *stage, size_t n, const char *path)
{
	struct source_settings settings = { "http", SOURCE_LINES, 65536 };
	char *operands[] = { stage->path };
	struct err err = { 0 };

	write_list(stage, n, path);
	stage->source = source_new(&settings, operands, 1, -1, &err);
	stage->target = (struct ledger_target){ &counting, &stage->counter,
		NULL };
	stage->run = run_new(&stage->settings, stage->source, &stage->target,
		1, &err);
	if (stage->run == NULL)
		fail_msg("%s", err.text);
}

static void
stage_close(struct stage *stage)
{
	run_free(stage->run);
	source_free(stage->source);
	opts_free(stage->opts);
	unlink(stage->path);
}

static int
execute(struct stage *stage, struct err *err)
{
	int stuck, rc;

	*err = (struct err){ 0 };
	rc = run_execute(stage->run, &stuck, err);
	assert_false(stuck);
	return rc;
}

/* --- strategies --- */

static int
made_up_run(struct run *run, const void *settings, struct err *err)
{
	struct job *job;

	(void)settings;
	(void)err;
	while (run_take(run, &job) == RUN_JOB) {
		assert_int_equal(run_in_flight(run), 1);
		job->fetch.reply.response_code = 200;
		run_done(run, job);
	}
	return 0;
}

static const struct strategy made_up = {
	.name = "made-up", .caps = STRATEGY_ONE, .run = made_up_run,
};

static int
broken_run(struct run *run, const void *settings, struct err *err)
{
	(void)run;
	(void)settings;
	return err_set(err, ERR_SYSTEM, "no threads left");
}

static const struct strategy broken = { .name = "b", .run = broken_run };

/* One that is only ended by a cancel; posts `waiting` when it has a job. */
static sem_t waiting, cancelled;
static _Atomic int n_cancels;

static void
on_cancel(void *arg)
{
	(void)arg;
	n_cancels++;
	sem_post(&cancelled);
}

static int
endless_run(struct run *run, const void *settings, struct err *err)
{
	struct job *job;

	(void)settings;
	(void)err;
	run_on_cancel(run, on_cancel, NULL);
	while (run_take(run, &job) == RUN_JOB) {
		sem_post(&waiting);
		sem_wait(&cancelled);
		/* It comes again and again. */
		sem_wait(&cancelled);
		job->fetch.reply.refusal = FETCH_CANCELLED;
		job->fetch.reply.code = CURLE_ABORTED_BY_CALLBACK;
		run_done(run, job);
	}
	run_on_cancel(run, NULL, NULL);
	return 0;
}

static const struct strategy endless = {
	.name = "endless", .caps = STRATEGY_ONE, .run = endless_run,
};

/* --- ends --- */

static void
a_list_is_done_to_its_end(void **state)
{
	struct stats_counters counters;
	struct stage stage;
	struct err err;

	(void)state;
	stage_init(&stage, &made_up);
	stage_open(&stage, 5000, "/x");
	assert_int_equal(run_concurrency(stage.run), 1);
	assert_int_equal(execute(&stage, &err), 0);
	assert_int_equal(stage.counter.finals, 5000);
	run_counters(stage.run, &counters);
	assert_int_equal(counters.ok, 5000);
	assert_int_equal(run_stats(stage.run)->counters.ok, 5000);
	assert_true(run_wall_us(stage.run) > 0);
	assert_int_equal(run_in_flight(stage.run), 0);
	stage_close(&stage);
}

static void
a_run_need_not_be_executed(void **state)
{
	struct stage stage;

	(void)state;
	stage_init(&stage, &made_up);
	stage_open(&stage, 10, "/x");
	stage_close(&stage);
	run_free(NULL);
}

static void
bad_settings_make_no_run(void **state)
{
	static char bad_pin[] = "a.test";
	static char *bad_pins[] = { bad_pin };
	struct stage stage;
	struct err err = { 0 };

	(void)state;
	stage_init(&stage, &made_up);
	stage.settings.easy.proxy = "socks5://m:hunter2@h/";
	assert_null(run_new(&stage.settings, NULL, NULL, 0, &err));
	assert_int_equal(err.code, ERR_USAGE);
	assert_non_null(strstr(err.text, "--proxy"));
	assert_null(strstr(err.text, "hunter2"));
	opts_free(stage.opts);
	stage_init(&stage, &made_up);
	stage.settings.names.resolve = bad_pins;
	err = (struct err){ 0 };
	assert_null(run_new(&stage.settings, NULL, NULL, 0, &err));
	assert_int_equal(err.code, ERR_USAGE);
	assert_non_null(strstr(err.text, "--resolve"));
	opts_free(stage.opts);
}

static void
a_strategy_that_cannot_begin_is_an_error(void **state)
{
	struct stage stage;
	struct err err;

	(void)state;
	stage_init(&stage, &broken);
	stage_open(&stage, 10, "/x");
	assert_int_equal(execute(&stage, &err), -1);
	assert_int_equal(err.code, ERR_SYSTEM);
	assert_string_equal(err.text, "no threads left");
	assert_int_equal(stage.counter.n, 0);
	stage_close(&stage);
}

static void
a_list_that_breaks_off_is_said_at_the_end(void **state)
{
	static const char head[] = "\x1f\x8b\x08\0\0\0\0\0\0\x03" "damaged";
	struct source_settings settings = { "http", SOURCE_LINES, 65536 };
	struct stage stage;
	char broken_path[] = "/tmp/list-XXXXXX";
	char *operands[] = { stage.path, broken_path };
	struct err err = { 0 };
	int fd = mkstemp(broken_path);

	(void)state;
	assert_int_equal(write(fd, head, sizeof head - 1), sizeof head - 1);
	close(fd);
	stage_init(&stage, &made_up);
	write_list(&stage, 20, "/x");
	stage.source = source_new(&settings, operands, 2, -1, &err);
	stage.target = (struct ledger_target){ &counting, &stage.counter,
		NULL };
	stage.run = run_new(&stage.settings, stage.source, &stage.target, 1,
		&err);
	assert_int_equal(execute(&stage, &err), -1);
	assert_int_equal(err.code, ERR_IO);
	assert_non_null(strstr(err.text, broken_path));
	/* What came before it is done. */
	assert_int_equal(stage.counter.finals, 20);
	stage_close(&stage);
	unlink(broken_path);
}

static void *
interrupt(void *arg)
{
	int times = *(int *)arg;

	sem_wait(&waiting);
	kill(getpid(), SIGINT);
	while (--times > 0) {
		/* Two at once would be one. */
		struct timespec moment = { 0, 50000000 };

		nanosleep(&moment, NULL);
		kill(getpid(), SIGINT);
	}
	return NULL;
}

/* What is in flight has half a second; a second signal takes that away. */
static void
a_signal_ends_the_run_within_a_second(void **state)
{
	struct stage stage;
	pthread_t thread;
	int64_t before;
	struct err err;
	int times;

	(void)state;
	for (times = 1; times <= 2; times++) {
		sem_init(&waiting, 0, 0);
		sem_init(&cancelled, 0, 0);
		n_cancels = 0;
		stage_init(&stage, &endless);
		stage_open(&stage, 10, "/x");
		before = clock_us();
		assert_int_equal(pthread_create(&thread, NULL, interrupt,
			&times), 0);
		assert_int_equal(execute(&stage, &err), -1);
		pthread_join(thread, NULL);
		assert_int_equal(err.code, ERR_INTERRUPTED);
		if (times == 1)
			assert_true(clock_us() - before >= 450 * CLOCK_MS);
		assert_true(n_cancels >= 2);
		/* One was under way; the others stay to be done. */
		assert_int_equal(stage.counter.n, 1);
		assert_int_equal(stage.counter.stopped, 1);
		assert_int_equal(stage.counter.finals, 0);
		stage_close(&stage);
	}
}

/* Its one job is done when all patience is used up: a machine under load. */
static int
late_run(struct run *run, const void *settings, struct err *err)
{
	struct timespec long_time = { 1, 200000000 };
	struct job *job;

	(void)settings;
	(void)err;
	if (run_take(run, &job) != RUN_JOB)
		return 0;
	sem_post(&waiting);
	nanosleep(&long_time, NULL);
	job->fetch.reply.response_code = 200;
	run_done(run, job);
	while (run_take(run, &job) == RUN_JOB)
		run_done(run, job);
	return 0;
}

static const struct strategy late = {
	.name = "late", .caps = STRATEGY_ONE, .run = late_run,
};

static void
a_strategy_that_ends_late_loses_no_record(void **state)
{
	struct stage stage;
	pthread_t thread;
	struct err err;
	int times;

	(void)state;
	for (times = 1; times <= 2; times++) {
		sem_init(&waiting, 0, 0);
		stage_init(&stage, &late);
		stage.counter.takes_us = 20 * CLOCK_MS;
		stage_open(&stage, 10, "/x");
		assert_int_equal(pthread_create(&thread, NULL, interrupt,
			&times), 0);
		assert_int_equal(execute(&stage, &err), -1);
		pthread_join(thread, NULL);
		assert_int_equal(err.code, ERR_INTERRUPTED);
		assert_int_equal(stage.counter.n, 1);
		stage_close(&stage);
	}
}

static void
an_output_that_fails_ends_the_run(void **state)
{
	struct stage stage;
	struct err err;

	(void)state;
	stage_init(&stage, &made_up);
	stage.counter.fail_at = 100;
	stage_open(&stage, 200000, "/x");
	assert_int_equal(execute(&stage, &err), -1);
	assert_int_equal(err.code, ERR_IO);
	assert_string_equal(err.text, "no room");
	/* Long before the list's end: the queue bounds what still came. */
	assert_true(run_stats(stage.run)->counters.attempts < 100000);
	stage_close(&stage);
}

static void *
terminate(void *arg)
{
	struct timespec moment = { 0, 100000000 };

	(void)arg;
	nanosleep(&moment, NULL);
	kill(getpid(), SIGTERM);
	return NULL;
}

static void
an_output_that_takes_nothing_cannot_hold_a_signal_up(void **state)
{
	struct stage stage;
	pthread_t thread;
	struct err err = { 0 };
	sem_t gate;
	int stuck, i;

	(void)state;
	sem_init(&gate, 0, 0);
	stage_init(&stage, &made_up);
	stage.counter.gate = &gate;
	stage_open(&stage, 10, "/x");
	assert_int_equal(pthread_create(&thread, NULL, terminate, NULL), 0);
	assert_int_equal(run_execute(stage.run, &stuck, &err), -1);
	assert_true(stuck);
	assert_int_equal(err.code, ERR_TERMINATED);
	pthread_join(thread, NULL);
	/* The program would _exit(2) now. */
	for (i = 0; i < 10; i++)
		sem_post(&gate);
	stage_close(&stage);
}

/* --- the real ones --- */

static void
every_strategy_fetches_the_list(void **state)
{
	struct stage stage;
	struct err err;
	size_t i;

	(void)state;
	for (i = 0; strategies[i] != NULL; i++) {
		stage_init(&stage, strategies[i]);
		stage_open(&stage, 300, "/bytes/100");
		assert_int_equal(execute(&stage, &err), 0);
		assert_int_equal(stage.counter.ok, 300);
		assert_int_equal(stage.counter.finals, 300);
		assert_int_equal(run_stats(stage.run)->counters.bytes, 30000);
		stage_close(&stage);
	}
}

static void
every_strategy_follows_and_tries_again(void **state)
{
	static const struct {
		const char *path;
		uint64_t attempts, redirects;
		enum error_class class;
	} cases[] = {
		{ "/redirect/3", 6, 18, ERROR_NONE },
		{ "/redirect-loop", 6, 6, ERROR_REDIRECT },
		{ "/status/503", 18, 0, ERROR_HTTP },
		{ "/status/404", 6, 0, ERROR_HTTP },
		{ "/reset", 6, 0, ERROR_HTTP },
		{ "/cut", 6, 0, ERROR_BODY },
	};
	const struct stats_counters *counters;
	struct stage stage;
	struct err err;
	size_t i, k;

	(void)state;
	for (i = 0; strategies[i] != NULL; i++)
		for (k = 0; k < sizeof cases / sizeof *cases; k++) {
			stage_init(&stage, strategies[i]);
			stage.settings.verdict.retries = 2;
			stage.settings.verdict.retry_delay_us = 1000;
			verdict_retry_on_parse(
				&stage.settings.verdict.retry_on, "503",
				NULL);
			stage_open(&stage, 6, cases[k].path);
			assert_int_equal(execute(&stage, &err), 0);
			counters = &run_stats(stage.run)->counters;
			if (counters->attempts != cases[k].attempts ||
			    counters->redirects != cases[k].redirects ||
			    counters->finals != 6 ||
			    (cases[k].class != ERROR_NONE &&
			    counters->failed[cases[k].class] != 6))
				fail_msg("%s, %s: %d attempts, %d redirects",
					strategies[i]->name, cases[k].path,
					(int)counters->attempts,
					(int)counters->redirects);
			stage_close(&stage);
		}
}

static void *
interrupt_soon(void *arg)
{
	struct run *run = arg;
	struct timespec moment = { 0, 1000000 };

	while (run_in_flight(run) == 0)
		nanosleep(&moment, NULL);
	kill(getpid(), SIGINT);
	return NULL;
}

static void
every_strategy_is_woken_from_an_idle_wait(void **state)
{
	struct stage stage;
	pthread_t thread;
	int64_t before;
	struct err err;
	size_t i;

	(void)state;
	for (i = 0; strategies[i] != NULL; i++) {
		stage_init(&stage, strategies[i]);
		stage_open(&stage, 20, "/silent");
		before = clock_us();
		assert_int_equal(pthread_create(&thread, NULL,
			interrupt_soon, stage.run), 0);
		assert_int_equal(execute(&stage, &err), -1);
		pthread_join(thread, NULL);
		assert_int_equal(err.code, ERR_INTERRUPTED);
		/* Half a second of grace; much more under a sanitizer. */
		assert_in_range(clock_us() - before, 450 * CLOCK_MS,
			5 * CLOCK_SECOND);
		assert_true(stage.counter.stopped > 0);
		assert_int_equal(stage.counter.finals, 0);
		stage_close(&stage);
	}
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(a_list_is_done_to_its_end),
	cmocka_unit_test(a_run_need_not_be_executed),
	cmocka_unit_test(bad_settings_make_no_run),
	cmocka_unit_test(a_strategy_that_cannot_begin_is_an_error),
	cmocka_unit_test(a_list_that_breaks_off_is_said_at_the_end),
	cmocka_unit_test(a_signal_ends_the_run_within_a_second),
	cmocka_unit_test(a_strategy_that_ends_late_loses_no_record),
	cmocka_unit_test(an_output_that_fails_ends_the_run),
	cmocka_unit_test(an_output_that_takes_nothing_cannot_hold_a_signal_up),
	cmocka_unit_test(every_strategy_fetches_the_list),
	cmocka_unit_test(every_strategy_follows_and_tries_again),
	cmocka_unit_test(every_strategy_is_woken_from_an_idle_wait),
};

UNIT_MAIN_WITH_SERVER("core/run", tests)
