/* SPDX-License-Identifier: MIT */
/*
 * routes_broken -- replies that are wrong on purpose: cut, reset, without
 * end, or whatever a file holds.
 */
#include "config.h"

#include <event2/buffer.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "origin/conn.h"
#include "origin/query.h"
#include "origin/reply.h"
#include "origin/route.h"
#include "origin/server.h"

#define BROKEN_BYTES_MAX (1024 * 1024)
#define BROKEN_PIECE (64 * 1024)

static void
broken_reset(struct conn *conn, const char *rest)
{
	uint64_t bytes;

	if (*rest != '\0' || query_number(conn->request.query, "bytes", 0,
	    BROKEN_BYTES_MAX, &bytes) != 0) {
		reply_usage(conn);
		return;
	}
	if (bytes > 0 && !reply_begin(conn, 200, REPLY_PLAIN, bytes + 1))
		return;
	reply_pattern(conn, 0, (size_t)bytes);
	conn_reset(conn);
}

static void
broken_cut(struct conn *conn, const char *rest)
{
	const char *query = conn->request.query;
	uint64_t bytes, length, chunked;

	if (*rest != '\0' ||
	    query_number(query, "bytes", 500, BROKEN_BYTES_MAX, &bytes) != 0 ||
	    query_number(query, "length", bytes * 2, UINT64_MAX - 1,
	    &length) != 0 ||
	    query_number(query, "chunked", 0, 1, &chunked) != 0) {
		reply_usage(conn);
		return;
	}
	if (!reply_begin(conn, 200, REPLY_PLAIN, chunked ? REPLY_UNKNOWN :
	    length))
		return;
	reply_pattern(conn, 0, (size_t)bytes);
	conn_close(conn);
}

static void
broken_endless_pump(struct conn *conn)
{
	reply_pattern(conn, conn->sent, BROKEN_PIECE);
	conn->sent += BROKEN_PIECE;
}

/* Its end would be the connection's, if there were one. */
static void
broken_endless(struct conn *conn, const char *rest)
{
	(void)rest;
	conn->chunked = 0;
	conn->server->stats.classes[2]++;
	evbuffer_add_printf(conn->out, "HTTP/1.1 200 OK\r\n" REPLY_PLAIN
		"Connection: close\r\n\r\n");
	if (strcmp(conn->request.method, "HEAD") == 0)
		conn_close(conn);
	else
		conn_pump(conn, 0, broken_endless_pump);
}

static void
broken_headers_pump(struct conn *conn)
{
	int i;

	for (i = 0; i < 64; i++)
		evbuffer_add_printf(conn->out, "X-Endless-%llu: %064d\r\n",
			(unsigned long long)conn->sent++, 0);
}

static void
broken_endless_headers(struct conn *conn, const char *rest)
{
	(void)rest;
	conn->server->stats.classes[2]++;
	evbuffer_add_printf(conn->out, "HTTP/1.1 200 OK\r\n");
	conn_pump(conn, 0, broken_headers_pump);
}

/* A descriptor of the file and its size, or -1. */
static int
broken_raw_open(int dir, const char *name, off_t *ret_size)
{
	struct stat st;
	int fd;

	if (dir < 0 || *name == '\0' || *name == '.' ||
	    strchr(name, '/') != NULL)
		return -1;
	fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -1;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return -1;
	}
	*ret_size = st.st_size;
	return fd;
}

static void
broken_raw(struct conn *conn, const char *rest)
{
	off_t size;
	int fd = broken_raw_open(conn->server->raw_dir, rest, &size);

	if (fd < 0) {
		reply_text(conn, 404, "no such file in --raw-dir\n");
		return;
	}
	if (size == 0)
		close(fd);
	else if (evbuffer_add_file(conn->out, fd, 0, size) != 0)
		close(fd);
	conn_close(conn);
}

static const struct route broken_rows[] = {
	{ .prefix = "/reset", .args = "[?bytes=N]", .serve = broken_reset,
	  .brief = "a RST, after N bytes of a body" },
	{ .prefix = "/cut", .args = "[?bytes=N&length=L]",
	  .serve = broken_cut,
	  .brief = "N (500) of L (2 * N) bytes; ?chunked=1: a chunk" },
	{ .prefix = "/endless", .serve = broken_endless,
	  .brief = "a body without end" },
	{ .prefix = "/endless-headers", .serve = broken_endless_headers,
	  .brief = "headers without end" },
	{ .prefix = "/raw", .args = "/NAME", .serve = broken_raw,
	  .brief = "a file of --raw-dir, byte for byte; then closes" },
};

const struct route_set routes_broken = { ROUTE_ROWS(broken_rows) };
