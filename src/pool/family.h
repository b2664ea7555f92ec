/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_POOL_FAMILY_H
#define FETCHALL_POOL_FAMILY_H

#include "core/pool.h"

/* X(name): one file pool/NAME.c each; the first is the default. */
#define POOLS(X) \
	X(thread) \
	X(process) \
	X(inline)

#define POOL_DECLARE(name) extern const struct pool pool_##name;
POOLS(POOL_DECLARE)
#undef POOL_DECLARE

#endif
