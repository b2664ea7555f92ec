/* SPDX-License-Identifier: MIT */
/*
 * easy_capture -- the bytes of an exchange, for archives.
 *
 * libcurl shows what it sends to CURLOPT_DEBUGFUNCTION alone. What its first
 * write did not take of a head comes as if it were body, and a request that is
 * sent again, on a fresh connection, is shown again: so all that goes out is
 * read as one stream of heads with bytes behind them, and the last head is the
 * one that the reply answers. Replies' heads are kept by net/headers.
 */
#include "config.h"

#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "net/easy_handle.h"
#include "net/exchange.h"
#include "net/fetch.h"

#define EASY_SECRET "Proxy-Authorization:"

/* libcurl itself sends no head of more than 1 MiB. */
#define EASY_MAX_REQUEST (4u << 20)
#define EASY_MAX_CODED (16u << 20)	/* of a body's; the rest is not kept */

void
easy_capture_start(struct easy *easy)
{
	struct easy_capture *capture = &easy->capture;

	capture->request.max = EASY_MAX_REQUEST;
	buf_clear(&capture->request);
	capture->whole = 0;
	capture->body_len = 0;
	capture->coded = 0;
	capture->body.max = EASY_MAX_CODED;
	buf_clear(&capture->body);
}

/*
 * Whether a head begins here: behind another one, or in place of one that the
 * connection did not take all of. Newer libcurls show a head in pieces.
 */
static int
easy_begins_request(const struct easy_capture *capture, const char *p,
	size_t n)
{
	const struct buf *request = &capture->request;
	const char *end;

	if (capture->whole || request->len == 0)
		return 1;
	end = memchr(request->data, '\n', request->len);
	return end != NULL && n > (size_t)(end - request->data) &&
		memcmp(request->data, p, (size_t)(end - request->data)) == 0;
}

static void
easy_capture_body(struct easy_capture *capture, const char *p, size_t n)
{
	if (capture->coded && buf_add(&capture->body, p, n) != 0)
		return;
	capture->body_len += n;
}

static void
easy_capture_sent(struct easy_capture *capture, const char *p, size_t n)
{
	struct buf *request = &capture->request;
	size_t seen = request->len > 3 ? request->len - 3 : 0, len;
	const char *end;

	if (capture->whole) {
		easy_capture_body(capture, p, n);
		return;
	}
	buf_add(request, p, n);
	end = request->len > seen ? memmem(request->data + seen,
		request->len - seen, "\r\n\r\n", 4) : NULL;
	if (end == NULL)
		return;
	len = (size_t)(end - request->data) + 4;
	capture->whole = 1;
	capture->coded = strcasestr(request->data,
		"\r\nTransfer-Encoding:") != NULL;
	easy_capture_body(capture, request->data + len, request->len - len);
	buf_cut(request, len);
}

static int
easy_on_debug(CURL *curl, curl_infotype type, char *p, size_t n, void *arg)
{
	struct easy *easy = arg;

	(void)curl;
	if (type == CURLINFO_HEADER_OUT &&
	    easy_begins_request(&easy->capture, p, n)) {
		easy_capture_start(easy);
		/* Nor was there a reply to this one yet. */
		buf_clear(&easy->headers.head);
	}
	if (type == CURLINFO_HEADER_OUT || type == CURLINFO_DATA_OUT)
		easy_capture_sent(&easy->capture, p, n);
	return 0;
}

void
easy_capture_setup(struct easy *easy)
{
	EASY_SET(easy, CURLOPT_VERBOSE, 1L);
	EASY_SET(easy, CURLOPT_DEBUGFUNCTION, easy_on_debug);
	EASY_SET(easy, CURLOPT_DEBUGDATA, easy);
	EASY_SET(easy, CURLOPT_HTTP_TRANSFER_DECODING, 0L);
}

/* What libcurl says to a proxy names an authority, and ours a path. */
static int
easy_is_tunnel(const struct easy *easy)
{
	const struct buf *request = &easy->capture.request;

	return easy->env->proxy.text != NULL && request->len > 9 &&
		memcmp(request->data, "CONNECT ", 8) == 0 &&
		request->data[8] != '/';
}

/* The proxy's password is between the user and the proxy. */
static void
easy_drop_secret(struct exchange *exchange)
{
	const size_t len = sizeof EASY_SECRET - 1;
	char *line = exchange->request, *next;
	char *end = line + exchange->request_len;

	for (; line < end; line = next) {
		next = (char *)memchr(line, '\n', (size_t)(end - line)) + 1;
		if ((size_t)(next - line) < len ||
		    strncasecmp(line, EASY_SECRET, len) != 0)
			continue;
		memmove(line, next, (size_t)(end - next));
		exchange->request_len -= (size_t)(next - line);
		end = exchange->request + exchange->request_len;
		next = line;
	}
}

/* Whether the final reply's head came, all of it, and to this request. */
static int
easy_has_exchange(const struct easy *easy)
{
	const struct headers *headers = &easy->headers;
	long response_code = 0;

	if (!easy->capture.whole || easy_is_tunnel(easy) ||
	    headers->head.len == 0 ||
	    (headers->in_block && !headers->trailers))
		return 0;
	curl_easy_getinfo(easy->curl, CURLINFO_RESPONSE_CODE, &response_code);
	return response_code >= 200;
}

struct exchange *
easy_capture_take(struct easy *easy)
{
	const struct buf *request = &easy->capture.request;
	const struct buf *response = &easy->headers.head;
	struct exchange *exchange;

	if (!easy_has_exchange(easy))
		return NULL;
	exchange = exchange_new();
	exchange->request = mem_dup(request->data, request->len);
	exchange->request_len = request->len;
	exchange->request_body_len = easy->capture.body_len;
	if (easy->capture.coded)
		exchange->request_body = exchange->request_body_owned =
			mem_dup(easy->capture.body.data,
			easy->capture.body.len);
	exchange->response = mem_dup(response->data, response->len);
	exchange->response_len = response->len;
	if (easy->env->proxy.text != NULL)
		easy_drop_secret(exchange);
	return exchange;
}
