/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_NET_VERSIONS_H
#define FETCHALL_NET_VERSIONS_H

#include "base/err.h"

struct buf;

/*
 * Looks at the libcurl that is really loaded: -1 (ERR_SYSTEM) for versions
 * that cannot do this work; a warning is logged for those with a known fault
 * that may show.
 */
int versions_check(struct err *err);

/* Appends "libcurl/7.88.1 c-ares/1.18.1 libevent/2.1.12 ...". */
void versions_add(struct buf *out);

/* Whether libcurl was built with HTTP/2. */
int versions_http2(void);

#endif
