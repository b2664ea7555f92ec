/* SPDX-License-Identifier: MIT */
/*
 * process -- worker processes: a stage that crashes costs one record, and one
 * that is not thread-safe runs once in each.
 *
 * The body is in memory that workers share from its first byte (core/body);
 * what is sent is where it is, and what comes back is what the stages say.
 */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/write.h"
#include "core/body.h"
#include "core/chain_outcome.h"
#include "core/chain_worker.h"
#include "core/crew.h"
#include "core/result.h"
#include "core/work.h"
#include "core/zygote.h"
#include "pool/family.h"

#define PROCESS_NICE 5

/* In front of a request's texts: URL, type and coding, each with its NUL. */
struct process_request {
	uint64_t seq;
	int64_t response_code;
	struct body_place place;
	int has_body, has_type, has_coding, wants_output, chunked;
};

/* In front of the stages' outcome. The clock is the same in all processes. */
struct process_answer {
	int64_t begun_us, ended_us;
};

/* --- in a worker --- */

struct process_self {
	const struct pool_env *env;
	struct chain_worker *worker;
};

static const char *
process_take_text(const char **at, int there)
{
	const char *text = *at;

	if (!there)
		return NULL;
	*at += strlen(text) + 1;
	return text;
}

static int
process_write(void *arg, const void *p, size_t n)
{
	const int *fd = arg;

	return write_all(*fd, p, n);
}

static void
process_answer_with(struct packet *answer, const struct work *work,
	const struct chain *chain)
{
	struct process_answer head = {
		.begun_us = work->begun_us,
		.ended_us = work->ended_us,
	};

	buf_add(&answer->bytes, &head, sizeof head);
	chain_outcome_add(&answer->bytes, &work->outcome, chain);
}

/* Again for each body until it works: memory or descriptors may be short only
 * now, and a process that ended over it could not say why. */
static int
process_start_stages(struct process_self *self, struct err *err)
{
	if (self->worker == NULL)
		self->worker = chain_worker_new(self->env->chain,
			self->env->cancelled, err);
	return self->worker != NULL ? 0 : -1;
}

/* The run's process wrote the request: it is as it says. What came with the
 * message ends with it. */
static int
process_take_body(const struct process_self *self,
	const struct process_request *head, const struct packet *request,
	struct work *work, struct err *err)
{
	int fd = -1;

	if (!head->has_body)
		return 0;
	if (head->place.in_file) {
		fd = fcntl(request->fds[0], F_DUPFD_CLOEXEC, 0);
		if (fd < 0)
			return err_sys(err, "cannot open the file of a body");
	}
	work->body = body_attach(self->env->bodies, &head->place, fd);
	if (work->body == NULL)
		_exit(EXIT_FAILURE);
	return 0;
}

static void
process_read_page(const struct packet *request,
	const struct process_request *head, struct stage_page *ret)
{
	const char *at = request->bytes.data + sizeof *head;

	ret->seq = head->seq;
	ret->response_code = head->response_code;
	ret->url = process_take_text(&at, 1);
	ret->content_type = process_take_text(&at, head->has_type);
	ret->content_encoding = process_take_text(&at, head->has_coding);
}

static void
process_perform(void *arg, const struct packet *request,
	struct packet *answer)
{
	struct process_self *self = arg;
	struct work work = { 0 };
	struct err err = { 0 };
	struct process_request head;
	int out;

	memcpy(&head, request->bytes.data, sizeof head);
	process_read_page(request, &head, &work.page);
	work.chunked = head.chunked;
	if (head.wants_output) {
		out = request->fds[head.place.in_file];
		work.out = process_write;
		work.out_arg = &out;
	}
	if (process_take_body(self, &head, request, &work, &err) == 0 &&
	    process_start_stages(self, &err) == 0)
		work_perform(&work, self->worker);
	else
		work_fail(&work, ERROR_LOCAL, NULL, err.text);
	process_answer_with(answer, &work, self->env->chain);
	chain_outcome_release(&work.outcome, self->env->chain);
	body_free(work.body);
}

static void
process_live(struct zygote_child *child)
{
	struct process_self self = { .env = child->arg };
	struct err err = { 0 };

	setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) +
		PROCESS_NICE);
	process_start_stages(&self, &err);
	crew_serve(child, process_perform, &self);
	/* Stages may have commands of their own to end. */
	chain_worker_free(self.worker);
}

/* --- in the run's process --- */

struct process_pool {
	struct pool_args args;
	struct crew *crew;
};

static struct work *
process_work(struct list *task)
{
	return LIST_ENTRY(task, struct work, node);
}

static void
process_finish(struct process_pool *pool, struct work *work)
{
	pool->args.done(pool->args.arg, work);
}

static void
process_add_text(struct buf *bytes, const char *text)
{
	if (text != NULL)
		buf_add(bytes, text, strlen(text) + 1);
}

static void
process_ask(void *arg, struct list *task, struct packet *request)
{
	const struct work *work = process_work(task);
	const struct stage_page *page = &work->page;
	struct process_request head;
	int fd;

	(void)arg;
	/* The padding is sent as well. */
	memset(&head, 0, sizeof head);
	head.seq = page->seq;
	head.response_code = page->response_code;
	head.has_body = work->body != NULL;
	head.has_type = page->content_type != NULL;
	head.has_coding = page->content_encoding != NULL;
	head.wants_output = work->out != NULL;
	head.chunked = work->chunked;
	if (work->body != NULL) {
		body_tell(work->body, &head.place, &fd);
		if (head.place.in_file)
			request->fds[request->n_fds++] = fd;
		if (head.wants_output)
			request->fds[request->n_fds++] =
				body_share_made(work->body);
	}
	buf_add(&request->bytes, &head, sizeof head);
	process_add_text(&request->bytes, page->url);
	process_add_text(&request->bytes, page->content_type);
	process_add_text(&request->bytes, page->content_encoding);
}

/* A worker has seen a stranger's bytes: nothing it says is taken on trust. */
static int
process_answered(void *arg, struct list *task, const struct packet *answer)
{
	struct process_pool *pool = arg;
	struct work *work = process_work(task);
	struct process_answer head;

	if (answer->bytes.len < sizeof head)
		return -1;
	memcpy(&head, answer->bytes.data, sizeof head);
	if (head.begun_us < work->queued_us || head.ended_us < head.begun_us ||
	    head.ended_us > clock_us() || chain_outcome_read(
	    answer->bytes.data + sizeof head, answer->bytes.len - sizeof head,
	    pool->args.env->chain, head.ended_us - head.begun_us,
	    &work->outcome) != 0)
		return -1;
	work->begun_us = head.begun_us;
	work->ended_us = head.ended_us;
	process_finish(pool, work);
	return 0;
}

static void
process_lost(void *arg, struct list *task, int status)
{
	struct work *work = process_work(task);
	char text[64] = "the worker process ended";

	if (WIFSIGNALED(status))
		snprintf(text, sizeof text, "the worker process was killed "
			"by signal %d", WTERMSIG(status));
	work_fail(work, ERROR_LOCAL, "crashed", text);
	process_finish(arg, work);
}

static void
process_dropped(void *arg, struct list *task)
{
	struct work *work = process_work(task);

	work_fail(work, ERROR_STOPPED, NULL, NULL);
	process_finish(arg, work);
}

static void
process_gone(void *arg)
{
	struct process_pool *pool = arg;

	pool->args.lost(pool->args.arg);
}

static void *
process_start(const struct pool_args *args, struct err *err)
{
	struct process_pool *pool = mem_array(1, sizeof *pool);
	struct crew_hooks hooks = {
		.ask = process_ask,
		.answered = process_answered,
		.lost = process_lost,
		.dropped = process_dropped,
		.gone = process_gone,
		.arg = pool,
	};

	pool->args = *args;
	pool->crew = crew_new(args->zygote, args->workers, &hooks, err);
	if (pool->crew != NULL)
		return pool;
	free(pool);
	return NULL;
}

static void
process_submit(void *self, struct work *work)
{
	struct process_pool *pool = self;

	crew_give(pool->crew, &work->node);
}

static void
process_cancel(void *self)
{
	struct process_pool *pool = self;

	crew_cancel(pool->crew);
}

static void
process_stop(void *self)
{
	struct process_pool *pool = self;

	crew_free(pool->crew);
	free(pool);
}

static const struct zygote_role process_role = {
	.live = process_live,
};

const struct pool pool_process = {
	.name = "process",
	.brief = "worker processes; a crash costs one record",
	.notes = "One a core unless --jobs says otherwise, at nice 5. Bodies "
		"are in memory that they share. A worker that dies is "
		"replaced, and only the body it was at is a failed record "
		"(class local, detail crashed).",
	.zygote = &process_role,
	.start = process_start,
	.submit = process_submit,
	.cancel = process_cancel,
	.stop = process_stop,
};
