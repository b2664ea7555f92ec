/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CORE_DISPATCH_OWN_H
#define FETCHALL_CORE_DISPATCH_OWN_H

#include <pthread.h>
#include <stddef.h>

#include "base/heap.h"
#include "base/list.h"
#include "core/dispatch.h"
#include "core/holdup.h"
#include "core/lanes.h"
#include "core/lookup.h"
#include "core/run.h"
#include "core/settle.h"
#include "core/shortage.h"
#include "core/takers.h"
#include "net/names.h"

struct frontier;
struct job;
struct verdict;

/*
 * The inside of struct dispatch, for the files that make it up: dispatch.c is
 * its life, who is woken, and the only one that takes the lock;
 * dispatch_grant.c who gets which job, dispatch_pump.c how jobs become ready
 * for that, dispatch_end.c where they go when an attempt is over,
 * dispatch_cut.c what becomes of them when the run ends early. Nobody else
 * includes this.
 */
struct dispatch {
	struct dispatch_args args;
	const struct run_settings *settings;
	struct frontier *frontier;
	struct lookup lookup;
	struct settle settle;
	pthread_mutex_t lock;	/* all below */
	struct lanes lanes;	/* those that are ready */
	struct takers takers;
	struct list again, naming;
	struct heap waiting;
	uint64_t last_origin;	/* whose job was granted last: its hash */
	size_t n_again, n_naming, n_granted;
	int starved;		/* the last look found no room for a body */
	/* The last look at the list found: */
	int crammed;		/* no room for another record */
	int unread;		/* nothing that was read already */
	struct holdup_clock holdups;
	struct shortage shortage;
	int listed_all;		/* the frontier has nothing more */
	int stopping;
	int late;		/* settle.until_us has come */
	int expired;		/* the deadline has */
};

/* All of these are called with the lock held, unless they say otherwise. */

/* dispatch_grant.c: grants up to `max` jobs to the lane, RUN_JOB when there is
 * any. */
enum run_next dispatch_grant_some(struct dispatch *dispatch, size_t lane,
	size_t max, struct list *ret);
/* Whether this machine has what another fetch takes. */
int dispatch_grant_has_room(struct dispatch *dispatch);
/* As dispatch_next(), for the only lane. */
enum run_next dispatch_grant_one(struct dispatch *dispatch, struct job **ret);
/* Puts a job that came back where the verdict sends it; whether its URL is the
 * first good one of a run that wants no more. */
int dispatch_grant_end(struct dispatch *dispatch, struct job *job,
	const struct verdict *verdict);
/* A fetch that could not begin for want of what others hold: there was no
 * attempt, and it is the first to be granted again. -1: it is no use, and
 * nothing changed. */
int dispatch_grant_undo(struct dispatch *dispatch, struct job *job,
	enum holdup why);

/* dispatch_pump.c: brings jobs on their way as far as the look-ahead allows. */
void dispatch_pump(struct dispatch *dispatch);
/* What the look-up of a job in JOB_NAMING came to. */
void dispatch_pump_named(struct dispatch *dispatch, struct job *job,
	enum names_status status);
/* An attempt begins, at the list's own URL. */
void dispatch_pump_start(const struct dispatch *dispatch, struct job *job);

/* dispatch_end.c: gives the job back to the frontier. */
void dispatch_end_job(struct dispatch *dispatch, struct job *job);
/* The attempt is over and written down: the job ends, or waits for its next. */
void dispatch_end_attempt(struct dispatch *dispatch, struct job *job,
	const struct verdict *verdict);
/* Whether it is a job that nothing is asked for; then it has ended. */
int dispatch_end_unasked(struct dispatch *dispatch, struct job *job);

/* dispatch_cut.c: as dispatch_cut_off(). */
void dispatch_cut_lists(struct dispatch *dispatch);
/* Whether the rest of the list is to be left out; needs no lock, as nothing
 * else goes on by then. And as dispatch_leave_out(). */
int dispatch_cut_has_rest(const struct dispatch *dispatch);
int dispatch_cut_rest(struct dispatch *dispatch);

#endif
