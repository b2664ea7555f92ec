/* SPDX-License-Identifier: MIT */
/*
 * Verdicts: every code, status and refusal has its class, retries keep to
 * their bounds, and --retry-on says what it means.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>

#include "base/clock.h"
#include "core/verdict.h"
#include "net/fetch.h"
#include "unit.h"

#define ANY UINT64_C(0x123456789abcdef)

/* A first attempt of a run without end; then what is special about it. */
#define FIRST .number = 1, .left_us = INT64_MAX, .random = ANY
#define JUDGE(policy, reply, ...) verdict_of_reply(policy, reply, \
	&(struct verdict_attempt){ FIRST, __VA_ARGS__ })

static char refused_text[] = "Failed to connect to h port 80";
static char tunnel_text[] = "CONNECT tunnel failed, response 403";
static char slow_text[] = "Operation too slow. Less than 100 bytes/sec";
static char late_text[] = "Operation timed out after 1000 milliseconds";
static char location[] = "/next";

static const struct verdict_policy plain = { .follow = 1, .max_redirs = 10 };

/* A reply as it came: code, refusal, errno, status, connect, TLS. */
#define REPLY(the_code, the_refusal, number, status, connect, tls, text) \
	{ .code = (the_code), .refusal = (the_refusal), .os_errno = (number), \
	  .response_code = (status), .connect_us = (connect), \
	  .appconnect_us = (tls), .errormsg = (text), .retry_after_us = -1, \
	  .sockets = 1 }
#define STATUS(status) REPLY(CURLE_OK, FETCH_ACCEPTED, 0, status, 1, 0, NULL)
#define CODE(code) REPLY(code, FETCH_ACCEPTED, 0, 0, 1, 0, NULL)
#define CODE_IN(code) REPLY(code, FETCH_ACCEPTED, 0, 200, 1, 0, NULL)
#define NO_CONNECTION(number) REPLY(CURLE_COULDNT_CONNECT, FETCH_ACCEPTED, \
	number, 0, 0, 0, refused_text)
#define LATE(status, connect, tls) REPLY(CURLE_OPERATION_TIMEDOUT, \
	FETCH_ACCEPTED, 0, status, connect, tls, late_text)
#define LATE_KEPT(status) { .code = CURLE_OPERATION_TIMEDOUT, \
	.response_code = (status), .errormsg = late_text, .retry_after_us = -1 }
#define BROKEN_OFF(refusal) REPLY(CURLE_WRITE_ERROR, refusal, ENOSPC, 200, \
	1, 0, NULL)

static const struct {
	const char *note;
	struct fetch_reply reply;
	int https;
	int ok;
	enum error_class class;
	const char *detail;
} replies[] = {
	{ "all well", STATUS(200), 0, 1, ERROR_NONE, NULL },
	{ "no content", STATUS(204), 0, 1, ERROR_NONE, NULL },
	{ "the last good one", STATUS(399), 0, 1, ERROR_NONE, NULL },
	{ "not modified is no redirect", STATUS(304), 0, 1, ERROR_NONE, NULL },
	{ "a redirect without a place", STATUS(302), 0, 1, ERROR_NONE, NULL },
	{ "the first bad one", STATUS(400), 0, 0, ERROR_HTTP, NULL },
	{ "not found", STATUS(404), 0, 0, ERROR_HTTP, NULL },
	{ "busy", STATUS(503), 0, 0, ERROR_HTTP, NULL },
	{ "a status of no class", STATUS(999), 0, 0, ERROR_HTTP, NULL },
	{ "no status", STATUS(0), 0, 0, ERROR_HTTP, "bad_reply" },
	{ "only an interim reply", STATUS(101), 0, 0, ERROR_HTTP, "bad_reply" },

	{ "not pinned", CODE(CURLE_COULDNT_RESOLVE_HOST), 0, 0, ERROR_DNS,
		"unpinned" },
	{ "proxy not pinned", CODE(CURLE_COULDNT_RESOLVE_PROXY), 0, 0,
		ERROR_DNS, "unpinned" },
	{ "refused", NO_CONNECTION(ECONNREFUSED), 0, 0, ERROR_CONNECT,
		"refused" },
	{ "reset while connecting", NO_CONNECTION(ECONNRESET), 0, 0,
		ERROR_CONNECT, "reset" },
	{ "no route", NO_CONNECTION(EHOSTUNREACH), 0, 0, ERROR_CONNECT,
		"unreachable" },
	{ "no network", NO_CONNECTION(ENETUNREACH), 0, 0, ERROR_CONNECT,
		"unreachable" },
	{ "our files are used up", NO_CONNECTION(EMFILE), 0, 0, ERROR_LOCAL,
		"fd_limit" },
	{ "the system's are", NO_CONNECTION(ENFILE), 0, 0, ERROR_LOCAL,
		"fd_limit" },
	{ "no port left", NO_CONNECTION(EADDRNOTAVAIL), 0, 0, ERROR_LOCAL,
		"ports" },
	{ "for no known reason", NO_CONNECTION(0), 0, 0, ERROR_CONNECT, NULL },

	{ "late before connected", LATE(0, 0, 0), 0, 0, ERROR_TIMEOUT,
		"connect" },
	{ "late in the handshake", LATE(0, 1, 0), 1, 0, ERROR_TIMEOUT, "tls" },
	{ "late first byte", LATE(0, 1, 0), 0, 0, ERROR_TIMEOUT, "first_byte" },
	{ "late first byte over TLS", LATE(0, 1, 2), 1, 0, ERROR_TIMEOUT,
		"first_byte" },
	{ "late body", LATE(200, 1, 0), 0, 0, ERROR_TIMEOUT, "body" },
	{ "late on a kept connection", LATE_KEPT(0), 0, 0, ERROR_TIMEOUT,
		"first_byte" },
	{ "the same over TLS", LATE_KEPT(0), 1, 0, ERROR_TIMEOUT,
		"first_byte" },
	{ "late body on a kept connection", LATE_KEPT(200), 1, 0,
		ERROR_TIMEOUT, "body" },
	{ "too slow", REPLY(CURLE_OPERATION_TIMEDOUT, FETCH_ACCEPTED, 0, 200,
		1, 0, slow_text), 0, 0, ERROR_TIMEOUT, "slow" },

	{ "closed without a word", CODE(CURLE_GOT_NOTHING), 0, 0, ERROR_HTTP,
		"empty_reply" },
	{ "reset before the reply", CODE(CURLE_RECV_ERROR), 0, 0, ERROR_HTTP,
		"reset" },
	{ "reset in the body", CODE_IN(CURLE_RECV_ERROR), 0, 0, ERROR_BODY,
		"reset" },
	{ "reset while sending", CODE(CURLE_SEND_ERROR), 0, 0, ERROR_HTTP,
		"reset" },
	{ "a proxy that refuses", REPLY(CURLE_RECV_ERROR, FETCH_ACCEPTED, 0, 0,
		1, 0, tunnel_text), 1, 0, ERROR_HTTP, "proxy" },
	{ "cut", CODE_IN(CURLE_PARTIAL_FILE), 0, 0, ERROR_BODY, "cut" },
	{ "larger than allowed", CODE_IN(CURLE_FILESIZE_EXCEEDED), 0, 0,
		ERROR_BODY, "limit" },
	{ "wrong certificate", CODE(CURLE_PEER_FAILED_VERIFICATION), 1, 0,
		ERROR_TLS, "certificate" },
	{ "wrong issuer", CODE(CURLE_SSL_ISSUER_ERROR), 1, 0, ERROR_TLS,
		"certificate" },
	{ "revoked", CODE(CURLE_SSL_INVALIDCERTSTATUS), 1, 0, ERROR_TLS,
		"certificate" },
	{ "not the pinned key", CODE(CURLE_SSL_PINNEDPUBKEYNOTMATCH), 1, 0,
		ERROR_TLS, "certificate" },
	{ "ours is wanted", CODE(CURLE_SSL_CLIENTCERT), 1, 0, ERROR_TLS,
		"certificate" },
	{ "no handshake", CODE(CURLE_SSL_CONNECT_ERROR), 1, 0, ERROR_TLS,
		"handshake" },
	{ "no common cipher", CODE(CURLE_SSL_CIPHER), 1, 0, ERROR_TLS,
		"handshake" },
	{ "no TLS at all", CODE(CURLE_USE_SSL_FAILED), 1, 0, ERROR_TLS,
		"handshake" },
	{ "no TLS shutdown", CODE(CURLE_SSL_SHUTDOWN_FAILED), 1, 0, ERROR_TLS,
		"handshake" },
	{ "HTTP/0.9", CODE(CURLE_UNSUPPORTED_PROTOCOL), 0, 0, ERROR_HTTP,
		"bad_reply" },
	{ "no HTTP", CODE(CURLE_WEIRD_SERVER_REPLY), 0, 0, ERROR_HTTP,
		"bad_reply" },
	{ "bad chunks", CODE_IN(CURLE_BAD_CONTENT_ENCODING), 0, 0, ERROR_HTTP,
		"bad_reply" },
	{ "broken frames", CODE(CURLE_HTTP2), 1, 0, ERROR_HTTP, "bad_reply" },
	{ "a broken stream", CODE(CURLE_HTTP2_STREAM), 1, 0, ERROR_HTTP,
		"bad_reply" },
	{ "a header line of 100 KiB", CODE_IN(CURLE_OUT_OF_MEMORY), 0, 0,
		ERROR_HTTP, "header_limit" },
	{ "the same from 8.6 on", CODE_IN(100), 0, 0, ERROR_HTTP,
		"header_limit" },
	{ "no memory", CODE(CURLE_OUT_OF_MEMORY), 0, 0, ERROR_LOCAL, "memory" },
	{ "ended by us", CODE(CURLE_ABORTED_BY_CALLBACK), 0, 0, ERROR_STOPPED,
		NULL },
	{ "no URL to libcurl", CODE(CURLE_URL_MALFORMAT), 0, 0, ERROR_LOCAL,
		"request" },
	{ "no request to libcurl", CODE(CURLE_BAD_FUNCTION_ARGUMENT), 0, 0,
		ERROR_LOCAL, "request" },
	{ "what never happens", CODE(CURLE_FTP_ACCEPT_FAILED), 0, 0,
		ERROR_LOCAL, "libcurl" },
	{ "a code not invented yet", CODE(9999), 0, 0, ERROR_LOCAL,
		"libcurl" },

	{ "headers too large", BROKEN_OFF(FETCH_HEADER_LIMIT), 0, 0,
		ERROR_HTTP, "header_limit" },
	{ "a stray CR", BROKEN_OFF(FETCH_BAD_HEADER), 0, 0, ERROR_HTTP,
		"bad_header" },
	{ "two lengths", BROKEN_OFF(FETCH_TWO_LENGTHS), 0, 0, ERROR_HTTP,
		"content_length" },
	{ "coded", BROKEN_OFF(FETCH_CODED), 0, 0, ERROR_HTTP,
		"transfer_encoding" },
	{ "two places", BROKEN_OFF(FETCH_TWO_LOCATIONS), 0, 0, ERROR_HTTP,
		"location" },
	{ "body too large", BROKEN_OFF(FETCH_BODY_LIMIT), 0, 0, ERROR_BODY,
		"limit" },
	{ "chunks of framing", BROKEN_OFF(FETCH_FRAMING), 0, 0, ERROR_HTTP,
		"bad_reply" },
	{ "another part", BROKEN_OFF(FETCH_BAD_RANGE), 0, 0, ERROR_HTTP,
		"bad_reply" },
	{ "an address that is denied", REPLY(CURLE_COULDNT_CONNECT,
		FETCH_DENIED, 0, 0, 0, 0, NULL), 0, 0, ERROR_POLICY,
		"denied" },
	{ "disk full", BROKEN_OFF(FETCH_NOT_WRITTEN), 0, 0, ERROR_LOCAL,
		"write_failed" },
	{ "cancelled", BROKEN_OFF(FETCH_CANCELLED), 0, 0, ERROR_STOPPED,
		NULL },
};

#define REPLIES (sizeof replies / sizeof *replies)

static void
assert_detail(const char *note, const char *detail, const char *expected)
{
	if ((detail == NULL) != (expected == NULL) ||
	    (detail != NULL && strcmp(detail, expected) != 0))
		fail_msg("%s: detail %s, not %s", note,
			detail != NULL ? detail : "NULL",
			expected != NULL ? expected : "NULL");
}

static void
each_reply_has_its_class(void **state)
{
	struct verdict verdict;
	size_t i;

	(void)state;
	for (i = 0; i < REPLIES; i++) {
		verdict = JUDGE(&plain, &replies[i].reply,
			.https = replies[i].https);
		if (verdict.kind != VERDICT_FINAL ||
		    verdict.ok != replies[i].ok ||
		    verdict.error_class != replies[i].class)
			fail_msg("%s: kind %d, ok %d, class %s",
				replies[i].note, (int)verdict.kind, verdict.ok,
				error_class_name(verdict.error_class));
		assert_detail(replies[i].note, verdict.detail,
			replies[i].detail);
	}
}

static int
detail_is_listed(const char *detail)
{
	size_t i;

	for (i = 0; verdict_details[i] != NULL; i++)
		if (strcmp(verdict_details[i], detail) == 0)
			return 1;
	return 0;
}

static void
no_code_is_without_a_class(void **state)
{
	struct fetch_reply reply = { .retry_after_us = -1 };
	struct verdict verdict;
	int code, status;

	(void)state;
	for (code = 1; code < CURL_LAST + 20; code++)
		for (status = 0; status <= 200; status += 200) {
			reply.code = (CURLcode)code;
			reply.response_code = status;
			verdict = JUDGE(&plain, &reply, .https = 1);
			assert_false(verdict.ok);
			assert_int_not_equal(verdict.error_class, ERROR_NONE);
			if (verdict.detail != NULL &&
			    !detail_is_listed(verdict.detail))
				fail_msg("code %d: '%s' is not listed", code,
					verdict.detail);
		}
}

static void
each_name_failure_has_its_class(void **state)
{
	static const struct {
		enum names_status status;
		enum error_class class;
		const char *detail;
		int transient;
	} cases[] = {
		{ NAMES_NXDOMAIN, ERROR_DNS, "nxdomain", 0 },
		{ NAMES_NODATA, ERROR_DNS, "nodata", 0 },
		{ NAMES_BADNAME, ERROR_DNS, "badname", 0 },
		{ NAMES_SERVFAIL, ERROR_DNS, "servfail", 1 },
		{ NAMES_REFUSED, ERROR_DNS, "refused", 1 },
		{ NAMES_NOSERVER, ERROR_DNS, "noserver", 1 },
		{ NAMES_TIMEOUT, ERROR_TIMEOUT, "resolve", 1 },
		{ NAMES_DENIED, ERROR_POLICY, "denied", 0 },
	};
	static const struct verdict_attempt first = { FIRST };
	static const struct verdict_attempt second = { .number = 2,
		.left_us = INT64_MAX };
	struct verdict_policy policy = { .retries = 1 };
	struct verdict verdict;
	size_t i;

	(void)state;
	policy.retry_on.classes = 1u << ERROR_DNS | 1u << ERROR_TIMEOUT;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		verdict = verdict_of_name(&policy, cases[i].status, &first);
		assert_false(verdict.ok);
		assert_int_equal(verdict.error_class, cases[i].class);
		assert_detail(cases[i].detail, verdict.detail,
			cases[i].detail);
		assert_true(detail_is_listed(verdict.detail));
		assert_int_equal(verdict.kind, cases[i].transient ?
			VERDICT_RETRY : VERDICT_FINAL);
		verdict = verdict_of_name(&policy, cases[i].status, &second);
		assert_int_equal(verdict.kind, VERDICT_FINAL);
	}
}

/* Not even where somebody asks for it: it would be denied again. */
static void
what_is_denied_is_not_tried_again(void **state)
{
	struct fetch_reply reply = REPLY(CURLE_COULDNT_CONNECT, FETCH_DENIED,
		0, 0, 0, 0, NULL);
	static const struct verdict_attempt first = { FIRST };
	struct verdict_policy policy = plain;

	(void)state;
	policy.retries = 1;
	assert_int_equal(verdict_retry_on_parse(&policy.retry_on,
		"policy,denied,connect", NULL), 0);
	assert_int_equal(JUDGE(&policy, &reply).kind, VERDICT_FINAL);
	assert_int_equal(verdict_of_name(&policy, NAMES_DENIED, &first).kind,
		VERDICT_FINAL);
	reply.refusal = FETCH_ACCEPTED;
	assert_int_equal(JUDGE(&policy, &reply).kind, VERDICT_RETRY);
}

static void
redirects_are_followed_up_to_the_limit(void **state)
{
	static const struct {
		long status;
		int follow, has_location;
		unsigned max, hops;
		enum verdict_kind kind;
		int ok;
		enum error_class class;
	} cases[] = {
		{ 301, 1, 1, 10, 0, VERDICT_REDIRECT, 0, ERROR_NONE },
		{ 302, 1, 1, 10, 9, VERDICT_REDIRECT, 0, ERROR_NONE },
		{ 303, 1, 1, 1, 0, VERDICT_REDIRECT, 0, ERROR_NONE },
		{ 307, 1, 1, 10, 0, VERDICT_REDIRECT, 0, ERROR_NONE },
		{ 308, 1, 1, 10, 0, VERDICT_REDIRECT, 0, ERROR_NONE },
		{ 302, 1, 1, 10, 10, VERDICT_FINAL, 0, ERROR_REDIRECT },
		{ 302, 0, 1, 0, 0, VERDICT_FINAL, 1, ERROR_NONE },
		{ 302, 1, 0, 10, 0, VERDICT_FINAL, 1, ERROR_NONE },
		{ 300, 1, 1, 10, 0, VERDICT_FINAL, 1, ERROR_NONE },
		{ 304, 1, 1, 10, 0, VERDICT_FINAL, 1, ERROR_NONE },
		{ 305, 1, 1, 10, 0, VERDICT_FINAL, 1, ERROR_NONE },
		{ 201, 1, 1, 10, 0, VERDICT_FINAL, 1, ERROR_NONE },
		{ 404, 1, 1, 10, 0, VERDICT_FINAL, 0, ERROR_HTTP },
	};
	struct fetch_reply reply = { .retry_after_us = -1 };
	struct verdict_policy policy = plain;
	struct verdict verdict;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		reply.response_code = cases[i].status;
		reply.location = cases[i].has_location ? location : NULL;
		policy.follow = cases[i].follow;
		policy.max_redirs = cases[i].max;
		verdict = JUDGE(&policy, &reply, .n_hops = cases[i].hops);
		if (verdict.kind != cases[i].kind ||
		    verdict.ok != cases[i].ok ||
		    verdict.error_class != cases[i].class)
			fail_msg("case %zu: kind %d, ok %d, class %d", i,
				(int)verdict.kind, verdict.ok,
				(int)verdict.error_class);
	}
}

static void
a_reply_broken_off_redirects_nowhere(void **state)
{
	struct fetch_reply reply = {
		.code = CURLE_PARTIAL_FILE, .response_code = 302,
		.location = location, .retry_after_us = -1,
	};
	struct verdict verdict = JUDGE(&plain, &reply, .https = 0);

	(void)state;
	assert_int_equal(verdict.kind, VERDICT_FINAL);
	assert_int_equal(verdict.error_class, ERROR_BODY);
}

/* --- retries --- */

static struct verdict_policy
policy_retrying(const char *on, uint64_t retries)
{
	struct verdict_policy policy = { .retries = retries };

	assert_int_equal(verdict_retry_on_parse(&policy.retry_on, on, NULL),
		0);
	return policy;
}

static void
only_what_was_named_is_tried_again(void **state)
{
	static const struct {
		const char *on;
		struct fetch_reply reply;
		int again;
	} cases[] = {
		{ "none", STATUS(503), 0 },
		{ "none", CODE(CURLE_GOT_NOTHING), 0 },
		{ "503", STATUS(503), 1 },
		{ "503", STATUS(502), 0 },
		{ "400", STATUS(400), 1 },
		{ "599", STATUS(599), 1 },
		{ "599", STATUS(600), 0 },
		{ "http", STATUS(503), 1 },
		{ "http", STATUS(999), 1 },
		{ "http", CODE(CURLE_GOT_NOTHING), 1 },
		{ "empty_reply", CODE(CURLE_GOT_NOTHING), 1 },
		{ "empty_reply", STATUS(503), 0 },
		{ "reset", CODE(CURLE_RECV_ERROR), 1 },
		{ "reset", CODE_IN(CURLE_RECV_ERROR), 1 },
		{ "reset", NO_CONNECTION(ECONNRESET), 1 },
		{ "reset", NO_CONNECTION(ECONNREFUSED), 0 },
		{ "connect", NO_CONNECTION(ECONNREFUSED), 1 },
		{ "connect", LATE(0, 0, 0), 0 },
		{ "timeout", LATE(0, 0, 0), 1 },
		{ "tls", CODE(CURLE_PEER_FAILED_VERIFICATION), 1 },
		{ "timeout", STATUS(200), 0 },
		{ "body,503", CODE_IN(CURLE_PARTIAL_FILE), 1 },
	};
	struct verdict_policy policy;
	struct verdict verdict;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		policy = policy_retrying(cases[i].on, 1);
		verdict = JUDGE(&policy, &cases[i].reply, .once = 0);
		if ((verdict.kind == VERDICT_RETRY) != cases[i].again)
			fail_msg("case %zu (%s): kind %d", i, cases[i].on,
				(int)verdict.kind);
	}
}

/* What a request that is not idempotent may come back from. */
static void
what_may_happen_twice_is_not_tried_again(void **state)
{
	static const char on[] = "dns,connect,tls,timeout,http,body,local";
	static const struct {
		const char *note;
		struct fetch_reply reply;
		unsigned hops;
		int again;
	} cases[] = {
		{ "refused", NO_CONNECTION(ECONNREFUSED), 0, 1 },
		{ "no files", NO_CONNECTION(EMFILE), 0, 1 },
		{ "no ports", NO_CONNECTION(EADDRNOTAVAIL), 0, 1 },
		{ "not connected in time", LATE(0, 0, 0), 0, 1 },
		{ "no handshake", CODE(CURLE_SSL_CONNECT_ERROR), 0, 1 },
		{ "no reply in time", LATE(0, 1, 0), 0, 0 },
		{ "on a kept connection", LATE_KEPT(0), 0, 0 },
		{ "closed without a word", CODE(CURLE_GOT_NOTHING), 0, 0 },
		{ "reset", CODE(CURLE_RECV_ERROR), 0, 0 },
		{ "busy", STATUS(503), 0, 0 },
		{ "cut", CODE_IN(CURLE_PARTIAL_FILE), 0, 0 },
		{ "no memory", CODE(CURLE_OUT_OF_MEMORY), 0, 0 },
		{ "refused after a redirect", NO_CONNECTION(ECONNREFUSED), 1,
			0 },
	};
	struct verdict_policy policy = policy_retrying(on, 1);
	enum verdict_kind kind;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		policy.retry_once = 0;
		kind = JUDGE(&policy, &cases[i].reply, .once = 1,
			.n_hops = cases[i].hops).kind;
		if ((kind == VERDICT_RETRY) != cases[i].again)
			fail_msg("%s: kind %d", cases[i].note, (int)kind);
		/* Idempotent, or asked for explicitly. */
		assert_int_equal(JUDGE(&policy, &cases[i].reply,
			.n_hops = cases[i].hops).kind, VERDICT_RETRY);
		policy.retry_once = 1;
		assert_int_equal(JUDGE(&policy, &cases[i].reply, .once = 1,
			.n_hops = cases[i].hops).kind, VERDICT_RETRY);
	}
	policy.retry_once = 0;
	assert_int_equal(verdict_of_name(&policy, NAMES_SERVFAIL,
		&(struct verdict_attempt){ FIRST, .once = 1 }).kind,
		VERDICT_RETRY);
	assert_int_equal(verdict_of_name(&policy, NAMES_SERVFAIL,
		&(struct verdict_attempt){ FIRST, .once = 1,
		.n_hops = 1 }).kind, VERDICT_FINAL);
}

/* At the end of a run's time the last attempt is the last word. */
static void
a_retry_that_would_come_too_late_is_none(void **state)
{
	static const struct {
		int64_t left_us;
		enum verdict_kind kind;
	} cases[] = {
		{ INT64_MAX, VERDICT_RETRY }, { 1001, VERDICT_RETRY },
		{ 1000, VERDICT_FINAL }, { 0, VERDICT_FINAL },
		{ -5, VERDICT_FINAL },
	};
	static const struct fetch_reply busy = STATUS(503);
	struct verdict_policy policy = policy_retrying("503,dns", 1);
	struct verdict_attempt attempt = { .number = 1 };
	size_t i;

	(void)state;
	policy.retry_delay_us = 1000;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		attempt.left_us = cases[i].left_us;
		assert_int_equal(verdict_of_reply(&policy, &busy,
			&attempt).kind, cases[i].kind);
		assert_int_equal(verdict_of_name(&policy, NAMES_SERVFAIL,
			&attempt).kind, cases[i].kind);
	}
}

static void
attempts_are_counted(void **state)
{
	static const struct fetch_reply busy = STATUS(503);
	uint64_t retries, attempt;
	struct verdict_policy policy;

	(void)state;
	for (retries = 0; retries < 4; retries++) {
		policy = policy_retrying("503", retries);
		for (attempt = 1; attempt < 6; attempt++)
			assert_int_equal(verdict_of_reply(&policy, &busy,
				&(struct verdict_attempt){ .number = attempt,
				.left_us = INT64_MAX }).kind, attempt <= retries ?
				VERDICT_RETRY : VERDICT_FINAL);
	}
}

static int64_t
delay_of(const struct verdict_policy *policy, uint64_t attempt,
	int64_t retry_after_us, uint64_t random)
{
	struct fetch_reply reply = STATUS(503);
	struct verdict verdict;

	reply.retry_after_us = retry_after_us;
	verdict = verdict_of_reply(policy, &reply, &(struct verdict_attempt){
		.number = attempt, .left_us = INT64_MAX, .random = random });
	return verdict.kind == VERDICT_RETRY ? verdict.delay_us : -1;
}

/* Half of 1 s, 2 s, 4 s ... 60 s at least, all of it at most. */
static void
waits_double_up_to_a_minute(void **state)
{
	static const int64_t most[] = { 1, 2, 4, 8, 16, 32, 60, 60, 60 };
	static const uint64_t randoms[] = { 0, 1, 499999, 500000, 500001,
		UINT64_C(30000000), UINT64_MAX / 2, UINT64_MAX, ANY };
	struct verdict_policy policy = policy_retrying("503", 2000);
	int64_t delay, all;
	size_t i, k;

	(void)state;
	for (i = 0; i < sizeof most / sizeof *most; i++) {
		all = most[i] * CLOCK_SECOND;
		for (k = 0; k < sizeof randoms / sizeof *randoms; k++) {
			delay = delay_of(&policy, i + 1, -1, randoms[k]);
			assert_in_range(delay, all / 2, all);
		}
		assert_int_equal(delay_of(&policy, i + 1, -1, 0), all / 2);
		assert_int_equal(delay_of(&policy, i + 1, -1,
			(uint64_t)all / 2), all);
	}
	assert_in_range(delay_of(&policy, 1000, -1, ANY), 30 * CLOCK_SECOND,
		60 * CLOCK_SECOND);
}

static void
a_set_delay_is_kept_to(void **state)
{
	struct verdict_policy policy = policy_retrying("503", 100);

	(void)state;
	policy.retry_delay_us = 250 * CLOCK_MS;
	assert_int_equal(delay_of(&policy, 1, -1, ANY), 250 * CLOCK_MS);
	assert_int_equal(delay_of(&policy, 90, -1, ANY), 250 * CLOCK_MS);
}

static void
a_server_may_ask_for_patience(void **state)
{
	struct verdict_policy policy = policy_retrying("503", 100);

	(void)state;
	assert_int_equal(delay_of(&policy, 1, 7 * CLOCK_SECOND, ANY),
		7 * CLOCK_SECOND);
	/* One that asks for less than we wait gets what we wait. */
	assert_in_range(delay_of(&policy, 5, CLOCK_SECOND, ANY),
		8 * CLOCK_SECOND, 16 * CLOCK_SECOND);
	assert_in_range(delay_of(&policy, 1, 0, ANY), CLOCK_SECOND / 2,
		CLOCK_SECOND);
	assert_int_equal(delay_of(&policy, 1, 300 * CLOCK_SECOND, ANY),
		300 * CLOCK_SECOND);
	/* Too much patience: the attempt is final. */
	assert_int_equal(delay_of(&policy, 1, 301 * CLOCK_SECOND, ANY), -1);
}

/* --- --retry-on --- */

static void
bad_words_are_named_with_the_nearest(void **state)
{
	static const struct {
		const char *text, *word, *near;
	} cases[] = {
		{ "", "''", NULL },
		{ "dns,", "''", NULL },
		{ "dns,,tls", "''", NULL },
		{ "399", "'399'", NULL },
		{ "600", "'600'", NULL },
		{ "503x", "'503x'", NULL },
		{ "99999999999999999999999", "'99999999999999999999999'",
			NULL },
		{ "dns, tls", "' tls'", NULL },
		{ "DNS", "'DNS'", NULL },
		{ "none,dns", "'none'", NULL },
		{ "dns,none", "'none'", NULL },
		{ "empty_repl", "'empty_repl'", "'empty_reply'?" },
		{ "nxdomian", "'nxdomian'", "'nxdomain'?" },
		{ "a_word_that_is_longer_than_the_longest_one,dns",
			"'a_word_that_is_longer_than_the_", NULL },
	};
	struct verdict_retry_on on;
	struct err err;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		err = (struct err){ 0 };
		if (verdict_retry_on_parse(&on, cases[i].text, &err) == 0)
			fail_msg("'%s' is taken", cases[i].text);
		assert_int_equal(err.code, ERR_USAGE);
		if (strstr(err.text, cases[i].word) == NULL)
			fail_msg("'%s': %s", cases[i].text, err.text);
		if (cases[i].near != NULL &&
		    strstr(err.text, cases[i].near) == NULL)
			fail_msg("'%s': %s", cases[i].text, err.text);
	}
}

static void
every_word_there_is_can_be_named(void **state)
{
	struct verdict_retry_on on;
	char all[2048] = "429,503";
	size_t at = strlen(all), i;
	unsigned class;

	(void)state;
	for (class = ERROR_NONE + 1; class < ERROR_CLASS_COUNT; class++)
		at += (size_t)snprintf(all + at, sizeof all - at, ",%s",
			error_class_name((enum error_class)class));
	for (i = 0; verdict_details[i] != NULL; i++)
		at += (size_t)snprintf(all + at, sizeof all - at, ",%s",
			verdict_details[i]);
	assert_true(at < sizeof all);
	assert_int_equal(verdict_retry_on_parse(&on, all, NULL), 0);
	assert_int_equal(on.classes, (1u << ERROR_CLASS_COUNT) - 2);
	/* Those that are a class too are found as one. */
	assert_true(on.n_details >= i - ERROR_CLASS_COUNT && on.n_details < i);
	assert_true(on.codes[429 / 64] & UINT64_C(1) << (429 % 64));
}

static void
a_disk_that_is_full_is_told_from_one_body(void **state)
{
	static const struct {
		int number;
		const char *detail;
	} cases[] = {
		{ ENOSPC, "write_failed" }, { EDQUOT, "write_failed" },
		{ EROFS, "write_failed" }, { EIO, "write_failed" },
		{ EFBIG, "write_refused" }, { ENAMETOOLONG, "write_refused" },
		{ ENOENT, "write_refused" }, { EMFILE, "write_refused" },
		{ EBUSY, "in_use" }, { 0, "write_refused" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_string_equal(verdict_write_detail(cases[i].number),
			cases[i].detail);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(each_reply_has_its_class),
	cmocka_unit_test(no_code_is_without_a_class),
	cmocka_unit_test(each_name_failure_has_its_class),
	cmocka_unit_test(what_is_denied_is_not_tried_again),
	cmocka_unit_test(redirects_are_followed_up_to_the_limit),
	cmocka_unit_test(a_reply_broken_off_redirects_nowhere),
	cmocka_unit_test(only_what_was_named_is_tried_again),
	cmocka_unit_test(what_may_happen_twice_is_not_tried_again),
	cmocka_unit_test(a_retry_that_would_come_too_late_is_none),
	cmocka_unit_test(attempts_are_counted),
	cmocka_unit_test(waits_double_up_to_a_minute),
	cmocka_unit_test(a_set_delay_is_kept_to),
	cmocka_unit_test(a_server_may_ask_for_patience),
	cmocka_unit_test(bad_words_are_named_with_the_nearest),
	cmocka_unit_test(every_word_there_is_can_be_named),
	cmocka_unit_test(a_disk_that_is_full_is_told_from_one_body),
};

UNIT_MAIN("core/verdict", tests)
