/* SPDX-License-Identifier: MIT */
/*
 * reply -- the ordinary way to answer: a status line, headers, a body whose
 * length is told, chunked or ended by closing, and none for HEAD. Routes that
 * are meant to be wrong write to the connection themselves.
 *
 * There is no Date header: it would make replies differ from run to run.
 */
#include "config.h"

#include <event2/buffer.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "origin/conn.h"
#include "origin/query.h"
#include "origin/reply.h"
#include "origin/route.h"
#include "origin/server.h"

/* Pieces smaller than this are cheaper to copy than to refer to. */
#define REPLY_COPY_MAX 4096

struct reply_phrase {
	int status;
	const char *reason;
};

static const struct reply_phrase reply_phrases[] = {
	{ 200, "OK" }, { 201, "Created" }, { 202, "Accepted" },
	{ 204, "No Content" }, { 206, "Partial Content" },
	{ 301, "Moved Permanently" }, { 302, "Found" }, { 303, "See Other" },
	{ 304, "Not Modified" }, { 307, "Temporary Redirect" },
	{ 308, "Permanent Redirect" }, { 400, "Bad Request" },
	{ 401, "Unauthorized" }, { 403, "Forbidden" }, { 404, "Not Found" },
	{ 405, "Method Not Allowed" }, { 408, "Request Timeout" },
	{ 410, "Gone" }, { 413, "Content Too Large" },
	{ 414, "URI Too Long" }, { 418, "I'm a teapot" },
	{ 429, "Too Many Requests" },
	{ 431, "Request Header Fields Too Large" },
	{ 500, "Internal Server Error" }, { 501, "Not Implemented" },
	{ 502, "Bad Gateway" }, { 503, "Service Unavailable" },
	{ 504, "Gateway Timeout" }, { 505, "HTTP Version Not Supported" },
};

const char *
reply_reason(int status)
{
	size_t i;

	for (i = 0; i < sizeof reply_phrases / sizeof *reply_phrases; i++)
		if (reply_phrases[i].status == status)
			return reply_phrases[i].reason;
	return "Status";
}

static void
reply_length(struct conn *conn, struct buf *head, uint64_t length)
{
	if (length != REPLY_UNKNOWN) {
		buf_add_text(head, "Content-Length: ");
		buf_add_u64(head, length);
		buf_add_text(head, "\r\n");
	} else if (conn->request.minor > 0) {
		conn->chunked = 1;
		buf_add_text(head, "Transfer-Encoding: chunked\r\n");
	} else {
		conn->request.keep_alive = 0;
	}
}

int
reply_begin(struct conn *conn, int status, const char *extra, uint64_t length)
{
	struct buf *head = &conn->server->head;
	int bare = status == 204 || status == 304;

	conn->chunked = 0;
	conn->server->stats.classes[status / 100]++;
	buf_clear(head);
	buf_add_text(head, "HTTP/1.1 ");
	buf_add_u64(head, (uint64_t)status);
	buf_add_char(head, ' ');
	buf_add_text(head, reply_reason(status));
	buf_add_text(head, "\r\n");
	if (extra != NULL)
		buf_add_text(head, extra);
	if (!bare)
		reply_length(conn, head, length);
	if (!conn->request.keep_alive)
		buf_add_text(head, "Connection: close\r\n");
	else if (conn->request.minor == 0)
		buf_add_text(head, "Connection: keep-alive\r\n");
	buf_add_text(head, "\r\n");
	evbuffer_add(conn->out, head->data, head->len);
	if (!bare && strcmp(conn->request.method, "HEAD") != 0)
		return 1;
	conn_end(conn);
	return 0;
}

static void
reply_chunk(struct conn *conn, size_t n)
{
	if (conn->chunked)
		evbuffer_add_printf(conn->out, "%zx\r\n", n);
}

static void
reply_chunk_end(struct conn *conn)
{
	if (conn->chunked)
		evbuffer_add(conn->out, "\r\n", 2);
}

void
reply_add(struct conn *conn, const void *p, size_t n)
{
	if (n == 0)
		return;		/* an empty chunk would end the body */
	reply_chunk(conn, n);
	evbuffer_add(conn->out, p, n);
	reply_chunk_end(conn);
}

/* 64 KiB of the alphabet, made once. */
static const char *
reply_alphabet(size_t *ret_len)
{
	static char text[REPLY_PERIOD * 2521];
	size_t i;

	if (text[0] == '\0')
		for (i = 0; i < sizeof text; i++)
			text[i] = (char)('a' + i % REPLY_PERIOD);
	*ret_len = sizeof text;
	return text;
}

void
reply_pattern(struct conn *conn, uint64_t at, size_t n)
{
	size_t skip = (size_t)(at % REPLY_PERIOD), part, size;
	const char *text = reply_alphabet(&size);

	if (n == 0)
		return;
	reply_chunk(conn, n);
	for (; n > 0; n -= part, skip = (skip + part) % REPLY_PERIOD) {
		part = n < size - skip ? n : size - skip;
		if (part < REPLY_COPY_MAX)
			evbuffer_add(conn->out, text + skip, part);
		else
			evbuffer_add_reference(conn->out, text + skip, part,
				NULL, NULL);
	}
	reply_chunk_end(conn);
}

void
reply_pattern_on(struct conn *conn, size_t most)
{
	size_t n = conn->left < most ? (size_t)conn->left : most;

	reply_pattern(conn, conn->sent, n);
	conn->sent += n;
	conn->left -= n;
	if (conn->left == 0)
		reply_end(conn);
}

void
reply_end(struct conn *conn)
{
	if (conn->chunked)
		evbuffer_add(conn->out, "0\r\n\r\n", 5);
	conn_end(conn);
}

void
reply_send(struct conn *conn, int status, const char *extra, const void *body,
	size_t len)
{
	if (!reply_begin(conn, status, extra, len))
		return;
	if (len > 0)
		evbuffer_add(conn->out, body, len);
	reply_end(conn);
}

void
reply_text(struct conn *conn, int status, const char *text)
{
	reply_send(conn, status, REPLY_PLAIN, text, strlen(text));
}

void
reply_usage(struct conn *conn)
{
	const struct route *route = conn->route;
	struct buf *text = reply_buf(conn);

	buf_printf(text, "usage: %s%s: %s\n", route->prefix,
		route->args == NULL ? "" : route->args, route->brief);
	reply_send(conn, 400, REPLY_PLAIN, text->data, text->len);
}

int
reply_retry_after(struct conn *conn, struct buf *extra)
{
	struct buf value;
	int rc;

	buf_init(&value, 256);
	rc = query_text(conn->request.query, "retry-after", &value);
	if (rc > 0)
		buf_printf(extra, "Retry-After: %s\r\n", buf_text(&value));
	buf_release(&value);
	return rc < 0 ? -1 : 0;
}

struct buf *
reply_buf(struct conn *conn)
{
	struct buf *text = &conn->server->text;

	buf_clear(text);
	return text;
}
