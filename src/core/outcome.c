/* SPDX-License-Identifier: MIT */
/*
 * outcome -- from a job and its reply to a row of results.
 *
 * libcurl measures from the moment it was given one hop. A row measures from
 * the start of the attempt: earlier hops are in time_redirect, our own name
 * look-up comes in front of libcurl's times.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "core/job.h"
#include "core/outcome.h"
#include "core/result.h"
#include "core/verdict.h"
#include "net/exchange.h"
#include "url/source.h"

/* libcurl's 0 means "did not come to that"; so does ours. */
static int64_t
outcome_time(int64_t before, int64_t us)
{
	return us > 0 ? before + us : 0;
}

/* Whoever ends a process that was at a fetch knows of it how long it took. */
static int
outcome_is_untold(const struct fetch_reply *reply)
{
	return reply->namelookup_us == 0 && reply->response_code == 0 &&
		(reply->refusal == FETCH_CANCELLED ||
		reply->refusal == FETCH_CRASHED);
}

static void
outcome_times(struct result *result, const struct job *job)
{
	const struct fetch_reply *reply = &job->fetch.reply;
	int64_t hop = job->hop_us - job->started_us;
	int64_t named = hop + job->name_us;

	result->time_queue = job->started_us - job->eligible_us;
	result->time_redirect = job->n_hops > 0 ? hop : 0;
	result->time_total = named + reply->total_us;
	result->untold = outcome_is_untold(reply);
	if (job->fetch.request.addrs != NULL || reply->connect_us > 0)
		result->time_namelookup = named + reply->namelookup_us;
	result->time_connect = outcome_time(named, reply->connect_us);
	result->time_appconnect = outcome_time(named, reply->appconnect_us);
	if (reply->response_code != 0)
		result->time_starttransfer = outcome_time(named,
			reply->starttransfer_us);
}

static char *
outcome_copy(const char *text)
{
	return text != NULL ? mem_strdup(text) : NULL;
}

static void
outcome_reply(struct result *result, struct fetch_reply *reply)
{
	result->response_code = (uint64_t)reply->response_code;
	result->http_version = reply->http_version;
	memcpy(result->remote_ip, reply->remote_ip, sizeof result->remote_ip);
	result->num_connects = (uint64_t)reply->num_connects;
	result->size_download = reply->size_download;
	result->content_type = reply->content_type;
	reply->content_type = NULL;
	result->last_modified = reply->last_modified;
	result->disposition = reply->disposition;
	reply->disposition = NULL;
}

/* The method that was sent, where it was not GET. */
static const char *
outcome_method(const struct fetch_request *request)
{
	if (request->method != NULL)
		return request->method;
	return request->body != NULL ? "POST" : NULL;
}

/* Our own words where we broke off; libcurl would blame a callback. */
static const char *
outcome_refusal(enum fetch_refusal refusal)
{
	switch (refusal) {
	case FETCH_HEADER_LIMIT:
		return "the headers are larger than --max-header allows";
	case FETCH_BAD_HEADER:
		return "a header line holds a stray CR or NUL";
	case FETCH_TWO_LENGTHS:
		return "two Content-Length headers that differ";
	case FETCH_TWO_LOCATIONS:
		return "two Location headers that differ";
	case FETCH_CODED:
		return "a Transfer-Encoding that was not asked for";
	case FETCH_BODY_LIMIT:
		return "the body is larger than --max-body allows";
	case FETCH_FRAMING:
		return "chunks with far more framing than content";
	case FETCH_BAD_RANGE:
		return "not the part of the file that was asked for";
	case FETCH_CANCELLED:
		return "ended early";
	case FETCH_DENIED:
	case FETCH_NOT_WRITTEN:
	case FETCH_ACCEPTED:
	case FETCH_CRASHED:
	case FETCH_REFUSALS:
		break;
	}
	return NULL;
}

static char *
outcome_not_written(const struct job *job)
{
	int number = job->fetch.reply.os_errno;

	if (number == EBUSY && job->name != NULL)
		return mem_printf("%s.part: in use by another process",
			job->name);
	if (number == ELOOP && job->name != NULL)
		return mem_printf("%s.part: a link or no file, or it has "
			"several names: not touched", job->name);
	return mem_printf("the body found no place in %s: %s", job->keeps ?
		"the output folder" : "$TMPDIR", strerror(number));
}

static char *
outcome_message(const struct job *job, const struct verdict *verdict,
	const char *errormsg)
{
	const struct fetch_reply *reply = &job->fetch.reply;

	if (verdict->error_class == ERROR_NONE)
		return NULL;
	if (errormsg == NULL && reply->refusal == FETCH_NOT_WRITTEN)
		return outcome_not_written(job);
	if (errormsg == NULL)
		errormsg = outcome_refusal(reply->refusal);
	/* From Content-Length already: libcurl knows no --max-body. */
	if (errormsg == NULL && reply->code == CURLE_FILESIZE_EXCEEDED)
		errormsg = outcome_refusal(FETCH_BODY_LIMIT);
	if (errormsg == NULL && verdict->error_class == ERROR_REDIRECT)
		errormsg = "more redirects than --max-redirs allows";
	return outcome_copy(errormsg != NULL ? errormsg : reply->errormsg);
}

struct result *
outcome_result(struct job *job, const struct verdict *verdict,
	const char *errormsg, const char *strategy, int64_t wall_offset)
{
	const struct fetch_request *request = &job->fetch.request;
	struct result *result = result_new();

	result->seq = job->seq;
	result->url = mem_strdup(job->text);
	/* Unless they are the same: most lists hold canonical URLs. */
	if (request->url.text != NULL &&
	    strcmp(request->url.text, job->text) != 0)
		result->url_effective = mem_strdup(request->url.text);
	result->method = outcome_copy(outcome_method(request));
	result->attempt = job->attempt;
	result->ok = verdict->ok;
	result->final = verdict->kind != VERDICT_RETRY &&
		verdict->error_class != ERROR_STOPPED;
	result->error_class = verdict->error_class;
	result->error_detail = verdict->detail;
	result->errormsg = outcome_message(job, verdict, errormsg);
	result->timestamp = job->started_us + wall_offset;
	result->num_redirects = job->n_hops;
	result->strategy = strategy;
	outcome_times(result, job);
	outcome_reply(result, &job->fetch.reply);
	return result;
}

struct result *
outcome_hop(const struct job *job, int64_t wall_offset)
{
	const struct fetch_reply *reply = &job->fetch.reply;
	struct result *result = result_new();

	result->hop = 1;
	result->seq = job->seq;
	result->url = mem_strdup(job->fetch.request.url.text);
	result->response_code = (uint64_t)reply->response_code;
	result->timestamp = job->hop_us + wall_offset;
	memcpy(result->remote_ip, reply->remote_ip, sizeof result->remote_ip);
	if (reply->content_type != NULL)
		result->content_type = mem_strdup(reply->content_type);
	return result;
}

/* The bytes live as long as the record does, which the job does not. */
static void
outcome_keep_request(struct exchange *exchange,
	const struct fetch_request *request, const void *given)
{
	uint64_t n = exchange->request_body_len;

	if (exchange->request_body != NULL)
		return;
	if (n > request->body_len)
		n = request->body_len;
	exchange->request_body_len = n;
	if (n == 0)
		return;
	exchange->request_body = request->body;
	if (request->body != given)
		exchange->request_body = exchange->request_body_owned =
			mem_dup(request->body, (size_t)n);
}

void
outcome_take(struct result *result, struct job *job,
	const struct fetch_request *request, const void *given)
{
	struct fetch_reply *reply = &job->fetch.reply;

	result->chunked = reply->chunked;
	result->exchange = reply->exchange;
	reply->exchange = NULL;
	if (result->exchange != NULL)
		outcome_keep_request(result->exchange, request, given);
	result->body = job->body;
	job->body = NULL;
}
