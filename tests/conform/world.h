/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_TESTS_CONFORM_WORLD_H
#define FETCHALL_TESTS_CONFORM_WORLD_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * What the strategies are let loose on: two origins that differ in their
 * port, a port that refuses, a name server that misbehaves on demand, and a
 * folder of our own that is the current one.
 */
struct world_server {
	pid_t pid;
	unsigned port;
	char url[32];		/* http://127.0.0.1:PORT */
};

struct world {
	char folder[64];
	struct world_server here, there;
	struct world_server names;	/* tests/net/responder.h; no url */
	char dns[32];		/* its address, for --dns-servers */
	int refusing_fd;
	char refusing[32];	/* a URL that nobody listens at */
};

extern struct world world;

/*
 * FETCHALL_ORIGIN and builddir say where the servers' programs are. All is
 * gone again when the program exits.
 */
void world_open(void);

/* A file in the folder, or in raw/: what /raw/NAME replies. */
void world_write(const char *path, const void *p, size_t n);
/* A file's text, owned; NULL: there is none. */
char *world_read(const char *path);

/* A number of the server's /stats. Any thread. */
uint64_t world_stat(const struct world_server *server, const char *name);
/* Counts from zero again, once nothing is under way any more. */
void world_reset(const struct world_server *server);

#endif
