/* SPDX-License-Identifier: MIT */
/*
 * family -- the pools there are, and finding one by its name.
 */
#include "config.h"

#include <string.h>

#include "opt/opt.h"
#include "pool/family.h"

#define POOL_ENTRY(name) &pool_##name,
const struct pool *const pools[] = {
	POOLS(POOL_ENTRY) NULL,
};
#undef POOL_ENTRY

#define POOL_MAX 32

static const char *
pool_nearest(const char *name)
{
	const char *names[POOL_MAX];
	size_t i;

	for (i = 0; pools[i] != NULL; i++)
		names[i] = pools[i]->name;
	names[i] = NULL;
	return opt_nearest(name, names);
}

const struct pool *
pool_find(const char *name, struct err *err)
{
	const char *near;
	size_t i;

	for (i = 0; pools[i] != NULL; i++)
		if (strcmp(pools[i]->name, name) == 0)
			return pools[i];
	near = pool_nearest(name);
	err_set(err, ERR_USAGE, "unknown pool '%s'%s%s%s", name,
		near != NULL ? "; did you mean '" : "",
		near != NULL ? near : " (--help=pools lists them)",
		near != NULL ? "'?" : "");
	return NULL;
}
