/* SPDX-License-Identifier: MIT */
/*
 * work -- one body, the stages and the record in between: the same few steps
 * whichever pool runs them, in a thread or in a process.
 */
#include "config.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "core/body.h"
#include "core/chain_worker.h"
#include "core/result.h"
#include "core/work.h"

struct work *
work_new(const struct chain *chain)
{
	struct work *work = mem_array(1, sizeof *work);

	list_init(&work->node);
	work->chain = chain;
	return work;
}

void
work_free(struct work *work)
{
	if (work == NULL)
		return;
	chain_outcome_release(&work->outcome, work->chain);
	body_free(work->body);
	result_free(work->result);
	free(work->content_encoding);
	free(work);
}

void
work_fill(struct work *work, struct result *result,
	const char *content_encoding)
{
	work->result = result;
	work->body = result->body;
	work->chunked = result->chunked;
	result->body = NULL;
	if (content_encoding != NULL)
		work->content_encoding = mem_strdup(content_encoding);
	work->page = (struct stage_page){
		.seq = result->seq,
		.url = result->url_effective != NULL ? result->url_effective :
			result->url,
		.response_code = (long)result->response_code,
		.content_type = result->content_type,
		.content_encoding = work->content_encoding,
	};
}

void
work_fail(struct work *work, enum error_class error_class,
	const char *detail, const char *errormsg)
{
	struct chain_outcome *outcome = &work->outcome;

	work->ended_us = clock_us();
	if (work->begun_us == 0)
		work->begun_us = work->ended_us;
	outcome->failed = 1;
	outcome->error_class = error_class;
	outcome->detail = detail;
	outcome->errormsg = errormsg != NULL ? mem_strdup(errormsg) : NULL;
}

void
work_perform(struct work *work, struct chain_worker *worker)
{
	struct chain_bytes bytes = {
		.p = "", .chunked = work->chunked,
		.out = work->out, .out_arg = work->out_arg,
	};
	struct err err = { 0 };

	work->begun_us = clock_us();
	if (work->body != NULL &&
	    body_view(work->body, &bytes.p, &bytes.n, &err) != 0) {
		work_fail(work, ERROR_LOCAL, NULL, err.text);
		return;
	}
	if (work->body != NULL && body_is_mapped(work->body))
		bytes.passed = body_unload;
	chain_worker_run(worker, &work->page, &bytes, &work->outcome);
	work->ended_us = clock_us();
	/* Not when it was called: it may have waited for another thread, where
	 * a stage is not thread-safe. */
	work->begun_us = work->ended_us - work->outcome.took_us;
}
