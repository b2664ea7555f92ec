/* SPDX-License-Identifier: MIT */
/*
 * trip -- drives the core as the command line does, with a sink that keeps
 * copies of all records.
 */
#include "config.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/list.h"
#include "base/mem.h"
#include "conform/trip.h"
#include "conform/world.h"
#include "core/content.h"
#include "core/result.h"
#include "core/sink.h"
#include "core/strategy.h"
#include "core/value.h"
#include "net/exchange.h"
#include "opt/opt.h"
#include "sink/family.h"
#include "unit.h"

#define LIST "list"

/* --- the sink --- */

static char *
trip_copy_text(const char *text)
{
	return text != NULL ? mem_strdup(text) : NULL;
}

/* The columns are the chain's, which outlives the trip. */
static void
trip_copy_values(struct result *copy, const struct result *record)
{
	struct value *values = NULL;
	size_t n = record->n_values, i;

	copy->values = NULL;
	copy->n_values = 0;
	if (record->values != NULL)
		values = mem_dup(record->values, n * sizeof *values);
	for (i = 0; values != NULL && i < n; i++)
		if (values[i].set &&
		    (record->value_columns[i].type == COLUMN_TEXT ||
		    record->value_columns[i].type == COLUMN_JSON))
			values[i].text = mem_strdup(values[i].text);
	if (values != NULL)
		result_take_values(copy, values, record->value_columns, n);
}

static struct result *
trip_copy(const struct result *record)
{
	struct result *copy = result_new();

	*copy = *record;
	list_init(&copy->node);
	copy->url = trip_copy_text(record->url);
	copy->url_effective = trip_copy_text(record->url_effective);
	copy->method = trip_copy_text(record->method);
	copy->errormsg = trip_copy_text(record->errormsg);
	copy->content_type = trip_copy_text(record->content_type);
	copy->filename_effective = trip_copy_text(record->filename_effective);
	/* Those of bodies had these. */
	copy->name = copy->asked = copy->disposition = NULL;
	trip_copy_values(copy, record);
	return copy;
}

static int
trip_write(void *self, const struct result *record, struct err *err)
{
	struct trip *trip = self;

	if (trip->on_record != NULL && trip->on_record(trip, record, err) != 0)
		return -1;
	trip->records = mem_grow(trip->records, trip->n + 1,
		sizeof *trip->records);
	trip->records[trip->n++] = trip_copy(record);
	return 0;
}

static int
trip_tell(void *self, struct result *result, struct err *err)
{
	struct trip *trip = self;

	return trip->on_body(trip, result, err);
}

static const struct sink trip_sink = { .name = "trip", .write = trip_write };

static const struct sink trip_archive = {
	.name = "archive", .caps = SINK_BODIES | SINK_ALL, .take = trip_tell,
};

/* --- the sink of bodies --- */

static int
trip_gather(void *arg, const void *p, size_t n, struct err *err)
{
	struct trip_body *body = arg;

	(void)err;
	body->p = mem_grow(body->p, body->n + n, 1);
	memcpy(body->p + body->n, p, n);
	body->n += n;
	return 0;
}

static int
trip_take(void *self, struct result *result, struct err *err)
{
	const struct exchange *exchange = result->exchange;
	struct trip *trip = self;
	struct trip_body *body;

	trip->bodies = mem_grow(trip->bodies, trip->n_bodies + 1,
		sizeof *trip->bodies);
	body = &trip->bodies[trip->n_bodies++];
	*body = (struct trip_body){
		.seq = result->seq, .response_code = result->response_code,
		.hop = result->hop, .ok = result->ok,
		.whole = result->body != NULL,
	};
	if (exchange != NULL) {
		body->request = mem_strndup(exchange->request,
			exchange->request_len);
		body->response = mem_strndup(exchange->response,
			exchange->response_len);
	}
	return content_read(result->body, result->chunked, trip_gather, body,
		err);
}

static const struct sink trip_good = {
	.name = "trip-good", .caps = SINK_BODIES, .take = trip_take,
};
static const struct sink trip_all = {
	.name = "trip-all", .caps = SINK_BODIES | SINK_ALL, .take = trip_take,
};

/* --- a run --- */

void
trip_init(struct trip *trip, const struct strategy *strategy)
{
	struct err err = { 0 };

	*trip = (struct trip){
		.settings = {
			.strategy = strategy,
			.concurrency = 8,
			.easy = {
				.user_agent = "conform",
				.connect_timeout_us = 5 * CLOCK_SECOND,
				.max_header = 65536,
			},
			.names = {
				.servers = world.dns,
				.hosts_path = "/nonexistent/hosts",
				.concurrency = 64,
				.timeout_us = 5 * CLOCK_SECOND,
				.cache_max = 1000,
			},
			.verdict = { .follow = 1, .max_redirs = 10 },
			.max_time_us = 20 * CLOCK_SECOND,
		},
	};
	buf_init(&trip->list, 16 << 20);
	if (strategy->opts == NULL)
		return;
	trip->opts = opts_new();
	trip->settings.strategy_settings = opts_add(trip->opts,
		strategy->opts);
	if (access(TRIP_CONFIG, F_OK) == 0 &&
	    opts_read_config(trip->opts, TRIP_CONFIG, &err) != 0)
		fail_msg("%s", err.text);
}

void
trip_save(struct trip *trip)
{
	trip->naming = (struct naming){
		.folder = ".", .existing = NAMING_REFUSE,
		.since_us = INT64_MAX,
	};
	trip->settings.naming = &trip->naming;
	trip->settings.keep |= RUN_KEEP_FILES;
	if (trip->settings.buffer == 0)
		trip->settings.buffer = 1 << 20;
}

void
trip_keep(struct trip *trip, unsigned keep)
{
	trip->settings.keep |= keep;
	trip->settings.easy.capture = (keep & RUN_KEEP_ALL) != 0;
	if (trip->settings.buffer == 0)
		trip->settings.buffer = 1 << 20;
}

void
trip_add(struct trip *trip, const char *fmt, ...)
{
	char line[4096];
	va_list args;

	va_start(args, fmt);
	vsnprintf(line, sizeof line, fmt, args);
	va_end(args);
	buf_add_text(&trip->list, line);
	buf_add_char(&trip->list, '\n');
}

static struct source *
trip_source(struct trip *trip, struct err *err)
{
	struct source_settings settings = {
		.proto_default = "http",
		.format = trip->format,
		.max_line = 65536,
	};
	char name[] = LIST;
	char *operands[] = { name, NULL };

	world_write(LIST, buf_text(&trip->list), trip->list.len);
	return source_new(&settings, operands, 1, STDIN_FILENO, err);
}

/* Those of bodies come first; how many there are. */
static size_t
trip_open_targets(struct trip *trip, struct ledger_target targets[3])
{
	unsigned keep = trip->settings.keep;
	const struct sink_args args = { .naming = trip->settings.naming };
	size_t n = 0;

	if (args.naming != NULL) {
		targets[n] = (struct ledger_target){ .sink = &sink_files };
		targets[n].self = sink_files.open(&args, &trip->err);
		if (targets[n++].self == NULL)
			fail_msg("%s", trip->err.text);
	}
	if (trip->on_body != NULL)
		targets[n++] = (struct ledger_target){ &trip_archive, trip,
			NULL };
	else if (keep & (RUN_KEEP_GOOD | RUN_KEEP_ALL))
		targets[n++] = (struct ledger_target){ keep & RUN_KEEP_ALL ?
			&trip_all : &trip_good, trip, NULL };
	targets[n++] = (struct ledger_target){ &trip_sink, trip, NULL };
	return n;
}

void
trip_run(struct trip *trip)
{
	struct source *source = trip_source(trip, &trip->err);
	struct ledger_target targets[3];
	struct run *run;
	size_t n;
	uint64_t cached;

	assert_non_null(source);
	n = trip_open_targets(trip, targets);
	run = run_new(&trip->settings, source, targets, n, &trip->err);
	if (run == NULL)
		fail_msg("%s", trip->err.text);
	trip->rc = run_execute(run, &trip->stuck, &trip->err);
	trip->ended_us = clock_us();
	/* A thread is still at work in it all: no test can go on. */
	if (trip->stuck) {
		printf("Bail out! the sink is stuck: %s\n", trip->err.text);
		/* A leak found at exit would be all that is ever said. */
		fflush(stdout);
		exit(99);
	}
	run_counters(run, &trip->counters);
	run_name_counts(run, &trip->names_asked, &cached);
	run_free(run);
	if (targets[0].sink == &sink_files)
		sink_files.close(targets[0].self);
	source_free(source);
}

void
trip_complete(struct trip *trip)
{
	trip_run(trip);
	if (trip->rc != 0)
		fail_msg("%s", trip->err.text);
}

/* --- what came of it --- */

const struct result *
trip_final(const struct trip *trip, uint64_t seq)
{
	const struct result *found = NULL;
	size_t i;

	for (i = 0; i < trip->n; i++)
		if (trip->records[i]->seq == seq && trip->records[i]->final) {
			assert_null(found);
			found = trip->records[i];
		}
	if (found == NULL)
		fail_msg("no final record of URL %" PRIu64, seq);
	return found;
}

void
trip_assert_all(const struct trip *trip, uint64_t n)
{
	unsigned char *seen = mem_array(n + 1, 1);
	uint64_t finals = 0, seq;
	size_t i;

	for (i = 0; i < trip->n; i++) {
		seq = trip->records[i]->seq;
		assert_in_range(seq, 1, n);
		if (!trip->records[i]->final)
			continue;
		assert_int_equal(seen[seq], 0);
		seen[seq] = 1;
		finals++;
	}
	free(seen);
	assert_int_equal(finals, n);
}

static void
trip_clear_bodies(struct trip *trip)
{
	struct trip_body *body;

	while (trip->n_bodies > 0) {
		body = &trip->bodies[--trip->n_bodies];
		free(body->p);
		free(body->request);
		free(body->response);
	}
	free(trip->bodies);
	trip->bodies = NULL;
}

void
trip_clear(struct trip *trip)
{
	while (trip->n > 0)
		result_free(trip->records[--trip->n]);
	free(trip->records);
	trip->records = NULL;
	trip_clear_bodies(trip);
	trip->err = (struct err){ 0 };
	buf_clear(&trip->list);
}

void
trip_release(struct trip *trip)
{
	trip_clear(trip);
	buf_release(&trip->list);
	opts_free(trip->opts);
}
