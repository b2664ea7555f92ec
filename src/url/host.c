/* SPDX-License-Identifier: MIT */
/*
 * host -- what may stand as the host of a URL.
 *
 * libcurl decodes percents and IDN after it looked for IPv4 in odd notations,
 * and lets more characters through than any name has. What passes here means
 * the same to libcurl, to the resolver and to the address policy.
 */
#include "config.h"

#include <arpa/inet.h>
#include <string.h>

#include "url/host.h"

#define HOST_LABEL_MAX 63
#define HOST_NAME_MAX_LEN 253

static int
host_digit(char c)
{
	return c >= '0' && c <= '9';
}

static int
host_char(char c)
{
	return (c >= 'a' && c <= 'z') || host_digit(c) || c == '-' || c == '_';
}

static char
host_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static int
host_check_ipv6(char *host, size_t len, struct err *err)
{
	unsigned char address[16];
	int rc;

	if (len < 2 || host[len - 1] != ']')
		return err_set(err, ERR_USAGE, "bad IPv6 address");
	host[len - 1] = '\0';
	rc = inet_pton(AF_INET6, host + 1, address);
	host[len - 1] = ']';
	if (rc != 1)
		return err_set(err, ERR_USAGE, "bad IPv6 address");
	return 0;
}

/* The label in front of name[end). */
static size_t
host_label_start(const char *name, size_t end)
{
	while (end > 0 && name[end - 1] != '.')
		end--;
	return end;
}

/*
 * As in browsers (WHATWG URL, "ends in a number"): libcurl takes "1.2.3.4."
 * or "256.1" for names, other software for addresses. All digits, or hex
 * behind 0x.
 */
static int
host_ends_in_number(const char *name, size_t len)
{
	size_t at;

	if (len > 0 && name[len - 1] == '.')
		len--;
	at = host_label_start(name, len);
	if (at == len || !host_digit(name[at]))
		return 0;
	if (len - at >= 2 && name[at] == '0' && name[at + 1] == 'x') {
		at += 2;
		while (at < len && (host_digit(name[at]) ||
				(name[at] >= 'a' && name[at] <= 'f')))
			at++;
		return at == len;
	}
	while (at < len && host_digit(name[at]))
		at++;
	return at == len;
}

static int
host_check_name(const char *name, size_t len, struct err *err)
{
	size_t label = 0;
	size_t i;

	if (len > 0 && name[len - 1] == '.')
		len--;
	if (len == 0)
		return err_set(err, ERR_USAGE, "no host");
	if (len > HOST_NAME_MAX_LEN)
		return err_set(err, ERR_USAGE,
			"the host name is over %d characters long",
			HOST_NAME_MAX_LEN);
	for (i = 0; i <= len; i++) {
		if (i < len && name[i] != '.') {
			if (!host_char(name[i]))
				return err_set(err, ERR_USAGE, "the host holds"
					" a character no host name has");
			label++;
			continue;
		}
		if (label == 0)
			return err_set(err, ERR_USAGE,
				"the host name has an empty label");
		if (label > HOST_LABEL_MAX)
			return err_set(err, ERR_USAGE, "the host name has a"
				" label over %d characters", HOST_LABEL_MAX);
		label = 0;
	}
	return 0;
}

int
host_check(const char *host, size_t len, char *ret, unsigned char *ret_kind,
	struct err *err)
{
	unsigned char address[4];
	size_t i;

	for (i = 0; i < len; i++)
		ret[i] = host_lower(host[i]);
	ret[len] = '\0';
	if (len > 0 && ret[0] == '[') {
		*ret_kind = 6;
		return host_check_ipv6(ret, len, err);
	}
	*ret_kind = 0;
	if (host_check_name(ret, len, err) != 0)
		return -1;
	if (!host_ends_in_number(ret, len))
		return 0;
	if (inet_pton(AF_INET, ret, address) != 1)
		return err_set(err, ERR_USAGE, "the host ends in a number"
			" but is no IPv4 address");
	*ret_kind = 4;
	return 0;
}
