/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_NET_EASY_HANDLE_H
#define FETCHALL_NET_EASY_HANDLE_H

#include <curl/curl.h>

#include "net/easy.h"
#include "net/headers.h"

struct addrs;
struct fetch;
struct fetch_request;
struct fetch_reply;

/*
 * The inside of struct easy, for the files that make it up: easy.c is the
 * life of a handle, easy_setup.c what is set, easy_watch.c what is called
 * while libcurl works, easy_reply.c what is read at the end. Nobody else
 * includes this.
 */
struct easy {
	CURL *curl;
	CURLSH *share;
	const struct easy_env *env;
	struct fetch *fetch;
	void *owner;
	int custom;		/* the last fetch left options behind */
	int64_t prepared_us;
	CURLcode setup;		/* what setting up came to */
	const _Atomic int *cancel;	/* in blocking use; NULL elsewhere */
	void (*on_pause)(void *owner);	/* in a multi; NULL elsewhere */
	struct headers headers;
	uint64_t body_bytes;
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

/* easy.c: curl_slist_append() that does not fail. */
struct curl_slist *easy_slist_add(struct curl_slist *list, const char *text);

/* easy_setup.c: all that is the same for every request, from nothing. */
void easy_setup(struct easy *easy);
/* What this request has beyond that. */
void easy_setup_request(struct easy *easy, const struct fetch_request *request);

/* easy_watch.c: sets the callbacks. */
void easy_watch(struct easy *easy);

/* easy_reply.c: what libcurl and the callbacks know of the fetch. */
void easy_reply_read(struct easy *easy, CURLcode code,
	struct fetch_reply *reply);

#endif
