/* SPDX-License-Identifier: MIT */
/*
 * fetch -- the life of one request's and one reply's memory.
 */
#include "config.h"

#include <stdlib.h>
#include <sys/wait.h>

#include "base/mem.h"
#include "net/exchange.h"
#include "net/fetch.h"

void
fetch_reply_clear(struct fetch_reply *reply)
{
	free(reply->content_type);
	free(reply->content_encoding);
	free(reply->location);
	free(reply->disposition);
	free(reply->etag);
	free(reply->errormsg);
	exchange_free(reply->exchange);
	*reply = (struct fetch_reply){
		.retry_after_us = -1, .last_modified = -1,
	};
}

static void
fetch_reply_refuse(struct fetch_reply *reply, enum fetch_refusal refusal,
	int64_t total_us)
{
	fetch_reply_clear(reply);
	reply->code = CURLE_ABORTED_BY_CALLBACK;
	reply->refusal = refusal;
	reply->total_us = total_us > 0 ? total_us : 0;
}

void
fetch_reply_cancel(struct fetch_reply *reply, int64_t total_us)
{
	fetch_reply_refuse(reply, FETCH_CANCELLED, total_us);
}

void
fetch_reply_crash(struct fetch_reply *reply, int status, int64_t total_us)
{
	fetch_reply_refuse(reply, FETCH_CRASHED, total_us);
	if (WIFSIGNALED(status))
		reply->errormsg = mem_printf("the process that fetched it was "
			"killed by signal %d", WTERMSIG(status));
	else if (WEXITSTATUS(status) != 0)
		reply->errormsg = mem_printf("the process that fetched it "
			"ended with status %d", WEXITSTATUS(status));
	else
		reply->errormsg = mem_strdup("the process that fetched it "
			"gave no reply");
}

void
fetch_release(struct fetch *fetch)
{
	url_release(&fetch->request.url);
	addrs_unref(fetch->request.addrs);
	fetch->request.addrs = NULL;
	fetch_reply_clear(&fetch->reply);
}
