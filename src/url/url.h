/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_URL_URL_H
#define FETCHALL_URL_URL_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct buf;

/*
 * One http or https URL as it will be requested: parsed and normalised by
 * libcurl's CURLU and by nothing else, so that what we check is what is
 * fetched. `text` holds scheme, host in lower case and punycode, the port
 * unless it is the scheme's own, path and query; no user name, no fragment,
 * no zone id.
 */
struct url {
	char *text;
	uint32_t origin_len;	/* of scheme://host[:port] in text */
	uint32_t host_off;	/* host within text, IPv6 without brackets */
	uint32_t host_len;
	uint16_t port;		/* always set */
	unsigned char https;	/* 1: https, 0: http */
	unsigned char literal;	/* 4 or 6: host is an address; 0: a name */
	char *userpwd;		/* user:password, percent-decoded, or NULL */
};

/*
 * Parses `text` as typed in a list. A bare host gets the scheme
 * `proto_default` (NULL: a scheme is required). Refused, with a text that
 * says what is wrong: other schemes, no host, zone ids, control characters,
 * host names over 253 or labels over 63 characters, user names with control
 * characters. *ret is filled on success only; url_release() ends it.
 */
int url_parse(const char *text, const char *proto_default, struct url *ret,
	struct err *err);

/*
 * Resolves the reference `ref` against `base` (RFC 3986 section 5, with the
 * leniency of browsers for blanks, backslashes and raw bytes). An empty or
 * fragment-only reference gives the base itself; one that names no host keeps
 * the base's user. Same refusals as url_parse().
 */
int url_resolve(const struct url *base, const char *ref, struct url *ret,
	struct err *err);

void url_release(struct url *url);	/* contents; twice is fine */
/* Moves: *from is empty afterwards. */
struct url url_take(struct url *from);
struct url url_dup(const struct url *from);

int url_same_origin(const struct url *a, const struct url *b);

/*
 * Appends `text`, any text that may be meant as a URL, without what stands
 * between "//" and the last "@" before the path: what is shown to people and
 * written to records never holds a password.
 */
int url_add_public(struct buf *out, const char *text, size_t len);

#endif
