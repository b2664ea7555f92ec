/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CORE_LANES_H
#define FETCHALL_CORE_LANES_H

#include <stddef.h>

#include "base/err.h"
#include "base/list.h"
#include "net/wake.h"

struct job;

/*
 * Jobs that are ready to be granted: in one queue or, for a strategy with
 * several loops, in a lane for each. All calls are made under one lock of the
 * caller's, but for those with a thread of their own.
 */
struct lane {
	struct list ready;
	size_t n_ready;
	size_t n_granted, share;	/* how many it has, and may have */
	int hungry;		/* asked for more than there was */
	struct wake wake;
};

#define LANES_MAX 64

struct lanes {
	struct lane list[LANES_MAX];
	size_t n, n_open;
	struct lane common;	/* nobody's own: for whoever comes */
	size_t n_ready;		/* in all */
	size_t concurrency;
};

/* One lane for all. */
int lanes_init(struct lanes *lanes, size_t concurrency, struct err *err);
/* Before the first job: n lanes, LANES_MAX at most. */
int lanes_split(struct lanes *lanes, size_t n, struct err *err);
/* There is one again; what is ready, in it, is returned. */
struct list *lanes_merge(struct lanes *lanes);
/* What is still ready stays the caller's. */
void lanes_release(struct lanes *lanes);

/* Into the lane of the job's origin, unless that has plenty. */
void lanes_push(struct lanes *lanes, struct job *job);
/* The same for one that was granted and has to be again: it is the next. */
void lanes_put_back(struct lanes *lanes, struct job *job);
/* What lane `at` should do next; NULL: nothing now. */
struct job *lanes_pop(struct lanes *lanes, size_t at);
/* The lane got the job from lanes_pop(), and is done with it. */
void lanes_grant(struct lanes *lanes, size_t at, struct job *job);
void lanes_take_back(struct lanes *lanes, const struct job *job);

/* Whether it asked for more than there was: who is not hungry is not called. */
void lanes_set_hungry(struct lanes *lanes, size_t at, int hungry);
/*
 * Something has changed, nobody knows for whom: has those look who have
 * something to do now, else one, who then sees to the others by lanes_pass_on.
 */
void lanes_call(struct lanes *lanes);
/* Calls the others who have something to do. */
void lanes_pass_on(struct lanes *lanes, size_t at);
void lanes_call_all(struct lanes *lanes);

/* Without the lock: readable when the lane was called, and the lane's thread
 * takes that back. */
int lanes_fd(const struct lanes *lanes, size_t at);
void lanes_rest(struct lanes *lanes, size_t at);

#endif
