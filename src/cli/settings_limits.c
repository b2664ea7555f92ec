/* SPDX-License-Identifier: MIT */
/*
 * settings_limits -- how long and how much an attempt may take, and which are
 * followed by another.
 */
#include "config.h"

#include "cli/options.h"
#include "cli/settings_own.h"

/*
 * What each fetch receives into, bytes: of a few as much as free(3) takes back
 * without tidying up all small memory (64 KiB), since libcurl allocates it for
 * each transfer; of a crowd little; libcurl's own 16 KiB in between.
 */
#define SETTINGS_FEW 128
#define SETTINGS_FEW_BUFFER (60u << 10)
#define SETTINGS_CROWD 2000
#define SETTINGS_CROWD_BUFFER 4096

/* Large pieces spare calls, and buffers that are touched are memory. */
static size_t
settings_receive_buffer(uint64_t concurrency)
{
	if (concurrency <= SETTINGS_FEW)
		return SETTINGS_FEW_BUFFER;
	return concurrency > SETTINGS_CROWD ? SETTINGS_CROWD_BUFFER : 0;
}

static int
settings_set_verdict(struct verdict_policy *verdict,
	const struct options *options, struct err *err)
{
	const struct options_limits *limits = options->limits;
	const struct options_request *request = options->request;

	verdict->follow = request->location && request->max_redirs > 0;
	verdict->max_redirs = (unsigned)request->max_redirs;
	verdict->retries = limits->retry;
	/* Under load an attempt that failed is a figure, not a task. */
	if ((options->load->requests > 0 || options->load->duration > 0) &&
	    !opts_given(options->opts, "retry"))
		verdict->retries = 0;
	/* curl's --retry asks for it whatever the method. */
	verdict->retry_once = opts_given(options->opts, "retry");
	verdict->retry_delay_us = limits->retry_delay;
	if (verdict_retry_on_parse(&verdict->retry_on, limits->retry_on,
	    err) != 0)
		return settings_blame(options, "retry-on", err);
	return 0;
}

int
settings_limits_fill(struct settings *settings,
	const struct options *options, struct err *err)
{
	const struct options_limits *limits = options->limits;
	struct run_settings *run = &settings->run;
	struct easy_settings *easy = &run->easy;

	run->max_time_us = limits->max_time;
	run->deadline_us = limits->deadline;
	easy->connect_timeout_us = limits->connect_timeout;
	easy->speed_limit = limits->speed_limit;
	easy->speed_time_us = limits->speed_time;
	easy->max_body = limits->max_body;
	easy->max_header = limits->max_header;
	easy->buffer = settings_receive_buffer(run->concurrency);
	return settings_set_verdict(&run->verdict, options, err);
}
