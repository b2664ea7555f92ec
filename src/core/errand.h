/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CORE_ERRAND_H
#define FETCHALL_CORE_ERRAND_H

#include <stddef.h>

#include "base/buf.h"
#include "net/wire.h"

struct body;
struct job;
struct zygote_child;

/*
 * A job's fetch as one of the run's children performs it: what it is told and
 * what it answers, which is net/wire's request and reply and, in front of
 * them, where the reply's body is. A file's descriptor goes along with the
 * bytes; where none does, it is -1.
 */

/* In the run's process. *ret_fd stays the body's. */
void errand_add_request(struct buf *out, int *ret_fd, const struct job *job,
	const struct wire_given *given);
/* Fills the job's reply and takes note of its body. `fd` is borrowed. -1: not
 * an answer to that job; then the reply is cleared. */
int errand_read_reply(const void *p, size_t n, int fd, struct job *job);

/* In the child. Begin with zeroes; it may serve one errand after the other. */
struct errand {
	struct wire_request request;	/* request.fetch is to be performed */
	struct body *body;	/* where it writes to, or NULL */
	int sent;		/* the body's file is the run's already */
};

/* Texts point into the bytes, as wire_read_request() says. `fd` is borrowed.
 * -1: not a whole request. */
int errand_read_request(const void *p, size_t n, int fd,
	const struct zygote_child *child, struct errand *ret);
/* *ret_fd stays the errand's. */
void errand_add_reply(struct buf *out, int *ret_fd,
	const struct errand *errand);
/* The answer was sent: closes the body's file. */
void errand_let_go(struct errand *errand);
void errand_release(struct errand *errand);

#endif
