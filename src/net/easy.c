/* SPDX-License-Identifier: MIT */
/*
 * easy -- the one place that talks to curl_easy_setopt(): every strategy's
 * handle is set up, watched and read here, so all of them play by one set of
 * rules.
 *
 * libcurl is kept from everything that is the core's to decide: it resolves
 * nothing (addresses are pinned by CURLOPT_RESOLVE in a DNS cache per handle,
 * and its own resolver is shut by a hook: a miss fails closed), follows
 * nothing, decodes nothing, reads no .netrc and no proxy variables.
 */
#include "config.h"

#include <curl/curl.h>
#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "net/easy.h"
#include "net/fetch.h"
#include "net/headers.h"

#define EASY_IDLE_CONNECTION 20L	/* seconds a kept connection is good */

struct easy {
	CURL *curl;
	CURLSH *share;
	const struct easy_env *env;
	struct fetch *fetch;
	void *owner;
	int custom;		/* the last fetch left options behind */
	int64_t prepared_us;
	CURLcode setup;		/* what setting up came to */
	const _Atomic int *cancel;
	struct headers headers;
	uint64_t body_bytes;
	struct curl_slist *own_headers;	/* of this fetch; freed with it */
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

/* --- the run's environment --- */

int
easy_header_travels(const char *line)
{
	static const char *const names[] = {
		"accept", "accept-charset", "accept-encoding",
		"accept-language", "cache-control", "dnt", "pragma", "range",
		"if-match", "if-modified-since", "if-none-match", "if-range",
		"if-unmodified-since", "user-agent",
		/* a body that goes along must be known for what it is */
		"content-type", "content-encoding", "content-language",
	};
	size_t len = strcspn(line, ":;"), i;

	for (i = 0; i < sizeof names / sizeof *names; i++)
		if (strlen(names[i]) == len &&
		    strncasecmp(names[i], line, len) == 0)
			return 1;
	return 0;
}

static struct curl_slist *
easy_slist_add(struct curl_slist *list, const char *text)
{
	struct curl_slist *longer = curl_slist_append(list, text);

	/* libcurl's way of saying that memory is gone */
	if (longer == NULL)
		abort();
	return longer;
}

int
easy_env_init(struct easy_env *env, const struct easy_settings *settings,
	enum tls_use use, struct err *err)
{
	size_t i;

	*env = (struct easy_env){ .settings = settings };
	if (settings->proxy != NULL &&
	    url_parse(settings->proxy, "http", &env->proxy, err) != 0)
		return err_in(err, "--proxy");
	if (tls_roots_find(use, settings->cacert, settings->capath,
	    &env->roots, err) != 0) {
		easy_env_release(env);
		return -1;
	}
	for (i = 0; i < settings->n_headers; i++)
		env->headers = easy_slist_add(env->headers,
			settings->headers[i]);
	return 0;
}

void
easy_env_release(struct easy_env *env)
{
	tls_roots_release(&env->roots);
	curl_slist_free_all(env->headers);
	url_release(&env->proxy);
	*env = (struct easy_env){ 0 };
}

/* --- callbacks --- */

static size_t
easy_on_header(char *p, size_t size, size_t n, void *arg)
{
	struct easy *easy = arg;

	(void)size;
	return headers_add(&easy->headers, p, n) == FETCH_ACCEPTED ? n : 0;
}

static size_t
easy_on_body(char *p, size_t size, size_t n, void *arg)
{
	struct easy *easy = arg;
	uint64_t max = easy->env->settings->max_body;
	struct fetch *fetch = easy->fetch;

	(void)size;
	easy->body_bytes += n;
	if (max > 0 && easy->body_bytes > max) {
		easy->headers.refusal = FETCH_BODY_LIMIT;
		return 0;
	}
	if (fetch->request.write_body != NULL &&
	    fetch->request.write_body(fetch->request.write_arg, p, n) != 0) {
		easy->headers.refusal = FETCH_NOT_WRITTEN;
		fetch->reply.os_errno = errno;
		return 0;
	}
	return n;
}

static int
easy_on_progress(void *arg, curl_off_t dltotal, curl_off_t dlnow,
	curl_off_t ultotal, curl_off_t ulnow)
{
	struct easy *easy = arg;

	(void)dltotal;
	(void)dlnow;
	(void)ultotal;
	(void)ulnow;
	if (easy->cancel == NULL || !atomic_load(easy->cancel))
		return 0;
	easy->headers.refusal = FETCH_CANCELLED;
	return 1;
}

/* A name that is not pinned is not resolved. */
static int
easy_on_resolve(void *resolver, void *reserved, void *arg)
{
	(void)resolver;
	(void)reserved;
	(void)arg;
	return 1;
}

static curl_socket_t
easy_on_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *addr)
{
	struct easy *easy = arg;
	int fd;

	(void)purpose;
	fd = socket(addr->family, addr->socktype | SOCK_CLOEXEC,
		addr->protocol);
	if (easy->fetch != NULL)
		easy->fetch->reply.sockets++;
	/* A family that this system lacks does not explain the failure. */
	if (fd < 0 && easy->fetch != NULL && errno != EAFNOSUPPORT)
		easy->fetch->reply.os_errno = errno;
	return fd < 0 ? CURL_SOCKET_BAD : fd;
}

/* --- setting up --- */

static void
easy_set_callbacks(struct easy *easy)
{
	EASY_SET(easy, CURLOPT_PRIVATE, easy);
	EASY_SET(easy, CURLOPT_ERRORBUFFER, easy->error);
	EASY_SET(easy, CURLOPT_HEADERFUNCTION, easy_on_header);
	EASY_SET(easy, CURLOPT_HEADERDATA, easy);
	EASY_SET(easy, CURLOPT_WRITEFUNCTION, easy_on_body);
	EASY_SET(easy, CURLOPT_WRITEDATA, easy);
	EASY_SET(easy, CURLOPT_OPENSOCKETFUNCTION, easy_on_socket);
	EASY_SET(easy, CURLOPT_OPENSOCKETDATA, easy);
	EASY_SET(easy, CURLOPT_RESOLVER_START_FUNCTION, easy_on_resolve);
	if (easy->cancel != NULL) {
		EASY_SET(easy, CURLOPT_XFERINFOFUNCTION, easy_on_progress);
		EASY_SET(easy, CURLOPT_XFERINFODATA, easy);
		EASY_SET(easy, CURLOPT_NOPROGRESS, 0L);
		EASY_SET(easy, CURLOPT_MAXCONNECTS, (long)easy->kept);
	}
}

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
easy_reset(struct easy *easy)
{
	const struct easy_env *env = easy->env;

	curl_easy_reset(easy->curl);
	easy->custom = 0;
	EASY_SET(easy, CURLOPT_SHARE, easy->share);
	EASY_SET(easy, CURLOPT_NOSIGNAL, 1L);
	EASY_SET(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	EASY_SET(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
	EASY_SET(easy, CURLOPT_FOLLOWLOCATION, 0L);
	EASY_SET(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	EASY_SET(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
	EASY_SET(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	EASY_SET(easy, CURLOPT_HTTP_CONTENT_DECODING, 0L);
	EASY_SET(easy, CURLOPT_DNS_CACHE_TIMEOUT, -1L);
	EASY_SET(easy, CURLOPT_MAXAGE_CONN, EASY_IDLE_CONNECTION);
	EASY_SET(easy, CURLOPT_USERAGENT, env->settings->user_agent);
	easy_set_callbacks(easy);
	easy_set_limits(easy, env->settings);
	easy_set_tls(easy, env);
	easy_set_proxy(easy, env);
	easy_set_secrets(easy, 1);
	EASY_SET(easy, CURLOPT_HTTPHEADER, env->headers);
}

static int
easy_same_name(const char *a, const char *b)
{
	size_t len = strcspn(a, ":;");

	return len == strcspn(b, ":;") && strncasecmp(a, b, len) == 0;
}

/* Whether a header line may be sent with this request. */
static int
easy_header_fits(const struct fetch_request *request, const char *line)
{
	if ((request->flags & FETCH_BODY_DROPPED) &&
	    (strncasecmp(line, "content-", 8) == 0 ||
	    easy_same_name(line, "transfer-encoding:")))
		return 0;
	return (request->flags & FETCH_TRUSTED) || easy_header_travels(line);
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
	    !(request->flags & FETCH_BODY_DROPPED))
		return;
	easy->custom = 1;
	easy_set_secrets(easy, trusted);
	easy_set_headers(easy, request);
	if (request->url.userpwd != NULL)
		EASY_SET(easy, CURLOPT_USERPWD, request->url.userpwd);
	easy_set_method(easy, request);
}

/* --- addresses --- */

/*
 * Whether the cache holds just that already. The text decides: a literal's
 * set is a new one each time, and libcurl takes longer to read a pin than
 * everything else here together.
 */
static int
easy_pin_holds(const struct easy *easy, const struct url *host,
	const struct addrs *addrs)
{
	return easy->pinned != NULL && easy->pinned_port == host->port &&
		strncmp(easy->pinned_host, host->text + host->host_off,
		host->host_len) == 0 &&
		easy->pinned_host[host->host_len] == '\0' &&
		(addrs == easy->pinned ||
		strcmp(addrs->text, easy->pinned->text) == 0);
}

/*
 * Puts the addresses into the handle's DNS cache in place of what was there.
 * The entries have no "+": they never age, so libcurl never asks by itself.
 */
static void
easy_pin(struct easy *easy, const struct url *host, struct addrs *addrs)
{
	struct curl_slist *list = NULL;
	struct buf line;

	if (easy_pin_holds(easy, host, addrs))
		return;
	buf_init(&line, 1024);
	if (easy->pinned_host != NULL) {
		buf_printf(&line, "-%s:%u", easy->pinned_host,
			(unsigned)easy->pinned_port);
		list = easy_slist_add(list, buf_text(&line));
		buf_clear(&line);
	}
	free(easy->pinned_host);
	easy->pinned_host = mem_strndup(host->text + host->host_off,
		host->host_len);
	easy->pinned_port = host->port;
	buf_printf(&line, "%s:%u:%s", easy->pinned_host,
		(unsigned)host->port, addrs->text);
	list = easy_slist_add(list, buf_text(&line));
	buf_release(&line);
	EASY_SET(easy, CURLOPT_RESOLVE, list);
	curl_slist_free_all(easy->pin);
	easy->pin = list;
	addrs_unref(easy->pinned);
	easy->pinned = addrs_ref(addrs);
}

static void
easy_set_addrs(struct easy *easy, const struct fetch_request *request)
{
	const struct url *host = &request->url;

	if (easy->env->proxy.text != NULL)
		host = &easy->env->proxy;
	if (host->literal == 6) {
		/* No key of CURLOPT_RESOLVE can hold it before 8.13; libcurl
		 * takes the literal without a look-up, through the hook. */
		EASY_SET(easy, CURLOPT_RESOLVER_START_FUNCTION, NULL);
		easy->custom = 1;
	} else if (request->addrs != NULL) {
		easy_pin(easy, host, request->addrs);
	}
}

/* --- one fetch --- */

/* Ends what belongs to this fetch alone. */
static void
easy_let_go(struct easy *easy)
{
	headers_release(&easy->headers);
	if (easy->own_headers != NULL) {
		EASY_SET(easy, CURLOPT_HTTPHEADER, NULL);
		curl_slist_free_all(easy->own_headers);
		easy->own_headers = NULL;
	}
	easy->fetch = NULL;
}

int
easy_prepare(struct easy *easy, struct fetch *fetch)
{
	struct fetch_request *request = &fetch->request;

	easy->fetch = fetch;
	easy->setup = CURLE_OK;
	easy->prepared_us = clock_us();
	fetch_reply_clear(&fetch->reply);
	if (easy->custom)
		easy_reset(easy);
	headers_start(&easy->headers, easy->env->settings->max_header);
	easy->body_bytes = 0;
	easy->error[0] = '\0';
	EASY_SET(easy, CURLOPT_URL, request->url.text);
	EASY_SET(easy, CURLOPT_TIMEOUT_MS, easy_ms(request->time_left_us));
	EASY_SET(easy, CURLOPT_FORBID_REUSE,
		request->flags & FETCH_REUSE ? 0L : 1L);
	easy_set_custom(easy, request);
	easy_set_addrs(easy, request);
	if (easy->setup == CURLE_OK)
		return 0;
	fetch->reply.code = easy->setup;
	fetch->reply.errormsg = mem_strdup(curl_easy_strerror(easy->setup));
	easy_let_go(easy);
	return -1;
}

static int64_t
easy_time(struct easy *easy, CURLINFO info)
{
	curl_off_t us = 0;

	curl_easy_getinfo(easy->curl, info, &us);
	return (int64_t)us;
}

static const char *
easy_http_version(CURL *curl)
{
	long version = 0;

	curl_easy_getinfo(curl, CURLINFO_HTTP_VERSION, &version);
	switch (version) {
	case CURL_HTTP_VERSION_1_0:
		return "1.0";
	case CURL_HTTP_VERSION_1_1:
		return "1.1";
	case CURL_HTTP_VERSION_2_0:
		return "2";
	case CURL_HTTP_VERSION_3:
		return "3";
	}
	return NULL;
}

static void
easy_collect_times(struct easy *easy, struct fetch_reply *reply)
{
	reply->namelookup_us = easy_time(easy, CURLINFO_NAMELOOKUP_TIME_T);
	reply->connect_us = easy_time(easy, CURLINFO_CONNECT_TIME_T);
	reply->appconnect_us = easy_time(easy, CURLINFO_APPCONNECT_TIME_T);
	reply->starttransfer_us =
		easy_time(easy, CURLINFO_STARTTRANSFER_TIME_T);
	reply->total_us = easy_time(easy, CURLINFO_TOTAL_TIME_T);
}

static void
easy_collect_error(struct easy *easy, struct fetch_reply *reply)
{
	const char *text = easy->error;
	long number = 0;

	if (text[0] == '\0')
		text = curl_easy_strerror(reply->code);
	reply->errormsg = mem_strdup(text);
	if (reply->os_errno == 0 &&
	    curl_easy_getinfo(easy->curl, CURLINFO_OS_ERRNO, &number) ==
	    CURLE_OK)
		reply->os_errno = (int)number;
}

/* libcurl takes headers that stop half-way for a whole reply. */
static CURLcode
easy_check_whole(struct easy *easy, CURLcode code)
{
	const struct headers *headers = &easy->headers;

	if (code != CURLE_OK || !headers->in_block || headers->trailers)
		return code;
	snprintf(easy->error, sizeof easy->error,
		"the connection was closed within the headers");
	return CURLE_WEIRD_SERVER_REPLY;
}

/* What libcurl knows of the last transfer that it began. */
static void
easy_collect_info(struct easy *easy, struct fetch_reply *reply)
{
	const char *text = NULL;

	easy_collect_times(easy, reply);
	curl_easy_getinfo(easy->curl, CURLINFO_RESPONSE_CODE,
		&reply->response_code);
	curl_easy_getinfo(easy->curl, CURLINFO_NUM_CONNECTS,
		&reply->num_connects);
	/*
	 * A kept connection may have been found closed. libcurl 7.88
	 * counts that over the handle's life, not the request's, and the
	 * sixth fails for nothing; a reset begins anew.
	 */
	if (reply->num_connects > 0)
		easy->custom = 1;
	if (curl_easy_getinfo(easy->curl, CURLINFO_PRIMARY_IP, &text) ==
	    CURLE_OK && text != NULL)
		snprintf(reply->remote_ip, sizeof reply->remote_ip, "%s",
			text);
	text = NULL;
	curl_easy_getinfo(easy->curl, CURLINFO_CONTENT_TYPE, &text);
	if (text != NULL)
		reply->content_type = mem_strdup(text);
	if (reply->response_code != 0)
		reply->http_version = easy_http_version(easy->curl);
}

void
easy_collect(struct easy *easy, int curl_code)
{
	struct fetch_reply *reply = &easy->fetch->reply;

	reply->code = easy_check_whole(easy, (CURLcode)curl_code);
	reply->refusal = easy->headers.refusal;
	reply->size_download = easy->body_bytes;
	/* Cancelled at once: libcurl still tells of the fetch before. */
	if (curl_code == CURLE_ABORTED_BY_CALLBACK && reply->sockets == 0 &&
	    easy->headers.lines == 0)
		reply->total_us = clock_us() - easy->prepared_us;
	else
		easy_collect_info(easy, reply);
	reply->retry_after_us = easy->headers.retry_after_us;
	reply->location = headers_take_location(&easy->headers);
	if (reply->code != CURLE_OK)
		easy_collect_error(easy, reply);
	easy_let_go(easy);
}

/* --- life --- */

struct easy *
easy_new(const struct easy_env *env, struct err *err)
{
	struct easy *easy = mem_array(1, sizeof *easy);

	easy->env = env;
	easy->curl = curl_easy_init();
	easy->share = curl_share_init();
	if (easy->curl == NULL || easy->share == NULL ||
	    curl_share_setopt(easy->share, CURLSHOPT_SHARE,
	    CURL_LOCK_DATA_DNS) != CURLSHE_OK) {
		easy_free(easy);
		err_set(err, ERR_SYSTEM, "libcurl cannot make a handle");
		return NULL;
	}
	easy_reset(easy);
	if (easy->setup == CURLE_OK)
		return easy;
	err_set(err, ERR_SYSTEM, "libcurl cannot make a handle: %s",
		curl_easy_strerror(easy->setup));
	easy_free(easy);
	return NULL;
}

void
easy_free(struct easy *easy)
{
	if (easy == NULL)
		return;
	curl_easy_cleanup(easy->curl);
	if (easy->share != NULL)
		curl_share_cleanup(easy->share);
	headers_release(&easy->headers);
	curl_slist_free_all(easy->own_headers);
	curl_slist_free_all(easy->pin);
	addrs_unref(easy->pinned);
	free(easy->pinned_host);
	free(easy);
}

void *
easy_handle(const struct easy *easy)
{
	return easy->curl;
}

struct fetch *
easy_fetch(const struct easy *easy)
{
	return easy->fetch;
}

void
easy_set_owner(struct easy *easy, void *owner)
{
	easy->owner = owner;
}

void *
easy_owner(void *curl)
{
	char *easy = NULL;

	curl_easy_getinfo(curl, CURLINFO_PRIVATE, &easy);
	return ((struct easy *)(void *)easy)->owner;
}

void
easy_set_blocking(struct easy *easy, const _Atomic int *cancel, size_t kept)
{
	easy->cancel = cancel;
	easy->kept = kept;
	easy_set_callbacks(easy);
}
