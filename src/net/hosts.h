/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_NET_HOSTS_H
#define FETCHALL_NET_HOSTS_H

#include <stddef.h>

#include "net/addrs.h"

/*
 * The hosts file, read once. Never changed afterwards, so any thread may
 * look things up.
 */
struct hosts;

/*
 * Never NULL: a file that is not there has no names, one that cannot be read
 * gets a warning, and lines that make no sense are passed over.
 */
struct hosts *hosts_new(const char *path);
void hosts_free(struct hosts *hosts);	/* NULL is fine */

/*
 * The addresses of `name` (lower case) of one family, or of both with 0, in
 * the file's order; returns how many.
 */
size_t hosts_find(const struct hosts *hosts, const char *name, size_t len,
	int family, struct addr ret[ADDRS_MAX]);

#endif
