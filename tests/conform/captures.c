/* SPDX-License-Identifier: MIT */
/*
 * captures -- what an archive gets is what crossed the network, byte for byte,
 * in whichever process it did, and the records are the same as ever.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/mem.h"
#include "conform/promise.h"
#include "conform/trip.h"
#include "conform/world.h"
#include "core/body.h"
#include "core/result.h"
#include "net/chunks.h"
#include "net/exchange.h"
#include "unit.h"

/* One thing that the archive got. */
struct catch {
	uint64_t seq;
	int hop, chunked, captured;
	struct buf request, request_body, response, body;
};

/* A trip, and its archive. The trip comes first: it is what on_body() has. */
struct haul {
	struct trip trip;
	struct catch *list;
	size_t n;
};

static int
haul_take(struct trip *trip, struct result *result, struct err *err)
{
	struct haul *haul = (struct haul *)(void *)trip;
	const struct exchange *exchange = result->exchange;
	struct catch *catch;
	const void *bytes;
	size_t len;

	haul->list = mem_grow(haul->list, haul->n + 1, sizeof *haul->list);
	catch = &haul->list[haul->n++];
	*catch = (struct catch){
		.seq = result->seq, .hop = result->hop,
		.chunked = result->chunked, .captured = exchange != NULL,
	};
	buf_init(&catch->request, 1 << 20);
	buf_init(&catch->request_body, 1 << 20);
	buf_init(&catch->response, 1 << 20);
	buf_init(&catch->body, 16 << 20);
	if (exchange != NULL) {
		buf_add(&catch->request, exchange->request,
			exchange->request_len);
		buf_add(&catch->response, exchange->response,
			exchange->response_len);
		buf_add(&catch->request_body, exchange->request_body,
			exchange->request_body_len);
	}
	if (result->body == NULL)
		return 0;
	if (body_view(result->body, &bytes, &len, err) != 0)
		return -1;
	buf_add(&catch->body, bytes, len);
	return 0;
}

static void
haul_init(struct haul *haul, const struct strategy *strategy)
{
	*haul = (struct haul){ .n = 0 };
	trip_init(&haul->trip, strategy);
	haul->trip.on_body = haul_take;
	haul->trip.settings.keep = RUN_KEEP_ALL;
	haul->trip.settings.easy.capture = 1;
	haul->trip.settings.buffer = 4 << 20;
}

static void
haul_release(struct haul *haul)
{
	struct catch *catch;

	while (haul->n > 0) {
		catch = &haul->list[--haul->n];
		buf_release(&catch->request);
		buf_release(&catch->request_body);
		buf_release(&catch->response);
		buf_release(&catch->body);
	}
	free(haul->list);
	trip_release(&haul->trip);
}

/* The one of a URL's k-th hop, from 0; the test fails where there is none. */
static const struct catch *
haul_find(const struct haul *haul, uint64_t seq, unsigned k)
{
	size_t i;

	for (i = 0; i < haul->n; i++)
		if (haul->list[i].seq == seq && k-- == 0)
			break;
	if (i == haul->n)
		fail_msg("nothing of URL %" PRIu64, seq);
	return &haul->list[i];
}

static int
buf_is(const struct buf *buf, const char *text)
{
	return strcmp(buf_text(buf), text) == 0;
}

/* What libcurl sends for a bare URL. */
static int
asks_for(const struct catch *catch, const char *path)
{
	char *text = mem_printf("GET %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n"
		"User-Agent: conform\r\nAccept: */*\r\n\r\n", path,
		world.here.port);
	int same = buf_is(&catch->request, text);

	free(text);
	return same;
}

/* --- replies --- */

#define HEAD "HTTP/1.1 200 OK\r\nX-A:  b \r\n"

static const struct {
	const char *name, *interim, *head, *body, *behind;
	int chunked;
	uint64_t content;
} raws[] = {
	{ "plain", "", HEAD "Content-Length: 3\r\n\r\n", "abc", "", 0, 3 },
	{ "empty", "", HEAD "Content-Length: 0\r\n\r\n", "", "", 0, 0 },
	{ "none", "", "HTTP/1.1 204 No\r\n\r\n", "", "", 0, 0 },
	{ "to-the-end", "", "HTTP/1.0 200 OK\n\n", "abc", "", 0, 3 },
	{ "in-chunks", "", HEAD "Transfer-Encoding: chunked\r\n\r\n",
		"1;x\r\na\r\n2\r\nbc\r\n0\r\nTrailer: x\r\n\r\n", "", 1, 3 },
	{ "no-chunk", "", HEAD "Transfer-Encoding: chunked\r\n\r\n",
		"0\r\n\r\n", "", 1, 0 },
	{ "more-behind", "", HEAD "Transfer-Encoding: chunked\r\n\r\n",
		"3\r\nabc\r\n0\r\n\r\n", "HTTP/1.1 500 No\r\n\r\n", 1, 3 },
	{ "hints", "HTTP/1.1 103 Early\r\nLink: <x>\r\n\r\n",
		HEAD "Content-Length: 3\r\n\r\n", "abc", "", 0, 3 },
	{ "gone", "", "HTTP/1.1 410 Gone\r\nContent-Length: 4\r\n\r\n",
		"gone", "", 0, 4 },
};

#define RAWS (sizeof raws / sizeof *raws)
#define TIMES 5

static void
write_raws(void)
{
	char *text, *path;
	size_t i;

	for (i = 0; i < RAWS; i++) {
		path = mem_printf("raw/capture-%s", raws[i].name);
		text = mem_printf("%s%s%s%s", raws[i].interim, raws[i].head,
			raws[i].body, raws[i].behind);
		world_write(path, text, strlen(text));
		free(text);
		free(path);
	}
}

static void
an_archive_gets_what_crossed_the_network(const struct strategy *strategy)
{
	struct haul haul;
	const struct catch *catch;
	uint64_t seq;
	char *path;
	size_t i;

	write_raws();
	haul_init(&haul, strategy);
	for (seq = 0; seq < RAWS * TIMES; seq++)
		trip_add(&haul.trip, "%s/raw/capture-%s", world.here.url,
			raws[seq % RAWS].name);
	trip_complete(&haul.trip);
	trip_assert_all(&haul.trip, RAWS * TIMES);
	assert_int_equal(haul.n, RAWS * TIMES);
	for (seq = 1; seq <= RAWS * TIMES; seq++) {
		i = (seq - 1) % RAWS;
		catch = haul_find(&haul, seq, 0);
		path = mem_printf("/raw/capture-%s", raws[i].name);
		if (!asks_for(catch, path) ||
		    !buf_is(&catch->response, raws[i].head) ||
		    !buf_is(&catch->body, raws[i].body) ||
		    catch->chunked != raws[i].chunked ||
		    trip_final(&haul.trip, seq)->size_download !=
		    raws[i].content)
			fail_msg("%s: '%s' '%s' '%s'", raws[i].name,
				buf_text(&catch->request),
				buf_text(&catch->response),
				buf_text(&catch->body));
		free(path);
	}
	haul_release(&haul);
}

/* Each reply with chunks and without: the records do not differ. */
static void
capturing_changes_no_record(const struct strategy *strategy)
{
	static const char *const paths[] = { "/chunked/10000",
		"/bytes/10000", "/cut?chunked=1", "/reset", "/gzip/1000",
		"/status/503", "/redirect/2", "/raw/capture-more-behind",
		"/chunked/0", "/chunked/30000" };
	const size_t n = sizeof paths / sizeof *paths;
	const struct result *plain, *captured;
	struct haul hauls[2];
	uint64_t seq;
	size_t i;

	write_raws();
	for (i = 0; i < 2; i++) {
		haul_init(&hauls[i], strategy);
		hauls[i].trip.settings.easy.capture = (int)i;
		hauls[i].trip.settings.easy.max_body = 20000;
		for (seq = 0; seq < n; seq++)
			trip_add(&hauls[i].trip, "%s%s", world.here.url,
				paths[seq]);
		trip_complete(&hauls[i].trip);
	}
	for (seq = 1; seq <= n; seq++) {
		plain = trip_final(&hauls[0].trip, seq);
		captured = trip_final(&hauls[1].trip, seq);
		if (plain->ok != captured->ok ||
		    plain->error_class != captured->error_class ||
		    plain->response_code != captured->response_code ||
		    plain->size_download != captured->size_download ||
		    plain->num_redirects != captured->num_redirects)
			fail_msg("%s: %" PRIu64 " and %" PRIu64 " bytes",
				paths[seq - 1], plain->size_download,
				captured->size_download);
	}
	for (i = 0; i < hauls[0].n; i++)
		assert_false(hauls[0].list[i].captured);
	haul_release(&hauls[0]);
	haul_release(&hauls[1]);
}

/* --- what is long --- */

/* Heads of just --max-header, and a request's of what the origin takes. */
static void
heads_may_be_as_long_as_they_may(const struct strategy *strategy)
{
	static char *headers[16];
	struct haul haul;
	const struct catch *catch;
	struct buf head;
	uint64_t seq;
	size_t i;

	buf_init(&head, 1 << 20);
	buf_add_text(&head, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n");
	for (i = 0; i < 255; i++)
		buf_printf(&head, "X-%03zu: %0247d\r\n", i, 0);
	buf_printf(&head, "X: %0*d\r\n\r\n", (int)(65536 - head.len - 7), 0);
	assert_int_equal(head.len, 65536);
	world_write("raw/capture-long", head.data, head.len);
	for (i = 0; i < 16; i++)
		headers[i] = mem_printf("X-%zu: %03500d", i, 0);
	haul_init(&haul, strategy);
	haul.trip.settings.easy.headers = headers;
	haul.trip.settings.easy.n_headers = 16;
	for (i = 0; i < 10; i++) {
		trip_add(&haul.trip, "%s/raw/capture-long", world.here.url);
		trip_add(&haul.trip, "%s/echo", world.here.url);
	}
	trip_complete(&haul.trip);
	for (seq = 1; seq <= 20; seq += 2) {
		catch = haul_find(&haul, seq, 0);
		assert_int_equal(catch->response.len, head.len);
		assert_memory_equal(catch->response.data, head.data,
			head.len);
		/* The origin says what it was asked. */
		catch = haul_find(&haul, seq + 1, 0);
		assert_true(catch->request.len > 56000);
		assert_string_equal(buf_text(&catch->request),
			buf_text(&catch->body));
	}
	haul_release(&haul);
	for (i = 0; i < 16; i++)
		free(headers[i]);
	buf_release(&head);
}

/* How much content the body has. */
static uint64_t
count_content(const struct catch *catch)
{
	struct chunks chunks;
	const void *span;
	size_t at = 0, len;
	uint64_t n = 0;

	chunks_init(&chunks);
	while (chunks_next(&chunks, catch->body.data, catch->body.len, &at,
	    &span, &len) == 1)
		n += len;
	assert_true(chunks_whole(&chunks));
	assert_int_equal(at, catch->body.len);
	return n;
}

/* They go to files, and wait for one another. */
static void
long_bodies_keep_their_chunks(const struct strategy *strategy)
{
	struct haul haul;
	const struct catch *catch;
	uint64_t seq;

	haul_init(&haul, strategy);
	haul.trip.settings.buffer = 256 << 10;
	for (seq = 0; seq < 12; seq++)
		trip_add(&haul.trip, "%s/chunked/1000000?chunk=777",
			world.here.url);
	trip_complete(&haul.trip);
	for (seq = 1; seq <= 12; seq++) {
		catch = haul_find(&haul, seq, 0);
		assert_true(catch->chunked);
		assert_int_equal(count_content(catch), 1000000);
		assert_int_equal(trip_final(&haul.trip, seq)->size_download,
			1000000);
	}
	haul_release(&haul);
}

/* --- hops and bodies of requests --- */

static void
hops_are_archived_too(const struct strategy *strategy)
{
	struct haul haul;

	haul_init(&haul, strategy);
	trip_add(&haul.trip, "%s/redirect/1?to=/bytes/3", world.here.url);
	trip_complete(&haul.trip);
	trip_assert_all(&haul.trip, 1);
	assert_int_equal(haul.n, 2);
	assert_true(haul_find(&haul, 1, 0)->hop);
	assert_true(asks_for(haul_find(&haul, 1, 0),
		"/redirect/1?to=/bytes/3"));
	assert_non_null(strstr(buf_text(&haul_find(&haul, 1, 0)->response),
		"HTTP/1.1 302"));
	assert_false(haul_find(&haul, 1, 1)->hop);
	assert_true(asks_for(haul_find(&haul, 1, 1), "/bytes/3"));
	assert_int_equal(haul_find(&haul, 1, 1)->body.len, 3);
	haul_release(&haul);
}

/* The run's own body and a URL's; the origin says what it got. */
static void
bodies_of_requests_are_archived(const struct strategy *strategy)
{
	struct haul haul;
	const struct catch *catch;
	uint64_t seq;
	char *text;

	haul_init(&haul, strategy);
	haul.trip.format = SOURCE_NDJSON;
	haul.trip.settings.body = "the run's";
	haul.trip.settings.body_len = 9;
	for (seq = 0; seq < 5; seq++) {
		trip_add(&haul.trip, "{\"url\":\"%s/echo\"}", world.here.url);
		trip_add(&haul.trip, "{\"url\":\"%s/echo\",\"body\":\"own "
			"%" PRIu64 "\"}", world.here.url, seq);
		trip_add(&haul.trip, "{\"url\":\"%s/echo\",\"body\":\"own\","
			"\"headers\":{\"Transfer-Encoding\":\"chunked\"}}",
			world.here.url);
	}
	trip_complete(&haul.trip);
	for (seq = 1; seq <= 15; seq++) {
		catch = haul_find(&haul, seq, 0);
		text = mem_printf("%s%s", buf_text(&catch->request),
			buf_text(&catch->request_body));
		switch (seq % 3) {
		case 0:
			assert_true(buf_is(&catch->request_body,
				"3\r\nown\r\n0\r\n\r\n"));
			break;
		case 1:
			assert_true(buf_is(&catch->request_body,
				"the run's"));
			assert_string_equal(buf_text(&catch->body), text);
			break;
		default:
			assert_string_equal(buf_text(&catch->body), text);
		}
		free(text);
	}
	haul_release(&haul);
}

static const struct promise promises[] = {
	PROMISE(an_archive_gets_what_crossed_the_network),
	PROMISE(capturing_changes_no_record),
	PROMISE(heads_may_be_as_long_as_they_may),
	PROMISE(long_bodies_keep_their_chunks),
	PROMISE(hops_are_archived_too),
	PROMISE(bodies_of_requests_are_archived),
};

const struct promise_set promises_captures = { PROMISE_ROWS(promises) };
