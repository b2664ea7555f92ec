/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_NET_ADDRS_H
#define FETCHALL_NET_ADDRS_H

#include <stddef.h>
#include <stdint.h>

struct buf;
struct sockaddr;

/*
 * The addresses of one name, shared and never changed after they are made.
 * References may be taken and dropped from any thread.
 */
struct addr {
	unsigned char family;	/* 4 or 6 */
	unsigned char bytes[16];	/* network order; 4 or 16 of them */
};

#define ADDRS_MAX 6		/* more than this nobody fails over to */

struct addrs {
	_Atomic unsigned refs;
	size_t n;		/* 1 to ADDRS_MAX */
	struct addr list[ADDRS_MAX];
	/* "192.0.2.1,[2001:db8::1]": as CURLOPT_RESOLVE wants them */
	char text[];
};

/* A set with one reference; n is at least 1, what is above ADDRS_MAX is cut. */
struct addrs *addrs_new(const struct addr *list, size_t n);
struct addrs *addrs_ref(struct addrs *addrs);
void addrs_unref(struct addrs *addrs);	/* NULL is fine */

/*
 * Whether this machine has an address to reach each of them from; asked of
 * the system without a packet. One without IPv6 has none for any IPv6 address,
 * which connect(2) calls EADDRNOTAVAIL as it does a lack of ports.
 */
int addrs_have_source(const struct addrs *addrs);

/* Reads a literal: "192.0.2.1" or "2001:db8::1", no brackets. 0 or -1. */
int addr_parse(const char *text, size_t len, struct addr *ret);
/* The address of an IPv4 or IPv6 socket; -1: it is of another kind. */
int addr_of_socket(const struct sockaddr *from, struct addr *ret);
/* Appends the literal. */
void addr_add(const struct addr *addr, struct buf *text);

#endif
