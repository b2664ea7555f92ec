/* SPDX-License-Identifier: MIT */
/*
 * stage -- what tests of a handle with a script have in common.
 */
#include "config.h"

#include <curl/curl.h>
#include <errno.h>

#include "base/clock.h"
#include "base/mem.h"
#include "net/stage.h"
#include "unit.h"

void
stage_open(struct stage *stage, int capture)
{
	static char agent[] = "agent/1";

	stage->settings.user_agent = agent;
	stage->settings.max_header = 65536;
	stage->settings.connect_timeout_us = 5 * CLOCK_SECOND;
	stage->settings.capture = capture;
	assert_int_equal(easy_env_init(&stage->env, &stage->settings,
		TLS_SHARED, NULL), 0);
	stage->easy = easy_new(&stage->env, NULL);
	assert_non_null(stage->easy);
	buf_init(&stage->body, 64u << 20);
}

void
stage_close(struct stage *stage)
{
	fetch_release(&stage->fetch);
	easy_free(stage->easy);
	easy_env_release(&stage->env);
	buf_release(&stage->body);
}

static int
stage_write(void *arg, const void *p, size_t n)
{
	struct stage *stage = arg;

	/* Every other time. */
	if (stage->busy > 0 && stage->busy-- % 2 == 0) {
		errno = EAGAIN;
		return -1;
	}
	return buf_add(&stage->body, p, n);
}

struct fetch_request *
stage_request(struct stage *stage, const struct script *script,
	const char *method)
{
	static const struct addr loopback = { 4, { 127, 0, 0, 1 } };
	struct fetch_request *request = &stage->fetch.request;
	char *text = mem_printf("http://a.test:%u/path?q", script->port);

	fetch_release(&stage->fetch);
	*request = (struct fetch_request){
		.flags = FETCH_TRUSTED | FETCH_REUSE, .method = method,
		.write_body = stage_write, .write_arg = stage,
		.time_left_us = 10 * CLOCK_SECOND,
	};
	assert_int_equal(url_parse(text, NULL, &request->url, NULL), 0);
	free(text);
	request->addrs = addrs_new(&loopback, 1);
	buf_clear(&stage->body);
	return request;
}

const struct fetch_reply *
stage_perform(struct stage *stage)
{
	if (easy_prepare(stage->easy, &stage->fetch) == 0)
		easy_collect(stage->easy,
			(int)curl_easy_perform(easy_handle(stage->easy)));
	return &stage->fetch.reply;
}
