/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_SINK_PACKING_H
#define FETCHALL_SINK_PACKING_H

#include <stddef.h>

#include "base/err.h"

struct appended;

/* How records are packed, each for itself: a gzip member, a zstd frame. */
enum packing_kind { PACKING_GZIP, PACKING_ZSTD, PACKING_NONE };

struct packing;

/* ".gz", ".zst", "". */
const char *packing_ending(enum packing_kind kind);
/* NULL: ERR_USAGE where this was built without it, or ERR_SYSTEM. */
struct packing *packing_new(enum packing_kind kind, struct err *err);
void packing_free(struct packing *packing);	/* NULL is fine */

/* A record begins; one that was not ended is forgotten. */
void packing_begin(struct packing *packing);
/* What comes out of it goes to `file`. */
int packing_add(struct packing *packing, const void *p, size_t n,
	struct appended *file, struct err *err);
int packing_end(struct packing *packing, struct appended *file,
	struct err *err);

#endif
