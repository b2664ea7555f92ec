/* SPDX-License-Identifier: MIT */
/*
 * family -- the list of sinks. A new one is a file, a word in family.h and a
 * line in the makefile.
 */
#include "config.h"

#include <string.h>

#include "opt/opt.h"
#include "sink/family.h"

#define SINK_REF(name) &sink_##name,
const struct sink *const sinks[] = { SINKS(SINK_REF) NULL };
#undef SINK_REF

const struct sink *
sink_find(const char *name, struct err *err)
{
	const char *names[sizeof sinks / sizeof *sinks];
	const char *near;
	size_t i, n = 0;

	for (i = 0; sinks[i] != NULL; i++) {
		if (sinks[i]->caps & SINK_BODIES)
			continue;
		if (strcmp(sinks[i]->name, name) == 0)
			return sinks[i];
		names[n++] = sinks[i]->name;
	}
	names[n] = NULL;
	near = opt_nearest(name, names);
	if (near == NULL)
		err_set(err, ERR_USAGE, "no format is called '%s'", name);
	else
		err_set(err, ERR_USAGE, "no format is called '%s'; did you "
			"mean '%s'?", name, near);
	return NULL;
}
