/* SPDX-License-Identifier: MIT */
/*
 * job -- the life of one URL: its memory, what it asks for, and the order of
 * its states.
 */
#include "config.h"

#include <assert.h>
#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "core/body.h"
#include "core/job.h"
#include "core/origins.h"
#include "core/parts.h"
#include "core/run.h"
#include "core/work.h"
#include "url/source.h"

struct job *
job_new(struct source_item *item)
{
	struct job *job = mem_array(1, sizeof *job);

	job->seq = item->seq;
	job->text = item->text;
	job->asked = item->request;
	job->fetch.request.url = url_take(&item->url);
	job->attempt = 1;
	job->eligible_us = clock_us();
	list_init(&job->node);
	fetch_reply_clear(&job->fetch.reply);
	if (item->bad.code != ERR_NONE)
		job->bad = mem_strdup(item->bad.text);
	item->text = NULL;
	item->request = NULL;
	return job;
}

/* RFC 9110, section 9.2.2. What is not known is not. */
static int
job_is_idempotent(const char *method, int has_body)
{
	static const char *const names[] = { "GET", "HEAD", "PUT", "DELETE",
		"OPTIONS", "TRACE" };
	size_t i;

	if (method == NULL)
		return !has_body;
	for (i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(method, names[i]) == 0)
			return 1;
	return 0;
}

static void
job_ask(struct fetch_request *request, const struct source_request *asked)
{
	if (asked->method != NULL)
		request->method = asked->method;
	if (asked->body != NULL) {
		request->body = asked->body;
		request->body_len = asked->body_len;
	}
	request->headers = asked->headers;
	request->n_headers = asked->n_headers;
}

void
job_close_body(struct job *job)
{
	body_free(job->body);
	job->body = NULL;
}

void
job_start(struct job *job, const struct run_settings *settings)
{
	struct fetch_request *request = &job->fetch.request;

	request->flags = FETCH_TRUSTED;
	if (settings->no_fetch)
		request->flags |= FETCH_NOTHING;
	request->method = settings->method;
	request->body = settings->body;
	request->body_len = settings->body_len;
	if (job->asked != NULL)
		job_ask(request, job->asked);
	job->once = !job_is_idempotent(request->method,
		request->body != NULL);
}

/* Before it is looked up again. */
static void
job_forget(struct job *job)
{
	job_close_body(job);
	fetch_reply_clear(&job->fetch.reply);
	addrs_unref(job->fetch.request.addrs);
	job->fetch.request.addrs = NULL;
}

void
job_start_over(struct job *job)
{
	/* Another body of this run has it. */
	if (job->fetch.reply.os_errno == EALREADY)
		part_release(&job->part);
	job_forget(job);
	job->starts_over = 1;
}

void
job_restart(struct job *job)
{
	struct fetch *fetch = &job->fetch;

	job_forget(job);
	if (job->first.text != NULL) {
		url_release(&fetch->request.url);
		fetch->request.url = url_take(&job->first);
	}
	job->n_hops = 0;
	job->starts_over = 0;
	job->attempt++;
}

/*
 * Whether this hop asks for a file as it is: of anything else a part could not
 * be gone on with.
 */
static int
job_gets(const struct fetch_request *request)
{
	return request->body == NULL && (request->method == NULL ||
		strcmp(request->method, "GET") == 0);
}

/*
 * What an attempt left only the disk knows for sure: it may have been a
 * process's that died. Retries are few, so they look here.
 */
static void
job_resume(struct job *job, struct parts *parts)
{
	struct fetch_request *request = &job->fetch.request;

	request->resume_from = 0;
	request->if_range = NULL;
	if (!job_gets(request))
		return;
	if (job->attempt > 1 && job->n_hops == 0 && !job->starts_over) {
		part_release(&job->part);
		parts_look(parts, job->name, &job->part);
	}
	body_name_part(job->body, job->name);
	if (job->starts_over || job->part.len == 0 ||
	    strcmp(job->part.url, request->url.text) != 0)
		return;
	/* One byte that is here comes again: see core/resumed. */
	request->resume_from = job->part.len - 1;
	request->if_range = job->part.validator;
}

int
job_open_body(struct job *job, struct body_store *bodies)
{
	struct parts *parts = body_store_parts(bodies);

	job->body = body_new(bodies);
	if (job->body == NULL)
		return -1;
	if (parts != NULL && job->name != NULL)
		job_resume(job, parts);
	body_receive(job->body, &job->fetch.request);
	return 0;
}

void
job_shed(struct job *job)
{
	fetch_reply_clear(&job->fetch.reply);
	addrs_unref(job->fetch.request.addrs);
	job->fetch.request.addrs = NULL;
	job_close_body(job);
	work_free(job->work);
	job->work = NULL;
	source_request_free(job->asked);
	job->asked = NULL;
}

void
job_free(struct job *job)
{
	job_shed(job);
	fetch_release(&job->fetch);
	url_release(&job->first);
	free(job->text);
	free(job->name);
	free(job->refused);
	part_release(&job->part);
	free(job->bad);
	free(job->visited);
	free(job);
}

void
job_move(struct job *job, enum job_state to)
{
#define FROM(state) (1u << JOB_##state)
	static const unsigned allowed[] = {
		[JOB_LISTED] = 0,
		[JOB_PULLED] = FROM(LISTED) | FROM(AGAIN) | FROM(WAITING),
		[JOB_NAMING] = FROM(PULLED),
		[JOB_READY] = FROM(PULLED) | FROM(NAMING) | FROM(GRANTED),
		[JOB_GRANTED] = FROM(READY),
		[JOB_AGAIN] = FROM(GRANTED),
		[JOB_WAITING] = FROM(GRANTED) | FROM(NAMING) | FROM(PULLED),
		[JOB_ENDED] = FROM(LISTED) | FROM(PULLED) | FROM(NAMING) |
			FROM(READY) | FROM(GRANTED) | FROM(AGAIN) |
			FROM(WAITING),
	};
#undef FROM

	assert(allowed[to] & (1u << job->state));
	job->state = to;
}

void
job_count(struct job *job, struct origins *origins)
{
	const struct url *url = &job->fetch.request.url;
	struct origin *before = job->origin;

	if (url->text == NULL || job->counted)
		return;
	/* Most hops and every retry stay where they were. */
	if (before == NULL || before->len != url->origin_len ||
	    memcmp(before->text, url->text, before->len) != 0) {
		job->origin = origins_get(origins, url->text, url->origin_len);
		origins_put(origins, before);
	}
	atomic_fetch_add(&job->origin->waiting, 1);
	job->counted = 1;
}

void
job_uncount(struct job *job)
{
	if (!job->counted)
		return;
	atomic_fetch_sub(&job->origin->waiting, 1);
	job->counted = 0;
}

const struct url *
job_first_url(const struct job *job)
{
	return job->first.text != NULL ? &job->first :
		&job->fetch.request.url;
}
