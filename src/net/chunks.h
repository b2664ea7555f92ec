/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_NET_CHUNKS_H
#define FETCHALL_NET_CHUNKS_H

#include <stddef.h>
#include <stdint.h>

/*
 * The content of a body that was kept in the chunked coding it came in (RFC
 * 9112, section 7.1), for a reader that has bytes in pieces of any size. A
 * copy of it is a place to come back to.
 */
struct chunks {
	int state;
	unsigned digits;	/* of the size, so far */
	uint64_t left;		/* of the chunk */
};

void chunks_init(struct chunks *chunks);
/*
 * The next span of content in p[*at..n): 1, and *at is behind it; 0: these
 * bytes have no more. -1, then and for good: that is not the coding; *at is
 * at the byte that does not fit. Behind its end 0 leaves *at where it is:
 * p[*at..n) is not the body's.
 */
int chunks_next(struct chunks *chunks, const void *p, size_t n, size_t *at,
	const void **ret, size_t *ret_len);
/* Whether the last chunk and the trailers came. */
int chunks_whole(const struct chunks *chunks);

#endif
