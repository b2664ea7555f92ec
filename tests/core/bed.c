/* SPDX-License-Identifier: MIT */
/*
 * bed -- what stands around a dispatch in a test: a list in a file, names
 * that are pinned, a ledger that keeps its rows.
 */
#include "config.h"

#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "core/bed.h"
#include "core/bodies.h"
#include "core/body.h"
#include "core/frontier.h"
#include "core/keeper.h"
#include "core/service.h"
#include "core/strategy.h"
#include "unit.h"
#include "url/source.h"

#define NOBODY "127.0.0.1:9"	/* a name server that is none */

static const struct strategy fake = { .name = "fake" };

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
taken_copy(char *to, size_t size, const char *text)
{
	snprintf(to, size, "%s", text != NULL ? text : "");
}

static int
recorder_take(void *self, struct result *result, struct err *err)
{
	struct recorder *recorder = self;
	struct taken *taken;
	const void *body;
	size_t n;

	if (recorder->n_taken == ROWS)
		return err_set(err, ERR_FAILED, "more bodies than rows");
	taken = &recorder->taken[recorder->n_taken++];
	*taken = (struct taken){
		.seq = result->seq, .hop = result->hop, .ok = result->ok,
		.keeps = result->keeps, .response_code = result->response_code,
		.has_body = result->body != NULL,
		.has_exchange = result->exchange != NULL,
	};
	taken_copy(taken->name, sizeof taken->name, result->name);
	taken_copy(taken->asked, sizeof taken->asked, result->asked);
	if (result->body == NULL)
		return 0;
	if (body_view(result->body, &body, &n, err) != 0)
		return -1;
	memcpy(taken->body, body, n < sizeof taken->body ? n :
		sizeof taken->body - 1);
	return 0;
}

static void
on_freed(void *arg)
{
	struct bed *bed = arg;

	if (bed->bodies != NULL && bodies_made_room(bed->bodies))
		dispatch_wake(bed->dispatch);
}

static void
on_room(void *arg)
{
	struct bed *bed = arg;

	dispatch_wake(bed->dispatch);
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
	struct bed *bed = arg;

	dispatch_wake(bed->dispatch);
}

static void
on_signal(void *arg, int number)
{
	(void)arg;
	(void)number;
}

void
bed_init(struct bed *bed)
{
	static char pin[] = "*:80:127.0.0.1,127.0.0.2";
	static char *pins[] = { pin };

	*bed = (struct bed){ .settings = {
		.strategy = &fake, .concurrency = 4,
		.names = { .servers = NOBODY, .hosts_path = "/nonexistent",
			.concurrency = 8, .timeout_us = 50 * CLOCK_MS,
			.cache_max = 8, .resolve = pins, .n_resolve = 1 },
		.verdict = { .follow = 1, .max_redirs = 10,
			.retry_delay_us = 1 },
		.jobs = 1, .buffer = 1 << 20,
	} };
	assert_int_equal(verdict_retry_on_parse(
		&bed->settings.verdict.retry_on, "dns,timeout,503", NULL), 0);
}

static void
bed_open_list(struct bed *bed, const char *list)
{
	struct source_settings settings = { "http",
		list[0] == '{' ? SOURCE_NDJSON : SOURCE_LINES, 1u << 20 };
	char *operands[] = { bed->path };
	struct err err = { 0 };
	int fd;

	memcpy(bed->path, "/tmp/list-XXXXXX", 17);
	fd = mkstemp(bed->path);
	assert_int_equal(write(fd, list, strlen(list)), strlen(list));
	close(fd);
	bed->source = source_new(&settings, operands, 1, -1, &err);
	if (bed->source == NULL)
		fail_msg("%s", err.text);
}

static size_t
bed_open_targets(struct bed *bed)
{
	size_t n = 0;

	bed->taking = (struct sink){
		.name = "t", .caps = bed->takes, .take = recorder_take,
	};
	if (bed->takes != 0)
		bed->targets[n++] = (struct ledger_target){
			&bed->taking, &bed->recorder, NULL };
	bed->targets[n++] = (struct ledger_target){
		&recording, &bed->recorder, NULL };
	return n;
}

static void
bed_open_bodies(struct bed *bed)
{
	const struct run_settings *settings = &bed->settings;

	if (settings->naming != NULL) {
		bed->keeper = keeper_new(settings->naming, NULL);
		assert_non_null(bed->keeper);
	}
	if (settings->keep == 0)
		return;
	bed->bodies = bodies_new(settings, settings->concurrency, NULL);
	assert_non_null(bed->bodies);
}

void
bed_open(struct bed *bed, const char *list)
{
	struct service_hooks hooks = { on_timer, on_signal, bed };
	struct err err = { 0 };

	bed_open_bodies(bed);
	bed->names = names_new(&bed->settings.names, &err);
	bed->service = service_new(bed->names, &hooks, &err);
	bed->ledger = ledger_new(&(struct ledger_args){
		.targets = bed->targets, .n_targets = bed_open_targets(bed),
		.on_room = on_room, .on_freed = on_freed, .on_fail = on_fail,
		.arg = bed,
	}, &err);
	origins_init(&bed->origins);
	bed->dispatch = dispatch_new(&(struct dispatch_args){
		.settings = &bed->settings,
		.concurrency = bed->settings.concurrency,
		.origins = &bed->origins, .names = bed->names,
		.ledger = bed->ledger, .bodies = bed->bodies,
		.service = bed->service, .proxy = &bed->proxy,
	}, &err);
	assert_non_null(bed->dispatch);
	bed_open_list(bed, list);
	bed->frontier = frontier_new(&(struct frontier_args){
		.source = bed->source, .origins = &bed->origins,
		.keeper = bed->keeper, .ahead = 4096,
		.wake = dispatch_wake, .arg = bed->dispatch,
	}, &err);
	assert_non_null(bed->frontier);
	dispatch_set_frontier(bed->dispatch, bed->frontier);
}

void
bed_settle(struct bed *bed, size_t expected)
{
	struct pollfd fd = { .fd = dispatch_wake_fd(bed->dispatch),
		.events = POLLIN };

	service_stop(bed->service);
	dispatch_cut_off(bed->dispatch);
	while (dispatch_leave_out(bed->dispatch))
		if (poll(&fd, 1, 60000) != 1)
			fail_msg("nobody wakes who leaves out");
	frontier_free(bed->frontier);
	ledger_close(bed->ledger);
	assert_int_equal(ledger_finish(bed->ledger, NULL), 0);
	if (bed->recorder.n != expected)
		fail_msg("%zu rows, not %zu", bed->recorder.n, expected);
}

void
bed_close(struct bed *bed)
{
	struct result *row;
	size_t i;

	dispatch_free(bed->dispatch);
	ledger_free(bed->ledger);
	service_free(bed->service);
	names_free(bed->names);
	bodies_free(bed->bodies);
	keeper_free(bed->keeper);
	source_free(bed->source);
	url_release(&bed->proxy);
	assert_int_equal(bed->origins.map.n, 0);
	origins_release(&bed->origins);
	unlink(bed->path);
	for (i = 0; i < bed->recorder.n && i < ROWS; i++) {
		row = &bed->recorder.rows[i];
		free(row->url);
		free(row->url_effective);
		free(row->method);
		free(row->errormsg);
		free(row->filename_effective);
	}
}

struct job *
bed_next(struct bed *bed)
{
	struct pollfd fd = { .fd = dispatch_wake_fd(bed->dispatch),
		.events = POLLIN };
	struct job *job = NULL;

	for (;;)
		switch (dispatch_next(bed->dispatch, &job)) {
		case RUN_JOB:
			assert_int_equal(job->state, JOB_GRANTED);
			return job;
		case RUN_END:
			return NULL;
		case RUN_WAIT:
			if (poll(&fd, 1, 60000) != 1)
				fail_msg("nobody wakes the run");
			dispatch_rest(bed->dispatch);
			break;
		}
}

void
bed_send(struct job *job, const char *body)
{
	const struct fetch_request *request = &job->fetch.request;

	assert_int_equal(request->write_body(request->write_arg, body,
		strlen(body)), 0);
}

void
bed_reply(struct bed *bed, struct job *job, long status, const char *location)
{
	job->fetch.reply.response_code = status;
	job->fetch.reply.location = copy(location);
	job->fetch.reply.total_us = 1000;
	dispatch_done(bed->dispatch, job);
}
