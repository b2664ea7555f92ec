/* SPDX-License-Identifier: MIT */
/*
 * easy_body -- a reply's body on its way from libcurl to whoever takes it:
 * counted, held to its limits, and with its chunks where it is captured.
 *
 * Pieces that cannot be written yet are given again, by libcurl in a multi
 * and by a loop in here in blocking use. So nothing of the handle's changes
 * before a piece is written.
 */
#include "config.h"

#include <errno.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "net/easy_handle.h"
#include "net/fetch.h"

/* How long a cancel or the end of its time may go unseen. */
#define EASY_WAIT (50 * CLOCK_MS)

/* Honest framing is a few bytes a chunk, and a chunk may be one byte. */
#define EASY_FRAMING (UINT64_C(1) << 20)
#define EASY_FRAMING_PER_BYTE 8

/* What libcurl gave at once, and what of it is the body's. */
struct easy_piece {
	const char *p;
	size_t given, n;
	uint64_t content;
	struct chunks behind;	/* how to go on once it is written */
};

int
easy_body_keeps_chunks(const struct easy *easy)
{
	return easy->env->settings->capture && easy->headers.chunked;
}

static int
easy_is_too_long(const struct easy *easy, const struct easy_piece *piece)
{
	uint64_t max = easy->env->settings->max_body;

	return max > 0 &&
		easy->before + easy->body_bytes + piece->content > max;
}

/*
 * What comes behind the end, in the same read, libcurl gives as well and then
 * drops. What is no coding it reports itself, right after this.
 */
static void
easy_read_chunks(const struct easy *easy, struct easy_piece *piece)
{
	const void *span;
	size_t at = 0, len;

	piece->behind = easy->chunks;
	piece->content = 0;
	while (!easy_is_too_long(easy, piece) && chunks_next(&piece->behind,
	    piece->p, piece->given, &at, &span, &len) == 1)
		piece->content += len;
	piece->n = at;
}

/* A part that would not go where the rest is missing. */
static int
easy_is_misplaced(const struct easy *easy, long response_code)
{
	const struct fetch_request *request = &easy->fetch->request;
	const struct range *range = &easy->headers.range;

	return response_code == 206 && request->resume_from > 0 &&
		(!easy->resumes || !range->given ||
		range->first != request->resume_from);
}

int
easy_body_begin(struct easy *easy)
{
	const struct fetch_request *request = &easy->fetch->request;
	struct fetch_reply_head head = {
		.etag = easy->headers.etag,
		.last_modified = easy->headers.last_modified,
		.range = easy->headers.range,
	};

	if (easy->begun)
		return 0;
	easy->begun = 1;
	if (request->begin_body == NULL && request->resume_from == 0)
		return 0;
	curl_easy_getinfo(easy->curl, CURLINFO_RESPONSE_CODE,
		&head.response_code);
	if (easy_is_misplaced(easy, head.response_code)) {
		easy->headers.refusal = FETCH_BAD_RANGE;
		return -1;
	}
	if (head.response_code == 206 && easy->resumes)
		easy->before = request->resume_from;
	if (request->begin_body == NULL ||
	    request->begin_body(request->write_arg, &head) == 0)
		return 0;
	easy->headers.refusal = FETCH_NOT_WRITTEN;
	easy->fetch->reply.os_errno = errno;
	return -1;
}

/* What came of a piece of the body: written, or broken off here. */
static size_t
easy_written(struct easy *easy, int rc, const struct easy_piece *piece)
{
	easy->body_bytes += piece->content;
	easy->raw_bytes += piece->n;
	easy->chunks = piece->behind;
	if (rc == 0)
		return piece->given;
	easy->headers.refusal = FETCH_NOT_WRITTEN;
	easy->fetch->reply.os_errno = errno;
	return 0;
}

static int
easy_time_is_up(const struct easy *easy)
{
	int64_t limit_us = easy->fetch->request.time_left_us;

	return limit_us > 0 && clock_us() - easy->prepared_us >= limit_us;
}

/*
 * In blocking use the thread waits in here. libcurl is told that the fetch is
 * paused meanwhile, or it would take the server for a slow one. When time is
 * up it stays so, for libcurl to end it as it ends others.
 */
static size_t
easy_wait(struct easy *easy, const struct easy_piece *piece)
{
	const struct fetch_request *request = &easy->fetch->request;
	int rc;

	curl_easy_pause(easy->curl, CURLPAUSE_RECV);
	do {
		if (atomic_load(easy->cancel)) {
			easy->headers.refusal = FETCH_CANCELLED;
			return 0;
		}
		if (easy_time_is_up(easy))
			return CURL_WRITEFUNC_PAUSE;
		request->wait_write(request->write_arg, EASY_WAIT);
		rc = request->write_body(request->write_arg, piece->p,
			piece->n);
	} while (rc != 0 && errno == EAGAIN);
	if (rc == 0)
		curl_easy_pause(easy->curl, CURLPAUSE_CONT);
	return easy_written(easy, rc, piece);
}

static size_t
easy_write(struct easy *easy, const struct easy_piece *piece)
{
	const struct fetch_request *request = &easy->fetch->request;
	int rc = 0;

	if (request->write_body != NULL && piece->n > 0)
		rc = request->write_body(request->write_arg, piece->p,
			piece->n);
	if (rc == 0 || errno != EAGAIN || request->may_write == NULL)
		return easy_written(easy, rc, piece);
	if (easy->cancel != NULL)
		return easy_wait(easy, piece);
	easy->on_pause(easy->owner);
	return CURL_WRITEFUNC_PAUSE;
}

static enum fetch_refusal
easy_check_piece(const struct easy *easy, const struct easy_piece *piece)
{
	uint64_t content = easy->body_bytes + piece->content;
	uint64_t framing = easy->raw_bytes + piece->n - content;

	if (easy_is_too_long(easy, piece))
		return FETCH_BODY_LIMIT;
	if (framing > EASY_FRAMING &&
	    (framing - EASY_FRAMING) / EASY_FRAMING_PER_BYTE > content)
		return FETCH_FRAMING;
	return FETCH_ACCEPTED;
}

static size_t
easy_on_body(char *p, size_t size, size_t n, void *arg)
{
	struct easy_piece piece = {
		.p = p, .given = n, .n = n, .content = n,
	};
	struct easy *easy = arg;

	(void)size;
	if (easy->headers.coded) {
		easy->headers.refusal = FETCH_CODED;
		return 0;
	}
	if (easy_body_begin(easy) != 0)
		return 0;
	if (easy_body_keeps_chunks(easy))
		easy_read_chunks(easy, &piece);
	easy->headers.refusal = easy_check_piece(easy, &piece);
	if (easy->headers.refusal == FETCH_ACCEPTED)
		return easy_write(easy, &piece);
	easy->body_bytes += piece.content;
	return 0;
}

void
easy_body_watch(struct easy *easy)
{
	EASY_SET(easy, CURLOPT_WRITEFUNCTION, easy_on_body);
	EASY_SET(easy, CURLOPT_WRITEDATA, easy);
}
