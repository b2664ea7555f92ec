/* SPDX-License-Identifier: MIT */
/*
 * capture -- one exchange as it crossed the network: a response record, or a
 * revisit where its content was archived before, then the request.
 *
 * Digests stand in front of what they are of, so a body is read twice: once
 * for them, and once to be written. Block digests are of the bytes archived,
 * payload digests of the content without the transfer coding and with the
 * content coding, as other writers do it.
 */
#include "config.h"

#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "core/body.h"
#include "core/result.h"
#include "net/chunks.h"
#include "net/exchange.h"
#include "sink/archive.h"
#include "sink/capture.h"
#include "sink/cdxj.h"
#include "sink/digest.h"
#include "sink/payloads.h"
#include "sink/record.h"
#include "url/url.h"

#define CAPTURE_PAYLOADS ((size_t)32 << 20)	/* bytes of memory */
#define CAPTURE_TEXT_MAX ((size_t)1 << 20)	/* a head, a line, a URL */
#define CAPTURE_PIECE ((size_t)1 << 20)	/* of a long body; whole pages */

#define CAPTURE_REVISIT "http://netpreserve.org/warc/1.1/revisit/" \
	"identical-payload-digest"

struct capture {
	struct archive *archive;
	struct payloads *payloads;
	struct digest *block, *payload, *content;
	int credentials;
	struct buf url, head, line;	/* of the exchange at hand */
};

/* What is archived now. */
struct capture_reply {
	const struct result *result;
	const struct exchange *exchange;
	const char *url;
	int64_t date_us;
	char date[CLOCK_RFC3339_SIZE];
	char id[RECORD_ID_SIZE];
	struct archive_part body;
	char block[DIGEST_TEXT];
	/* Of the content; "" where the transfer coding is broken. */
	char payload[DIGEST_TEXT];
	unsigned char content[DIGEST_SHA256_BYTES];
	uint64_t content_len;
	const struct payload *known;	/* where it is archived; or NULL */
};

struct capture *
capture_new(struct archive *archive, int credentials, struct err *err)
{
	struct capture *capture = mem_array(1, sizeof *capture);

	capture->archive = archive;
	capture->credentials = credentials;
	capture->payloads = payloads_new(CAPTURE_PAYLOADS);
	buf_init(&capture->url, CAPTURE_TEXT_MAX);
	buf_init(&capture->head, CAPTURE_TEXT_MAX);
	buf_init(&capture->line, CAPTURE_TEXT_MAX);
	capture->block = digest_new(DIGEST_SHA1, err);
	capture->payload = digest_new(DIGEST_SHA1, err);
	capture->content = digest_new(DIGEST_SHA256, err);
	if (capture->block != NULL && capture->payload != NULL &&
	    capture->content != NULL)
		return capture;
	capture_free(capture);
	return NULL;
}

void
capture_free(struct capture *capture)
{
	if (capture == NULL)
		return;
	payloads_free(capture->payloads);
	digest_free(capture->block);
	digest_free(capture->payload);
	digest_free(capture->content);
	buf_release(&capture->url);
	buf_release(&capture->head);
	buf_release(&capture->line);
	free(capture);
}

/* --- what it is --- */

/* The URL that was asked for, without user and fragment. It is canonical, so
 * there is nothing to escape in it unless somebody changes that. */
static const char *
capture_url(struct capture *capture, const struct result *result)
{
	static const char digits[] = "0123456789ABCDEF";
	const char *text = result->url_effective != NULL ?
		result->url_effective : result->url;
	struct buf public;
	const char *at;

	buf_init(&public, CAPTURE_TEXT_MAX);
	url_add_public(&public, text, strcspn(text, "#"));
	buf_clear(&capture->url);
	for (at = buf_text(&public); *at != '\0'; at++) {
		if (*at > 0x20 && *at < 0x7f) {
			buf_add_char(&capture->url, *at);
			continue;
		}
		buf_add_char(&capture->url, '%');
		buf_add_char(&capture->url, digits[*at >> 4 & 15]);
		buf_add_char(&capture->url, digits[*at & 15]);
	}
	buf_release(&public);
	return buf_text(&capture->url);
}

/* One piece of the body into the digests of the content. */
static int
capture_digest_content(struct capture *capture, struct capture_reply *reply,
	struct chunks *chunks, const void *p, size_t n)
{
	const void *span = p;
	size_t len = n;
	size_t at = 0;
	int more = 1;

	while (more == 1) {
		if (reply->result->chunked) {
			more = chunks_next(chunks, p, n, &at, &span, &len);
			if (more != 1)
				break;
		} else
			more = 0;
		digest_add(capture->payload, span, len);
		digest_add(capture->content, span, len);
		reply->content_len += len;
	}
	return more;
}

/* Reads the body for the first time. */
static int
capture_digest(struct capture *capture, struct capture_reply *reply,
	struct err *err)
{
	const struct archive_part *body = &reply->body;
	const char *at = body->p;
	size_t left, n;
	struct chunks chunks;
	int good = 1;

	chunks_init(&chunks);
	digest_begin(capture->block);
	digest_begin(capture->payload);
	digest_begin(capture->content);
	digest_add(capture->block, reply->exchange->response,
		reply->exchange->response_len);
	for (left = body->n; left > 0; at += n, left -= n) {
		n = left < CAPTURE_PIECE ? left : CAPTURE_PIECE;
		digest_add(capture->block, at, n);
		if (good)
			good = capture_digest_content(capture, reply, &chunks,
				at, n) == 0;
		if (body->mapped)
			body_unload(at, n);
	}
	/* A reply to HEAD has no body, whatever coding it says. */
	if (reply->result->chunked && body->n > 0 && !chunks_whole(&chunks))
		good = 0;
	if (digest_end_text(capture->block, reply->block, err) != 0)
		return -1;
	if (!good)
		return 0;
	if (digest_end(capture->content, reply->content, err) != 0)
		return -1;
	return digest_end_text(capture->payload, reply->payload, err);
}

static int
capture_read(struct capture *capture, struct capture_reply *reply,
	struct err *err)
{
	const struct result *result = reply->result;

	reply->exchange = result->exchange;
	reply->url = capture_url(capture, result);
	/* When the last hop began: the exchange is of that one. */
	reply->date_us = result->timestamp + result->time_redirect;
	clock_rfc3339(reply->date_us, reply->date);
	if (result->body != NULL) {
		if (body_view(result->body, &reply->body.p, &reply->body.n,
		    err) != 0)
			return -1;
		reply->body.mapped = body_is_mapped(result->body);
	}
	if (record_make_id(reply->id, err) != 0 ||
	    capture_digest(capture, reply, err) != 0)
		return -1;
	if (reply->payload[0] != '\0' && reply->content_len > 0)
		reply->known = payloads_find(capture->payloads,
			reply->content);
	return 0;
}

/* --- the records --- */

/* The lines that all of an exchange have. */
static void
capture_begin(struct capture *capture, const struct capture_reply *reply,
	const char *type, const char *id)
{
	struct buf *head = &capture->head;

	record_begin(head, type, id, reply->date);
	record_add(head, "WARC-Target-URI", reply->url);
	record_add(head, "WARC-IP-Address", reply->result->remote_ip);
}

static int
capture_add_response(struct capture *capture,
	const struct capture_reply *reply, struct archive_place *ret,
	struct err *err)
{
	const struct archive_part parts[] = {
		{ reply->exchange->response, reply->exchange->response_len, 0 },
		reply->body,
	};

	capture_begin(capture, reply, "response", reply->id);
	record_add(&capture->head, "WARC-Block-Digest", reply->block);
	record_add(&capture->head, "WARC-Payload-Digest", reply->payload);
	record_end(&capture->head, "application/http;msgtype=response",
		parts[0].n + parts[1].n);
	return archive_add(capture->archive, &capture->head, parts, 2, ret,
		err);
}

/* The reply's head, and where its content is. */
static int
capture_add_revisit(struct capture *capture,
	const struct capture_reply *reply, struct archive_place *ret,
	struct err *err)
{
	const struct exchange *exchange = reply->exchange;
	const struct archive_part part = { exchange->response,
		exchange->response_len, 0 };
	char date[CLOCK_RFC3339_SIZE];
	char block[DIGEST_TEXT];

	digest_begin(capture->block);
	digest_add(capture->block, part.p, part.n);
	if (digest_end_text(capture->block, block, err) != 0)
		return -1;
	clock_rfc3339(reply->known->date, date);
	capture_begin(capture, reply, "revisit", reply->id);
	record_add(&capture->head, "WARC-Profile", CAPTURE_REVISIT);
	record_add(&capture->head, "WARC-Refers-To-Target-URI",
		reply->known->url);
	record_add(&capture->head, "WARC-Refers-To-Date", date);
	/* ISO 28500, 6.7.2: the block is cut at the payload. */
	record_add(&capture->head, "WARC-Truncated", "length");
	record_add(&capture->head, "WARC-Block-Digest", block);
	record_add(&capture->head, "WARC-Payload-Digest", reply->payload);
	record_end(&capture->head, "application/http;msgtype=response", part.n);
	return archive_add(capture->archive, &capture->head, &part, 1, ret,
		err);
}

/* Whether a line is a header that says who somebody is. */
static int
capture_is_secret(const char *line, size_t n)
{
	static const char *const names[] = {
		"Authorization", "Proxy-Authorization", "Cookie",
	};
	size_t i, len;

	for (i = 0; i < sizeof names / sizeof *names; i++) {
		len = strlen(names[i]);
		if (n > len && strncasecmp(line, names[i], len) == 0 &&
		    strchr(": \t", line[len]) != NULL)
			return 1;
	}
	return 0;
}

/* Asterisks for the value, which begins at the colon or, in a line that goes
 * on with the one before it, at once; blanks in front of it stay. */
static void
capture_blank_value(char *line, size_t n, int folded)
{
	const char *colon = folded ? NULL : memchr(line, ':', n);
	size_t at = colon != NULL ? (size_t)(colon - line) + 1 : 0;

	while (n > at && (line[n - 1] == '\r' || line[n - 1] == '\n'))
		n--;
	while (at < n && (line[at] == ' ' || line[at] == '\t'))
		at++;
	memset(line + at, '*', n - at);
}

/* Values of credentials, in place: the lengths stay. */
static void
capture_blank(char *head, size_t n)
{
	char *end = head + n;
	char *line, *next;
	int folded, secret = 0;

	for (line = head; line < end; line = next) {
		next = memchr(line, '\n', (size_t)(end - line));
		next = next != NULL ? next + 1 : end;
		folded = *line == ' ' || *line == '\t';
		if (!folded)
			secret = capture_is_secret(line, (size_t)(next - line));
		if (secret)
			capture_blank_value(line, (size_t)(next - line),
				folded);
	}
}

static int
capture_digest_request(struct capture *capture,
	const struct archive_part parts[2], char block[DIGEST_TEXT],
	char payload[DIGEST_TEXT], struct err *err)
{
	digest_begin(capture->block);
	digest_add(capture->block, parts[0].p, parts[0].n);
	digest_add(capture->block, parts[1].p, parts[1].n);
	digest_begin(capture->payload);
	digest_add(capture->payload, parts[1].p, parts[1].n);
	if (digest_end_text(capture->block, block, err) != 0)
		return -1;
	return digest_end_text(capture->payload, payload, err);
}

/* `sent` is its head, as it is archived. */
static int
capture_add_request(struct capture *capture,
	const struct capture_reply *reply, const char *sent, struct err *err)
{
	const struct exchange *exchange = reply->exchange;
	const struct archive_part parts[] = {
		{ sent, exchange->request_len, 0 },
		{ exchange->request_body, exchange->request_body != NULL ?
			(size_t)exchange->request_body_len : 0, 0 },
	};
	char block[DIGEST_TEXT], payload[DIGEST_TEXT];
	char id[RECORD_ID_SIZE];
	struct archive_place place;

	if (record_make_id(id, err) != 0 || capture_digest_request(capture,
	    parts, block, payload, err) != 0)
		return -1;
	capture_begin(capture, reply, "request", id);
	record_add_id(&capture->head, "WARC-Concurrent-To", reply->id);
	record_add(&capture->head, "WARC-Block-Digest", block);
	if (parts[1].n == exchange->request_body_len)
		record_add(&capture->head, "WARC-Payload-Digest", payload);
	else
		record_add(&capture->head, "WARC-Truncated", "unspecified");
	record_end(&capture->head, "application/http;msgtype=request",
		parts[0].n + parts[1].n);
	return archive_add(capture->archive, &capture->head, parts, 2, &place,
		err);
}

static int
capture_add_sent(struct capture *capture, const struct capture_reply *reply,
	struct err *err)
{
	const struct exchange *exchange = reply->exchange;
	char *sent = mem_dup(exchange->request, exchange->request_len);
	int rc;

	if (!capture->credentials)
		capture_blank(sent, exchange->request_len);
	rc = capture_add_request(capture, reply, sent, err);
	free(sent);
	return rc;
}

static int
capture_write(struct capture *capture, const struct capture_reply *reply,
	struct err *err)
{
	struct archive_place place;
	int rc;

	if (archive_begin(capture->archive, err) != 0)
		return -1;
	if (reply->known != NULL)
		rc = capture_add_revisit(capture, reply, &place, err);
	else
		rc = capture_add_response(capture, reply, &place, err);
	if (rc != 0 || capture_add_sent(capture, reply, err) != 0)
		return -1;
	buf_clear(&capture->line);
	cdxj_add(&capture->line, &(struct cdxj){
		.url = reply->url,
		.date = reply->date,
		.mime = reply->known != NULL ? "warc/revisit" :
			reply->result->content_type,
		.method = reply->result->method,
		.status = reply->result->response_code,
		.digest = reply->payload,
		.offset = place.offset,
		.length = place.length,
		.filename = archive_filename(capture->archive),
	});
	return archive_end(capture->archive, &capture->line, err);
}

int
capture_add(struct capture *capture, const struct result *result,
	struct err *err)
{
	struct capture_reply reply = { .result = result };

	if (capture_read(capture, &reply, err) != 0)
		return -1;
	if (capture_write(capture, &reply, err) != 0) {
		archive_cancel(capture->archive);
		return -1;
	}
	if (reply.known == NULL && reply.payload[0] != '\0' &&
	    reply.content_len > 0)
		payloads_add(capture->payloads, reply.content, reply.url,
			reply.date_us);
	return 0;
}
