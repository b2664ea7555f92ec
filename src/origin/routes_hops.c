/* SPDX-License-Identifier: MIT */
/*
 * routes_hops -- redirects: chains of any length, to anywhere, and a loop.
 */
#include "config.h"

#include <inttypes.h>

#include "base/buf.h"
#include "origin/conn.h"
#include "origin/query.h"
#include "origin/reply.h"
#include "origin/route.h"

#define HOPS_MAX 1000000
#define HOPS_HEADER_MAX (64 * 1024)

/* The next hop keeps the query, so `code` and `to` reach the last one. */
static int
hops_location(struct conn *conn, uint64_t n, struct buf *extra)
{
	const char *query = conn->request.query;
	int to;

	buf_add_text(extra, REPLY_PLAIN "Location: ");
	to = n == 1 ? query_text(query, "to", extra) : 0;
	if (to == 0)
		buf_printf(extra, "/redirect/%" PRIu64 "%s%s", n - 1,
			*query != '\0' ? "?" : "", query);
	buf_add_text(extra, "\r\n");
	return to < 0 || extra->full ? -1 : 0;
}

static void
hops_redirect(struct conn *conn, const char *rest)
{
	struct buf extra;
	uint64_t n, code;

	buf_init(&extra, HOPS_HEADER_MAX);
	if (query_segment(&rest, HOPS_MAX, &n) != 0 || *rest != '\0' ||
	    query_number(conn->request.query, "code", 302, 399, &code) != 0 ||
	    code < 300)
		reply_usage(conn);
	else if (n == 0)
		reply_text(conn, 200, "arrived\n");
	else if (hops_location(conn, n, &extra) != 0)
		reply_usage(conn);
	else
		reply_send(conn, (int)code, extra.data, "on\n", 3);
	buf_release(&extra);
}

static void
hops_loop(struct conn *conn, const char *rest)
{
	(void)rest;
	reply_send(conn, 302, REPLY_PLAIN "Location: /redirect-loop\r\n",
		"round\n", 6);
}

static const struct route hops_rows[] = {
	{ .prefix = "/redirect", .args = "/N[?code=C&to=URL]",
	  .serve = hops_redirect,
	  .brief = "N hops (302) to /redirect/0 or URL" },
	{ .prefix = "/redirect-loop", .serve = hops_loop,
	  .brief = "redirects to itself" },
};

const struct route_set routes_hops = { ROUTE_ROWS(hops_rows) };
