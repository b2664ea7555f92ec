/* SPDX-License-Identifier: MIT */
/*
 * The handle: what goes over the wire for a request, that nothing of one
 * fetch gets into the next, and that libcurl looks nothing up by itself.
 */
#include "config.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <dlfcn.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "net/easy.h"
#include "net/fetch.h"
#include "net/policy.h"
#include "server.h"
#include "unit.h"

static char plain_agent[] = "agent/1";

static const struct easy_settings plain = {
	.user_agent = plain_agent, .max_header = 65536,
	.connect_timeout_us = 5 * CLOCK_SECOND,
};

/* A handle with its settings, and what came back on it. */
struct stage {
	struct easy_settings settings;
	struct easy_env env;
	struct easy *easy;
	struct fetch fetch;
	struct buf body;
	int write_fails;
};

static void
stage_open(struct stage *stage)
{
	struct err err = { 0 };

	if (easy_env_init(&stage->env, &stage->settings, TLS_SHARED,
	    &err) != 0)
		fail_msg("%s", err.text);
	stage->easy = easy_new(&stage->env, &err);
	if (stage->easy == NULL)
		fail_msg("%s", err.text);
	buf_init(&stage->body, 1 << 20);
}

static void
stage_close(struct stage *stage)
{
	fetch_release(&stage->fetch);
	easy_free(stage->easy);
	easy_env_release(&stage->env);
	buf_release(&stage->body);
}

static int
stage_write(void *arg, const void *p, size_t n)
{
	struct stage *stage = arg;

	if (stage->write_fails) {
		errno = ENOSPC;
		return -1;
	}
	return buf_add(&stage->body, p, n);
}

/* A request for path at host:port, which is at the `addrs` ("": nowhere). */
static struct fetch_request *
stage_request_at(struct stage *stage, const char *host, unsigned port,
	const char *path, const char *addrs)
{
	struct fetch_request *request = &stage->fetch.request;
	struct addr list[ADDRS_MAX];
	struct err err = { 0 };
	size_t n = 0, len;
	char *text;

	fetch_release(&stage->fetch);
	*request = (struct fetch_request){
		.flags = FETCH_TRUSTED, .write_body = stage_write,
		.write_arg = stage,
	};
	text = mem_printf("http://%s:%u%s", host, port, path);
	if (url_parse(text, NULL, &request->url, &err) != 0)
		fail_msg("%s: %s", text, err.text);
	free(text);
	for (; *addrs != '\0'; addrs += len + (addrs[len] == ',')) {
		len = strcspn(addrs, ",");
		assert_int_equal(addr_parse(addrs, len, &list[n++]), 0);
	}
	if (n > 0)
		request->addrs = addrs_new(list, n);
	return request;
}

static struct fetch_request *
stage_request(struct stage *stage, const char *host, const char *path)
{
	return stage_request_at(stage, host, server.port, path, "127.0.0.1");
}

/* Performs what was asked for; the reply. */
static const struct fetch_reply *
stage_perform(struct stage *stage)
{
	buf_clear(&stage->body);
	if (easy_prepare(stage->easy, &stage->fetch) == 0)
		easy_collect(stage->easy,
			(int)curl_easy_perform(easy_handle(stage->easy)));
	assert_null(easy_fetch(stage->easy));
	return &stage->fetch.reply;
}

static void
assert_ok(const struct fetch_reply *reply)
{
	if (reply->code != CURLE_OK || reply->refusal != FETCH_ACCEPTED)
		fail_msg("code %d, refusal %d: %s", (int)reply->code,
			(int)reply->refusal, reply->errormsg != NULL ?
			reply->errormsg : "");
}

static int
echoed(struct stage *stage, const char *text)
{
	return strstr(buf_text(&stage->body), text) != NULL;
}

/* --- requests --- */

/* One after the other on one handle, each as if it were alone. */
static void
each_asks_for_what_its_url_says(void **state)
{
	static const char *const hosts[] = { "a.test", "a.test", "b.test" };
	static const char *const paths[] = {
		"/echo", "/echo/a/b", "/echo?x=1", "/echo?x=/a?b&c=d+e",
		"/echo/%2F%2f%C3%a4", "/echo/x", "/echo?%2F%2f", "/echo?x",
		"/echo?", "/echo/?", "/echo",
		"/echo/;p=1,2:3@4!$'*(~)",
	};
	struct stage stage = { .settings = plain };
	char *line;
	size_t i, j;

	(void)state;
	stage_open(&stage);
	for (i = 0; i < sizeof hosts / sizeof *hosts; i++)
		for (j = 0; j < sizeof paths / sizeof *paths; j++) {
			stage_request(&stage, hosts[i], paths[j]);
			assert_ok(stage_perform(&stage));
			line = mem_printf("GET %s HTTP/1.1\r\nHost: %s:%u\r\n",
				paths[j], hosts[i], server.port);
			if (strncmp(buf_text(&stage.body), line,
			    strlen(line)) != 0)
				fail_msg("%s%s: %s", hosts[i], paths[j],
					buf_text(&stage.body));
			free(line);
		}
	stage_close(&stage);
}

static void
the_agent_is_told_once(void **state)
{
	static char mine[] = "user-agent: mine", nobody[] = "User-Agent:";
	static char *const own[] = { mine };
	static char *const none[] = { nobody };
	const struct {
		const char *agent;
		char *const *headers;
		size_t n_headers;
		const char *want, *not;
	} cases[] = {
		{ "agent/1", NULL, 0, "User-Agent: agent/1\r\n", "libcurl" },
		{ "agent/1", own, 1, "user-agent: mine\r\n", "agent/1" },
		{ "agent/1", none, 1, "Accept: */*\r\n", "gent" },
		{ "", NULL, 0, "Accept: */*\r\n", "gent" },
		{ NULL, NULL, 0, "Accept: */*\r\n", "gent" },
	};
	struct stage stage = { .settings = plain };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		stage.settings.user_agent = cases[i].agent;
		stage.settings.headers = cases[i].headers;
		stage.settings.n_headers = cases[i].n_headers;
		stage_open(&stage);
		stage_request(&stage, "a.test", "/echo");
		assert_ok(stage_perform(&stage));
		if (!echoed(&stage, cases[i].want) ||
		    echoed(&stage, cases[i].not))
			fail_msg("case %zu: %s", i, buf_text(&stage.body));
		stage_close(&stage);
	}
}

/* --- replies --- */

static void
a_reply_tells_what_came(void **state)
{
	struct stage stage = { .settings = plain };
	const struct fetch_reply *reply;

	(void)state;
	stage_open(&stage);
	stage_request(&stage, "a.test", "/bytes/1000");
	reply = stage_perform(&stage);
	assert_ok(reply);
	assert_int_equal(reply->response_code, 200);
	assert_string_equal(reply->http_version, "1.1");
	assert_string_equal(reply->remote_ip, "127.0.0.1");
	assert_int_equal(reply->num_connects, 1);
	assert_int_equal(reply->size_download, 1000);
	assert_int_equal(stage.body.len, 1000);
	assert_string_equal(reply->content_type, "application/octet-stream");
	assert_null(reply->location);
	assert_null(reply->errormsg);
	assert_int_equal(reply->retry_after_us, -1);
	assert_int_equal(reply->appconnect_us, 0);
	assert_true(reply->connect_us > 0);
	assert_true(reply->starttransfer_us >= reply->connect_us);
	assert_true(reply->total_us >= reply->starttransfer_us);
	stage_request(&stage, "a.test", "/redirect/1");
	reply = stage_perform(&stage);
	assert_ok(reply);
	assert_int_equal(reply->response_code, 302);
	assert_non_null(reply->location);
	stage_request(&stage, "a.test", "/status/503?retry-after=7");
	reply = stage_perform(&stage);
	assert_ok(reply);
	assert_int_equal(reply->response_code, 503);
	assert_int_equal(reply->retry_after_us, 7 * CLOCK_SECOND);
	assert_null(reply->location);
	/* Nothing is decoded behind our back. */
	stage_request(&stage, "a.test", "/gzip/1000");
	reply = stage_perform(&stage);
	assert_ok(reply);
	assert_int_equal((unsigned char)stage.body.data[0], 0x1f);
	stage_close(&stage);
}

static void
refusals_break_the_transfer_off(void **state)
{
	static const struct {
		const char *path;
		enum fetch_refusal refusal;
		CURLcode code;
		int fails;
	} cases[] = {
		{ "/bytes/4000", FETCH_ACCEPTED, CURLE_FILESIZE_EXCEEDED, 0 },
		{ "/chunked/4000", FETCH_BODY_LIMIT, CURLE_WRITE_ERROR, 0 },
		{ "/endless", FETCH_BODY_LIMIT, CURLE_WRITE_ERROR, 0 },
		{ "/endless-headers", FETCH_HEADER_LIMIT, CURLE_WRITE_ERROR,
			0 },
		{ "/bytes/10", FETCH_NOT_WRITTEN, CURLE_WRITE_ERROR, 1 },
	};
	struct stage stage = { .settings = plain };
	const struct fetch_reply *reply;
	size_t i;

	(void)state;
	stage.settings.max_body = 2000;
	stage.settings.max_header = 4096;
	stage_open(&stage);
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		stage_request(&stage, "a.test", cases[i].path);
		stage.write_fails = cases[i].fails;
		reply = stage_perform(&stage);
		if (reply->refusal != cases[i].refusal ||
		    reply->code != cases[i].code)
			fail_msg("%s: refusal %d, code %d", cases[i].path,
				(int)reply->refusal, (int)reply->code);
		if (cases[i].fails)
			assert_int_equal(reply->os_errno, ENOSPC);
		stage.write_fails = 0;
		stage_request(&stage, "a.test", "/bytes/2000");
		assert_ok(stage_perform(&stage));
	}
	stage_close(&stage);
}

static void
time_left_is_kept_to(void **state)
{
	struct stage stage = { .settings = plain };
	const struct fetch_reply *reply;

	(void)state;
	stage_open(&stage);
	stage_request(&stage, "a.test", "/silent")->time_left_us =
		50 * CLOCK_MS;
	reply = stage_perform(&stage);
	assert_int_equal(reply->code, CURLE_OPERATION_TIMEDOUT);
	assert_int_equal(reply->response_code, 0);
	assert_true(reply->connect_us > 0);
	/* The next has no limit of its own. */
	stage_request(&stage, "a.test", "/delay/120");
	assert_ok(stage_perform(&stage));
	stage_close(&stage);
}

/* Which is what tells it from a late connection. */
static void
a_late_reply_on_a_kept_connection_has_no_connect(void **state)
{
	struct stage stage = { .settings = plain };
	const struct fetch_reply *reply;

	(void)state;
	stage_open(&stage);
	stage_request(&stage, "a.test", "/empty")->flags |= FETCH_REUSE;
	assert_ok(stage_perform(&stage));
	stage_request(&stage, "a.test", "/silent")->time_left_us =
		50 * CLOCK_MS;
	reply = stage_perform(&stage);
	assert_int_equal(reply->code, CURLE_OPERATION_TIMEDOUT);
	assert_int_equal(reply->num_connects, 0);
	assert_int_equal(reply->sockets, 0);
	stage_close(&stage);
}

/* A listener whose queue is full answers no SYN. */
static void
a_late_connection_has_one(void **state)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	struct stage stage = { .settings = plain };
	const struct fetch_reply *reply;
	socklen_t len = sizeof at;
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int fillers[8];
	size_t i;

	(void)state;
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(listener, (struct sockaddr *)(void *)&at, len),
		0);
	getsockname(listener, (struct sockaddr *)(void *)&at, &len);
	assert_int_equal(listen(listener, 0), 0);
	for (i = 0; i < 8; i++) {
		fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK |
			SOCK_CLOEXEC, 0);
		connect(fillers[i], (struct sockaddr *)(void *)&at, len);
	}
	stage_open(&stage);
	stage_request_at(&stage, "a.test", ntohs(at.sin_port), "/",
		"127.0.0.1")->time_left_us = 50 * CLOCK_MS;
	reply = stage_perform(&stage);
	assert_int_equal(reply->code, CURLE_OPERATION_TIMEDOUT);
	assert_int_equal(reply->connect_us, 0);
	assert_int_equal(reply->sockets, 1);
	for (i = 0; i < 8; i++)
		close(fillers[i]);
	close(listener);
	stage_close(&stage);
}

static void
connections_are_kept_when_told_to(void **state)
{
	static const struct {
		unsigned flags;
		long connects;
	} fetches[] = {
		{ FETCH_REUSE, 1 }, { FETCH_REUSE, 0 }, { 0, 0 }, { 0, 1 },
		{ FETCH_REUSE, 1 }, { 0, 0 },
	};
	struct stage stage = { .settings = plain };
	const struct fetch_reply *reply;
	size_t i;

	(void)state;
	stage_open(&stage);
	for (i = 0; i < sizeof fetches / sizeof *fetches; i++) {
		stage_request(&stage, "a.test", "/empty")->flags |=
			fetches[i].flags;
		reply = stage_perform(&stage);
		assert_ok(reply);
		assert_int_equal(reply->num_connects, fetches[i].connects);
	}
	stage_close(&stage);
}

/* --- requests --- */

static void
methods_and_bodies_do_not_stay_behind(void **state)
{
	static const struct {
		const char *method, *body;
		const char *line, *length;	/* NULL: not sent */
	} cases[] = {
		{ NULL, "a=b", "POST ", "Content-Length: 3" },
		{ "POST", "a=b", "POST ", "Content-Length: 3" },
		{ "PUT", "a=b", "PUT ", "Content-Length: 3" },
		{ "GET", "a=b", "GET ", "Content-Length: 3" },
		{ "DELETE", NULL, "DELETE ", NULL },
		{ "GET", NULL, "GET ", NULL },
		{ NULL, "", "POST ", "Content-Length: 0" },
		{ "head", NULL, "head ", NULL },
	};
	struct stage stage = { .settings = plain };
	struct fetch_request *request;
	size_t i;

	(void)state;
	stage_open(&stage);
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		request = stage_request(&stage, "a.test", "/echo");
		request->method = cases[i].method;
		request->body = cases[i].body;
		request->body_len = cases[i].body != NULL ?
			strlen(cases[i].body) : 0;
		assert_ok(stage_perform(&stage));
		if (strncmp(buf_text(&stage.body), cases[i].line,
		    strlen(cases[i].line)) != 0)
			fail_msg("%zu: %s", i, buf_text(&stage.body));
		assert_int_equal(echoed(&stage, cases[i].length != NULL ?
			cases[i].length : "Content-Length"),
			cases[i].length != NULL);
		stage_request(&stage, "a.test", "/echo");
		assert_ok(stage_perform(&stage));
		assert_memory_equal(buf_text(&stage.body), "GET ", 4);
		assert_false(echoed(&stage, "Content-"));
	}
	stage_close(&stage);
}

/* What follows HEAD's headers is no body, whatever they say. */
static void
head_waits_for_no_body(void **state)
{
	static const char *const bodies[] = { NULL, "a=b" };
	struct stage stage = { .settings = plain };
	const struct fetch_reply *reply;
	struct fetch_request *request;
	size_t i;

	(void)state;
	stage_open(&stage);
	for (i = 0; i < 2; i++) {
		request = stage_request(&stage, "a.test", "/bytes/1000");
		request->method = "HEAD";
		request->body = bodies[i];
		request->body_len = bodies[i] != NULL ? strlen(bodies[i]) : 0;
		request->time_left_us = 5 * CLOCK_SECOND;
		reply = stage_perform(&stage);
		assert_ok(reply);
		assert_int_equal(reply->response_code, 200);
		assert_int_equal(reply->size_download, 0);
		stage_request(&stage, "a.test", "/bytes/1000");
		reply = stage_perform(&stage);
		assert_int_equal(reply->size_download, 1000);
	}
	stage_close(&stage);
}

/* Each with the one who may see it; "cd2..." is u:p of -u, "eDp5" x:y. */
static const struct {
	const char *text;
	int trusted, elsewhere;
} secrets[] = {
	{ "Cookie: c00kie=1", 1, 0 },
	{ "Referer: http://secret.test/", 1, 0 },
	{ "Authorization: Basic dTpw", 1, 0 },
	{ "X-Token: t0ken", 1, 0 },
	{ "Proxy-Authorization: pr0xy", 1, 0 },
	{ "X-Own: 0wn", 1, 0 },
	{ "Accept-Language: de", 1, 1 },
	{ "Range: bytes=0-9", 1, 1 },
	{ "If-None-Match: \"x\"", 1, 1 },
	{ "Content-Type: application/json", 1, 1 },
	{ "User-Agent: agent/1", 1, 1 },
};

static void
set_secrets(struct stage *stage)
{
	static char token[] = "X-Token: t0ken", language[] =
		"Accept-Language: de", proxy[] = "Proxy-Authorization: pr0xy",
		type[] = "Content-Type: application/json";
	static char *headers[] = { token, language, proxy, type };

	stage->settings.cookie = "c00kie=1";
	stage->settings.referer = "http://secret.test/";
	stage->settings.userpwd = "u:p";
	stage->settings.headers = headers;
	stage->settings.n_headers = 4;
}

/* Order matters: what a handle did before must not show. */
static void
secrets_go_to_the_trusted_origin_only(void **state)
{
	static char own[] = "X-Own: 0wn", range[] = "Range: bytes=0-9",
		match[] = "If-None-Match: \"x\"";
	static char *headers[] = { own, range, match };
	static const int turns[] = { 1, 0, 1, 1, 0, 0, 1 };
	struct stage stage = { .settings = plain };
	struct fetch_request *request;
	size_t i, k;

	(void)state;
	set_secrets(&stage);
	stage_open(&stage);
	for (i = 0; i < sizeof turns / sizeof *turns; i++) {
		request = stage_request(&stage, turns[i] ? "a.test" : "b.test",
			"/echo");
		request->headers = headers;
		request->n_headers = 3;
		request->body = "{}";
		request->body_len = 2;
		if (!turns[i])
			request->flags &= ~(unsigned)FETCH_TRUSTED;
		assert_ok(stage_perform(&stage));
		for (k = 0; k < sizeof secrets / sizeof *secrets; k++)
			if (echoed(&stage, secrets[k].text) != (turns[i] ?
			    secrets[k].trusted : secrets[k].elsewhere))
				fail_msg("turn %zu: %s", i, secrets[k].text);
		if (!turns[i])
			assert_false(echoed(&stage, "Authorization") ||
				echoed(&stage, "Cookie") ||
				echoed(&stage, "0wn"));
	}
	stage_close(&stage);
}

static void
the_simple_request_has_them_too(void **state)
{
	struct stage stage = { .settings = plain };

	(void)state;
	set_secrets(&stage);
	stage_open(&stage);
	stage_request(&stage, "a.test", "/echo");
	assert_ok(stage_perform(&stage));
	assert_true(echoed(&stage, "Cookie: c00kie=1"));
	assert_true(echoed(&stage, "X-Token: t0ken"));
	stage_request(&stage, "b.test", "/echo")->flags = 0;
	assert_ok(stage_perform(&stage));
	assert_false(echoed(&stage, "c00kie") || echoed(&stage, "t0ken"));
	stage_request(&stage, "a.test", "/echo");
	assert_ok(stage_perform(&stage));
	assert_true(echoed(&stage, "Cookie: c00kie=1"));
	assert_true(echoed(&stage, "X-Token: t0ken"));
	stage_close(&stage);
}

static void
a_urls_own_login_wins_and_stays_its_own(void **state)
{
	struct stage stage = { .settings = plain };

	(void)state;
	stage.settings.userpwd = "u:p";
	stage_open(&stage);
	stage_request(&stage, "x:y@a.test", "/echo");
	assert_ok(stage_perform(&stage));
	assert_true(echoed(&stage, "Authorization: Basic eDp5"));
	stage_request(&stage, "a.test", "/echo");
	assert_ok(stage_perform(&stage));
	assert_true(echoed(&stage, "Authorization: Basic dTpw"));
	stage_request(&stage, "a.test", "/echo")->flags = 0;
	assert_ok(stage_perform(&stage));
	assert_false(echoed(&stage, "Authorization"));
	stage_close(&stage);
}

static void
headers_about_a_dropped_body_go_with_it(void **state)
{
	static char type[] = "Content-Type: application/json",
		coding[] = "Transfer-Encoding: chunked", other[] = "X-A: b";
	static char *headers[] = { type, coding, other };
	struct stage stage = { .settings = plain };
	struct fetch_request *request;

	(void)state;
	stage_open(&stage);
	request = stage_request(&stage, "a.test", "/echo");
	request->headers = headers;
	request->n_headers = 3;
	request->flags |= FETCH_BODY_DROPPED;
	request->time_left_us = 5 * CLOCK_SECOND;
	assert_ok(stage_perform(&stage));
	assert_false(echoed(&stage, "Content-Type"));
	assert_false(echoed(&stage, "Transfer-Encoding"));
	assert_true(echoed(&stage, "X-A: b"));
	stage_close(&stage);
}

static void
a_urls_own_headers_win_over_the_runs(void **state)
{
	static char run_a[] = "X-A: run", run_b[] = "X-B: run",
		run_c[] = "X-C;", run_accept[] = "Accept:";
	static char own_a[] = "x-a: own", own_b[] = "X-B:", own_d[] = "X-D: d";
	static char *run[] = { run_a, run_b, run_c, run_accept };
	static char *own[] = { own_a, own_b, own_d };
	struct stage stage = { .settings = plain };
	struct fetch_request *request;

	(void)state;
	stage.settings.headers = run;
	stage.settings.n_headers = 4;
	stage_open(&stage);
	request = stage_request(&stage, "a.test", "/echo");
	request->headers = own;
	request->n_headers = 3;
	assert_ok(stage_perform(&stage));
	assert_true(echoed(&stage, "x-a: own"));
	assert_false(echoed(&stage, "X-A: run") || echoed(&stage, "X-B"));
	assert_true(echoed(&stage, "X-C:") && echoed(&stage, "X-D: d"));
	assert_false(echoed(&stage, "Accept"));
	stage_request(&stage, "a.test", "/echo");
	assert_ok(stage_perform(&stage));
	assert_true(echoed(&stage, "X-A: run") && echoed(&stage, "X-B: run"));
	assert_false(echoed(&stage, "own") || echoed(&stage, "X-D"));
	stage_close(&stage);
}

static void
only_negotiation_travels(void **state)
{
	static const struct {
		const char *line;
		int travels;
	} lines[] = {
		{ "Accept: x", 1 }, { "ACCEPT-language: x", 1 },
		{ "Accept;", 1 }, { "Accept:", 1 }, { "Range: x", 1 },
		{ "Accept-Secret: x", 0 }, { "Authorization: x", 0 },
		{ "Cookie: x", 0 }, { "Host: x", 0 }, { "X-Api-Key: x", 0 },
		{ "Origin: x", 0 }, { "Content-Type: x", 1 },
		{ "Content-Length: 1", 0 },
		{ "Referer: x", 0 },
		{ "Accep: x", 0 }, { "Accept x", 0 }, { "", 0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof lines / sizeof *lines; i++)
		if (easy_header_travels(lines[i].line) != lines[i].travels)
			fail_msg("%s", lines[i].line);
}

/* --- addresses --- */

static void
what_is_not_pinned_is_not_resolved(void **state)
{
	struct stage stage = { .settings = plain };
	const char *const hosts[] = { "localhost", "127.0.0.1", "a.test" };
	size_t i;

	(void)state;
	stage_open(&stage);
	for (i = 0; i < 3; i++) {
		stage_request_at(&stage, hosts[i], server.port, "/empty", "");
		assert_int_equal(stage_perform(&stage)->code,
			CURLE_COULDNT_RESOLVE_HOST);
	}
	stage_request(&stage, "127.0.0.1", "/empty");
	assert_ok(stage_perform(&stage));
	stage_close(&stage);
}

/* 127.0.0.2 is nobody's; the server is at 127.0.0.1. */
static void
pins_follow_the_addresses(void **state)
{
	struct stage stage = { .settings = plain };
	int i;

	(void)state;
	stage_open(&stage);
	for (i = 0; i < 3; i++) {
		stage_request(&stage, "a.test", "/empty");
		assert_ok(stage_perform(&stage));
		stage_request_at(&stage, "a.test", server.port, "/empty",
			"127.0.0.2");
		assert_int_equal(stage_perform(&stage)->code,
			CURLE_COULDNT_CONNECT);
		/* One that fails is followed by the next. */
		stage_request_at(&stage, "a.test", server.port, "/empty",
			"127.0.0.2,127.0.0.1");
		assert_ok(stage_perform(&stage));
		stage_request(&stage, "b.test", "/empty");
		assert_ok(stage_perform(&stage));
		/* The pin before the last is gone. */
		stage_request_at(&stage, "a.test", server.port, "/empty", "");
		assert_int_equal(stage_perform(&stage)->code,
			CURLE_COULDNT_RESOLVE_HOST);
	}
	stage_close(&stage);
}

static void
pins_outlive_a_request_that_was_refused(void **state)
{
	struct stage stage = { .settings = plain };
	char *method = mem_alloc(9000001);

	(void)state;
	memset(method, 'X', 9000000);
	method[9000000] = '\0';
	stage_open(&stage);
	stage_request(&stage, "a.test", "/empty");
	assert_ok(stage_perform(&stage));
	stage_request(&stage, "b.test", "/empty")->method = method;
	assert_int_equal(stage_perform(&stage)->code,
		CURLE_BAD_FUNCTION_ARGUMENT);
	stage_request_at(&stage, "b.test", server.port, "/empty",
		"127.0.0.1");
	assert_ok(stage_perform(&stage));
	stage_request(&stage, "a.test", "/empty");
	assert_ok(stage_perform(&stage));
	stage_close(&stage);
	free(method);
}

/* libcurl takes nothing longer than 8 MB; own headers were set before. */
static void
a_request_that_libcurl_refuses_is_over(void **state)
{
	static char own[] = "X-Own: 0wn";
	static char *headers[] = { own };
	struct stage stage = { .settings = plain };
	const struct fetch_reply *reply;
	struct fetch_request *request;
	char *method = mem_alloc(9000001);
	int i;

	(void)state;
	memset(method, 'X', 9000000);
	method[9000000] = '\0';
	stage_open(&stage);
	for (i = 0; i < 3; i++) {
		request = stage_request(&stage, "a.test", "/empty");
		request->method = method;
		request->headers = headers;
		request->n_headers = 1;
		assert_int_equal(easy_prepare(stage.easy, &stage.fetch), -1);
		reply = &stage.fetch.reply;
		assert_int_equal(reply->code, CURLE_BAD_FUNCTION_ARGUMENT);
		assert_non_null(reply->errormsg);
		assert_null(easy_fetch(stage.easy));
	}
	stage_request(&stage, "a.test", "/echo");
	assert_ok(stage_perform(&stage));
	assert_false(echoed(&stage, "0wn"));
	stage_close(&stage);
	free(method);
}

/* Settings are the same for all fetches, so the first must see it too. */
static void
settings_that_libcurl_refuses_make_no_handle(void **state)
{
	struct stage stage = { .settings = plain };
	struct err err = { 0 };

	(void)state;
	stage.settings.speed_limit = UINT64_MAX;
	stage.settings.speed_time_us = CLOCK_SECOND;
	assert_int_equal(easy_env_init(&stage.env, &stage.settings,
		TLS_SHARED, &err), 0);
	assert_null(easy_new(&stage.env, &err));
	assert_int_equal(err.code, ERR_SYSTEM);
	assert_string_not_equal(err.text, "");
	easy_env_release(&stage.env);
}

static void
names_may_begin_with_a_hyphen(void **state)
{
	static const char *const hosts[] = { "-a.test", "-b.test", "a.test" };
	struct stage stage = { .settings = plain };
	char *line;
	size_t i;

	(void)state;
	stage_open(&stage);
	for (i = 0; i < 2 * sizeof hosts / sizeof *hosts; i++) {
		stage_request(&stage, hosts[i % 3], "/echo");
		assert_ok(stage_perform(&stage));
		line = mem_printf("Host: %s:%u\r\n", hosts[i % 3],
			server.port);
		assert_true(echoed(&stage, line));
		free(line);
	}
	stage_close(&stage);
}

static void
a_missing_certificate_is_told_before_the_first_request(void **state)
{
	static char missing[] = "/nonexistent/cert.pem";
	struct easy_settings settings = plain;
	struct err err = { 0 };
	struct easy_env env;
	int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		settings.cert = i == 0 ? missing : NULL;
		settings.key = i == 1 ? missing : NULL;
		assert_int_equal(easy_env_init(&env, &settings, TLS_SHARED,
			&err), -1);
		assert_non_null(strstr(err.text, missing));
		assert_non_null(strstr(err.text, i == 0 ? "--cert" : "--key"));
	}
}

static void
ipv6_literals_need_no_pin(void **state)
{
	struct server six = { 0 };
	struct stage stage = { .settings = plain };
	const struct fetch_reply *reply;

	(void)state;
	if (server_start(&six, "::1") != 0) {
		server_stop(&six);
		return;
	}
	stage_open(&stage);
	stage_request_at(&stage, "[::1]", six.port, "/empty", "::1");
	reply = stage_perform(&stage);
	assert_ok(reply);
	assert_string_equal(reply->remote_ip, "::1");
	/* And the door is shut again behind it. */
	stage_request_at(&stage, "localhost", server.port, "/empty", "");
	assert_int_equal(stage_perform(&stage)->code,
		CURLE_COULDNT_RESOLVE_HOST);
	stage_request(&stage, "a.test", "/empty");
	assert_ok(stage_perform(&stage));
	stage_request_at(&stage, "six.test", six.port, "/empty",
		"127.0.0.2,::1");
	assert_ok(stage_perform(&stage));
	stage_close(&stage);
	server_stop(&six);
}

/* As --resolve '[2001:db8::1]:PORT:127.0.0.2,127.0.0.1' has it. */
static void
ipv6_literals_can_be_pinned_elsewhere(void **state)
{
	struct stage stage = { .settings = plain };
	const struct fetch_reply *reply;
	int i;

	(void)state;
	stage_open(&stage);
	/* The first address is nobody's: the next one is tried, too. */
	for (i = 0; i < 2; i++) {
		stage_request_at(&stage, "[2001:db8::1]", server.port, "/echo",
			"::1,127.0.0.1");
		reply = stage_perform(&stage);
		assert_ok(reply);
		assert_string_equal(reply->remote_ip, "127.0.0.1");
		assert_true(echoed(&stage, "Host: [2001:db8::1]"));
	}
	/* Nothing of it stays behind. */
	stage_request(&stage, "a.test", "/echo");
	assert_ok(stage_perform(&stage));
	assert_true(echoed(&stage, "Host: a.test"));
	stage_request_at(&stage, "literal.invalid", server.port, "/", "");
	assert_int_equal(stage_perform(&stage)->code,
		CURLE_COULDNT_RESOLVE_HOST);
	stage_close(&stage);
}

/* --- errors of the system --- */

static _Thread_local int no_ipv6;

/* In place of the C library's: a system without IPv6, when told so. */
int
socket(int family, int type, int protocol)
{
	static int (*real)(int, int, int);
	void *found;

	if (no_ipv6 && family == AF_INET6) {
		errno = EAFNOSUPPORT;
		return -1;
	}
	if (real == NULL) {
		found = dlsym(RTLD_NEXT, "socket");
		memcpy(&real, &found, sizeof real);
	}
	return real(family, type, protocol);
}

/* A port that nobody listens on. */
static unsigned
dead_port(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t len = sizeof at;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (struct sockaddr *)(void *)&at, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)(void *)&at,
		&len), 0);
	close(fd);
	return ntohs(at.sin_port);
}

static void
refused_connections_say_so(void **state)
{
	struct stage stage = { .settings = plain };
	const struct fetch_reply *reply;
	unsigned port = dead_port();

	(void)state;
	stage_open(&stage);
	stage_request_at(&stage, "a.test", port, "/", "127.0.0.1");
	reply = stage_perform(&stage);
	assert_int_equal(reply->code, CURLE_COULDNT_CONNECT);
	assert_int_equal(reply->os_errno, ECONNREFUSED);
	assert_non_null(reply->errormsg);
	/* Without IPv6 that is still what is wrong. */
	no_ipv6 = 1;
	stage_request_at(&stage, "a.test", port, "/", "::1,127.0.0.1");
	reply = stage_perform(&stage);
	no_ipv6 = 0;
	assert_int_equal(reply->code, CURLE_COULDNT_CONNECT);
	assert_int_equal(reply->os_errno, ECONNREFUSED);
	stage_close(&stage);
}

static void
used_up_files_say_so(void **state)
{
	struct stage stage = { .settings = plain };
	const struct fetch_reply *reply;
	struct rlimit limit, few;
	int fd;

	(void)state;
	stage_open(&stage);
	/* libcurl has all it needs besides the socket. */
	stage_request(&stage, "a.test", "/empty");
	assert_ok(stage_perform(&stage));
	stage_request(&stage, "b.test", "/empty");
	getrlimit(RLIMIT_NOFILE, &limit);
	fd = dup(STDERR_FILENO);
	close(fd);
	few = (struct rlimit){ (rlim_t)fd, limit.rlim_max };
	setrlimit(RLIMIT_NOFILE, &few);
	reply = stage_perform(&stage);
	setrlimit(RLIMIT_NOFILE, &limit);
	assert_int_equal(reply->code, CURLE_COULDNT_CONNECT);
	assert_int_equal(reply->os_errno, EMFILE);
	stage_request(&stage, "b.test", "/empty");
	assert_ok(stage_perform(&stage));
	stage_close(&stage);
}

/* --- cancelling --- */

/* A loop may be told to end before libcurl took the fetch up. */
static void
a_fetch_that_never_began_tells_nothing_of_the_last(void **state)
{
	struct stage stage = { .settings = plain };
	const struct fetch_reply *reply = &stage.fetch.reply;

	(void)state;
	stage_open(&stage);
	stage_request(&stage, "a.test", "/bytes/10");
	assert_ok(stage_perform(&stage));
	stage_request(&stage, "b.test", "/empty");
	assert_int_equal(easy_prepare(stage.easy, &stage.fetch), 0);
	easy_collect(stage.easy, CURLE_ABORTED_BY_CALLBACK);
	assert_int_equal(reply->code, CURLE_ABORTED_BY_CALLBACK);
	assert_int_equal(reply->response_code, 0);
	assert_int_equal(reply->num_connects, 0);
	assert_int_equal(reply->connect_us, 0);
	assert_string_equal(reply->remote_ip, "");
	assert_null(reply->content_type);
	assert_null(reply->http_version);
	assert_in_range(reply->total_us, 0, 5 * CLOCK_SECOND);
	stage_close(&stage);
}

/* --- proxies --- */

static void
the_environments_proxy_is_not_asked(void **state)
{
	struct stage stage = { .settings = plain };

	(void)state;
	setenv("http_proxy", "http://127.0.0.1:1/", 1);
	setenv("all_proxy", "http://127.0.0.1:1/", 1);
	stage_open(&stage);
	stage_request(&stage, "a.test", "/empty");
	assert_ok(stage_perform(&stage));
	unsetenv("http_proxy");
	unsetenv("all_proxy");
	stage_close(&stage);
}

/* The server is its own proxy: it echoes the request line as it came. */
static void
the_proxy_is_asked_whatever_the_environment_says(void **state)
{
	struct stage stage = { .settings = plain };
	char proxy[64];

	(void)state;
	snprintf(proxy, sizeof proxy, "http://m:n@127.0.0.1:%u", server.port);
	stage.settings.proxy = proxy;
	stage.settings.userpwd = "u:p";
	setenv("no_proxy", "*", 1);
	stage_open(&stage);
	stage_request(&stage, "a.test", "/echo");
	assert_ok(stage_perform(&stage));
	unsetenv("no_proxy");
	assert_true(echoed(&stage, "GET http://a.test"));
	assert_true(echoed(&stage, "Proxy-Authorization: Basic bTpu"));
	assert_true(echoed(&stage, "Authorization: Basic dTpw"));
	/* Its own login goes along wherever the URL leads. */
	stage_request(&stage, "b.test", "/echo")->flags = 0;
	assert_ok(stage_perform(&stage));
	assert_true(echoed(&stage, "Proxy-Authorization: Basic bTpu"));
	assert_false(echoed(&stage, "dTpw"));
	stage_close(&stage);
}

/* Not at 1080, which is libcurl's idea of one. */
static void
a_proxy_without_a_port_is_at_its_schemes(void **state)
{
	static const char *const proxies[] = { "127.0.0.1", "127.0.0.1:80",
		"http://127.0.0.1/", "http://127.0.0.1:80" };
	const struct fetch_reply *reply;
	size_t i;

	(void)state;
	for (i = 0; i < 4; i++) {
		struct stage stage = { .settings = plain };

		stage.settings.proxy = proxies[i];
		stage_open(&stage);
		stage_request(&stage, "a.test", "/")->time_left_us =
			CLOCK_SECOND;
		reply = stage_perform(&stage);
		/* Whatever listens there, it was found. */
		if (reply->code == CURLE_COULDNT_RESOLVE_PROXY ||
		    reply->code == CURLE_COULDNT_RESOLVE_HOST)
			fail_msg("%s: %s", proxies[i], reply->errormsg);
		stage_close(&stage);
	}
}

static void
a_bad_proxy_is_named_without_its_password(void **state)
{
	static const char *const proxies[] = {
		"socks5://m:hunter2@h:1", "http://m:hunter2@",
		"http://m:hunter2@h:0", "http://m:hunter2@h h/",
	};
	struct easy_settings settings = plain;
	struct easy_env env;
	struct err err;
	size_t i;

	(void)state;
	for (i = 0; i < 4; i++) {
		settings.proxy = proxies[i];
		err = (struct err){ 0 };
		assert_int_equal(easy_env_init(&env, &settings, TLS_SHARED,
			&err), -1);
		assert_int_equal(err.code, ERR_USAGE);
		assert_non_null(strstr(err.text, "--proxy"));
		assert_null(strstr(err.text, "hunter2"));
	}
}

/* --- addresses that are denied --- */

/* Whatever the core let through. */
static const struct {
	const char *note, *host, *addrs;
	const char *deny;
	const char *why;	/* NULL: it is fetched */
	unsigned sockets;
} denials[] = {
	{ "its only address", "a.test", "127.0.0.1", "127.0.0.1",
		"127.0.0.1 is denied (--deny-net 127.0.0.1/32)", 0 },
	{ "both", "a.test", "127.0.0.1,127.0.0.2", "127.0.0.0/8",
		"127.0.0.2 is denied (--deny-net 127.0.0.0/8)", 0 },
	{ "one of two", "a.test", "127.0.0.2,127.0.0.1", "127.0.0.2", NULL,
		1 },
	{ "none", "a.test", "127.0.0.1", "127.0.0.2", NULL, 1 },
	{ "a literal", "127.0.0.1", "127.0.0.1", "127.0.0.0/8",
		"127.0.0.1 is denied (--deny-net 127.0.0.0/8)", 0 },
	{ "of IPv6, which libcurl reads by itself", "[::1]", "::1", "::1",
		"::1 is denied (--deny-net ::1/128)", 0 },
	{ "mapped, likewise", "[::ffff:127.0.0.1]", "::ffff:127.0.0.1",
		"127.0.0.1", "::ffff:127.0.0.1 leads to 127.0.0.1, which is "
		"denied (--deny-net 127.0.0.1/32)", 0 },
	{ "a literal that is pinned elsewhere", "[2001:db8::1]", "127.0.0.1",
		"127.0.0.1", "127.0.0.1 is denied (--deny-net 127.0.0.1/32)",
		0 },
};

static void
a_denied_address_gets_no_socket(void **state)
{
	const struct fetch_reply *reply;
	struct policy *policy;
	struct stage stage;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof denials / sizeof *denials; i++) {
		print_message("# %s\n", denials[i].note);
		policy = policy_new();
		assert_int_equal(policy_add(policy, POLICY_DENIED,
			denials[i].deny, NULL), 0);
		stage = (struct stage){ .settings = plain };
		stage.settings.policy = policy;
		stage_open(&stage);
		stage_request_at(&stage, denials[i].host, server.port,
			"/empty", denials[i].addrs);
		reply = stage_perform(&stage);
		assert_int_equal(reply->sockets, denials[i].sockets);
		if (denials[i].why != NULL) {
			assert_int_equal(reply->refusal, FETCH_DENIED);
			assert_int_equal(reply->code, CURLE_COULDNT_CONNECT);
			assert_string_equal(reply->errormsg, denials[i].why);
		} else {
			assert_ok(reply);
		}
		stage_close(&stage);
		policy_free(policy);
	}
}

/* What is wrong with the addresses that are left is the reason then. */
static void
a_refused_connection_is_not_a_denied_one(void **state)
{
	struct policy *policy = policy_new();
	struct stage stage = { .settings = plain };
	const struct fetch_reply *reply;

	(void)state;
	assert_int_equal(policy_add(policy, POLICY_DENIED, "127.0.0.2", NULL),
		0);
	stage.settings.policy = policy;
	stage_open(&stage);
	stage_request_at(&stage, "a.test", server.port, "/", "127.0.0.2");
	assert_int_equal(stage_perform(&stage)->refusal, FETCH_DENIED);
	stage_request_at(&stage, "a.test", server.port, "/", "127.9.9.9");
	reply = stage_perform(&stage);
	assert_int_equal(reply->refusal, FETCH_ACCEPTED);
	assert_int_equal(reply->os_errno, ECONNREFUSED);
	stage_request(&stage, "a.test", "/empty");
	assert_ok(stage_perform(&stage));
	stage_close(&stage);
	policy_free(policy);
}

/* --- Unix sockets --- */

struct answer {
	int listener;
	const char *text;
};

static void *
answer_once(void *arg)
{
	const struct answer *answer = arg;
	char request[4096];
	int fd = accept(answer->listener, NULL, NULL);

	if (read(fd, request, sizeof request) > 0 &&
	    write(fd, answer->text, strlen(answer->text)) < 0)
		perror("write");
	close(fd);
	return NULL;
}

static int
listen_at(struct sockaddr_un *at)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(at->sun_path, sizeof at->sun_path, "/tmp/socket-%d",
		(int)getpid());
	assert_int_equal(bind(fd, (struct sockaddr *)(void *)at, sizeof *at),
		0);
	assert_int_equal(listen(fd, 1), 0);
	return fd;
}

/* What would be taken for the body is not: nobody has asked for gzip. */
static void
a_body_in_an_unknown_coding_is_refused(void **state)
{
	static const struct {
		const char *text, *method;
		enum fetch_refusal refusal;
		const char *body;
	} cases[] = {
		{ "Transfer-Encoding: gzip\r\n\r\nxyz", NULL, FETCH_CODED, "" },
		{ "Transfer-Encoding: gzip, chunked\r\n\r\n3\r\nxyz\r\n"
			"0\r\n\r\n", NULL, FETCH_CODED, "" },
		{ "Transfer-Encoding: cow\r\n\r\nxyz", NULL, FETCH_CODED, "" },
		{ "Transfer-Encoding: identity\r\n\r\nxyz", NULL,
			FETCH_ACCEPTED, "xyz" },
		{ "Transfer-Encoding: chunked\r\n\r\n3\r\nxyz\r\n"
			"0\r\n\r\n", NULL, FETCH_ACCEPTED, "xyz" },
		{ "Transfer-Encoding: gzip\r\n\r\n", "HEAD",
			FETCH_ACCEPTED, "" },
	};
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	struct stage stage = { .settings = plain };
	const struct fetch_reply *reply;
	struct answer answer;
	pthread_t thread;
	char text[256];
	size_t i;

	(void)state;
	answer.listener = listen_at(&at);
	answer.text = text;
	stage.settings.unix_socket = at.sun_path;
	stage_open(&stage);
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\n%s",
			cases[i].text);
		assert_int_equal(pthread_create(&thread, NULL, answer_once,
			&answer), 0);
		stage_request_at(&stage, "a.test", 1, "/", "")->method =
			cases[i].method;
		reply = stage_perform(&stage);
		pthread_join(thread, NULL);
		if (reply->refusal != cases[i].refusal ||
		    (reply->code == CURLE_OK) !=
		    (cases[i].refusal == FETCH_ACCEPTED))
			fail_msg("%s: refusal %d, code %d", cases[i].text,
				(int)reply->refusal, (int)reply->code);
		assert_string_equal(buf_text(&stage.body), cases[i].body);
	}
	stage_close(&stage);
	close(answer.listener);
	unlink(at.sun_path);
}

static void
a_unix_socket_stands_for_every_host(void **state)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	struct stage stage = { .settings = plain };
	struct answer answer;
	pthread_t thread;

	(void)state;
	answer.text = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
	answer.listener = listen_at(&at);
	assert_int_equal(pthread_create(&thread, NULL, answer_once, &answer),
		0);
	stage.settings.unix_socket = at.sun_path;
	stage_open(&stage);
	stage_request_at(&stage, "a.test", 1, "/", "");
	assert_ok(stage_perform(&stage));
	assert_string_equal(buf_text(&stage.body), "ok");
	pthread_join(thread, NULL);
	close(answer.listener);
	unlink(at.sun_path);
	/* Now there is nobody. */
	stage_request_at(&stage, "a.test", 1, "/", "");
	assert_int_equal(stage_perform(&stage)->code, CURLE_COULDNT_CONNECT);
	stage_close(&stage);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(each_asks_for_what_its_url_says),
	cmocka_unit_test(the_agent_is_told_once),
	cmocka_unit_test(a_reply_tells_what_came),
	cmocka_unit_test(refusals_break_the_transfer_off),
	cmocka_unit_test(time_left_is_kept_to),
	cmocka_unit_test(a_late_reply_on_a_kept_connection_has_no_connect),
	cmocka_unit_test(a_late_connection_has_one),
	cmocka_unit_test(connections_are_kept_when_told_to),
	cmocka_unit_test(methods_and_bodies_do_not_stay_behind),
	cmocka_unit_test(head_waits_for_no_body),
	cmocka_unit_test(secrets_go_to_the_trusted_origin_only),
	cmocka_unit_test(the_simple_request_has_them_too),
	cmocka_unit_test(a_urls_own_login_wins_and_stays_its_own),
	cmocka_unit_test(headers_about_a_dropped_body_go_with_it),
	cmocka_unit_test(a_urls_own_headers_win_over_the_runs),
	cmocka_unit_test(only_negotiation_travels),
	cmocka_unit_test(what_is_not_pinned_is_not_resolved),
	cmocka_unit_test(pins_follow_the_addresses),
	cmocka_unit_test(pins_outlive_a_request_that_was_refused),
	cmocka_unit_test(a_request_that_libcurl_refuses_is_over),
	cmocka_unit_test(settings_that_libcurl_refuses_make_no_handle),
	cmocka_unit_test(a_missing_certificate_is_told_before_the_first_request),
	cmocka_unit_test(names_may_begin_with_a_hyphen),
	cmocka_unit_test(ipv6_literals_need_no_pin),
	cmocka_unit_test(ipv6_literals_can_be_pinned_elsewhere),
	cmocka_unit_test(refused_connections_say_so),
	cmocka_unit_test(used_up_files_say_so),
	cmocka_unit_test(a_fetch_that_never_began_tells_nothing_of_the_last),
	cmocka_unit_test(the_environments_proxy_is_not_asked),
	cmocka_unit_test(the_proxy_is_asked_whatever_the_environment_says),
	cmocka_unit_test(a_proxy_without_a_port_is_at_its_schemes),
	cmocka_unit_test(a_bad_proxy_is_named_without_its_password),
	cmocka_unit_test(a_body_in_an_unknown_coding_is_refused),
	cmocka_unit_test(a_denied_address_gets_no_socket),
	cmocka_unit_test(a_refused_connection_is_not_a_denied_one),
	cmocka_unit_test(a_unix_socket_stands_for_every_host),
};

UNIT_MAIN_WITH_SERVER("net/easy", tests)
