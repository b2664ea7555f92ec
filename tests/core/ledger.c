/* SPDX-License-Identifier: MIT */
/*
 * The ledger: every result becomes fact once and in order, a failure ends the
 * writing but not the counting, and a full queue says when there is room.
 */
#include "config.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <unistd.h>

#include "base/mem.h"
#include "core/body.h"
#include "core/budget.h"
#include "core/ledger.h"
#include "core/output.h"
#include "core/result.h"
#include "core/sink.h"
#include "core/stats.h"
#include "net/exchange.h"
#include "unit.h"

/* A sink that counts, and fails or waits when told to. */
struct counter {
	uint64_t n, last, fail_at;	/* fail_at 0: never */
	int disordered;
	sem_t *gate;			/* NULL: open */
};

static int
counter_write(void *self, const struct result *result, struct err *err)
{
	struct counter *counter = self;

	if (counter->gate != NULL)
		sem_wait(counter->gate);
	if (result->seq == counter->fail_at)
		return err_set(err, ERR_IO, "disk full at %d", (int)result->seq);
	if (result->seq != counter->last + 1)
		counter->disordered = 1;
	counter->last = result->seq;
	counter->n++;
	return 0;
}

static const struct sink counting = { .name = "c", .write = counter_write };

struct hooks {
	sem_t room;
	_Atomic int rooms, fails;
};

static void
on_room(void *arg)
{
	struct hooks *hooks = arg;

	hooks->rooms++;
	sem_post(&hooks->room);
}

static void
on_fail(void *arg)
{
	struct hooks *hooks = arg;

	hooks->fails++;
}

static struct ledger *
ledger_on(const struct ledger_target *targets, size_t n, struct hooks *hooks)
{
	struct ledger_args args = {
		.targets = targets, .n_targets = n, .on_room = on_room,
		.on_fail = on_fail, .arg = hooks,
	};
	struct ledger *ledger;
	struct err err = { 0 };

	*hooks = (struct hooks){ .rooms = 0 };
	sem_init(&hooks->room, 0, 0);
	ledger = ledger_new(&args, &err);
	if (ledger == NULL)
		fail_msg("%s", err.text);
	return ledger;
}

static void
push(struct ledger *ledger, uint64_t seq)
{
	struct result *result = result_new();

	result->seq = seq;
	result->url = mem_strdup("http://h/");
	result->attempt = 1;
	result->ok = result->final = 1;
	result->response_code = 200;
	ledger_push(ledger, result);
}

static void
push_stopped(struct ledger *ledger, uint64_t seq)
{
	struct result *result = result_new();

	result->seq = seq;
	result->attempt = 1;
	result->error_class = ERROR_STOPPED;
	ledger_push(ledger, result);
}

/* Waits for its end, as run_execute() does. */
static int
end(struct ledger *ledger, struct err *err)
{
	struct pollfd fd = { .fd = ledger_fd(ledger), .events = POLLIN };

	ledger_close(ledger);
	assert_int_equal(poll(&fd, 1, 60000), 1);
	return ledger_finish(ledger, err);
}

static void
every_result_is_written_once_in_order(void **state)
{
	static const uint64_t lots[] = { 0, 1, 2, 255, 256, 257, 10000 };
	struct counter a, b;
	struct ledger_target targets[] = {
		{ &counting, &a, NULL }, { &counting, &b, NULL },
	};
	struct stats_counters counters;
	struct ledger *ledger;
	struct hooks hooks;
	struct err err = { 0 };
	uint64_t i;
	size_t k;

	(void)state;
	for (k = 0; k < sizeof lots / sizeof *lots; k++) {
		a = b = (struct counter){ 0 };
		ledger = ledger_on(targets, 2, &hooks);
		for (i = 1; i <= lots[k]; i++)
			push(ledger, i);
		assert_int_equal(end(ledger, &err), 0);
		assert_int_equal(a.n, lots[k]);
		assert_int_equal(b.n, lots[k]);
		assert_false(a.disordered || b.disordered);
		ledger_counters(ledger, &counters);
		assert_int_equal(counters.finals, lots[k]);
		assert_int_equal(ledger_stats(ledger)->status[200], lots[k]);
		assert_int_equal(hooks.fails, 0);
		ledger_free(ledger);
	}
}

static void
without_a_target_results_are_counted(void **state)
{
	struct stats_counters counters;
	struct ledger *ledger;
	struct hooks hooks;

	(void)state;
	ledger = ledger_on(NULL, 0, &hooks);
	push(ledger, 1);
	assert_int_equal(end(ledger, NULL), 0);
	ledger_counters(ledger, &counters);
	assert_int_equal(counters.ok, 1);
	ledger_free(ledger);
}

static void
a_failure_ends_the_writing_not_the_counting(void **state)
{
	struct counter bad = { .fail_at = 7 }, good = { 0 };
	struct ledger_target targets[] = {
		{ &counting, &bad, NULL }, { &counting, &good, NULL },
	};
	struct stats_counters counters;
	struct ledger *ledger;
	struct hooks hooks;
	struct err err = { 0 };
	uint64_t i;

	(void)state;
	ledger = ledger_on(targets, 2, &hooks);
	for (i = 1; i <= 1000; i++)
		push(ledger, i);
	assert_int_equal(end(ledger, &err), -1);
	assert_int_equal(err.code, ERR_IO);
	assert_string_equal(err.text, "disk full at 7");
	assert_int_equal(hooks.fails, 1);
	assert_int_equal(bad.n, 6);
	assert_int_equal(good.n, 6);
	ledger_counters(ledger, &counters);
	assert_int_equal(counters.finals, 1000);
	ledger_free(ledger);
}

/* Ends with as many as were written, or fails. */
static int
counter_end(void *self, struct err *err)
{
	struct counter *counter = self;

	counter->last = 1000 + counter->n;
	return counter->fail_at == 0 ? 0 :
		err_set(err, ERR_IO, "the end failed");
}

static void
what_sinks_hold_is_theirs_to_end_after_all_results(void **state)
{
	static const struct sink holding = {
		.name = "h", .write = counter_write, .end = counter_end,
	};
	struct counter good = { 0 }, bad = { .fail_at = 5 };
	struct ledger_target targets[] = {
		{ &holding, &good, NULL }, { &holding, &bad, NULL },
	};
	struct ledger *ledger;
	struct hooks hooks;
	struct err err = { 0 };
	uint64_t i;

	(void)state;
	ledger = ledger_on(targets, 1, &hooks);
	for (i = 1; i <= 300; i++)
		push(ledger, i);
	assert_int_equal(end(ledger, &err), 0);
	assert_int_equal(good.last, 1300);
	ledger_free(ledger);
	/* After a failure too, which stays the one that is told. */
	good = (struct counter){ 0 };
	ledger = ledger_on(targets, 2, &hooks);
	for (i = 1; i <= 300; i++)
		push(ledger, i);
	assert_int_equal(end(ledger, &err), -1);
	assert_string_equal(err.text, "disk full at 5");
	assert_int_equal(bad.last, 1004);
	assert_int_equal(good.last, 1005);
	ledger_free(ledger);
	/* And one of its own counts. */
	bad = (struct counter){ .fail_at = 5 };
	ledger = ledger_on(targets + 1, 1, &hooks);
	push(ledger, 1);
	assert_int_equal(end(ledger, &err), -1);
	assert_string_equal(err.text, "the end failed");
	assert_int_equal(hooks.fails, 1);
	ledger_free(ledger);
}

static void
what_only_the_commit_says_counts_too(void **state)
{
	struct counter counter = { 0 };
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	struct output *output = output_new(fd, "full");
	struct ledger_target target = { &counting, &counter, output };
	struct ledger *ledger;
	struct hooks hooks;
	struct err err = { 0 };

	(void)state;
	buf_add_text(output_buf(output), "a line\n");
	assert_int_equal(output_record(output, &err), 0);
	ledger = ledger_on(&target, 1, &hooks);
	push(ledger, 1);
	assert_int_equal(end(ledger, &err), -1);
	assert_int_equal(err.code, ERR_IO);
	assert_int_equal(hooks.fails, 1);
	ledger_free(ledger);
	output_free(output);
	close(fd);
}

/* 2048 results: no new fetches above; room again at half of that. */
static int
never_flushed(void *self, struct err *err)
{
	(void)self;
	return err_set(err, ERR_IO, "no room to begin");
}

/* Whoever is told of a failure does not exist yet when a ledger is made. */
static void
outputs_that_cannot_be_remembered_are_no_ledger(void **state)
{
	static const struct sink full = {
		.name = "f", .write = counter_write, .flush = never_flushed,
	};
	struct counter counter = { 0 };
	struct hooks hooks = { .rooms = 0 };
	struct ledger_args args = {
		.targets = &(struct ledger_target){ &full, &counter, NULL },
		.n_targets = 1, .on_fail = on_fail, .arg = &hooks,
		/* It comes to nothing before it is asked. */
		.state = (struct state *)&counter,
	};
	struct err err = { 0 };

	(void)state;
	assert_null(ledger_new(&args, &err));
	assert_int_equal(err.code, ERR_IO);
	assert_string_equal(err.text, "no room to begin");
	assert_int_equal(hooks.fails, 0);
}

static void
a_full_queue_says_when_there_is_room(void **state)
{
	sem_t gate;
	struct counter counter = { .gate = &gate };
	struct ledger_target target = { &counting, &counter, NULL };
	struct ledger *ledger;
	struct hooks hooks;
	uint64_t i;

	(void)state;
	sem_init(&gate, 0, 0);
	ledger = ledger_on(&target, 1, &hooks);
	for (i = 1; i < 2048; i++)
		push(ledger, i);
	assert_false(ledger_full(ledger));
	push(ledger, i);
	assert_true(ledger_full(ledger));
	/* Those that were granted before still come back. */
	for (i = 2049; i <= 3000; i++)
		push(ledger, i);
	assert_true(ledger_full(ledger));
	assert_int_equal(hooks.rooms, 0);
	for (i = 1; i <= 3000; i++)
		sem_post(&gate);
	sem_wait(&hooks.room);
	assert_false(ledger_full(ledger));
	assert_int_equal(end(ledger, NULL), 0);
	/* Once for each time somebody was told that it is full. */
	assert_int_equal(hooks.rooms, 1);
	assert_int_equal(counter.n, 3000);
	ledger_free(ledger);
	sem_destroy(&gate);
}

static void
room_is_told_only_to_who_was_turned_away(void **state)
{
	struct counter counter = { 0 };
	struct ledger_target target = { &counting, &counter, NULL };
	struct ledger *ledger;
	struct hooks hooks;
	uint64_t i;

	(void)state;
	ledger = ledger_on(&target, 1, &hooks);
	for (i = 1; i <= 5000; i++)
		push(ledger, i);
	assert_int_equal(end(ledger, NULL), 0);
	assert_int_equal(hooks.rooms, 0);
	ledger_free(ledger);
}

#define THREADS 4
#define EACH 5000

struct pusher {
	struct ledger *ledger;
	pthread_t thread;
};

static void *
push_many(void *arg)
{
	struct pusher *pusher = arg;
	struct stats_counters counters;
	int i;

	for (i = 0; i < EACH; i++) {
		push(pusher->ledger, 1);
		if (i % 64 == 0)
			ledger_counters(pusher->ledger, &counters);
		ledger_full(pusher->ledger);
	}
	return NULL;
}

static void
threads_push_at_the_same_time(void **state)
{
	struct counter counter = { 0 };
	struct ledger_target target = { &counting, &counter, NULL };
	struct pusher pushers[THREADS];
	struct ledger *ledger;
	struct hooks hooks;
	int i;

	(void)state;
	ledger = ledger_on(&target, 1, &hooks);
	for (i = 0; i < THREADS; i++) {
		pushers[i].ledger = ledger;
		assert_int_equal(pthread_create(&pushers[i].thread, NULL,
			push_many, &pushers[i]), 0);
	}
	for (i = 0; i < THREADS; i++)
		pthread_join(pushers[i].thread, NULL);
	assert_int_equal(end(ledger, NULL), 0);
	assert_int_equal(counter.n, THREADS * EACH);
	ledger_free(ledger);
}

/* What was cut off before that was so by something else. */
static void
cuts_are_recorded_as_what_made_them(void **state)
{
	struct ledger_target none = { 0 };
	struct hooks hooks;
	struct ledger *ledger = ledger_on(&none, 0, &hooks);
	const struct stats_counters *counters;

	(void)state;
	push_stopped(ledger, 1);
	push(ledger, 2);
	ledger_name_cuts(ledger, ERROR_DEADLINE);
	push_stopped(ledger, 3);
	push(ledger, 4);
	push_stopped(ledger, 5);
	assert_int_equal(end(ledger, NULL), 0);
	counters = &ledger_stats(ledger)->counters;
	assert_int_equal(counters->failed[ERROR_STOPPED], 1);
	assert_int_equal(counters->failed[ERROR_DEADLINE], 2);
	assert_int_equal(counters->ok, 2);
	assert_int_equal(counters->finals, 2);
	ledger_free(ledger);
}

/* --- bodies --- */

/* Who was given what, in order: "A1" is sink A and URL 1, "h" a hop. */
struct story {
	char text[256];
	struct budget *budget;
	struct body_store *store;
	size_t room;		/* bodies that had a place when it was told */
	uint64_t fail_at;	/* where A can take no more; 0: nowhere */
	struct body *held;	/* B holds the first it gets */
	int holds;
};

static void
tell(struct story *story, const char *who, const struct result *result)
{
	size_t n = strlen(story->text);

	snprintf(story->text + n, sizeof story->text - n, "%s%s%d%s%s ", who,
		result->hop ? "h" : "", (int)result->seq,
		result->body != NULL ? "b" : "", result->ok ? "" : "!");
}

static int
take_a(void *self, struct result *result, struct err *err)
{
	struct story *story = self;

	tell(story, "A", result);
	if (result->seq == story->fail_at) {
		result_fail(result, ERROR_LOCAL, "write_failed", "full");
		result->final = 0;
		return err_set(err, ERR_IO, "disk full at %d",
			(int)result->seq);
	}
	if (result->seq == 2)
		result_fail(result, ERROR_LOCAL, "write_refused", "no");
	return 0;
}

static int
take_b(void *self, struct result *result, struct err *err)
{
	struct story *story = self;

	(void)err;
	tell(story, "B", result);
	if (!story->holds || story->held != NULL)
		return 0;
	story->held = result->body;
	result->body = NULL;
	return 0;
}

static int
write_r(void *self, const struct result *result, struct err *err)
{
	(void)err;
	tell(self, "R", result);
	return 0;
}

static const struct sink sink_a = {
	.name = "a", .caps = SINK_BODIES, .take = take_a,
};
static const struct sink sink_b = {
	.name = "b", .caps = SINK_BODIES | SINK_ALL, .take = take_b,
};
static const struct sink sink_r = { .name = "r", .write = write_r };

static size_t
places(struct story *story)
{
	struct body *taken[4];
	size_t n = 0, i;

	while (n < 4 && (taken[n] = body_new(story->store)) != NULL)
		n++;
	for (i = 0; i < n; i++)
		body_free(taken[i]);
	return n;
}

static void
on_freed(void *arg)
{
	struct story *story = arg;

	story->room = places(story);
}

static void
do_nothing(void *arg)
{
	(void)arg;
}

static struct ledger *
story_begin(struct story *story, struct ledger_target targets[3])
{
	struct ledger *ledger;

	story->budget = budget_new(1 << 20, 4, NULL);
	story->store = body_store_new(&(struct body_store_args){
		.budget = story->budget, .n = 4,
	}, NULL);
	targets[0] = (struct ledger_target){ &sink_a, story, NULL };
	targets[1] = (struct ledger_target){ &sink_b, story, NULL };
	targets[2] = (struct ledger_target){ &sink_r, story, NULL };
	ledger = ledger_new(&(struct ledger_args){
		.targets = targets, .n_targets = 3,
		.on_room = do_nothing, .on_fail = do_nothing,
		.on_freed = on_freed, .arg = story,
	}, NULL);
	assert_non_null(ledger);
	return ledger;
}

static void
story_end(struct story *story, struct ledger *ledger)
{
	ledger_free(ledger);
	body_free(story->held);
	assert_int_equal(places(story), 4);
	assert_int_equal(budget_held(story->budget), 0);
	body_store_free(story->store);
	budget_free(story->budget);
}

static void
push_body(struct ledger *ledger, struct story *story, uint64_t seq, int hop)
{
	struct result *result = result_new();

	result->seq = seq;
	result->hop = hop;
	result->attempt = 1;
	result->ok = !hop;
	result->final = 1;
	result->response_code = hop ? 302 : 200;
	result->exchange = exchange_new();
	result->body = body_new(story->store);
	assert_non_null(result->body);
	assert_int_equal(body_write(result->body, "body", 4), 0);
	ledger_push(ledger, result);
}

static void
bodies_come_to_their_sinks_in_turn_and_before_the_record(void **state)
{
	struct story story = { .fail_at = 0 };
	struct ledger_target targets[3];
	struct ledger *ledger = story_begin(&story, targets);
	struct stats_counters counters;

	(void)state;
	push_body(ledger, &story, 1, 0);
	/* What the first makes a failure is one to all behind it. */
	push_body(ledger, &story, 2, 0);
	push_body(ledger, &story, 3, 0);
	assert_int_equal(end(ledger, NULL), 0);
	assert_string_equal(story.text,
		"A1b B1b R1 A2b B2b! R2! A3b B3b R3 ");
	/* They are gone before it is told. */
	assert_int_equal(story.room, 4);
	ledger_counters(ledger, &counters);
	assert_int_equal(counters.ok, 2);
	assert_int_equal(counters.failed[ERROR_LOCAL], 1);
	story_end(&story, ledger);
}

static void
hops_are_for_who_takes_all_and_count_for_nothing(void **state)
{
	struct story story = { .fail_at = 0 };
	struct ledger_target targets[3];
	struct ledger *ledger = story_begin(&story, targets);
	struct stats_counters counters;

	(void)state;
	push_body(ledger, &story, 1, 1);
	push_body(ledger, &story, 1, 1);
	push_body(ledger, &story, 1, 0);
	assert_int_equal(end(ledger, NULL), 0);
	assert_string_equal(story.text, "Bh1b! Bh1b! A1b B1b R1 ");
	assert_int_equal(story.room, 4);
	ledger_counters(ledger, &counters);
	assert_int_equal(counters.finals, 1);
	assert_int_equal(counters.attempts, 1);
	assert_int_equal(counters.ok, 1);
	assert_int_equal(ledger_stats(ledger)->status[302], 0);
	story_end(&story, ledger);
}

static void
a_body_that_a_sink_took_is_the_sinks(void **state)
{
	struct story story = { .holds = 1 };
	struct ledger_target targets[3];
	struct ledger *ledger = story_begin(&story, targets);
	const void *view;
	size_t n;

	(void)state;
	push_body(ledger, &story, 1, 0);
	push_body(ledger, &story, 3, 0);
	assert_int_equal(end(ledger, NULL), 0);
	assert_int_equal(story.room, 3);
	assert_int_equal(body_view(story.held, &view, &n, NULL), 0);
	assert_memory_equal(view, "body", 4);
	story_end(&story, ledger);
}

static void
a_sink_that_takes_no_more_ends_the_run_and_leaves_urls_to_be_done(
	void **state)
{
	struct story story = { .fail_at = 3 };
	struct ledger_target targets[3];
	struct ledger *ledger = story_begin(&story, targets);
	struct stats_counters counters;
	struct err err = { 0 };

	(void)state;
	push_body(ledger, &story, 1, 0);
	push_body(ledger, &story, 3, 0);
	push_body(ledger, &story, 4, 1);
	push_body(ledger, &story, 4, 0);
	assert_int_equal(end(ledger, &err), -1);
	assert_int_equal(err.code, ERR_IO);
	assert_string_equal(err.text, "disk full at 3");
	/* Nobody else gets what was not kept, nor what comes after it. */
	assert_string_equal(story.text, "A1b B1b R1 A3b ");
	assert_int_equal(story.room, 4);
	ledger_counters(ledger, &counters);
	assert_int_equal(counters.ok, 1);
	assert_int_equal(counters.finals, 1);
	story_end(&story, ledger);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(cuts_are_recorded_as_what_made_them),
	cmocka_unit_test(every_result_is_written_once_in_order),
	cmocka_unit_test(without_a_target_results_are_counted),
	cmocka_unit_test(a_failure_ends_the_writing_not_the_counting),
	cmocka_unit_test(what_sinks_hold_is_theirs_to_end_after_all_results),
	cmocka_unit_test(what_only_the_commit_says_counts_too),
	cmocka_unit_test(outputs_that_cannot_be_remembered_are_no_ledger),
	cmocka_unit_test(a_full_queue_says_when_there_is_room),
	cmocka_unit_test(room_is_told_only_to_who_was_turned_away),
	cmocka_unit_test(threads_push_at_the_same_time),
	cmocka_unit_test(
		bodies_come_to_their_sinks_in_turn_and_before_the_record),
	cmocka_unit_test(hops_are_for_who_takes_all_and_count_for_nothing),
	cmocka_unit_test(a_body_that_a_sink_took_is_the_sinks),
	cmocka_unit_test(
	    a_sink_that_takes_no_more_ends_the_run_and_leaves_urls_to_be_done),
};

UNIT_MAIN("core/ledger", tests)
