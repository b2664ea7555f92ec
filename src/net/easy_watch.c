/* SPDX-License-Identifier: MIT */
/*
 * easy_watch -- what libcurl calls while a fetch runs: it counts, refuses what
 * libcurl would let pass, and never resolves a name. Bodies are easy_body's.
 */
#include "config.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/socket.h>

#include "base/mem.h"
#include "net/easy_handle.h"
#include "net/fetch.h"
#include "net/policy.h"

static size_t
easy_on_header(char *p, size_t size, size_t n, void *arg)
{
	struct easy *easy = arg;

	(void)size;
	return headers_add(&easy->headers, p, n) == FETCH_ACCEPTED ? n : 0;
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

/*
 * The core chose the addresses and checked them. This is the last moment, and
 * what connect(2) will get: however libcurl came by another one, it gets no
 * packet.
 */
static int
easy_denies(struct easy *easy, const struct curl_sockaddr *to)
{
	const struct policy *policy = easy->env->settings->policy;
	struct addr addr;
	char *why;

	if (policy == NULL)
		return 0;
	why = addr_of_socket(&to->addr, &addr) == 0 ?
		policy_refusal(policy, &addr) :
		mem_strdup("no address that there are rules for");
	if (why == NULL)
		return 0;
	free(easy->denied);
	easy->denied = why;
	return 1;
}

static curl_socket_t
easy_on_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *addr)
{
	struct easy *easy = arg;
	int fd;

	(void)purpose;
	if (easy_denies(easy, addr))
		return CURL_SOCKET_BAD;
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
	easy_body_watch(easy);
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
