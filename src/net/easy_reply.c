/* SPDX-License-Identifier: MIT */
/*
 * easy_reply -- what came of a fetch, once libcurl is done with it.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "net/addrs.h"
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
	const struct addrs *addrs = easy->fetch->request.addrs;
	const char *text = easy->error;
	long number = 0;

	if (text[0] == '\0')
		text = curl_easy_strerror(reply->code);
	reply->errormsg = mem_strdup(text);
	if (reply->os_errno == 0 &&
	    curl_easy_getinfo(easy->curl, CURLINFO_OS_ERRNO, &number) ==
	    CURLE_OK)
		reply->os_errno = (int)number;
	/* That is not only what a want of ports is called. */
	if (reply->os_errno == EADDRNOTAVAIL && addrs != NULL &&
	    !addrs_have_source(addrs))
		reply->os_errno = EHOSTUNREACH;
}

static CURLcode
easy_fail(struct easy *easy, CURLcode code, const char *text)
{
	snprintf(easy->error, sizeof easy->error, "%s", text);
	return code;
}

/* Whether the rest of a file is as long as its Content-Range says. */
static int
easy_has_range(const struct easy *easy)
{
	const struct range *range = &easy->headers.range;
	long response_code = 0;

	if (!easy->resumes)
		return 1;
	curl_easy_getinfo(easy->curl, CURLINFO_RESPONSE_CODE, &response_code);
	return response_code != 206 ||
		easy->body_bytes == range->last - range->first + 1;
}

/*
 * libcurl takes headers that stop half-way for a whole reply. Chunks that do
 * not add up it finds itself, and a part's length it does not look at.
 */
static CURLcode
easy_check_whole(struct easy *easy, CURLcode code)
{
	const struct headers *headers = &easy->headers;

	if (code != CURLE_OK)
		return code;
	if (headers->in_block && !headers->trailers)
		return easy_fail(easy, CURLE_WEIRD_SERVER_REPLY,
			"the connection was closed within the headers");
	if (easy_body_keeps_chunks(easy) && easy->raw_bytes > 0 &&
	    !chunks_whole(&easy->chunks))
		return easy_fail(easy, CURLE_RECV_ERROR,
			"no end in chunked-encoding");
	/* An empty one begins here. */
	if (easy_body_begin(easy) != 0)
		return easy_fail(easy, CURLE_WRITE_ERROR,
			curl_easy_strerror(CURLE_WRITE_ERROR));
	if (!easy_has_range(easy))
		return easy_fail(easy, CURLE_PARTIAL_FILE,
			"the body is not as long as its Content-Range says");
	return CURLE_OK;
}

static void
easy_collect_ip(struct fetch_reply *reply, const char *text)
{
	size_t len = strnlen(text, sizeof reply->remote_ip - 1);

	memcpy(reply->remote_ip, text, len);
	reply->remote_ip[len] = '\0';
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
		easy_collect_ip(reply, text);
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
	/* Unless another address would do. */
	if (reply->code == CURLE_COULDNT_CONNECT && easy->denied != NULL) {
		easy_fail(easy, reply->code, easy->denied);
		reply->refusal = FETCH_DENIED;
	}
	reply->size_download = easy->body_bytes;
	/* Cancelled at once: libcurl still tells of the fetch before. */
	if (code == CURLE_ABORTED_BY_CALLBACK && reply->sockets == 0 &&
	    easy->headers.lines == 0)
		reply->total_us = clock_us() - easy->prepared_us;
	else
		easy_collect_info(easy, reply);
	reply->retry_after_us = easy->headers.retry_after_us;
	reply->content_encoding = headers_take(&easy->headers.coding);
	reply->location = headers_take(&easy->headers.location);
	reply->disposition = headers_take(&easy->headers.disposition);
	reply->etag = headers_take(&easy->headers.etag);
	reply->last_modified = easy->headers.last_modified;
	reply->range = easy->headers.range;
	reply->chunked = easy_body_keeps_chunks(easy) && easy->raw_bytes > 0;
	reply->exchange = easy_capture_take(easy);
	if (reply->code != CURLE_OK)
		easy_collect_error(easy, reply);
}
