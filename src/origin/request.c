/* SPDX-License-Identifier: MIT */
/*
 * request -- reads requests, strictly (RFC 9112).
 *
 * Written by hand because libevent's evhttp parses whole messages its own way
 * and cannot show what was really sent; the price is attack surface, so it is
 * small: line by line, each with a ceiling, and what is not plainly right is
 * refused. It takes bytes and knows no sockets, so that tests can cut its
 * input anywhere.
 */
#include "config.h"

#include <string.h>
#include <strings.h>

#include "origin/request.h"
#include "origin/span.h"

#define REQUEST_LINE_MAX 1024	/* of a chunk size or trailer line */
#define REQUEST_TRAILERS_MAX 64

void
request_init(struct request *req)
{
	*req = (struct request){ .state = REQUEST_LINE };
	buf_init(&req->head, REQUEST_HEAD_MAX);
	buf_init(&req->body, REQUEST_BODY_MAX);
	buf_init(&req->target, REQUEST_TARGET_MAX);
	buf_init(&req->line, REQUEST_LINE_MAX);
}

void
request_release(struct request *req)
{
	buf_release(&req->head);
	buf_release(&req->body);
	buf_release(&req->target);
	buf_release(&req->line);
}

/* Thousands of idle connections must not each keep a large buffer. */
static void
request_empty(struct buf *buf)
{
	if (buf->size > 4096)
		buf_release(buf);
	else
		buf_clear(buf);
}

void
request_clear(struct request *req)
{
	struct buf head, body, target, line;

	request_empty(&req->head);
	request_empty(&req->body);
	request_empty(&req->target);
	request_empty(&req->line);
	head = req->head;
	body = req->body;
	target = req->target;
	line = req->line;
	*req = (struct request){ .state = REQUEST_LINE, .head = head,
		.body = body, .target = target, .line = line };
}

static void
request_refuse(struct request *req, int status, const char *fault)
{
	req->state = REQUEST_BAD;
	req->status = status;
	req->fault = fault;
}

/* An absolute target, as a proxy gets it, loses scheme and authority. */
static struct span
target_path(struct span target)
{
	size_t skip;

	if (target.len > 7 && strncasecmp(target.p, "http://", 7) == 0)
		skip = 7;
	else if (target.len > 8 && strncasecmp(target.p, "https://", 8) == 0)
		skip = 8;
	else
		return target;
	target.p += skip;
	target.len -= skip;
	while (target.len > 0 && *target.p != '/' && *target.p != '?') {
		target.p++;
		target.len--;
	}
	return target;
}

static void
request_target(struct request *req, struct span target)
{
	struct span query = target_path(target), path;
	size_t i;

	for (i = 0; i < target.len; i++)
		if (span_char_control(target.p[i]) || target.p[i] == '#') {
			request_refuse(req, 400, "bad byte in the target");
			return;
		}
	path = span_split(&query, '?');
	if (path.len == 0 && path.p != target.p)
		path = (struct span){ "/", 1 };
	if (path.len == 0 || (*path.p != '/' && !span_is(path, "*"))) {
		request_refuse(req, 400, "the target is no path");
		return;
	}
	buf_add(&req->target, path.p, path.len);
	buf_add_char(&req->target, '\0');
	buf_add(&req->target, query.p, query.len);
	if (req->target.full) {
		request_refuse(req, 414, "the target is too long");
		return;
	}
	req->path = req->target.data;
	req->query = req->target.data + path.len + 1;
}

static void
request_line(struct request *req, struct span line)
{
	struct span method = span_split(&line, ' ');
	struct span target = span_split(&line, ' ');

	if (!span_token(method) || method.len >= sizeof req->method) {
		request_refuse(req, 400, "bad method");
		return;
	}
	memcpy(req->method, method.p, method.len);
	req->method[method.len] = '\0';
	if (line.len != 8 || memcmp(line.p, "HTTP/", 5) != 0 ||
	    line.p[6] != '.') {
		request_refuse(req, 400, "bad request line");
		return;
	}
	if (line.p[5] != '1' || (line.p[7] != '0' && line.p[7] != '1')) {
		request_refuse(req, 505, "only HTTP/1.0 and 1.1 are spoken");
		return;
	}
	req->minor = line.p[7] - '0';
	req->state = REQUEST_HEADERS;
	request_target(req, target);
}

static void
header_connection(struct request *req, struct span value)
{
	while (value.len > 0) {
		struct span word = span_trim(span_split(&value, ','));

		if (span_is(word, "close"))
			req->closes = 1;
		else if (span_is(word, "keep-alive"))
			req->keeps = 1;
	}
}

static void
header_length(struct request *req, struct span value)
{
	if (req->has_length || span_number(value, 10, &req->left) != 0)
		request_refuse(req, 400, "bad Content-Length");
	else if (req->left > REQUEST_BODY_MAX)
		request_refuse(req, 413, "the body is too large");
	req->has_length = 1;
}

static void
header_coding(struct request *req, struct span value)
{
	if (req->chunked || req->minor == 0)
		request_refuse(req, 400, "bad Transfer-Encoding");
	else if (!span_is(value, "chunked"))
		request_refuse(req, 501, "unknown Transfer-Encoding");
	req->chunked = 1;
}

static void
header_host(struct request *req)
{
	if (req->has_host)
		request_refuse(req, 400, "more than one Host");
	req->has_host = 1;
}

static void
request_field(struct request *req, struct span name, struct span value)
{
	if (span_is(name, "host"))
		header_host(req);
	else if (span_is(name, "connection"))
		header_connection(req, value);
	else if (span_is(name, "content-length"))
		header_length(req, value);
	else if (span_is(name, "transfer-encoding"))
		header_coding(req, value);
	else if (span_is(name, "expect"))
		req->expects = span_is(value, "100-continue");
}

/* Where the body begins, once the headers are whole. */
static void
request_body(struct request *req)
{
	req->keep_alive = !req->closes && (req->minor > 0 || req->keeps);
	if (req->minor > 0 && !req->has_host)
		request_refuse(req, 400, "no Host");
	else if (req->chunked && req->has_length)
		request_refuse(req, 400,
			"Content-Length with Transfer-Encoding");
	else if (req->chunked)
		req->state = REQUEST_CHUNK_SIZE;
	else
		req->state = req->left > 0 ? REQUEST_BODY : REQUEST_DONE;
	/* RFC 9110, 10.1.1: an expectation in HTTP/1.0 is ignored. */
	if (req->state == REQUEST_DONE || req->minor == 0)
		req->expects = 0;
}

static void
request_header_line(struct request *req, struct span line)
{
	struct span name = span_split(&line, ':');
	size_t i;

	/* Without a colon `line` now begins behind its own end. */
	if (!span_token(name) || name.p[name.len] != ':') {
		request_refuse(req, 400, "bad header name");
		return;
	}
	line = span_trim(line);
	for (i = 0; i < line.len; i++)
		if (span_char_control(line.p[i]) && line.p[i] != '\t') {
			request_refuse(req, 400, "bad byte in a header");
			return;
		}
	request_field(req, name, line);
}

static void
request_chunk_size(struct request *req, struct span line)
{
	struct span size = span_trim(span_split(&line, ';'));

	if (span_number(size, 16, &req->left) != 0)
		request_refuse(req, 400, "bad chunk size");
	else if (req->left > REQUEST_BODY_MAX - req->body.len)
		request_refuse(req, 413, "the body is too large");
	else
		req->state = req->left > 0 ? REQUEST_CHUNK : REQUEST_TRAILERS;
}

/* Trailers are read and dropped. */
static void
request_trailer(struct request *req, struct span line)
{
	if (line.len == 0)
		req->state = REQUEST_DONE;
	else if (++req->n_trailers > REQUEST_TRAILERS_MAX)
		request_refuse(req, 431, "too many trailers");
}

/* A whole line without its CRLF. */
static void
request_take_line(struct request *req, struct span line)
{
	if (req->state == REQUEST_LINE)
		request_line(req, line);
	else if (req->state == REQUEST_HEADERS && line.len > 0)
		request_header_line(req, line);
	else if (req->state == REQUEST_HEADERS)
		request_body(req);
	else if (req->state == REQUEST_CHUNK_SIZE)
		request_chunk_size(req, line);
	else if (req->state == REQUEST_CHUNK_END && line.len > 0)
		request_refuse(req, 400, "a chunk is longer than its size");
	else if (req->state == REQUEST_CHUNK_END)
		req->state = REQUEST_CHUNK_SIZE;
	else
		request_trailer(req, line);
}

static void
request_line_too_long(struct request *req)
{
	if (req->state == REQUEST_LINE)
		request_refuse(req, 414, "the request line is too long");
	else
		request_refuse(req, 431, "the headers are too long");
}

/* So that a TLS hello is told at once instead of waited on. */
static int
request_begins(char c)
{
	struct span first = { &c, 1 };

	return c == '\r' || c == '\n' || span_token(first);
}

/* Head lines are kept, the others last until the next one. */
static size_t
request_read_line(struct request *req, const char *p, size_t n)
{
	int in_head = req->state <= REQUEST_HEADERS;
	struct buf *buf = in_head ? &req->head : &req->line;
	const char *lf = memchr(p, '\n', n);
	size_t used = lf == NULL ? n : (size_t)(lf - p) + 1;
	size_t at = in_head ? req->line_at : 0;
	struct span line;

	if (buf_add(buf, p, used) != 0) {
		request_line_too_long(req);
		return used;
	}
	if (req->state == REQUEST_LINE && !request_begins(req->head.data[0])) {
		request_refuse(req, 400, "this is no HTTP");
		return used;
	}
	if (lf == NULL)
		return used;
	line = (struct span){ buf->data + at, buf->len - at - 1 };
	if (line.len == 0 || line.p[line.len - 1] != '\r') {
		request_refuse(req, 400, "a line does not end in CRLF");
		return used;
	}
	line.len--;
	if (req->state == REQUEST_LINE && line.len == 0) {
		/* RFC 9112, 2.2: an empty line before a request is skipped. */
		buf_clear(&req->head);
		return used;
	}
	req->line_at = req->head.len;
	request_take_line(req, line);
	buf_clear(&req->line);
	return used;
}

static size_t
request_read_body(struct request *req, const char *p, size_t n)
{
	size_t used = n < req->left ? n : (size_t)req->left;

	buf_add(&req->body, p, used);
	req->left -= used;
	if (req->left == 0)
		req->state = req->state == REQUEST_CHUNK ?
			REQUEST_CHUNK_END : REQUEST_DONE;
	return used;
}

size_t
request_read(struct request *req, const char *p, size_t n)
{
	size_t at = 0;

	while (at < n && req->state < REQUEST_DONE)
		if (req->state == REQUEST_BODY || req->state == REQUEST_CHUNK)
			at += request_read_body(req, p + at, n - at);
		else
			at += request_read_line(req, p + at, n - at);
	return at;
}

const char *
request_header(const struct request *req, const char *name, size_t *ret_len)
{
	struct span rest = { req->head.data, req->head.len };

	span_split(&rest, '\n');
	while (rest.len > 0) {
		struct span line = span_split(&rest, '\n');
		struct span found = span_split(&line, ':');

		if (!span_is(found, name))
			continue;
		if (line.len > 0)
			line.len--;	/* the CR */
		line = span_trim(line);
		*ret_len = line.len;
		return line.p;
	}
	return NULL;
}
