/* SPDX-License-Identifier: MIT */
/*
 * conn -- one client's connection: reads requests, has them answered, sends.
 *
 * On plain events rather than evhttp or bufferevents: evhttp cannot break off
 * a reply, send headers without end or close with a RST, and writing at once
 * instead of through a bufferevent's write event saves two system calls a
 * request, which matters to what this server measures.
 *
 * Every event callback ends in conn_settle(), the only place where bytes are
 * sent and connections freed; so handlers need not fear for theirs.
 */
#include "config.h"

#include <errno.h>
#include <event2/buffer.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "origin/conn.h"
#include "origin/options.h"
#include "origin/reply.h"
#include "origin/route.h"
#include "origin/server.h"

/* Above this much unsent output nothing more is made. */
#define CONN_OUT_HIGH (128 * 1024)
/* Above this much unread input nothing more is read. */
#define CONN_PENDING_HIGH (64 * 1024)
#define CONN_LINGER_MS 1000
/* Of pump calls in a row, so that a costly pump leaves the loop to others. */
#define CONN_ROUNDS 32

static void
conn_forget_work(struct conn *conn)
{
	if (conn->data_free != NULL)
		conn->data_free(conn->data);
	conn->data = NULL;
	conn->data_free = NULL;
	conn->left = conn->sent = 0;
	conn->pump = conn->beat = NULL;
	if (conn->later != NULL)
		event_del(&conn->timer);
	conn->later = NULL;
	if (conn->counted)
		stats_replied(&conn->server->stats);
	conn->counted = 0;
}

void
conn_close(struct conn *conn)
{
	conn_forget_work(conn);
	conn->state = CONN_CLOSING;
}

void
conn_reset(struct conn *conn)
{
	conn_forget_work(conn);
	conn->state = CONN_RESETTING;
}

void
conn_end(struct conn *conn)
{
	if (!conn->request.keep_alive) {
		conn_close(conn);
		return;
	}
	conn_forget_work(conn);
	request_clear(&conn->request);
	conn->state = CONN_READING;
}

void
conn_later(struct conn *conn, uint64_t ms, conn_fn *fn)
{
	struct timeval tv = {
		.tv_sec = (time_t)(ms / 1000),
		.tv_usec = (suseconds_t)(ms % 1000 * 1000),
	};

	/* Else the loop counts from when its round began: too early. */
	event_base_update_cache_time(conn->server->base);
	conn->later = fn;
	event_add(&conn->timer, &tv);
}

static void
conn_beat(struct conn *conn)
{
	conn->beat(conn);
	if (conn->beat != NULL)
		conn_later(conn, conn->beat_ms, conn_beat);
}

void
conn_pump(struct conn *conn, uint64_t ms, conn_fn *fn)
{
	if (ms > 0) {
		conn->beat = fn;
		conn->beat_ms = ms;
		conn_later(conn, ms, conn_beat);
		return;
	}
	/* Most replies are whole after one call. */
	conn->pump = fn;
	fn(conn);
}

static void
conn_dispatch(struct conn *conn)
{
	conn->route->serve(conn, conn->rest);
}

static void
conn_serve(struct conn *conn)
{
	uint64_t delay_ms = conn->server->options->delay_ms;

	conn->state = CONN_SERVING;
	conn->route = route_find(conn->request.path, &conn->rest);
	if (conn->route->flags & ROUTE_ASIDE) {
		conn_dispatch(conn);
		return;
	}
	conn->counted = 1;
	stats_request(&conn->server->stats);
	if (delay_ms > 0)
		conn_later(conn, delay_ms, conn_dispatch);
	else
		conn_dispatch(conn);
}

static void
conn_refuse(struct conn *conn)
{
	struct buf *text = reply_buf(conn);

	conn->server->stats.bad_requests++;
	conn->state = CONN_SERVING;
	conn->request.keep_alive = 0;
	conn->linger = 1;
	buf_printf(text, "%s\n", conn->request.fault);
	reply_send(conn, conn->request.status, REPLY_PLAIN, text->data,
		text->len);
}

static void
conn_continue(struct conn *conn)
{
	static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";

	conn->request.expects = 0;
	evbuffer_add(conn->out, text, sizeof text - 1);
}

static int
conn_out_low(const struct conn *conn)
{
	return evbuffer_get_length(conn->out) < CONN_OUT_HIGH;
}

/* Reads and serves requests; returns how many bytes that took. */
static size_t
conn_feed(struct conn *conn, const char *p, size_t n)
{
	struct request *req = &conn->request;
	size_t at = 0;

	while (at < n && conn->state == CONN_READING && conn_out_low(conn)) {
		at += request_read(req, p + at, n - at);
		if (req->state == REQUEST_DONE)
			conn_serve(conn);
		else if (req->state == REQUEST_BAD)
			conn_refuse(conn);
		else if (req->expects && req->state > REQUEST_HEADERS)
			conn_continue(conn);
	}
	return at;
}

/* Something can be done without waiting for the client or a timer. */
static int
conn_has_work(const struct conn *conn)
{
	return (conn->state == CONN_SERVING && conn->pump != NULL) ||
	    (conn->state == CONN_READING && conn->pending.len > 0);
}

static void
conn_advance(struct conn *conn)
{
	int i;

	for (i = 0; i < CONN_ROUNDS && conn_has_work(conn) &&
	    conn_out_low(conn); i++)
		if (conn->state == CONN_SERVING)
			conn->pump(conn);
		else
			buf_shift(&conn->pending, conn_feed(conn,
				conn->pending.data, conn->pending.len));
	if (conn->pending.len == 0 && conn->pending.size > 0)
		buf_release(&conn->pending);
}

/*
 * One write only, so that a fast reader of an endless body does not keep the
 * loop from the others.
 */
static void
conn_flush(struct conn *conn)
{
	int n;

	if (evbuffer_get_length(conn->out) == 0)
		return;
	n = evbuffer_write(conn->out, conn->fd);
	if (n > 0)
		conn->server->stats.bytes_sent += (uint64_t)n;
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		conn->state = CONN_DEAD; /* 0: a /raw file was cut meanwhile */
}

static void
conn_linger_over(struct conn *conn)
{
	conn->state = CONN_DEAD;
}

/* All was sent. */
static void
conn_hang_up(struct conn *conn)
{
	struct linger now = { .l_onoff = 1, .l_linger = 0 };

	if (conn->state == CONN_RESETTING)
		setsockopt(conn->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
	if (conn->state == CONN_CLOSING && !conn->eof &&
	    (conn->linger || conn->pending.len > 0)) {
		shutdown(conn->fd, SHUT_WR);
		buf_release(&conn->pending);
		conn->state = CONN_LINGERING;
		conn_later(conn, CONN_LINGER_MS, conn_linger_over);
	} else {
		conn->state = CONN_DEAD;
	}
}

static void
conn_switch(struct event *event, int *is_on, int want)
{
	if (want == *is_on)
		return;
	*is_on = want;
	if (want)
		event_add(event, NULL);
	else
		event_del(event);
}

static void
conn_watch(struct conn *conn)
{
	int open = conn->state == CONN_READING || conn->state == CONN_SERVING;

	conn_switch(&conn->write_event, &conn->writing,
		evbuffer_get_length(conn->out) > 0 || conn_has_work(conn));
	conn_switch(&conn->read_event, &conn->reading,
		!conn->eof && (conn->state == CONN_LINGERING ||
		(open && conn->pending.len < CONN_PENDING_HIGH)));
}

static void
conn_settle(struct conn *conn)
{
	if (conn->state != CONN_DEAD) {
		conn_advance(conn);
		conn_flush(conn);
	}
	if (conn->eof && conn->state == CONN_READING && !conn_has_work(conn))
		conn->state = CONN_CLOSING;
	if (evbuffer_get_length(conn->out) == 0 &&
	    (conn->state == CONN_CLOSING || conn->state == CONN_RESETTING))
		conn_hang_up(conn);
	if (conn->state == CONN_DEAD)
		conn_free(conn);
	else
		conn_watch(conn);
}

static void
conn_take(struct conn *conn, const char *p, size_t n)
{
	size_t used = 0;

	if (conn->state == CONN_LINGERING)
		return;
	if (conn->pending.len == 0)
		used = conn_feed(conn, p, n);
	buf_add(&conn->pending, p + used, n - used);
}

/*
 * A client that closes while we are sending may have closed its side only and
 * gets the rest; one that closes while we wait has given up.
 */
static void
conn_take_eof(struct conn *conn)
{
	conn->eof = 1;
	if (conn->state == CONN_LINGERING ||
	    (conn->state == CONN_SERVING && conn->pump == NULL))
		conn->state = CONN_DEAD;
}

static void
conn_on_read(evutil_socket_t fd, short events, void *arg)
{
	struct conn *conn = arg;
	char *scratch = conn->server->scratch;
	ssize_t n = read(fd, scratch, SERVER_SCRATCH);

	(void)events;
	if (n > 0)
		conn_take(conn, scratch, (size_t)n);
	else if (n == 0)
		conn_take_eof(conn);
	else if (errno != EAGAIN && errno != EINTR)
		conn->state = CONN_DEAD;
	conn_settle(conn);
}

static void
conn_on_write(evutil_socket_t fd, short events, void *arg)
{
	(void)fd;
	(void)events;
	conn_settle(arg);
}

static void
conn_on_timer(evutil_socket_t fd, short events, void *arg)
{
	struct conn *conn = arg;
	conn_fn *later = conn->later;

	(void)fd;
	(void)events;
	conn->later = NULL;
	later(conn);
	conn_settle(conn);
}

void
conn_new(struct server *server, evutil_socket_t fd)
{
	struct conn *conn = mem_array(1, sizeof *conn);

	conn->server = server;
	conn->fd = fd;
	conn->state = CONN_READING;
	conn->out = evbuffer_new();
	/* Lets files be sent with sendfile(). */
	evbuffer_set_flags(conn->out, EVBUFFER_FLAG_DRAINS_TO_FD);
	request_init(&conn->request);
	buf_init(&conn->pending, CONN_PENDING_HIGH + SERVER_SCRATCH);
	event_assign(&conn->read_event, server->base, fd,
		EV_READ | EV_PERSIST, conn_on_read, conn);
	event_assign(&conn->write_event, server->base, fd,
		EV_WRITE | EV_PERSIST, conn_on_write, conn);
	evtimer_assign(&conn->timer, server->base, conn_on_timer, conn);
	list_push(&server->conns, &conn->node);
	stats_connected(&server->stats);
	conn_watch(conn);
}

void
conn_free(struct conn *conn)
{
	if (conn->counted)
		conn->server->stats.aborted++;
	conn_forget_work(conn);
	event_del(&conn->read_event);
	event_del(&conn->write_event);
	evutil_closesocket(conn->fd);
	evbuffer_free(conn->out);
	request_release(&conn->request);
	buf_release(&conn->pending);
	list_remove(&conn->node);
	conn->server->stats.connections_now--;
	free(conn);
}
