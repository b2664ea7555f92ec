/* SPDX-License-Identifier: MIT */
/*
 * settings_request -- the request that goes to every URL. Texts of it become
 * lines of a message, so none may hold a line break: what libcurl would pass on
 * could end a header and begin another.
 */
#include "config.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "cli/options.h"
#include "cli/settings_own.h"

#define SETTINGS_MAX_DATA (64u << 20)	/* bytes of --data @FILE */

/* RFC 9110 section 5.6.2. */
static int
settings_is_token(const char *text)
{
	return text[0] != '\0' && strspn(text, "!#$%&'*+-.^_`|~0123456789"
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") ==
		strlen(text);
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

int
settings_request_fill(struct settings *settings,
	const struct options *options, struct err *err)
{
	const struct options_request *request = options->request;
	struct run_settings *run = &settings->run;

	run->allow_downgrade = request->allow_downgrade;
	run->method = request->head ? "HEAD" : request->method;
	run->easy = (struct easy_settings){
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
	};
	if (settings_check_request(request, err) != 0)
		return -1;
	return settings_set_body(settings, request->data, err);
}
