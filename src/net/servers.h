/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_NET_SERVERS_H
#define FETCHALL_NET_SERVERS_H

#include "base/err.h"

/*
 * Lists of DNS servers as c-ares takes them: "192.0.2.1:53,[::1]:5353". The
 * caller frees what these return.
 */

/*
 * Reads what a user types: "192.0.2.1,[::1]:5353,::1". NULL and ERR_USAGE
 * naming the item that is no server.
 */
char *servers_read(const char *text, struct err *err);
/* What resolv.conf says; "" when it says nothing or cannot be read. */
char *servers_system(void);
/* The list with its first item moved to the end; NULL when it is the only. */
char *servers_rotate(const char *servers);

#endif
