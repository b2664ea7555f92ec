/* SPDX-License-Identifier: MIT */
/*
 * routes_ranges -- a file whose first reply breaks off and whose rest can be
 * asked for afterwards, from servers that are good, bad or odd at it.
 */
#include "config.h"

#include <errno.h>
#include <event2/buffer.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "origin/conn.h"
#include "origin/query.h"
#include "origin/reply.h"
#include "origin/route.h"
#include "origin/server.h"
#include "origin/tally.h"

#define RANGES_NEVER UINT64_MAX
#define RANGES_PIECE (64 * 1024)

#define RANGES_HOWS(X) \
	X(fits, "as it should be") \
	X(blind, "whatever If-Range says") \
	X(ignore, "never a part") \
	X(refuse, "416") \
	X(shift, "a part that begins one byte late") \
	X(short, "a part that ends one byte early") \
	X(other, "the part, with other bytes in it")

#define RANGES_ENUM(name, text) RANGES_##name,
enum ranges_how { RANGES_HOWS(RANGES_ENUM) RANGES_COUNT };
#undef RANGES_ENUM

#define RANGES_NAME(name, text) #name,
static const char *const ranges_hows[] = { RANGES_HOWS(RANGES_NAME) };
#undef RANGES_NAME

/* What is asked of us. */
struct ranges {
	uint64_t size, hang;
	uint64_t cut;		/* after so many bytes, or RANGES_NEVER */
	int first;		/* this is the key's first request */
	int changed;		/* the file is another one than at first */
	enum ranges_how how;
	struct buf tag, date;	/* as they are now; may be empty */
};

/* --- the query --- */

static int
ranges_read_how(const char *query, enum ranges_how *ret)
{
	struct buf text;
	size_t i;
	int given;

	buf_init(&text, 16);
	given = query_text(query, "how", &text);
	*ret = RANGES_fits;
	for (i = 0; given > 0 && i < RANGES_COUNT; i++)
		if (strcmp(buf_text(&text), ranges_hows[i]) == 0)
			break;
	if (given > 0)
		*ret = (enum ranges_how)i;
	buf_release(&text);
	return given < 0 || *ret == RANGES_COUNT ? -1 : 0;
}

/* Without either the file has the tag "a", and "b" once it changed. */
static int
ranges_read_validators(const char *query, struct ranges *ranges)
{
	int tag, date;
	int then = query_text(query, "then", &ranges->tag);

	ranges->changed = then > 0 && !ranges->first;
	if (!ranges->changed)
		buf_clear(&ranges->tag);
	date = query_text(query, "date", &ranges->date);
	tag = ranges->changed ? 1 : query_text(query, "etag", &ranges->tag);
	if (tag == 0 && date == 0)
		buf_add_text(&ranges->tag, "\"a\"");
	return then < 0 || tag < 0 || date < 0 ? -1 : 0;
}

/* KEY/N, and all behind the question mark. */
static int
ranges_read(struct conn *conn, const char *rest, struct ranges *ranges)
{
	const char *query = conn->request.query;
	const char *n_text = strchr(rest, '/');

	if (n_text == NULL || n_text == rest)
		return -1;
	n_text++;
	if (query_segment_size(&n_text, &ranges->size) != 0 ||
	    *n_text != '\0' || ranges->size < 2 ||
	    query_number(query, "cut", RANGES_NEVER, RANGES_NEVER,
	    &ranges->cut) != 0 ||
	    query_number(query, "hang", 0, 1, &ranges->hang) != 0 ||
	    ranges_read_how(query, &ranges->how) != 0)
		return -1;
	ranges->first = tally_next(&conn->server->keys, conn->request.path,
		strlen(conn->request.path)) == 1;
	return ranges_read_validators(query, ranges);
}

/* --- the reply --- */

static void
ranges_add_validators(const struct ranges *ranges, struct buf *out)
{
	if (ranges->tag.len > 0)
		buf_printf(out, "ETag: %s\r\n", buf_text(&ranges->tag));
	if (ranges->date.len > 0)
		buf_printf(out, "Last-Modified: %s\r\n",
			buf_text(&ranges->date));
}

/* Byte i of the file is 'a' + i % 26; of the other one it is the next. */
static void
ranges_pump(struct conn *conn)
{
	reply_pattern_on(conn, RANGES_PIECE);
}

static void
ranges_send(struct conn *conn, const struct ranges *ranges, uint64_t from,
	int status, uint64_t length)
{
	struct buf extra;
	int wanted;

	buf_init(&extra, 8192);
	ranges_add_validators(ranges, &extra);
	if (status == 206)
		buf_printf(&extra, "Content-Range: bytes %" PRIu64 "-%" PRIu64
			"/%" PRIu64 "\r\n", from, from + length - 1,
			ranges->size);
	wanted = reply_begin(conn, status, extra.data, length);
	buf_release(&extra);
	if (!wanted)
		return;
	conn->sent = from + (ranges->changed || (status == 206 &&
		ranges->how == RANGES_other));
	conn->left = length;
	conn_pump(conn, 0, ranges_pump);
}

/* The first reply; where all bytes are sent, what is missing is the end of
 * the chunks. */
static void
ranges_send_cut(struct conn *conn, const struct ranges *ranges)
{
	struct buf extra;
	int wanted;

	buf_init(&extra, 8192);
	ranges_add_validators(ranges, &extra);
	wanted = reply_begin(conn, 200, extra.data,
		ranges->cut < ranges->size ? ranges->size : REPLY_UNKNOWN);
	buf_release(&extra);
	if (!wanted)
		return;
	reply_pattern(conn, 0, (size_t)ranges->cut);
	if (!ranges->hang)
		conn_close(conn);
}

static int
ranges_equals(const struct buf *buf, const char *p, size_t n)
{
	return buf->len == n && memcmp(buf->data, p, n) == 0;
}

/* Whether the part is the file's that is meant (RFC 9110, section 13.1.5). */
static int
ranges_holds(const struct conn *conn, const struct ranges *ranges)
{
	size_t n;
	const char *value = request_header(&conn->request, "if-range", &n);

	if (value == NULL || ranges->how == RANGES_blind)
		return 1;
	return n > 0 && value[0] != 'W' &&
		(ranges_equals(&ranges->tag, value, n) ||
		(ranges_equals(&ranges->date, value, n) && !ranges->changed));
}

/* "bytes=N-"; 0 where there is none that is to be heeded. */
static int
ranges_from(const struct conn *conn, const struct ranges *ranges,
	uint64_t *ret)
{
	size_t n;
	const char *value = request_header(&conn->request, "range", &n);
	char *end;

	if (value == NULL || ranges->how == RANGES_ignore ||
	    strncmp(value, "bytes=", 6) != 0 || !ranges_holds(conn, ranges))
		return 0;
	errno = 0;
	*ret = strtoull(value + 6, &end, 10);
	return errno == 0 && end == value + n - 1 && *end == '-';
}

static void
ranges_reply(struct conn *conn, struct ranges *ranges)
{
	uint64_t from;

	if (ranges->first && ranges->cut <= ranges->size) {
		ranges_send_cut(conn, ranges);
		return;
	}
	if (!ranges_from(conn, ranges, &from)) {
		ranges_send(conn, ranges, 0, 200, ranges->size);
		return;
	}
	if (from >= ranges->size || ranges->how == RANGES_refuse) {
		reply_text(conn, 416, "no such range\n");
		return;
	}
	if (ranges->how == RANGES_shift)
		from++;
	ranges_send(conn, ranges, from, 206, ranges->size - from -
		(ranges->how == RANGES_short));
}

static void
ranges_serve(struct conn *conn, const char *rest)
{
	struct ranges ranges = { 0 };

	buf_init(&ranges.tag, 1024);
	buf_init(&ranges.date, 1024);
	if (ranges_read(conn, rest, &ranges) != 0)
		reply_usage(conn);
	else
		ranges_reply(conn, &ranges);
	buf_release(&ranges.tag);
	buf_release(&ranges.date);
}

static const struct route ranges_rows[] = {
	{ .prefix = "/range",
	  .args = "/KEY/N[?cut=M&hang=1&etag=T&date=D&then=T&how=HOW]",
	  .serve = ranges_serve,
	  .brief = "N bytes or a part; KEY's first reply ends after M, "
		"then the tag is another" },
};

const struct route_set routes_ranges = { ROUTE_ROWS(ranges_rows) };
