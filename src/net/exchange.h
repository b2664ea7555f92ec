/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_NET_EXCHANGE_H
#define FETCHALL_NET_EXCHANGE_H

#include <stddef.h>
#include <stdint.h>

/*
 * The bytes of one request and the head of its reply as they crossed the
 * network, for archives. The reply's body is wherever it was written to.
 *
 * Where libcurl had to send the request again, it is the last one. What was
 * said to a proxy is not here: neither CONNECT and its reply nor the line
 * Proxy-Authorization, which is the one thing that is left out. Nor are
 * interim replies (1xx) and trailers, which are in a chunked body.
 */
struct exchange {
	char *request;		/* request line and headers, with the empty
				 * line; owned */
	size_t request_len;
	/* Bytes of a body that were sent behind it. Which, the request
	 * knows, except where a header of the user's had them sent in chunks;
	 * those, and what an archive that outlives it needs, are here. */
	uint64_t request_body_len;
	const void *request_body;	/* NULL: not kept (yet) */
	void *request_body_owned;	/* for free(); or NULL: borrowed */
	char *response;		/* the final reply's status line and headers,
				 * with the empty line; owned */
	size_t response_len;
};

struct exchange *exchange_new(void);	/* zeroed */
void exchange_free(struct exchange *exchange);	/* NULL is fine */

#endif
