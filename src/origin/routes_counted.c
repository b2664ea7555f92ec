/* SPDX-License-Identifier: MIT */
/*
 * routes_counted -- routes with a memory: those that fail at first, for tests
 * of retrying, and the server's counts.
 */
#include "config.h"

#include <inttypes.h>
#include <string.h>

#include "base/buf.h"
#include "origin/conn.h"
#include "origin/query.h"
#include "origin/reply.h"
#include "origin/route.h"
#include "origin/server.h"
#include "origin/tally.h"

/*
 * Picks KEY/N apart, counts, and returns 1 when the request is one of the
 * first N for its key, 0 when not, -1 for a bad path. *ret_count is its place
 * in the row, from 1.
 */
static int
counted_fails(struct conn *conn, const char *rest, uint64_t *ret_count)
{
	const char *path = conn->request.path;
	const char *n_text = strchr(rest, '/');
	uint64_t n, count;
	size_t len;

	if (n_text == NULL || n_text == rest)
		return -1;
	/* With its prefix the key is the route's own. */
	len = (size_t)(n_text - path);
	n_text++;
	if (query_segment(&n_text, UINT64_MAX, &n) != 0 || *n_text != '\0')
		return -1;
	count = tally_next(&conn->server->keys, path, len);
	*ret_count = count;
	return count <= n;
}

static void
counted_flaky(struct conn *conn, const char *rest)
{
	struct buf extra, *text = reply_buf(conn);
	uint64_t count = 0;
	int fails;

	buf_init(&extra, 1024);
	buf_add_text(&extra, REPLY_PLAIN);
	if (reply_retry_after(conn, &extra) != 0)
		fails = -1;
	else
		fails = counted_fails(conn, rest, &count);
	buf_printf(text, "request %" PRIu64 "\n", count);
	if (fails < 0)
		reply_usage(conn);
	else
		reply_send(conn, fails ? 503 : 200, fails ? extra.data :
			REPLY_PLAIN, text->data, text->len);
	buf_release(&extra);
}

static void
counted_reset_first(struct conn *conn, const char *rest)
{
	struct buf *text = reply_buf(conn);
	uint64_t count = 0;
	int fails = counted_fails(conn, rest, &count);

	buf_printf(text, "request %" PRIu64 "\n", count);
	if (fails < 0)
		reply_usage(conn);
	else if (fails)
		conn_reset(conn);
	else
		reply_send(conn, 200, REPLY_PLAIN, text->data, text->len);
}

static void
counted_stats(struct conn *conn, const char *rest)
{
	struct server *server = conn->server;
	struct buf *text = reply_buf(conn);

	if (*rest != '\0' && strcmp(rest, "reset") != 0) {
		reply_usage(conn);
		return;
	}
	if (*rest != '\0') {
		stats_reset(&server->stats);
		tally_clear(&server->keys);
	}
	stats_print(&server->stats, text);
	reply_send(conn, 200, "Content-Type: application/json\r\n",
		text->data, text->len);
}

static const struct route counted_rows[] = {
	{ .prefix = "/flaky", .args = "/KEY/N[?retry-after=S]",
	  .serve = counted_flaky,
	  .brief = "503 for the first N requests of KEY" },
	{ .prefix = "/reset-first", .args = "/KEY/N",
	  .serve = counted_reset_first,
	  .brief = "the same with a RST" },
	{ .prefix = "/stats", .args = "[/reset]", .flags = ROUTE_ASIDE,
	  .serve = counted_stats,
	  .brief = "counts as JSON; reset: from 0, KEYs forgotten" },
};

const struct route_set routes_counted = { ROUTE_ROWS(counted_rows) };
