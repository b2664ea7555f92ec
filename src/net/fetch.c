/* SPDX-License-Identifier: MIT */
/*
 * fetch -- the life of one request's and one reply's memory.
 */
#include "config.h"

#include <stdlib.h>

#include "net/fetch.h"

void
fetch_reply_clear(struct fetch_reply *reply)
{
	free(reply->content_type);
	free(reply->location);
	free(reply->errormsg);
	*reply = (struct fetch_reply){ .retry_after_us = -1 };
}

void
fetch_release(struct fetch *fetch)
{
	url_release(&fetch->request.url);
	addrs_unref(fetch->request.addrs);
	fetch->request.addrs = NULL;
	fetch_reply_clear(&fetch->reply);
}
