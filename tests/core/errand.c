/* SPDX-License-Identifier: MIT */
/*
 * errand -- what a child is told and answers is what was meant, and its body
 * is the job's own, wherever it is by then; other answers are refused.
 */
#include "config.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "core/body.h"
#include "core/budget.h"
#include "core/chain.h"
#include "core/errand.h"
#include "core/job.h"
#include "core/pool.h"
#include "core/work.h"
#include "core/zygote.h"
#include "net/easy.h"
#include "net/perform.h"
#include "unit.h"

#define LIMIT 65536

struct rig {
	struct budget *budget;
	struct pool_env env;
	struct wire_given given;
	struct zygote_child child;
	struct job job;
	struct buf request, answer;
};

static void
rig_open(struct rig *rig)
{
	*rig = (struct rig){ .budget = budget_new(LIMIT, 2, NULL) };
	rig->env.bodies = body_store_new(&(struct body_store_args){
		.budget = rig->budget, .n = 2 }, NULL);
	assert_non_null(rig->env.bodies);
	rig->child.given = &rig->given;
	rig->child.arg = &rig->env;
	rig->job.body = body_new(rig->env.bodies);
	assert_int_equal(url_parse("http://h.test/", NULL,
		&rig->job.fetch.request.url, NULL), 0);
	buf_init(&rig->request, 1 << 20);
	buf_init(&rig->answer, 1 << 20);
}

static void
rig_close(struct rig *rig)
{
	fetch_release(&rig->job.fetch);
	body_free(rig->job.body);
	body_store_free(rig->env.bodies);
	budget_free(rig->budget);
	buf_release(&rig->request);
	buf_release(&rig->answer);
}

/* The child's side: writes n bytes, unless nobody wants them. */
static void
serve(struct rig *rig, struct errand *errand, int fd, size_t n)
{
	struct fetch_request *request = &errand->request.fetch.request;
	char *bytes = mem_array(n + 1, 1);

	memset(bytes, 'x', n);
	assert_int_equal(errand_read_request(rig->request.data,
		rig->request.len, fd, &rig->child, errand), 0);
	assert_string_equal(request->url.text, "http://h.test/");
	if (request->write_body != NULL) {
		assert_true(request->may_write(request->write_arg));
		assert_int_equal(request->write_body(request->write_arg,
			bytes, n), 0);
	}
	errand->request.fetch.reply.response_code = 200;
	errand->request.fetch.reply.size_download = n;
	free(bytes);
}

/* All of it; whether a file came back. */
static int
run_errand(struct rig *rig, struct errand *errand, size_t n)
{
	int fd, back;

	buf_clear(&rig->request);
	buf_clear(&rig->answer);
	errand_add_request(&rig->request, &fd, &rig->job, &rig->given,
		rig->child.arg);
	serve(rig, errand, fd, n);
	errand_add_reply(&rig->answer, &back, errand);
	assert_int_equal(errand_read_reply(rig->answer.data, rig->answer.len,
		back, &rig->job, rig->child.arg), 0);
	errand_let_go(errand);
	assert_int_equal(rig->job.fetch.reply.response_code, 200);
	return back >= 0;
}

static void
assert_holds(struct body *body, size_t n)
{
	const void *view;
	const char *p;
	size_t len, i;

	assert_int_equal(body_view(body, &view, &len, NULL), 0);
	assert_int_equal(len, n);
	for (p = view, i = 0; i < n; i++)
		assert_int_equal(p[i], 'x');
}

static void
a_body_in_memory_is_there_afterwards(void **state)
{
	struct errand errand = { 0 };
	struct rig rig;

	(void)state;
	rig_open(&rig);
	assert_false(run_errand(&rig, &errand, 10000));
	assert_holds(rig.job.body, 10000);
	errand_release(&errand);
	rig_close(&rig);
}

static void
a_body_that_went_to_a_file_comes_back_with_it(void **state)
{
	struct errand errand = { 0 };
	struct rig rig;

	(void)state;
	rig_open(&rig);
	assert_true(run_errand(&rig, &errand, 2 * LIMIT));
	assert_holds(rig.job.body, 2 * LIMIT);
	errand_release(&errand);
	rig_close(&rig);
}

/* The run's process reads it as its own by then. */
static void
a_body_that_begins_in_a_file_goes_along_and_not_back(void **state)
{
	struct errand errand = { 0 };
	struct rig rig;
	char *bytes = mem_array(LIMIT + 1, 1);

	(void)state;
	memset(bytes, 'x', LIMIT + 1);
	rig_open(&rig);
	assert_int_equal(body_write(rig.job.body, bytes, LIMIT + 1), 0);
	assert_false(run_errand(&rig, &errand, 5000));
	assert_holds(rig.job.body, LIMIT + 5001);
	errand_release(&errand);
	rig_close(&rig);
	free(bytes);
}

static void
one_errand_after_the_other(void **state)
{
	struct errand errand = { 0 };
	struct rig rig;
	size_t i;

	(void)state;
	rig_open(&rig);
	for (i = 0; i < 6; i++) {
		body_free(rig.job.body);
		rig.job.body = i % 3 == 0 ? NULL : body_new(rig.env.bodies);
		assert_int_equal(run_errand(&rig, &errand, i * 30000),
			i * 30000 > LIMIT && i % 3 != 0);
		if (rig.job.body != NULL)
			assert_holds(rig.job.body, i * 30000);
		else
			assert_null(
				errand.request.fetch.request.write_body);
	}
	errand_release(&errand);
	rig_close(&rig);
}

/* A batch has one descriptor, and errands that it is not for. */
static void
a_file_is_for_who_is_in_one(void **state)
{
	struct errand errand = { 0 };
	struct rig rig;
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC), none;

	(void)state;
	rig_open(&rig);
	errand_add_request(&rig.request, &none, &rig.job, &rig.given,
		rig.child.arg);
	assert_int_equal(none, -1);
	serve(&rig, &errand, fd, 100);
	errand_add_reply(&rig.answer, &none, &errand);
	assert_int_equal(none, -1);
	errand_release(&errand);
	close(fd);
	rig_close(&rig);
}

static void
answers_to_other_errands_are_refused(void **state)
{
	struct errand errand = { 0 };
	struct rig rig;
	struct body *other;
	size_t n;
	int fd;

	(void)state;
	rig_open(&rig);
	run_errand(&rig, &errand, 10000);
	for (n = 0; n < rig.answer.len; n++)
		assert_int_equal(errand_read_reply(rig.answer.data, n, -1,
			&rig.job, rig.child.arg), -1);
	assert_int_equal(rig.job.fetch.reply.response_code, 0);

	/* Another's body, and one where there is none. */
	other = rig.job.body;
	rig.job.body = body_new(rig.env.bodies);
	assert_int_equal(errand_read_reply(rig.answer.data, rig.answer.len,
		-1, &rig.job, rig.child.arg), -1);
	body_free(rig.job.body);
	rig.job.body = NULL;
	assert_int_equal(errand_read_reply(rig.answer.data, rig.answer.len,
		-1, &rig.job, rig.child.arg), -1);
	assert_null(rig.job.fetch.reply.errormsg);

	/* A file that did not come along. */
	rig.job.body = other;
	buf_clear(&rig.request);
	buf_clear(&rig.answer);
	errand_add_request(&rig.request, &fd, &rig.job, &rig.given,
		rig.child.arg);
	serve(&rig, &errand, -1, 2 * LIMIT);
	errand_add_reply(&rig.answer, &fd, &errand);
	assert_true(fd >= 0);
	assert_int_equal(errand_read_reply(rig.answer.data, rig.answer.len,
		-1, &rig.job, rig.child.arg), -1);
	errand_release(&errand);
	rig_close(&rig);
}

/* Whatever numbers are in it; sanitizers watch. */
static void
no_answer_leads_beyond_itself(void **state)
{
	static const unsigned char values[] = { 0xff, 0x80, 0x7f };
	struct errand errand = { 0 };
	struct rig rig;
	char word[8];
	size_t at, i;

	(void)state;
	rig_open(&rig);
	run_errand(&rig, &errand, 10000);
	for (at = 0; at + sizeof word <= rig.answer.len; at += sizeof word)
		for (i = 0; i < sizeof values; i++) {
			memcpy(word, rig.answer.data + at, sizeof word);
			memset(rig.answer.data + at, values[i], sizeof word);
			errand_read_reply(rig.answer.data, rig.answer.len, -1,
				&rig.job, rig.child.arg);
			memcpy(rig.answer.data + at, word, sizeof word);
		}
	assert_int_equal(errand_read_reply(rig.answer.data, rig.answer.len,
		-1, &rig.job, rig.child.arg), 0);
	assert_holds(rig.job.body, 10000);
	errand_release(&errand);
	rig_close(&rig);
}

static void
requests_that_are_none_are_refused(void **state)
{
	struct errand errand = { 0 };
	struct rig rig;
	size_t n;
	int fd;

	(void)state;
	rig_open(&rig);
	errand_add_request(&rig.request, &fd, &rig.job, &rig.given,
		rig.child.arg);
	for (n = 0; n < rig.request.len; n++)
		assert_int_equal(errand_read_request(rig.request.data, n, -1,
			&rig.child, &errand), -1);
	/* A place in a store that it was not forked with. */
	rig.child.arg = NULL;
	assert_int_equal(errand_read_request(rig.request.data,
		rig.request.len, -1, &rig.child, &errand), -1);
	errand_release(&errand);
	rig_close(&rig);
}

/* --- with stages that the child runs --- */

static const struct column columns[] = {
	STAGE_COLUMN(U64, "seq", "the page's"),
	STAGE_COLUMN(TEXT, "url", "likewise"),
};

static int
note_end(void *self, struct stage_call *call, struct err *err)
{
	(void)self;
	if (call->page->seq == 13)
		return err_set(err, ERR_FAILED, "not this one");
	value_set_u64(&call->values[0], call->page->seq);
	value_set_text(&call->values[1], mem_strdup(call->page->url));
	return 0;
}

static const struct stage note = {
	.name = "note", .brief = "notes the page", STAGE_COLUMNS(columns),
	.end = note_end,
};

/* A job that fetches nothing, so that errand_perform() needs no server. */
struct post {
	struct rig rig;
	_Atomic int cancelled;
	struct easy_settings settings;
	struct easy_env easy;
	struct perform_group *group;
	struct performer *performer;
	struct errand errand;
};

static void
post_open(struct post *post)
{
	struct rig *rig = &post->rig;

	*post = (struct post){ .settings = { .max_body = 1 } };
	rig_open(rig);
	body_free(rig->job.body);
	rig->job.body = NULL;
	rig->job.fetch.request.flags |= FETCH_NOTHING;
	rig->job.hop_us = clock_us();
	rig->env.in_children = 1;
	rig->env.cancelled = &post->cancelled;
	rig->env.chain = chain_new(1);
	assert_int_equal(chain_add(rig->env.chain, &note, NULL, NULL, NULL),
		0);
	assert_int_equal(easy_env_init(&post->easy, &post->settings,
		TLS_SHARED, NULL), 0);
	post->group = perform_group_new(&post->easy);
	post->performer = performer_new(post->group, NULL);
	assert_non_null(post->performer);
}

static void
post_close(struct post *post)
{
	errand_release(&post->errand);
	work_free(post->rig.job.work);
	performer_free(post->performer);
	perform_group_free(post->group);
	easy_env_release(&post->easy);
	chain_free(post->rig.env.chain);
	rig_close(&post->rig);
}

/* The answer of the child is in rig.answer. */
static void
post_ask(struct post *post, uint64_t seq)
{
	struct rig *rig = &post->rig;
	int fd;

	rig->job.seq = seq;
	buf_clear(&rig->request);
	buf_clear(&rig->answer);
	errand_add_request(&rig->request, &fd, &rig->job, &rig->given,
		&rig->env);
	assert_int_equal(errand_read_request(rig->request.data,
		rig->request.len, fd, &rig->child, &post->errand), 0);
	errand_perform(&post->errand, post->performer);
	errand_add_reply(&rig->answer, &fd, &post->errand);
}

static int
post_read(struct post *post)
{
	struct rig *rig = &post->rig;

	return errand_read_reply(rig->answer.data, rig->answer.len,
		BODY_NO_FILE, &rig->job, &rig->env);
}

static void
what_stages_say_in_the_child_comes_with_the_answer(void **state)
{
	const struct work *work;
	struct post post;
	uint64_t seq;

	(void)state;
	post_open(&post);
	for (seq = 11; seq < 16; seq++) {
		post_ask(&post, seq);
		assert_int_equal(post_read(&post), 0);
		work = post.rig.job.work;
		assert_non_null(work);
		assert_true(work->begun_us >= post.rig.job.hop_us);
		assert_true(work->ended_us >= work->begun_us);
		assert_int_equal(work->outcome.failed, seq == 13);
		if (seq == 13) {
			assert_string_equal(work->outcome.errormsg,
				"not this one");
			continue;
		}
		assert_int_equal(work->outcome.values[0].u64, seq);
		assert_string_equal(work->outcome.values[1].text,
			"http://h.test/");
	}
	post_close(&post);
}

static void
stages_nobody_asked_for_and_times_that_cannot_be_are_refused(void **state)
{
	struct post post;

	(void)state;
	post_open(&post);
	post_ask(&post, 1);
	assert_int_equal(post_read(&post), 0);
	/* Begun before it was asked for. */
	post.rig.job.hop_us = clock_us() + CLOCK_SECOND;
	assert_int_equal(post_read(&post), -1);
	assert_null(post.rig.job.work);
	post.rig.job.hop_us = 0;
	assert_int_equal(post_read(&post), 0);
	post.rig.env.in_children = 0;
	assert_int_equal(post_read(&post), -1);
	assert_null(post.rig.job.work);
	/* Not over yet. */
	post.rig.env.in_children = 1;
	post.errand.ended_us = clock_us() + 1000 * CLOCK_SECOND;
	buf_clear(&post.rig.answer);
	errand_add_reply(&post.rig.answer, &(int){ 0 }, &post.errand);
	assert_int_equal(post_read(&post), -1);
	/* A shorter time than the stages say that they took. */
	post.errand.ended_us = post.errand.begun_us - 1;
	buf_clear(&post.rig.answer);
	errand_add_reply(&post.rig.answer, &(int){ 0 }, &post.errand);
	assert_int_equal(post_read(&post), -1);
	post_close(&post);
}

static const struct stage replace = {
	.name = "replace", .brief = "makes another body of it",
	.caps = STAGE_REPLACES, .end = note_end, STAGE_COLUMNS(columns),
};

/* What they make would be the child's own and lost with it. */
static void
stages_that_make_what_is_kept_are_run_at_home(void **state)
{
	static const struct {
		const char *note;
		const struct stage *stage;
		int keeps, keeps_all, in_child;
	} cases[] = {
		{ "it is dropped", &replace, 0, 0, 1 },
		{ "it becomes a file", &replace, 1, 0, 0 },
		{ "all are kept", &replace, 0, 1, 0 },
		{ "what is kept is what was received", &note, 1, 1, 1 },
	};
	struct post post;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		print_message("# %s\n", cases[i].note);
		post_open(&post);
		post.rig.job.keeps = cases[i].keeps;
		post.rig.env.keeps_all = cases[i].keeps_all;
		if (cases[i].stage != &note)
			assert_int_equal(chain_add(post.rig.env.chain,
				cases[i].stage, NULL, NULL, NULL), 0);
		post_ask(&post, 1);
		assert_int_equal(post_read(&post), 0);
		assert_int_equal(post.rig.job.work != NULL, cases[i].in_child);
		post_close(&post);
	}
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(a_body_in_memory_is_there_afterwards),
	cmocka_unit_test(a_body_that_went_to_a_file_comes_back_with_it),
	cmocka_unit_test(a_body_that_begins_in_a_file_goes_along_and_not_back),
	cmocka_unit_test(one_errand_after_the_other),
	cmocka_unit_test(a_file_is_for_who_is_in_one),
	cmocka_unit_test(answers_to_other_errands_are_refused),
	cmocka_unit_test(no_answer_leads_beyond_itself),
	cmocka_unit_test(requests_that_are_none_are_refused),
	cmocka_unit_test(what_stages_say_in_the_child_comes_with_the_answer),
	cmocka_unit_test(
		stages_nobody_asked_for_and_times_that_cannot_be_are_refused),
	cmocka_unit_test(stages_that_make_what_is_kept_are_run_at_home),
};

UNIT_MAIN("errand", tests)
