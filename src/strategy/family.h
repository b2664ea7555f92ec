/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_STRATEGY_FAMILY_H
#define FETCHALL_STRATEGY_FAMILY_H

#include "core/strategy.h"

/*
 * X(name): one file strategy/NAME.c each, a hyphen there being an underscore
 * here; the first is the default.
 */
#define STRATEGIES(X) \
	X(async) \
	X(serial) \
	X(thread) \
	X(thread_pool) \
	X(fork) \
	X(process_pool) \
	X(green)

#define STRATEGY_DECLARE(name) extern const struct strategy strategy_##name;
STRATEGIES(STRATEGY_DECLARE)
#undef STRATEGY_DECLARE

#endif
