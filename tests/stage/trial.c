/* SPDX-License-Identifier: MIT */
/*
 * trial -- a stage in a chain of its own. See trial.h.
 */
#include "config.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/mem.h"
#include "core/chain_worker.h"
#include "opt/opt.h"
#include "stage/trial.h"
#include "unit.h"

/* --- the stage that stands before: cuts, and fails when told to --- */

static int
cut_open(const char *arg, const void *settings, void **ret_plan,
	struct err *err)
{
	(void)arg, (void)err;
	*ret_plan = *(struct trial *const *)settings;
	return 0;
}

/* As memory of its own, so that a sanitizer sees who reads past a piece. */
static int
cut_pass(struct stage_call *call, const char *p, size_t n, struct err *err)
{
	char *copy = mem_dup(p, n);
	int rc = stage_pass(call, copy, n, err);

	free(copy);
	return rc;
}

static int
cut_feed(void *self, struct stage_call *call, const void *p, size_t n,
	struct err *err)
{
	const struct trial *trial = self;
	size_t len = trial->piece == TRIAL_WHOLE ? n : trial->piece;
	size_t at;

	for (at = 0; at < n; at += len) {
		if (at >= trial->fail_at)
			return err_set(err, ERR_FAILED, "broken off");
		if (len > n - at)
			len = n - at;
		if (cut_pass(call, (const char *)p + at, len, err) != 0)
			return -1;
	}
	return 0;
}

static const struct stage cut = {
	.name = "cut",
	.caps = STAGE_REPLACES | STAGE_WHOLE,
	.open = cut_open,
	.feed = cut_feed,
};

/* --- the trial --- */

struct trial *
trial_new(const struct stage *stage, const char *arg, const void *settings)
{
	struct trial *trial = mem_array(1, sizeof *trial);
	struct err err = { .code = ERR_NONE };

	trial->page.url = "http://h/x";
	trial->page.response_code = 200;
	trial->chain = chain_new((size_t)64 << 20);
	buf_init(&trial->out, (size_t)64 << 20);
	if (chain_add(trial->chain, &cut, NULL, &trial, &err) != 0 ||
	    chain_add(trial->chain, stage, arg, settings, &err) != 0)
		fail_msg("%s: %s", stage->name, err.text);
	trial->worker = chain_worker_new(trial->chain, &trial->cancelled,
		&err);
	if (trial->worker == NULL)
		fail_msg("%s: %s", stage->name, err.text);
	return trial;
}

struct trial *
trial_new_with(const struct stage *stage, const char *arg, const char *option,
	const char *value)
{
	struct opts *opts = opts_new();
	void *settings = opts_add(opts, stage->opts);
	struct err err = { .code = ERR_NONE };
	struct trial *trial;
	char *argv[4] = { NULL };
	int first;

	if (option != NULL) {
		argv[0] = mem_strdup("fetchall");
		argv[1] = mem_strdup(option);
		argv[2] = mem_strdup(value);
		if (opts_parse(opts, 3, argv, &first, &err) != 0)
			fail_msg("%s: %s", option, err.text);
		free(argv[0]);
		free(argv[1]);
		free(argv[2]);
	}
	trial = trial_new(stage, arg, settings);
	trial->opts = opts;
	return trial;
}

void
trial_free(struct trial *trial)
{
	opts_free(trial->opts);
	chain_outcome_release(&trial->outcome, trial->chain);
	chain_worker_free(trial->worker);
	chain_free(trial->chain);
	buf_release(&trial->out);
	free(trial);
}

static int
trial_take(void *arg, const void *p, size_t n)
{
	struct trial *trial = arg;

	if (trial->stop_at > 0 && trial->out.len + n >= trial->stop_at)
		atomic_store(&trial->cancelled, 1);
	return buf_add(&trial->out, p, n);
}

static void
trial_send(struct trial *trial, const void *p, size_t n)
{
	chain_outcome_release(&trial->outcome, trial->chain);
	buf_clear(&trial->out);
	chain_worker_run(trial->worker, &trial->page, &(struct chain_bytes){
		.p = p, .n = n, .out = trial_take, .out_arg = trial },
		&trial->outcome);
}

void
trial_run(struct trial *trial, const void *p, size_t n, size_t piece)
{
	trial->piece = piece;
	trial->fail_at = SIZE_MAX;
	trial_send(trial, p, n);
}

void
trial_run_cut(struct trial *trial, const void *p, size_t n,
	void (*check)(struct trial *trial, const void *arg), const void *arg)
{
	static const size_t pieces[] = TRIAL_PIECES;
	size_t i;

	for (i = 0; i < sizeof pieces / sizeof *pieces; i++) {
		print_message("%zu bytes in pieces of %zu\n", n, pieces[i]);
		trial_run(trial, p, n, pieces[i]);
		check(trial, arg);
	}
}

void
trial_abort(struct trial *trial, const void *p, size_t n, size_t after)
{
	assert_in_range(after, 1, n - 1);
	trial->piece = trial->fail_at = after;
	trial_send(trial, p, n);
	assert_true(trial->outcome.failed);
	assert_string_equal(trial->outcome.errormsg, "broken off");
}

struct canceller {
	struct trial *trial;
	unsigned ms;
};

static void *
trial_cancel(void *arg)
{
	const struct canceller *canceller = arg;

	usleep(canceller->ms * 1000);
	atomic_store(&canceller->trial->cancelled, 1);
	return NULL;
}

void
trial_stops(const struct stage *stage, const char *arg)
{
	struct trial *trial = trial_new(stage, arg, NULL);
	struct canceller canceller = { trial, 20 };
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, trial_cancel,
		&canceller), 0);
	trial_run(trial, "", 0, TRIAL_WHOLE);
	pthread_join(thread, NULL);
	assert_true(trial->outcome.failed);
	assert_int_equal(trial->outcome.error_class, ERROR_STOPPED);
	trial_free(trial);
}

/* --- what it said --- */

const struct value *
trial_value(const struct trial *trial, const char *name)
{
	const struct column *columns;
	size_t i, n;

	columns = chain_columns(trial->chain, &n);
	for (i = 0; i < n; i++)
		if (strcmp(columns[i].name, name) == 0)
			return trial->outcome.values[i].set ?
				&trial->outcome.values[i] : NULL;
	fail_msg("no column is called %s", name);
	return NULL;
}

const char *
trial_text(const struct trial *trial, const char *name)
{
	const struct value *value = trial_value(trial, name);

	return value != NULL ? value->text : NULL;
}

uint64_t
trial_u64(const struct trial *trial, const char *name)
{
	const struct value *value = trial_value(trial, name);

	if (value == NULL)
		fail_msg("%s is not set: %s", name,
			trial->outcome.errormsg != NULL ?
			trial->outcome.errormsg : "no error");
	return value->u64;
}

void
trial_refuses(const struct stage *stage, const char *arg, const char *words)
{
	struct chain *chain = chain_new(1);
	struct err err = { .code = ERR_NONE };

	if (chain_add(chain, stage, arg, NULL, &err) == 0)
		fail_msg("%s takes '%s'", stage->name, arg);
	assert_int_equal(err.code, ERR_USAGE);
	if (strstr(err.text, words) == NULL)
		fail_msg("%s: '%s' is answered with: %s", stage->name, arg,
			err.text);
	assert_int_equal(chain_length(chain), 0);
	chain_free(chain);
}

struct trial_question {
	const char *column, *answer;
};

static void
trial_check_text(struct trial *trial, const void *arg)
{
	const struct trial_question *question = arg;

	assert_false(trial->outcome.failed);
	assert_string_equal(trial_text(trial, question->column),
		question->answer);
}

void
trial_answers(const struct stage *stage, const char *column,
	const struct trial_answer *answers, size_t n)
{
	struct trial *trial = trial_new(stage, NULL, NULL);
	size_t i, k;

	for (i = 0; i < n; i++) {
		struct trial_question question = {
			column, answers[i].answer,
		};
		struct buf body;

		print_message("%s\n", answers[i].note);
		buf_init(&body, (size_t)16 << 20);
		for (k = 0; k < answers[i].times; k++)
			buf_add_text(&body, answers[i].body);
		trial_run_cut(trial, buf_text(&body), body.len,
			trial_check_text, &question);
		buf_release(&body);
		trial_abort(trial, "abcdefgh", 8, 5);
		assert_null(trial_value(trial, column));
		trial_run(trial, "", 0, TRIAL_WHOLE);
		assert_false(trial->outcome.failed);
	}
	trial_free(trial);
}

void
trial_numbers(const struct stage *stage, const char *column,
	const struct trial_number *numbers, size_t n)
{
	struct trial *trial;
	size_t i;

	for (i = 0; i < n; i++) {
		print_message("%s:%s\n", stage->name, numbers[i].arg);
		trial = trial_new(stage, numbers[i].arg, NULL);
		trial_run(trial, "", 0, TRIAL_WHOLE);
		assert_int_equal(trial_u64(trial, column), numbers[i].answer);
		trial_run(trial, "a body", 6, 1);
		assert_int_equal(trial_u64(trial, column), numbers[i].answer);
		trial_abort(trial, "a body", 6, 3);
		assert_null(trial_value(trial, column));
		trial_free(trial);
	}
}

char *
trial_words(size_t n)
{
	static const char *const words[] = {
		"lorem", " ipsum", "\n", "dolor", "\t", " sit", "amet,", " ",
	};
	struct buf buf;
	uint32_t random = 1;

	buf_init(&buf, n + 16);
	while (buf.len < n) {
		random = random * 1664525 + 1013904223;
		buf_add_text(&buf, words[random >> 29]);
		if (random << 8 >> 28 == 0)
			buf_add_char(&buf, (char)(random >> 16));
	}
	buf_cut(&buf, n);
	return buf_take(&buf);
}
