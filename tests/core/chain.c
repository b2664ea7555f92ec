/* SPDX-License-Identifier: MIT */
/*
 * Bytes go through stages in any pieces and come out right; what fails ends
 * the body and no more; what crosses processes arrives or is refused.
 */
#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "core/chain.h"
#include "core/chain_outcome.h"
#include "core/chain_worker.h"
#include "core/verdict.h"
#include "unit.h"

static const _Atomic int never;
static const struct stage_page page = { .seq = 1, .url = "http://h/" };

/* --- stages --- */

/* upper: passes letters on as capitals, one byte a piece. */
static int
upper_feed(void *self, struct stage_call *call, const void *p, size_t n,
	struct err *err)
{
	const char *at = p;
	char c;

	(void)self;
	for (; n > 0; n--) {
		c = (char)toupper(*at++);
		if (stage_pass(call, &c, 1, err) != 0)
			return -1;
	}
	return 0;
}

static const struct stage upper = {
	.name = "upper", .caps = STAGE_REPLACES, .feed = upper_feed,
};

/* quote: puts the body between < and >. */
static int
quote_begin(void *self, struct stage_call *call, struct err *err)
{
	(void)self;
	return stage_pass(call, "<", 1, err);
}

static int
quote_feed(void *self, struct stage_call *call, const void *p, size_t n,
	struct err *err)
{
	(void)self;
	return stage_pass(call, p, n, err);
}

static int
quote_end(void *self, struct stage_call *call, struct err *err)
{
	(void)self;
	return stage_pass(call, ">", 1, err);
}

static const struct stage quote = {
	.name = "quote", .caps = STAGE_REPLACES,
	.begin = quote_begin, .feed = quote_feed, .end = quote_end,
};

/* seen: what came, in how many pieces, and where the first one lay. */
struct seen {
	struct buf text;
	uint64_t feeds;
	const void *first;
};

static int
seen_start(const void *plan, void **ret_self, struct err *err)
{
	struct seen *seen = mem_array(1, sizeof *seen);

	(void)plan;
	(void)err;
	buf_init(&seen->text, 1 << 20);
	*ret_self = seen;
	return 0;
}

static void
seen_stop(void *self)
{
	struct seen *seen = self;

	buf_release(&seen->text);
	free(seen);
}

static int
seen_begin(void *self, struct stage_call *call, struct err *err)
{
	struct seen *seen = self;

	(void)call;
	(void)err;
	buf_clear(&seen->text);
	seen->feeds = 0;
	return 0;
}

static int
seen_feed(void *self, struct stage_call *call, const void *p, size_t n,
	struct err *err)
{
	struct seen *seen = self;

	(void)call;
	(void)err;
	if (seen->feeds++ == 0)
		seen->first = p;
	return buf_add(&seen->text, p, n);
}

static int
seen_end(void *self, struct stage_call *call, struct err *err)
{
	struct seen *seen = self;

	(void)err;
	value_set_text(&call->values[0], mem_strdup(buf_text(&seen->text)));
	value_set_u64(&call->values[1], seen->feeds);
	value_set_u64(&call->values[2], (uintptr_t)seen->first);
	return 0;
}

static const struct column seen_columns[] = {
	STAGE_COLUMN(TEXT, "seen", "what came"),
	STAGE_COLUMN(U64, "feeds", "in how many pieces"),
	STAGE_COLUMN(U64, "first", "where the first one lay"),
};

#define SEEN STAGE_COLUMNS(seen_columns), .start = seen_start, \
	.stop = seen_stop, .begin = seen_begin, .feed = seen_feed, \
	.end = seen_end

static const struct stage seen = { .name = "seen", SEEN };
static const struct stage whole = {
	.name = "whole", .caps = STAGE_WHOLE, SEEN,
};

/* fail: at the hook its argument names, while it is told to. */
struct fail {
	const char *where;
	const char *detail;
	int open, started, after;	/* hooks called after the failure */
	int failed;
	int off;
};

static struct fail fail_state;

static int
fail_at(const char *hook, struct stage_call *call, struct err *err)
{
	fail_state.after += fail_state.failed;
	if (fail_state.off || strcmp(fail_state.where, hook) != 0)
		return 0;
	fail_state.failed = 1;
	if (fail_state.detail != NULL) {
		call->error_class = ERROR_BODY;
		call->detail = fail_state.detail;
	}
	return err_set(err, ERR_FAILED, "failed in %s", hook);
}

static int
fail_open(const char *arg, const void *settings, void **ret_plan,
	struct err *err)
{
	(void)settings;
	if (arg == NULL)
		return err_set(err, ERR_USAGE, "fail:WHERE needs its WHERE");
	fail_state = (struct fail){ .where = arg, .open = 1 };
	*ret_plan = &fail_state;
	return 0;
}

static void
fail_close(void *plan)
{
	assert_ptr_equal(plan, &fail_state);
	fail_state.open = 0;
}

static int
fail_start(const void *plan, void **ret_self, struct err *err)
{
	(void)plan;
	if (strcmp(fail_state.where, "start") == 0)
		return err_set(err, ERR_SYSTEM, "cannot start");
	fail_state.started = 1;
	*ret_self = &fail_state;
	return 0;
}

static void
fail_stop(void *self)
{
	assert_ptr_equal(self, &fail_state);
	fail_state.started = 0;
}

static int
fail_begin(void *self, struct stage_call *call, struct err *err)
{
	(void)self;
	return fail_at("begin", call, err);
}

static int
fail_feed(void *self, struct stage_call *call, const void *p, size_t n,
	struct err *err)
{
	(void)self;
	(void)p;
	(void)n;
	return fail_at("feed", call, err);
}

static int
fail_end(void *self, struct stage_call *call, struct err *err)
{
	(void)self;
	return fail_at("end", call, err);
}

static const struct stage fail = {
	.name = "fail", .arg = "WHERE", .open = fail_open,
	.close = fail_close, .start = fail_start, .stop = fail_stop,
	.begin = fail_begin, .feed = fail_feed, .end = fail_end,
};

/* --- chains of them --- */

/* Up to four; what stands behind a colon is the argument. */
static struct chain *
chain_of(const char *names, uint64_t max_gather)
{
	static const struct stage *const all[] = {
		&upper, &quote, &seen, &whole, &fail,
	};
	static char args[4][16];
	struct chain *chain = chain_new(max_gather);
	char word[32];
	int used, n = 0;
	size_t i;

	for (; sscanf(names, "%31s%n", word, &used) == 1; names += used) {
		char *colon = strchr(word, ':');

		if (colon != NULL) {
			*colon = '\0';
			snprintf(args[n], sizeof args[n], "%s", colon + 1);
		}
		for (i = 0; strcmp(all[i]->name, word) != 0; i++)
			assert_true(i + 1 < sizeof all / sizeof *all);
		assert_int_equal(chain_add(chain, all[i],
			colon != NULL ? args[n++] : NULL, NULL, NULL), 0);
	}
	return chain;
}

struct trip {
	struct chain *chain;
	struct chain_worker *worker;
	struct chain_outcome outcome;
	struct buf out;
};

static void
trip_begin(struct trip *trip, const char *names, uint64_t max_gather)
{
	*trip = (struct trip){ .chain = chain_of(names, max_gather) };
	trip->worker = chain_worker_new(trip->chain, &never, NULL);
	assert_non_null(trip->worker);
	buf_init(&trip->out, 1 << 20);
}

static int
trip_out(void *arg, const void *p, size_t n)
{
	return buf_add(arg, p, n);
}

static void
trip_run(struct trip *trip, const char *body)
{
	chain_outcome_release(&trip->outcome, trip->chain);
	buf_clear(&trip->out);
	chain_worker_run(trip->worker, &page, &(struct chain_bytes){
		.p = body, .n = strlen(body), .out = trip_out,
		.out_arg = &trip->out }, &trip->outcome);
}

static void
trip_end(struct trip *trip)
{
	chain_outcome_release(&trip->outcome, trip->chain);
	chain_worker_free(trip->worker);
	chain_free(trip->chain);
	buf_release(&trip->out);
}

/* What a column of the outcome says. */
static const struct value *
trip_value(const struct trip *trip, const char *name)
{
	const struct column *columns;
	size_t i, n;

	columns = chain_columns(trip->chain, &n);
	for (i = 0; i < n; i++)
		if (strcmp(columns[i].name, name) == 0)
			return &trip->outcome.values[i];
	fail_msg("no column %s", name);
	return NULL;
}

/* --- what comes out --- */

static void
test_bytes_go_from_stage_to_stage(void **state)
{
	static const struct {
		const char *names, *body, *seen;
		uint64_t feeds;
		const char *out;
	} cases[] = {
		{ "seen", "abc", "abc", 1, "abc" },
		{ "seen", "", "", 0, "" },
		{ "whole", "", "", 1, "" },
		{ "upper seen", "abc", "ABC", 3, "ABC" },
		{ "seen upper", "abc", "abc", 1, "ABC" },
		{ "upper whole", "abc", "ABC", 1, "ABC" },
		{ "upper whole", "", "", 1, "" },
		{ "quote seen", "abc", "<abc>", 3, "<abc>" },
		{ "quote whole", "", "<>", 1, "<>" },
		{ "quote quote whole upper", "abc", "<<abc>>", 1, "<<ABC>>" },
		{ "upper whole quote", "abc", "ABC", 1, "<ABC>" },
	};
	struct trip trip;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		print_message("%s of '%s'\n", cases[i].names, cases[i].body);
		trip_begin(&trip, cases[i].names, 1 << 20);
		trip_run(&trip, "of another body");
		trip_run(&trip, cases[i].body);
		assert_false(trip.outcome.failed);
		assert_string_equal(trip_value(&trip, "seen")->text,
			cases[i].seen);
		assert_int_equal(trip_value(&trip, "feeds")->u64,
			cases[i].feeds);
		assert_string_equal(buf_text(&trip.out), cases[i].out);
		trip_end(&trip);
	}
}

static void
test_a_whole_body_is_not_copied(void **state)
{
	static const char body[] = "abc";
	struct trip trip;

	(void)state;
	trip_begin(&trip, "seen whole", 1);
	trip_run(&trip, body);
	assert_true(trip_value(&trip, "first_2")->u64 == (uintptr_t)body);
	trip_end(&trip);
	/* What was gathered for one stage is whole for the next one too. */
	trip_begin(&trip, "upper whole whole", 3);
	trip_run(&trip, body);
	assert_true(trip_value(&trip, "first")->u64 ==
		trip_value(&trip, "first_2")->u64);
	trip_end(&trip);
}

static void
test_gathering_has_a_ceiling(void **state)
{
	struct trip trip;

	(void)state;
	trip_begin(&trip, "upper whole", 3);
	trip_run(&trip, "abcd");
	assert_true(trip.outcome.failed);
	assert_int_equal(trip.outcome.error_class, ERROR_BODY);
	assert_string_equal(trip.outcome.detail, "limit");
	assert_non_null(strstr(trip.outcome.errormsg, "3 bytes"));
	trip_run(&trip, "abc");
	assert_false(trip.outcome.failed);
	trip_end(&trip);
}

static int
out_full(void *arg, const void *p, size_t n)
{
	(void)arg;
	(void)p;
	(void)n;
	errno = ENOSPC;
	return -1;
}

static void
test_what_cannot_be_written_is_a_local_failure(void **state)
{
	struct trip trip;

	(void)state;
	trip_begin(&trip, "upper", 1);
	chain_worker_run(trip.worker, &page, &(struct chain_bytes){
		.p = "abc", .n = 3, .out = out_full }, &trip.outcome);
	assert_int_equal(trip.outcome.error_class, ERROR_LOCAL);
	assert_string_equal(trip.outcome.detail, "write_failed");
	assert_non_null(strstr(trip.outcome.errormsg, "No space"));
	trip_end(&trip);
}

static void
test_nobody_need_want_the_bytes(void **state)
{
	struct trip trip;

	(void)state;
	trip_begin(&trip, "upper seen", 1);
	chain_worker_run(trip.worker, &page, &(struct chain_bytes){
		.p = "abc", .n = 3 }, &trip.outcome);
	assert_string_equal(trip_value(&trip, "seen")->text, "ABC");
	trip_end(&trip);
}

static void
test_a_chain_knows_whether_it_replaces(void **state)
{
	struct chain *chain = chain_of("seen whole", 1);

	(void)state;
	assert_false(chain_replaces(chain));
	assert_int_equal(chain_length(chain), 2);
	chain_free(chain);
	chain = chain_of("seen upper seen", 1);
	assert_true(chain_replaces(chain));
	chain_free(chain);
}

/* --- failures --- */

static void
test_a_failure_ends_the_body_and_no_more(void **state)
{
	static const char *const hooks[] = { "begin", "feed", "end" };
	struct trip trip;
	char names[64];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof hooks / sizeof *hooks; i++) {
		print_message("%s\n", hooks[i]);
		snprintf(names, sizeof names, "seen upper fail:%s seen",
			hooks[i]);
		trip_begin(&trip, names, 1);
		trip_run(&trip, "abc");
		assert_true(trip.outcome.failed);
		assert_int_equal(trip.outcome.error_class, ERROR_EXEC);
		assert_null(trip.outcome.detail);
		snprintf(names, sizeof names, "failed in %s", hooks[i]);
		assert_string_equal(trip.outcome.errormsg, names);
		assert_int_equal(fail_state.after, 0);
		fail_state.failed = 0;
		fail_state.off = 1;
		trip_run(&trip, "de");
		assert_false(trip.outcome.failed);
		assert_string_equal(trip_value(&trip, "seen_2")->text, "DE");
		trip_end(&trip);
	}
}

static void
test_a_stage_says_how_it_failed(void **state)
{
	struct trip trip;

	(void)state;
	/* Through another stage's stage_pass(), too. */
	trip_begin(&trip, "quote upper fail:feed", 1);
	fail_state.detail = "ratio";
	trip_run(&trip, "abc");
	assert_int_equal(trip.outcome.error_class, ERROR_BODY);
	assert_string_equal(trip.outcome.detail, "ratio");
	trip_end(&trip);
}

static void
test_what_earlier_stages_said_stays(void **state)
{
	struct trip trip;

	(void)state;
	trip_begin(&trip, "seen fail:end seen", 1);
	trip_run(&trip, "abc");
	assert_true(trip.outcome.failed);
	assert_string_equal(trip_value(&trip, "seen")->text, "abc");
	assert_false(trip_value(&trip, "seen_2")->set);
	trip_end(&trip);
}

static void
test_a_cancelled_run_calls_no_stage(void **state)
{
	static const _Atomic int cancelled = 1;
	struct chain_outcome outcome = { 0 };
	struct chain *chain = chain_of("fail:end", 1);
	struct chain_worker *worker = chain_worker_new(chain, &cancelled,
		NULL);

	(void)state;
	fail_state.failed = 1;	/* counts every call */
	chain_worker_run(worker, &page, &(struct chain_bytes){
		.p = "abc", .n = 3 }, &outcome);
	assert_int_equal(fail_state.after, 0);
	assert_true(outcome.failed);
	assert_int_equal(outcome.error_class, ERROR_STOPPED);
	chain_outcome_release(&outcome, chain);
	chain_worker_free(worker);
	chain_free(chain);
}

/* --- before and after --- */

static void
test_an_argument_that_nobody_takes_is_a_usage_error(void **state)
{
	struct chain *chain = chain_new(1);
	struct err err = { .code = ERR_NONE };

	(void)state;
	assert_int_equal(chain_add(chain, &upper, "3", NULL, &err), -1);
	assert_int_equal(err.code, ERR_USAGE);
	assert_non_null(strstr(err.text, "'upper'"));
	assert_int_equal(chain_add(chain, &fail, NULL, NULL, &err), -1);
	assert_non_null(strstr(err.text, "WHERE"));
	assert_int_equal(chain_length(chain), 0);
	chain_free(chain);
}

static void
test_a_worker_that_cannot_start_is_none(void **state)
{
	struct chain *chain = chain_of("seen fail:start seen", 1);
	struct err err = { .code = ERR_NONE };

	(void)state;
	assert_null(chain_worker_new(chain, &never, &err));
	assert_int_equal(err.code, ERR_SYSTEM);
	assert_true(fail_state.open);
	chain_free(chain);
	assert_false(fail_state.open);
	chain_free(NULL);
	chain_worker_free(NULL);
}

static void
test_workers_are_stopped(void **state)
{
	struct trip trip;

	(void)state;
	trip_begin(&trip, "fail:none", 1);
	assert_true(fail_state.started);
	trip_end(&trip);
	assert_false(fail_state.started);
}

static const struct column named_columns[] = {
	STAGE_COLUMN(U64, "url", "a name that every record has"),
	STAGE_COLUMN(U64, "time_post", "one that stages bring"),
	STAGE_COLUMN(U64, "seen_2", "one that looks like a second"),
};
static const struct stage named = {
	.name = "named", STAGE_COLUMNS(named_columns),
};

static void
test_no_two_columns_have_one_name(void **state)
{
	static const char *const names[] = {
		"url_2", "time_post_2", "seen_2", "seen", "feeds", "first",
		"seen_3", "feeds_2", "first_2",
	};
	struct chain *chain = chain_new(1);
	const struct column *columns;
	size_t i, n;

	(void)state;
	assert_int_equal(chain_add(chain, &named, NULL, NULL, NULL), 0);
	assert_int_equal(chain_add(chain, &seen, NULL, NULL, NULL), 0);
	assert_int_equal(chain_add(chain, &whole, NULL, NULL, NULL), 0);
	columns = chain_columns(chain, &n);
	assert_int_equal(n, sizeof names / sizeof *names);
	for (i = 0; i < n; i++) {
		assert_string_equal(columns[i].name, names[i]);
		assert_int_equal(columns[i].value, i + 1);
	}
	chain_free(chain);
}

/* --- threads and times --- */

static _Atomic int serial_inside, serial_most;

static int
serial_begin(void *self, struct stage_call *call, struct err *err)
{
	int inside = atomic_fetch_add(&serial_inside, 1) + 1;

	(void)self;
	(void)call;
	(void)err;
	if (inside > atomic_load(&serial_most))
		atomic_store(&serial_most, inside);
	return 0;
}

static int
serial_end(void *self, struct stage_call *call, struct err *err)
{
	(void)self;
	(void)call;
	(void)err;
	sched_yield();
	atomic_fetch_sub(&serial_inside, 1);
	return 0;
}

static const struct stage serial = {
	.name = "serial", .caps = STAGE_SERIAL,
	.begin = serial_begin, .end = serial_end,
};

static void *
serial_main(void *arg)
{
	struct chain *chain = arg;
	struct chain_worker *worker = chain_worker_new(chain, &never, NULL);
	struct chain_outcome outcome = { 0 };
	int i;

	for (i = 0; i < 500; i++) {
		chain_worker_run(worker, &page, &(struct chain_bytes){
			.p = "abc", .n = 3 }, &outcome);
		chain_outcome_release(&outcome, chain);
	}
	chain_worker_free(worker);
	return NULL;
}

/* Twice in one chain as well: that is one body in it, once. */
static void
test_a_stage_that_is_not_thread_safe_has_one_body_at_a_time(void **state)
{
	struct chain *chain = chain_new(1);
	pthread_t threads[4];
	size_t i;

	(void)state;
	chain_add(chain, &serial, NULL, NULL, NULL);
	chain_add(chain, &seen, NULL, NULL, NULL);
	chain_add(chain, &serial, NULL, NULL, NULL);
	for (i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL,
			serial_main, chain), 0);
	for (i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(serial_most, 2);
	assert_int_equal(serial_inside, 0);
	chain_free(chain);
}

static int
busy_feed(void *self, struct stage_call *call, const void *p, size_t n,
	struct err *err)
{
	int64_t until_us = clock_thread_us() + 2 * CLOCK_MS;

	(void)self;
	(void)call;
	(void)p;
	(void)n;
	(void)err;
	while (clock_thread_us() < until_us)
		;
	return 0;
}

static const struct stage busy = { .name = "busy", .feed = busy_feed };

static void
test_times_are_those_in_the_stages(void **state)
{
	struct chain_outcome outcome = { 0 };
	struct chain *chain = chain_new(1);
	struct chain_worker *worker;
	int64_t before_us = clock_us();

	(void)state;
	chain_add(chain, &busy, NULL, NULL, NULL);
	worker = chain_worker_new(chain, &never, NULL);
	chain_worker_run(worker, &page, &(struct chain_bytes){
		.p = "abc", .n = 3 }, &outcome);
	assert_true(outcome.cpu_us >= 2 * CLOCK_MS);
	assert_true(outcome.took_us >= outcome.cpu_us - CLOCK_MS);
	assert_true(outcome.took_us <= clock_us() - before_us);
	chain_outcome_release(&outcome, chain);
	chain_worker_free(worker);
	chain_free(chain);
}

/* --- as bytes --- */

#define MOST_US INT64_C(6000000000)

/* Of a chain "seen": failed, with all there is to say. */
static struct chain_outcome
full_outcome(void)
{
	struct chain_outcome outcome = {
		.values = mem_array(3, sizeof(struct value)),
		.failed = 1, .error_class = ERROR_BODY, .detail = "ratio",
		.errormsg = mem_strdup("too \xff many"),
		.took_us = INT64_C(5000000000), .cpu_us = 7,
	};

	value_set_text(&outcome.values[0], mem_strdup("abc"));
	value_set_u64(&outcome.values[1], 3);
	return outcome;
}

static void
test_an_outcome_arrives_as_it_was(void **state)
{
	struct chain *chain = chain_of("seen", 1);
	struct chain_outcome sent = full_outcome(), none = { 0 };
	struct chain_outcome got = { 0 };
	struct buf bytes;

	(void)state;
	buf_init(&bytes, 1 << 20);
	chain_outcome_add(&bytes, &sent, chain);
	assert_int_equal(chain_outcome_read(bytes.data, bytes.len, chain,
		MOST_US, &got), 0);
	assert_true(got.failed);
	assert_int_equal(got.error_class, ERROR_BODY);
	assert_string_equal(got.detail, "ratio");
	assert_string_equal(got.errormsg, "too \xff many");
	assert_int_equal(got.took_us, sent.took_us);
	assert_int_equal(got.cpu_us, 7);
	assert_string_equal(got.values[0].text, "abc");
	assert_int_equal(got.values[1].u64, 3);
	assert_false(got.values[2].set);
	chain_outcome_release(&got, chain);
	buf_clear(&bytes);
	chain_outcome_add(&bytes, &none, chain);
	assert_int_equal(chain_outcome_read(bytes.data, bytes.len, chain,
		MOST_US, &got), 0);
	assert_false(got.failed);
	assert_null(got.values);
	assert_null(got.errormsg);
	assert_null(got.detail);
	chain_outcome_release(&sent, chain);
	chain_free(chain);
	buf_release(&bytes);
}

static void
test_an_outcome_that_is_cut_is_refused(void **state)
{
	struct chain *chain = chain_of("seen", 1);
	struct chain_outcome sent = full_outcome(), got = { 0 };
	struct buf bytes;
	char *copy;
	size_t n;

	(void)state;
	buf_init(&bytes, 1 << 20);
	chain_outcome_add(&bytes, &sent, chain);
	for (n = 0; n < bytes.len; n++) {
		copy = mem_dup(bytes.data, n);
		assert_int_equal(chain_outcome_read(copy, n, chain, MOST_US,
			&got), -1);
		assert_null(got.values);
		free(copy);
	}
	buf_add_char(&bytes, 'x');
	assert_int_equal(chain_outcome_read(bytes.data, bytes.len, chain,
		MOST_US, &got), -1);
	chain_outcome_release(&sent, chain);
	chain_free(chain);
	buf_release(&bytes);
}

static int
is_detail(const char *detail)
{
	size_t i;

	for (i = 0; verdict_details[i] != NULL; i++)
		if (verdict_details[i] == detail)
			return 1;
	return 0;
}

static void
assert_safe(const struct chain_outcome *got)
{
	assert_in_range(got->error_class, ERROR_NONE, ERROR_CLASS_COUNT - 1);
	assert_int_equal(got->failed, got->error_class != ERROR_NONE);
	assert_true(got->detail == NULL || is_detail(got->detail));
	assert_in_range(got->took_us, 0, MOST_US);
	assert_in_range(got->cpu_us, 0, got->took_us);
}

static void
test_an_outcome_that_is_garbled_does_no_harm(void **state)
{
	static const unsigned char bad[] = { 0x00, 0x01, 0x7f, 0x80, 0xff };
	struct chain *chain = chain_of("seen", 1);
	struct chain_outcome sent = full_outcome(), got = { 0 };
	struct buf bytes;
	size_t i, v;
	char *copy;

	(void)state;
	buf_init(&bytes, 1 << 20);
	chain_outcome_add(&bytes, &sent, chain);
	for (v = 0; v < sizeof bad; v++) {
		for (i = 0; i < bytes.len; i++) {
			copy = mem_dup(bytes.data, bytes.len);
			copy[i] = (char)bad[v];
			if (chain_outcome_read(copy, bytes.len, chain,
			    MOST_US, &got) == 0)
				assert_safe(&got);
			chain_outcome_release(&got, chain);
			free(copy);
		}
	}
	chain_outcome_release(&sent, chain);
	chain_free(chain);
	buf_release(&bytes);
}

static void
test_an_outcome_took_no_longer_than_it_can_have(void **state)
{
	static const struct {
		int64_t took_us, cpu_us;
		int rc;
		const char *note;
	} cases[] = {
		{ 1000, 900, 0, "as it should be" },
		{ 1000, 1003, 0, "clocks that differ a little" },
		{ 1000, INT64_MAX, 0, "sums of it would overflow" },
		{ 1001, 900, -1, "longer than it was away" },
		{ INT64_MAX, 0, -1, "much longer" },
		{ 0, 0, 0, "not run" },
	};
	struct chain *chain = chain_of("seen", 1);
	struct chain_outcome sent = { 0 }, got = { 0 };
	struct buf bytes;
	size_t i;

	(void)state;
	buf_init(&bytes, 1000);
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		buf_clear(&bytes);
		sent.took_us = cases[i].took_us;
		sent.cpu_us = cases[i].cpu_us;
		chain_outcome_add(&bytes, &sent, chain);
		if (chain_outcome_read(bytes.data, bytes.len, chain, 1000,
		    &got) != cases[i].rc)
			fail_msg("%s", cases[i].note);
		if (got.cpu_us > 1000)
			fail_msg("%s: %lld us", cases[i].note,
				(long long)got.cpu_us);
	}
	buf_release(&bytes);
	chain_free(chain);
}

static void
test_an_outcome_that_is_too_long_says_so(void **state)
{
	static const size_t rooms[] = { 1000, 1u << 30 };
	struct chain *chain = chain_of("seen", 1);
	struct chain_outcome sent = full_outcome(), got = { 0 };
	struct buf bytes;
	size_t i;

	(void)state;
	free(sent.values[0].text);
	sent.values[0].text = mem_array(CHAIN_OUTCOME_MAX + 1, 1);
	memset(sent.values[0].text, 'x', CHAIN_OUTCOME_MAX);
	for (i = 0; i < 2; i++) {
		buf_init(&bytes, rooms[i]);
		buf_add_text(&bytes, "before");
		chain_outcome_add(&bytes, &sent, chain);
		assert_false(bytes.full);
		assert_int_equal(chain_outcome_read(bytes.data + 6,
			bytes.len - 6, chain, MOST_US, &got), 0);
		assert_true(got.failed);
		assert_int_equal(got.error_class, ERROR_BODY);
		assert_string_equal(got.detail, "limit");
		assert_non_null(strstr(got.errormsg, "too much"));
		assert_int_equal(got.took_us, sent.took_us);
		assert_null(got.values);
		chain_outcome_release(&got, chain);
		buf_release(&bytes);
	}
	chain_outcome_release(&sent, chain);
	chain_free(chain);
}

/* --- long bodies --- */

static size_t longest, last_passed;

static int
measure(void *self, struct stage_call *call, const void *p, size_t n,
	struct err *err)
{
	(void)self, (void)p, (void)err;
	if (n > longest)
		longest = n;
	call->values[0].u64 += n;
	call->values[0].set = 1;
	return 0;
}

static const struct column measured[] = {
	STAGE_COLUMN(U64, "measured", "bytes"),
};
static const struct stage in_pieces = {
	.name = "pieces", .brief = "b", STAGE_COLUMNS(measured),
	.feed = measure,
};
static const struct stage at_once = {
	.name = "whole", .brief = "b", STAGE_COLUMNS(measured),
	.feed = measure, .caps = STAGE_WHOLE,
};

static void
note_passed(const void *p, size_t n)
{
	(void)p;
	last_passed = n;
}

/* How many bytes were told to be of no more use at a time, at the end. */
static size_t
run_long(const struct stage *stage, const char *body, size_t n)
{
	static const struct stage_page none;
	static const _Atomic int off;
	struct chain *chain = chain_new(1 << 20);
	struct chain_outcome outcome = { 0 };
	struct chain_worker *worker;

	longest = last_passed = 0;
	assert_int_equal(chain_add(chain, stage, NULL, NULL, NULL), 0);
	worker = chain_worker_new(chain, &off, NULL);
	chain_worker_run(worker, &none, &(struct chain_bytes){
		.p = body, .n = n, .passed = note_passed }, &outcome);
	assert_false(outcome.failed);
	assert_int_equal(outcome.values[0].u64, n);
	chain_outcome_release(&outcome, chain);
	chain_worker_free(worker);
	chain_free(chain);
	return last_passed;
}

static void
a_long_body_is_let_go_of_as_it_passes(void **state)
{
	const size_t n = (10 << 20) + 5;
	char *body = mem_array(n, 1);

	(void)state;
	assert_in_range(run_long(&in_pieces, body, n), 1, n / 2);
	assert_true(longest <= 65536);
	/* A stage that sees all of it at once sees it where it is. */
	assert_int_equal(run_long(&at_once, body, n), n);
	assert_int_equal(longest, n);
	free(body);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_bytes_go_from_stage_to_stage),
	cmocka_unit_test(test_a_whole_body_is_not_copied),
	cmocka_unit_test(test_gathering_has_a_ceiling),
	cmocka_unit_test(test_what_cannot_be_written_is_a_local_failure),
	cmocka_unit_test(test_nobody_need_want_the_bytes),
	cmocka_unit_test(test_a_chain_knows_whether_it_replaces),
	cmocka_unit_test(test_a_failure_ends_the_body_and_no_more),
	cmocka_unit_test(test_a_stage_says_how_it_failed),
	cmocka_unit_test(test_what_earlier_stages_said_stays),
	cmocka_unit_test(test_a_cancelled_run_calls_no_stage),
	cmocka_unit_test(test_an_argument_that_nobody_takes_is_a_usage_error),
	cmocka_unit_test(test_a_worker_that_cannot_start_is_none),
	cmocka_unit_test(test_workers_are_stopped),
	cmocka_unit_test(test_no_two_columns_have_one_name),
	cmocka_unit_test(
		test_a_stage_that_is_not_thread_safe_has_one_body_at_a_time),
	cmocka_unit_test(test_times_are_those_in_the_stages),
	cmocka_unit_test(test_an_outcome_arrives_as_it_was),
	cmocka_unit_test(test_an_outcome_that_is_cut_is_refused),
	cmocka_unit_test(test_an_outcome_that_is_garbled_does_no_harm),
	cmocka_unit_test(test_an_outcome_took_no_longer_than_it_can_have),
	cmocka_unit_test(test_an_outcome_that_is_too_long_says_so),
	cmocka_unit_test(a_long_body_is_let_go_of_as_it_passes),
};

UNIT_MAIN("core/chain", tests)
