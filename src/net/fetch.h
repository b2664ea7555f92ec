/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_NET_FETCH_H
#define FETCHALL_NET_FETCH_H

#include <curl/curl.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "net/addrs.h"
#include "net/range.h"
#include "url/url.h"

struct exchange;

/*
 * One request and its one reply: no redirect, no retry, no look-up. The core
 * fills the request, a strategy performs it, and the reply tells what came.
 */

/* Why we ourselves broke off a transfer that libcurl would have let go on. */
enum fetch_refusal {
	FETCH_ACCEPTED,
	FETCH_HEADER_LIMIT,	/* more header bytes or lines than allowed */
	FETCH_BAD_HEADER,	/* a stray CR or NUL in a header line */
	FETCH_TWO_LENGTHS,	/* Content-Length twice, differing */
	FETCH_TWO_LOCATIONS,	/* Location twice, differing */
	FETCH_CODED,		/* a Transfer-Encoding not asked for */
	FETCH_BODY_LIMIT,	/* the body passed --max-body */
	FETCH_FRAMING,		/* captured chunks are far more framing than
				 * content */
	FETCH_BAD_RANGE,	/* status 206, and not from resume_from on */
	FETCH_DENIED,		/* by the address policy, before a packet was
				 * sent; errormsg says why */
	FETCH_NOT_WRITTEN,	/* write_body failed; os_errno says why */
	FETCH_CANCELLED,	/* the run is being ended */
	FETCH_CRASHED,		/* the process at it died; errormsg says how */
	FETCH_REFUSALS,		/* how many there are */
};

enum fetch_flags {
	FETCH_REUSE = 1 << 0,	/* this origin is due again: keep alive */
	/*
	 * This hop goes to the origin that the user's credentials, cookies
	 * and own headers were given for. Without it none of them is sent.
	 */
	FETCH_TRUSTED = 1 << 1,
	/* A redirect took the body away: headers about it go too. */
	FETCH_BODY_DROPPED = 1 << 2,
	/* Nothing is asked for: the reply is an empty one at once. */
	FETCH_NOTHING = 1 << 3,
};

/* A reply in front of its body. */
struct fetch_reply_head {
	long response_code;
	const char *etag;	/* the reply's; NULL: none */
	int64_t last_modified;	/* seconds since 1970; -1: not said */
	struct range range;
};

struct fetch_request {
	struct url url;
	const char *method;	/* NULL: GET, or POST with a body */
	const void *body;	/* NULL: none; borrowed */
	size_t body_len;
	char *const *headers;	/* "Name: value" of this URL's own; borrowed */
	size_t n_headers;
	/*
	 * Where bytes of the body are here already: asks for the rest alone.
	 * The reply's status tells what comes: 206, the rest; 200, all of it.
	 */
	uint64_t resume_from;	/* 0: nothing is here */
	const char *if_range;	/* an ETag or Last-Modified as it was given:
				 * the rest, if it is still that file's. NULL:
				 * whatever became of it. One that cannot hold,
				 * like a weak ETag: all is asked for */
	/*
	 * Called once, in front of the first byte of the final reply's body
	 * and also when there is none, before the fetch ends well. -1 with
	 * errno breaks the transfer off. NULL: nobody wants to know.
	 */
	int (*begin_body)(void *arg, const struct fetch_reply_head *head);
	/* Takes the reply's body, piece by piece; -1 with errno breaks the
	 * transfer off. NULL: the body is counted and dropped. */
	int (*write_body)(void *arg, const void *p, size_t n);
	/*
	 * Where it may say EAGAIN, that it took nothing and wants to be asked
	 * again: whether it would take something now, and waiting until that
	 * may have changed. Both NULL: EAGAIN is an error like others.
	 */
	int (*may_write)(void *arg);
	void (*wait_write)(void *arg, int64_t us);
	void *write_arg;	/* of these four */
	struct addrs *addrs;	/* of the host, or of the proxy's; a reference.
				 * NULL only where nothing is to be resolved */
	unsigned flags;
	int64_t time_left_us;	/* of --max-time; 0: no limit */
};

#define FETCH_MAX_VALUE 4096

/* Times are microseconds since libcurl started on this request. */
struct fetch_reply {
	CURLcode code;
	enum fetch_refusal refusal;
	int os_errno;		/* why no socket could be had or connected */
	long response_code;	/* 0: none came */
	const char *http_version;	/* static; NULL: no reply */
	char remote_ip[46];
	long num_connects;
	unsigned sockets;	/* libcurl asked for; 0: a kept connection */
	int64_t namelookup_us, connect_us, appconnect_us;
	int64_t starttransfer_us, total_us;
	uint64_t size_download;	/* the content's, without transfer coding */
	int64_t retry_after_us;	/* -1: the server said nothing */
	char *content_type;	/* owned, as sent; NULL: none */
	char *content_encoding;	/* owned, lines joined; NULL: none */
	char *location;		/* owned, as sent; NULL: none */
	/* Where easy_settings.files asked for it, or the request resumes or
	 * has begin_body: */
	int64_t last_modified;	/* seconds since 1970; -1: not said */
	char *disposition;	/* Content-Disposition, owned; NULL: none, or
				 * longer than FETCH_MAX_VALUE */
	char *etag;		/* likewise */
	struct range range;
	/* Where easy_settings.capture asked for it: */
	struct exchange *exchange;	/* owned; NULL: no whole head came */
	int chunked;		/* the body was written as it came, in chunks;
				 * see net/chunks.h. What else came behind its
				 * end is not in it */
	char *errormsg;		/* owned, libcurl's words; NULL: all well */
};

struct fetch {
	struct list node;	/* for whoever performs it */
	void *waiter;		/* likewise: who is to have the reply */
	struct fetch_request request;
	struct fetch_reply reply;
};

/* Ends a reply's strings and clears it for the next hop. */
void fetch_reply_clear(struct fetch_reply *reply);
/*
 * Replies of fetches that another process was at: it is ended with the run,
 * or it died with that status of waitpid(2). Both took `total_us` so far.
 */
void fetch_reply_cancel(struct fetch_reply *reply, int64_t total_us);
void fetch_reply_crash(struct fetch_reply *reply, int status,
	int64_t total_us);
/* Ends what the fetch owns: URL, address reference, reply. */
void fetch_release(struct fetch *fetch);

#endif
