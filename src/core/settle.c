/* SPDX-License-Identifier: MIT */
/*
 * settle -- what came back, read straight down: verdict, redirect, body,
 * record. What it means for the order of things is the dispatch's.
 */
#include "config.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include "base/clock.h"
#include "base/map.h"
#include "base/mem.h"
#include "core/body.h"
#include "core/chain.h"
#include "core/job.h"
#include "core/ledger.h"
#include "core/naming.h"
#include "core/outcome.h"
#include "core/redirect.h"
#include "core/run.h"
#include "core/settle.h"
#include "core/strategy.h"
#include "core/work.h"
#include "core/workshop.h"
#include "url/source.h"

/* splitmix64: jitter needs spread, not secrecy. */
static uint64_t
settle_random(struct settle *settle)
{
	const uint64_t step = UINT64_C(0x9e3779b97f4a7c15);
	uint64_t z = atomic_fetch_add(&settle->random, step) + step;

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

void
settle_init(struct settle *settle, const struct run_settings *settings,
	struct ledger *ledger, struct workshop *workshop)
{
	settle->settings = settings;
	settle->ledger = ledger;
	settle->workshop = workshop;
	settle->wall_offset = clock_wall_us() - clock_us();
	atomic_init(&settle->random, (uint64_t)clock_wall_us());
	settle->hop_seed[0] = settle_random(settle);
	settle->hop_seed[1] = settle_random(settle);
}

/*
 * RFC 9110, section 6.4.1. What cannot have any is no empty file, least of all
 * in the place of the one that a 304 speaks of.
 */
static int
settle_has_content(const struct job *job)
{
	const char *method = job->fetch.request.method;
	long status = job->fetch.reply.response_code;

	if (status == 0)
		return 1;
	return status != 204 && status != 304 &&
		(method == NULL || strcmp(method, "HEAD") != 0);
}

/* The record, and with it what its file is to be called. */
static struct result *
settle_result(const struct settle *settle, struct job *job,
	const struct verdict *verdict, const char *errormsg)
{
	struct result *result = outcome_result(job, verdict, errormsg,
		settle->settings->strategy->name, settle->wall_offset);

	if (!job->keeps || verdict->kind == VERDICT_RETRY ||
	    !settle_has_content(job))
		return result;
	result->keeps = 1;
	result->parted = job->part.url != NULL ||
		(job->body != NULL && body_has_part(job->body));
	result->name = job->name;
	job->name = NULL;
	result->asked = mem_strdup(job_first_url(job)->text);
	return result;
}

/* Writes the attempt down. */
static void
settle_record(struct settle *settle, struct job *job,
	const struct verdict *verdict, const char *errormsg)
{
	ledger_push(settle->ledger, settle_result(settle, job, verdict,
		errormsg));
}

/* --- a reply --- */

/* Remembers this hop; whether it was there before in this chain. */
static int
settle_loops(const struct settle *settle, struct job *job)
{
	const struct fetch_request *request = &job->fetch.request;
	uint64_t hash = map_hash(settle->hop_seed, request->url.text,
		strlen(request->url.text));
	unsigned i;

	/* What 303 makes a GET is another request, if to the same place. */
	if (request->body != NULL || request->method != NULL)
		hash = ~hash;
	for (i = 0; i < job->n_hops; i++)
		if (job->visited[i] == hash)
			return 1;
	job->visited = mem_grow(job->visited, job->n_hops + 1,
		sizeof *job->visited);
	job->visited[job->n_hops++] = hash;
	return 0;
}

/* Whether sinks want every whole reply. */
static int
settle_archives(const struct settle *settle)
{
	return (settle->settings->keep & RUN_KEEP_ALL) != 0;
}

/* The hop was followed: an archive has it. NULL is fine. */
static void
settle_push_hop(struct settle *settle, struct job *job,
	const struct fetch_request *request, struct result *hop)
{
	if (hop == NULL)
		return;
	outcome_take(hop, job, request, settle->settings->body);
	ledger_push(settle->ledger, hop);
}

/*
 * Makes job->fetch the next hop. -1: it is not to be followed, and why is in
 * the verdict.
 */
static int
settle_redirect(struct settle *settle, struct job *job,
	struct verdict *verdict, struct err *err)
{
	struct fetch *fetch = &job->fetch;
	const char *location = fetch->reply.location;
	const struct fetch_request was = fetch->request;
	struct result *hop = NULL;
	struct url from = { 0 };
	int rc;

	verdict->kind = VERDICT_FINAL;
	verdict->error_class = ERROR_REDIRECT;
	if (settle_loops(settle, job)) {
		verdict->detail = "loop";
		return err_set(err, ERR_FAILED, "redirected in a circle");
	}
	/* The list's own URL is kept: a retry starts there again. */
	if (job->first.text == NULL &&
	    url_parse(fetch->request.url.text, NULL, &from, err) != 0)
		return -1;
	if (from.text != NULL && fetch->request.url.userpwd != NULL)
		from.userpwd = mem_strdup(fetch->request.url.userpwd);
	if (settle_archives(settle))
		hop = outcome_hop(job, settle->wall_offset);
	rc = redirect_request(&fetch->request, fetch->reply.response_code,
		location, from.text != NULL ? &from : &job->first,
		settle->settings->allow_downgrade, &verdict->detail, err);
	if (rc == 0 && from.text != NULL)
		job->first = url_take(&from);
	url_release(&from);
	if (rc == 0) {
		settle_push_hop(settle, job, &was, hop);
		job_close_body(job);
		fetch_reply_clear(&fetch->reply);
		return 0;
	}
	result_free(hop);
	job->n_hops--;	/* one that is not followed is none */
	return -1;
}

static struct verdict_attempt
settle_attempt(struct settle *settle, const struct job *job)
{
	return (struct verdict_attempt){
		.number = job->attempt,
		.n_hops = job->n_hops,
		.https = job->fetch.request.url.https,
		.once = job->once,
		.left_us = settle->until_us == 0 ? INT64_MAX :
			settle->until_us - clock_us(),
		.random = settle_random(settle),
	};
}

/* Whether the rest was asked for and what came cannot be put behind what is
 * here. Once in an attempt: then all of it is asked for. */
static int
settle_starts_over(const struct job *job)
{
	const struct fetch_reply *reply = &job->fetch.reply;

	if (job->fetch.request.resume_from == 0)
		return 0;
	if (reply->refusal == FETCH_NOT_WRITTEN)
		return reply->os_errno == ESTALE ||
			reply->os_errno == EALREADY;
	return reply->refusal == FETCH_BAD_RANGE ||
		(reply->code == CURLE_OK && reply->response_code == 416);
}

struct verdict
settle_judge(struct settle *settle, struct job *job, struct err *err)
{
	struct verdict_attempt attempt = settle_attempt(settle, job);
	struct verdict verdict;

	if (settle->settings->no_fetch && job->fetch.reply.code == CURLE_OK)
		return (struct verdict){ .kind = VERDICT_FINAL, .ok = 1 };
	if (settle_starts_over(job)) {
		job_start_over(job);
		return (struct verdict){ .kind = VERDICT_REDIRECT };
	}
	verdict = verdict_of_reply(&settle->settings->verdict,
		&job->fetch.reply, &attempt);
	if (verdict.kind == VERDICT_REDIRECT &&
	    settle_redirect(settle, job, &verdict, err) == 0)
		verdict.kind = VERDICT_REDIRECT;
	return verdict;
}

/* Whether the ledger's sinks want the body of such a reply. */
static int
settle_wants(const struct settle *settle, const struct job *job, int good)
{
	const struct fetch_reply *reply = &job->fetch.reply;
	unsigned keep = settle->settings->keep;

	if (keep & RUN_KEEP_ALL)
		return reply->code == CURLE_OK &&
			reply->refusal == FETCH_ACCEPTED;
	return good && (job->keeps || (keep & RUN_KEEP_GOOD));
}

/*
 * What the stages make of a body that is kept is what is kept. Where nothing
 * was fetched there is no body.
 */
static int
settle_set_output(const struct settle *settle, struct work *work,
	struct err *err)
{
	if (!work->keep_good || work->body == NULL ||
	    !chain_replaces(settle->settings->chain))
		return 0;
	work->out = body_make;
	work->out_arg = work->body;
	return body_begin_made(work->body, err);
}

/* The record waits for what the stages say. */
static void
settle_hand_over(struct settle *settle, struct job *job,
	const struct verdict *verdict)
{
	struct work *work = job->work;
	struct result *result;
	struct err err = { 0 };
	int done = work != NULL;

	if (!done)
		work = work_new(settle->settings->chain);
	job->work = NULL;
	work->keep_good = settle_wants(settle, job, 1);
	work->keep_bad = settle_wants(settle, job, 0);
	result = settle_result(settle, job, verdict, NULL);
	outcome_take(result, job, &job->fetch.request,
		settle->settings->body);
	work_fill(work, result, job->fetch.reply.content_encoding);
	if (settle_set_output(settle, work, &err) != 0) {
		work_fail(work, ERROR_LOCAL, verdict_write_detail(errno),
			err.text);
		done = 1;
	}
	if (done)
		workshop_add_done(settle->workshop, work);
	else
		workshop_add(settle->workshop, work);
}

void
settle_finish(struct settle *settle, struct job *job,
	const struct verdict *verdict, const struct err *err)
{
	struct result *result;

	if (settle->workshop != NULL && verdict->ok) {
		settle_hand_over(settle, job, verdict);
		job_shed(job);
		return;
	}
	result = settle_result(settle, job, verdict,
		err->code != ERR_NONE ? err->text : NULL);
	if (settle_wants(settle, job, verdict->ok))
		outcome_take(result, job, &job->fetch.request,
			settle->settings->body);
	ledger_push(settle->ledger, result);
	if (verdict->kind == VERDICT_FINAL)
		job_shed(job);
}

/* --- what no strategy had --- */

struct verdict
settle_name(struct settle *settle, struct job *job, enum names_status status)
{
	struct verdict_attempt attempt = settle_attempt(settle, job);
	struct verdict verdict = verdict_of_name(&settle->settings->verdict,
		status, &attempt);

	settle_record(settle, job, &verdict, status == NAMES_DENIED ?
		job->refused : names_status_text(status));
	return verdict;
}

struct verdict
settle_bad(struct settle *settle, struct job *job)
{
	struct verdict verdict = {
		.kind = VERDICT_FINAL, .error_class = ERROR_INPUT,
	};

	job->started_us = job->hop_us = job->eligible_us = clock_us();
	settle_record(settle, job, &verdict, job->bad);
	return verdict;
}

static void
settle_cut(struct settle *settle, struct job *job, const char *errormsg)
{
	struct verdict verdict = {
		.kind = VERDICT_FINAL, .error_class = ERROR_STOPPED,
	};

	job->hop_us = clock_us();
	job->name_us = 0;
	if (job->n_hops == 0)
		job->started_us = job->hop_us;
	settle_record(settle, job, &verdict, errormsg);
}

void
settle_stopped(struct settle *settle, struct job *job)
{
	settle_cut(settle, job, "ended early");
}

void
settle_left_out(struct settle *settle, struct job *job)
{
	settle_cut(settle, job, "not begun before the deadline");
}

struct verdict
settle_there(struct settle *settle, struct job *job)
{
	struct verdict verdict = { .kind = VERDICT_FINAL, .ok = 1 };
	struct result *result;

	job->started_us = job->hop_us = clock_us();
	if (job->there == KEEPER_REFUSED) {
		verdict.ok = 0;
		verdict.error_class = ERROR_LOCAL;
		verdict.detail = "write_refused";
	}
	result = settle_result(settle, job, &verdict, job->refused);
	result->skipped = verdict.ok;
	if (result->skipped)
		result->filename_effective = naming_shown(
			settle->settings->naming, result->name);
	ledger_push(settle->ledger, result);
	return verdict;
}

struct verdict
settle_no_room(struct settle *settle, struct job *job)
{
	struct verdict verdict = {
		.kind = VERDICT_FINAL, .error_class = ERROR_LOCAL,
	};

	job->hop_us = clock_us();
	job->name_us = 0;
	if (job->n_hops == 0)
		job->started_us = job->hop_us;
	settle_record(settle, job, &verdict, "no room for another body");
	return verdict;
}
