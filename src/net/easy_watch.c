/* SPDX-License-Identifier: MIT */
/*
 * easy_watch -- what libcurl calls while a fetch runs: it counts, refuses what
 * libcurl would let pass, and never resolves a name.
 */
#include "config.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "net/easy_handle.h"
#include "net/fetch.h"

/* How long a cancel or the end of its time may go unseen. */
#define EASY_WAIT (50 * CLOCK_MS)

static size_t
easy_on_header(char *p, size_t size, size_t n, void *arg)
{
	struct easy *easy = arg;

	(void)size;
	return headers_add(&easy->headers, p, n) == FETCH_ACCEPTED ? n : 0;
}

/* What came of a piece of the body: written, or broken off here. */
static size_t
easy_written(struct easy *easy, int rc, size_t n)
{
	easy->body_bytes += n;
	if (rc == 0)
		return n;
	easy->headers.refusal = FETCH_NOT_WRITTEN;
	easy->fetch->reply.os_errno = errno;
	return 0;
}

static int
easy_time_is_up(const struct easy *easy)
{
	int64_t limit_us = easy->fetch->request.time_left_us;

	return limit_us > 0 && clock_us() - easy->prepared_us >= limit_us;
}

/*
 * In blocking use the thread waits in here. libcurl is told that the fetch is
 * paused meanwhile, or it would take the server for a slow one. When time is
 * up it stays so, for libcurl to end it as it ends others.
 */
static size_t
easy_wait(struct easy *easy, const void *p, size_t n)
{
	const struct fetch_request *request = &easy->fetch->request;
	int rc;

	curl_easy_pause(easy->curl, CURLPAUSE_RECV);
	do {
		if (atomic_load(easy->cancel)) {
			easy->headers.refusal = FETCH_CANCELLED;
			return 0;
		}
		if (easy_time_is_up(easy))
			return CURL_WRITEFUNC_PAUSE;
		request->wait_write(request->write_arg, EASY_WAIT);
		rc = request->write_body(request->write_arg, p, n);
	} while (rc != 0 && errno == EAGAIN);
	if (rc == 0)
		curl_easy_pause(easy->curl, CURLPAUSE_CONT);
	return easy_written(easy, rc, n);
}

static size_t
easy_write(struct easy *easy, const void *p, size_t n)
{
	const struct fetch_request *request = &easy->fetch->request;
	int rc = 0;

	if (request->write_body != NULL)
		rc = request->write_body(request->write_arg, p, n);
	if (rc == 0 || errno != EAGAIN || request->may_write == NULL)
		return easy_written(easy, rc, n);
	if (easy->cancel != NULL)
		return easy_wait(easy, p, n);
	easy->on_pause(easy->owner);
	return CURL_WRITEFUNC_PAUSE;
}

static size_t
easy_on_body(char *p, size_t size, size_t n, void *arg)
{
	struct easy *easy = arg;
	uint64_t max = easy->env->settings->max_body;

	(void)size;
	if (easy->headers.coded) {
		easy->headers.refusal = FETCH_CODED;
		return 0;
	}
	if (max > 0 && easy->body_bytes + n > max) {
		easy->body_bytes += n;
		easy->headers.refusal = FETCH_BODY_LIMIT;
		return 0;
	}
	return easy_write(easy, p, n);
}

static int
easy_on_progress(void *arg, curl_off_t dltotal, curl_off_t dlnow,
	curl_off_t ultotal, curl_off_t ulnow)
{
	struct easy *easy = arg;

	(void)dltotal;
	(void)dlnow;
	(void)ultotal;
	(void)ulnow;
	if (easy->cancel == NULL || !atomic_load(easy->cancel))
		return 0;
	easy->headers.refusal = FETCH_CANCELLED;
	return 1;
}

/* A name that is not pinned is not resolved. */
static int
easy_on_resolve(void *resolver, void *reserved, void *arg)
{
	(void)resolver;
	(void)reserved;
	(void)arg;
	return 1;
}

static curl_socket_t
easy_on_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *addr)
{
	struct easy *easy = arg;
	int fd;

	(void)purpose;
	fd = socket(addr->family, addr->socktype | SOCK_CLOEXEC,
		addr->protocol);
	if (easy->fetch != NULL)
		easy->fetch->reply.sockets++;
	/* A family that this system lacks does not explain the failure. */
	if (fd < 0 && easy->fetch != NULL && errno != EAFNOSUPPORT)
		easy->fetch->reply.os_errno = errno;
	return fd < 0 ? CURL_SOCKET_BAD : fd;
}

void
easy_watch(struct easy *easy)
{
	EASY_SET(easy, CURLOPT_PRIVATE, easy);
	EASY_SET(easy, CURLOPT_ERRORBUFFER, easy->error);
	EASY_SET(easy, CURLOPT_HEADERFUNCTION, easy_on_header);
	EASY_SET(easy, CURLOPT_HEADERDATA, easy);
	EASY_SET(easy, CURLOPT_WRITEFUNCTION, easy_on_body);
	EASY_SET(easy, CURLOPT_WRITEDATA, easy);
	EASY_SET(easy, CURLOPT_OPENSOCKETFUNCTION, easy_on_socket);
	EASY_SET(easy, CURLOPT_OPENSOCKETDATA, easy);
	EASY_SET(easy, CURLOPT_RESOLVER_START_FUNCTION, easy_on_resolve);
	if (easy->cancel != NULL) {
		EASY_SET(easy, CURLOPT_XFERINFOFUNCTION, easy_on_progress);
		EASY_SET(easy, CURLOPT_XFERINFODATA, easy);
		EASY_SET(easy, CURLOPT_NOPROGRESS, 0L);
		EASY_SET(easy, CURLOPT_MAXCONNECTS, (long)easy->kept);
	}
}
