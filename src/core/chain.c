/* SPDX-License-Identifier: MIT */
/*
 * chain -- stages one behind the other. Bytes are pushed: each stage takes a
 * piece and the chain or the stage itself hands on what comes of it, so that
 * nothing is kept but what a stage keeps. Only a stage that wants all bytes
 * at once, and gets them in pieces, has them gathered.
 */
#include "config.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "core/chain.h"
#include "core/verdict.h"
#include "net/chunks.h"

/* What a gathered body leaves behind for the next one at most. */
#define CHAIN_KEPT_MAX (1 << 20)

/* The most that feed() gets at once, so that the run's end is noticed within
 * a body: the slowest stages pack some MB a second. */
#define CHAIN_WINDOW (4u << 20)	/* of a long body, at a time */
#define CHAIN_PIECE_MAX 65536

struct chain_link {
	const struct stage *stage;
	void *plan;
	size_t first;		/* of its columns among the chain's */
	int gathers;		/* wants all bytes and gets pieces */
	int passes_whole;	/* the next one gets all bytes at once */
};

struct chain {
	struct chain_link *links;
	size_t n;
	struct column *columns;
	size_t n_columns;
	char **names;		/* of columns that were renamed */
	size_t n_names;
	uint64_t max_gather;
	/*
	 * Held for a whole body where a stage is not thread-safe. One for all
	 * such stages: each would be held from the first begin() to the last
	 * end(), and so whoever has the first has all of them.
	 */
	pthread_mutex_t lock;
	int serial;
	int shows_whole;	/* a stage sees the body as it came, at once */
	int chunked;		/* bodies may be in the chunked coding */
};

struct chain_worker {
	struct chain *chain;
	const _Atomic int *cancelled;
	void (*ask)(void *arg);
	void *ask_arg;
	void **selfs;		/* of each stage */
	struct buf *gathered;	/* likewise, for those that gather */
	struct stage_call *calls;
	int (*out)(void *arg, const void *p, size_t n);
	void *out_arg;
	/* Of the failure, by the innermost stage that has a say. */
	enum error_class error_class;
	const char *detail;
};

/* --- the stages of a run --- */

struct chain *
chain_new(uint64_t max_gather)
{
	struct chain *chain = mem_array(1, sizeof *chain);

	chain->max_gather = max_gather;
	pthread_mutex_init(&chain->lock, NULL);
	return chain;
}

void
chain_expect_chunks(struct chain *chain)
{
	chain->chunked = 1;
}

void
chain_free(struct chain *chain)
{
	size_t i;

	if (chain == NULL)
		return;
	for (i = 0; i < chain->n; i++)
		if (chain->links[i].stage->close != NULL)
			chain->links[i].stage->close(chain->links[i].plan);
	for (i = 0; i < chain->n_names; i++)
		free(chain->names[i]);
	pthread_mutex_destroy(&chain->lock);
	free(chain->names);
	free(chain->columns);
	free(chain->links);
	free(chain);
}

static int
chain_has_column(const struct chain *chain, const char *name)
{
	const struct column_set set = {
		.values = chain->columns, .n_values = chain->n_columns,
	};

	return column_find(&set, name, NULL) != NULL;
}

/* The name itself, or with the first number behind it that is free. */
static const char *
chain_column_name(struct chain *chain, const char *name)
{
	char *other = NULL;
	unsigned i;

	if (!chain_has_column(chain, name))
		return name;
	for (i = 2; other == NULL || chain_has_column(chain, other); i++) {
		free(other);
		other = mem_printf("%s_%u", name, i);
	}
	chain->names = mem_grow(chain->names, chain->n_names + 1,
		sizeof *chain->names);
	chain->names[chain->n_names++] = other;
	return other;
}

static void
chain_add_column(struct chain *chain, const struct column *column)
{
	struct column copy = *column;

	copy.name = chain_column_name(chain, column->name);
	copy.value = chain->n_columns + 1;
	chain->columns = mem_grow(chain->columns, chain->n_columns + 1,
		sizeof *chain->columns);
	chain->columns[chain->n_columns++] = copy;
}

/* What stands before it decides whether a stage gets pieces. */
static void
chain_add_link(struct chain *chain, struct chain_link link)
{
	int in_pieces = chain->n > 0 ?
		!chain->links[chain->n - 1].passes_whole : chain->chunked;

	link.gathers = in_pieces && (link.stage->caps & STAGE_WHOLE) != 0;
	link.passes_whole = (!in_pieces || link.gathers) &&
		(link.stage->caps & STAGE_REPLACES) == 0;
	chain->links = mem_grow(chain->links, chain->n + 1,
		sizeof *chain->links);
	chain->links[chain->n++] = link;
	if (link.stage->caps & STAGE_SERIAL)
		chain->serial = 1;
	if (!in_pieces && (link.stage->caps & STAGE_WHOLE))
		chain->shows_whole = 1;
}

int
chain_add(struct chain *chain, const struct stage *stage, const char *arg,
	const void *settings, struct err *err)
{
	struct chain_link link = {
		.stage = stage, .first = chain->n_columns,
	};
	size_t i;

	if (stage->arg == NULL && arg != NULL)
		return err_set(err, ERR_USAGE,
			"stage '%s' takes no argument, but has '%s'",
			stage->name, arg);
	if (stage->open != NULL &&
	    stage->open(arg, settings, &link.plan, err) != 0)
		return -1;
	for (i = 0; i < stage->n_columns; i++)
		chain_add_column(chain, &stage->columns[i]);
	chain_add_link(chain, link);
	return 0;
}

size_t
chain_length(const struct chain *chain)
{
	return chain->n;
}

const struct column *
chain_columns(const struct chain *chain, size_t *ret_n)
{
	*ret_n = chain->n_columns;
	return chain->columns;
}

static int
chain_has(const struct chain *chain, unsigned cap)
{
	size_t i;

	for (i = 0; i < chain->n; i++)
		if (chain->links[i].stage->caps & cap)
			return 1;
	return 0;
}

int
chain_replaces(const struct chain *chain)
{
	return chain_has(chain, STAGE_REPLACES);
}

int
chain_commands(const struct chain *chain)
{
	return chain_has(chain, STAGE_COMMANDS);
}

/* --- a worker --- */

static void
chain_lock(struct chain *chain)
{
	if (chain->serial)
		pthread_mutex_lock(&chain->lock);
}

static void
chain_unlock(struct chain *chain)
{
	if (chain->serial)
		pthread_mutex_unlock(&chain->lock);
}

static int
chain_start(struct chain_worker *worker, size_t at, struct err *err)
{
	const struct chain_link *link = &worker->chain->links[at];
	int rc = 0;

	worker->selfs[at] = link->plan;
	if (link->stage->start == NULL)
		return 0;
	chain_lock(worker->chain);
	rc = link->stage->start(link->plan, &worker->selfs[at], err);
	chain_unlock(worker->chain);
	return rc;
}

/* Ends the first n stages, which were started, the last one first. */
static void
chain_stop(struct chain_worker *worker, size_t n)
{
	const struct chain_link *links = worker->chain->links;

	chain_lock(worker->chain);
	while (n-- > 0)
		if (links[n].stage->stop != NULL)
			links[n].stage->stop(worker->selfs[n]);
	chain_unlock(worker->chain);
}

static void
chain_worker_end(struct chain_worker *worker, size_t n_started)
{
	size_t i;

	chain_stop(worker, n_started);
	for (i = 0; i < worker->chain->n; i++)
		buf_release(&worker->gathered[i]);
	free(worker->gathered);
	free(worker->calls);
	free(worker->selfs);
	free(worker);
}

struct chain_worker *
chain_worker_new(struct chain *chain, const _Atomic int *cancelled,
	struct err *err)
{
	struct chain_worker *worker = mem_array(1, sizeof *worker);
	size_t i;

	worker->chain = chain;
	worker->cancelled = cancelled;
	worker->selfs = mem_array(chain->n, sizeof *worker->selfs);
	worker->calls = mem_array(chain->n, sizeof *worker->calls);
	worker->gathered = mem_array(chain->n, sizeof *worker->gathered);
	for (i = 0; i < chain->n; i++)
		buf_init(&worker->gathered[i], chain->max_gather);
	for (i = 0; i < chain->n; i++) {
		if (chain_start(worker, i, err) != 0) {
			chain_worker_end(worker, i);
			return NULL;
		}
	}
	return worker;
}

void
chain_worker_free(struct chain_worker *worker)
{
	if (worker != NULL)
		chain_worker_end(worker, worker->chain->n);
}

void
chain_worker_ask(struct chain_worker *worker, void (*ask)(void *arg),
	void *arg)
{
	worker->ask = ask;
	worker->ask_arg = arg;
}

/* --- one body --- */

static int
chain_fails(struct chain_worker *worker, enum error_class error_class,
	const char *detail)
{
	worker->error_class = error_class;
	worker->detail = detail;
	return -1;
}

int
stage_cancelled(const struct stage_call *call)
{
	const struct chain_worker *worker = call->worker;

	if (worker->ask != NULL)
		worker->ask(worker->ask_arg);
	return atomic_load_explicit(worker->cancelled, memory_order_relaxed);
}

/* Comes before every call of a hook. */
static int
chain_goes_on(struct chain_worker *worker, size_t at, struct err *err)
{
	if (!stage_cancelled(&worker->calls[at]))
		return 0;
	err_set(err, ERR_INTERRUPTED, "stopped");
	return chain_fails(worker, ERROR_STOPPED, NULL);
}

/*
 * What a hook returned: its failure is the worker's. When the run is being
 * ended that is the reason, whatever the stage made of it.
 */
static int
chain_hears(struct chain_worker *worker, size_t at, int rc)
{
	const struct stage_call *call = &worker->calls[at];

	if (rc == 0)
		return 0;
	return chain_fails(worker, stage_cancelled(call) ? ERROR_STOPPED :
		call->error_class, call->detail);
}

static int
chain_out(struct chain_worker *worker, const void *p, size_t n,
	struct err *err)
{
	const char *detail;

	if (worker->out == NULL || n == 0 ||
	    worker->out(worker->out_arg, p, n) == 0)
		return 0;
	detail = verdict_write_detail(errno);
	err_sys(err, "cannot write the body");
	return chain_fails(worker, ERROR_LOCAL, detail);
}

static int
chain_gather(struct chain_worker *worker, size_t at, const void *p, size_t n,
	struct err *err)
{
	if (buf_add(&worker->gathered[at], p, n) == 0)
		return 0;
	err_set(err, ERR_FAILED, "more than the %llu bytes that stage '%s' "
		"may have at once",
		(unsigned long long)worker->chain->max_gather,
		worker->chain->links[at].stage->name);
	return chain_fails(worker, ERROR_BODY, "limit");
}

static int chain_push(struct chain_worker *worker, size_t at, const void *p,
	size_t n, struct err *err);

static int
chain_feed_piece(struct chain_worker *worker, size_t at, const void *p,
	size_t n, struct err *err)
{
	int rc;

	if (chain_goes_on(worker, at, err) != 0)
		return -1;
	rc = worker->chain->links[at].stage->feed(worker->selfs[at],
		&worker->calls[at], p, n, err);
	return chain_hears(worker, at, rc);
}

static int
chain_feed_pieces(struct chain_worker *worker, size_t at, const char *p,
	size_t n, struct err *err)
{
	size_t len;

	for (; n > 0; p += len, n -= len) {
		len = n < CHAIN_PIECE_MAX ? n : CHAIN_PIECE_MAX;
		if (chain_feed_piece(worker, at, p, len, err) != 0)
			return -1;
	}
	return 0;
}

static int
chain_feed(struct chain_worker *worker, size_t at, const void *p, size_t n,
	struct err *err)
{
	const struct stage *stage = worker->chain->links[at].stage;
	int rc = 0;

	if (stage->feed != NULL && (stage->caps & STAGE_WHOLE))
		rc = chain_feed_piece(worker, at, p, n, err);
	else if (stage->feed != NULL)
		rc = chain_feed_pieces(worker, at, p, n, err);
	if (rc != 0 || (stage->caps & STAGE_REPLACES))
		return rc;
	return chain_push(worker, at + 1, p, n, err);
}

/* Bytes for stage `at` and, through it, for those behind it. */
static int
chain_push(struct chain_worker *worker, size_t at, const void *p, size_t n,
	struct err *err)
{
	if (at == worker->chain->n)
		return chain_out(worker, p, n, err);
	if (worker->chain->links[at].gathers)
		return chain_gather(worker, at, p, n, err);
	return chain_feed(worker, at, p, n, err);
}

int
stage_pass(struct stage_call *call, const void *p, size_t n, struct err *err)
{
	struct chain_worker *worker = call->worker;

	assert(worker->chain->links[call->at].stage->caps & STAGE_REPLACES);
	if (chain_push(worker, call->at + 1, p, n, err) == 0)
		return 0;
	call->error_class = worker->error_class;
	call->detail = worker->detail;
	return -1;
}

/* From the last to the first: a stage may pass something on in begin(). */
static int
chain_begin(struct chain_worker *worker, const struct stage_page *page,
	struct value *values, struct err *err)
{
	const struct chain_link *links = worker->chain->links;
	size_t i;
	int rc;

	for (i = worker->chain->n; i-- > 0;) {
		worker->calls[i] = (struct stage_call){
			.page = page, .values = values + links[i].first,
			.error_class = ERROR_EXEC, .worker = worker, .at = i,
		};
		buf_clear(&worker->gathered[i]);
		if (links[i].stage->begin == NULL)
			continue;
		if (chain_goes_on(worker, i, err) != 0)
			return -1;
		rc = links[i].stage->begin(worker->selfs[i],
			&worker->calls[i], err);
		if (chain_hears(worker, i, rc) != 0)
			return -1;
	}
	return 0;
}

static int
chain_end(struct chain_worker *worker, struct err *err)
{
	const struct chain_link *links = worker->chain->links;
	const struct buf *buf;
	size_t i;
	int rc;

	for (i = 0; i < worker->chain->n; i++) {
		buf = &worker->gathered[i];
		if (links[i].gathers && chain_feed(worker, i, buf_text(buf),
		    buf->len, err) != 0)
			return -1;
		if (links[i].stage->end == NULL)
			continue;
		if (chain_goes_on(worker, i, err) != 0)
			return -1;
		rc = links[i].stage->end(worker->selfs[i], &worker->calls[i],
			err);
		if (chain_hears(worker, i, rc) != 0)
			return -1;
	}
	return 0;
}

/* A large body is an exception whose memory others need. */
static void
chain_forget(struct chain_worker *worker)
{
	size_t i;

	for (i = 0; i < worker->chain->n; i++)
		if (worker->gathered[i].size > CHAIN_KEPT_MAX)
			buf_release(&worker->gathered[i]);
}

static void
chain_note_failure(const struct chain_worker *worker, const struct err *err,
	struct chain_outcome *ret)
{
	ret->failed = 1;
	ret->error_class = worker->error_class;
	ret->detail = worker->detail;
	if (err->text[0] != '\0')
		ret->errormsg = mem_strdup(err->text);
}

/* The content between the framing. */
static int
chain_push_chunks(struct chain_worker *worker, struct chunks *chunks,
	const char *p, size_t n, struct err *err)
{
	const void *span;
	size_t at = 0, len;
	int more;

	while ((more = chunks_next(chunks, p, n, &at, &span, &len)) > 0)
		if (chain_push(worker, 0, span, len, err) != 0)
			return -1;
	if (more == 0)
		return 0;
	err_set(err, ERR_FAILED, "the body is not in the chunked coding");
	return chain_fails(worker, ERROR_BODY, NULL);
}

/* In windows, unless a stage is to see all of it where it is. */
static int
chain_push_all(struct chain_worker *worker, const struct chain_bytes *bytes,
	struct err *err)
{
	size_t window = bytes->n, n, done;
	struct chunks chunks;
	const char *p;
	int rc;

	if (bytes->n == 0)
		return chain_push(worker, 0, "", 0, err);
	assert(!bytes->chunked || !worker->chain->shows_whole);
	chunks_init(&chunks);
	if (bytes->passed != NULL && !worker->chain->shows_whole)
		window = CHAIN_WINDOW;
	for (done = 0; done < bytes->n; done += n) {
		n = bytes->n - done < window ? bytes->n - done : window;
		p = (const char *)bytes->p + done;
		rc = bytes->chunked ?
			chain_push_chunks(worker, &chunks, p, n, err) :
			chain_push(worker, 0, p, n, err);
		if (rc != 0)
			return -1;
		if (bytes->passed != NULL)
			bytes->passed(p, n);
	}
	return 0;
}

void
chain_run(struct chain_worker *worker, const struct stage_page *page,
	const struct chain_bytes *bytes, struct chain_outcome *ret)
{
	struct chain *chain = worker->chain;
	struct err err = { .code = ERR_NONE };
	int64_t cpu_us, began_us;

	worker->out = bytes->out;
	worker->out_arg = bytes->out_arg;
	ret->values = mem_array(chain->n_columns, sizeof *ret->values);
	chain_lock(chain);
	began_us = clock_us();
	cpu_us = clock_thread_us();
	if (chain_begin(worker, page, ret->values, &err) != 0 ||
	    chain_push_all(worker, bytes, &err) != 0 ||
	    chain_end(worker, &err) != 0)
		chain_note_failure(worker, &err, ret);
	ret->cpu_us = clock_thread_us() - cpu_us;
	ret->took_us = clock_us() - began_us;
	chain_unlock(chain);
	chain_forget(worker);
}

/* --- what became of it --- */

void
chain_outcome_release(struct chain_outcome *outcome,
	const struct chain *chain)
{
	if (outcome->values != NULL)
		values_clear(outcome->values, chain->columns,
			chain->n_columns);
	free(outcome->values);
	free(outcome->errormsg);
	*outcome = (struct chain_outcome){ .failed = 0 };
}

#define CHAIN_NO_TEXT UINT32_MAX
#define CHAIN_NO_DETAIL UINT32_MAX

/* Followed by the message without a NUL, and by the values. */
struct chain_outcome_head {
	int64_t took_us, cpu_us;
	uint32_t error_class;	/* ERROR_NONE: did not fail */
	uint32_t detail;	/* number of it, or CHAIN_NO_DETAIL */
	uint32_t errormsg_len;	/* or CHAIN_NO_TEXT */
	uint32_t has_values;
};

static uint32_t
chain_detail_number(const char *detail)
{
	uint32_t i;

	for (i = 0; detail != NULL && verdict_details[i] != NULL; i++)
		if (strcmp(verdict_details[i], detail) == 0)
			return i;
	return CHAIN_NO_DETAIL;
}

/* -1: there is no such detail. */
static int
chain_detail_read(uint32_t number, const char **ret)
{
	uint32_t i;

	*ret = NULL;
	if (number == CHAIN_NO_DETAIL)
		return 0;
	for (i = 0; verdict_details[i] != NULL; i++)
		if (i == number)
			*ret = verdict_details[i];
	return *ret != NULL ? 0 : -1;
}

static void
chain_outcome_put(struct buf *out, const struct chain_outcome *outcome,
	const struct chain *chain)
{
	struct chain_outcome_head head = {
		.took_us = outcome->took_us,
		.cpu_us = outcome->cpu_us,
		.error_class = outcome->failed ?
			(uint32_t)outcome->error_class : ERROR_NONE,
		.detail = chain_detail_number(outcome->detail),
		.errormsg_len = outcome->errormsg != NULL ?
			(uint32_t)strlen(outcome->errormsg) : CHAIN_NO_TEXT,
		.has_values = outcome->values != NULL,
	};

	buf_add(out, &head, sizeof head);
	if (outcome->errormsg != NULL)
		buf_add(out, outcome->errormsg, head.errormsg_len);
	if (outcome->values != NULL)
		values_add(out, outcome->values, chain->columns,
			chain->n_columns);
}

void
chain_outcome_add(struct buf *out, const struct chain_outcome *outcome,
	const struct chain *chain)
{
	static char text[] = "the stages say too much of this body";
	const struct chain_outcome instead = {
		.failed = 1, .error_class = ERROR_BODY, .detail = "limit",
		.errormsg = text,
		.took_us = outcome->took_us, .cpu_us = outcome->cpu_us,
	};
	size_t before = out->len;

	chain_outcome_put(out, outcome, chain);
	if (!out->full && out->len - before <= CHAIN_OUTCOME_MAX)
		return;
	buf_cut(out, before);
	out->full = 0;
	chain_outcome_put(out, &instead, chain);
}

static int
chain_read_values(const char *p, size_t n, const struct chain *chain,
	struct chain_outcome *ret)
{
	ret->values = mem_array(chain->n_columns, sizeof *ret->values);
	return values_read(p, n, ret->values, chain->columns,
		chain->n_columns);
}

int
chain_outcome_read(const void *p, size_t len, const struct chain *chain,
	int64_t most_us, struct chain_outcome *ret)
{
	struct chain_outcome_head head;
	struct chain_outcome got = { .failed = 0 };
	const char *at = p;
	size_t text_len;
	int rc = 0;

	if (len < sizeof head)
		return -1;
	memcpy(&head, at, sizeof head);
	at += sizeof head;
	len -= sizeof head;
	text_len = head.errormsg_len != CHAIN_NO_TEXT ? head.errormsg_len : 0;
	if (head.took_us < 0 || head.took_us > most_us || head.cpu_us < 0 ||
	    head.has_values > 1 ||
	    head.error_class >= ERROR_CLASS_COUNT || text_len > len ||
	    chain_detail_read(head.detail, &got.detail) != 0)
		return -1;
	got.failed = head.error_class != ERROR_NONE;
	got.error_class = (enum error_class)head.error_class;
	got.took_us = head.took_us;
	/* Two clocks may differ a little; more than that is not believed. */
	got.cpu_us = head.cpu_us < head.took_us ? head.cpu_us : head.took_us;
	if (head.errormsg_len != CHAIN_NO_TEXT)
		got.errormsg = mem_strndup(at, text_len);
	if (head.has_values)
		rc = chain_read_values(at + text_len, len - text_len, chain,
			&got);
	else if (len > text_len)
		rc = -1;
	if (rc != 0)
		chain_outcome_release(&got, chain);
	else
		*ret = got;
	return rc;
}
