/* SPDX-License-Identifier: MIT */
/*
 * routes_timed -- replies that are right but late, slow, or never come.
 */
#include "config.h"

#include <event2/buffer.h>
#include <string.h>

#include "base/buf.h"
#include "origin/conn.h"
#include "origin/query.h"
#include "origin/reply.h"
#include "origin/route.h"
#include "origin/server.h"

#define TIMED_MS_MAX 3600000

static void
timed_delay_over(struct conn *conn)
{
	reply_text(conn, 200, "waited\n");
}

static void
timed_delay(struct conn *conn, const char *rest)
{
	uint64_t ms;

	if (query_segment(&rest, TIMED_MS_MAX, &ms) != 0)
		reply_usage(conn);
	else if (ms == 0)
		timed_delay_over(conn);
	else
		conn_later(conn, ms, timed_delay_over);
}

static void
timed_drip_pump(struct conn *conn)
{
	reply_pattern(conn, conn->sent++, 1);
	if (conn->sent == conn->left)
		reply_end(conn);
}

static void
timed_drip(struct conn *conn, const char *rest)
{
	const char *query = conn->request.query;
	uint64_t bytes, ms;

	if (*rest != '\0' ||
	    query_number(query, "bytes", 10, 1000000000, &bytes) != 0 ||
	    query_number(query, "ms", 10, TIMED_MS_MAX, &ms) != 0) {
		reply_usage(conn);
		return;
	}
	if (bytes == 0) {
		reply_send(conn, 200, REPLY_PLAIN, NULL, 0);
		return;
	}
	if (!reply_begin(conn, 200, REPLY_PLAIN, bytes))
		return;
	conn->left = bytes;
	conn_pump(conn, ms, timed_drip_pump);
}

/* `sent` counts bytes of this; the body is left out for HEAD. */
static const char timed_slow_text[] =
	"HTTP/1.1 200 OK\r\n"
	REPLY_PLAIN
	"Content-Length: 5\r\n"
	"\r\n"
	"slow\n";

static void
timed_slow_pump(struct conn *conn)
{
	evbuffer_add(conn->out, &timed_slow_text[conn->sent++], 1);
	if (conn->sent == conn->left)
		conn_end(conn);
}

static void
timed_slow_headers(struct conn *conn, const char *rest)
{
	int head = strcmp(conn->request.method, "HEAD") == 0;
	uint64_t ms;

	if (*rest != '\0' || query_number(conn->request.query, "ms", 10,
	    TIMED_MS_MAX, &ms) != 0) {
		reply_usage(conn);
		return;
	}
	conn->server->stats.classes[2]++;
	/* An HTTP/1.0 client must not wait for more on this connection. */
	if (conn->request.minor == 0)
		conn->request.keep_alive = 0;
	conn->left = sizeof timed_slow_text - (head ? 6 : 1);
	conn_pump(conn, ms, timed_slow_pump);
}

static void
timed_silent(struct conn *conn, const char *rest)
{
	(void)conn;
	(void)rest;
}

static const struct route timed_rows[] = {
	{ .prefix = "/delay", .args = "/MS[/ANY]", .serve = timed_delay,
	  .brief = "200 after MS milliseconds" },
	{ .prefix = "/drip", .args = "[?bytes=N&ms=MS]", .serve = timed_drip,
	  .brief = "N bytes (10), one every MS (10)" },
	{ .prefix = "/slow-headers", .args = "[?ms=MS]",
	  .serve = timed_slow_headers,
	  .brief = "headers byte by byte, one every MS (10)" },
	{ .prefix = "/silent", .args = "[/ANY]", .serve = timed_silent,
	  .brief = "never answers" },
};

const struct route_set routes_timed = { ROUTE_ROWS(timed_rows) };
