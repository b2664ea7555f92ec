/* SPDX-License-Identifier: MIT */
/*
 * pins -- names whose addresses the user fixed with --resolve.
 *
 * The same notation and the same order of preference as curl's: an exact host
 * before `*`, which stands in for every host, literals too. Removing an entry
 * ("-HOST:PORT") means nothing here, where there is nothing to remove from.
 */
#include "config.h"

#include <string.h>

#include "base/list.h"
#include "base/map.h"
#include "base/mem.h"
#include "net/pins.h"

#define PINS_HOST_MAX 255
#define PINS_KEY_SIZE (PINS_HOST_MAX + sizeof ":65535")

struct pin {
	struct map_node node;
	struct addr list[ADDRS_MAX];
	size_t n;
	char key[];		/* "host:port" */
};

struct pins {
	struct map map;
};

/* "host:port" into `key`; its length, 0 when the host is too long. */
static size_t
pin_key(const char *host, size_t len, uint16_t port, char *key)
{
	char digits[5];
	size_t n = 0, i;

	if (len > PINS_HOST_MAX)
		return 0;
	for (i = 0; i < len; i++)
		key[i] = host[i] >= 'A' && host[i] <= 'Z' ?
			(char)(host[i] - 'A' + 'a') : host[i];
	key[i++] = ':';
	do {
		digits[n++] = (char)('0' + port % 10);
		port = (uint16_t)(port / 10);
	} while (port > 0);
	while (n > 0)
		key[i++] = digits[--n];
	return i;
}

/* Digits up to `end`; 0 when they are no port. */
static uint16_t
pin_port(const char *at, const char *end)
{
	unsigned port = 0;

	if (at == end || end - at > 5)
		return 0;
	for (; at < end; at++) {
		if (*at < '0' || *at > '9')
			return 0;
		port = port * 10 + (unsigned)(*at - '0');
	}
	return port > UINT16_MAX ? 0 : (uint16_t)port;
}

static int
pin_addrs(struct pin *pin, const char *text, const char *at, struct err *err)
{
	const char *item;
	size_t len, inner;

	for (pin->n = 0;; at += len + 1) {
		len = inner = strcspn(at, ",");
		item = at;
		if (len >= 2 && at[0] == '[' && at[len - 1] == ']') {
			item++;
			inner -= 2;
		}
		if (pin->n < ADDRS_MAX &&
		    addr_parse(item, inner, &pin->list[pin->n++]) < 0)
			return err_set(err, ERR_USAGE, "--resolve %s: '%.*s' "
				"is no address", text, (int)len, at);
		if (at[len] == '\0')
			return 0;
	}
}

static void
pins_add(struct pins *pins, struct pin *pin, size_t key_len)
{
	struct map_node *old = map_find(&pins->map, pin->key, key_len);

	if (old != NULL) {
		map_remove(&pins->map, old);
		free(LIST_ENTRY(old, struct pin, node));
	}
	map_insert(&pins->map, &pin->node, pin->key, key_len);
}

/* Where the host ends: an IPv6 literal is in brackets. */
static const char *
pin_host_end(const char *host)
{
	const char *end;

	if (*host != '[')
		return strchr(host, ':');
	end = strchr(host, ']');
	return end != NULL && end[1] == ':' ? end + 1 : NULL;
}

struct pin_text {
	const char *host, *addrs;
	size_t len;		/* of the host */
	uint16_t port;
};

static int
pin_split(const char *text, struct pin_text *ret, struct err *err)
{
	const char *host = text + (*text == '+'), *end;

	end = pin_host_end(host);
	ret->addrs = end != NULL ? strchr(end + 1, ':') : NULL;
	if (ret->addrs == NULL)
		return err_set(err, ERR_USAGE, "--resolve %s: not "
			"HOST:PORT:ADDRESS[,ADDRESS]", text);
	ret->port = pin_port(end + 1, ret->addrs++);
	if (ret->port == 0)
		return err_set(err, ERR_USAGE, "--resolve %s: the port is no "
			"number from 1 to 65535", text);
	ret->host = host;
	ret->len = (size_t)(end - host);
	if (*host == '[') {
		ret->host++;
		ret->len -= 2;
	}
	if (ret->len > 1 && ret->host[ret->len - 1] == '.')
		ret->len--;
	if (ret->len == 0 || ret->len > PINS_HOST_MAX)
		return err_set(err, ERR_USAGE, "--resolve %s: the host is %s",
			text, ret->len == 0 ? "missing" : "too long");
	return 0;
}

static int
pins_read(struct pins *pins, const char *text, struct err *err)
{
	struct pin_text parts = { 0 };
	struct pin *pin;

	if (*text == '-')
		return err_set(err, ERR_USAGE, "--resolve %s: there is nothing "
			"to remove; leave the entry out", text);
	if (pin_split(text, &parts, err) < 0)
		return -1;
	pin = mem_alloc(sizeof *pin + PINS_KEY_SIZE);
	if (pin_addrs(pin, text, parts.addrs, err) < 0) {
		free(pin);
		return -1;
	}
	pins_add(pins, pin, pin_key(parts.host, parts.len, parts.port,
		pin->key));
	return 0;
}

struct pins *
pins_new(char *const *entries, size_t n, struct err *err)
{
	struct pins *pins = mem_alloc(sizeof *pins);
	size_t i;

	map_init(&pins->map);
	for (i = 0; i < n; i++)
		if (pins_read(pins, entries[i], err) < 0) {
			pins_free(pins);
			return NULL;
		}
	return pins;
}

void
pins_free(struct pins *pins)
{
	struct map_node *node;

	if (pins == NULL)
		return;
	while ((node = map_any(&pins->map)) != NULL) {
		map_remove(&pins->map, node);
		free(LIST_ENTRY(node, struct pin, node));
	}
	map_release(&pins->map);
	free(pins);
}

static struct map_node *
pins_get(const struct pins *pins, const char *host, size_t len, uint16_t port)
{
	char key[PINS_KEY_SIZE];
	size_t key_len = pin_key(host, len, port, key);

	return key_len > 0 ? map_find(&pins->map, key, key_len) : NULL;
}

enum names_status
pins_find(const struct pins *pins, const char *host, size_t len,
	uint16_t port, int family, struct addrs **ret)
{
	struct addr wanted[ADDRS_MAX];
	struct map_node *node;
	const struct pin *pin;
	size_t n = 0, i;

	if (pins->map.n == 0)
		return NAMES_PENDING;
	node = pins_get(pins, host, len, port);
	if (node == NULL)
		node = pins_get(pins, "*", 1, port);
	if (node == NULL)
		return NAMES_PENDING;
	pin = LIST_ENTRY(node, struct pin, node);
	for (i = 0; i < pin->n; i++)
		if (family == 0 || family == pin->list[i].family)
			wanted[n++] = pin->list[i];
	if (n == 0)
		return NAMES_NODATA;
	*ret = addrs_new(wanted, n);
	return NAMES_OK;
}
