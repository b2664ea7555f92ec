/* SPDX-License-Identifier: MIT */
/*
 * replies -- a table of what servers say, right, wrong and hostile, and the
 * record that each must become, whatever the strategy and whatever the handle
 * went through before.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/mem.h"
#include "conform/promise.h"
#include "conform/trip.h"
#include "conform/world.h"
#include "core/result.h"
#include "unit.h"

#define OK "HTTP/1.1 200 OK\r\n"

/* --- replies byte for byte --- */

struct raw {
	const char *name, *bytes;
	size_t n;
};

#define RAW(name, bytes) { name, bytes, sizeof bytes - 1 }

static const struct raw raws[] = {
	RAW("nothing", ""),
	RAW("until-close", OK "\r\nhello"),
	RAW("http10", "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello"),
	RAW("bare-newlines", "HTTP/1.1 200 OK\nContent-Length: 5\n\nhello"),
	RAW("two-lengths", OK "Content-Length: 5\r\nContent-Length: 6\r\n"
		"\r\nhello!"),
	RAW("same-lengths", OK "Content-Length: 5\r\nContent-Length: 5\r\n"
		"\r\nhello"),
	RAW("length-and-chunked", OK "Content-Length: 50\r\n"
		"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"),
	RAW("negative-length", OK "Content-Length: -5\r\n\r\nhello"),
	RAW("huge-length", OK "Content-Length: 99999999999999999999\r\n\r\n"
		"hello"),
	RAW("two-locations", "HTTP/1.1 302 Found\r\nLocation: /bytes/1\r\n"
		"Location: /bytes/2\r\nContent-Length: 0\r\n\r\n"),
	RAW("same-locations", "HTTP/1.1 302 Found\r\nLocation: /bytes/3\r\n"
		"Location: /bytes/3\r\nContent-Length: 0\r\n\r\n"),
	RAW("stray-cr", OK "X-A: b\rc\r\nContent-Length: 5\r\n\r\nhello"),
	RAW("nul-in-header", OK "X-A: b\0c\r\nContent-Length: 5\r\n\r\nhello"),
	RAW("no-headers", "garbage without any header\r\n\r\n"),
	RAW("half-header", OK "Content-Len"),
	RAW("bad-status", "HTTP/1.1 abc Odd\r\nContent-Length: 5\r\n\r\nhello"),
	RAW("status-99", "HTTP/1.1 099 Odd\r\nContent-Length: 5\r\n\r\nhello"),
	RAW("bad-chunk", OK "Transfer-Encoding: chunked\r\n\r\nxyz\r\nhello"),
	RAW("cut-chunk", OK "Transfer-Encoding: chunked\r\n\r\n5\r\nhe"),
	RAW("no-last-chunk", OK "Transfer-Encoding: chunked\r\n\r\n"
		"5\r\nhello\r\n"),
	RAW("trailers", OK "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"
		"0\r\nX-Sum: 1\r\nContent-Length: 9\r\n\r\n"),
	RAW("only-100", "HTTP/1.1 100 Continue\r\n\r\n"),
	RAW("after-103", "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
		OK "Content-Length: 5\r\n\r\nhello"),
};

/* A reply made of one piece, many times over. */
static void
write_many(const char *path, const char *first, const char *piece, size_t n,
	const char *last)
{
	struct buf text;

	buf_init(&text, 16 << 20);
	buf_add_text(&text, first);
	while (n-- > 0)
		buf_add_text(&text, piece);
	buf_add_text(&text, last);
	world_write(path, text.data, text.len);
	buf_release(&text);
}

static void
write_raws(void)
{
	static int written;
	char path[64];
	size_t i;

	if (written)
		return;
	written = 1;
	for (i = 0; i < sizeof raws / sizeof *raws; i++) {
		snprintf(path, sizeof path, "raw/%s", raws[i].name);
		world_write(path, raws[i].bytes, raws[i].n);
	}
	write_many("raw/long-header", OK "X-A: ", "aaaaaaaaaa", 20000,
		"\r\nContent-Length: 5\r\n\r\nhello");
	write_many("raw/many-headers", OK, "X-A: aaaaaaaaaaaaaaaaaaaaa\r\n",
		5000, "Content-Length: 5\r\n\r\nhello");
	write_many("raw/flood-of-100", "", "HTTP/1.1 100 Continue\r\n\r\n",
		20000, OK "Content-Length: 5\r\n\r\nhello");
}

/* --- the table --- */

static void
with_head(struct run_settings *settings)
{
	settings->method = "HEAD";
}

static void
with_max_body(struct run_settings *settings)
{
	settings->easy.max_body = 20000;
}

static void
with_max_time(struct run_settings *settings)
{
	settings->max_time_us = 150 * CLOCK_MS;
}

struct reply {
	const char *note, *path;
	enum error_class class;
	const char *detail;	/* NULL: none */
	unsigned code;
	uint64_t size;
	void (*adjust)(struct run_settings *);	/* NULL: as it is */
};

static const struct reply replies[] = {
	{ "a body", "/bytes/10000", ERROR_NONE, NULL, 200, 10000, NULL },
	{ "a chunked body", "/chunked/10000", ERROR_NONE, NULL, 200, 10000,
		NULL },
	{ "no byte", "/empty", ERROR_NONE, NULL, 200, 0, NULL },
	{ "204", "/status/204", ERROR_NONE, NULL, 204, 0, NULL },
	{ "304 has no body", "/status/304", ERROR_NONE, NULL, 304, 0, NULL },
	{ "404", "/status/404", ERROR_HTTP, NULL, 404, 14, NULL },
	{ "500", "/status/500", ERROR_HTTP, NULL, 500, 26, NULL },
	{ "999", "/status/999", ERROR_HTTP, NULL, 999, 11, NULL },
	{ "a 300 without Location", "/status/300", ERROR_NONE, NULL, 300, 11,
		NULL },
	{ "cut short", "/cut", ERROR_BODY, "cut", 200, 500, NULL },
	{ "cut within chunks", "/cut?chunked=1", ERROR_BODY, "cut", 200, 500,
		NULL },
	{ "reset at once", "/reset", ERROR_HTTP, "reset", 0, 0, NULL },

	{ "closed without a word", "/raw/nothing", ERROR_HTTP, "empty_reply",
		0, 0, NULL },
	{ "a body until the end", "/raw/until-close", ERROR_NONE, NULL, 200,
		5, NULL },
	{ "HTTP/1.0", "/raw/http10", ERROR_NONE, NULL, 200, 5, NULL },
	{ "lines without CR", "/raw/bare-newlines", ERROR_NONE, NULL, 200, 5,
		NULL },
	{ "Content-Length twice, differing", "/raw/two-lengths", ERROR_HTTP,
		"content_length", 200, 0, NULL },
	{ "Content-Length twice, the same", "/raw/same-lengths", ERROR_NONE,
		NULL, 200, 5, NULL },
	{ "chunks win over a length", "/raw/length-and-chunked", ERROR_NONE,
		NULL, 200, 5, NULL },
	{ "a length below zero", "/raw/negative-length", ERROR_HTTP,
		"bad_reply", 200, 0, NULL },
	{ "Location twice, differing", "/raw/two-locations", ERROR_HTTP,
		"location", 302, 0, NULL },
	{ "Location twice, the same", "/raw/same-locations", ERROR_NONE, NULL,
		200, 3, NULL },
	{ "a CR within a header", "/raw/stray-cr", ERROR_HTTP, "bad_header",
		200, 0, NULL },
	{ "a NUL within a header", "/raw/nul-in-header", ERROR_HTTP,
		"bad_header", 200, 0, NULL },
	{ "no HTTP at all", "/raw/no-headers", ERROR_HTTP, "bad_reply", 0, 0,
		NULL },
	{ "closed within the headers", "/raw/half-header", ERROR_HTTP,
		"bad_reply", 200, 0, NULL },
	{ "a status that is no number", "/raw/bad-status", ERROR_HTTP,
		"bad_reply", 0, 0, NULL },
	{ "a status below 100", "/raw/status-99", ERROR_HTTP, "bad_reply", 0,
		0, NULL },
	{ "a chunk that is none", "/raw/bad-chunk", ERROR_HTTP, "bad_reply",
		200, 0, NULL },
	{ "closed within a chunk", "/raw/cut-chunk", ERROR_BODY, "cut", 200,
		2, NULL },
	{ "closed before the last chunk", "/raw/no-last-chunk", ERROR_BODY,
		"cut", 200, 5, NULL },
	{ "trailers are no headers", "/raw/trailers", ERROR_NONE, NULL, 200,
		5, NULL },
	{ "nothing after a 100", "/raw/only-100", ERROR_HTTP, "empty_reply",
		100, 0, NULL },
	{ "a reply after a 103", "/raw/after-103", ERROR_NONE, NULL, 200, 5,
		NULL },
	{ "a header line of 200 KB", "/raw/long-header", ERROR_HTTP,
		"header_limit", 200, 0, NULL },
	{ "many headers", "/raw/many-headers", ERROR_HTTP, "header_limit",
		200, 0, NULL },
	{ "headers without end", "/endless-headers", ERROR_HTTP,
		"header_limit", 200, 0, NULL },
	{ "interim replies without end", "/raw/flood-of-100", ERROR_HTTP,
		"header_limit", 100, 0, NULL },

	{ "HEAD has no body", "/bytes/10000", ERROR_NONE, NULL, 200, 0,
		with_head },
	{ "HEAD of a 404", "/status/404", ERROR_HTTP, NULL, 404, 0,
		with_head },
	{ "as large as --max-body", "/bytes/20000", ERROR_NONE, NULL, 200,
		20000, with_max_body },
	{ "larger, and it says so", "/bytes/20001", ERROR_BODY, "limit", 200,
		0, with_max_body },
	{ "silence", "/silent", ERROR_TIMEOUT, "first_byte", 0, 0,
		with_max_time },
	{ "a status line byte by byte", "/slow-headers?ms=100", ERROR_TIMEOUT,
		"first_byte", 0, 0, with_max_time },
};

static void
assert_reply(const struct reply *reply, const struct result *record)
{
	const char *detail = record->error_detail;

	if (record->error_class == reply->class &&
	    (detail == NULL) == (reply->detail == NULL) &&
	    (detail == NULL || strcmp(detail, reply->detail) == 0) &&
	    record->response_code == reply->code &&
	    record->size_download == reply->size &&
	    record->ok == (reply->class == ERROR_NONE) &&
	    (record->errormsg == NULL || reply->class != ERROR_NONE))
		return;
	fail_msg("%s: class '%s', detail '%s', code %" PRIu64 ", size %"
		PRIu64 ", ok %d, %" PRIu64 " connects: %s", reply->note,
		error_class_name(record->error_class),
		detail != NULL ? detail : "", record->response_code,
		record->size_download, record->ok, record->num_connects,
		record->errormsg != NULL ? record->errormsg : "");
}

static void
a_reply_means_the_same_to_every_strategy(const struct strategy *strategy)
{
	size_t n = sizeof replies / sizeof *replies, i;
	struct run_settings usual;
	struct trip trip;

	write_raws();
	trip_init(&trip, strategy);
	usual = trip.settings;
	for (i = 0; i < n; i++) {
		trip.settings = usual;
		if (replies[i].adjust != NULL)
			replies[i].adjust(&trip.settings);
		trip_add(&trip, "%s%s", world.here.url, replies[i].path);
		trip_complete(&trip);
		trip_assert_all(&trip, 1);
		assert_reply(&replies[i], trip_final(&trip, 1));
		trip_clear(&trip);
	}
	trip_release(&trip);
}

/*
 * The same three times in one run, in orders that differ. Each has a host of
 * its own: the next one gets the handle, but no connection that the server
 * closes without a word.
 */
static void
a_broken_reply_does_not_touch_the_next(const struct strategy *strategy)
{
	size_t n = sizeof replies / sizeof *replies, count = 0, i;
	const struct reply *asked[4 * sizeof replies / sizeof *replies];
	char resolve[64];
	char *pins[] = { resolve };
	struct trip trip;

	write_raws();
	trip_init(&trip, strategy);
	snprintf(resolve, sizeof resolve, "*:%u:127.0.0.1", world.here.port);
	trip.settings.names.resolve = pins;
	trip.settings.names.n_resolve = 1;
	for (i = 0; i < 3 * n; i++) {
		asked[count] = &replies[i < n ? i : i * 7 % n];
		if (asked[count]->adjust != NULL)
			continue;
		trip_add(&trip, "http://host%zu.test:%u%s", i, world.here.port,
			asked[count]->path);
		count++;
	}
	trip_complete(&trip);
	trip_assert_all(&trip, count);
	for (i = 0; i < count; i++)
		assert_reply(asked[i], trip_final(&trip, i + 1));
	trip_release(&trip);
}

/* What has come by then depends on the moment. */
static void
a_body_without_end_stops_at_max_body(const struct strategy *strategy)
{
	const struct result *record;
	struct trip trip;

	trip_init(&trip, strategy);
	with_max_body(&trip.settings);
	trip_add(&trip, "%s/endless", world.here.url);
	trip_add(&trip, "%s/chunked/20001", world.here.url);
	trip_complete(&trip);
	record = trip_final(&trip, 1);
	assert_int_equal(record->error_class, ERROR_BODY);
	assert_string_equal(record->error_detail, "limit");
	/* No more than one read beyond it. */
	assert_in_range(record->size_download, 20001, 20000 + 65536);
	record = trip_final(&trip, 2);
	assert_string_equal(record->error_detail, "limit");
	trip_release(&trip);
}

static void
a_slow_body_is_cut_off_in_time(const struct strategy *strategy)
{
	const struct result *record;
	int64_t started_us = clock_us();
	struct trip trip;

	trip_init(&trip, strategy);
	with_max_time(&trip.settings);
	trip_add(&trip, "%s/drip?bytes=100000&ms=10", world.here.url);
	trip_complete(&trip);
	record = trip_final(&trip, 1);
	assert_int_equal(record->error_class, ERROR_TIMEOUT);
	assert_string_equal(record->error_detail, "body");
	assert_int_equal(record->response_code, 200);
	assert_in_range(record->size_download, 1, 1000);
	/* libcurl counts in milliseconds. */
	assert_in_range(record->time_total, 149 * CLOCK_MS,
		3 * CLOCK_SECOND);
	assert_in_range(trip.ended_us - started_us, 0, 5 * CLOCK_SECOND);
	trip_release(&trip);
}

static void
a_refused_connection_is_a_record(const struct strategy *strategy)
{
	const struct result *record;
	struct trip trip;

	trip_init(&trip, strategy);
	trip_add(&trip, "%s", world.refusing);
	trip_complete(&trip);
	record = trip_final(&trip, 1);
	assert_false(record->ok);
	assert_int_equal(record->error_class, ERROR_CONNECT);
	assert_string_equal(record->error_detail, "refused");
	assert_non_null(record->errormsg);
	assert_int_equal(record->response_code, 0);
	trip_release(&trip);
}

static void
write_hidden_location(const char *name, const char *rest)
{
	char *text = mem_printf("HTTP/1.1 302 Found\r\nLocation: "
		"http://user:hidden@127.0.0.1:%s\r\n\r\n", rest);

	world_write(name, text, strlen(text));
	free(text);
}

static void
assert_hides(const char *text)
{
	if (text != NULL && strstr(text, "hidden") != NULL)
		fail_msg("a record shows %s", text);
}

static void
the_user_and_password_of_a_url_are_in_no_record(
	const struct strategy *strategy)
{
	static const char *const paths[] = {
		"bytes/1", "redirect/2", "redirect-loop", "status/404", "cut",
		"reset", "raw/to-refused", "raw/to-bad",
	};
	size_t n = sizeof paths / sizeof *paths, i;
	struct trip trip;

	write_hidden_location("raw/to-refused",
		strrchr(world.refusing, ':') + 1);
	write_hidden_location("raw/to-bad", "99999999/");
	trip_init(&trip, strategy);
	for (i = 0; i < n; i++)
		trip_add(&trip, "http://user:hidden@127.0.0.1:%u/%s",
			world.here.port, paths[i]);
	trip_complete(&trip);
	trip_assert_all(&trip, n);
	for (i = 0; i < trip.n; i++) {
		assert_hides(trip.records[i]->url);
		assert_hides(trip.records[i]->url_effective);
		assert_hides(trip.records[i]->errormsg);
	}
	assert_int_equal(trip_final(&trip, 7)->error_class, ERROR_CONNECT);
	assert_string_equal(trip_final(&trip, 8)->error_detail,
		"bad_location");
	trip_release(&trip);
}

static const struct promise promises[] = {
	PROMISE(a_reply_means_the_same_to_every_strategy),
	PROMISE(a_broken_reply_does_not_touch_the_next),
	PROMISE(a_body_without_end_stops_at_max_body),
	PROMISE(a_slow_body_is_cut_off_in_time),
	PROMISE(a_refused_connection_is_a_record),
	PROMISE(the_user_and_password_of_a_url_are_in_no_record),
};

const struct promise_set promises_replies = { PROMISE_ROWS(promises) };
