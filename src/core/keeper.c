/* SPDX-License-Identifier: MIT */
/*
 * keeper -- looks before a URL is asked for. Its folders are other
 * descriptors than those of the sink that writes the files: a tree is for one
 * thread.
 */
#include "config.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "core/filename.h"
#include "core/job.h"
#include "core/keeper.h"
#include "core/naming.h"
#include "core/part.h"
#include "core/tree.h"

struct keeper {
	const struct naming *naming;
	struct tree *tree;
};

struct keeper *
keeper_new(const struct naming *naming, struct err *err)
{
	struct tree *tree = tree_open(naming->folder,
		naming->sync ? TREE_SYNC : 0, err);
	struct keeper *keeper;

	if (tree == NULL) {
		err_in(err, "--output-dir");
		return NULL;
	}
	keeper = mem_array(1, sizeof *keeper);
	keeper->naming = naming;
	keeper->tree = tree;
	return keeper;
}

void
keeper_free(struct keeper *keeper)
{
	if (keeper == NULL)
		return;
	tree_free(keeper->tree);
	free(keeper);
}

/* Whether it is older than what this run, or the one it goes on with, made. */
static int
keeper_is_old(const struct naming *naming, const struct stat *st)
{
	return (int64_t)st->st_ctim.tv_sec * CLOCK_SECOND +
		st->st_ctim.tv_nsec / 1000 < naming->since_us;
}

/* Where a folder has the name, the file's is another. */
static enum tree_end
keeper_look(struct keeper *keeper, struct job *job, struct stat *st,
	struct err *err)
{
	enum tree_end end = tree_look(keeper->tree, job->name, st, err);
	char *path;

	if (end != TREE_FOLDER)
		return end;
	path = filename_with_hash(job->name, job_first_url(job)->text);
	end = tree_look(keeper->tree, path, st, err);
	if (end == TREE_OK) {
		free(job->name);
		job->name = path;
	} else
		free(path);
	return end;
}

/* A file that is there, and old. */
static void
keeper_found(const struct keeper *keeper, struct job *job)
{
	char *shown;

	switch (keeper->naming->existing) {
	case NAMING_SKIP:
		job->there = KEEPER_SKIP;
		/* Who linked it may have been killed right after. */
		if (keeper->naming->resume)
			part_remove(keeper->tree, job->name);
		break;
	case NAMING_OVERWRITE:
		break;
	case NAMING_REFUSE:
		shown = naming_shown(keeper->naming, job->name);
		job->there = KEEPER_REFUSED;
		job->refused = mem_printf("%s exists", shown);
		free(shown);
	}
}

void
keeper_prepare(struct keeper *keeper, struct job *job)
{
	struct err err = { 0 };
	struct stat st;

	if (keeper == NULL || job->bad != NULL ||
	    !naming_wants(keeper->naming, job))
		return;
	job->keeps = 1;
	job->name = naming_path(keeper->naming, job);
	if (job->name == NULL)
		return;
	switch (keeper_look(keeper, job, &st, &err)) {
	case TREE_OK:
		if (keeper_is_old(keeper->naming, &st))
			keeper_found(keeper, job);
		break;
	case TREE_REFUSED:
		job->there = KEEPER_REFUSED;
		job->refused = mem_strdup(err.text);
		break;
	case TREE_NONE:
	case TREE_TAKEN:
	case TREE_FOLDER:
	case TREE_FAILED:
		/* What the system says now, it says when the file is made. */
		break;
	}
	if (keeper->naming->resume && job->there == KEEPER_NONE)
		part_look(keeper->tree, job->name, &job->part);
}
