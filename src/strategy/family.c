/* SPDX-License-Identifier: MIT */
/*
 * family -- the strategies there are, and finding one by its name.
 */
#include "config.h"

#include <string.h>

#include "opt/opt.h"
#include "strategy/family.h"

#define STRATEGY_ENTRY(name) &strategy_##name,
const struct strategy *const strategies[] = {
	STRATEGIES(STRATEGY_ENTRY) NULL,
};
#undef STRATEGY_ENTRY

#define STRATEGY_MAX 32

static const char *
strategy_nearest(const char *name)
{
	const char *names[STRATEGY_MAX];
	size_t i;

	for (i = 0; strategies[i] != NULL; i++)
		names[i] = strategies[i]->name;
	names[i] = NULL;
	return opt_nearest(name, names);
}

const struct strategy *
strategy_find(const char *name, struct err *err)
{
	const char *near;
	size_t i;

	for (i = 0; strategies[i] != NULL; i++)
		if (strcmp(strategies[i]->name, name) == 0)
			return strategies[i];
	near = strategy_nearest(name);
	err_set(err, ERR_USAGE, "unknown strategy '%s'%s%s%s", name,
		near != NULL ? "; did you mean '" : "",
		near != NULL ? near : " (--help=strategies lists them)",
		near != NULL ? "'?" : "");
	return NULL;
}
