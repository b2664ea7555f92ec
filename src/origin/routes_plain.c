/* SPDX-License-Identifier: MIT */
/*
 * routes_plain -- replies as they should be: bodies of any size and coding,
 * any status, and what shows the client's own request back to it.
 */
#include "config.h"

#define ZLIB_CONST
#include <event2/buffer.h>
#include <string.h>
#include <zlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "origin/conn.h"
#include "origin/query.h"
#include "origin/reply.h"
#include "origin/route.h"

#define PLAIN_PIECE (64 * 1024)

#define PLAIN_BINARY "Content-Type: application/octet-stream\r\n"

static void
plain_bytes_pump(struct conn *conn)
{
	reply_pattern_on(conn, PLAIN_PIECE);
}

static void
plain_bytes(struct conn *conn, const char *rest)
{
	uint64_t n;

	if (query_segment_size(&rest, &n) != 0) {
		reply_usage(conn);
		return;
	}
	if (!reply_begin(conn, 200, PLAIN_BINARY, n))
		return;
	conn->left = n;
	conn_pump(conn, 0, plain_bytes_pump);
}

/* Chunks far smaller than the pieces of /bytes, to be many. */
static void
plain_chunked_pump(struct conn *conn)
{
	reply_pattern_on(conn, 1000);
}

static void
plain_chunked(struct conn *conn, const char *rest)
{
	uint64_t n;

	if (query_segment_size(&rest, &n) != 0) {
		reply_usage(conn);
		return;
	}
	if (!reply_begin(conn, 200, PLAIN_BINARY, REPLY_UNKNOWN))
		return;
	conn->left = n;
	conn_pump(conn, 0, plain_chunked_pump);
}

static void
gzip_free(void *data)
{
	deflateEnd(data);
	free(data);
}

/* Compressed on the way, so that a bomb costs the server no memory. */
static void
gzip_pump(struct conn *conn)
{
	static const unsigned char zeros[PLAIN_PIECE];
	unsigned char out[4096];
	z_stream *z = conn->data;
	int rc;

	if (z->avail_in == 0) {
		z->next_in = zeros;
		z->avail_in = conn->left < sizeof zeros ?
			(uInt)conn->left : (uInt)sizeof zeros;
		conn->left -= z->avail_in;
	}
	z->next_out = out;
	z->avail_out = sizeof out;
	rc = deflate(z, conn->left == 0 ? Z_FINISH : Z_NO_FLUSH);
	reply_add(conn, out, sizeof out - z->avail_out);
	if (rc == Z_STREAM_END)
		reply_end(conn);
}

static void
plain_gzip(struct conn *conn, const char *rest)
{
	z_stream *z;
	uint64_t n;

	if (query_segment_size(&rest, &n) != 0) {
		reply_usage(conn);
		return;
	}
	z = mem_array(1, sizeof *z);
	/* 16: a gzip header around it. */
	if (deflateInit2(z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8,
	    Z_DEFAULT_STRATEGY) != Z_OK) {
		free(z);
		reply_text(conn, 500, "zlib has no memory\n");
		return;
	}
	conn->data = z;
	conn->data_free = gzip_free;
	if (!reply_begin(conn, 200, PLAIN_BINARY "Content-Encoding: gzip\r\n",
	    REPLY_UNKNOWN))
		return;
	conn->left = n;
	conn_pump(conn, 0, gzip_pump);
}

static void
plain_status(struct conn *conn, const char *rest)
{
	struct buf extra, *text = reply_buf(conn);
	uint64_t status;

	buf_init(&extra, 1024);
	buf_add_text(&extra, REPLY_PLAIN);
	if (query_segment(&rest, 999, &status) != 0 || status < 200 ||
	    reply_retry_after(conn, &extra) != 0) {
		reply_usage(conn);
	} else {
		buf_printf(text, "%d %s\n", (int)status,
			reply_reason((int)status));
		reply_send(conn, (int)status, extra.data, text->data,
			text->len);
	}
	buf_release(&extra);
}

/* Text rather than JSON: every byte as it came, easy to grep. */
static void
plain_echo(struct conn *conn, const char *rest)
{
	const struct request *req = &conn->request;

	(void)rest;
	if (!reply_begin(conn, 200, REPLY_PLAIN, req->head.len +
	    req->body.len))
		return;
	evbuffer_add(conn->out, req->head.data, req->head.len);
	if (req->body.len > 0)
		evbuffer_add(conn->out, req->body.data, req->body.len);
	reply_end(conn);
}

static void
plain_empty(struct conn *conn, const char *rest)
{
	(void)rest;
	reply_send(conn, 200, REPLY_PLAIN, NULL, 0);
}

static void
plain_cookie(struct conn *conn, const char *rest)
{
	struct buf extra, value, *text = reply_buf(conn);
	size_t len = 0;
	const char *sent = request_header(&conn->request, "cookie", &len);
	int given;

	(void)rest;
	buf_init(&value, 4096);
	buf_init(&extra, 8192);
	given = query_text(conn->request.query, "set", &value);
	if (given < 0) {
		reply_usage(conn);
		goto out;
	}
	buf_printf(&extra, REPLY_PLAIN "Set-Cookie: %s\r\n",
		given ? buf_text(&value) : "origin=1; Path=/");
	buf_add_text(text, sent == NULL ? "no cookie" : "Cookie: ");
	buf_add(text, sent == NULL ? "" : sent, len);
	buf_add_char(text, '\n');
	reply_send(conn, 200, extra.data, text->data, text->len);
out:
	buf_release(&value);
	buf_release(&extra);
}

static const struct route plain_rows[] = {
	{ .prefix = "/bytes", .args = "/N", .serve = plain_bytes,
	  .brief = "N bytes (64k, 10MiB); byte i is 'a' + i % 26" },
	{ .prefix = "/chunked", .args = "/N", .serve = plain_chunked,
	  .brief = "the same in chunks of 1000, length not told" },
	{ .prefix = "/gzip", .args = "/N", .serve = plain_gzip,
	  .brief = "N zero bytes, Content-Encoding: gzip" },
	{ .prefix = "/empty", .serve = plain_empty,
	  .brief = "200 with Content-Length: 0" },
	{ .prefix = "/status", .args = "/N[?retry-after=S]",
	  .serve = plain_status, .brief = "that status, 200 to 999" },
	{ .prefix = "/echo", .args = "[/ANY]", .serve = plain_echo,
	  .brief = "the request itself: line, headers, body" },
	{ .prefix = "/cookie", .args = "[?set=TEXT]", .serve = plain_cookie,
	  .brief = "sets a cookie and shows those sent" },
};

const struct route_set routes_plain = { ROUTE_ROWS(plain_rows) };
