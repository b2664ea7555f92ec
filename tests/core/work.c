/* SPDX-License-Identifier: MIT */
/*
 * work -- the record and its body come and go together, the stages see what
 * was received and nothing else, and the times are those of the stages.
 */
#include "config.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "core/body.h"
#include "core/budget.h"
#include "core/chain.h"
#include "core/chain_worker.h"
#include "core/result.h"
#include "core/work.h"
#include "unit.h"

static const _Atomic int never;

/* --- a stage: says what it saw, passes it on, and fails a body "bad" --- */

static int
seen_start(const void *plan, void **ret_self, struct err *err)
{
	struct buf *seen = mem_array(1, sizeof *seen);

	(void)plan;
	(void)err;
	buf_init(seen, 4096);
	*ret_self = seen;
	return 0;
}

static void
seen_stop(void *self)
{
	buf_release(self);
	free(self);
}

static int
seen_begin(void *self, struct stage_call *call, struct err *err)
{
	const struct stage_page *page = call->page;
	struct buf *seen = self;

	(void)err;
	buf_clear(seen);
	return buf_printf(seen, "%d %s %ld %s %s|", (int)page->seq, page->url,
		page->response_code,
		page->content_type != NULL ? page->content_type : "-",
		page->content_encoding != NULL ? page->content_encoding : "-");
}

static int
seen_feed(void *self, struct stage_call *call, const void *p, size_t n,
	struct err *err)
{
	if (n == 3 && memcmp(p, "bad", 3) == 0)
		return err_set(err, ERR_FAILED, "it is bad");
	return buf_add(self, p, n) != 0 ? -1 : stage_pass(call, p, n, err);
}

static int
seen_end(void *self, struct stage_call *call, struct err *err)
{
	(void)err;
	value_set_text(&call->values[0], mem_strdup(buf_text(self)));
	return 0;
}

static const struct column seen_columns[] = {
	STAGE_COLUMN(TEXT, "seen", "what came"),
};

static const struct stage seen = {
	.name = "seen", .caps = STAGE_REPLACES,
	STAGE_COLUMNS(seen_columns), .start = seen_start, .stop = seen_stop,
	.begin = seen_begin, .feed = seen_feed, .end = seen_end,
};

/* --- around it --- */

struct rig {
	struct budget *budget;
	struct body_store *store;	/* has one place */
	struct chain *chain;
	struct chain_worker *worker;
	struct work *work;
};

static void
rig_open(struct rig *rig, const struct stage *stage)
{
	rig->budget = budget_new(1 << 20, 1, NULL);
	rig->store = body_store_new(&(struct body_store_args){
		.budget = rig->budget, .n = 1,
	}, NULL);
	assert_non_null(rig->store);
	rig->chain = chain_new(1 << 20);
	chain_expect_chunks(rig->chain);
	assert_int_equal(chain_add(rig->chain, stage, NULL, NULL, NULL), 0);
	rig->worker = chain_worker_new(rig->chain, &never, NULL);
	assert_non_null(rig->worker);
	rig->work = work_new(rig->chain);
}

static void
rig_close(struct rig *rig)
{
	work_free(rig->work);
	chain_worker_free(rig->worker);
	chain_free(rig->chain);
	body_store_free(rig->store);
	budget_free(rig->budget);
}

static struct result *
make_result(void)
{
	struct result *result = result_new();

	result->seq = 7;
	result->url = mem_strdup("http://h/");
	result->response_code = 203;
	return result;
}

/* A record of a body, NULL: of none; in the work. */
static void
fill(struct rig *rig, const char *text)
{
	struct result *result = make_result();

	if (text != NULL) {
		result->body = body_new(rig->store);
		assert_non_null(result->body);
		assert_int_equal(body_write(result->body, text, strlen(text)),
			0);
	}
	work_fill(rig->work, result, NULL);
}

/* Moves a body to a file that somebody else may write to. */
static int
put_in_file(struct body *body, const char *text)
{
	struct body_place place = { .in_file = 1, .len = strlen(text) };
	int fd = memfd_create("body", MFD_CLOEXEC);

	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(body_update(body, &place, dup(fd)), 0);
	return fd;
}

static int
gather(void *arg, const void *p, size_t n)
{
	return buf_add(arg, p, n);
}

static void
assert_seen(const struct rig *rig, const char *note, const char *expected)
{
	const struct chain_outcome *outcome = &rig->work->outcome;

	if (outcome->failed)
		fail_msg("%s: failed: %s", note, outcome->errormsg);
	if (strcmp(outcome->values[0].text, expected) != 0)
		fail_msg("%s: \"%s\"", note, outcome->values[0].text);
}

/* --- whose it is --- */

static void
it_takes_the_record_and_out_of_it_the_body(void **state)
{
	struct result *result = make_result();
	struct body *body;
	struct rig rig;

	(void)state;
	rig_open(&rig, &seen);
	assert_ptr_equal(rig.work->chain, rig.chain);
	body = result->body = body_new(rig.store);
	result->chunked = 1;
	work_fill(rig.work, result, NULL);
	assert_ptr_equal(rig.work->result, result);
	assert_ptr_equal(rig.work->body, body);
	assert_null(result->body);
	assert_true(rig.work->chunked);
	assert_null(rig.work->content_encoding);
	assert_null(rig.work->page.content_encoding);
	rig_close(&rig);
}

static void
what_it_still_owns_ends_with_it(void **state)
{
	struct result *result;
	struct body *body;
	struct rig rig;

	(void)state;
	rig_open(&rig, &seen);
	fill(&rig, "text");
	work_perform(rig.work, rig.worker);
	assert_int_equal(body_store_room(rig.store), 0);
	work_free(rig.work);
	assert_int_equal(body_store_room(rig.store), 1);

	/* Not what was taken out of it. */
	rig.work = work_new(rig.chain);
	fill(&rig, "text");
	result = rig.work->result;
	body = rig.work->body;
	rig.work->result = NULL;
	rig.work->body = NULL;
	work_free(rig.work);
	assert_string_equal(result->url, "http://h/");
	assert_int_equal(body_length(body), 4);
	body_free(body);
	result_free(result);

	rig.work = NULL;
	work_free(NULL);
	rig_close(&rig);
}

/* --- what the stages see --- */

static void
the_page_is_that_of_the_last_hop(void **state)
{
	static const struct {
		const char *note, *effective, *type, *coding, *expected;
	} cases[] = {
		{ "bare", NULL, NULL, NULL, "7 http://h/ 203 - -|x" },
		{ "a redirect", "http://e/", NULL, NULL,
			"7 http://e/ 203 - -|x" },
		{ "a type", NULL, "text/html", NULL,
			"7 http://h/ 203 text/html -|x" },
		{ "a coding", NULL, NULL, "br", "7 http://h/ 203 - br|x" },
		{ "all", "http://e/", "a/b", "gzip",
			"7 http://e/ 203 a/b gzip|x" },
	};
	struct result *result;
	struct rig rig;
	char coding[8];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		rig_open(&rig, &seen);
		result = make_result();
		if (cases[i].effective != NULL)
			result->url_effective = mem_strdup(cases[i].effective);
		if (cases[i].type != NULL)
			result->content_type = mem_strdup(cases[i].type);
		if (cases[i].coding != NULL)
			snprintf(coding, sizeof coding, "%s", cases[i].coding);
		result->body = body_new(rig.store);
		assert_int_equal(body_write(result->body, "x", 1), 0);
		work_fill(rig.work, result,
			cases[i].coding != NULL ? coding : NULL);
		/* It has a copy. */
		memset(coding, '?', sizeof coding);
		work_perform(rig.work, rig.worker);
		assert_seen(&rig, cases[i].note, cases[i].expected);
		rig_close(&rig);
	}
}

static void
the_stages_see_the_body_wherever_it_is(void **state)
{
	static const struct {
		const char *note, *body;
		int in_file, chunked;
		const char *expected;
	} cases[] = {
		{ "none", NULL, 0, 0, "" },
		{ "empty", "", 0, 0, "" },
		{ "in memory", "a body", 0, 0, "a body" },
		{ "in a file", "a body", 1, 0, "a body" },
		{ "in chunks", "3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n", 0, 1,
			"abcd" },
		{ "what looks like chunks", "1\r\nd\r\n0\r\n\r\n", 0, 0,
			"1\r\nd\r\n0\r\n\r\n" },
		{ "in chunks in a file", "3\r\nabc\r\n0\r\n\r\n", 1, 1,
			"abc" },
	};
	char expected[64];
	struct buf out;
	struct rig rig;
	size_t i;
	int with_out;

	(void)state;
	for (i = 0; i < 2 * sizeof cases / sizeof *cases; i++) {
		with_out = i % 2;
		rig_open(&rig, &seen);
		buf_init(&out, 4096);
		fill(&rig, cases[i / 2].body);
		rig.work->chunked = cases[i / 2].chunked;
		if (cases[i / 2].in_file)
			close(put_in_file(rig.work->body, cases[i / 2].body));
		if (with_out) {
			rig.work->out = gather;
			rig.work->out_arg = &out;
		}
		work_perform(rig.work, rig.worker);
		snprintf(expected, sizeof expected, "7 http://h/ 203 - -|%s",
			cases[i / 2].expected);
		assert_seen(&rig, cases[i / 2].note, expected);
		assert_string_equal(buf_text(&out),
			with_out ? cases[i / 2].expected : "");
		buf_release(&out);
		rig_close(&rig);
	}
}

static void
what_a_stage_refuses_is_the_failure(void **state)
{
	struct rig rig;

	(void)state;
	rig_open(&rig, &seen);
	fill(&rig, "bad");
	work_perform(rig.work, rig.worker);
	assert_true(rig.work->outcome.failed);
	assert_int_equal(rig.work->outcome.error_class, ERROR_EXEC);
	assert_string_equal(rig.work->outcome.errormsg, "it is bad");
	rig_close(&rig);
}

/* Another process had the file as well, and made it shorter. */
static void
a_body_that_cannot_be_read_is_a_failure_here(void **state)
{
	struct rig rig;
	int fd;

	(void)state;
	rig_open(&rig, &seen);
	fill(&rig, "");
	fd = put_in_file(rig.work->body, "a body");
	assert_int_equal(ftruncate(fd, 3), 0);
	close(fd);
	work_perform(rig.work, rig.worker);
	assert_true(rig.work->outcome.failed);
	assert_int_equal(rig.work->outcome.error_class, ERROR_LOCAL);
	assert_null(rig.work->outcome.values);
	assert_non_null(strstr(rig.work->outcome.errormsg,
		"a body of 6 bytes"));
	assert_true(rig.work->begun_us > 0);
	assert_true(rig.work->ended_us >= rig.work->begun_us);
	rig_close(&rig);
}

/* --- the times --- */

static void
the_times_are_those_of_the_stages(void **state)
{
	int64_t before, after;
	struct rig rig;

	(void)state;
	rig_open(&rig, &seen);
	fill(&rig, "text");
	before = clock_us();
	work_perform(rig.work, rig.worker);
	after = clock_us();
	assert_in_range(rig.work->begun_us, before, after);
	assert_in_range(rig.work->ended_us, rig.work->begun_us, after);
	assert_int_equal(rig.work->ended_us - rig.work->begun_us,
		rig.work->outcome.took_us);
	rig_close(&rig);
}

/* Two workers of a stage that takes one body at a time. */
struct turn {
	sem_t inside;			/* the first one is at it */
	_Atomic pid_t second;		/* the thread that comes too early */
	int64_t freed_us;		/* when the first one let it */
};

static struct turn turn;

/* Whether that thread waits for something. */
static int
waits(pid_t tid)
{
	char path[64], line[256], state = 0;
	FILE *file;

	snprintf(path, sizeof path, "/proc/self/task/%d/stat", (int)tid);
	file = fopen(path, "re");
	assert_non_null(file);
	if (fgets(line, sizeof line, file) != NULL)
		sscanf(strrchr(line, ')') + 1, " %c", &state);
	fclose(file);
	return state == 'S';
}

static int
turn_end(void *self, struct stage_call *call, struct err *err)
{
	(void)self;
	(void)call;
	(void)err;
	if (turn.freed_us != 0)
		return 0;
	sem_post(&turn.inside);
	while (turn.second == 0 || !waits(turn.second))
		sched_yield();
	turn.freed_us = clock_us();
	return 0;
}

static const struct stage turns = {
	.name = "turns", .caps = STAGE_SERIAL, .end = turn_end,
};

struct second {
	const struct rig *rig;
	struct work *work;
};

static void *
second_main(void *arg)
{
	struct second *second = arg;
	struct chain_worker *worker = chain_worker_new(second->rig->chain,
		&never, NULL);

	second->work = work_new(second->rig->chain);
	work_fill(second->work, make_result(), NULL);
	sem_wait(&turn.inside);
	turn.second = (pid_t)syscall(SYS_gettid);
	work_perform(second->work, worker);
	chain_worker_free(worker);
	return NULL;
}

static void
waiting_for_another_worker_is_not_in_them(void **state)
{
	struct second second;
	pthread_t thread;
	struct rig rig;

	(void)state;
	rig_open(&rig, &turns);
	sem_init(&turn.inside, 0, 0);
	second.rig = &rig;
	assert_int_equal(pthread_create(&thread, NULL, second_main, &second),
		0);
	fill(&rig, NULL);
	work_perform(rig.work, rig.worker);
	pthread_join(thread, NULL);
	assert_true(turn.freed_us > 0);
	assert_true(second.work->begun_us >= turn.freed_us);
	assert_true(second.work->ended_us >= second.work->begun_us);
	work_free(second.work);
	sem_destroy(&turn.inside);
	rig_close(&rig);
}

/* --- failures that no stage is asked for --- */

static void
a_failure_is_as_it_was_told(void **state)
{
	char words[] = "no thread";
	int64_t before = clock_us();
	struct rig rig;

	(void)state;
	rig_open(&rig, &seen);
	fill(&rig, "text");
	work_fail(rig.work, ERROR_LOCAL, "crashed", words);
	words[0] = '?';
	assert_true(rig.work->outcome.failed);
	assert_int_equal(rig.work->outcome.error_class, ERROR_LOCAL);
	assert_string_equal(rig.work->outcome.detail, "crashed");
	assert_string_equal(rig.work->outcome.errormsg, "no thread");
	assert_null(rig.work->outcome.values);
	assert_in_range(rig.work->ended_us, before, clock_us());
	/* It never ran. */
	assert_int_equal(rig.work->begun_us, rig.work->ended_us);
	rig_close(&rig);
}

static void
a_failure_needs_no_words_and_keeps_its_beginning(void **state)
{
	struct rig rig;

	(void)state;
	rig_open(&rig, &seen);
	fill(&rig, NULL);
	rig.work->begun_us = 5;
	work_fail(rig.work, ERROR_STOPPED, NULL, NULL);
	assert_true(rig.work->outcome.failed);
	assert_int_equal(rig.work->outcome.error_class, ERROR_STOPPED);
	assert_null(rig.work->outcome.detail);
	assert_null(rig.work->outcome.errormsg);
	assert_int_equal(rig.work->begun_us, 5);
	assert_true(rig.work->ended_us > 5);
	rig_close(&rig);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(it_takes_the_record_and_out_of_it_the_body),
	cmocka_unit_test(what_it_still_owns_ends_with_it),
	cmocka_unit_test(the_page_is_that_of_the_last_hop),
	cmocka_unit_test(the_stages_see_the_body_wherever_it_is),
	cmocka_unit_test(what_a_stage_refuses_is_the_failure),
	cmocka_unit_test(a_body_that_cannot_be_read_is_a_failure_here),
	cmocka_unit_test(the_times_are_those_of_the_stages),
	cmocka_unit_test(waiting_for_another_worker_is_not_in_them),
	cmocka_unit_test(a_failure_is_as_it_was_told),
	cmocka_unit_test(a_failure_needs_no_words_and_keeps_its_beginning),
};

UNIT_MAIN("core/work", tests)
