/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CORE_REDIRECT_H
#define FETCHALL_CORE_REDIRECT_H

#include "base/err.h"
#include "net/fetch.h"

/*
 * Turns `request` into the next hop of a redirect (RFC 9110 section 15.4):
 * 303 becomes GET (HEAD stays), 301 and 302 turn POST into GET, 307 and 308
 * keep method and body. `trusted` is the URL the user's credentials are for,
 * its own login among them: only its origin gets them. Addresses are dropped,
 * to be looked up anew.
 *
 * -1 when the redirect must not be followed: *ret_detail says why
 * (bad_location, blocked, downgrade), `err` in words; `request` is as it was.
 */
int redirect_request(struct fetch_request *request, long status,
	const char *location, const struct url *trusted, int allow_downgrade,
	const char **ret_detail, struct err *err);

#endif
