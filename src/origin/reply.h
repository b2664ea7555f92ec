/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_ORIGIN_REPLY_H
#define FETCHALL_ORIGIN_REPLY_H

#include <stddef.h>
#include <stdint.h>

struct buf;
struct conn;

#define REPLY_PLAIN "Content-Type: text/plain\r\n"	/* for `extra` */
#define REPLY_UNKNOWN UINT64_MAX	/* a length that is not told */

/* Every byte of the bodies we make up: see reply_pattern(). */
#define REPLY_PERIOD 26

/*
 * Queues the status line and headers. `extra` is further header lines, each
 * ending in CRLF, or NULL. A body of unknown length is sent in chunks, or to
 * an HTTP/1.0 client until the connection's end. Returns whether a body is
 * wanted; if not (HEAD, 204, 304), the reply has ended and `conn` must be left
 * alone.
 */
int reply_begin(struct conn *conn, int status, const char *extra,
	uint64_t length);
/* Some bytes of the body. */
void reply_add(struct conn *conn, const void *p, size_t n);
/*
 * n bytes of the body from its place `at` on, where byte i of a body is
 * 'a' + i % 26: a lost, doubled or swapped block of any usual size shows.
 */
void reply_pattern(struct conn *conn, uint64_t at, size_t n);
/* The next `most` bytes of such a body, or what is left of it and its end: a
 * step of conn_pump(). */
void reply_pattern_on(struct conn *conn, size_t most);
/* The body is whole. */
void reply_end(struct conn *conn);

/* All of that at once. */
void reply_send(struct conn *conn, int status, const char *extra,
	const void *body, size_t len);
void reply_text(struct conn *conn, int status, const char *text);
/* 400 with how the route is meant to be used. */
void reply_usage(struct conn *conn);

/*
 * Adds a Retry-After line with what ?retry-after= says, if anything. -1 when
 * that cannot be a header.
 */
int reply_retry_after(struct conn *conn, struct buf *extra);

/* An empty buffer to put a body together in; good until the next call. */
struct buf *reply_buf(struct conn *conn);

/* The phrase that goes with a status; "Status" for an unknown one. */
const char *reply_reason(int status);

#endif
