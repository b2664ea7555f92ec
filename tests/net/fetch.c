/* SPDX-License-Identifier: MIT */
/*
 * Fetches: what they own is ended once, and a cleared reply is a new one.
 */
#include "config.h"

#include "base/mem.h"
#include "net/exchange.h"
#include "net/fetch.h"
#include "unit.h"

static void
fill_reply(struct fetch_reply *reply)
{
	reply->code = CURLE_PARTIAL_FILE;
	reply->refusal = FETCH_BODY_LIMIT;
	reply->response_code = 200;
	reply->retry_after_us = 7;
	reply->content_type = mem_strdup("text/html");
	reply->location = mem_strdup("/x");
	reply->last_modified = 7;
	reply->disposition = mem_strdup("inline");
	reply->etag = mem_strdup("\"e\"");
	reply->exchange = exchange_new();
	reply->exchange->request = mem_strdup("GET");
	reply->exchange->request_body_owned = mem_strdup("body");
	reply->exchange->response = mem_strdup("HTTP");
	reply->errormsg = mem_strdup("cut");
	reply->chunked = 1;
}

static void
a_cleared_reply_is_as_new(void **state)
{
	static const struct fetch_reply new = {
		.retry_after_us = -1, .last_modified = -1,
	};
	struct fetch_reply reply = { 0 };

	(void)state;
	fill_reply(&reply);
	fetch_reply_clear(&reply);
	assert_memory_equal(&reply, &new, sizeof reply);
	fetch_reply_clear(&reply);
	assert_int_equal(reply.retry_after_us, -1);
}

static void
a_released_fetch_holds_nothing(void **state)
{
	static const struct addr loopback = { 4, { 127, 0, 0, 1 } };
	struct fetch fetch = { 0 };
	struct addrs *addrs = addrs_new(&loopback, 1);

	(void)state;
	assert_int_equal(url_parse("http://u:p@h/", NULL, &fetch.request.url,
		NULL), 0);
	fetch.request.addrs = addrs_ref(addrs);
	fill_reply(&fetch.reply);
	fetch_release(&fetch);
	assert_null(fetch.request.url.text);
	assert_null(fetch.request.addrs);
	assert_null(fetch.reply.errormsg);
	assert_int_equal(addrs->refs, 1);
	/* Twice is fine. */
	fetch_release(&fetch);
	addrs_unref(addrs);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(a_cleared_reply_is_as_new),
	cmocka_unit_test(a_released_fetch_holds_nothing),
};

UNIT_MAIN("net/fetch", tests)
