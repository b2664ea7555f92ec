/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_NET_TLS_H
#define FETCHALL_NET_TLS_H

#include "base/err.h"

/*
 * Where libcurl finds the certificates it trusts. One of the two is set as a
 * rule: OpenSSL's parsed store is shared between connections only where no
 * CApath is set, and parsing Debian's bundle costs 20 ms a connection; for a
 * handle that lives for one connection the hashed folder is the cheap one.
 */
struct tls_roots {
	char *cainfo;		/* a bundle, or NULL */
	char *capath;		/* a hashed folder, or NULL */
};

enum tls_use {
	TLS_SHARED,		/* handles in a multi, or one used again */
	TLS_ALONE,		/* a fresh handle for each connection, or many
				 * that would each parse the bundle once */
};

/*
 * Fills *ret; tls_roots_release() ends it. What the user named wins
 * (--cacert, --capath; then SSL_CERT_FILE and SSL_CERT_DIR), then libcurl's
 * built-in places. -1 (ERR_IO) when a named file cannot be read.
 */
int tls_roots_find(enum tls_use use, const char *cacert, const char *capath,
	struct tls_roots *ret, struct err *err);
void tls_roots_release(struct tls_roots *roots);

#endif
