/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_NET_EASY_HANDLE_H
#define FETCHALL_NET_EASY_HANDLE_H

#include <curl/curl.h>

#include "base/buf.h"
#include "net/chunks.h"
#include "net/easy.h"
#include "net/headers.h"

struct addrs;
struct exchange;
struct fetch;
struct fetch_request;
struct fetch_reply;
struct url;

/*
 * The inside of struct easy, for the files that make it up: easy.c is the
 * life of a handle, easy_setup.c what is set, easy_url.c of that the URL,
 * easy_watch.c what is called while libcurl works, easy_body.c of that the
 * body, easy_capture.c what crossed the network, easy_reply.c what is read at
 * the end. Nobody else includes this.
 */

/* What went out for this fetch. */
struct easy_capture {
	struct buf request;	/* the head of the last request, as far as it
				 * was sent */
	int whole;		/* that is all of it */
	uint64_t body_len;	/* sent behind it */
	int coded;		/* what is sent behind it is not just the
				 * body, so it is kept: */
	struct buf body;
};

struct easy {
	CURL *curl;
	CURLSH *share;
	const struct easy_env *env;
	struct fetch *fetch;
	void *owner;
	int custom;		/* the last fetch left options behind */
	int64_t prepared_us;
	CURLcode setup;		/* what setting up came to */
	char *denied;		/* why the policy refused an address of this
				 * fetch; owned. NULL: it did not */
	const _Atomic int *cancel;	/* in blocking use; NULL elsewhere */
	void (*on_pause)(void *owner);	/* in a multi; NULL elsewhere */
	struct headers headers;
	struct easy_capture capture;
	int resumes;		/* it asked for the rest of a file alone */
	int begun;		/* begin_body was called, or would have been */
	uint64_t before;	/* bytes of the file in front of this part */
	uint64_t body_bytes;	/* of content */
	struct chunks chunks;	/* where the body is captured and in chunks */
	uint64_t raw_bytes;	/* of the body, framing included */
	CURLU *parts;		/* of the last URL that had no "%"; or NULL */
	char *parts_origin;	/* theirs; NULL: they hold nothing */
	struct curl_slist *own_headers;	/* of this fetch; freed with it */
	struct curl_slist *detour;	/* likewise */
	/* What the DNS cache holds: the pin's origin and addresses. */
	struct curl_slist *pin;
	struct addrs *pinned;
	char *pinned_host;
	uint16_t pinned_port;
	size_t kept;		/* connections, in blocking use */
	char error[CURL_ERROR_SIZE];
};

/* A handle that is set up wrongly must not run: nothing here may fail. */
#define EASY_SET(easy, option, value) do { \
	CURLcode set_ = curl_easy_setopt((easy)->curl, option, value); \
	if (set_ != CURLE_OK) \
		(easy)->setup = set_; \
} while (0)

/* easy.c: whether two header lines have one name. */
int easy_same_name(const char *a, const char *b);
/* easy.c: curl_slist_append() that does not fail. */
struct curl_slist *easy_slist_add(struct curl_slist *list, const char *text);

/* easy_setup.c: all that is the same for every request, from nothing. */
void easy_setup(struct easy *easy);
/* What this request has beyond that. */
void easy_setup_request(struct easy *easy, const struct fetch_request *request);

/* easy_url.c: what to fetch. */
void easy_url_set(struct easy *easy, const struct url *url);

/* easy_watch.c: sets the callbacks. */
void easy_watch(struct easy *easy);

/* easy_body.c: sets the callback. */
void easy_body_watch(struct easy *easy);
/* begin_body, unless it was called. -1: refused. */
int easy_body_begin(struct easy *easy);
/* Whether the body comes in chunks and is to be kept so. */
int easy_body_keeps_chunks(const struct easy *easy);

/* easy_capture.c: has the exchange kept, of this handle and of a fetch. */
void easy_capture_setup(struct easy *easy);
void easy_capture_start(struct easy *easy);
/* The exchange, for the caller to free; NULL: there was none. */
struct exchange *easy_capture_take(struct easy *easy);

/* easy_reply.c: what libcurl and the callbacks know of the fetch. */
void easy_reply_read(struct easy *easy, CURLcode code,
	struct fetch_reply *reply);

#endif
