/* SPDX-License-Identifier: MIT */
/*
 * chain_worker -- one body after the other through a chain of stages. Bytes
 * are pushed: each stage takes a piece and the worker or the stage itself
 * hands on what comes of it, so that nothing is kept but what a stage keeps.
 * Only a stage that wants all bytes at once, and gets them in pieces, has them
 * gathered.
 */
#include "config.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "core/chain_outcome.h"
#include "core/chain_own.h"
#include "core/chain_worker.h"
#include "core/stage.h"
#include "core/verdict.h"
#include "net/chunks.h"

/* What a gathered body leaves behind for the next one at most. */
#define CHAIN_KEPT_MAX (1 << 20)

/* The most that feed() gets at once, so that the run's end is noticed within
 * a body: the slowest stages pack some MB a second. */
#define CHAIN_PIECE_MAX 65536
#define CHAIN_WINDOW (4u << 20)	/* of a long body, at a time */

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

/* --- a worker's life --- */

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

/* --- failures --- */

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

/* --- bytes on their way --- */

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

/* --- one body --- */

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

/* A large body is an exception whose memory others need. */
static void
chain_forget(struct chain_worker *worker)
{
	size_t i;

	for (i = 0; i < worker->chain->n; i++)
		if (worker->gathered[i].size > CHAIN_KEPT_MAX)
			buf_release(&worker->gathered[i]);
}

void
chain_worker_run(struct chain_worker *worker, const struct stage_page *page,
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
