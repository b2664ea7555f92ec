/* SPDX-License-Identifier: MIT */
/*
 * wire -- a fetch's two halves as bytes.
 *
 * Each is a struct of its numbers, then its texts: a length, the characters
 * and a NUL, so that a reader can point at them where they lie.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "net/exchange.h"
#include "net/wire.h"

#define WIRE_NULL UINT32_MAX		/* the length of no text */
#define WIRE_MAX_HEAD (16u << 20)	/* an exchange's: --max-header, or what
					 * the user has libcurl send */

enum wire_body { WIRE_NO_BODY, WIRE_GIVEN, WIRE_SENT };

struct wire_request_head {
	int64_t time_left_us;
	uint64_t body_len, resume_from;
	uint32_t flags, n_headers, n_addrs;
	uint32_t origin_len, host_off, host_len;
	uint16_t port;
	unsigned char https, literal;
	unsigned char body;	/* enum wire_body */
};

struct wire_reply_head {
	int64_t namelookup_us, connect_us, appconnect_us;
	int64_t starttransfer_us, total_us, retry_after_us;
	int64_t last_modified;
	struct range range;
	uint64_t size_download;
	uint64_t request_body_len;
	int64_t response_code, num_connects;
	int32_t code, refusal, os_errno;
	uint32_t version;	/* of wire_versions */
	int32_t chunked;
	int32_t exchange;	/* whether there is one */
	int32_t request_body;	/* whether that has its body */
	char remote_ip[46];
};

/* Replies point at static texts; here they are. */
static const char *const wire_versions[] = { NULL, "1.0", "1.1", "2", "3" };
#define WIRE_VERSIONS (sizeof wire_versions / sizeof *wire_versions)

/* --- writing --- */

static void
wire_add_text(struct buf *out, const char *text)
{
	uint32_t len = text != NULL ? (uint32_t)strlen(text) : WIRE_NULL;

	buf_add(out, &len, sizeof len);
	if (text != NULL)
		buf_add(out, text, len + 1);
}

/* Bytes that may be NUL. */
static void
wire_add_bytes(struct buf *out, const char *p, size_t n)
{
	uint32_t len = (uint32_t)n;

	buf_add(out, &len, sizeof len);
	buf_add(out, p, n);
}

static enum wire_body
wire_body_kind(const struct fetch_request *request,
	const struct wire_given *given)
{
	if (request->body == NULL)
		return WIRE_NO_BODY;
	return request->body == given->body &&
		request->body_len == given->body_len ? WIRE_GIVEN : WIRE_SENT;
}

void
wire_add_request(struct buf *out, const struct fetch_request *request,
	const struct wire_given *given)
{
	const struct url *url = &request->url;
	struct wire_request_head head;
	size_t i;

	/* The padding too is sent. */
	memset(&head, 0, sizeof head);
	head.time_left_us = request->time_left_us;
	head.body_len = request->body_len;
	head.resume_from = request->resume_from;
	head.flags = request->flags;
	head.n_headers = (uint32_t)request->n_headers;
	if (request->addrs != NULL)
		head.n_addrs = (uint32_t)request->addrs->n;
	head.origin_len = url->origin_len;
	head.host_off = url->host_off;
	head.host_len = url->host_len;
	head.port = url->port;
	head.https = url->https;
	head.literal = url->literal;
	head.body = (unsigned char)wire_body_kind(request, given);
	buf_add(out, &head, sizeof head);
	wire_add_text(out, url->text);
	wire_add_text(out, url->userpwd);
	wire_add_text(out, request->method);
	wire_add_text(out, request->if_range);
	for (i = 0; i < request->n_headers; i++)
		wire_add_text(out, request->headers[i]);
	if (request->addrs != NULL)
		buf_add(out, request->addrs->list,
			request->addrs->n * sizeof *request->addrs->list);
	if (head.body == WIRE_SENT)
		buf_add(out, request->body, request->body_len);
}

static void
wire_add_exchange(struct buf *out, const struct exchange *exchange)
{
	if (exchange == NULL)
		return;
	wire_add_bytes(out, exchange->request, exchange->request_len);
	wire_add_bytes(out, exchange->response, exchange->response_len);
	if (exchange->request_body_owned != NULL)
		buf_add(out, exchange->request_body_owned,
			exchange->request_body_len);
}

void
wire_add_reply(struct buf *out, const struct fetch_reply *reply)
{
	struct wire_reply_head head;
	uint32_t i;

	memset(&head, 0, sizeof head);
	head.last_modified = reply->last_modified;
	head.range.given = reply->range.given;
	head.range.first = reply->range.first;
	head.range.last = reply->range.last;
	head.range.total = reply->range.total;
	head.chunked = reply->chunked;
	if (reply->exchange != NULL) {
		head.exchange = 1;
		head.request_body_len = reply->exchange->request_body_len;
		head.request_body =
			reply->exchange->request_body_owned != NULL;
	}
	head.namelookup_us = reply->namelookup_us;
	head.connect_us = reply->connect_us;
	head.appconnect_us = reply->appconnect_us;
	head.starttransfer_us = reply->starttransfer_us;
	head.total_us = reply->total_us;
	head.retry_after_us = reply->retry_after_us;
	head.size_download = reply->size_download;
	head.response_code = reply->response_code;
	head.num_connects = reply->num_connects;
	head.code = (int32_t)reply->code;
	head.refusal = (int32_t)reply->refusal;
	head.os_errno = reply->os_errno;
	for (i = 1; reply->http_version != NULL && i < WIRE_VERSIONS; i++)
		if (strcmp(reply->http_version, wire_versions[i]) == 0)
			head.version = i;
	memcpy(head.remote_ip, reply->remote_ip, sizeof head.remote_ip);
	buf_add(out, &head, sizeof head);
	wire_add_text(out, reply->content_type);
	wire_add_text(out, reply->content_encoding);
	wire_add_text(out, reply->location);
	wire_add_text(out, reply->disposition);
	wire_add_text(out, reply->etag);
	wire_add_text(out, reply->errormsg);
	wire_add_exchange(out, reply->exchange);
}

/* --- reading --- */

struct wire_reader {
	const char *at;
	size_t left;
	int bad;		/* stays set: checked once at the end */
};

/* The next n bytes where they lie; NULL when there are not so many. */
static const void *
wire_take(struct wire_reader *reader, size_t n)
{
	const char *at = reader->at;

	if (reader->bad || n > reader->left) {
		reader->bad = 1;
		return NULL;
	}
	reader->at += n;
	reader->left -= n;
	return at;
}

static void
wire_take_copy(struct wire_reader *reader, void *ret, size_t n)
{
	const void *at = wire_take(reader, n);

	if (at != NULL)
		memcpy(ret, at, n);
}

static const char *
wire_take_text(struct wire_reader *reader)
{
	uint32_t len = WIRE_NULL;
	const char *text;

	wire_take_copy(reader, &len, sizeof len);
	if (len == WIRE_NULL)
		return NULL;
	text = wire_take(reader, (size_t)len + 1);
	if (text != NULL && memchr(text, '\0', (size_t)len + 1) != text + len)
		reader->bad = 1;
	return reader->bad ? NULL : text;
}

/* A head of an exchange: one of no bytes is none. */
static const char *
wire_take_head(struct wire_reader *reader, size_t *ret_len)
{
	uint32_t len = 0;

	wire_take_copy(reader, &len, sizeof len);
	*ret_len = len;
	if (len == 0 || len > WIRE_MAX_HEAD)
		reader->bad = 1;
	return wire_take(reader, len);
}

static char *
wire_copy(const char *text)
{
	return text != NULL ? mem_strdup(text) : NULL;
}

static void
wire_take_url(struct wire_reader *reader,
	const struct wire_request_head *head, struct url *url)
{
	const char *text = wire_take_text(reader);
	const char *userpwd = wire_take_text(reader);
	size_t len = text != NULL ? strlen(text) : 0;

	if (text == NULL || head->origin_len > len || head->host_off > len ||
	    head->host_len > len - head->host_off) {
		reader->bad = 1;
		return;
	}
	*url = (struct url){
		.text = mem_strdup(text),
		.origin_len = head->origin_len,
		.host_off = head->host_off,
		.host_len = head->host_len,
		.port = head->port,
		.https = head->https,
		.literal = head->literal,
		.userpwd = wire_copy(userpwd),
	};
}

static void
wire_take_headers(struct wire_reader *reader, size_t n,
	struct wire_request *ret)
{
	size_t i;

	/* Each takes five bytes at least: no more is believed. */
	if (n > reader->left / 5) {
		reader->bad = 1;
		return;
	}
	free(ret->headers);
	ret->headers = n > 0 ? mem_array(n, sizeof *ret->headers) : NULL;
	for (i = 0; i < n; i++) {
		ret->headers[i] = (char *)(uintptr_t)wire_take_text(reader);
		if (ret->headers[i] == NULL)
			reader->bad = 1;
	}
	ret->fetch.request.headers = ret->headers;
	ret->fetch.request.n_headers = n;
}

/* A handle knows its pinned addresses by their pointer. */
static void
wire_take_addrs(struct wire_reader *reader, size_t n,
	struct wire_request *ret)
{
	struct addr list[ADDRS_MAX];

	if (n == 0)
		return;
	if (n > ADDRS_MAX) {
		reader->bad = 1;
		return;
	}
	wire_take_copy(reader, list, n * sizeof *list);
	if (reader->bad)
		return;
	if (ret->addrs == NULL || ret->addrs->n != n ||
	    memcmp(ret->addrs->list, list, n * sizeof *list) != 0) {
		addrs_unref(ret->addrs);
		ret->addrs = addrs_new(list, n);
	}
	ret->fetch.request.addrs = addrs_ref(ret->addrs);
}

static void
wire_take_body(struct wire_reader *reader,
	const struct wire_request_head *head, const struct wire_given *given,
	struct fetch_request *request)
{
	switch (head->body) {
	case WIRE_NO_BODY:
		break;
	case WIRE_GIVEN:
		request->body = given->body;
		request->body_len = given->body_len;
		break;
	case WIRE_SENT:
		request->body = wire_take(reader, head->body_len);
		request->body_len = head->body_len;
		break;
	default:
		reader->bad = 1;
	}
}

int
wire_read_request(const void *p, size_t n, const struct wire_given *given,
	struct wire_request *ret)
{
	struct wire_reader reader = { .at = p, .left = n };
	struct wire_request_head head = { 0 };
	struct fetch_request *request = &ret->fetch.request;

	fetch_release(&ret->fetch);
	*request = (struct fetch_request){ 0 };
	wire_take_copy(&reader, &head, sizeof head);
	request->time_left_us = head.time_left_us;
	request->flags = head.flags;
	request->resume_from = head.resume_from;
	wire_take_url(&reader, &head, &request->url);
	request->method = wire_take_text(&reader);
	request->if_range = wire_take_text(&reader);
	wire_take_headers(&reader, head.n_headers, ret);
	wire_take_addrs(&reader, head.n_addrs, ret);
	wire_take_body(&reader, &head, given, request);
	return reader.bad || reader.left > 0 ? -1 : 0;
}

void
wire_request_release(struct wire_request *request)
{
	fetch_release(&request->fetch);
	free(request->headers);
	addrs_unref(request->addrs);
	*request = (struct wire_request){ 0 };
}

/* As net/range would have it. */
static int
wire_range_fits(const struct range *range)
{
	return range->given == 0 ||
		(range->given == 1 && range->first <= range->last &&
		range->last < INT64_MAX &&
		(range->total == 0 || range->last < range->total));
}

/* What others index tables with, or take for a duration. */
static int
wire_reply_fits(const struct wire_reply_head *head)
{
	return head->code >= 0 && head->code < (int32_t)CURL_LAST &&
		head->refusal >= 0 && head->refusal < FETCH_REFUSALS &&
		head->response_code >= 0 && head->response_code < 1000 &&
		head->num_connects >= 0 && head->version < WIRE_VERSIONS &&
		head->namelookup_us >= 0 && head->connect_us >= 0 &&
		head->appconnect_us >= 0 && head->starttransfer_us >= 0 &&
		head->total_us >= 0 && head->retry_after_us >= -1 &&
		head->last_modified >= -1 &&
		(head->chunked == 0 || head->chunked == 1) &&
		(head->exchange == 0 || head->exchange == 1) &&
		(head->request_body == 0 ||
		head->request_body == head->exchange) &&
		wire_range_fits(&head->range) &&
		memchr(head->remote_ip, '\0', sizeof head->remote_ip) != NULL;
}

/* The texts and bytes of a reply, where they lie. */
struct wire_reply_texts {
	const char *content_type, *content_encoding, *location;
	const char *disposition, *etag, *errormsg;
	const char *request, *response;	/* of the exchange, where it is */
	const void *request_body;	/* likewise */
	size_t request_len, response_len;
};

static void
wire_take_texts(struct wire_reader *reader,
	const struct wire_reply_head *head, struct wire_reply_texts *ret)
{
	ret->content_type = wire_take_text(reader);
	ret->content_encoding = wire_take_text(reader);
	ret->location = wire_take_text(reader);
	ret->disposition = wire_take_text(reader);
	ret->etag = wire_take_text(reader);
	ret->errormsg = wire_take_text(reader);
	if (!head->exchange)
		return;
	ret->request = wire_take_head(reader, &ret->request_len);
	ret->response = wire_take_head(reader, &ret->response_len);
	if (head->request_body)
		ret->request_body = wire_take(reader, head->request_body_len);
}

static struct exchange *
wire_make_exchange(const struct wire_reply_head *head,
	const struct wire_reply_texts *texts)
{
	struct exchange *exchange;

	if (!head->exchange)
		return NULL;
	exchange = exchange_new();
	exchange->request = mem_dup(texts->request, texts->request_len);
	exchange->request_len = texts->request_len;
	exchange->request_body_len = head->request_body_len;
	if (head->request_body)
		exchange->request_body = exchange->request_body_owned =
			mem_dup(texts->request_body, head->request_body_len);
	exchange->response = mem_dup(texts->response, texts->response_len);
	exchange->response_len = texts->response_len;
	return exchange;
}

int
wire_read_reply(const void *p, size_t n, struct fetch_reply *ret)
{
	struct wire_reader reader = { .at = p, .left = n };
	struct wire_reply_head head = { 0 };
	struct wire_reply_texts texts = { 0 };

	fetch_reply_clear(ret);
	wire_take_copy(&reader, &head, sizeof head);
	wire_take_texts(&reader, &head, &texts);
	if (reader.bad || reader.left > 0 || !wire_reply_fits(&head))
		return -1;
	*ret = (struct fetch_reply){
		.code = (CURLcode)head.code,
		.refusal = (enum fetch_refusal)head.refusal,
		.os_errno = head.os_errno,
		.response_code = (long)head.response_code,
		.http_version = wire_versions[head.version],
		.num_connects = (long)head.num_connects,
		.namelookup_us = head.namelookup_us,
		.connect_us = head.connect_us,
		.appconnect_us = head.appconnect_us,
		.starttransfer_us = head.starttransfer_us,
		.total_us = head.total_us,
		.size_download = head.size_download,
		.retry_after_us = head.retry_after_us,
		.content_type = wire_copy(texts.content_type),
		.content_encoding = wire_copy(texts.content_encoding),
		.location = wire_copy(texts.location),
		.last_modified = head.last_modified,
		.disposition = wire_copy(texts.disposition),
		.etag = wire_copy(texts.etag),
		.range = head.range,
		.exchange = wire_make_exchange(&head, &texts),
		.chunked = head.chunked,
		.errormsg = wire_copy(texts.errormsg),
	};
	memcpy(ret->remote_ip, head.remote_ip, sizeof ret->remote_ip);
	return 0;
}
