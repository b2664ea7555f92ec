/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CORE_LEDGER_H
#define FETCHALL_CORE_LEDGER_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "core/result.h"

struct output;
struct sink;
struct state;
struct stats;
struct stats_counters;

#define LEDGER_RECORDS "records"	/* the mark of the records' output */

/* A sink that was opened, and where its bytes go. */
struct ledger_target {
	const struct sink *sink;
	void *self;		/* what sink->open() gave */
	struct output *output;	/* NULL: the sink writes nothing */
};

/*
 * The only place where a result becomes fact. One thread takes finished
 * results in batches and gives each to the sinks of bodies, then to those of
 * records, and counts it; then the body's memory is free, and from time to
 * time the state remembers all that was done. A slow disk or pipe stops this
 * thread and nobody else, until the queue is full.
 */
struct ledger;

struct ledger_args {
	const struct ledger_target *targets;	/* borrowed; those of bodies
						 * first */
	size_t n_targets;
	struct state *state;	/* borrowed; NULL: there is none */
	int sync;		/* what is written is to reach the disk */
	/* These come from the ledger's thread. */
	void (*on_room)(void *arg);	/* a full queue has room again */
	void (*on_freed)(void *arg);	/* bodies may have gone; or NULL */
	void (*on_fail)(void *arg);	/* writing failed: no use in going on */
	void *arg;
};

/* The state knows the outputs when this returns. NULL: what failed is in err,
 * on_fail is not called. */
struct ledger *ledger_new(const struct ledger_args *args, struct err *err);
/* After ledger_finish(). NULL is fine. */
void ledger_free(struct ledger *ledger);

/* Takes the result. Never blocks; ask ledger_full() before making more. */
void ledger_push(struct ledger *ledger, struct result *result);
int ledger_full(struct ledger *ledger);
/* What is cut off from now on is so by `class`: what is pushed as
 * ERROR_STOPPED is recorded as that. */
void ledger_name_cuts(struct ledger *ledger, enum error_class class);

/* No more results will come: the thread writes what is left and ends. */
void ledger_close(struct ledger *ledger);
/* Readable when the thread has ended. */
int ledger_fd(const struct ledger *ledger);
/* Joins the thread. 0, or -1 with the first thing that failed. */
int ledger_finish(struct ledger *ledger, struct err *err);

/* The counters so far; any thread. */
void ledger_counters(struct ledger *ledger, struct stats_counters *ret);
/* All figures; after ledger_finish(). The ledger's own. */
const struct stats *ledger_stats(const struct ledger *ledger);

#endif
