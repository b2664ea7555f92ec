/* SPDX-License-Identifier: MIT */
/*
 * settings -- from the option groups to what a run takes.
 */
#include "config.h"

#include <assert.h>
#include <curl/curl.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "cli/options.h"
#include "cli/settings.h"
#include "core/chain.h"
#include "core/component.h"
#include "core/pool.h"
#include "core/sink.h"
#include "core/stage.h"
#include "core/strategy.h"
#include "core/template.h"
#include "net/policy.h"
#include "stage/coding.h"

#define SETTINGS_MAX_DATA (64u << 20)	/* bytes of --data @FILE */
#define SETTINGS_MAX_LINE (64u << 10)	/* of a plain list */
#define SETTINGS_MAX_OBJECT (16u << 20)	/* of an NDJSON list */
/* Of a body that a stage wants whole, where --max-body says nothing. */
#define SETTINGS_MAX_GATHER (UINT64_C(256) << 20)
#define SETTINGS_NAMES 16384		/* kept in the name cache */
/*
 * What each fetch receives into, bytes: of a few as much as free(3) takes back
 * without tidying up all small memory (64 KiB), since libcurl allocates it for
 * each transfer; of a crowd little; libcurl's own 16 KiB in between.
 */
#define SETTINGS_FEW 128
#define SETTINGS_FEW_BUFFER (60u << 10)
#define SETTINGS_CROWD 2000
#define SETTINGS_CROWD_BUFFER 4096

/* RFC 9110 section 5.6.2. */
static int
settings_is_token(const char *text)
{
	return text[0] != '\0' && strspn(text, "!#$%&'*+-.^_`|~0123456789"
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") ==
		strlen(text);
}

/* Which option it is about, and where that was said. Always -1. */
static int
settings_blame(const struct options *options, const char *name,
	struct err *err)
{
	err_in(err, "--%s", name);
	return opts_blame(options->opts, name, err);
}

static int
settings_one_line(const char *option, const char *text, struct err *err)
{
	if (text == NULL || strpbrk(text, "\r\n") == NULL)
		return 0;
	return err_set(err, ERR_USAGE, "%s: a line break is not allowed in it",
		option);
}

static int
settings_check_header(const char *line, struct err *err)
{
	size_t len = strcspn(line, ":;");
	char name[128];

	if (settings_one_line("--header", line, err) != 0)
		return -1;
	if (len < sizeof name && line[len] != '\0') {
		memcpy(name, line, len);
		name[len] = '\0';
		if (settings_is_token(name))
			return 0;
	}
	return err_set(err, ERR_USAGE, "--header: not of the form "
		"'Name: value', 'Name:' or 'Name;'");
}

static int
settings_check_request(const struct options_request *request,
	struct err *err)
{
	size_t i;

	if (request->method != NULL && !settings_is_token(request->method))
		return err_set(err, ERR_USAGE, "--request: '%s' is no request "
			"method", request->method);
	for (i = 0; i < request->headers.n; i++)
		if (settings_check_header(request->headers.items[i], err) != 0)
			return -1;
	if (request->cookie != NULL && strchr(request->cookie, '=') == NULL)
		return err_set(err, ERR_USAGE, "--cookie: not of the form "
			"NAME=VALUE (cookie files are not read)");
	if (settings_one_line("--user-agent", request->user_agent, err) != 0 ||
	    settings_one_line("--cookie", request->cookie, err) != 0 ||
	    settings_one_line("--user", request->user, err) != 0)
		return -1;
	return settings_one_line("--referer", request->referer, err);
}

static int
settings_read_file(const char *path, struct buf *body, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char block[65536];
	ssize_t n;
	int rc = 0;

	if (fd < 0)
		return err_sys(err, "--data: %s", path);
	while (rc == 0 && (n = read(fd, block, sizeof block)) != 0) {
		if (n < 0)
			rc = err_sys(err, "--data: %s", path);
		else if (buf_add(body, block, (size_t)n) != 0)
			rc = err_set(err, ERR_USAGE,
				"--data: %s is larger than 64 MiB", path);
	}
	close(fd);
	return rc;
}

static int
settings_set_body(struct settings *settings, const char *data,
	struct err *err)
{
	struct buf body;

	if (data == NULL)
		return 0;
	if (strcmp(data, "@-") == 0)
		return err_set(err, ERR_USAGE, "--data: standard input is for "
			"lists of URLs: name a file");
	buf_init(&body, SETTINGS_MAX_DATA);
	if (data[0] != '@')
		buf_add_text(&body, data);
	else if (settings_read_file(data + 1, &body, err) != 0) {
		buf_release(&body);
		return -1;
	}
	settings->run.body_len = body.len;
	settings->run.body = settings->body = buf_take(&body);
	return 0;
}

/* Large pieces spare calls, and buffers that are touched are memory. */
static size_t
settings_receive_buffer(uint64_t concurrency)
{
	if (concurrency <= SETTINGS_FEW)
		return SETTINGS_FEW_BUFFER;
	return concurrency > SETTINGS_CROWD ? SETTINGS_CROWD_BUFFER : 0;
}

static void
settings_set_easy(struct easy_settings *easy, const struct options *options)
{
	const struct options_request *request = options->request;
	const struct options_limits *limits = options->limits;

	*easy = (struct easy_settings){
		.user_agent = request->user_agent,
		.referer = request->referer,
		.cookie = request->cookie,
		.userpwd = request->user,
		.headers = request->headers.items,
		.n_headers = request->headers.n,
		.proxy = request->proxy,
		.unix_socket = request->unix_socket,
		.cacert = request->cacert,
		.capath = request->capath,
		.cert = request->cert,
		.key = request->key,
		.insecure = request->insecure,
		.http = request->http2_only ? EASY_HTTP_2_ONLY :
			request->http2 ? EASY_HTTP_2 : EASY_HTTP_1_1,
		.connect_timeout_us = limits->connect_timeout,
		.speed_limit = limits->speed_limit,
		.speed_time_us = limits->speed_time,
		.max_body = limits->max_body,
		.max_header = limits->max_header,
		.buffer = settings_receive_buffer(
			options->concurrency->concurrency.items[0]),
	};
}

static int
settings_add_nets(struct settings *settings, const struct options *options,
	enum policy_word word, struct err *err)
{
	const char *name = word == POLICY_DENIED ? "deny-net" : "allow-net";
	const struct opt_list *nets = word == POLICY_DENIED ?
		&options->safety->deny : &options->safety->allow;
	size_t i;

	for (i = 0; i < nets->n; i++)
		if (policy_add(settings->policy, word, nets->items[i],
		    err) != 0)
			return settings_blame(options, name, err);
	return 0;
}

/* Exceptions alone, as from a config file, deny nothing: no policy. */
static int
settings_set_policy(struct settings *settings, const struct options *options,
	struct err *err)
{
	settings->policy = policy_new();
	if (options->safety->public_only)
		policy_add_special(settings->policy);
	if (settings_add_nets(settings, options, POLICY_ALLOWED, err) != 0 ||
	    settings_add_nets(settings, options, POLICY_DENIED, err) != 0)
		return -1;
	if (options_denies(options))
		settings->run.easy.policy = settings->policy;
	return 0;
}

static void
settings_set_names(struct names_settings *names,
	const struct options *options)
{
	const struct options_request *request = options->request;
	const struct options_limits *limits = options->limits;

	*names = (struct names_settings){
		.servers = options->names->servers,
		.concurrency = options->names->concurrency,
		.timeout_us = limits->dns_timeout,
		.family = request->ipv4 ? 4 : request->ipv6 ? 6 : 0,
		.cache_max = SETTINGS_NAMES,
		.resolve = request->resolve.items,
		.n_resolve = request->resolve.n,
	};
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

/* --- what becomes of bodies --- */

static int
settings_set_naming(struct settings *settings, const struct options *options,
	struct err *err)
{
	const struct options_bodies *bodies = options->bodies;

	if (!options_saves(options))
		return 0;
	if (bodies->output != NULL) {
		settings->template = template_new(bodies->output, err);
		if (settings->template == NULL) {
			err_in(err, "--output");
			return opts_blame(options->opts, "output", err);
		}
	}
	settings->naming = (struct naming){
		.folder = bodies->output_dir,
		.template = settings->template,
		.all = bodies->save || bodies->output != NULL,
		.disposition = bodies->disposition,
		.existing = (enum naming_existing)bodies->existing,
		.resume = options_continues(options),
		.sync = options->durable->sync,
		.flags = bodies->fold_case ? COMPONENT_FOLD : 0,
		/* A URL that is listed twice does not meet its own file. */
		.since_us = clock_file_us(),
	};
	if (settings->naming.resume && naming_waits(&settings->naming))
		return err_set(err, ERR_USAGE, "--continue cannot find bodies "
			"whose names wait for the reply: use names that the "
			"URL alone makes");
	settings->run.naming = &settings->naming;
	return 0;
}

/* Which sinks get bodies, and of which replies they get them. */
static void
settings_set_body_sinks(struct settings *settings,
	const struct options *options)
{
	struct run_settings *run = &settings->run;
	const struct sink *sink;
	const void *own;
	size_t i, n = 0;
	int wanted;

	for (i = 0; (sink = sinks[i]) != NULL; i++) {
		if (!(sink->caps & SINK_BODIES))
			continue;
		own = sink->opts != NULL ? opts_settings(options->opts,
			sink->opts) : NULL;
		wanted = sink->wanted != NULL ? sink->wanted(own) :
			run->naming != NULL;
		if (!wanted)
			continue;
		assert(n < SETTINGS_BODY_SINKS);
		settings->body_sinks[n++] = sink;
		run->keep_order |= sink->holds != NULL && sink->holds(own);
		if (sink->caps & SINK_ALL)
			run->keep |= RUN_KEEP_ALL;
		else
			run->keep |= sink->wanted != NULL ? RUN_KEEP_GOOD :
				RUN_KEEP_FILES;
	}
	run->easy.capture = (run->keep & RUN_KEEP_ALL) != 0;
	run->easy.files = run->naming != NULL;
}

static int
settings_set_bodies(struct settings *settings, const struct options *options,
	struct err *err)
{
	if (settings_set_naming(settings, options, err) != 0)
		return -1;
	settings_set_body_sinks(settings, options);
	if (options->stages->no_fetch && settings->run.keep != 0)
		return err_set(err, ERR_USAGE, "--no-fetch: there are no "
			"bodies that could be kept");
	return 0;
}

/* --- stages --- */

size_t
settings_cores(void)
{
	cpu_set_t set;
	int n;

	if (sched_getaffinity(0, sizeof set, &set) != 0)
		return 1;
	n = CPU_COUNT(&set);
	return n > 0 ? (size_t)n : 1;
}

/* `said` is STAGE or STAGE:ARG. */
static int
settings_add_stage(struct chain *chain, const struct options *options,
	const char *said, struct err *err)
{
	size_t len = strcspn(said, ":");
	const struct stage *stage = stage_find(said, len, err);
	const void *own = NULL;

	if (stage == NULL)
		return err_in(err, "--post");
	if (stage->opts != NULL)
		own = opts_settings(options->opts, stage->opts);
	if (chain_add(chain, stage, said[len] == ':' ? said + len + 1 : NULL,
	    own, err) != 0)
		return err_in(err, "--post %s", stage->name);
	return 0;
}

/* Asks for what decode knows, unless the user asks for something else. */
static void
settings_accept_encodings(struct settings *settings)
{
	struct easy_settings *easy = &settings->run.easy;
	size_t i;

	for (i = 0; i < easy->n_headers; i++)
		if (strncasecmp(easy->headers[i], "accept-encoding", 15) == 0 &&
		    strchr(":;", easy->headers[i][15]) != NULL)
			return;
	settings->accept = mem_printf("Accept-Encoding: %s", coding_accept());
	settings->headers = mem_array(easy->n_headers + 1,
		sizeof *settings->headers);
	for (i = 0; i < easy->n_headers; i++)
		settings->headers[i] = easy->headers[i];
	settings->headers[i] = settings->accept;
	easy->headers = settings->headers;
	easy->n_headers++;
}

/* Decoding may unpack no more than a body may have. */
static int
settings_decode_first(struct settings *settings,
	const struct options *options, struct err *err)
{
	uint64_t max_body = options->limits->max_body;
	char *said = max_body > 0 ? mem_printf("decode:%" PRIu64, max_body) :
		mem_strdup("decode");
	int rc = settings_add_stage(settings->run.chain, options, said, err);

	free(said);
	settings_accept_encodings(settings);
	return rc;
}

static int
settings_set_stages(struct settings *settings, const struct options *options,
	struct err *err)
{
	const struct options_stages *given = options->stages;
	uint64_t max_body = options->limits->max_body;
	struct run_settings *run = &settings->run;
	size_t i;

	run->pool = pools[given->pool];
	run->jobs = given->jobs > 0 ? (size_t)given->jobs :
		settings_cores();
	run->buffer = given->buffer;
	run->no_fetch = given->no_fetch;
	if (given->post.n == 0 && !given->compressed)
		return 0;
	run->chain = chain_new(max_body > 0 ? max_body : SETTINGS_MAX_GATHER);
	if (run->easy.capture)
		chain_expect_chunks(run->chain);
	if (given->compressed &&
	    settings_decode_first(settings, options, err) != 0)
		return -1;
	for (i = 0; i < given->post.n; i++)
		if (settings_add_stage(run->chain, options,
		    given->post.items[i], err) != 0)
			return opts_blame(options->opts, "post", err);
	settings->set = mem_array(1, sizeof *settings->set);
	settings->set->values = chain_columns(run->chain,
		&settings->set->n_values);
	return 0;
}

/* --- records and lists --- */

/* Index of --format: lines, json, csv, none, auto. */
static const char *
settings_format(const struct options *options)
{
	static const char *const names[] = { "lines", "json", "csv", "none" };
	const struct options_records *records = options->records;

	if (records->format < 4)
		return names[records->format];
	/* Where bodies have standard output, there are no records. */
	if (records->results == NULL &&
	    options_body_sink(options, SINK_STDOUT) != NULL)
		return "none";
	if (records->write_out != NULL)
		return "lines";
	return records->results != NULL ? "json" : "lines";
}

static int
settings_set_records(struct settings *settings, const struct options *options,
	struct err *err)
{
	settings->sink = sink_find(settings_format(options), err);
	if (settings->sink == NULL)
		return -1;
	if (column_list_parse(&settings->columns, settings->set,
	    options->records->columns, err) != 0)
		return settings_blame(options, "columns", err);
	return 0;
}

static void
settings_set_operands(struct settings *settings,
	const struct options *options)
{
	size_t n_files = options->input->files.n, i;
	size_t n = n_files + (size_t)options->n_operands;

	settings->operands = mem_array(n + 1, sizeof *settings->operands);
	for (i = 0; i < n_files; i++)
		settings->operands[i] = options->input->files.items[i];
	for (; i < n; i++)
		settings->operands[i] = options->operands[i - n_files];
	/* No operand: standard input. */
	if (n == 0)
		settings->operands[n++] = "-";
	settings->n_operands = n;
}

static int
settings_set_source(struct settings *settings, const struct options *options,
	struct err *err)
{
	const char *scheme = options->input->proto_default;

	if (strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0)
		return err_set(err, ERR_USAGE, "--proto-default: '%s' is "
			"neither http nor https", scheme);
	settings->source = (struct source_settings){
		.proto_default = scheme,
		.format = (enum source_format)options->input->format,
		.max_line = options->input->format == SOURCE_NDJSON ?
			SETTINGS_MAX_OBJECT : SETTINGS_MAX_LINE,
	};
	settings_set_operands(settings, options);
	return 0;
}

static int
settings_fill(struct settings *settings, const struct options *options,
	const char *strategy, struct err *err)
{
	const struct options_request *request = options->request;
	struct run_settings *run = &settings->run;

	run->strategy = strategy_find(strategy, err);
	if (run->strategy == NULL)
		return -1;
	if (run->strategy->opts != NULL)
		run->strategy_settings = opts_settings(options->opts,
			run->strategy->opts);
	run->concurrency = options->concurrency->concurrency.items[0];
	run->first = options->general->first;
	run->sync = options->durable->sync;
	run->requests = options->load->requests;
	run->duration_us = options->load->duration;
	run->max_time_us = options->limits->max_time;
	run->deadline_us = options->limits->deadline;
	run->allow_downgrade = request->allow_downgrade;
	run->method = request->head ? "HEAD" : request->method;
	settings_set_easy(&run->easy, options);
	settings_set_names(&run->names, options);
	if (settings_check_request(request, err) != 0 ||
	    settings_set_body(settings, request->data, err) != 0 ||
	    settings_set_policy(settings, options, err) != 0 ||
	    settings_set_verdict(&run->verdict, options, err) != 0 ||
	    settings_set_source(settings, options, err) != 0 ||
	    settings_set_bodies(settings, options, err) != 0 ||
	    settings_set_stages(settings, options, err) != 0)
		return -1;
	return settings_set_records(settings, options, err);
}

int
settings_init(struct settings *settings, const struct options *options,
	const char *strategy, struct err *err)
{
	*settings = (struct settings){ 0 };
	if (settings_fill(settings, options, strategy, err) == 0)
		return 0;
	settings_release(settings);
	return -1;
}

void
settings_release(struct settings *settings)
{
	column_list_release(&settings->columns);
	chain_free(settings->run.chain);
	template_free(settings->template);
	policy_free(settings->policy);
	free(settings->set);
	free(settings->body);
	free(settings->headers);
	free(settings->accept);
	free(settings->operands);
	*settings = (struct settings){ 0 };
}
