/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_URL_PARTS_H
#define FETCHALL_URL_PARTS_H

#include <stddef.h>

#include "base/err.h"

struct url;

/* Bytes of the longest URL, as typed and in its canonical text. */
#define PARTS_URL_MAX 65536

/* Behind the slashes of "scheme://..."; *ret_len up to the path or query. */
const char *parts_authority(const char *text, size_t *ret_len);

/*
 * Reads `text`, which begins with http: or https: and holds no fragment and
 * nothing behind the host that must be encoded, into *ret; on success only.
 */
int parts_read(const char *text, struct url *ret, struct err *err);

#endif
