/* SPDX-License-Identifier: MIT */
/*
 * verdict -- from libcurl's codes and HTTP's to final, redirect or retry.
 *
 * The classes are few and stable, for statistics and scripts; the details say
 * what a person wants to know and what --retry-on can pick.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "core/verdict.h"
#include "net/fetch.h"
#include "opt/opt.h"

/* A server may ask for patience up to here; beyond it the attempt is final. */
#define VERDICT_PATIENCE (5 * 60 * CLOCK_SECOND)
#define VERDICT_MAX_DELAY (60 * CLOCK_SECOND)

#define VERDICT_DETAIL(name, text) #name,
const char *const verdict_details[] = { VERDICT_DETAILS(VERDICT_DETAIL) NULL };
#undef VERDICT_DETAIL

struct verdict_error {
	enum error_class class;
	const char *detail;
};

#define ERROR_IS(name, text) ((struct verdict_error){ ERROR_##name, text })

/* --- what a reply means --- */

const char *
verdict_write_detail(int number)
{
	if (number == EBUSY)
		return "in_use";
	return number == ENOSPC || number == EDQUOT || number == EIO ||
		number == EROFS ? "write_failed" : "write_refused";
}

static struct verdict_error
verdict_of_errno(int number)
{
	switch (number) {
	case EMFILE:
	case ENFILE:
		return ERROR_IS(LOCAL, "fd_limit");
	case EADDRNOTAVAIL:
		return ERROR_IS(LOCAL, "ports");
	case ECONNREFUSED:
		return ERROR_IS(CONNECT, "refused");
	case ECONNRESET:
		return ERROR_IS(CONNECT, "reset");
	case EHOSTUNREACH:
	case ENETUNREACH:
		return ERROR_IS(CONNECT, "unreachable");
	}
	return ERROR_IS(CONNECT, NULL);
}

/* Which part of the transfer the time ran out in. */
static struct verdict_error
verdict_of_timeout(const struct fetch_reply *reply, int https)
{
	if (reply->errormsg != NULL &&
	    strncmp(reply->errormsg, "Operation too slow", 18) == 0)
		return ERROR_IS(TIMEOUT, "slow");
	/* A kept connection has no such times. */
	if (reply->connect_us == 0 && reply->sockets > 0)
		return ERROR_IS(TIMEOUT, "connect");
	if (https && reply->appconnect_us == 0 && reply->sockets > 0)
		return ERROR_IS(TIMEOUT, "tls");
	return ERROR_IS(TIMEOUT,
		reply->response_code == 0 ? "first_byte" : "body");
}

static struct verdict_error
verdict_of_refusal(const struct fetch_reply *reply)
{
	switch (reply->refusal) {
	case FETCH_HEADER_LIMIT:
		return ERROR_IS(HTTP, "header_limit");
	case FETCH_BAD_HEADER:
		return ERROR_IS(HTTP, "bad_header");
	case FETCH_TWO_LENGTHS:
		return ERROR_IS(HTTP, "content_length");
	case FETCH_TWO_LOCATIONS:
		return ERROR_IS(HTTP, "location");
	case FETCH_CODED:
		return ERROR_IS(HTTP, "transfer_encoding");
	case FETCH_FRAMING:
	case FETCH_BAD_RANGE:
		return ERROR_IS(HTTP, "bad_reply");
	case FETCH_BODY_LIMIT:
		return ERROR_IS(BODY, "limit");
	case FETCH_DENIED:
		return ERROR_IS(POLICY, "denied");
	case FETCH_NOT_WRITTEN:
		return ERROR_IS(LOCAL, verdict_write_detail(reply->os_errno));
	case FETCH_CANCELLED:
		return ERROR_IS(STOPPED, NULL);
	case FETCH_CRASHED:
		return ERROR_IS(LOCAL, "crashed");
	case FETCH_ACCEPTED:
	case FETCH_REFUSALS:
		break;
	}
	return ERROR_IS(NONE, NULL);
}

/* libcurl looks for a NUL before it lets our header callback see the line. */
static struct verdict_error
verdict_of_weird(const struct fetch_reply *reply)
{
	if (reply->errormsg != NULL &&
	    strncmp(reply->errormsg, "Nul byte in header", 18) == 0)
		return ERROR_IS(HTTP, "bad_header");
	return ERROR_IS(HTTP, "bad_reply");
}

/* 7.88 has the same code for a chunk that is none, and for a proxy's no. */
static struct verdict_error
verdict_of_break(const struct fetch_reply *reply)
{
	if (reply->errormsg != NULL &&
	    (strncmp(reply->errormsg, "CONNECT tunnel failed", 21) == 0 ||
	    strstr(reply->errormsg, "from proxy after CONNECT") != NULL))
		return ERROR_IS(HTTP, "proxy");
	if (reply->errormsg != NULL &&
	    strstr(reply->errormsg, "in chunked-encoding") != NULL)
		return ERROR_IS(HTTP, "bad_reply");
	return reply->response_code != 0 ? ERROR_IS(BODY, "reset") :
		ERROR_IS(HTTP, "reset");
}

static struct verdict_error
verdict_of_code(const struct fetch_reply *reply, int https)
{
	int begun = reply->response_code != 0;

	/* libcurl has more codes than matter: the rest is named at the end. */
	switch ((int)reply->code) {
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
		return ERROR_IS(DNS, "unpinned");
	case CURLE_COULDNT_CONNECT:
		return verdict_of_errno(reply->os_errno);
	case CURLE_OPERATION_TIMEDOUT:
		return verdict_of_timeout(reply, https);
	case CURLE_GOT_NOTHING:
		return ERROR_IS(HTTP, "empty_reply");
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR:
		return verdict_of_break(reply);
	case CURLE_PARTIAL_FILE:
		return ERROR_IS(BODY, "cut");
	case CURLE_FILESIZE_EXCEEDED:
		return ERROR_IS(BODY, "limit");
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_SSL_INVALIDCERTSTATUS:
	case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
	case CURLE_SSL_CLIENTCERT:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_CERTPROBLEM:
		return ERROR_IS(TLS, "certificate");
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_SSL_CIPHER:
	case CURLE_USE_SSL_FAILED:
	case CURLE_SSL_SHUTDOWN_FAILED:
		return ERROR_IS(TLS, "handshake");
	case CURLE_WEIRD_SERVER_REPLY:
		return verdict_of_weird(reply);
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_BAD_CONTENT_ENCODING:
	case CURLE_HTTP2:
	case CURLE_HTTP2_STREAM:
		return ERROR_IS(HTTP, "bad_reply");
	case 100:	/* CURLE_TOO_LARGE, since 8.6 */
		return ERROR_IS(HTTP, "header_limit");
	case CURLE_OUT_OF_MEMORY:
		/* 7.88 says so when one header line passes its 100 KiB. */
		return begun ? ERROR_IS(HTTP, "header_limit") :
			ERROR_IS(LOCAL, "memory");
	case CURLE_ABORTED_BY_CALLBACK:
		return ERROR_IS(STOPPED, NULL);
	case CURLE_URL_MALFORMAT:
	case CURLE_BAD_FUNCTION_ARGUMENT:
		return ERROR_IS(LOCAL, "request");
	}
	return ERROR_IS(LOCAL, "libcurl");
}

static struct verdict_error
verdict_error(const struct fetch_reply *reply, int https)
{
	if (reply->refusal != FETCH_ACCEPTED)
		return verdict_of_refusal(reply);
	if (reply->code != CURLE_OK)
		return verdict_of_code(reply, https);
	if (reply->response_code >= 200 && reply->response_code < 400)
		return ERROR_IS(NONE, NULL);
	return ERROR_IS(HTTP,
		reply->response_code < 200 ? "bad_reply" : NULL);
}

static int
verdict_redirects(const struct fetch_reply *reply)
{
	if (reply->code != CURLE_OK || reply->location == NULL)
		return 0;
	switch (reply->response_code) {
	case 301:
	case 302:
	case 303:
	case 307:
	case 308:
		return 1;
	}
	return 0;
}

/* --- whether to try again --- */

static int
verdict_wants_retry(const struct verdict_retry_on *on, unsigned class,
	const char *detail, long code)
{
	size_t i;

	/* The user's rules are the same a second later. */
	if (class == ERROR_POLICY)
		return 0;
	if (code > 0 && code < 600 && class == ERROR_HTTP && detail == NULL &&
	    (on->codes[code / 64] >> (code % 64)) & 1)
		return 1;
	if (on->classes & (1u << class))
		return 1;
	for (i = 0; detail != NULL && i < on->n_details; i++)
		if (strcmp(on->details[i], detail) == 0)
			return 1;
	return 0;
}

/*
 * 1 s, 2 s, 4 s ... up to a minute, each between half and all of that, so
 * that what failed together does not come back together.
 */
static int64_t
verdict_delay(const struct verdict_policy *policy, uint64_t attempt,
	uint64_t random)
{
	int64_t delay;

	if (policy->retry_delay_us > 0)
		return policy->retry_delay_us;
	delay = attempt < 7 ? CLOCK_SECOND << (attempt - 1) :
		VERDICT_MAX_DELAY;
	if (delay > VERDICT_MAX_DELAY)
		delay = VERDICT_MAX_DELAY;
	return delay / 2 + (int64_t)(random % (uint64_t)(delay / 2 + 1));
}

/* Whether it ended before there was a connection to send the request on. */
static int
verdict_unsent(const struct verdict *verdict)
{
	static const unsigned classes = 1u << ERROR_DNS | 1u << ERROR_CONNECT |
		1u << ERROR_TLS;
	static const char *const details[] = { "fd_limit", "ports", "resolve",
		"connect", "tls" };
	size_t i;

	if (classes & (1u << verdict->error_class))
		return 1;
	for (i = 0; i < sizeof details / sizeof *details; i++)
		if (verdict->detail != NULL &&
		    strcmp(verdict->detail, details[i]) == 0)
			return 1;
	return 0;
}

/* After a redirect the list's own request was sent, whatever came later. */
static int
verdict_may_repeat(const struct verdict_policy *policy,
	const struct verdict_attempt *attempt, const struct verdict *verdict)
{
	return !attempt->once || policy->retry_once ||
		(attempt->n_hops == 0 && verdict_unsent(verdict));
}

static void
verdict_try_again(const struct verdict_policy *policy,
	const struct verdict_attempt *attempt, int64_t retry_after_us,
	struct verdict *verdict)
{
	int64_t delay;

	if (attempt->number > policy->retries ||
	    retry_after_us > VERDICT_PATIENCE ||
	    !verdict_may_repeat(policy, attempt, verdict))
		return;
	delay = verdict_delay(policy, attempt->number, attempt->random);
	if (delay < retry_after_us)
		delay = retry_after_us;
	if (delay >= attempt->left_us)
		return;
	verdict->kind = VERDICT_RETRY;
	verdict->delay_us = delay;
}

struct verdict
verdict_of_reply(const struct verdict_policy *policy,
	const struct fetch_reply *reply,
	const struct verdict_attempt *attempt)
{
	struct verdict_error error = verdict_error(reply, attempt->https);
	struct verdict verdict = {
		.kind = VERDICT_FINAL,
		.error_class = error.class,
		.detail = error.detail,
	};

	if (error.class == ERROR_NONE && policy->follow &&
	    verdict_redirects(reply)) {
		if (attempt->n_hops < policy->max_redirs) {
			verdict.kind = VERDICT_REDIRECT;
			return verdict;
		}
		verdict.error_class = ERROR_REDIRECT;
		verdict.detail = "too_many";
		return verdict;
	}
	verdict.ok = error.class == ERROR_NONE;
	if (!verdict.ok && verdict_wants_retry(&policy->retry_on, error.class,
	    error.detail, reply->response_code))
		verdict_try_again(policy, attempt, reply->retry_after_us,
			&verdict);
	return verdict;
}

static enum error_class
verdict_name_class(enum names_status status)
{
	if (status == NAMES_DENIED)
		return ERROR_POLICY;
	return status == NAMES_TIMEOUT ? ERROR_TIMEOUT : ERROR_DNS;
}

struct verdict
verdict_of_name(const struct verdict_policy *policy, enum names_status status,
	const struct verdict_attempt *attempt)
{
	struct verdict verdict = {
		.kind = VERDICT_FINAL,
		.error_class = verdict_name_class(status),
		.detail = status == NAMES_TIMEOUT ? "resolve" :
			names_status_name(status),
	};

	if (names_status_transient(status) &&
	    verdict_wants_retry(&policy->retry_on, verdict.error_class,
	    verdict.detail, 0))
		verdict_try_again(policy, attempt, -1, &verdict);
	return verdict;
}

/* --- --retry-on --- */

static int
verdict_add_code(struct verdict_retry_on *ret, const char *word)
{
	char *end;
	unsigned long code = strtoul(word, &end, 10);

	if (*end != '\0' || code < 400 || code > 599)
		return -1;
	ret->codes[code / 64] |= UINT64_C(1) << (code % 64);
	return 0;
}

static int
verdict_add_word(struct verdict_retry_on *ret, const char *word)
{
	unsigned class;
	size_t i;

	if (word[0] >= '0' && word[0] <= '9')
		return verdict_add_code(ret, word);
	for (class = ERROR_NONE + 1; class < ERROR_CLASS_COUNT; class++)
		if (strcmp(error_class_name((enum error_class)class),
		    word) == 0) {
			ret->classes |= 1u << class;
			return 0;
		}
	for (i = 0; verdict_details[i] != NULL; i++)
		if (strcmp(verdict_details[i], word) == 0)
			break;
	if (verdict_details[i] == NULL ||
	    ret->n_details == sizeof ret->details / sizeof *ret->details)
		return -1;
	ret->details[ret->n_details++] = verdict_details[i];
	return 0;
}

int
verdict_retry_on_parse(struct verdict_retry_on *ret, const char *text,
	struct err *err)
{
	const char *near;
	char word[32];
	size_t len;

	*ret = (struct verdict_retry_on){ 0 };
	if (strcmp(text, "none") == 0)
		return 0;
	for (;;) {
		len = strcspn(text, ",");
		if (len >= sizeof word)
			len = sizeof word - 1;
		memcpy(word, text, len);
		word[len] = '\0';
		if (verdict_add_word(ret, word) != 0) {
			near = opt_nearest(word, verdict_details);
			return err_set(err, ERR_USAGE, "'%s' is no error "
				"class, detail or status code of 400 to 599%s%s%s",
				word, near != NULL ? "; did you mean '" : "",
				near != NULL ? near : "",
				near != NULL ? "'?" : "");
		}
		text += len;
		if (*text == '\0')
			return 0;
		text++;
	}
}
