/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_NET_EASY_H
#define FETCHALL_NET_EASY_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "net/tls.h"
#include "url/url.h"

struct curl_slist;
struct fetch;
struct policy;

/* Which version is asked for. HTTP/2 is many requests on one connection where
 * the server agrees (ALPN), and 1.1 where it does not. */
enum easy_http {
	EASY_HTTP_1_1,
	EASY_HTTP_2,		/* with https */
	EASY_HTTP_2_ONLY,	/* also with http, without asking (RFC 9113,
				 * section 3.3) */
};

/* What is the same for every request of a run. Borrowed while it lasts. */
struct easy_settings {
	const char *user_agent, *referer, *cookie, *userpwd;
	char *const *headers;	/* "Name: value", curl's -H forms too */
	size_t n_headers;
	const char *proxy;	/* URL text; NULL: none, whatever the
				 * environment says */
	const char *unix_socket;
	const char *cacert, *capath, *cert, *key;
	int insecure;
	const struct policy *policy;	/* NULL: any address will do */
	enum easy_http http;
	int64_t connect_timeout_us;	/* 0: libcurl's own */
	uint64_t speed_limit;	/* bytes a second; 0: off */
	int64_t speed_time_us;
	uint64_t max_body;	/* 0: no limit */
	uint64_t max_header;	/* bytes over all lines of a reply */
	/*
	 * Replies have their exchange, and bodies are written with their
	 * transfer coding. max_body is the content's all the same; framing
	 * may be as long as FETCH_FRAMING allows.
	 */
	int capture;
	int files;		/* replies have what files are kept with */
	size_t buffer;		/* bytes received at once; 0: libcurl's own */
};

/*
 * The settings made ready for libcurl, shared read-only by all handles of a
 * run, in any thread.
 */
struct easy_env {
	const struct easy_settings *settings;
	struct tls_roots roots;
	struct curl_slist *headers;	/* User-Agent, and the user's own */
	struct url proxy;	/* text NULL: none */
};

int easy_env_init(struct easy_env *env, const struct easy_settings *settings,
	enum tls_use use, struct err *err);
void easy_env_release(struct easy_env *env);

/*
 * Whether a header line "Name: value" of the user's may follow a redirect to
 * another origin: only content negotiation, cache control and what
 * describes the body may.
 */
int easy_header_travels(const char *line);

/*
 * A libcurl handle with what belongs to it: its own DNS cache that holds just
 * the pinned addresses, the state of the header callback, and the fetch it is
 * working on. Used for one fetch after the other.
 */
struct easy;

struct easy *easy_new(const struct easy_env *env, struct err *err);
void easy_free(struct easy *easy);	/* NULL is fine */

/* The CURL *, for a multi or curl_easy_perform(). */
void *easy_handle(const struct easy *easy);
struct fetch *easy_fetch(const struct easy *easy);
/* A pointer of the user's that goes with the handle. */
void easy_set_owner(struct easy *easy, void *owner);
/* The owner that was set for the easy behind a CURL * of ours. */
void *easy_owner(void *curl);

/*
 * Sets the handle up for `fetch`. -1 when libcurl refuses the request: then
 * reply.code says why and the fetch is over.
 */
int easy_prepare(struct easy *easy, struct fetch *fetch);
/*
 * Reads what came into fetch->reply once libcurl is done with it, and lets
 * the fetch go.
 */
void easy_collect(struct easy *easy, int curl_code);

/*
 * For use in a multi: on_pause() is called with the owner when write_body
 * takes nothing more for now, from inside libcurl. The fetch stays where it
 * is until easy_resume(), which is for when easy_may_resume() says so and not
 * for callbacks of libcurl; on_pause() may be called again before it returns.
 * What it returns is libcurl's code: if that is not 0, the fetch is over.
 */
void easy_set_pausing(struct easy *easy, void (*on_pause)(void *owner));
int easy_may_resume(const struct easy *easy);
int easy_resume(struct easy *easy);

/*
 * For blocking use: *cancel is polled by libcurl, non-zero ends the transfer;
 * `kept` connections stay open for later fetches (a multi has its own say).
 */
void easy_set_blocking(struct easy *easy, const _Atomic int *cancel,
	size_t kept);

#endif
