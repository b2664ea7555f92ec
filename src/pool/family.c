/* SPDX-License-Identifier: MIT */
/*
 * family -- the pools there are.
 */
#include "config.h"

#include "pool/family.h"

#define POOL_ENTRY(name) &pool_##name,
const struct pool *const pools[] = {
	POOLS(POOL_ENTRY) NULL,
};
#undef POOL_ENTRY
