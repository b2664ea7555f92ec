/* SPDX-License-Identifier: MIT */
/*
 * mark -- few of them, looked for once: a list.
 */
#include "config.h"

#include <string.h>

#include "core/mark.h"

const struct mark *
marks_find(const struct marks *marks, const char *name)
{
	size_t i;

	for (i = 0; i < marks->n; i++)
		if (strcmp(marks->list[i].name, name) == 0)
			return &marks->list[i];
	return NULL;
}
