/* SPDX-License-Identifier: MIT */
/*
 * bodies -- how much of them there may be, decided once for a run: from the
 * settings, and from how many files this process may have open.
 */
#include "config.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "base/mem.h"
#include "core/bodies.h"
#include "core/body.h"
#include "core/budget.h"
#include "core/naming.h"
#include "core/parts.h"
#include "core/run.h"
#include "core/strategy.h"
#include "core/workshop.h"

#define BODIES_OTHER_FILES 64	/* lists, outputs, loops, pools */

/* Waiting to be written, each with its record. */
#define BODIES_WAITING 2048

/* One that is to become a file is one from here on. */
#define BODIES_IN_MEMORY (UINT64_C(1) << 20)

struct bodies {
	struct budget *budget;
	struct parts *parts;	/* NULL: none is gone on with */
	struct body_store *store;
	_Atomic int refused;
};

/*
 * Of the fetches under way and about to be, of what waits for stages and of
 * what waits to be written. Each may need a descriptor of its own.
 */
static size_t
bodies_count(const struct run_settings *settings, size_t concurrency)
{
	size_t least = 2 * concurrency + settings->jobs;
	size_t most = least + WORKSHOP_WAITING +
		(settings->keep != 0 ? BODIES_WAITING : 0);
	size_t others = BODIES_OTHER_FILES + 2 * concurrency;
	struct rlimit limit;
	size_t room;

	if (settings->keep == 0 || getrlimit(RLIMIT_NOFILE, &limit) != 0 ||
	    limit.rlim_cur > others + most)
		return most;
	room = limit.rlim_cur > others ? (size_t)limit.rlim_cur - others : 0;
	return room > least ? room : least;
}

static uint64_t
bodies_in_memory(const struct run_settings *settings)
{
	uint64_t max = settings->easy.max_body;

	if (settings->naming == NULL)
		return max;
	return max > 0 && max < BODIES_IN_MEMORY ? max : BODIES_IN_MEMORY;
}

static int
bodies_open(struct bodies *bodies, const struct run_settings *settings,
	size_t concurrency, struct err *err)
{
	struct body_store_args args = {
		.n = bodies_count(settings, concurrency),
		.max_body = bodies_in_memory(settings),
	};

	bodies->budget = budget_new(settings->buffer, args.n, err);
	if (bodies->budget == NULL)
		return -1;
	/* With HTTP/2 one that waited would hold up others on its connection,
	 * and what came for it meanwhile would be in libcurl's memory. */
	if (settings->naming != NULL || settings->easy.http != EASY_HTTP_1_1)
		budget_keep_files(bodies->budget);
	if (settings->no_fetch)
		return 0;
	args.budget = bodies->budget;
	if (settings->naming != NULL) {
		args.folder = settings->naming->folder;
		args.linkable = 1;
	}
	if (settings->naming != NULL && settings->naming->resume) {
		bodies->parts = parts_new(args.folder, args.n, err);
		if (bodies->parts == NULL)
			return -1;
		args.parts = bodies->parts;
	}
	bodies->store = body_store_new(&args, err);
	return bodies->store != NULL ? 0 : -1;
}

struct bodies *
bodies_new(const struct run_settings *settings, size_t concurrency,
	struct err *err)
{
	struct bodies *bodies = mem_array(1, sizeof *bodies);

	if (bodies_open(bodies, settings, concurrency, err) == 0)
		return bodies;
	bodies_free(bodies);
	return NULL;
}

void
bodies_free(struct bodies *bodies)
{
	if (bodies == NULL)
		return;
	body_store_free(bodies->store);
	parts_free(bodies->parts);
	budget_free(bodies->budget);
	free(bodies);
}

struct budget *
bodies_budget(struct bodies *bodies)
{
	return bodies->budget;
}

struct body_store *
bodies_store(struct bodies *bodies)
{
	return bodies->store;
}

static int
bodies_leaves(const struct bodies *bodies, size_t reserve)
{
	return bodies->store == NULL ||
		body_store_room(bodies->store) > reserve;
}

/* The flag is set before anything is looked at: whoever makes room after the
 * look finds it and tells. */
int
bodies_admits(struct bodies *bodies, size_t reserve)
{
	atomic_store(&bodies->refused, 1);
	if (!budget_admits(bodies->budget) || !bodies_leaves(bodies, reserve))
		return 0;
	atomic_store(&bodies->refused, 0);
	return 1;
}

int
bodies_has_place(struct bodies *bodies)
{
	return bodies_leaves(bodies, 0);
}

int
bodies_made_room(struct bodies *bodies)
{
	return atomic_load(&bodies->refused) &&
		atomic_exchange(&bodies->refused, 0);
}
