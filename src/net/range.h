/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_NET_RANGE_H
#define FETCHALL_NET_RANGE_H

#include <stdint.h>

/* What part of a file a reply is, as Content-Range says (RFC 9110, section
 * 14.4). */
struct range {
	int given;		/* else only `total` may be known, of 416 */
	uint64_t first, last;	/* bytes, counted from 0, both included */
	uint64_t total;		/* of the file; 0: not told */
};

/*
 * "bytes 5-9/10", "bytes 5-9/" with a star for the total, and a star for the
 * part where there is none. -1: anything else, or numbers that do not add up;
 * then *ret is zeroed.
 */
int range_parse(const char *value, struct range *ret);

/*
 * Whether the text may be sent as If-Range (section 13.1.5): a strong entity
 * tag or a date, as a server gave it. Weak tags never hold there.
 */
int range_validates(const char *text);

#endif
