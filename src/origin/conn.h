/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_ORIGIN_CONN_H
#define FETCHALL_ORIGIN_CONN_H

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/list.h"
#include "origin/request.h"

struct conn;
struct evbuffer;
struct route;
struct server;

typedef void conn_fn(struct conn *conn);

enum conn_state {
	CONN_READING,	/* between requests, or within one */
	CONN_SERVING,	/* a request is whole, its reply is not */
	CONN_CLOSING,	/* closes when what is queued was sent */
	CONN_RESETTING,	/* the same, with a RST */
	CONN_LINGERING,	/* closed for writing; drops what still comes */
	CONN_DEAD	/* freed when the current callback returns */
};

/*
 * One connection. Handlers queue bytes in `out` (through reply.h, if they
 * mean to speak HTTP) and call one of the functions below; they may return
 * with the reply unfinished.
 */
struct conn {
	struct server *server;
	struct list node;
	struct request request;	/* the one that is being read or served */
	struct evbuffer *out;
	const struct route *route;
	const char *rest;	/* what follows its prefix */
	int chunked;		/* the reply's body is sent in chunks */

	/* For the handler under way; zero when it is called. */
	uint64_t left, sent;
	void *data;
	void (*data_free)(void *data);

	/* conn.c's own. */
	enum conn_state state;
	evutil_socket_t fd;
	struct event read_event, write_event, timer;
	struct buf pending;	/* came while a request was being served */
	conn_fn *pump;		/* makes more output when there is room */
	conn_fn *beat;		/* the same, each beat_ms */
	conn_fn *later;		/* what the timer is set for */
	uint64_t beat_ms;
	int reading, writing;	/* which events are on */
	int eof;		/* the client has closed its side */
	int counted;		/* in stats.in_flight */
	int linger;		/* read on before closing, lest a RST
				 * overtake the reply */
};

/* Takes the descriptor, which must be non-blocking. */
void conn_new(struct server *server, evutil_socket_t fd);
void conn_free(struct conn *conn);

/* Calls fn once, ms from now. A client that leaves before is not served. */
void conn_later(struct conn *conn, uint64_t ms, conn_fn *fn);
/*
 * Calls fn again and again until it ends the reply: whenever little output is
 * queued, or, with ms, each ms.
 */
void conn_pump(struct conn *conn, uint64_t ms, conn_fn *fn);

/* The reply is whole: on to the next request, or close. */
void conn_end(struct conn *conn);
/* The connection ends when what is queued was sent... */
void conn_close(struct conn *conn);
/* ...with a RST instead of a FIN. */
void conn_reset(struct conn *conn);

#endif
