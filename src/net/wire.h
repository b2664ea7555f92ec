/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_NET_WIRE_H
#define FETCHALL_NET_WIRE_H

#include <stddef.h>

#include "base/buf.h"
#include "net/fetch.h"

/*
 * Requests and replies as bytes, for another process of the same run. It is a
 * fork of the program that speaks to it, so numbers are sent as they are in
 * memory; what does not add up is refused all the same, because the process
 * that sends a reply has talked to strangers.
 */

/* A body that both sides have, since it is the same for all URLs. */
struct wire_given {
	const void *body;
	size_t body_len;
};

/* A request that arrived. Begin with zeroes; wire_request_release() ends it. */
struct wire_request {
	struct fetch fetch;
	char **headers;		/* texts in the message */
	struct addrs *addrs;	/* kept, so that the same again is the same */
};

void wire_add_request(struct buf *out, const struct fetch_request *request,
	const struct wire_given *given);
/*
 * Fills *ret, which may hold an earlier one. Method, If-Range, headers and
 * body point into the message, which must outlive the fetch. What takes the
 * reply's body does not travel: there is no write_body and no begin_body. -1:
 * not a whole request.
 */
int wire_read_request(const void *p, size_t n, const struct wire_given *given,
	struct wire_request *ret);
void wire_request_release(struct wire_request *request);

/* An exchange's request body travels where it is the exchange's own: otherwise
 * whoever reads the reply has it. */
void wire_add_reply(struct buf *out, const struct fetch_reply *reply);
/* Clears *ret first. -1: not a reply; then *ret stays cleared. */
int wire_read_reply(const void *p, size_t n, struct fetch_reply *ret);

#endif
