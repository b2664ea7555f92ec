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

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "net/easy_handle.h"
#include "net/fetch.h"

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

int
easy_same_name(const char *a, const char *b)
{
	size_t len = strcspn(a, ":;");

	return len == strcspn(b, ":;") && strncasecmp(a, b, len) == 0;
}

struct curl_slist *
easy_slist_add(struct curl_slist *list, const char *text)
{
	struct curl_slist *longer = curl_slist_append(list, text);

	/* libcurl's way of saying that memory is gone */
	if (longer == NULL)
		abort();
	return longer;
}

static void
easy_add_header(struct easy_env *env, const char *name, const char *value)
{
	const struct easy_settings *settings = env->settings;
	char *line = mem_printf("%s: %s", name, value);
	size_t i;

	for (i = 0; i < settings->n_headers; i++)
		if (easy_same_name(settings->headers[i], line))
			break;
	if (i == settings->n_headers)
		env->headers = easy_slist_add(env->headers, line);
	free(line);
}

/*
 * The agent as a line of the list: CURLOPT_USERAGENT is put into words for
 * each request. Accept follows, so that the order is curl's. A proxy that is
 * asked to CONNECT is told the option alone.
 */
static void
easy_add_agent(struct easy_env *env)
{
	const char *agent = env->settings->user_agent;

	if (agent == NULL || *agent == '\0' || env->proxy.text != NULL)
		return;
	easy_add_header(env, "User-Agent", agent);
	easy_add_header(env, "Accept", "*/*");
}

/* Said once, instead of by each URL. OpenSSL may have it elsewhere, too. */
static int
easy_check_file(const char *option, const char *path, struct err *err)
{
	if (path == NULL || strncasecmp(path, "pkcs11:", 7) == 0 ||
	    access(path, R_OK) == 0)
		return 0;
	return err_sys(err, "%s %s", option, path);
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
	    &env->roots, err) != 0 ||
	    easy_check_file("--cert", settings->cert, err) != 0 ||
	    easy_check_file("--key", settings->key, err) != 0) {
		easy_env_release(env);
		return -1;
	}
	easy_add_agent(env);
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

/* --- one fetch --- */

/* Ends what belongs to this fetch alone. */
static void
easy_let_go(struct easy *easy)
{
	headers_forget(&easy->headers);
	free(easy->denied);
	easy->denied = NULL;
	if (easy->own_headers != NULL) {
		EASY_SET(easy, CURLOPT_HTTPHEADER, NULL);
		curl_slist_free_all(easy->own_headers);
		easy->own_headers = NULL;
	}
	if (easy->detour != NULL) {
		EASY_SET(easy, CURLOPT_CONNECT_TO, NULL);
		curl_slist_free_all(easy->detour);
		easy->detour = NULL;
	}
	easy->fetch = NULL;
}

/* What is looked for in the reply's headers. */
static unsigned
easy_wants(const struct easy *easy, const struct fetch_request *request)
{
	const struct easy_settings *settings = easy->env->settings;
	unsigned wants = 0;

	if (settings->files || request->resume_from > 0 ||
	    request->begin_body != NULL)
		wants |= HEADERS_FILE;
	if (settings->capture)
		wants |= HEADERS_HEAD;
	return wants;
}

int
easy_prepare(struct easy *easy, struct fetch *fetch)
{
	easy->fetch = fetch;
	easy->setup = CURLE_OK;
	easy->prepared_us = clock_us();
	fetch_reply_clear(&fetch->reply);
	if (easy->custom)
		easy_setup(easy);
	headers_start(&easy->headers, easy->env->settings->max_header,
		easy_wants(easy, &fetch->request));
	easy_capture_start(easy);
	chunks_init(&easy->chunks);
	easy->begun = 0;
	easy->before = easy->body_bytes = easy->raw_bytes = 0;
	easy->error[0] = '\0';
	easy_setup_request(easy, &fetch->request);
	if (easy->setup == CURLE_OK)
		return 0;
	fetch->reply.code = easy->setup;
	fetch->reply.errormsg = mem_strdup(curl_easy_strerror(easy->setup));
	easy_let_go(easy);
	return -1;
}

void
easy_collect(struct easy *easy, int curl_code)
{
	easy_reply_read(easy, (CURLcode)curl_code, &easy->fetch->reply);
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
	easy_setup(easy);
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
	curl_url_cleanup(easy->parts);
	free(easy->parts_origin);
	headers_release(&easy->headers);
	buf_release(&easy->capture.request);
	buf_release(&easy->capture.body);
	curl_slist_free_all(easy->own_headers);
	curl_slist_free_all(easy->detour);
	curl_slist_free_all(easy->pin);
	addrs_unref(easy->pinned);
	free(easy->pinned_host);
	free(easy->denied);
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
easy_set_pausing(struct easy *easy, void (*on_pause)(void *owner))
{
	easy->on_pause = on_pause;
}

int
easy_may_resume(const struct easy *easy)
{
	const struct fetch_request *request = &easy->fetch->request;

	return request->may_write(request->write_arg);
}

int
easy_resume(struct easy *easy)
{
	return (int)curl_easy_pause(easy->curl, CURLPAUSE_CONT);
}

void
easy_set_blocking(struct easy *easy, const _Atomic int *cancel, size_t kept)
{
	easy->cancel = cancel;
	easy->kept = kept;
	easy_watch(easy);
}
