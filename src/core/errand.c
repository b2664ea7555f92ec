/* SPDX-License-Identifier: MIT */
/*
 * errand -- how strategies with processes ask a child for a fetch. The body
 * itself crosses nothing: the child writes it to the slot of shared memory, or
 * to the file, that it was told.
 */
#include "config.h"

#include <fcntl.h>
#include <string.h>

#include "core/body.h"
#include "core/errand.h"
#include "core/job.h"
#include "core/pool.h"
#include "core/zygote.h"

struct errand_head {
	struct body_place place;
	int has_body;
};

/* NULL is fine. */
static void
errand_add_head(struct buf *out, int *ret_fd, const struct body *body)
{
	struct errand_head head;

	/* The padding too is sent. */
	memset(&head, 0, sizeof head);
	*ret_fd = BODY_NO_FILE;
	head.has_body = body != NULL;
	if (body != NULL)
		body_tell(body, &head.place, ret_fd);
	buf_add(out, &head, sizeof head);
}

/* What came with a message ends with it, and may be another errand's. */
static int
errand_dup(const struct errand_head *head, int fd)
{
	return head->place.in_file && fd >= 0 ?
		fcntl(fd, F_DUPFD_CLOEXEC, 0) : BODY_NO_FILE;
}

/* --- in the run's process --- */

void
errand_add_request(struct buf *out, int *ret_fd, const struct job *job,
	const struct wire_given *given)
{
	errand_add_head(out, ret_fd, job->body);
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

int
errand_read_reply(const void *p, size_t n, int fd, struct job *job)
{
	struct fetch_reply *reply = &job->fetch.reply;
	struct errand_head head;

	fetch_reply_clear(reply);
	if (n < sizeof head)
		return -1;
	memcpy(&head, p, sizeof head);
	if (wire_read_reply((const char *)p + sizeof head, n - sizeof head,
	    reply) == 0 && errand_take_body(&head, fd, job->body) == 0)
		return 0;
	fetch_reply_clear(reply);
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
errand_attach(struct errand *errand, const struct errand_head *head, int fd,
	const struct pool_env *env)
{
	struct fetch_request *request = &errand->request.fetch.request;

	errand_let_go(errand);
	if (!head->has_body)
		return 0;
	errand->sent = head->place.in_file;
	errand->body = body_attach(env != NULL ? env->bodies : NULL,
		&head->place, errand_dup(head, fd));
	request->write_body = body_write;
	request->may_write = body_may_write;
	request->wait_write = body_wait;
	request->write_arg = errand->body;
	return errand->body != NULL ? 0 : -1;
}

int
errand_read_request(const void *p, size_t n, int fd,
	const struct zygote_child *child, struct errand *ret)
{
	struct errand_head head;

	if (n < sizeof head)
		return -1;
	memcpy(&head, p, sizeof head);
	if (wire_read_request((const char *)p + sizeof head, n - sizeof head,
	    child->given, &ret->request) != 0)
		return -1;
	return errand_attach(ret, &head, fd, child->arg);
}

void
errand_add_reply(struct buf *out, int *ret_fd, const struct errand *errand)
{
	errand_add_head(out, ret_fd, errand->body);
	if (errand->body != NULL && errand->sent)
		*ret_fd = BODY_NO_FILE;
	wire_add_reply(out, &errand->request.fetch.reply);
}

void
errand_release(struct errand *errand)
{
	errand_let_go(errand);
	wire_request_release(&errand->request);
}
