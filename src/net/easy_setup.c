/* SPDX-License-Identifier: MIT */
/*
 * easy_setup -- every option that is set, for a handle and for a request.
 *
 * A handle is set up once; a request that needs more than its URL marks it,
 * and the next one starts from nothing again. Most need no more, and setting
 * everything each time would cost more than all else that is done here.
 */
#include "config.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "net/easy_handle.h"
#include "net/fetch.h"
#include "net/range.h"

#define EASY_IDLE_CONNECTION 20L	/* seconds a kept connection is good */
#define EASY_DETOUR "literal.invalid"	/* RFC 6761: nobody's name */

/* --- every handle --- */

static long
easy_ms(int64_t us)
{
	int64_t ms = (us + CLOCK_MS - 1) / CLOCK_MS;

	return ms > LONG_MAX ? LONG_MAX : (long)ms;
}

static void
easy_set_limits(struct easy *easy, const struct easy_settings *settings)
{
	EASY_SET(easy, CURLOPT_CONNECTTIMEOUT_MS,
		easy_ms(settings->connect_timeout_us));
	if (settings->speed_limit > 0) {
		EASY_SET(easy, CURLOPT_LOW_SPEED_LIMIT,
			(long)settings->speed_limit);
		EASY_SET(easy, CURLOPT_LOW_SPEED_TIME,
			easy_ms(settings->speed_time_us) / 1000);
	}
	/* Early refusal by Content-Length; the counter above is what holds. */
	if (settings->max_body > 0)
		EASY_SET(easy, CURLOPT_MAXFILESIZE_LARGE,
			(curl_off_t)settings->max_body);
}

static void
easy_set_tls(struct easy *easy, const struct easy_env *env)
{
	const struct easy_settings *settings = env->settings;

	EASY_SET(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	EASY_SET(easy, CURLOPT_CAINFO, env->roots.cainfo);
	EASY_SET(easy, CURLOPT_CAPATH, env->roots.capath);
	/* Not every TLS library has such a cache. */
	curl_easy_setopt(easy->curl, CURLOPT_CA_CACHE_TIMEOUT, -1L);
	if (settings->insecure) {
		EASY_SET(easy, CURLOPT_SSL_VERIFYPEER, 0L);
		EASY_SET(easy, CURLOPT_SSL_VERIFYHOST, 0L);
	}
	if (settings->cert != NULL)
		EASY_SET(easy, CURLOPT_SSLCERT, settings->cert);
	if (settings->key != NULL)
		EASY_SET(easy, CURLOPT_SSLKEY, settings->key);
}

static void
easy_set_proxy(struct easy *easy, const struct easy_env *env)
{
	/* "" keeps libcurl from http_proxy and friends. */
	EASY_SET(easy, CURLOPT_PROXY,
		env->proxy.text != NULL ? env->proxy.text : "");
	EASY_SET(easy, CURLOPT_NOPROXY, "");
	/* The text leaves out the scheme's own, where libcurl takes 1080. */
	if (env->proxy.text != NULL)
		EASY_SET(easy, CURLOPT_PROXYPORT, (long)env->proxy.port);
	if (env->proxy.userpwd != NULL)
		EASY_SET(easy, CURLOPT_PROXYUSERPWD, env->proxy.userpwd);
	if (env->settings->unix_socket != NULL)
		EASY_SET(easy, CURLOPT_UNIX_SOCKET_PATH,
			env->settings->unix_socket);
}

/* What of the user's is secret, or may be. */
static void
easy_set_secrets(struct easy *easy, int trusted)
{
	const struct easy_settings *settings = easy->env->settings;

	EASY_SET(easy, CURLOPT_COOKIE, trusted ? settings->cookie : NULL);
	EASY_SET(easy, CURLOPT_USERPWD, trusted ? settings->userpwd : NULL);
	EASY_SET(easy, CURLOPT_REFERER, trusted ? settings->referer : NULL);
	if (settings->cert != NULL)
		EASY_SET(easy, CURLOPT_SSLCERT,
			trusted ? settings->cert : NULL);
}

static void
easy_set_version(struct easy *easy, enum easy_http http)
{
	static const long versions[] = {
		[EASY_HTTP_1_1] = CURL_HTTP_VERSION_1_1,
		[EASY_HTTP_2] = CURL_HTTP_VERSION_2TLS,
		[EASY_HTTP_2_ONLY] = CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE,
	};

	EASY_SET(easy, CURLOPT_HTTP_VERSION, versions[http]);
	/* A connection that is being made may have room for this one too. */
	if (http != EASY_HTTP_1_1)
		EASY_SET(easy, CURLOPT_PIPEWAIT, 1L);
}

/*
 * libcurl 7.88 sends the preface of HTTP/2 once more on a connection without
 * TLS that it uses again, which ends it (curl's issue 10634, mended in 8.0).
 */
static int
easy_is_single_use(const struct easy *easy, const struct url *url)
{
	return easy->env->settings->http == EASY_HTTP_2_ONLY && !url->https &&
		curl_version_info(CURLVERSION_NOW)->version_num < 0x080000;
}

static void
easy_set_reuse(struct easy *easy, const struct fetch_request *request)
{
	int single = easy_is_single_use(easy, &request->url);

	if (single) {
		EASY_SET(easy, CURLOPT_FRESH_CONNECT, 1L);
		easy->custom = 1;
	}
	EASY_SET(easy, CURLOPT_FORBID_REUSE,
		(request->flags & FETCH_REUSE) && !single ? 0L : 1L);
}

/* Since 8.7 it belongs to the multi handle, so a small one saves nothing. */
static CURLcode
easy_set_buffer(const struct easy *easy)
{
	size_t size = easy->env->settings->buffer;

	if (size > CURL_MAX_WRITE_SIZE || (size > 0 &&
	    curl_version_info(CURLVERSION_NOW)->version_num < 0x080700))
		return curl_easy_setopt(easy->curl, CURLOPT_BUFFERSIZE,
			(long)size);
	return CURLE_OK;
}

/*
 * libcurl 7.88 keeps the buffer of a transfer that ended before it had a
 * connection, as a zygote's first does, and refuses to change its size, which
 * the reset forgot: such a handle is of no more use.
 */
static void
easy_reset(struct easy *easy)
{
	CURLcode rc;

	curl_easy_reset(easy->curl);
	rc = easy_set_buffer(easy);
	if (rc == CURLE_BAD_FUNCTION_ARGUMENT) {
		curl_easy_cleanup(easy->curl);
		easy->curl = curl_easy_init();
		rc = easy->curl != NULL ? easy_set_buffer(easy) :
			CURLE_OUT_OF_MEMORY;
	}
	if (rc != CURLE_OK)
		easy->setup = rc;
}

void
easy_setup(struct easy *easy)
{
	const struct easy_env *env = easy->env;

	easy_reset(easy);
	easy->custom = 0;
	EASY_SET(easy, CURLOPT_SHARE, easy->share);
	EASY_SET(easy, CURLOPT_NOSIGNAL, 1L);
	EASY_SET(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	EASY_SET(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
	EASY_SET(easy, CURLOPT_FOLLOWLOCATION, 0L);
	EASY_SET(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	EASY_SET(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
	easy_set_version(easy, env->settings->http);
	EASY_SET(easy, CURLOPT_HTTP_CONTENT_DECODING, 0L);
	EASY_SET(easy, CURLOPT_DNS_CACHE_TIMEOUT, -1L);
	EASY_SET(easy, CURLOPT_MAXAGE_CONN, EASY_IDLE_CONNECTION);
	if (env->proxy.text != NULL)
		EASY_SET(easy, CURLOPT_USERAGENT, env->settings->user_agent);
	easy_watch(easy);
	easy_set_limits(easy, env->settings);
	easy_set_tls(easy, env);
	easy_set_proxy(easy, env);
	easy_set_secrets(easy, 1);
	EASY_SET(easy, CURLOPT_HTTPHEADER, env->headers);
	if (env->settings->capture)
		easy_capture_setup(easy);
}

/* --- a request's own --- */

/* Whether to ask for the rest alone. */
static int
easy_resumes(const struct fetch_request *request)
{
	return request->resume_from > 0 && (request->if_range == NULL ||
		range_validates(request->if_range));
}

/* Whether a header line may be sent with this request. */
static int
easy_header_fits(const struct fetch_request *request, const char *line)
{
	if (request->resume_from > 0 && (easy_same_name(line, "range:") ||
	    easy_same_name(line, "if-range:")))
		return 0;
	if ((request->flags & FETCH_BODY_DROPPED) &&
	    (strncasecmp(line, "content-", 8) == 0 ||
	    easy_same_name(line, "transfer-encoding:")))
		return 0;
	return (request->flags & FETCH_TRUSTED) || easy_header_travels(line);
}

static struct curl_slist *
easy_add_range(struct curl_slist *list, const struct fetch_request *request)
{
	char *line;

	line = mem_printf("Range: bytes=%" PRIu64 "-", request->resume_from);
	list = easy_slist_add(list, line);
	free(line);
	if (request->if_range == NULL)
		return list;
	line = mem_printf("If-Range: %s", request->if_range);
	list = easy_slist_add(list, line);
	free(line);
	return list;
}

/* The URL's own headers over the run's: same name, the URL's wins. */
static void
easy_set_headers(struct easy *easy, const struct fetch_request *request)
{
	struct curl_slist *list = NULL, *at;
	size_t i;

	for (at = easy->env->headers; at != NULL; at = at->next) {
		for (i = 0; i < request->n_headers; i++)
			if (easy_same_name(request->headers[i], at->data))
				break;
		if (i == request->n_headers &&
		    easy_header_fits(request, at->data))
			list = easy_slist_add(list, at->data);
	}
	for (i = 0; i < request->n_headers; i++)
		if (easy_header_fits(request, request->headers[i]))
			list = easy_slist_add(list, request->headers[i]);
	if (easy->resumes)
		list = easy_add_range(list, request);
	easy->own_headers = list;
	EASY_SET(easy, CURLOPT_HTTPHEADER, list);
}

static void
easy_set_method(struct easy *easy, const struct fetch_request *request)
{
	const char *method = request->method;

	/* Its reply has no body, whatever was asked with it. */
	if (method != NULL && strcmp(method, "HEAD") == 0) {
		EASY_SET(easy, CURLOPT_NOBODY, 1L);
		return;
	}
	if (request->body != NULL) {
		EASY_SET(easy, CURLOPT_POST, 1L);
		EASY_SET(easy, CURLOPT_POSTFIELDS, request->body);
		EASY_SET(easy, CURLOPT_POSTFIELDSIZE_LARGE,
			(curl_off_t)request->body_len);
	}
	if (method != NULL)
		EASY_SET(easy, CURLOPT_CUSTOMREQUEST, method);
}

/* Everything that most requests do not have. */
static void
easy_set_custom(struct easy *easy, const struct fetch_request *request)
{
	int trusted = (request->flags & FETCH_TRUSTED) != 0;

	if (trusted && request->method == NULL && request->body == NULL &&
	    request->n_headers == 0 && request->url.userpwd == NULL &&
	    request->resume_from == 0 &&
	    !(request->flags & FETCH_BODY_DROPPED))
		return;
	easy->custom = 1;
	easy_set_secrets(easy, trusted);
	easy_set_headers(easy, request);
	if (request->url.userpwd != NULL)
		EASY_SET(easy, CURLOPT_USERPWD, request->url.userpwd);
	easy_set_method(easy, request);
}

/*
 * Whether the cache holds just that already. The text decides: a literal's
 * set is a new one each time, and libcurl takes longer to read a pin than
 * everything else here together.
 */
static int
easy_pin_holds(const struct easy *easy, const char *host, size_t len,
	uint16_t port, const struct addrs *addrs)
{
	return easy->pinned != NULL && easy->pinned_port == port &&
		strncmp(easy->pinned_host, host, len) == 0 &&
		easy->pinned_host[len] == '\0' &&
		(addrs == easy->pinned ||
		strcmp(addrs->text, easy->pinned->text) == 0);
}

/*
 * Puts the addresses into the handle's DNS cache in place of what was there.
 * The entries have no "+": they never age, so libcurl never asks by itself.
 */
static void
easy_pin(struct easy *easy, const char *host, size_t len, uint16_t port,
	struct addrs *addrs)
{
	struct curl_slist *list = NULL;
	struct buf line;

	if (easy_pin_holds(easy, host, len, port, addrs))
		return;
	buf_init(&line, 1024);
	if (easy->pinned_host != NULL) {
		buf_printf(&line, "-%s:%u", easy->pinned_host,
			(unsigned)easy->pinned_port);
		list = easy_slist_add(list, buf_text(&line));
		buf_clear(&line);
	}
	free(easy->pinned_host);
	easy->pinned_host = mem_strndup(host, len);
	easy->pinned_port = port;
	buf_printf(&line, "%s:%u:%s", easy->pinned_host, (unsigned)port,
		addrs->text);
	list = easy_slist_add(list, buf_text(&line));
	buf_release(&line);
	EASY_SET(easy, CURLOPT_RESOLVE, list);
	curl_slist_free_all(easy->pin);
	easy->pin = list;
	addrs_unref(easy->pinned);
	easy->pinned = addrs_ref(addrs);
}

/* Whether the addresses are just what the host says it is. */
static int
easy_is_itself(const struct url *host, const struct addrs *addrs)
{
	struct addr addr = { 0 };

	return addrs->n == 1 && addr_parse(host->text + host->host_off,
		host->host_len, &addr) == 0 &&
		addr.family == addrs->list[0].family &&
		memcmp(addr.bytes, addrs->list[0].bytes,
		sizeof addr.bytes) == 0;
}

/* Has the host's addresses connected to under another name. */
static void
easy_set_detour(struct easy *easy, const struct url *host,
	struct addrs *addrs)
{
	char *detour = mem_printf("::%s:%u", EASY_DETOUR,
		(unsigned)host->port);

	easy->custom = 1;
	easy->detour = easy_slist_add(NULL, detour);
	free(detour);
	EASY_SET(easy, CURLOPT_CONNECT_TO, easy->detour);
	easy_pin(easy, EASY_DETOUR, strlen(EASY_DETOUR), host->port, addrs);
}

/*
 * No key of CURLOPT_RESOLVE can hold an IPv6 literal before 8.13. libcurl
 * takes one without a look-up, through the hook, unless --resolve has other
 * addresses for it.
 */
static void
easy_set_literal(struct easy *easy, const struct url *host,
	struct addrs *addrs)
{
	if (addrs != NULL && host != &easy->env->proxy &&
	    !easy_is_itself(host, addrs)) {
		easy_set_detour(easy, host, addrs);
		return;
	}
	easy->custom = 1;
	EASY_SET(easy, CURLOPT_RESOLVER_START_FUNCTION, NULL);
}

static void
easy_set_addrs(struct easy *easy, const struct fetch_request *request)
{
	const struct url *host = &request->url;

	if (easy->env->proxy.text != NULL)
		host = &easy->env->proxy;
	if (host->literal == 6)
		easy_set_literal(easy, host, request->addrs);
	else if (request->addrs != NULL && host != &easy->env->proxy &&
	    host->text[host->host_off] == '-')
		/* CURLOPT_RESOLVE takes that for one to be removed. */
		easy_set_detour(easy, host, request->addrs);
	else if (request->addrs != NULL)
		easy_pin(easy, host->text + host->host_off, host->host_len,
			host->port, request->addrs);
}

void
easy_setup_request(struct easy *easy, const struct fetch_request *request)
{
	easy->resumes = easy_resumes(request);
	easy_url_set(easy, &request->url);
	EASY_SET(easy, CURLOPT_TIMEOUT_MS, easy_ms(request->time_left_us));
	easy_set_reuse(easy, request);
	easy_set_custom(easy, request);
	easy_set_addrs(easy, request);
}
