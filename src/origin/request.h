/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_ORIGIN_REQUEST_H
#define FETCHALL_ORIGIN_REQUEST_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* Ceilings: what passes one is refused with 414, 431 or 413. */
#define REQUEST_HEAD_MAX (64 * 1024)	/* request line and headers */
#define REQUEST_TARGET_MAX (16 * 1024)
#define REQUEST_BODY_MAX (8 * 1024 * 1024)

enum request_state {
	REQUEST_LINE,		/* within the request line */
	REQUEST_HEADERS,
	REQUEST_BODY,		/* counted by Content-Length */
	REQUEST_CHUNK_SIZE,
	REQUEST_CHUNK,
	REQUEST_CHUNK_END,	/* the CRLF behind a chunk's data */
	REQUEST_TRAILERS,
	REQUEST_DONE,		/* whole; all that is read below holds */
	REQUEST_BAD		/* see `status` and `fault` */
};

/*
 * One HTTP/1.0 or 1.1 request, read from bytes that come in any pieces. The
 * same struct serves one request after the other and keeps its memory.
 */
struct request {
	enum request_state state;
	char method[24];
	const char *path;	/* "/..." as sent, without the query; or "*" */
	const char *query;	/* what is behind the '?', "" when nothing */
	int minor;		/* of HTTP/1.x: 0 or 1 */
	int keep_alive;		/* the client wants the connection kept */
	int expects;		/* it waits for 100 Continue */
	struct buf head;	/* request line and headers, byte for byte */
	struct buf body;	/* transfer coding taken off */

	int status;		/* of a bad one: how to answer it */
	const char *fault;	/* and what is wrong with it */

	/* The reader's own. */
	struct buf target;	/* path, NUL, query */
	struct buf line;	/* a chunk's size line, or a trailer */
	size_t line_at;		/* where the current line begins in `head` */
	uint64_t left;		/* bytes of body or chunk to come */
	unsigned n_trailers;
	int has_host, has_length, chunked, closes, keeps;
};

void request_init(struct request *req);
void request_release(struct request *req);
/* Ready for the next request. */
void request_clear(struct request *req);

/*
 * Reads at most n bytes and returns how many were used: all of them, unless
 * the request came to its end (DONE or BAD) before.
 */
size_t request_read(struct request *req, const char *p, size_t n);

/*
 * The value of the first header of that name, in any case, in a request whose
 * headers are whole; *ret_len is its length. NULL when there is none.
 */
const char *request_header(const struct request *req, const char *name,
	size_t *ret_len);

#endif
