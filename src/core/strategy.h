/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CORE_STRATEGY_H
#define FETCHALL_CORE_STRATEGY_H

#include "base/err.h"

struct opt_set;
struct run;
struct zygote_role;

/*
 * A way of overlapping fetches. run() takes jobs from the run until there are
 * no more, performs each job's fetch and gives it back; what is fetched, when,
 * and what a reply means is the run's business. It returns when run_next() or
 * run_take() said RUN_END and every job was given back.
 */
enum strategy_caps {
	/* Attaches the run's service to a loop of its own (run_attach). */
	STRATEGY_OWN_LOOP = 1 << 0,
	/* One fetch at a time whatever -c says. */
	STRATEGY_ONE = 1 << 1,
	/* Keeps no connection: each fetch makes one of its own. */
	STRATEGY_NO_REUSE = 1 << 2,
};

struct strategy {
	const char *name;	/* what is typed after -s */
	const char *brief;	/* up to 60 characters */
	const char *notes;	/* for the manual: when to choose it */
	unsigned caps;
	unsigned files;		/* descriptors one fetch may hold; 0 is 1 */
	const struct opt_set *opts;	/* its own options, or NULL */
	/* What its processes are: run_zygote() is there for it. NULL: none. */
	const struct zygote_role *zygote;
	int (*run)(struct run *run, const void *settings, struct err *err);
};

/* Every strategy, NULL-terminated; the default first. */
extern const struct strategy *const strategies[];
/* NULL with ERR_USAGE and the nearest name. */
const struct strategy *strategy_find(const char *name, struct err *err);

#endif
