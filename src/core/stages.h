/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CORE_STAGES_H
#define FETCHALL_CORE_STAGES_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct bodies;
struct ledger;
struct pool_env;
struct run_settings;
struct workshop;
struct workshop_figures;
struct workshop_hooks;
struct zygote;

/*
 * What a run has only when there are stages: the pool with its processes, and
 * the workshop over it.
 */
struct stages;

/* Before threads and the strategy's processes are made, which have `env`: it
 * has the bodies already. Borrows all. */
struct stages *stages_new(const struct run_settings *settings,
	struct bodies *bodies, struct pool_env *env, struct err *err);
void stages_free(struct stages *stages);	/* NULL is fine */

/* Starts the pool; the hooks are the workshop's. */
int stages_open(struct stages *stages, size_t concurrency,
	struct ledger *ledger, const struct workshop_hooks *hooks,
	struct err *err);

/* The strategy has ended: where its children run stages, waits for them to end
 * by themselves; not once stages were cancelled, as fetches may hang then:
 * look(arg) is called meanwhile to see to that. */
void stages_await_children(const struct stages *stages,
	struct zygote *zygote, void (*look)(void *arg), void *arg);
struct workshop *stages_workshop(const struct stages *stages);

/*
 * Begins to end the pool and its processes, once the workshop's work came
 * back. Commands that stages run have a moment to end by themselves, unless
 * stages_cancel() is called meanwhile. stages_fd() is readable when all have.
 */
void stages_stop(struct stages *stages);
int stages_fd(const struct stages *stages);
/* Waits for it; then getrusage(2) counts the processes as children. */
void stages_join(struct stages *stages);

/* After on_lost() and stages_join(): says what became of the processes.
 * Always -1. */
int stages_lost(struct stages *stages, struct err *err);

/* The run is being ended: no stage begins any more. */
void stages_cancel(struct stages *stages);

#endif
