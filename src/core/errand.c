/* SPDX-License-Identifier: MIT */
/*
 * errand -- how strategies with processes ask a child for a fetch. The body
 * itself crosses nothing: the child writes it to the slot of shared memory, or
 * to the file, that it was told.
 */
#include "config.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "core/body.h"
#include "core/chain.h"
#include "core/chain_outcome.h"
#include "core/chain_worker.h"
#include "core/errand.h"
#include "core/job.h"
#include "core/pool.h"
#include "core/work.h"
#include "core/zygote.h"
#include "net/perform.h"
#include "url/source.h"

struct errand_head {
	struct body_place place;
	int has_body;
	int with_stages;	/* of a request: they are run there */
	uint64_t path_len;	/* of a request: what follows, the path that
				 * the body has a part for; 0: none */
	uint64_t seq;
};

/* In front of a reply, with the stages' outcome behind it. */
struct errand_answer {
	struct errand_head head;
	int64_t begun_us, ended_us;	/* the stages did */
	uint64_t outcome_len;		/* 0: they were not run */
};

/* `body` may be NULL. The padding is sent as well, so it is zeroed. */
static void
errand_tell(struct errand_head *head, int *ret_fd, const struct body *body)
{
	memset(head, 0, sizeof *head);
	*ret_fd = BODY_NO_FILE;
	head->has_body = body != NULL;
	if (body != NULL)
		body_tell(body, &head->place, ret_fd);
}

/* What came with a message ends with it. */
static int
errand_dup(const struct errand_head *head, int fd)
{
	return head->place.in_file && fd >= 0 ?
		fcntl(fd, F_DUPFD_CLOEXEC, 0) : BODY_NO_FILE;
}

/* --- in the run's process --- */

/*
 * Whether the child runs the stages as well. What they make of a body that is
 * kept is the run's process's alone, so it goes through them there.
 */
static int
errand_with_stages(const struct job *job, const struct pool_env *env)
{
	if (env == NULL || !env->in_children)
		return 0;
	return !(job->keeps || env->keeps_all) || !chain_replaces(env->chain);
}

void
errand_add_request(struct buf *out, int *ret_fd, const struct job *job,
	const struct wire_given *given, const struct pool_env *env)
{
	const char *path = job->body != NULL ? body_part_path(job->body) :
		NULL;
	struct errand_head head;

	errand_tell(&head, ret_fd, job->body);
	head.with_stages = errand_with_stages(job, env);
	head.path_len = path != NULL ? strlen(path) : 0;
	head.seq = job->seq;
	buf_add(out, &head, sizeof head);
	buf_add(out, path, head.path_len);
	wire_add_request(out, &job->fetch.request, given);
}

static int
errand_take_body(const struct errand_head *head, int fd, struct body *body)
{
	if (head->has_body != (body != NULL))
		return -1;
	return body == NULL ? 0 :
		body_update(body, &head->place, errand_dup(head, fd));
}

/* The child has our clock, so its times are in order, not ahead, and not
 * before it was asked. */
static int
errand_take_outcome(const struct errand_answer *answer, const char *p,
	struct job *job, const struct pool_env *env)
{
	struct work *work;

	if (answer->outcome_len == 0)
		return 0;
	if (!errand_with_stages(job, env) ||
	    answer->begun_us < job->hop_us ||
	    answer->begun_us > answer->ended_us ||
	    answer->ended_us > clock_us())
		return -1;
	work = work_new(env->chain);
	work->begun_us = answer->begun_us;
	work->ended_us = answer->ended_us;
	job->work = work;
	return chain_outcome_read(p, answer->outcome_len, env->chain,
		answer->ended_us - answer->begun_us, &work->outcome);
}

static int
errand_read(const struct errand_answer *answer, const char *p, size_t n,
	int fd, struct job *job, const struct pool_env *env)
{
	size_t outcome_len = answer->outcome_len;

	if (outcome_len > n || wire_read_reply(p + outcome_len,
	    n - outcome_len, &job->fetch.reply) != 0 ||
	    errand_take_outcome(answer, p, job, env) != 0)
		return -1;
	return errand_take_body(&answer->head, fd, job->body);
}

int
errand_read_reply(const void *p, size_t n, int fd, struct job *job,
	const struct pool_env *env)
{
	struct errand_answer answer;

	fetch_reply_clear(&job->fetch.reply);
	/* Of an attempt before this one, whose child said too much. */
	work_free(job->work);
	job->work = NULL;
	if (n < sizeof answer)
		return -1;
	memcpy(&answer, p, sizeof answer);
	if (errand_read(&answer, (const char *)p + sizeof answer,
	    n - sizeof answer, fd, job, env) == 0)
		return 0;
	fetch_reply_clear(&job->fetch.reply);
	work_free(job->work);
	job->work = NULL;
	return -1;
}

/* --- in the child --- */

void
errand_let_go(struct errand *errand)
{
	body_free(errand->body);
	errand->body = NULL;
}

static int
errand_attach(struct errand *errand, const struct errand_head *head,
	const char *path_text, int fd, const struct pool_env *env)
{
	char *path;

	errand_let_go(errand);
	if (!head->has_body)
		return 0;
	errand->sent = head->place.in_file;
	errand->body = body_attach(env != NULL ? env->bodies : NULL,
		&head->place, errand_dup(head, fd));
	if (errand->body == NULL)
		return -1;
	if (head->path_len > 0) {
		path = mem_strndup(path_text, head->path_len);
		body_name_part(errand->body, path);
		free(path);
	}
	body_receive(errand->body, &errand->request.fetch.request);
	return 0;
}

int
errand_read_request(const void *p, size_t n, int fd,
	const struct zygote_child *child, struct errand *ret)
{
	const char *at = (const char *)p + sizeof(struct errand_head);
	struct errand_head head;

	if (n < sizeof head)
		return -1;
	memcpy(&head, p, sizeof head);
	n -= sizeof head;
	if (head.path_len > n || wire_read_request(at + head.path_len,
	    n - head.path_len, child->given, &ret->request) != 0)
		return -1;
	ret->seq = head.seq;
	ret->env = head.with_stages ? child->arg : NULL;
	return errand_attach(ret, &head, at, fd, child->arg);
}

/* Whether the run will take the reply for a good and final one; where it does
 * not after all, it drops what the stages said. */
static int
errand_is_good(const struct fetch *fetch)
{
	const struct fetch_reply *reply = &fetch->reply;

	if (reply->code != CURLE_OK || reply->refusal != FETCH_ACCEPTED)
		return 0;
	if (fetch->request.flags & FETCH_NOTHING)
		return 1;
	return reply->response_code >= 200 && reply->response_code < 400 &&
		reply->location == NULL;
}

static void
errand_run_stages(struct errand *errand, struct work *work)
{
	struct err err = { 0 };

	if (errand->worker == NULL)
		errand->worker = chain_worker_new(errand->env->chain,
			errand->env->cancelled, &err);
	if (errand->worker != NULL)
		work_perform(work, errand->worker);
	else
		work_fail(work, ERROR_LOCAL, NULL, err.text);
}

void
errand_perform(struct errand *errand, struct performer *performer)
{
	const struct fetch *fetch = &errand->request.fetch;
	struct work work = { .body = errand->body };

	buf_clear(&errand->outcome);
	perform(performer, &errand->request.fetch);
	if (errand->env == NULL || !errand_is_good(fetch))
		return;
	work.chunked = fetch->reply.chunked;
	work.page = (struct stage_page){
		.seq = errand->seq,
		.url = fetch->request.url.text,
		.response_code = fetch->reply.response_code,
		.content_type = fetch->reply.content_type,
		.content_encoding = fetch->reply.content_encoding,
	};
	errand_run_stages(errand, &work);
	errand->begun_us = work.begun_us;
	errand->ended_us = work.ended_us;
	errand->outcome.max = PACKET_MAX;
	chain_outcome_add(&errand->outcome, &work.outcome,
		errand->env->chain);
	chain_outcome_release(&work.outcome, errand->env->chain);
}

void
errand_add_reply(struct buf *out, int *ret_fd, const struct errand *errand)
{
	struct errand_answer answer;

	memset(&answer, 0, sizeof answer);
	errand_tell(&answer.head, ret_fd, errand->body);
	if (errand->body != NULL && errand->sent)
		*ret_fd = BODY_NO_FILE;
	answer.begun_us = errand->begun_us;
	answer.ended_us = errand->ended_us;
	answer.outcome_len = errand->outcome.len;
	buf_add(out, &answer, sizeof answer);
	buf_add(out, errand->outcome.data, errand->outcome.len);
	wire_add_reply(out, &errand->request.fetch.reply);
}

void
errand_end_stages(struct errand *errand)
{
	chain_worker_free(errand->worker);
	errand->worker = NULL;
}

void
errand_release(struct errand *errand)
{
	errand_let_go(errand);
	errand_end_stages(errand);
	buf_release(&errand->outcome);
	wire_request_release(&errand->request);
}
