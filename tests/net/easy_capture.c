/* SPDX-License-Identifier: MIT */
/*
 * Capturing: the exchange is what crossed the network, a body keeps its
 * chunks, and nothing else of a reply changes by that.
 */
#include "config.h"

#include <curl/curl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "net/chunks.h"
#include "net/easy.h"
#include "net/exchange.h"
#include "net/fetch.h"
#include "net/script.h"
#include "net/stage.h"
#include "unit.h"

static char origin_secret[] = "u:p";

static int
same_bytes(const void *a, size_t a_len, const void *b, size_t b_len)
{
	return a_len == b_len && (a_len == 0 || memcmp(a, b, a_len) == 0);
}

/* Whether the exchange's request is what the server read in this step. */
static int
was_asked(const struct exchange *exchange, const struct buf *asked)
{
	return exchange->request_len <= asked->len &&
		memcmp(exchange->request, asked->data,
		exchange->request_len) == 0 && exchange->request_body_len ==
		asked->len - exchange->request_len;
}

/* --- whole replies --- */

#define HEAD "HTTP/1.1 200 OK\r\nServer: x\r\n"
#define CHUNKED HEAD "Transfer-Encoding: chunked\r\n\r\n"

static const struct {
	const char *note;
	const char *method;
	const char *interim;	/* in front of the head */
	const char *head;
	const char *body;	/* as it is written */
	const char *behind;	/* and what is not */
	uint64_t content;
	int chunked;
	int closes;
} whole[] = {
	{ "a length", NULL, "", HEAD "Content-Length: 3\r\n\r\n", "abc", "",
		3, 0, 0 },
	{ "chunks", NULL, "", CHUNKED, "1\r\na\r\n2\r\nbc\r\n0\r\n\r\n", "",
		3, 1, 0 },
	{ "no chunk", NULL, "", CHUNKED, "0\r\n\r\n", "", 0, 1, 0 },
	{ "extensions", NULL, "", CHUNKED,
		"3;a=\"b\"\r\nabc\r\n0;x\r\n\r\n", "", 3, 1, 0 },
	{ "trailers", NULL, "", CHUNKED,
		"3\r\nabc\r\n0\r\nA: b\r\nSet-Cookie: c\r\n\r\n", "", 3, 1,
		0 },
	{ "chunks with LF alone", NULL, "", CHUNKED, "3\nabc\n0\n\n", "", 3,
		1, 0 },
	{ "something behind the last chunk", NULL, "", CHUNKED,
		"3\r\nabc\r\n0\r\n\r\n", "HTTP/1.1 200 Forged\r\n\r\n", 3, 1,
		1 },
	{ "until it closes", NULL, "", "HTTP/1.0 200 OK\r\n\r\n", "abc", "",
		3, 0, 1 },
	{ "HTTP/1.0 with chunks", NULL, "", "HTTP/1.0 200 OK\r\n"
		"Transfer-Encoding: Chunked\r\n\r\n",
		"3\r\nabc\r\n0\r\n\r\n", "", 3, 1, 1 },
	{ "a coding that is none", NULL, "", HEAD
		"Transfer-Encoding: identity\r\n\r\n", "abc", "", 3, 0, 1 },
	{ "chunks and a length", NULL, "", HEAD "Content-Length: 99\r\n"
		"Transfer-Encoding: chunked\r\n\r\n",
		"3\r\nabc\r\n0\r\n\r\n", "", 3, 1, 1 },
	{ "no content", NULL, "", "HTTP/1.1 204 No\r\n\r\n", "", "", 0, 0,
		0 },
	{ "no content, in chunks", NULL, "", "HTTP/1.1 204 No\r\n"
		"Transfer-Encoding: chunked\r\n\r\n", "", "", 0, 0, 1 },
	{ "not modified", NULL, "", "HTTP/1.1 304 No\r\n"
		"Content-Length: 3\r\n\r\n", "", "", 0, 0, 0 },
	{ "HEAD", "HEAD", "", HEAD "Content-Length: 3\r\n\r\n", "", "", 0, 0,
		0 },
	{ "HEAD of chunks", "HEAD", "", CHUNKED, "", "", 0, 0, 0 },
	{ "interim replies", NULL, "HTTP/1.1 100 Continue\r\n\r\n"
		"HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n", CHUNKED,
		"3\r\nabc\r\n0\r\n\r\n", "", 3, 1, 0 },
	{ "a head with LF alone, blanks and a folded line", NULL, "",
		"HTTP/1.1 404 \nX:  a \t\n b\nContent-Length:3\n\n", "abc",
		"", 3, 0, 0 },
	{ "a head that is not ASCII", NULL, "", "HTTP/1.1 200 \xff\r\n"
		"X: \xc3\xa4\x01\r\nContent-Length: 1\r\n\r\n", "a", "", 1, 0,
		0 },
	{ "a content coding", NULL, "", HEAD "Content-Encoding: gzip\r\n"
		"Transfer-Encoding: chunked\r\n\r\n",
		"3\r\n\x1f\x8b\x08\r\n0\r\n\r\n", "", 3, 1, 0 },
	{ "a method of its own", "REPORT", "", HEAD
		"Content-Length: 3\r\n\r\n", "abc", "", 3, 0, 0 },
};

#define WHOLE (sizeof whole / sizeof *whole)
#define LAST_REPLY HEAD "Content-Length: 2\r\n\r\nok"

static void
check_whole(size_t i, size_t piece, struct stage *stage)
{
	const struct fetch_reply *reply = &stage->fetch.reply;
	char *text = mem_printf("%s%s%s%s", whole[i].interim, whole[i].head,
		whole[i].body, whole[i].behind);
	struct script script = {
		.steps = { { .reply = text, .closes = whole[i].closes },
			{ .reply = LAST_REPLY, .closes = 1 } },
		.n = 2, .piece = piece,
	};
	const struct exchange *exchange;

	script_start(&script);
	stage_request(stage, &script, whole[i].method);
	stage_perform(stage);
	exchange = reply->exchange;
	if (reply->code != CURLE_OK || exchange == NULL ||
	    !was_asked(exchange, &script.asked[0]) ||
	    !same_bytes(exchange->response, exchange->response_len,
	    whole[i].head, strlen(whole[i].head)) ||
	    !same_bytes(stage->body.data, stage->body.len, whole[i].body,
	    strlen(whole[i].body)) ||
	    reply->size_download != whole[i].content ||
	    reply->chunked != whole[i].chunked)
		fail_msg("%s, each %zu: code %d (%s), %llu bytes, '%s'",
			whole[i].note, piece, (int)reply->code,
			reply->errormsg, (unsigned long long)
			reply->size_download, buf_text(&stage->body));
	/* Its end was found: the connection is good for more. */
	stage_request(stage, &script, NULL);
	stage_perform(stage);
	if (reply->code != CURLE_OK || reply->num_connects !=
	    whole[i].closes || !was_asked(exchange = reply->exchange,
	    &script.asked[1]))
		fail_msg("%s, and again: code %d, %ld connects",
			whole[i].note, (int)reply->code, reply->num_connects);
	script_end(&script);
	script_release(&script);
	free(text);
}

static void
an_exchange_is_what_crossed_the_network(void **state)
{
	static const size_t pieces[] = { 0, 1, 7 };
	struct stage stage = { .busy = 0 };
	size_t i, k;

	(void)state;
	stage_open(&stage, 1);
	for (i = 0; i < WHOLE; i++)
		for (k = 0; k < 3; k++)
			/* Of what comes later libcurl knows nothing. */
			if (pieces[k] == 0 || whole[i].behind[0] == '\0')
				check_whole(i, pieces[k], &stage);
	stage_close(&stage);
}

static void
without_capture_there_is_none(void **state)
{
	struct stage stage = { .busy = 0 };
	struct script script = {
		.steps = { { .reply = CHUNKED "3\r\nabc\r\n0\r\n\r\n" } },
		.n = 1,
	};

	(void)state;
	stage_open(&stage, 0);
	script_start(&script);
	stage_request(&stage, &script, NULL);
	assert_int_equal(stage_perform(&stage)->code, CURLE_OK);
	assert_null(stage.fetch.reply.exchange);
	assert_false(stage.fetch.reply.chunked);
	assert_string_equal(buf_text(&stage.body), "abc");
	script_end(&script);
	script_release(&script);
	stage_close(&stage);
}

/* --- what is not a whole reply --- */

static void
a_reply_without_a_whole_head_has_none(void **state)
{
	static const struct {
		const char *reply;
		int has;
	} cases[] = {
		{ "", 0 },
		{ "HTTP/1.1 200 OK\r\n", 0 },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n", 0 },
		{ "HTTP/1.1 100 Continue\r\n\r\n", 0 },
		{ "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n", 0 },
		{ "garbage", 0 },
		/* These are cut behind it. */
		{ HEAD "Content-Length: 3\r\n\r\nab", 1 },
		{ CHUNKED "3\r\nab", 1 },
		{ CHUNKED "3\r\nabc\r\n", 1 },
		{ CHUNKED "3\r\nabc\r\n0\r\nA: b", 1 },
		{ CHUNKED "hello", 1 },
		{ CHUNKED "3\r\nabcd\r\n", 1 },
	};
	struct stage stage = { .busy = 0 };
	struct script script;
	size_t i;

	(void)state;
	stage_open(&stage, 1);
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		script = (struct script){
			.steps = { { .reply = cases[i].reply } }, .n = 1,
		};
		script_start(&script);
		stage_request(&stage, &script, NULL);
		stage_perform(&stage);
		script_end(&script);
		if (stage.fetch.reply.code == CURLE_OK ||
		    (stage.fetch.reply.exchange != NULL) != cases[i].has)
			fail_msg("'%s': code %d", cases[i].reply,
				(int)stage.fetch.reply.code);
		script_release(&script);
	}
	stage_close(&stage);
}

/* --- the same with and without --- */

static void
get_content(const struct stage *stage, struct buf *ret)
{
	struct chunks chunks;
	const void *span;
	size_t at = 0, len;

	if (!stage->fetch.reply.chunked) {
		buf_add(ret, stage->body.data, stage->body.len);
		return;
	}
	chunks_init(&chunks);
	while (chunks_next(&chunks, stage->body.data, stage->body.len, &at,
	    &span, &len) == 1)
		buf_add(ret, span, len);
	if (stage->fetch.reply.code == CURLE_OK) {
		assert_true(chunks_whole(&chunks));
		assert_int_equal(at, stage->body.len);
	}
}

/*
 * libcurl tells what is wrong with a trailer in other words, or goes on to
 * what is wrong behind it; and it does not wait for the very last LF, without
 * which a file of chunks is not whole.
 */
static int
same_outcome(const struct fetch_reply *plain,
	const struct fetch_reply *captured, const char *text)
{
	if (plain->code == CURLE_BAD_FUNCTION_ARGUMENT)
		return captured->code != CURLE_OK;
	if (plain->code == CURLE_OK && captured->code == CURLE_RECV_ERROR)
		return text[strlen(text) - 1] == '\r';
	return plain->code == captured->code;
}

/* One reply to a handle that captures and to one that does not. */
static void
compare(struct stage stages[2], const char *text, size_t piece)
{
	struct script script = {
		.steps = { { .reply = text, .closes = 1 },
			{ .reply = text } },
		.n = 2, .piece = piece,
	};
	struct fetch_reply *replies[2] = {
		&stages[0].fetch.reply, &stages[1].fetch.reply,
	};
	struct buf content[2];
	int i;

	script_start(&script);
	for (i = 0; i < 2; i++) {
		buf_init(&content[i], 1 << 20);
		stage_request(&stages[i], &script, NULL);
		stage_perform(&stages[i]);
		get_content(&stages[i], &content[i]);
	}
	script_end(&script);
	if (!same_outcome(replies[0], replies[1], text) ||
	    replies[0]->refusal != replies[1]->refusal ||
	    replies[0]->size_download != replies[1]->size_download ||
	    strcmp(buf_text(&content[0]), buf_text(&content[1])) != 0)
		fail_msg("'%s': codes %d and %d, %llu and %llu bytes, '%s' "
			"and '%s'", text, (int)replies[0]->code,
			(int)replies[1]->code,
			(unsigned long long)replies[0]->size_download,
			(unsigned long long)replies[1]->size_download,
			buf_text(&content[0]), buf_text(&content[1]));
	if (replies[0]->code == replies[1]->code && replies[0]->code != 0)
		assert_string_equal(replies[0]->errormsg,
			replies[1]->errormsg);
	for (i = 0; i < 2; i++)
		buf_release(&content[i]);
	script_release(&script);
}

/* Chunks that are nearly right: libcurl's reader and ours agree on them. */
static void
capturing_changes_no_outcome(void **state)
{
	static const char *const parts[] = { "0", "1", "3", "a", "\r", "\n",
		"\r\n", ";x", " ", "abc", "3\r\nabc\r\n", "3\r\nabc\r\n",
		"0\r\n", "0\r\n\r\n", "A: b\r\n", "7fffffffffffffff\r\n",
		"8000000000000000\r\n", "00000000000000003\r\n", "\x80" };
	struct stage stages[2] = { { .busy = 0 }, { .busy = 0 } };
	uint64_t seed = 1;
	struct buf text;
	int i, k;

	(void)state;
	stage_open(&stages[0], 0);
	stage_open(&stages[1], 1);
	buf_init(&text, 1 << 20);
	for (i = 0; i < 1000; i++) {
		buf_clear(&text);
		buf_add_text(&text, CHUNKED);
		for (k = 1 + i % 9; k > 0; k--) {
			seed = seed * UINT64_C(6364136223846793005) +
				UINT64_C(1442695040888963407);
			buf_add_text(&text, parts[(seed >> 33) %
				(sizeof parts / sizeof *parts)]);
		}
		compare(stages, buf_text(&text), i % 3 == 0 ? 5 : 0);
	}
	buf_release(&text);
	stage_close(&stages[0]);
	stage_close(&stages[1]);
}

/* --- requests --- */

static void
a_request_that_is_sent_again_is_the_last_one(void **state)
{
	static const char *const methods[] = { NULL, "PUT" };
	struct stage stage = { .busy = 0 };
	const struct fetch_reply *reply = &stage.fetch.reply;
	struct fetch_request *request;
	struct script script;
	size_t i;

	(void)state;
	stage_open(&stage, 1);
	for (i = 0; i < 2; i++) {
		/* The kept connection closes just when it is asked again. */
		script = (struct script){
			.steps = { { .reply = LAST_REPLY },
				{ .reply = "", .closes = 1 },
				{ .reply = LAST_REPLY } },
			.n = 3,
		};
		script_start(&script);
		stage_request(&stage, &script, NULL);
		assert_int_equal(stage_perform(&stage)->code, CURLE_OK);
		request = stage_request(&stage, &script, methods[i]);
		if (methods[i] != NULL) {
			request->body = "body";
			request->body_len = 4;
		}
		assert_int_equal(stage_perform(&stage)->code, CURLE_OK);
		script_end(&script);
		assert_int_equal(script.connections, 2);
		assert_true(was_asked(reply->exchange, &script.asked[2]));
		assert_int_equal(reply->exchange->request_body_len,
			methods[i] != NULL ? 4 : 0);
		script_release(&script);
	}
	stage_close(&stage);
}

/* libcurl asks first whether so long a body is wanted. */
static void
a_long_body_is_counted_and_not_copied(void **state)
{
	static const struct {
		struct script_step steps[2];
		size_t n;
		uint64_t sent;
	} cases[] = {
		{ { { .reply = "HTTP/1.1 100 Continue\r\n\r\n" LAST_REPLY } },
			1, 3 << 20 },
		{ { { .reply = "HTTP/1.1 413 No\r\nContent-Length: 0\r\n"
			"Connection: close\r\n\r\n", .early = 1 } }, 1, 0 },
		/* From here on the handle does not ask any more. */
		{ { { .reply = "HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n",
			.early = 1 }, { .reply = LAST_REPLY } }, 2, 3 << 20 },
	};
	struct stage stage = { .busy = 0 };
	const struct fetch_reply *reply = &stage.fetch.reply;
	char *body = mem_array(3, 1 << 20);
	struct fetch_request *request;
	struct script script;
	size_t i;

	(void)state;
	stage_open(&stage, 1);
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		script = (struct script){
			.steps = { cases[i].steps[0], cases[i].steps[1] },
			.n = cases[i].n,
		};
		script_start(&script);
		request = stage_request(&stage, &script, "POST");
		request->body = body;
		request->body_len = 3 << 20;
		assert_int_equal(stage_perform(&stage)->code, CURLE_OK);
		script_end(&script);
		assert_non_null(reply->exchange);
		assert_int_equal(reply->exchange->request_body_len,
			cases[i].sent);
		assert_memory_equal(reply->exchange->request,
			script.asked[cases[i].n - 1].data,
			reply->exchange->request_len);
		assert_memory_equal(reply->exchange->request +
			reply->exchange->request_len - 4, "\r\n\r\n", 4);
		script_release(&script);
	}
	free(body);
	stage_close(&stage);
}

/* The framing is libcurl's, so the request does not have these bytes. */
static void
a_body_that_is_sent_in_chunks_is_kept(void **state)
{
	char transfer[] = "Transfer-Encoding: chunked";
	char *const headers[] = { transfer };
	struct stage stage = { .busy = 0 };
	const struct fetch_reply *reply = &stage.fetch.reply;
	struct script script = {
		.steps = { { .reply = LAST_REPLY },
			{ .reply = LAST_REPLY } },
		.n = 2,
	};
	struct fetch_request *request;

	(void)state;
	stage_open(&stage, 1);
	script_start(&script);
	request = stage_request(&stage, &script, NULL);
	request->headers = headers;
	request->n_headers = 1;
	request->body = "body";
	request->body_len = 4;
	assert_int_equal(stage_perform(&stage)->code, CURLE_OK);
	assert_int_equal(reply->exchange->request_body_len, 14);
	assert_memory_equal(reply->exchange->request_body,
		"4\r\nbody\r\n0\r\n\r\n", 14);
	/* The next one's is just what it is. */
	request = stage_request(&stage, &script, NULL);
	request->body = "body";
	request->body_len = 4;
	assert_int_equal(stage_perform(&stage)->code, CURLE_OK);
	assert_int_equal(reply->exchange->request_body_len, 4);
	assert_null(reply->exchange->request_body);
	script_end(&script);
	script_release(&script);
	stage_close(&stage);
}

/* More than a socket takes at once: libcurl shows the rest as body. */
static void
a_head_of_many_writes_is_whole(void **state)
{
	struct stage stage = { .busy = 0 };
	const struct fetch_reply *reply = &stage.fetch.reply;
	struct script script = {
		.steps = { { .reply = LAST_REPLY } }, .n = 1,
	};
	char *headers[40];
	struct fetch_request *request;
	size_t i;

	(void)state;
	for (i = 0; i < 40; i++)
		headers[i] = mem_printf("X-%zu: %020000d", i, 0);
	stage_open(&stage, 1);
	script_start(&script);
	request = stage_request(&stage, &script, "POST");
	request->headers = headers;
	request->n_headers = 40;
	request->body = "body";
	request->body_len = 4;
	assert_int_equal(stage_perform(&stage)->code, CURLE_OK);
	script_end(&script);
	assert_true(reply->exchange->request_len > 800000);
	assert_true(was_asked(reply->exchange, &script.asked[0]));
	assert_int_equal(reply->exchange->request_body_len, 4);
	stage_close(&stage);
	script_release(&script);
	for (i = 0; i < 40; i++)
		free(headers[i]);
}

/* --- proxies --- */

/* What the proxy is told is not the origin's, and its password nobody's. */
static void
a_proxys_password_does_not_show(void **state)
{
	static const struct {
		const char *scheme, *reply;
		int has;
	} cases[] = {
		{ "http", LAST_REPLY, 1 },
		{ "https", "HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n",
			0 },
		{ "https", "HTTP/1.1 502 No\r\nContent-Length: 2\r\n\r\nno",
			0 },
		{ "https", "HTTP/1.1 200 Connected\r\n\r\nnot TLS", 0 },
		{ "https", "", 0 },
	};
	const struct exchange *exchange;
	struct script script;
	char proxy[64], *url;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct stage stage = { .settings.userpwd = origin_secret };

		script = (struct script){
			.steps = { { .reply = cases[i].reply } }, .n = 1,
		};
		script_start(&script);
		snprintf(proxy, sizeof proxy, "http://m:n@127.0.0.1:%u",
			script.port);
		stage.settings.proxy = proxy;
		stage_open(&stage, 1);
		stage_request(&stage, &script, NULL);
		url = mem_printf("%s://a.test:1/x", cases[i].scheme);
		url_release(&stage.fetch.request.url);
		url_parse(url, NULL, &stage.fetch.request.url, NULL);
		free(url);
		stage_perform(&stage);
		script_end(&script);
		assert_non_null(strstr(buf_text(&script.asked[0]),
			"Proxy-Authorization: Basic bTpu\r\n"));
		exchange = stage.fetch.reply.exchange;
		if ((exchange != NULL) != cases[i].has)
			fail_msg("%s", cases[i].reply);
		if (exchange != NULL) {
			assert_int_equal(exchange->request_len,
				script.asked[0].len - 33);
			assert_null(memmem(exchange->request,
				exchange->request_len, "bTpu", 4));
			/* The origin's is what was sent to it. */
			assert_non_null(memmem(exchange->request,
				exchange->request_len,
				"\r\nAuthorization: Basic dTpw\r\n", 29));
		}
		script_release(&script);
		stage_close(&stage);
	}
}

/* --- limits --- */

static void
expect_refusal(struct stage *stage, const struct buf *reply, size_t times,
	const char *part, enum fetch_refusal refusal)
{
	struct script script = { .n = 1 };
	struct buf text;
	size_t i;

	buf_init(&text, 64u << 20);
	buf_add(&text, reply->data, reply->len);
	for (i = 0; i < times; i++)
		buf_add_text(&text, part);
	buf_add_text(&text, "0\r\n\r\n");
	script.steps[0] = (struct script_step){
		.reply = text.data, .len = text.len,
	};
	script_start(&script);
	stage_request(stage, &script, NULL);
	stage_perform(stage);
	script_end(&script);
	if (stage->fetch.reply.refusal != refusal)
		fail_msg("%zu of '%.10s': refusal %d, code %d", times, part,
			(int)stage->fetch.reply.refusal,
			(int)stage->fetch.reply.code);
	script_release(&script);
	buf_release(&text);
}

static void
framing_comes_to_an_end_too(void **state)
{
	static char extension[1025];
	struct stage stage = { .settings.max_body = 500000 };
	struct buf head;

	(void)state;
	buf_init(&head, 1000);
	buf_add_text(&head, CHUNKED);
	stage_open(&stage, 1);
	memset(extension, 'x', sizeof extension - 1);
	/* Five and eight bytes of framing to one of content are honest. */
	expect_refusal(&stage, &head, 500000, "1\r\nx\r\n", FETCH_ACCEPTED);
	assert_int_equal(stage.fetch.reply.size_download, 500000);
	expect_refusal(&stage, &head, 500000, "0001\r\nx\r\n",
		FETCH_ACCEPTED);
	expect_refusal(&stage, &head, 500001, "1\r\nx\r\n",
		FETCH_BODY_LIMIT);
	assert_int_equal(stage.fetch.reply.size_download, 500001);
	/* Lines without end are not. */
	buf_add_text(&head, "1;");
	expect_refusal(&stage, &head, 1000, extension, FETCH_ACCEPTED);
	expect_refusal(&stage, &head, 1100, extension, FETCH_FRAMING);
	buf_clear(&head);
	buf_add_text(&head, CHUNKED "0\r\n");
	expect_refusal(&stage, &head, 5 << 20, "A:b\r\n", FETCH_FRAMING);
	buf_release(&head);
	stage_close(&stage);
}

static int
stage_may_write(void *arg)
{
	(void)arg;
	return 1;
}

static void
stage_wait(void *arg, int64_t us)
{
	(void)arg;
	(void)us;
}

/* A piece that is refused comes again, and is not read twice. */
static void
bodies_that_must_wait_keep_their_chunks(void **state)
{
	static const char chunks[] = "3\r\nabc\r\n5\r\ndefgh\r\n0\r\n\r\n";
	static const char text[] = CHUNKED
		"3\r\nabc\r\n5\r\ndefgh\r\n0\r\n\r\n";
	static const _Atomic int cancel;
	struct stage stage = { .busy = 0 };
	struct fetch_request *request;
	struct script script;
	size_t piece;

	(void)state;
	stage_open(&stage, 1);
	easy_set_blocking(stage.easy, &cancel, 10);
	for (piece = 1; piece < sizeof text; piece++) {
		script = (struct script){
			.steps = { { .reply = text } }, .n = 1,
			.piece = piece,
		};
		script_start(&script);
		request = stage_request(&stage, &script, NULL);
		request->may_write = stage_may_write;
		request->wait_write = stage_wait;
		stage.busy = 1000;
		assert_int_equal(stage_perform(&stage)->code, CURLE_OK);
		assert_string_equal(buf_text(&stage.body), chunks);
		assert_int_equal(stage.fetch.reply.size_download, 8);
		script_end(&script);
		script_release(&script);
	}
	stage_close(&stage);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(an_exchange_is_what_crossed_the_network),
	cmocka_unit_test(without_capture_there_is_none),
	cmocka_unit_test(a_reply_without_a_whole_head_has_none),
	cmocka_unit_test(capturing_changes_no_outcome),
	cmocka_unit_test(a_request_that_is_sent_again_is_the_last_one),
	cmocka_unit_test(a_long_body_is_counted_and_not_copied),
	cmocka_unit_test(a_body_that_is_sent_in_chunks_is_kept),
	cmocka_unit_test(a_head_of_many_writes_is_whole),
	cmocka_unit_test(a_proxys_password_does_not_show),
	cmocka_unit_test(framing_comes_to_an_end_too),
	cmocka_unit_test(bodies_that_must_wait_keep_their_chunks),
};

int
main(void)
{
	signal(SIGPIPE, SIG_IGN);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("net/easy_capture", tests, NULL,
		NULL);
}
