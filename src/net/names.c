/* SPDX-License-Identifier: MIT */
/*
 * names -- what a host name stands for: what is known, and asking for it.
 *
 * All knowledge that needs no packet is in this file, in curl's order of
 * preference: --resolve, literals, the hosts file, localhost, the cache.
 * libcurl's own resolver is switched off, so the address policy sees each
 * address before anything connects to it.
 */
#include "config.h"

#include <assert.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "net/asks.h"
#include "net/hosts.h"
#include "net/names.h"
#include "net/names_cache.h"
#include "net/pins.h"
#include "net/servers.h"

#define NAMES_HOSTS "/etc/hosts"
#define NAMES_LEN_MAX 253	/* RFC 1035, without the root's dot */
#define NAMES_LABEL_MAX 63

/*
 * What this machine said last: it says the same again, and a list mostly goes
 * on with the host it was at.
 */
struct names_last {
	pthread_mutex_t lock;
	char host[NAMES_LEN_MAX];
	size_t len;
	uint16_t port;
	struct addrs *addrs;	/* NULL: it has said nothing yet */
};

struct names {
	char *servers;
	size_t concurrency;
	int64_t timeout_us;
	int family;
	int ipv6;		/* whether to ask for AAAA; -1: probe */
	struct pins *pins;
	struct hosts *hosts;
	struct names_last last;
	struct names_cache cache;
	struct asks *asks;	/* NULL while on no base */
	_Atomic uint64_t sent, hits;
};

static const struct {
	const char *name, *text;
	int transient;
} names_statuses[] = {
	[NAMES_OK] = { "ok", "the name is known", 0 },
	[NAMES_PENDING] = { "pending", "the name is not known yet", 1 },
	[NAMES_NXDOMAIN] = { "nxdomain", "the host name does not exist", 0 },
	[NAMES_NODATA] = { "nodata",
		"the host name has no address of a wanted family", 0 },
	[NAMES_SERVFAIL] = { "servfail",
		"the DNS server failed to look the host name up", 1 },
	[NAMES_REFUSED] = { "refused",
		"the DNS server refused to look the host name up", 1 },
	[NAMES_TIMEOUT] = { "timeout", "no DNS server answered in time", 1 },
	[NAMES_NOSERVER] = { "noserver", "no DNS server can be reached", 1 },
	[NAMES_BADNAME] = { "badname", "not a host name that can be asked for",
		0 },
	[NAMES_DENIED] = { "denied", "the host's address is denied", 0 },
};

const char *
names_status_name(enum names_status status)
{
	return names_statuses[status].name;
}

const char *
names_status_text(enum names_status status)
{
	return names_statuses[status].text;
}

int
names_status_transient(enum names_status status)
{
	return names_statuses[status].transient;
}

/* -- what is known -- */

static int
names_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		(c >= '0' && c <= '9') || c == '-' || c == '_';
}

/* Whether the name fits into a question; the root's dot is off already. */
static int
names_askable(const char *host, size_t len)
{
	size_t label = 0, i;

	if (len > NAMES_LEN_MAX)
		return 0;
	for (i = 0; i < len; i++) {
		if (host[i] == '.' && label == 0)
			return 0;
		if (host[i] != '.' && !names_letter(host[i]))
			return 0;
		label = host[i] == '.' ? 0 : label + 1;
		if (label > NAMES_LABEL_MAX)
			return 0;
	}
	return label > 0;
}

static enum names_status
names_found(const struct names *names, const struct addr *list, size_t n,
	struct addrs **ret)
{
	struct addr wanted[ADDRS_MAX];
	size_t n_wanted = 0, i;

	for (i = 0; i < n; i++)
		if (names->family == 0 || names->family == list[i].family)
			wanted[n_wanted++] = list[i];
	if (n_wanted == 0)
		return NAMES_NODATA;
	*ret = addrs_new(wanted, n_wanted);
	return NAMES_OK;
}

/* RFC 6761, section 6.3: never a question for the DNS. */
static int
names_localhost(const char *host, size_t len)
{
	static const char local[] = ".localhost";
	const size_t n = sizeof local - 1;

	if (len == n - 1)
		return memcmp(host, local + 1, len) == 0;
	return len > n && memcmp(host + len - n, local, n) == 0;
}

/* What this machine says about the name, the cache aside. */
static enum names_status
names_local(const struct names *names, const char *host, size_t len,
	uint16_t port, struct addrs **ret)
{
	static const struct addr loopback[] = {
		{ .family = 4, .bytes = { 127, 0, 0, 1 } },
		{ .family = 6, .bytes = { [15] = 1 } },
	};
	struct addr found[ADDRS_MAX];
	enum names_status status;
	size_t n;

	status = pins_find(names->pins, host, len, port, names->family, ret);
	if (status != NAMES_PENDING)
		return status;
	if (addr_parse(host, len, found) == 0)
		return names_found(names, found, 1, ret);
	n = hosts_find(names->hosts, host, len, names->family, found);
	if (n > 0)
		return names_found(names, found, n, ret);
	if (!names_askable(host, len))
		return NAMES_BADNAME;
	if (names_localhost(host, len))
		return names_found(names, loopback, 2, ret);
	return NAMES_PENDING;
}

static struct addrs *
names_last_get(struct names_last *last, const char *host, size_t len,
	uint16_t port)
{
	struct addrs *addrs = NULL;

	pthread_mutex_lock(&last->lock);
	if (last->addrs != NULL && last->len == len && last->port == port &&
	    memcmp(last->host, host, len) == 0)
		addrs = addrs_ref(last->addrs);
	pthread_mutex_unlock(&last->lock);
	return addrs;
}

static void
names_last_set(struct names_last *last, const char *host, size_t len,
	uint16_t port, struct addrs *addrs)
{
	struct addrs *old;

	if (len > sizeof last->host)
		return;
	pthread_mutex_lock(&last->lock);
	old = last->addrs;
	last->addrs = addrs_ref(addrs);
	memcpy(last->host, host, len);
	last->len = len;
	last->port = port;
	pthread_mutex_unlock(&last->lock);
	addrs_unref(old);
}

static size_t
names_trim(const char *host, size_t len)
{
	return len > 0 && host[len - 1] == '.' ? len - 1 : len;
}

enum names_status
names_cached(struct names *names, const char *host, size_t host_len,
	uint16_t port, struct addrs **ret)
{
	size_t len = names_trim(host, host_len);
	struct addrs *again;
	enum names_status status;

	again = names_last_get(&names->last, host, len, port);
	if (again != NULL) {
		*ret = again;
		return NAMES_OK;
	}
	status = names_local(names, host, len, port, ret);
	if (status == NAMES_OK)
		names_last_set(&names->last, host, len, port, *ret);
	if (status != NAMES_PENDING)
		return status;
	status = names_cache_get(&names->cache, host, len, clock_us(), ret);
	if (status != NAMES_PENDING)
		atomic_fetch_add(&names->hits, 1);
	return status;
}

/* -- asking -- */

void
names_lookup(struct names *names, const char *host, size_t host_len,
	uint16_t port, struct names_waiter *waiter)
{
	struct addrs *addrs = NULL;
	enum names_status status;

	assert(names->asks != NULL);
	if (waiter->doubt_us > 0)
		names_cache_doubt(&names->cache, host,
			names_trim(host, host_len), waiter->doubt_us);
	status = names_cached(names, host, host_len, port, &addrs);
	if (status == NAMES_PENDING)
		asks_add(names->asks, host, names_trim(host, host_len),
			waiter);
	else
		asks_settled(names->asks, status, addrs, waiter);
}

void
names_cancel(struct names *names, struct names_waiter *waiter)
{
	/* The look-up goes on for the cache, unless it has not begun. */
	(void)names;
	list_remove(&waiter->node);
}

void
names_counts(const struct names *names, uint64_t *ret_asked,
	uint64_t *ret_cached)
{
	*ret_asked = atomic_load(&names->sent);
	*ret_cached = atomic_load(&names->hits);
}

/* -- life -- */

struct names *
names_new(const struct names_settings *settings, struct err *err)
{
	struct names *names = mem_alloc(sizeof *names);

	*names = (struct names){
		.concurrency = settings->concurrency,
		.timeout_us = settings->timeout_us,
		.family = settings->family,
		.ipv6 = -1,
	};
	pthread_mutex_init(&names->last.lock, NULL);
	names_cache_init(&names->cache, settings->cache_max);
	names->servers = settings->servers != NULL ?
		servers_read(settings->servers, err) : servers_system();
	if (names->servers != NULL)
		names->pins = pins_new(settings->resolve, settings->n_resolve,
			err);
	if (names->pins == NULL) {
		names_free(names);
		return NULL;
	}
	names->hosts = hosts_new(settings->hosts_path != NULL ?
		settings->hosts_path : NAMES_HOSTS);
	return names;
}

void
names_free(struct names *names)
{
	if (names == NULL)
		return;
	names_detach(names);
	addrs_unref(names->last.addrs);
	pthread_mutex_destroy(&names->last.lock);
	names_cache_release(&names->cache);
	hosts_free(names->hosts);
	pins_free(names->pins);
	free(names->servers);
	free(names);
}

void
names_assume_ipv6(struct names *names, int routed)
{
	names->ipv6 = routed;
}

/* Whether a packet to the IPv6 internet would find a way; sends none. */
static int
names_ipv6_routed(void)
{
	/* 2000::, the first address that is global: nobody's, and no bogon */
	const struct sockaddr_in6 to = {
		.sin6_family = AF_INET6,
		.sin6_port = htons(53),
		.sin6_addr.s6_addr = { 0x20 },
	};
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int rc;

	if (fd < 0)
		return 0;
	rc = connect(fd, (const struct sockaddr *)(const void *)&to,
		sizeof to);
	close(fd);
	return rc == 0;
}

int
names_attach(struct names *names, struct event_base *base, struct err *err)
{
	struct asks_settings settings = {
		.base = base,
		.servers = names->servers,
		.concurrency = names->concurrency,
		.timeout_us = names->timeout_us,
		.ipv4 = names->family != 6,
		.cache = &names->cache,
		.sent = &names->sent,
	};

	assert(names->asks == NULL);
	if (names->ipv6 < 0)
		names->ipv6 = names_ipv6_routed();
	settings.ipv6 = names->family == 6 ||
		(names->family == 0 && names->ipv6);
	names->asks = asks_new(&settings, err);
	return names->asks != NULL ? 0 : -1;
}

void
names_detach(struct names *names)
{
	asks_free(names->asks);
	names->asks = NULL;
}
