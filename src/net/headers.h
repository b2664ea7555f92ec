/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_NET_HEADERS_H
#define FETCHALL_NET_HEADERS_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "net/fetch.h"

/*
 * The header lines of one reply as libcurl's header callback gets them, one
 * whole line a call: counted, checked, and the few that matter picked out.
 * Interim replies (1xx) come before the final one and trailers behind it.
 */
enum headers_wants {
	HEADERS_FILE = 1 << 0,	/* last_modified, etag, disposition, range */
	HEADERS_HEAD = 1 << 1,	/* the bytes of all lines */
};

struct headers {
	unsigned wants;
	uint64_t max_bytes, bytes;
	unsigned lines;
	enum fetch_refusal refusal;
	int in_block;		/* 0: the next line starts a block */
	int trailers;		/* this block is no reply's */
	/* Values, owned; NULL: not seen. */
	char *length, *location, *coding;
	char *etag, *disposition;	/* likewise; too long ones are not */
	int64_t last_modified;	/* -1: not seen */
	struct range range;
	int ranges;		/* how many were; two are none */
	int64_t retry_after_us;	/* -1: not seen */
	int chunked;		/* a Transfer-Encoding has it */
	int coded;		/* a Transfer-Encoding beyond chunked: its body
				 * would be taken for what it is not */
	struct buf head;	/* of the last reply, as it came; whole when
				 * not in_block */
};

#define HEADERS_MAX_LINES 300

/* Ready for the next reply; what was kept is freed. `wants`: see above. */
void headers_start(struct headers *headers, uint64_t max_bytes,
	unsigned wants);
void headers_release(struct headers *headers);
/* Frees what of the reply nobody took, and keeps the memory for the next. */
void headers_forget(struct headers *headers);

/*
 * Takes one line, its end included. Anything but FETCH_ACCEPTED means that
 * the reply must be broken off; that stays in `refusal`.
 *
 * Refused: a CR or NUL inside a line (RFC 9112 section 2.2), Content-Length
 * or Location twice with different values (RFC 9112 section 6.3; RFC 9110
 * section 10.2.2), more bytes or lines than allowed. libcurl 7.88 lets all
 * of these pass, current versions do not.
 */
enum fetch_refusal headers_add(struct headers *headers, const char *line,
	size_t len);

/* One of the values, moved to the caller; NULL: none. */
char *headers_take(char **value);

/*
 * Retry-After (RFC 9110 section 10.2.3): seconds, or a date that counts from
 * `now_wall_us`. Microseconds from now, -1 for what is neither.
 */
int64_t headers_retry_after(const char *value, int64_t now_wall_us);

#endif
