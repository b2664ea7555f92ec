/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_NET_PINS_H
#define FETCHALL_NET_PINS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "net/addrs.h"
#include "net/names.h"

/* The user's --resolve entries. Never changed once made: any thread. */
struct pins;

/*
 * Reads curl's [+]HOST:PORT:ADDR[,ADDR]...; of two for the same host and port
 * the later counts. ERR_USAGE with the entry in the text; NULL then.
 */
struct pins *pins_new(char *const *entries, size_t n, struct err *err);
void pins_free(struct pins *pins);	/* NULL is fine */

/*
 * NAMES_PENDING when nothing is said about the host and port, neither by name
 * nor by `*`; NAMES_NODATA when all addresses are of the unwanted family.
 */
enum names_status pins_find(const struct pins *pins, const char *host,
	size_t len, uint16_t port, int family, struct addrs **ret);

#endif
