/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CORE_ERRAND_H
#define FETCHALL_CORE_ERRAND_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "net/wire.h"

struct body;
struct chain_worker;
struct job;
struct performer;
struct pool_env;
struct zygote_child;

/*
 * A job's fetch as one of the run's children performs it: what it is told and
 * what it answers, which is net/wire's request and reply and, in front of
 * them, where the reply's body is. With an inline pool the child runs the
 * stages too, and what they say comes with the answer. A file's descriptor
 * goes along with the bytes; where none does, it is -1.
 */

/* In the run's process; `env` is what the child has, NULL without stages.
 * *ret_fd stays the body's. */
void errand_add_request(struct buf *out, int *ret_fd, const struct job *job,
	const struct wire_given *given, const struct pool_env *env);
/* Fills the job's reply, takes note of its body and of what the stages made
 * of it (job->work). `fd` is borrowed. -1: not an answer to that job; then
 * the reply is cleared. */
int errand_read_reply(const void *p, size_t n, int fd, struct job *job,
	const struct pool_env *env);

/* In the child. Begin with zeroes; it may serve one errand after the other. */
struct errand {
	struct wire_request request;	/* request.fetch is to be performed */
	struct body *body;	/* where it writes to, or NULL */
	int sent;		/* the body's file is the run's already */
	uint64_t seq;
	const struct pool_env *env;	/* NULL: no stages are run here */
	struct chain_worker *worker;	/* made for the first body */
	struct buf outcome;	/* of the stages; empty: they were not run */
	int64_t begun_us, ended_us;	/* the stages did */
};

/* Texts point into the bytes, as wire_read_request() says. `fd` is borrowed.
 * -1: not a whole request. */
int errand_read_request(const void *p, size_t n, int fd,
	const struct zygote_child *child, struct errand *ret);
/* The fetch, and the stages where they are run here. */
void errand_perform(struct errand *errand, struct performer *performer);
/* *ret_fd stays the errand's. */
void errand_add_reply(struct buf *out, int *ret_fd,
	const struct errand *errand);
/* The answer was sent: closes the body's file. */
void errand_let_go(struct errand *errand);
/* No other body will come: ends the stages, and commands that they run. */
void errand_end_stages(struct errand *errand);
void errand_release(struct errand *errand);

#endif
