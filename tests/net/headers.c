/* SPDX-License-Identifier: MIT */
/*
 * Headers: what is picked out of a reply's lines, what is refused, and where
 * one block ends and the next begins.
 */
#include "config.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/mem.h"
#include "net/headers.h"
#include "unit.h"

#define LINES 24

/* What comes of a reply whose lines are these. */
static const struct {
	const char *note;
	const char *lines[LINES];
	enum fetch_refusal refusal;
	const char *length, *location;
	int64_t retry_after_s;	/* -1: none */
} cases[] = {
	{ "nothing of note", { "HTTP/1.1 200 OK\r\n", "Server: x\r\n",
		"\r\n" }, FETCH_ACCEPTED, NULL, NULL, -1 },
	{ "all three", { "HTTP/1.1 302 Found\r\n", "Content-Length: 5\r\n",
		"Location: /x\r\n", "Retry-After: 7\r\n", "\r\n" },
		FETCH_ACCEPTED, "5", "/x", 7 },
	{ "any case, blanks around, bare LF", { "HTTP/1.1 302\n",
		"cOnTeNt-LeNgTh:\t 5 \t\n", "LOCATION:/x\n",
		"retry-AFTER:  7  \n", "\n" },
		FETCH_ACCEPTED, "5", "/x", 7 },
	{ "names that only begin so", { "HTTP/1.1 200\r\n",
		"Content-Length-X: 5\r\n", "Locations: /x\r\n",
		"Retry-After-X: 7\r\n", "Locatio: /y\r\n",
		"Location /z\r\n", "\r\n" },
		FETCH_ACCEPTED, NULL, NULL, -1 },
	{ "names with nothing behind", { "HTTP/1.1 302\r\n",
		"Location:\r\n", "Content-Length: \r\n", "\r\n" },
		FETCH_ACCEPTED, "", "", -1 },
	{ "lines of one byte", { "HTTP/1.1 200\r\n", "l\n", "c\n", "r\n",
		":\n", "\n" }, FETCH_ACCEPTED, NULL, NULL, -1 },
	{ "the same twice", { "HTTP/1.1 302\r\n", "Content-Length: 5\r\n",
		"Content-Length:5 \r\n", "Location: /x\r\n",
		"location:/x\r\n", "\r\n" },
		FETCH_ACCEPTED, "5", "/x", -1 },
	{ "two lengths", { "HTTP/1.1 200\r\n", "Content-Length: 5\r\n",
		"Content-Length: 6\r\n" }, FETCH_TWO_LENGTHS, "5", NULL, -1 },
	{ "lengths that are equal only as numbers", { "HTTP/1.1 200\r\n",
		"Content-Length: 5\r\n", "Content-Length: 05\r\n" },
		FETCH_TWO_LENGTHS, "5", NULL, -1 },
	{ "two places", { "HTTP/1.1 302\r\n", "Location: /x\r\n",
		"Location: /X\r\n" }, FETCH_TWO_LOCATIONS, NULL, "/x", -1 },
	{ "a place and none", { "HTTP/1.1 302\r\n", "Location: /x\r\n",
		"Location:\r\n" }, FETCH_TWO_LOCATIONS, NULL, "/x", -1 },
	{ "the later Retry-After", { "HTTP/1.1 503\r\n", "Retry-After: 7\r\n",
		"Retry-After: 8\r\n", "\r\n" },
		FETCH_ACCEPTED, NULL, NULL, 8 },
	{ "a CR within", { "HTTP/1.1 200\r\n", "X: a\rb\r\n" },
		FETCH_BAD_HEADER, NULL, NULL, -1 },
	{ "two CRs at the end", { "HTTP/1.1 200\r\n", "X: a\r\r\n" },
		FETCH_BAD_HEADER, NULL, NULL, -1 },
	{ "a CR in the status line", { "HTTP/1.1 200\rX\r\n" },
		FETCH_BAD_HEADER, NULL, NULL, -1 },
	{ "a refusal stays", { "HTTP/1.1 200\r\n", "X: a\rb\r\n",
		"Location: /x\r\n", "\r\n" },
		FETCH_BAD_HEADER, NULL, NULL, -1 },
	{ "an interim reply comes first", { "HTTP/1.1 103 Early Hints\r\n",
		"Location: /hint\r\n", "Content-Length: 9\r\n",
		"Retry-After: 9\r\n", "\r\n", "HTTP/1.1 302 Found\r\n",
		"Location: /x\r\n", "Content-Length: 5\r\n", "\r\n" },
		FETCH_ACCEPTED, "5", "/x", -1 },
	{ "several of them", { "HTTP/1.1 100 Continue\r\n", "\r\n",
		"HTTP/1.1 102 Processing\r\n", "\r\n",
		"HTTP/1.1 200 OK\r\n", "Content-Length: 5\r\n", "\r\n" },
		FETCH_ACCEPTED, "5", NULL, -1 },
	{ "a proxy's reply to CONNECT comes first", {
		"HTTP/1.0 200 established\r\n", "Location: /proxy\r\n", "\r\n",
		"HTTP/1.1 302\r\n", "Location: /x\r\n", "\r\n" },
		FETCH_ACCEPTED, NULL, "/x", -1 },
	{ "trailers say nothing", { "HTTP/1.1 302\r\n", "Location: /x\r\n",
		"\r\n", "Location: /trailer\r\n", "Content-Length: 9\r\n",
		"Retry-After: 9\r\n", "\r\n" },
		FETCH_ACCEPTED, NULL, "/x", -1 },
	{ "trailers are looked at for CRs", { "HTTP/1.1 200\r\n", "\r\n",
		"X: a\rb\r\n" }, FETCH_BAD_HEADER, NULL, NULL, -1 },
	{ "a folded line is no header of ours", { "HTTP/1.1 302\r\n",
		"X: a\r\n", " Location: /folded\r\n", "\r\n" },
		FETCH_ACCEPTED, NULL, NULL, -1 },
	{ "HTTP/2 has no reason", { "HTTP/2 302 \r\n", "location: /x\r\n",
		"\r\n" }, FETCH_ACCEPTED, NULL, "/x", -1 },
};

#define CASES (sizeof cases / sizeof *cases)

static const struct {
	const char *value;
	int coded, chunked;
} codings[] = {
	{ "chunked", 0, 1 }, { " Chunked ", 0, 1 }, { "identity", 0, 0 },
	{ "identity, chunked", 0, 1 }, { "chunked,", 0, 1 }, { "", 0, 0 },
	{ "gzip", 1, 0 }, { "gzip, chunked", 1, 1 },
	{ "chunked, gzip", 1, 1 }, { "chunkedx", 1, 0 },
	{ "x-chunked", 1, 0 }, { "chunke", 1, 0 }, { "chunked;q=1", 1, 0 },
	{ "cow", 1, 0 },
};

static int
text_is(const char *text, const char *expected)
{
	if (text == NULL || expected == NULL)
		return text == expected;
	return strcmp(text, expected) == 0;
}

/* A copy of exactly its size, so that the sanitizer sees a read behind it. */
static enum fetch_refusal
add(struct headers *headers, const char *line, size_t len)
{
	char *copy = mem_dup(line, len);
	enum fetch_refusal refusal = headers_add(headers, copy, len);

	free(copy);
	return refusal;
}

static void
what_matters_is_picked_out(void **state)
{
	struct headers headers = { 0 };
	enum fetch_refusal refusal;
	size_t i, k;
	char *location;
	int64_t wait;

	(void)state;
	for (i = 0; i < CASES; i++) {
		headers_start(&headers, 65536, 0);
		refusal = FETCH_ACCEPTED;
		for (k = 0; k < LINES && cases[i].lines[k] != NULL; k++)
			refusal = add(&headers, cases[i].lines[k],
				strlen(cases[i].lines[k]));
		wait = headers.retry_after_us;
		if (refusal != cases[i].refusal ||
		    headers.refusal != refusal ||
		    !text_is(headers.length, cases[i].length) ||
		    wait != (cases[i].retry_after_s < 0 ? -1 :
		    cases[i].retry_after_s * CLOCK_SECOND))
			fail_msg("%s: refusal %d, length %s, wait %lld",
				cases[i].note, (int)refusal, headers.length,
				(long long)wait);
		location = headers_take(&headers.location);
		if (!text_is(location, cases[i].location))
			fail_msg("%s: location %s", cases[i].note, location);
		assert_null(headers_take(&headers.location));
		free(location);
	}
	headers_release(&headers);
}

static void
a_nul_is_refused(void **state)
{
	static const char status[] = "HTTP/1.1 200\0 OK\r\n";
	static const char field[] = "Location: /x\0y\r\n";
	struct headers headers = { 0 };

	(void)state;
	headers_start(&headers, 65536, 0);
	assert_int_equal(add(&headers, status, sizeof status - 1),
		FETCH_BAD_HEADER);
	headers_start(&headers, 65536, 0);
	assert_int_equal(add(&headers, "HTTP/1.1 302\r\n", 14),
		FETCH_ACCEPTED);
	assert_int_equal(add(&headers, field, sizeof field - 1),
		FETCH_BAD_HEADER);
	assert_null(headers.location);
	headers_release(&headers);
}

static void
bytes_are_limited_over_all_blocks(void **state)
{
	struct headers headers = { 0 };
	int i;

	(void)state;
	headers_start(&headers, 100, 0);
	/* 3 * (15 + 2) + 49 = 100 */
	for (i = 0; i < 3; i++) {
		assert_int_equal(add(&headers, "HTTP/1.1 100 C\n", 15),
			FETCH_ACCEPTED);
		assert_int_equal(add(&headers, "\r\n", 2), FETCH_ACCEPTED);
	}
	assert_int_equal(add(&headers, "HTTP/1.1 200 1234567890123456789012345"
		"6789012345\n", 49), FETCH_ACCEPTED);
	assert_int_equal(add(&headers, "\n", 1), FETCH_HEADER_LIMIT);
	/* The next reply begins anew. */
	headers_start(&headers, 100, 0);
	assert_int_equal(add(&headers, "HTTP/1.1 200\n", 13), FETCH_ACCEPTED);
	headers_release(&headers);
}

static void
lines_are_limited(void **state)
{
	struct headers headers = { 0 };
	int i;

	(void)state;
	headers_start(&headers, UINT64_MAX, 0);
	for (i = 0; i < HEADERS_MAX_LINES; i++)
		assert_int_equal(add(&headers, "X:1\n", 4), FETCH_ACCEPTED);
	assert_int_equal(add(&headers, "X:1\n", 4), FETCH_HEADER_LIMIT);
	headers_release(&headers);
}

/* The date of RFC 9110's examples is 784111777 s after the epoch. */
static void
retry_after_is_seconds_or_a_date(void **state)
{
	static const int64_t date = INT64_C(784111777);
	static const struct {
		const char *value;
		int64_t now_s;
		int64_t wait_s;		/* -1: neither; -2: just a lot */
	} waits[] = {
		{ "0", 0, 0 }, { "120", 0, 120 }, { "007", 0, 7 },
		{ "999999999", 0, 999999999 },
		{ "99999999999999999999999999", 0, -2 },
		{ "Sun, 06 Nov 1994 08:49:37 GMT", date - 90, 90 },
		{ "Sun, 06 Nov 1994 08:49:37 GMT", date, 0 },
		{ "Sun, 06 Nov 1994 08:49:37 GMT", date + 1, 0 },
		{ "Sunday, 06-Nov-94 08:49:37 GMT", date - 90, 90 },
		{ "Sun Nov  6 08:49:37 1994", date - 90, 90 },
		{ "Fri, 31 Dec 9999 23:59:59 GMT", 0, -2 },
		{ "Sun, 06 Nov 292278 08:49:37 GMT", 0, -2 },
		{ "Sun, 06 Nov 99999999 08:49:37 GMT", 0, -2 },
		{ "Sun, 06 Nov 2147483647 08:49:37 GMT", 0, -2 },
		{ "Thu, 01 Jan 1970 00:00:00 GMT", date, 0 },
		{ "", 0, -1 }, { "soon", 0, -1 }, { "1.5", 0, -1 },
		{ "12 s", 0, -1 }, { "12,13", 0, -1 }, { "\xff\xfe", 0, -1 },
	};
	int64_t us;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof waits / sizeof *waits; i++) {
		us = headers_retry_after(waits[i].value,
			waits[i].now_s * CLOCK_SECOND);
		if (waits[i].wait_s == -2) {
			/* libcurl may not take it for a date. */
			if (us != -1 && us < 600 * CLOCK_SECOND)
				fail_msg("%s: %lld", waits[i].value,
					(long long)us);
			continue;
		}
		if (us != (waits[i].wait_s < 0 ? -1 :
		    waits[i].wait_s * CLOCK_SECOND))
			fail_msg("%s: %lld", waits[i].value, (long long)us);
	}
}

static void
a_transfer_coding_beyond_chunked_is_seen(void **state)
{
	struct headers headers = { 0 };
	char line[64];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof codings / sizeof *codings; i++) {
		headers_start(&headers, 1000, 0);
		add(&headers, "HTTP/1.1 200\r\n", 14);
		snprintf(line, sizeof line, "TRANSFER-encoding:%s\r\n",
			codings[i].value);
		assert_int_equal(add(&headers, line, strlen(line)),
			FETCH_ACCEPTED);
		if (headers.coded != codings[i].coded ||
		    headers.chunked != codings[i].chunked)
			fail_msg("'%s'", codings[i].value);
	}
	/* A second line changes nothing; the next reply's first one does. */
	add(&headers, "Transfer-Encoding: chunked\r\n", 28);
	assert_true(headers.coded);
	add(&headers, "\r\n", 2);
	add(&headers, "HTTP/1.1 200\r\n", 14);
	assert_false(headers.coded);
	headers_release(&headers);
}

static void
content_codings_of_all_lines_are_one_list(void **state)
{
	struct headers headers = { 0 };
	char *coding;

	(void)state;
	headers_start(&headers, 1000, 0);
	add(&headers, "HTTP/1.1 200\r\n", 14);
	assert_null(headers_take(&headers.coding));
	add(&headers, "Content-Encoding: gzip\r\n", 24);
	add(&headers, "content-length: 5\r\n", 19);
	add(&headers, "content-encoding:\tbr , zstd \r\n", 30);
	coding = headers_take(&headers.coding);
	assert_string_equal(coding, "gzip, br , zstd");
	free(coding);
	assert_null(headers_take(&headers.coding));
	/* The next reply has none. */
	add(&headers, "Content-Encoding: gzip\r\n", 24);
	add(&headers, "\r\n", 2);
	add(&headers, "HTTP/1.1 200\r\n", 14);
	assert_null(headers_take(&headers.coding));
	headers_release(&headers);
}

/* Adds lines up to the NULL. */
static void
add_lines(struct headers *headers, const char *const *lines)
{
	for (; *lines != NULL; lines++)
		assert_int_equal(add(headers, *lines, strlen(*lines)),
			FETCH_ACCEPTED);
}

static void
a_head_is_kept_as_it_came(void **state)
{
	static const char *const interim[] = { "HTTP/1.1 100 C\r\n", "A: b\r\n",
		"\r\n", NULL };
	static const char *const half[] = { "HTTP/1.1 200 OK\r\n",
		"X:\t y \n", " folded\r\n", NULL };
	static const char *const rest[] = { "\n", "Trailer: z\r\n", "\r\n",
		"\r\n", NULL };
	struct headers headers = { 0 };

	(void)state;
	headers_start(&headers, 1000, HEADERS_HEAD);
	add_lines(&headers, interim);
	add_lines(&headers, half);
	assert_string_equal(buf_text(&headers.head),
		"HTTP/1.1 200 OK\r\nX:\t y \n folded\r\n");
	assert_true(headers.in_block);
	add_lines(&headers, rest);
	assert_string_equal(buf_text(&headers.head),
		"HTTP/1.1 200 OK\r\nX:\t y \n folded\r\n\n");
	assert_false(headers.in_block);
	/* The next has nothing of it, and may want none. */
	headers_start(&headers, 1000, HEADERS_HEAD);
	assert_int_equal(headers.head.len, 0);
	headers_start(&headers, 1000, 0);
	add_lines(&headers, half);
	assert_int_equal(headers.head.len, 0);
	headers_release(&headers);
}

static void
a_head_may_be_as_long_as_headers_may(void **state)
{
	struct headers headers = { 0 };

	(void)state;
	headers_start(&headers, 24, HEADERS_HEAD);
	add(&headers, "HTTP/1.1 200\r\n", 14);
	add(&headers, "X: 123\r\n", 8);
	assert_int_equal(add(&headers, "\r\n", 2), FETCH_ACCEPTED);
	assert_int_equal(headers.head.len, 24);
	headers_release(&headers);
}

/* What a file is kept with. */
static const struct {
	const char *note;
	const char *lines[6];
	int64_t last_modified;
	const char *etag, *disposition;
	uint64_t first;		/* 0: no range */
} files[] = {
	{ "nothing", { "Server: x\r\n" }, -1, NULL, NULL, 0 },
	{ "everything", { "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n",
		"ETag: \"e\"\r\n", "Content-Disposition: inline\r\n",
		"Content-Range: bytes 5-9/10\r\n" },
		784111777, "\"e\"", "inline", 5 },
	{ "any case, blanks around",
		{ "last-modified:Sunday, 06-Nov-94 08:49:37 GMT \n",
		"ETAG:\tW/\"e\" \n", "content-DISPOSITION: inline;\n" },
		784111777, "W/\"e\"", "inline;", 0 },
	{ "names that only begin so", { "Last-Modifie: Sun, 06 Nov 1994 "
		"08:49:37 GMT\r\n", "ETags: e\r\n", "ETa: e\r\n",
		"Content-Dispositions: inline\r\n",
		"Content-Ranges: bytes 5-9/10\r\n" }, -1, NULL, NULL, 0 },
	{ "the first of several", { "ETag: 1\r\n", "ETag: 2\r\n",
		"Content-Disposition: a\r\n", "Content-Disposition: b\r\n" },
		-1, "1", "a", 0 },
	{ "two places are none", { "Content-Range: bytes 5-9/10\r\n",
		"Content-Range: bytes 5-9/10\r\n" }, -1, NULL, NULL, 0 },
	{ "no date", { "Last-Modified: yesterday\r\n" }, -1, NULL, NULL, 0 },
	{ "one that no calendar has",
		{ "Last-Modified: Sun, 06 Nov 292278 08:49:37 GMT\r\n" },
		-1, NULL, NULL, 0 },
	{ "one before there were files",
		{ "Last-Modified: Sun, 06 Nov 1904 08:49:37 GMT\r\n" },
		-1, NULL, NULL, 0 },
	{ "an interim reply's", { "\r\n", "HTTP/1.1 200\r\n", "A: b\r\n" },
		-1, NULL, NULL, 0 },
};

static void
what_files_are_kept_with_is_picked_out(void **state)
{
	struct headers headers = { 0 };
	size_t i, k;

	(void)state;
	for (i = 0; i < sizeof files / sizeof *files; i++) {
		headers_start(&headers, 65536, HEADERS_FILE);
		add(&headers, "HTTP/1.1 103\r\n", 14);
		if (files[i].lines[0][0] == '\r')
			add(&headers, "ETag: hint\r\n", 12);
		for (k = 0; k < 6 && files[i].lines[k] != NULL; k++)
			add(&headers, files[i].lines[k],
				strlen(files[i].lines[k]));
		if (headers.last_modified != files[i].last_modified ||
		    !text_is(headers.etag, files[i].etag) ||
		    !text_is(headers.disposition, files[i].disposition) ||
		    headers.range.first != files[i].first)
			fail_msg("%s: %lld, %s, %s", files[i].note,
				(long long)headers.last_modified,
				headers.etag, headers.disposition);
		/* Not for those who did not ask. */
		headers_start(&headers, 65536, HEADERS_HEAD);
		for (k = 0; k < 6 && files[i].lines[k] != NULL; k++)
			add(&headers, files[i].lines[k],
				strlen(files[i].lines[k]));
		assert_null(headers.etag);
		assert_int_equal(headers.last_modified, -1);
	}
	headers_release(&headers);
}

static void
a_value_that_is_too_long_is_none(void **state)
{
	struct headers headers = { 0 };
	size_t len;
	char *line;

	(void)state;
	for (len = FETCH_MAX_VALUE; len < FETCH_MAX_VALUE + 2; len++) {
		headers_start(&headers, 65536, HEADERS_FILE);
		add(&headers, "HTTP/1.1 200\r\n", 14);
		line = mem_printf("ETag: %0*d\r\n", (int)len, 0);
		add(&headers, line, strlen(line));
		free(line);
		assert_int_equal(headers.etag != NULL, len == FETCH_MAX_VALUE);
	}
	headers_release(&headers);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(what_matters_is_picked_out),
	cmocka_unit_test(a_nul_is_refused),
	cmocka_unit_test(bytes_are_limited_over_all_blocks),
	cmocka_unit_test(lines_are_limited),
	cmocka_unit_test(retry_after_is_seconds_or_a_date),
	cmocka_unit_test(a_transfer_coding_beyond_chunked_is_seen),
	cmocka_unit_test(content_codings_of_all_lines_are_one_list),
	cmocka_unit_test(a_head_is_kept_as_it_came),
	cmocka_unit_test(a_head_may_be_as_long_as_headers_may),
	cmocka_unit_test(what_files_are_kept_with_is_picked_out),
	cmocka_unit_test(a_value_that_is_too_long_is_none),
};

UNIT_MAIN("net/headers", tests)
