/* SPDX-License-Identifier: MIT */
/*
 * Resuming: what is asked for where a part is here already, that the rest is
 * the rest, and that whoever keeps the body is told what comes.
 */
#include "config.h"

#include <curl/curl.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>

#include "base/mem.h"
#include "net/script.h"
#include "net/stage.h"
#include "unit.h"

#define DATE "Sun, 06 Nov 1994 08:49:37 GMT"
#define PART "HTTP/1.1 206 Part\r\n"

/* --- what is asked for --- */

static char *const own_headers[] = {
	(char[]){ "Range: bytes=0-1" }, (char[]){ "If-Range: \"own\"" },
	(char[]){ "X-Range: x" },
};

static const struct {
	const char *note;
	uint64_t from;
	const char *if_range;
	size_t n_headers;
	const char *sent, *sent_too;	/* "": nothing */
} requests[] = {
	{ "nothing is here", 0, NULL, 0, "", "" },
	{ "nothing is here, of some file", 0, "\"e\"", 0, "", "" },
	{ "a part", 5, NULL, 0, "\r\nRange: bytes=5-\r\n", "" },
	{ "a part of this file", 5, "\"e\"", 0, "\r\nRange: bytes=5-\r\n",
		"\r\nIf-Range: \"e\"\r\n" },
	{ "a part of a file of then", UINT64_C(6000000000), DATE, 0,
		"\r\nRange: bytes=6000000000-\r\n",
		"\r\nIf-Range: " DATE "\r\n" },
	{ "a part of some such file", 5, "W/\"e\"", 0, "", "" },
	{ "a tag with more behind", 5, "\"e\"\r\nX: y", 0, "", "" },
	{ "headers of the user's own", 5, "\"e\"", 3,
		"\r\nRange: bytes=5-\r\n", "\r\nIf-Range: \"e\"\r\n" },
	{ "those alone", 0, NULL, 3, "\r\nRange: bytes=0-1\r\n",
		"\r\nIf-Range: \"own\"\r\n" },
};

/* How often the name of a header is among them. */
static int
times_asked(const struct buf *asked, const char *name)
{
	const char *at = buf_text(asked);
	int n = 0;

	for (; (at = strstr(at, name)) != NULL; at++)
		n++;
	return n;
}

static void
the_rest_alone_is_asked_for(void **state)
{
	struct stage stage = { .busy = 0 };
	struct fetch_request *request;
	struct script script;
	const char *asked;
	size_t i;

	(void)state;
	stage_open(&stage, 0);
	for (i = 0; i < sizeof requests / sizeof *requests; i++) {
		script = (struct script){
			.steps = { { .reply = "HTTP/1.1 200 OK\r\n"
				"Content-Length: 0\r\n\r\n" } }, .n = 1,
		};
		script_start(&script);
		request = stage_request(&stage, &script, NULL);
		request->resume_from = requests[i].from;
		request->if_range = requests[i].if_range;
		request->headers = own_headers;
		request->n_headers = requests[i].n_headers;
		assert_int_equal(stage_perform(&stage)->code, CURLE_OK);
		script_end(&script);
		asked = buf_text(&script.asked[0]);
		if (strstr(asked, requests[i].sent) == NULL ||
		    strstr(asked, requests[i].sent_too) == NULL ||
		    times_asked(&script.asked[0], "\r\nRange:") !=
		    (requests[i].sent[0] != '\0') ||
		    times_asked(&script.asked[0], "\r\nIf-Range:") !=
		    (requests[i].sent_too[0] != '\0') ||
		    strstr(asked, "X: y") != NULL)
			fail_msg("%s: %s", requests[i].note, asked);
		script_release(&script);
	}
	stage_close(&stage);
}

/* --- what comes --- */

static const struct {
	const char *note;
	const char *reply;
	enum fetch_refusal refusal;
	CURLcode code;
	const char *body;
	int begun;
} replies[] = {
	{ "the rest", PART "Content-Range: bytes 5-7/8\r\n"
		"Content-Length: 3\r\n\r\nabc", FETCH_ACCEPTED, CURLE_OK,
		"abc", 1 },
	{ "of nobody knows how much", PART "Content-Range: bytes 5-7/*\r\n"
		"Content-Length: 3\r\n\r\nabc", FETCH_ACCEPTED, CURLE_OK,
		"abc", 1 },
	{ "in chunks", PART "Content-Range: bytes 5-7/8\r\n"
		"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
		FETCH_ACCEPTED, CURLE_OK, "abc", 1 },
	{ "all of it", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
		FETCH_ACCEPTED, CURLE_OK, "abc", 1 },
	{ "there is no more", "HTTP/1.1 416 No\r\n"
		"Content-Range: bytes */5\r\nContent-Length: 0\r\n\r\n",
		FETCH_ACCEPTED, CURLE_OK, "", 1 },
	{ "it has moved", "HTTP/1.1 302 Found\r\nLocation: /x\r\n"
		"Content-Length: 0\r\n\r\n", FETCH_ACCEPTED, CURLE_OK, "",
		1 },
	{ "from elsewhere on", PART "Content-Range: bytes 4-7/8\r\n"
		"Content-Length: 4\r\n\r\nabcd", FETCH_BAD_RANGE,
		CURLE_WRITE_ERROR, "", 0 },
	{ "from the start", PART "Content-Range: bytes 0-2/8\r\n"
		"Content-Length: 3\r\n\r\nabc", FETCH_BAD_RANGE,
		CURLE_WRITE_ERROR, "", 0 },
	{ "from nobody knows where", PART "Content-Length: 3\r\n\r\nabc",
		FETCH_BAD_RANGE, CURLE_WRITE_ERROR, "", 0 },
	{ "from two places", PART "Content-Range: bytes 5-7/8\r\n"
		"Content-Range: bytes 0-2/8\r\nContent-Length: 3\r\n\r\nabc",
		FETCH_BAD_RANGE, CURLE_WRITE_ERROR, "", 0 },
	{ "in parts of its own", PART "Content-Type: multipart/byteranges; "
		"boundary=x\r\nContent-Length: 3\r\n\r\nabc",
		FETCH_BAD_RANGE, CURLE_WRITE_ERROR, "", 0 },
	{ "nothing, from elsewhere on", PART
		"Content-Range: bytes 4-7/8\r\nContent-Length: 0\r\n\r\n",
		FETCH_BAD_RANGE, CURLE_WRITE_ERROR, "", 0 },
	{ "less than it says", PART "Content-Range: bytes 5-8/9\r\n"
		"Content-Length: 3\r\n\r\nabc", FETCH_ACCEPTED,
		CURLE_PARTIAL_FILE, "abc", 1 },
	{ "more than it says", PART "Content-Range: bytes 5-6/7\r\n"
		"Content-Length: 3\r\n\r\nabc", FETCH_ACCEPTED,
		CURLE_PARTIAL_FILE, "abc", 1 },
	{ "cut", PART "Content-Range: bytes 5-7/8\r\n"
		"Content-Length: 3\r\n\r\nab", FETCH_ACCEPTED,
		CURLE_PARTIAL_FILE, "ab", 1 },
};

/* A stage, and what it was told. */
struct keeper {
	struct stage stage;
	int begun;
	struct fetch_reply_head head;
	char etag[100];
	int fails;
};

static int
keeper_begin(void *arg, const struct fetch_reply_head *head)
{
	struct keeper *keeper = arg;

	/* In front of all of it. */
	assert_int_equal(keeper->stage.body.len, 0);
	keeper->begun++;
	keeper->head = *head;
	snprintf(keeper->etag, sizeof keeper->etag, "%s",
		head->etag != NULL ? head->etag : "none");
	if (!keeper->fails)
		return 0;
	errno = EROFS;
	return -1;
}

static const struct fetch_reply *
keeper_get(struct keeper *keeper, const char *text, uint64_t from)
{
	struct script script = { .steps = { { .reply = text } }, .n = 1,
		.piece = 1 };
	struct fetch_request *request;

	keeper->begun = 0;
	script_start(&script);
	/* write_arg is the keeper, which begins with the stage. */
	request = stage_request(&keeper->stage, &script, NULL);
	request->begin_body = keeper_begin;
	request->resume_from = from;
	stage_perform(&keeper->stage);
	script_end(&script);
	script_release(&script);
	return &keeper->stage.fetch.reply;
}

static void
a_part_goes_where_the_rest_is_missing(void **state)
{
	struct keeper keeper = { .begun = 0 };
	const struct fetch_reply *reply;
	size_t i;

	(void)state;
	stage_open(&keeper.stage, 0);
	for (i = 0; i < sizeof replies / sizeof *replies; i++) {
		reply = keeper_get(&keeper, replies[i].reply, 5);
		if (reply->refusal != replies[i].refusal ||
		    reply->code != replies[i].code ||
		    keeper.begun != replies[i].begun ||
		    strcmp(buf_text(&keeper.stage.body), replies[i].body) != 0)
			fail_msg("%s: refusal %d, code %d, begun %d, '%s'",
				replies[i].note, (int)reply->refusal,
				(int)reply->code, keeper.begun,
				buf_text(&keeper.stage.body));
	}
	stage_close(&keeper.stage);
}

/* Nobody asked for a part, so it goes nowhere either. */
static void
a_part_that_was_not_asked_for_is_refused(void **state)
{
	struct stage stage = { .busy = 0 };
	struct script script = { .steps = { { .reply = PART
		"Content-Range: bytes 5-7/8\r\nContent-Length: 3\r\n\r\nabc"
		} }, .n = 1 };
	struct fetch_request *request;

	(void)state;
	stage_open(&stage, 0);
	script_start(&script);
	request = stage_request(&stage, &script, NULL);
	request->resume_from = 5;
	request->if_range = "W/\"e\"";
	assert_int_equal(stage_perform(&stage)->refusal, FETCH_BAD_RANGE);
	assert_string_equal(buf_text(&stage.body), "");
	script_end(&script);
	script_release(&script);
	stage_close(&stage);
}

static void
whoever_keeps_it_is_told_once(void **state)
{
	static const char full[] = "HTTP/1.1 103 Hints\r\nETag: \"x\"\r\n\r\n"
		PART "ETag: \"e\"\r\nLast-Modified: " DATE "\r\n"
		"Content-Range: bytes 5-14/20\r\n"
		"Content-Disposition: attachment; filename=f\r\n"
		"Content-Length: 10\r\n\r\n0123456789";
	static const char empty[] = "HTTP/1.1 204 No\r\n\r\n";
	static const char none[] = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n";
	struct keeper keeper = { .begun = 0 };
	const struct fetch_reply *reply;

	(void)state;
	stage_open(&keeper.stage, 0);
	reply = keeper_get(&keeper, full, 5);
	assert_int_equal(reply->code, CURLE_OK);
	assert_int_equal(keeper.begun, 1);
	assert_int_equal(keeper.head.response_code, 206);
	assert_string_equal(keeper.etag, "\"e\"");
	assert_int_equal(keeper.head.last_modified, 784111777);
	assert_int_equal(keeper.head.range.first, 5);
	assert_int_equal(keeper.head.range.last, 14);
	assert_int_equal(keeper.head.range.total, 20);
	assert_string_equal(reply->etag, "\"e\"");
	assert_int_equal(reply->last_modified, 784111777);
	assert_int_equal(reply->range.total, 20);
	assert_string_equal(reply->disposition, "attachment; filename=f");
	/* Without a body too, and without anything to resume. */
	reply = keeper_get(&keeper, empty, 0);
	assert_int_equal(reply->code, CURLE_OK);
	assert_int_equal(keeper.begun, 1);
	assert_int_equal(keeper.head.response_code, 204);
	assert_string_equal(keeper.etag, "none");
	assert_int_equal(keeper.head.last_modified, -1);
	/* But not of what never began. */
	reply = keeper_get(&keeper, none, 0);
	assert_int_not_equal(reply->code, CURLE_OK);
	assert_int_equal(keeper.begun, 0);
	/* It may have no place for it. */
	keeper.fails = 1;
	reply = keeper_get(&keeper, full, 5);
	assert_int_equal(reply->code, CURLE_WRITE_ERROR);
	assert_int_equal(reply->refusal, FETCH_NOT_WRITTEN);
	assert_int_equal(reply->os_errno, EROFS);
	assert_string_equal(buf_text(&keeper.stage.body), "");
	reply = keeper_get(&keeper, empty, 0);
	assert_int_equal(reply->code, CURLE_WRITE_ERROR);
	assert_int_equal(reply->refusal, FETCH_NOT_WRITTEN);
	assert_int_equal(reply->os_errno, EROFS);
	stage_close(&keeper.stage);
}

/* Nor does it cost those who keep no files. */
static void
what_files_are_kept_with_is_told_when_asked_for(void **state)
{
	static const char text[] = "HTTP/1.1 200 OK\r\nETag: \"e\"\r\n"
		"Last-Modified: " DATE "\r\n"
		"Content-Disposition: inline\r\nContent-Length: 0\r\n\r\n";
	const struct fetch_reply *reply;
	struct script script;
	int files;

	(void)state;
	for (files = 0; files < 2; files++) {
		struct stage stage = { .settings.files = files };

		script = (struct script){
			.steps = { { .reply = text } }, .n = 1,
		};
		stage_open(&stage, 0);
		script_start(&script);
		stage_request(&stage, &script, NULL);
		reply = stage_perform(&stage);
		script_end(&script);
		assert_int_equal(reply->last_modified,
			files ? 784111777 : -1);
		assert_int_equal(reply->etag != NULL, files);
		assert_int_equal(reply->disposition != NULL, files);
		script_release(&script);
		stage_close(&stage);
	}
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(the_rest_alone_is_asked_for),
	cmocka_unit_test(a_part_goes_where_the_rest_is_missing),
	cmocka_unit_test(a_part_that_was_not_asked_for_is_refused),
	cmocka_unit_test(whoever_keeps_it_is_told_once),
	cmocka_unit_test(what_files_are_kept_with_is_told_when_asked_for),
};

int
main(void)
{
	signal(SIGPIPE, SIG_IGN);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("net/easy_resume", tests, NULL,
		NULL);
}
