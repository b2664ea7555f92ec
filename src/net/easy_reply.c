/* SPDX-License-Identifier: MIT */
/*
 * easy_reply -- what came of a fetch, once libcurl is done with it.
 */
#include "config.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/mem.h"
#include "net/easy_handle.h"
#include "net/fetch.h"

static int64_t
easy_time(struct easy *easy, CURLINFO info)
{
	curl_off_t us = 0;

	curl_easy_getinfo(easy->curl, info, &us);
	return (int64_t)us;
}

static const char *
easy_http_version(CURL *curl)
{
	long version = 0;

	curl_easy_getinfo(curl, CURLINFO_HTTP_VERSION, &version);
	switch (version) {
	case CURL_HTTP_VERSION_1_0:
		return "1.0";
	case CURL_HTTP_VERSION_1_1:
		return "1.1";
	case CURL_HTTP_VERSION_2_0:
		return "2";
	case CURL_HTTP_VERSION_3:
		return "3";
	}
	return NULL;
}

static void
easy_collect_times(struct easy *easy, struct fetch_reply *reply)
{
	reply->namelookup_us = easy_time(easy, CURLINFO_NAMELOOKUP_TIME_T);
	reply->connect_us = easy_time(easy, CURLINFO_CONNECT_TIME_T);
	reply->appconnect_us = easy_time(easy, CURLINFO_APPCONNECT_TIME_T);
	reply->starttransfer_us =
		easy_time(easy, CURLINFO_STARTTRANSFER_TIME_T);
	reply->total_us = easy_time(easy, CURLINFO_TOTAL_TIME_T);
	/*
	 * Where a kept connection turns out to be dead and libcurl tries once
	 * more, it adds up the look-ups of both and has one connect.
	 */
	if (reply->connect_us > 0 && reply->namelookup_us > reply->connect_us)
		reply->namelookup_us = reply->connect_us;
}

static void
easy_collect_error(struct easy *easy, struct fetch_reply *reply)
{
	const char *text = easy->error;
	long number = 0;

	if (text[0] == '\0')
		text = curl_easy_strerror(reply->code);
	reply->errormsg = mem_strdup(text);
	if (reply->os_errno == 0 &&
	    curl_easy_getinfo(easy->curl, CURLINFO_OS_ERRNO, &number) ==
	    CURLE_OK)
		reply->os_errno = (int)number;
}

/* libcurl takes headers that stop half-way for a whole reply. */
static CURLcode
easy_check_whole(struct easy *easy, CURLcode code)
{
	const struct headers *headers = &easy->headers;

	if (code != CURLE_OK || !headers->in_block || headers->trailers)
		return code;
	snprintf(easy->error, sizeof easy->error,
		"the connection was closed within the headers");
	return CURLE_WEIRD_SERVER_REPLY;
}

/* What libcurl knows of the last transfer that it began. */
static void
easy_collect_info(struct easy *easy, struct fetch_reply *reply)
{
	const char *text = NULL;

	easy_collect_times(easy, reply);
	curl_easy_getinfo(easy->curl, CURLINFO_RESPONSE_CODE,
		&reply->response_code);
	curl_easy_getinfo(easy->curl, CURLINFO_NUM_CONNECTS,
		&reply->num_connects);
	/*
	 * A kept connection may have been found closed. libcurl 7.88
	 * counts that over the handle's life, not the request's, and the
	 * sixth fails for nothing; a reset begins anew.
	 */
	if (reply->num_connects > 0)
		easy->custom = 1;
	if (curl_easy_getinfo(easy->curl, CURLINFO_PRIMARY_IP, &text) ==
	    CURLE_OK && text != NULL)
		snprintf(reply->remote_ip, sizeof reply->remote_ip, "%s",
			text);
	text = NULL;
	curl_easy_getinfo(easy->curl, CURLINFO_CONTENT_TYPE, &text);
	if (text != NULL)
		reply->content_type = mem_strdup(text);
	if (reply->response_code != 0)
		reply->http_version = easy_http_version(easy->curl);
}

void
easy_reply_read(struct easy *easy, CURLcode code, struct fetch_reply *reply)
{
	reply->code = easy_check_whole(easy, code);
	reply->refusal = easy->headers.refusal;
	reply->size_download = easy->body_bytes;
	/* Cancelled at once: libcurl still tells of the fetch before. */
	if (code == CURLE_ABORTED_BY_CALLBACK && reply->sockets == 0 &&
	    easy->headers.lines == 0)
		reply->total_us = clock_us() - easy->prepared_us;
	else
		easy_collect_info(easy, reply);
	reply->retry_after_us = easy->headers.retry_after_us;
	reply->content_encoding = headers_take_coding(&easy->headers);
	reply->location = headers_take_location(&easy->headers);
	if (reply->code != CURLE_OK)
		easy_collect_error(easy, reply);
}
