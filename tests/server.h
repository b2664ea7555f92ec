/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_TESTS_SERVER_H
#define FETCHALL_TESTS_SERVER_H

/*
 * fetchall-origin as a child of a unit test, on a free port of 127.0.0.1. It
 * ends with the test's process, however that ends. Where the environment
 * names no FETCHALL_ORIGIN the whole program is skipped.
 */
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit.h"

struct server {
	pid_t pid;
	unsigned port;
};

/* -1 when it does not start, as where there is no such address. */
static inline int
server_start(struct server *server, const char *address)
{
	const char *program = getenv("FETCHALL_ORIGIN");
	char line[256] = "";
	const char *colon;
	FILE *says;
	int fds[2];

	if (pipe(fds) != 0)
		return -1;
	server->pid = fork();
	if (server->pid == 0) {
		dup2(fds[1], STDOUT_FILENO);
		dup2(fds[1], STDERR_FILENO);
		close(fds[0]);
		close(fds[1]);
		execl(program, program, "--with-parent", "--port", "0",
			"--address", address, (char *)NULL);
		_exit(127);
	}
	close(fds[1]);
	says = fdopen(fds[0], "r");
	/* Its first line is where it listens. */
	if (fgets(line, sizeof line, says) != NULL &&
	    strncmp(line, "http://", 7) == 0 &&
	    (colon = strrchr(line, ':')) != NULL)
		server->port = (unsigned)strtoul(colon + 1, NULL, 10);
	fclose(says);
	return server->port != 0 ? 0 : -1;
}

static inline void
server_stop(struct server *server)
{
	if (server->pid > 0) {
		kill(server->pid, SIGKILL);
		waitpid(server->pid, NULL, 0);
	}
	*server = (struct server){ 0 };
}

/* The one that a whole program shares. */
static struct server server;

static inline int
server_setup(void **state)
{
	(void)state;
	return server_start(&server, "127.0.0.1");
}

static inline int
server_teardown(void **state)
{
	(void)state;
	server_stop(&server);
	return 0;
}

#define UNIT_MAIN_WITH_SERVER(name, tests) \
	int \
	main(void) \
	{ \
		if (getenv("FETCHALL_ORIGIN") == NULL) { \
			puts("1..0 # SKIP FETCHALL_ORIGIN is not set"); \
			return 0; \
		} \
		signal(SIGPIPE, SIG_IGN); \
		cmocka_set_message_output(CM_OUTPUT_TAP); \
		return cmocka_run_group_tests_name(name, tests, \
			server_setup, server_teardown); \
	}

#endif
