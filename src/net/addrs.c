/* SPDX-License-Identifier: MIT */
/*
 * addrs -- the addresses of one name, counted references and all.
 *
 * The text for CURLOPT_RESOLVE is made once with the set, since a popular
 * host's set is handed to libcurl once a URL. It takes only the room it
 * needs: the cache may hold some 200,000 sets.
 */
#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "net/addrs.h"

/* A comma and brackets around the longest IPv6 address. */
#define ADDRS_TEXT_MAX (ADDRS_MAX * (INET6_ADDRSTRLEN + 3))

/* inet_ntop(3) takes sprintf(3) for these: ten times as long. */
static void
addr_add_ipv4(const struct addr *addr, struct buf *text)
{
	size_t i;

	for (i = 0; i < 4; i++) {
		if (i > 0)
			buf_add_char(text, '.');
		buf_add_u64(text, addr->bytes[i]);
	}
}

void
addr_add(const struct addr *addr, struct buf *text)
{
	char number[INET6_ADDRSTRLEN];

	if (addr->family != 6) {
		addr_add_ipv4(addr, text);
		return;
	}
	inet_ntop(AF_INET6, addr->bytes, number, sizeof number);
	buf_add_text(text, number);
}

static void
addrs_add(const struct addr *addr, struct buf *text)
{
	int six = addr->family == 6;

	if (text->len > 0)
		buf_add_char(text, ',');
	if (six)
		buf_add_char(text, '[');
	addr_add(addr, text);
	if (six)
		buf_add_char(text, ']');
}

struct addrs *
addrs_new(const struct addr *list, size_t n)
{
	struct addrs *addrs;
	struct buf text;
	size_t i;

	if (n > ADDRS_MAX)
		n = ADDRS_MAX;
	buf_init(&text, ADDRS_TEXT_MAX);
	for (i = 0; i < n; i++)
		addrs_add(&list[i], &text);
	addrs = mem_alloc(sizeof *addrs + text.len + 1);
	atomic_init(&addrs->refs, 1);
	addrs->n = n;
	memset(addrs->list, 0, sizeof addrs->list);
	memcpy(addrs->list, list, n * sizeof *list);
	memcpy(addrs->text, buf_text(&text), text.len + 1);
	buf_release(&text);
	return addrs;
}

struct addrs *
addrs_ref(struct addrs *addrs)
{
	/* Who hands it out holds one, so nothing has to be ordered here. */
	atomic_fetch_add_explicit(&addrs->refs, 1, memory_order_relaxed);
	return addrs;
}

void
addrs_unref(struct addrs *addrs)
{
	if (addrs != NULL && atomic_fetch_sub(&addrs->refs, 1) == 1)
		free(addrs);
}

/* UDP has its ports to itself, so a want of TCP's does not show here. */
static int
addr_has_source(const struct addr *addr)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = 1 };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = 1 };
	int six = addr->family == 6;
	int fd = socket(six ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC,
		0);
	int rc;

	if (fd < 0)
		return errno != EAFNOSUPPORT;
	memcpy(&v4.sin_addr, addr->bytes, sizeof v4.sin_addr);
	memcpy(&v6.sin6_addr, addr->bytes, sizeof v6.sin6_addr);
	rc = six ? connect(fd, (const struct sockaddr *)(const void *)&v6,
		sizeof v6) : connect(fd, (const struct sockaddr *)
		(const void *)&v4, sizeof v4);
	if (rc != 0)
		rc = errno == EADDRNOTAVAIL ? -1 : 0;
	close(fd);
	return rc == 0;
}

int
addrs_have_source(const struct addrs *addrs)
{
	size_t i;

	for (i = 0; i < addrs->n; i++)
		if (!addr_has_source(&addrs->list[i]))
			return 0;
	return 1;
}

int
addr_parse(const char *text, size_t len, struct addr *ret)
{
	char copy[INET6_ADDRSTRLEN];
	struct addr addr = { .family = 4 };

	if (len >= sizeof copy || memchr(text, '\0', len) != NULL)
		return -1;
	memcpy(copy, text, len);
	copy[len] = '\0';
	if (strchr(copy, ':') != NULL)
		addr.family = 6;
	if (inet_pton(addr.family == 6 ? AF_INET6 : AF_INET, copy,
	    addr.bytes) != 1)
		return -1;
	*ret = addr;
	return 0;
}

int
addr_of_socket(const struct sockaddr *from, struct addr *ret)
{
	const struct sockaddr_in *v4 = (const void *)from;
	const struct sockaddr_in6 *v6 = (const void *)from;

	*ret = (struct addr){ .family = from->sa_family == AF_INET ? 4 : 6 };
	if (from->sa_family == AF_INET)
		memcpy(ret->bytes, &v4->sin_addr, sizeof v4->sin_addr);
	else if (from->sa_family == AF_INET6)
		memcpy(ret->bytes, &v6->sin6_addr, sizeof v6->sin6_addr);
	else
		return -1;
	return 0;
}
