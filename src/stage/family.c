/* SPDX-License-Identifier: MIT */
/*
 * family -- the stages there are, and finding one by its name. A new one is a
 * file, a word in family.h and a line in the makefile.
 */
#include "config.h"

#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "opt/opt.h"
#include "stage/family.h"

#define STAGE_REF(name) &stage_##name,
const struct stage *const stages[] = { STAGES(STAGE_REF) NULL };
#undef STAGE_REF

#define STAGE_NAME_MAX 64	/* of what was typed, in messages */

static const char *
stage_nearest(const char *name)
{
	const char *names[sizeof stages / sizeof *stages];
	size_t i;

	for (i = 0; stages[i] != NULL; i++)
		names[i] = stages[i]->name;
	names[i] = NULL;
	return opt_nearest(name, names);
}

/* What can be said about a name that nobody has. */
static int
stage_unknown(const char *name, struct err *err)
{
	const char *near = stage_nearest(name);
	struct buf list;
	size_t i;

	buf_init(&list, sizeof err->text);
	for (i = 0; stages[i] != NULL; i++)
		buf_printf(&list, " %s", stages[i]->name);
	if (strchr(name, ',') != NULL) {
		buf_release(&list);
		return err_set(err, ERR_USAGE, "'%.*s' is no stage: each has "
			"a --post of its own", STAGE_NAME_MAX, name);
	}
	err_set(err, ERR_USAGE, "no stage is called '%.*s'%s%s%s (there are%s)",
		STAGE_NAME_MAX, name,
		near != NULL ? "; did you mean '" : "",
		near != NULL ? near : "",
		near != NULL ? "'?" : "", buf_text(&list));
	buf_release(&list);
	return -1;
}

const struct stage *
stage_find(const char *name, size_t len, struct err *err)
{
	char *word;
	size_t i;

	for (i = 0; stages[i] != NULL; i++)
		if (strlen(stages[i]->name) == len &&
		    memcmp(stages[i]->name, name, len) == 0)
			return stages[i];
	word = mem_strndup(name, len);
	stage_unknown(word, err);
	free(word);
	return NULL;
}

int
stage_stopped(const struct stage_call *call, struct err *err)
{
	if (!stage_cancelled(call))
		return 0;
	return err_set(err, ERR_INTERRUPTED, "stopped");
}
