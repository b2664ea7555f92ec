/* SPDX-License-Identifier: MIT */
/*
 * Requests and replies arrive as they were sent, and bytes that are neither
 * are refused.
 */
#include "config.h"

#include "base/mem.h"
#include "net/exchange.h"
#include "net/wire.h"
#include "unit.h"

static const char given_body[] = "from --data";
static const struct wire_given given = {
	.body = given_body, .body_len = sizeof given_body - 1,
};

static char *const headers[] = {
	(char[]){ "X-One: 1" }, (char[]){ "X-Two;" },
};

/* One with everything; fetch_release() ends it. */
static struct fetch
full_request(void)
{
	struct addr list[2] = {
		{ .family = 4, .bytes = { 192, 0, 2, 1 } },
		{ .family = 6, .bytes = { 0x20, 1, 0xd, 0xb8, 0, 1 } },
	};
	struct fetch fetch = {
		.request.method = "PUT",
		.request.body = "a\0b", .request.body_len = 3,
		.request.headers = headers, .request.n_headers = 2,
		.request.flags = FETCH_REUSE | FETCH_TRUSTED,
		.request.time_left_us = 1234567,
		.request.resume_from = UINT64_C(7000000000),
		.request.if_range = "\"e\"",
	};

	assert_int_equal(url_parse("https://me:pw@Example.org:444/a?b", NULL,
		&fetch.request.url, NULL), 0);
	fetch.request.addrs = addrs_new(list, 2);
	return fetch;
}

static void
assert_same_text(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		assert_ptr_equal(a, b);
	else
		assert_string_equal(a, b);
}

static void
assert_same_request(const struct fetch_request *a,
	const struct fetch_request *b)
{
	size_t i;

	assert_same_text(a->url.text, b->url.text);
	assert_same_text(a->url.userpwd, b->url.userpwd);
	assert_int_equal(a->url.origin_len, b->url.origin_len);
	assert_int_equal(a->url.host_off, b->url.host_off);
	assert_int_equal(a->url.host_len, b->url.host_len);
	assert_int_equal(a->url.port, b->url.port);
	assert_int_equal(a->url.https, b->url.https);
	assert_int_equal(a->url.literal, b->url.literal);
	assert_same_text(a->method, b->method);
	assert_int_equal(a->resume_from, b->resume_from);
	assert_same_text(a->if_range, b->if_range);
	assert_int_equal(a->flags, b->flags);
	assert_int_equal(a->time_left_us, b->time_left_us);
	assert_int_equal(a->n_headers, b->n_headers);
	for (i = 0; i < a->n_headers; i++)
		assert_string_equal(a->headers[i], b->headers[i]);
	assert_int_equal(a->body_len, b->body_len);
	if (a->body_len > 0)
		assert_memory_equal(a->body, b->body, a->body_len);
	if (a->addrs == NULL)
		assert_null(b->addrs);
	else
		assert_string_equal(a->addrs->text, b->addrs->text);
}

static void
test_a_request_arrives_as_it_was(void **state)
{
	struct fetch fetch = full_request();
	struct wire_request got = { 0 };
	struct buf bytes;

	(void)state;
	buf_init(&bytes, 1 << 20);
	wire_add_request(&bytes, &fetch.request, &given);
	assert_int_equal(wire_read_request(bytes.data, bytes.len, &given,
		&got), 0);
	assert_same_request(&fetch.request, &got.fetch.request);
	wire_request_release(&got);
	buf_release(&bytes);
	fetch_release(&fetch);
}

static void
test_one_holder_serves_many_requests(void **state)
{
	struct fetch full = full_request(), bare = { 0 };
	struct wire_request got = { 0 };
	struct addrs *first;
	struct buf one, two;

	(void)state;
	url_parse("http://127.0.0.1/", NULL, &bare.request.url, NULL);
	buf_init(&one, 1 << 20);
	buf_init(&two, 1 << 20);
	wire_add_request(&one, &full.request, &given);
	wire_add_request(&two, &bare.request, &given);
	wire_read_request(one.data, one.len, &given, &got);
	first = got.fetch.request.addrs;
	assert_int_equal(wire_read_request(two.data, two.len, &given, &got),
		0);
	assert_same_request(&bare.request, &got.fetch.request);
	/* A handle that has pinned these need not do it again. */
	wire_read_request(one.data, one.len, &given, &got);
	assert_ptr_equal(got.fetch.request.addrs, first);
	wire_request_release(&got);
	buf_release(&one);
	buf_release(&two);
	fetch_release(&full);
	fetch_release(&bare);
}

static void
test_a_body_that_both_have_is_not_sent(void **state)
{
	struct fetch fetch = full_request();
	struct wire_request got = { 0 };
	struct buf bytes;

	(void)state;
	fetch.request.body = given.body;
	fetch.request.body_len = given.body_len;
	buf_init(&bytes, 1 << 20);
	wire_add_request(&bytes, &fetch.request, &given);
	assert_null(memmem(bytes.data, bytes.len, given_body,
		sizeof given_body - 1));
	assert_int_equal(wire_read_request(bytes.data, bytes.len, &given,
		&got), 0);
	assert_ptr_equal(got.fetch.request.body, given.body);
	assert_int_equal(got.fetch.request.body_len, given.body_len);
	wire_request_release(&got);
	buf_release(&bytes);
	fetch_release(&fetch);
}

static struct exchange *
full_exchange(void)
{
	struct exchange *exchange = exchange_new();

	exchange->request = mem_dup("GET\0/", 5);
	exchange->request_len = 5;
	exchange->request_body_len = UINT64_C(8000000000);
	exchange->request_body = given_body;
	exchange->response = mem_dup("\xff\r\n", 3);
	exchange->response_len = 3;
	return exchange;
}

static struct fetch_reply
full_reply(void)
{
	return (struct fetch_reply){
		.code = CURLE_PARTIAL_FILE, .refusal = FETCH_NOT_WRITTEN,
		.os_errno = 28, .response_code = 206, .http_version = "1.1",
		.remote_ip = "2001:db8::1", .num_connects = 1,
		.namelookup_us = 1, .connect_us = 2, .appconnect_us = 3,
		.starttransfer_us = 4, .total_us = INT64_C(5000000000),
		.size_download = UINT64_C(6000000000),
		.retry_after_us = 7, .content_type = mem_strdup("text/x"),
		.content_encoding = mem_strdup("br"),
		.location = mem_strdup(""), .errormsg = mem_strdup("cut"),
		.last_modified = INT64_C(9000000000),
		.disposition = mem_strdup("inline"),
		.etag = mem_strdup("W/\"e\""), .range = { 1, 2, 3, 4 },
		.exchange = full_exchange(), .chunked = 1,
	};
}

static void
test_a_reply_arrives_as_it_was(void **state)
{
	struct fetch_reply sent = full_reply();
	struct fetch_reply got = { .errormsg = mem_strdup("an earlier one") };
	struct buf bytes;

	(void)state;
	buf_init(&bytes, 1 << 20);
	wire_add_reply(&bytes, &sent);
	assert_int_equal(wire_read_reply(bytes.data, bytes.len, &got), 0);
	assert_int_equal(got.code, sent.code);
	assert_int_equal(got.refusal, sent.refusal);
	assert_int_equal(got.os_errno, sent.os_errno);
	assert_int_equal(got.response_code, sent.response_code);
	assert_string_equal(got.http_version, "1.1");
	assert_string_equal(got.remote_ip, sent.remote_ip);
	assert_int_equal(got.num_connects, 1);
	assert_int_equal(got.starttransfer_us, 4);
	assert_int_equal(got.total_us, sent.total_us);
	assert_int_equal(got.size_download, sent.size_download);
	assert_int_equal(got.retry_after_us, 7);
	assert_same_text(got.content_type, "text/x");
	assert_same_text(got.content_encoding, "br");
	assert_same_text(got.location, "");
	assert_same_text(got.errormsg, "cut");
	assert_int_equal(got.last_modified, sent.last_modified);
	assert_same_text(got.disposition, "inline");
	assert_same_text(got.etag, "W/\"e\"");
	assert_memory_equal(&got.range, &sent.range, sizeof got.range);
	assert_int_equal(got.chunked, 1);
	assert_int_equal(got.exchange->request_len, 5);
	assert_memory_equal(got.exchange->request, "GET\0/", 5);
	assert_int_equal(got.exchange->request_body_len,
		UINT64_C(8000000000));
	assert_null(got.exchange->request_body);
	assert_int_equal(got.exchange->response_len, 3);
	assert_memory_equal(got.exchange->response, "\xff\r\n", 3);
	buf_release(&bytes);
	fetch_reply_clear(&sent);
	fetch_reply_clear(&got);
}

/* Each length in a block of its own, so that a sanitizer sees overreading. */
/* The request's own body stays behind, unlike one that was sent in chunks. */
static void
test_a_body_in_chunks_arrives_too(void **state)
{
	struct fetch_reply sent = full_reply(), got = { 0 };
	struct buf bytes;

	(void)state;
	sent.exchange->request_body_len = 5;
	sent.exchange->request_body_owned = mem_dup("1\r\na\0", 5);
	buf_init(&bytes, 1 << 20);
	wire_add_reply(&bytes, &sent);
	assert_int_equal(wire_read_reply(bytes.data, bytes.len, &got), 0);
	assert_int_equal(got.exchange->request_body_len, 5);
	assert_ptr_equal(got.exchange->request_body,
		got.exchange->request_body_owned);
	assert_memory_equal(got.exchange->request_body, "1\r\na\0", 5);
	/* And all of it does. */
	assert_int_equal(wire_read_reply(bytes.data, bytes.len - 1, &got),
		-1);
	buf_release(&bytes);
	fetch_reply_clear(&sent);
	fetch_reply_clear(&got);
}

static void
test_what_is_cut_is_refused(void **state)
{
	struct fetch fetch = full_request();
	struct fetch_reply reply = full_reply(), got_reply = { 0 };
	struct wire_request got = { 0 };
	struct buf request, answer;
	char *copy;
	size_t n;

	(void)state;
	buf_init(&request, 1 << 20);
	buf_init(&answer, 1 << 20);
	wire_add_request(&request, &fetch.request, &given);
	wire_add_reply(&answer, &reply);
	for (n = 0; n < request.len; n++) {
		copy = mem_dup(request.data, n);
		assert_int_equal(wire_read_request(copy, n, &given, &got),
			-1);
		free(copy);
	}
	for (n = 0; n < answer.len; n++) {
		copy = mem_dup(answer.data, n);
		assert_int_equal(wire_read_reply(copy, n, &got_reply), -1);
		free(copy);
	}
	buf_add_char(&answer, 'x');
	assert_int_equal(wire_read_reply(answer.data, answer.len, &got_reply),
		-1);
	wire_request_release(&got);
	buf_release(&request);
	buf_release(&answer);
	fetch_release(&fetch);
	fetch_reply_clear(&reply);
}

/* Whatever a process writes that went out of its mind: no more than -1. */
static void
test_what_is_garbled_does_no_harm(void **state)
{
	static const unsigned char values[] = { 0x00, 0x7f, 0x80, 0xff };
	struct fetch fetch = full_request();
	struct fetch_reply reply = full_reply(), got_reply = { 0 };
	struct wire_request got = { 0 };
	struct buf request, answer;
	size_t i, v;
	char *copy;

	(void)state;
	buf_init(&request, 1 << 20);
	buf_init(&answer, 1 << 20);
	wire_add_request(&request, &fetch.request, &given);
	wire_add_reply(&answer, &reply);
	for (v = 0; v < sizeof values; v++) {
		for (i = 0; i < answer.len; i++) {
			copy = mem_dup(answer.data, answer.len);
			copy[i] = (char)values[v];
			if (wire_read_reply(copy, answer.len, &got_reply) == 0) {
				assert_in_range(got_reply.response_code, 0, 999);
				assert_in_range(got_reply.refusal, 0,
					FETCH_REFUSALS - 1);
				assert_true(got_reply.total_us >= 0);
				assert_true(got_reply.last_modified >= -1);
				assert_in_range(got_reply.range.first, 0,
					got_reply.range.last);
				assert_in_range(got_reply.chunked, 0, 1);
			}
			free(copy);
		}
		for (i = 0; i < request.len; i++) {
			copy = mem_dup(request.data, request.len);
			copy[i] = (char)values[v];
			wire_read_request(copy, request.len, &given, &got);
			/* Before the texts it points to go. */
			wire_request_release(&got);
			free(copy);
		}
	}
	fetch_reply_clear(&got_reply);
	buf_release(&request);
	buf_release(&answer);
	fetch_release(&fetch);
	fetch_reply_clear(&reply);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_a_request_arrives_as_it_was),
	cmocka_unit_test(test_one_holder_serves_many_requests),
	cmocka_unit_test(test_a_body_that_both_have_is_not_sent),
	cmocka_unit_test(test_a_reply_arrives_as_it_was),
	cmocka_unit_test(test_a_body_in_chunks_arrives_too),
	cmocka_unit_test(test_what_is_cut_is_refused),
	cmocka_unit_test(test_what_is_garbled_does_no_harm),
};

UNIT_MAIN("net/wire", tests)
