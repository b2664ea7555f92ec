/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_SINK_DIGEST_H
#define FETCHALL_SINK_DIGEST_H

#include <stddef.h>

#include "base/err.h"

/* A hash of bytes that come in pieces; used again and again. */
struct digest;

enum digest_kind { DIGEST_SHA1, DIGEST_SHA256 };

#define DIGEST_SHA256_BYTES 32
#define DIGEST_TEXT 38		/* "sha1:", 32 letters and a NUL */

/* NULL with ERR_SYSTEM: libcrypto does not have it. */
struct digest *digest_new(enum digest_kind kind, struct err *err);
void digest_free(struct digest *digest);	/* NULL is fine */

void digest_begin(struct digest *digest);
void digest_add(struct digest *digest, const void *p, size_t n);
/* Of all bytes since digest_begin(). -1 with ERR_SYSTEM. */
int digest_end(struct digest *digest, unsigned char *ret, struct err *err);
/* The same of a DIGEST_SHA1, as archives have it. */
int digest_end_text(struct digest *digest, char ret[DIGEST_TEXT],
	struct err *err);

#endif
