/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CORE_RUN_H
#define FETCHALL_CORE_RUN_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "core/holdup.h"
#include "core/ledger.h"
#include "core/verdict.h"
#include "net/easy.h"
#include "net/names.h"

struct chain;
struct event_base;
struct histogram;
struct job;
struct list;
struct naming;
struct pool;
struct source;
struct state;
struct stats;
struct stats_counters;
struct strategy;
struct workshop_figures;
struct zygote;

/*
 * One pass over a list with one strategy. All policy is in here: order,
 * names, redirects, retries, limits, when to stop.
 */
struct run;

enum run_keep {
	RUN_KEEP_FILES = 1 << 0,	/* of URLs that naming_wants() */
	RUN_KEEP_GOOD = 1 << 1,		/* of all good replies */
	RUN_KEEP_ALL = 1 << 2,		/* of all whole ones, hops too */
};

struct run_settings {
	const struct strategy *strategy;
	const void *strategy_settings;	/* its options, or NULL */
	size_t concurrency;
	struct easy_settings easy;
	struct names_settings names;
	struct verdict_policy verdict;
	int allow_downgrade;	/* follow https to http */
	const char *method;	/* NULL: GET, POST with a body */
	const void *body;	/* for every URL without one of its own */
	size_t body_len;
	int64_t max_time_us;	/* for one attempt, redirects included */
	int first;		/* stop at the first URL that is ok */
	/* What is done to bodies; NULL: nothing, they are dropped. */
	struct chain *chain;
	const struct pool *pool;	/* where, and by how many workers */
	size_t jobs;
	uint64_t buffer;	/* bytes of bodies held at a time */
	unsigned keep;		/* enum run_keep: whose bodies go on to the
				 * ledger; 0: nobody's */
	int keep_order;		/* a sink holds bodies until all before them in
				 * the list have ended; there is `keep` then */
	/* What files of bodies are called; NULL: none is made. */
	const struct naming *naming;
	/* What is done is remembered there, and what was is not done again;
	 * NULL: nothing is. Not with requests or duration_us. */
	struct state *state;
	int sync;		/* what is written is to reach the disk */
	int no_fetch;		/* stages only: nothing is asked for */
	/* Begin the list again at its end until so many URLs were handed out
	 * or so much time has passed; 0: not limited by that. */
	uint64_t requests;
	int64_t duration_us;
	/* After so much time what is not done is left out: ERROR_DEADLINE,
	 * not final; 0: it takes as long as it takes. */
	int64_t deadline_us;
};

/* --- for the command line --- */

/* Settings, source and targets are borrowed until run_free(). */
struct run *run_new(const struct run_settings *settings,
	struct source *source, const struct ledger_target *targets,
	size_t n_targets, struct err *err);
/* NULL is fine. */
void run_free(struct run *run);

/*
 * Fetches the list. 0 when every URL was settled (whether it could be fetched
 * or not) or left out, else -1: ERR_INTERRUPTED, ERR_TERMINATED or ERR_CLOSED
 * for an end from outside; ERR_USAGE when the list is not the one from before;
 * ERR_IO or ERR_SYSTEM for an end of our own. Results are written
 * in every case, except with ERR_INTERRUPTED or ERR_TERMINATED while an output
 * takes nothing, or a stage does not return: then *ret_stuck is 1, a thread
 * hangs in there, and the process can only _exit(2).
 */
int run_execute(struct run *run, int *ret_stuck, struct err *err);

/* How many fetches are under way; any thread. */
size_t run_in_flight(struct run *run);
/* Results so far; any thread. */
void run_counters(struct run *run, struct stats_counters *ret);
/* URLs of the list that a run before this one did, so far; any thread. */
uint64_t run_done_before(const struct run *run);
/* After run_execute(): whether its deadline came before the end of the list
 * was read. */
int run_is_cut_short(const struct run *run);
/* After run_execute(): all figures, and its wall time. */
const struct stats *run_stats(const struct run *run);
int64_t run_wall_us(const struct run *run);
/* What stages and their pool did; -1: there are none. */
int run_figures(const struct run *run, struct workshop_figures *ret);
/* How long fetches that were allowed were held up by that, in us. */
int64_t run_held_up(const struct run *run, enum holdup why);
/* The processor time of the thread that ran the strategy, in us: its loop's,
 * where it has one. */
int64_t run_strategy_cpu_us(const struct run *run);
/* Names asked for, and answered without asking. */
void run_name_counts(const struct run *run, uint64_t *ret_asked,
	uint64_t *ret_cached);

/* --- for strategies --- */

enum run_next {
	RUN_JOB,		/* *ret is granted: fetch it, run_done() it */
	RUN_WAIT,		/* nothing now; run_wake_fd() tells when */
	RUN_END,		/* no job will come any more */
};

size_t run_concurrency(const struct run *run);
const struct easy_settings *run_easy_settings(const struct run *run);
/* Makes the processes of a strategy that has a zygote_role. */
struct zygote *run_zygote(const struct run *run);
/* Puts names, timer and signals on a loop that the caller's thread runs. */
int run_attach(struct run *run, struct event_base *base, struct err *err);
/* Takes them off again, from that thread, before the loop is freed. */
void run_detach(struct run *run);

/* Where a strategy with a loop notes how late it is, in us; its thread's until
 * the strategy ends. */
struct histogram *run_lag(struct run *run);

/* Never blocks. */
enum run_next run_next(struct run *run, struct job **ret);
/* Blocks: RUN_JOB or RUN_END. */
enum run_next run_take(struct run *run, struct job **ret);
/* Readable when run_next() may say more than it did; then run_rest(). */
int run_wake_fd(const struct run *run);
/* Clears run_wake_fd(); then ask run_next() until it says RUN_WAIT. */
void run_rest(struct run *run);

/* Descriptors that a run takes beside those of its fetches: lists, outputs,
 * a loop, wake-ups, name servers, and idle connections. */
#define RUN_SPARE_FILES 40

/*
 * For a strategy with several threads that each have a loop, instead of
 * run_next() and what belongs to it; before the first job, RUN_LANES at most.
 * Each of the n lanes is one thread's: it is given jobs of the same origins, up
 * to `max` at a time, which are put behind those of *ret. RUN_JOB: some came;
 * fewer than max, or RUN_WAIT: it is to ask again when run_lane_fd() is
 * readable, and after run_done().
 */
#define RUN_LANES 64
int run_split(struct run *run, size_t n, struct err *err);
enum run_next run_next_some(struct run *run, size_t lane, size_t max,
	struct list *ret);
int run_lane_fd(const struct run *run, size_t lane);
void run_lane_rest(struct run *run, size_t lane);

/* job->fetch.reply is filled. The job is the run's again; exactly once. */
void run_done(struct run *run, struct job *job);

/*
 * `cancel` is called when the fetches under way must end at once, again and
 * again until they have, from the service's thread. Register before the first
 * job and clear it (NULL) before run() returns.
 */
void run_on_cancel(struct run *run, void (*cancel)(void *), void *arg);

#endif
