/* SPDX-License-Identifier: MIT */
/*
 * script -- a listener and a thread, with time limits everywhere so that a
 * test that goes wrong ends.
 */
#include "config.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "net/script.h"

#define SCRIPT_PATIENCE 10	/* seconds */

static void
script_limit(int fd)
{
	struct timeval patience = { .tv_sec = SCRIPT_PATIENCE };
	int on = 1;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

/* What the request in `asked` is long; 0: its head is not whole yet. */
static size_t
script_length(const struct buf *asked, int early)
{
	const char *end = strstr(buf_text(asked), "\r\n\r\n");
	const char *length = strcasestr(buf_text(asked), "\r\nContent-Length:");
	size_t len;

	if (end == NULL)
		return 0;
	len = (size_t)(end - buf_text(asked)) + 4;
	if (length != NULL && length < end && !early)
		len += strtoul(length + 17, NULL, 10);
	return len;
}

/* -1: the client closed, or nothing came. */
static int
script_listen(int fd, struct buf *asked, int early)
{
	char bytes[65536];
	size_t len;
	ssize_t n;

	while ((len = script_length(asked, early)) == 0 || asked->len < len) {
		n = recv(fd, bytes, sizeof bytes, 0);
		if (n <= 0)
			return -1;
		buf_add(asked, bytes, (size_t)n);
	}
	return 0;
}

static void
script_say(const struct script *script, const struct script_step *step,
	int fd)
{
	size_t len = step->len > 0 ? step->len : strlen(step->reply), at, n;

	for (at = 0; at < len; at += n) {
		n = script->piece > 0 && script->piece < len - at ?
			script->piece : len - at;
		if (send(fd, step->reply + at, n, MSG_NOSIGNAL) != (ssize_t)n)
			return;
	}
}

static void *
script_play(void *arg)
{
	struct script *script = arg;
	const struct script_step *step;
	int fd = -1;
	size_t i;

	for (i = 0; i < script->n; i++) {
		step = &script->steps[i];
		if (fd < 0) {
			fd = accept(script->listener, NULL, NULL);
			if (fd < 0)
				return NULL;
			script->connections++;
			script_limit(fd);
		}
		if (script_listen(fd, &script->asked[i], step->early) == 0)
			script_say(script, step, fd);
		if (step->closes) {
			close(fd);
			fd = -1;
		}
	}
	if (fd >= 0)
		close(fd);
	return NULL;
}

void
script_start(struct script *script)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t len = sizeof at;
	size_t i;

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	script->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	script_limit(script->listener);
	for (i = 0; i < SCRIPT_STEPS; i++)
		buf_init(&script->asked[i], 64u << 20);
	if (bind(script->listener, (struct sockaddr *)(void *)&at, len) != 0 ||
	    listen(script->listener, 8) != 0 ||
	    getsockname(script->listener, (struct sockaddr *)(void *)&at,
	    &len) != 0 ||
	    pthread_create(&script->thread, NULL, script_play, script) != 0)
		abort();
	script->port = ntohs(at.sin_port);
}

void
script_end(struct script *script)
{
	pthread_join(script->thread, NULL);
	close(script->listener);
}

void
script_release(struct script *script)
{
	size_t i;

	for (i = 0; i < SCRIPT_STEPS; i++)
		buf_release(&script->asked[i]);
}
