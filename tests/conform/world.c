/* SPDX-License-Identifier: MIT */
/*
 * world -- starts the servers, keeps their files, asks them what they saw.
 *
 * A server that cannot be started ends the program: no test could say
 * anything without it.
 */
#include "config.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "conform/world.h"

struct world world;

static void __attribute__((noreturn))
world_give_up(const char *what)
{
	printf("Bail out! %s\n", what);
	exit(99);
}

/* --- files --- */

void
world_write(const char *path, const void *p, size_t n)
{
	FILE *file = fopen(path, "we");

	if (file == NULL || fwrite(p, 1, n, file) != n || fclose(file) != 0)
		world_give_up(path);
}

char *
world_read(const char *path)
{
	FILE *file = fopen(path, "re");
	char text[65536];
	size_t n;

	if (file == NULL)
		return NULL;
	n = fread(text, 1, sizeof text, file);
	fclose(file);
	return mem_strndup(text, n);
}

/* --- servers --- */

/* Starts the program and returns its standard output. */
static int
world_spawn(struct world_server *server, char *const *argv)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) != 0)
		world_give_up("pipe");
	server->pid = fork();
	if (server->pid == 0) {
		dup2(fds[1], STDOUT_FILENO);
		execv(argv[0], argv);
		_exit(127);
	}
	close(fds[1]);
	if (server->pid < 0)
		world_give_up("fork");
	return fds[0];
}

/* Its first line ends in its port, with or without a slash behind it. */
static void
world_start(struct world_server *server, char *const *argv)
{
	int fd = world_spawn(server, argv);
	char line[256];
	size_t len = 0;
	ssize_t n;

	while (len < sizeof line - 1 && (n = read(fd, line + len, 1)) == 1)
		if (line[len++] == '\n')
			break;
	line[len] = '\0';
	close(fd);
	while (len > 0 && strchr("/\n", line[len - 1]) != NULL)
		line[--len] = '\0';
	while (len > 0 && line[len - 1] >= '0' && line[len - 1] <= '9')
		len--;
	server->port = (unsigned)strtoul(line + len, NULL, 10);
	if (server->port == 0)
		world_give_up(argv[0]);
	snprintf(server->url, sizeof server->url, "http://127.0.0.1:%u",
		server->port);
}

static void
world_stop(struct world_server *server)
{
	if (server->pid <= 0)
		return;
	kill(server->pid, SIGTERM);
	waitpid(server->pid, NULL, 0);
}

static void
world_start_origins(void)
{
	char program[4096], raw[] = "raw";
	char with_parent[] = "--with-parent", port[] = "--port=0";
	char raw_dir[] = "--raw-dir";
	char *argv[] = { program, with_parent, port, raw_dir, raw, NULL };
	const char *path = getenv("FETCHALL_ORIGIN");

	if (path == NULL || path[0] != '/')
		world_give_up("FETCHALL_ORIGIN is no absolute path");
	snprintf(program, sizeof program, "%s", path);
	world_start(&world.here, argv);
	world_start(&world.there, argv);
}

static void
world_start_names(void)
{
	const char *folder = getenv("builddir");
	char program[4096];
	char *argv[] = { program, NULL };

	if (folder == NULL || folder[0] != '/')
		world_give_up("builddir is no absolute path");
	snprintf(program, sizeof program, "%s/net/responder", folder);
	world_start(&world.names, argv);
	snprintf(world.dns, sizeof world.dns, "127.0.0.1:%u",
		world.names.port);
}

/* Bound and not listened at: nobody else gets the port. */
static void
world_refuse(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t len = sizeof at;

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	world.refusing_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(world.refusing_fd, (struct sockaddr *)(void *)&at,
	    len) != 0 || getsockname(world.refusing_fd,
	    (struct sockaddr *)(void *)&at, &len) != 0)
		world_give_up("bind");
	snprintf(world.refusing, sizeof world.refusing,
		"http://127.0.0.1:%u/", (unsigned)ntohs(at.sin_port));
}

static void
world_close(void)
{
	char *command = mem_printf("rm -rf '%s'", world.folder);

	world_stop(&world.here);
	world_stop(&world.there);
	world_stop(&world.names);
	if (world.refusing_fd >= 0)
		close(world.refusing_fd);
	if (chdir("/") != 0 || system(command) != 0)
		printf("# %s is left behind\n", world.folder);
	free(command);
}

void
world_open(void)
{
	const char *base = getenv("TMPDIR");

	snprintf(world.folder, sizeof world.folder, "%s/conform.XXXXXX",
		base != NULL && strlen(base) < 40 ? base : "/tmp");
	if (mkdtemp(world.folder) == NULL || chdir(world.folder) != 0 ||
	    mkdir("raw", 0700) != 0)
		world_give_up("no folder");
	world.refusing_fd = -1;
	atexit(world_close);
	world_start_origins();
	world_start_names();
	world_refuse();
}

/* --- what a server saw --- */

static void
world_send(int fd, const struct world_server *server, const char *path)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	char *request = mem_printf("GET %s HTTP/1.0\r\n\r\n", path);
	size_t len = strlen(request);

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	at.sin_port = htons((uint16_t)server->port);
	if (connect(fd, (struct sockaddr *)(void *)&at, sizeof at) != 0 ||
	    write(fd, request, len) != (ssize_t)len)
		world_give_up("an origin does not answer");
	free(request);
}

static void
world_ask(const struct world_server *server, const char *path,
	char reply[4096])
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	size_t len = 0;
	ssize_t n;

	world_send(fd, server, path);
	while (len < 4095 && (n = read(fd, reply + len, 4095 - len)) > 0)
		len += (size_t)n;
	reply[len] = '\0';
	close(fd);
}

uint64_t
world_stat(const struct world_server *server, const char *name)
{
	char reply[4096], quoted[64];
	const char *at;

	snprintf(quoted, sizeof quoted, "\"%s\":", name);
	world_ask(server, "/stats", reply);
	at = strstr(reply, quoted);
	if (at == NULL)
		world_give_up(reply);
	return strtoull(at + strlen(quoted), NULL, 10);
}

void
world_reset(const struct world_server *server)
{
	struct timespec moment = { .tv_nsec = 5000000 };
	char reply[4096];
	int i;

	/* What the test before broke off may still be on its way out. */
	for (i = 0; i < 1000 && world_stat(server, "in_flight") > 0; i++)
		nanosleep(&moment, NULL);
	world_ask(server, "/stats/reset", reply);
}
