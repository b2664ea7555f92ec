/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CORE_POOL_H
#define FETCHALL_CORE_POOL_H

#include <stddef.h>

#include "base/err.h"

struct body_store;
struct chain;
struct work;
struct zygote;
struct zygote_role;

/*
 * A way of running stages beside fetching. What is run, and what becomes of
 * it, is the core's business; a pool only decides where and how many at once.
 */
enum pool_caps {
	/* submit() does the work itself, in the thread that calls it. For
	 * strategies with processes the child does it, before it answers. */
	POOL_INLINE = 1 << 0,
};

/* What workers use; processes among them are forked with it. */
struct pool_env {
	struct chain *chain;
	struct body_store *bodies;
	/* The run is being ended; in memory that processes share. What has
	 * not begun is then given back as stopped. */
	const _Atomic int *cancelled;
	/* The strategy's processes run the stages before they answer. */
	int in_children;
	/* All good bodies are kept as the stages leave them, not only those
	 * that become files. */
	int keeps_all;
	/* For chain_worker_ask() where submit() does the work; or NULL. */
	void (*ask)(void *arg);
	void *ask_arg;
};

struct pool_args {
	const struct pool_env *env;	/* borrowed */
	size_t workers;
	struct zygote *zygote;	/* of its own role, with `env` for the
				 * children; NULL without one */
	/* The work is finished and the core's again; any thread, no locks
	 * held. Exactly once for each that was submitted. */
	void (*done)(void *arg, struct work *work);
	/* Its processes are gone for good: what was submitted, and all that
	 * will be, comes back as stopped. Once, likewise; a pool without
	 * processes never says so. */
	void (*lost)(void *arg);
	void *arg;
};

struct pool {
	const char *name;	/* what is typed after --pool */
	const char *brief;	/* up to 60 characters */
	const char *notes;	/* for the manual */
	unsigned caps;
	/* What its processes are, or NULL: none. */
	const struct zygote_role *zygote;
	void *(*start)(const struct pool_args *args, struct err *err);
	/* Takes the work; any thread. Blocks only where POOL_INLINE says. */
	void (*submit)(void *self, struct work *work);
	/* env->cancelled was set: give back soon what was submitted. Any
	 * thread, and it may hold locks. */
	void (*cancel)(void *self);
	/* Everything was given back; ends the workers. */
	void (*stop)(void *self);
};

/* Every pool, NULL-terminated; the default first; in pool/family.c. */
extern const struct pool *const pools[];

#endif
