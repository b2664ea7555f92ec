/* SPDX-License-Identifier: MIT */
/*
 * servers -- lists of DNS servers as text.
 *
 * c-ares 1.18 passes over items it cannot read, so the user's list is read
 * here first: a typo must not end in questions to the wrong server.
 */
#include "config.h"

#include <ares.h>
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "net/addrs.h"
#include "net/servers.h"

#define SERVERS_TEXT_MAX 65536
#define SERVERS_PORT 53

/* Digits up to the end; 0 when they are no port. */
static unsigned
server_port(const char *at, size_t len)
{
	unsigned port = 0;
	size_t i;

	for (i = 0; i < len && i < 6; i++) {
		if (at[i] < '0' || at[i] > '9')
			return 0;
		port = port * 10 + (unsigned)(at[i] - '0');
	}
	return port > UINT16_MAX ? 0 : port;
}

static int
server_add(struct buf *list, const struct addr *addr, unsigned port)
{
	char text[INET6_ADDRSTRLEN];
	int six = addr->family == 6;

	inet_ntop(six ? AF_INET6 : AF_INET, addr->bytes, text, sizeof text);
	return buf_printf(list, six ? "%s[%s]:%u" : "%s%s:%u",
		list->len > 0 ? "," : "", text, port);
}

/* ADDR, V4:PORT, [V6] or [V6]:PORT. */
static int
server_read(const char *item, size_t len, struct addr *ret_addr,
	unsigned *ret_port)
{
	const char *end, *colon = memchr(item, ':', len);

	*ret_port = SERVERS_PORT;
	if (addr_parse(item, len, ret_addr) == 0)
		return 0;
	if (len > 0 && item[0] == '[') {
		end = memchr(item, ']', len);
		if (end == NULL ||
		    addr_parse(item + 1, (size_t)(end - item - 1),
		    ret_addr) < 0 || ret_addr->family != 6)
			return -1;
		colon = end + 1;
		if (colon == item + len)
			return 0;
	} else if (colon == NULL ||
	    addr_parse(item, (size_t)(colon - item), ret_addr) < 0) {
		return -1;
	}
	if (*colon != ':')
		return -1;
	*ret_port = server_port(colon + 1, (size_t)(item + len - colon - 1));
	return *ret_port > 0 ? 0 : -1;
}

char *
servers_read(const char *text, struct err *err)
{
	const char *item = text;
	struct addr addr = { 0 };
	struct buf list;
	unsigned port = 0;
	size_t len;

	buf_init(&list, SERVERS_TEXT_MAX);
	for (;; item += len + 1) {
		item += strspn(item, " ");
		len = strcspn(item, ", ");
		if (server_read(item, len, &addr, &port) < 0) {
			err_set(err, ERR_USAGE, "'%.*s' is no DNS server: "
				"ADDRESS, IPV4:PORT or [IPV6]:PORT", (int)len,
				item);
			break;
		}
		if (server_add(&list, &addr, port) < 0) {
			err_set(err, ERR_USAGE, "too many DNS servers");
			break;
		}
		len += strspn(item + len, " ");
		if (item[len] == '\0')
			return buf_take(&list);
		if (item[len] != ',') {
			err_set(err, ERR_USAGE, "'%s': DNS servers are "
				"separated by commas", item);
			break;
		}
	}
	buf_release(&list);
	return NULL;
}

#if ARES_VERSION >= 0x011800
/* The older call is deprecated, and forgets the interface of fe80::1%eth0. */
static void
servers_get(struct ares_channeldata *ares, struct buf *list)
{
	char *text = ares_get_servers_csv(ares);

	if (text != NULL)
		buf_add_text(list, text);
	ares_free_string(text);
}
#else
static void
servers_get(struct ares_channeldata *ares, struct buf *list)
{
	struct ares_addr_port_node *first = NULL, *node;
	struct addr addr;

	if (ares_get_servers_ports(ares, &first) != ARES_SUCCESS)
		return;
	for (node = first; node != NULL; node = node->next) {
		addr.family = node->family == AF_INET6 ? 6 : 4;
		memcpy(addr.bytes, &node->addr, addr.family == 6 ? 16 : 4);
		server_add(list, &addr, node->udp_port > 0 ?
			(unsigned)node->udp_port : SERVERS_PORT);
	}
	ares_free_data(first);
}
#endif

char *
servers_system(void)
{
	struct ares_options options = { .flags = ARES_FLAG_NOSEARCH };
	struct ares_channeldata *ares;
	struct buf list;
	char *text;

	buf_init(&list, SERVERS_TEXT_MAX);
	if (ares_init_options(&ares, &options, ARES_OPT_FLAGS) ==
	    ARES_SUCCESS) {
		servers_get(ares, &list);
		ares_destroy(ares);
	}
	text = mem_strdup(buf_text(&list));
	buf_release(&list);
	return text;
}

char *
servers_rotate(const char *servers)
{
	const char *comma = strchr(servers, ',');

	if (comma == NULL)
		return NULL;
	return mem_printf("%s,%.*s", comma + 1, (int)(comma - servers),
		servers);
}
