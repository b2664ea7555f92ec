/* SPDX-License-Identifier: MIT */
/*
 * fetchall-origin -- a web server on this machine that answers well, slowly,
 * wrongly or never, as the path asks: for demos, tests and comparisons. It
 * takes whatever Host it is sent. For files and TLS, take nginx.
 */
#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "opt/opt.h"
#include "origin/options.h"
#include "origin/server.h"

/* Renamed into place, so that a waiting reader never sees half of it. */
static int
port_write(const char *path, unsigned port, struct err *err)
{
	char *part = mem_printf("%s.part", path);
	FILE *file = fopen(part, "we");
	int rc = 0;

	/* What fits in stdio's buffer fails in fclose(), if at all. */
	if (file != NULL)
		fprintf(file, "%u\n", port);
	if (file == NULL || fclose(file) != 0 || rename(part, path) != 0)
		rc = err_sys(err, "%s", path);
	free(part);
	return rc;
}

/* `parent` is from before the call, to see whether it went meanwhile. */
static int
parent_follow(pid_t parent, struct err *err)
{
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) != 0)
		return err_sys(err, "--with-parent");
	if (getppid() != parent)
		return err_set(err, ERR_SYSTEM,
			"--with-parent: the parent has ended");
	return 0;
}

static int
origin_run(const struct options *options, struct err *err)
{
	struct server *server = server_new(options, err);
	int rc = -1;

	if (server == NULL)
		return -1;
	if (options->port_file == NULL ||
	    port_write(options->port_file, server->port, err) == 0) {
		printf("%s\n", server->url);
		fflush(stdout);
		rc = server_run(server, err);
	}
	server_free(server);
	return rc;
}

static int
help_print(const struct opts *opts, const char *topic, struct err *err)
{
	struct buf text;
	int rc;

	buf_init(&text, SERVER_TEXT_MAX);
	rc = options_help(opts, topic, &text, err);
	if (rc == 0)
		fputs(buf_text(&text), stdout);
	buf_release(&text);
	return rc;
}

static int
origin_main(struct opts *opts, int argc, char **argv, struct err *err)
{
	const struct options *options = opts_add(opts, &options_set);
	pid_t parent = getppid();
	int first;

	if (opts_parse(opts, argc, argv, &first, err) != 0)
		return -1;
	if (options->help != NULL)
		return help_print(opts, options->help, err);
	if (options->version) {
		printf("fetchall-origin %s\n", PACKAGE_VERSION);
		return 0;
	}
	if (first < argc)
		return err_set(err, ERR_USAGE, "%s: no operands are taken",
			argv[first]);
	if (options->with_parent && parent_follow(parent, err) != 0)
		return -1;
	return origin_run(options, err);
}

int
main(int argc, char **argv)
{
	struct opts *opts = opts_new();
	struct err err;
	int status = 0;

	if (origin_main(opts, argc, argv, &err) != 0) {
		log_error("%s", err.text);
		status = err_status(err.code);
	}
	opts_free(opts);
	return status;
}
