/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CORE_JOB_H
#define FETCHALL_CORE_JOB_H

#include <stdint.h>

#include "base/err.h"
#include "base/heap.h"
#include "base/list.h"
#include "core/keeper.h"
#include "core/part.h"
#include "core/service.h"
#include "net/fetch.h"
#include "url/url.h"

struct body;
struct body_store;
struct lookup;
struct origin;
struct origins;
struct run_settings;
struct source_item;
struct source_request;
struct work;

/*
 * A URL on its way through the run. It has one owner at a time, which its
 * state names; job_move() is the only way from one to the next.
 */
enum job_state {
	JOB_LISTED,		/* read from the list, in the frontier */
	JOB_PULLED,		/* in the core's hands, on its way */
	JOB_NAMING,		/* its name is being looked up */
	JOB_READY,		/* may be granted */
	JOB_GRANTED,		/* a strategy is performing job->fetch */
	JOB_AGAIN,		/* a redirect's next hop, not looked up yet */
	JOB_WAITING,		/* for the time of its next attempt */
	JOB_ENDED,
};

struct job {
	struct list node;	/* whichever list its state implies */
	struct heap_node due;	/* JOB_WAITING */
	struct service_ask ask;	/* JOB_NAMING */
	struct lookup *lookup;	/* likewise: who asks */
	struct fetch fetch;	/* the current hop; a strategy's business */
	enum job_state state;
	size_t lane;		/* JOB_GRANTED: whose it is */
	uint64_t seq;
	char *text;		/* the URL as given, no credentials; owned */
	char *bad;		/* what is wrong with the line; NULL: nothing */
	struct source_request *asked;	/* the list's own wishes, or NULL */
	struct body *body;	/* of the reply; NULL: it is dropped */
	char *name;		/* that its body gets below the output folder,
				 * where that is known before; owned, or NULL */
	int keeps;		/* its good body is wanted: as a file, or by
				 * who takes all */
	enum keeper_there there;	/* what a file of that name means */
	char *refused;		/* KEEPER_REFUSED or NAMES_DENIED: why; owned */
	struct part part;	/* of its body, as far as it is known: found
				 * on the disk before the attempt */
	int starts_over;	/* this attempt found that it cannot be gone
				 * on with */
	struct work *work;	/* what its process made of the body already,
				 * or NULL */
	struct origin *origin;	/* of this hop; a reference. NULL when the
				 * line is bad */
	int counted;		/* in origin->waiting */
	struct url first;	/* the list's URL while a redirect is followed;
				 * empty on the first hop */
	uint64_t *visited;	/* hashes of the hops so far, n_hops of them */
	unsigned n_hops;
	uint64_t attempt;	/* from 1 */
	int once;		/* what it asks for must not happen twice */
	/* Monotonic us: when it could have begun; when the attempt's first
	 * hop began; this hop. `name_us` is how long its look-up took. */
	int64_t eligible_us, started_us, hop_us, name_us;
};

/* Takes the item's contents. */
struct job *job_new(struct source_item *item);
void job_free(struct job *job);
/* Makes job->fetch the request for the list's URL, for its first hop. */
void job_start(struct job *job, const struct run_settings *settings);
/* The list's own URL once more: forgets hops, addresses and the reply. */
void job_restart(struct job *job);
/* This hop once more, for all of the body: its part is of no use. */
void job_start_over(struct job *job);
/*
 * Makes a place in `bodies` for the body of this hop's reply; -1: there is
 * none. It is held no longer than the hop lasts: many may wait for their next.
 * Where the store has parts the request is for what is missing.
 */
int job_open_body(struct job *job, struct body_store *bodies);
void job_close_body(struct job *job);
/*
 * Frees what may be large or was allocated while it was fetched: the reply,
 * the addresses, the file, the list's own wishes. Only for a job that is not
 * fetched any more; again is fine.
 */
void job_shed(struct job *job);

/* Asserts that the move is one of those a job may make. */
void job_move(struct job *job, enum job_state to);

/*
 * Counts the job among those that wait for the origin of job->fetch's URL,
 * which it refers to from here on; and no longer.
 */
void job_count(struct job *job, struct origins *origins);
void job_uncount(struct job *job);

/* The URL of the list, whatever hop the job is at. */
const struct url *job_first_url(const struct job *job);

#endif
