/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_URL_HOST_H
#define FETCHALL_URL_HOST_H

#include <stddef.h>

#include "base/err.h"

/*
 * Checks a host as CURLU gave it out, after IDN: writes it in lower case to
 * `ret` (len + 1 bytes; IPv6 keeps its brackets) and tells the kind: 4 or 6
 * for an address, 0 for a name. Refused: characters no name holds, empty
 * labels, labels over 63 and names over 253 characters, names that end in a
 * number but are no IPv4 address. One dot at the end is fine.
 */
int host_check(const char *host, size_t len, char *ret, unsigned char *ret_kind,
	struct err *err);

#endif
