/* SPDX-License-Identifier: MIT */
/*
 * server -- listens, accepts, and ends: on a signal, after its time, or with
 * the process that started it.
 */
#include "config.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "origin/conn.h"
#include "origin/options.h"
#include "origin/server.h"
#include "origin/tally.h"

/* The kernel lowers it to net.core.somaxconn. */
#define SERVER_BACKLOG 65535
/* How long accepting rests when descriptors run out. */
#define SERVER_PAUSE_US 50000

/* As many connections as the system lets us have. */
static void
server_raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static void
server_on_accept(struct evconnlistener *listener, evutil_socket_t fd,
	struct sockaddr *sa, int len, void *arg)
{
	(void)listener;
	(void)sa;
	(void)len;
	conn_new(arg, fd);
}

/*
 * Out of descriptors: clients wait in the backlog, and the loop must not spin
 * meanwhile. Said once; it is bound to come again.
 */
static void
server_on_accept_error(struct evconnlistener *listener, void *arg)
{
	struct timeval pause = { .tv_usec = SERVER_PAUSE_US };
	struct server *server = arg;

	if (!server->was_full)
		log_warning("cannot accept for now: %s", strerror(errno));
	server->was_full = 1;
	evconnlistener_disable(listener);
	event_add(server->pause, &pause);
}

static void
server_on_pause_over(evutil_socket_t fd, short events, void *arg)
{
	struct server *server = arg;

	(void)fd;
	(void)events;
	evconnlistener_enable(server->listener);
}

static void
server_on_end(evutil_socket_t fd, short events, void *arg)
{
	(void)fd;
	(void)events;
	event_base_loopbreak(arg);
}

static int
server_bind(const struct options *options, struct err *err)
{
	struct addrinfo hints = {
		.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
	};
	struct addrinfo *info;
	char port[8];
	int one = 1, fd, rc;

	snprintf(port, sizeof port, "%u", (unsigned)options->port);
	rc = getaddrinfo(options->address, port, &hints, &info);
	if (rc != 0)
		return err_set(err, ERR_USAGE, "--address %s: %s",
			options->address, gai_strerror(rc));
	fd = socket(info->ai_family, SOCK_STREAM | SOCK_NONBLOCK |
		SOCK_CLOEXEC, 0);
	if (fd >= 0) {
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
		/* Accepted sockets inherit it. */
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
		if (options->reuse_port)
			setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one,
				sizeof one);
	}
	if (fd < 0 || bind(fd, info->ai_addr, info->ai_addrlen) != 0) {
		err_sys(err, "%s port %s", options->address, port);
		if (fd >= 0)
			close(fd);
		fd = -1;
	}
	freeaddrinfo(info);
	return fd;
}

static unsigned
server_port(int fd)
{
	union {
		struct sockaddr_storage storage;
		struct sockaddr any;
		struct sockaddr_in in4;
		struct sockaddr_in6 in6;
	} sa = { 0 };
	socklen_t len = sizeof sa;

	getsockname(fd, &sa.any, &len);
	return ntohs(sa.any.sa_family == AF_INET6 ? sa.in6.sin6_port :
		sa.in4.sin_port);
}

static int
server_listen(struct server *server, struct err *err)
{
	const char *address = server->options->address;
	int is_ipv6 = strchr(address, ':') != NULL;
	int fd = server_bind(server->options, err);

	if (fd < 0)
		return -1;
	server->listener = evconnlistener_new(server->base, server_on_accept,
		server, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC,
		SERVER_BACKLOG, fd);
	if (server->listener == NULL) {
		err_sys(err, "cannot listen");
		close(fd);
		return -1;
	}
	evconnlistener_set_error_cb(server->listener, server_on_accept_error);
	server->port = server_port(fd);
	snprintf(server->url, sizeof server->url, "http://%s%s%s:%u/",
		is_ipv6 ? "[" : "", address, is_ipv6 ? "]" : "",
		server->port);
	return 0;
}

static int
server_open_raw(struct server *server, struct err *err)
{
	const char *dir = server->options->raw_dir;

	if (dir == NULL)
		return 0;
	server->raw_dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (server->raw_dir < 0)
		return err_sys(err, "--raw-dir %s", dir);
	return 0;
}

static void
server_set_ends(struct server *server)
{
	struct timeval tv = {
		.tv_sec = (time_t)server->options->max_seconds,
	};

	server->ends[0] = evsignal_new(server->base, SIGINT, server_on_end,
		server->base);
	server->ends[1] = evsignal_new(server->base, SIGTERM, server_on_end,
		server->base);
	server->ends[2] = evtimer_new(server->base, server_on_end,
		server->base);
	event_add(server->ends[0], NULL);
	event_add(server->ends[1], NULL);
	if (tv.tv_sec > 0)
		event_add(server->ends[2], &tv);
	server->pause = evtimer_new(server->base, server_on_pause_over,
		server);
}

static struct event_base *
server_base_new(void)
{
	struct event_config *config = event_config_new();
	struct event_base *base;

	/* Delays are measured against: the coarse clock is 4 ms off. */
	event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK |
		EVENT_BASE_FLAG_PRECISE_TIMER);
	base = event_base_new_with_config(config);
	event_config_free(config);
	return base;
}

struct server *
server_new(const struct options *options, struct err *err)
{
	struct server *server = mem_array(1, sizeof *server);

	signal(SIGPIPE, SIG_IGN);
	server_raise_limit();
	server->options = options;
	server->raw_dir = -1;
	server->scratch = mem_alloc(SERVER_SCRATCH);
	list_init(&server->conns);
	map_init(&server->keys);
	buf_init(&server->head, SERVER_TEXT_MAX);
	buf_init(&server->text, SERVER_TEXT_MAX);
	server->base = server_base_new();
	if (server->base == NULL)
		err_set(err, ERR_SYSTEM, "libevent has no event base");
	if (server->base == NULL || server_open_raw(server, err) != 0 ||
	    server_listen(server, err) != 0) {
		server_free(server);
		return NULL;
	}
	server_set_ends(server);
	return server;
}

void
server_free(struct server *server)
{
	size_t i;

	if (server == NULL)
		return;
	while (!list_empty(&server->conns))
		conn_free(LIST_ENTRY(server->conns.next, struct conn, node));
	if (server->listener != NULL)
		evconnlistener_free(server->listener);
	for (i = 0; i < sizeof server->ends / sizeof *server->ends; i++)
		if (server->ends[i] != NULL)
			event_free(server->ends[i]);
	if (server->pause != NULL)
		event_free(server->pause);
	if (server->base != NULL)
		event_base_free(server->base);
	if (server->raw_dir >= 0)
		close(server->raw_dir);
	tally_clear(&server->keys);
	map_release(&server->keys);
	buf_release(&server->head);
	buf_release(&server->text);
	free(server->scratch);
	free(server);
	libevent_global_shutdown();
}

int
server_run(struct server *server, struct err *err)
{
	if (event_base_dispatch(server->base) < 0)
		return err_sys(err, "the event loop");
	return 0;
}
