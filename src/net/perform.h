/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_NET_PERFORM_H
#define FETCHALL_NET_PERFORM_H

#include <stddef.h>

#include "base/err.h"

/*
 * Descriptors that a performer needs: libcurl's pair for waking up, the
 * connection in use and one that it keeps.
 */
#define PERFORM_FILES 4

struct easy_env;
struct fetch;

/*
 * Blocking fetches. A group is all performers of a run; each performer is
 * one handle with its kept connections and belongs to one thread at a time.
 */
struct perform_group;
struct performer;

struct perform_group *perform_group_new(const struct easy_env *env);
/*
 * Says how many performers there will be, one unless said: they share the
 * limit of open files for the connections that they keep.
 */
void perform_group_expect(struct perform_group *group, size_t n);
/* All performers must be gone or given back. NULL is fine. */
void perform_group_free(struct perform_group *group);

struct performer *performer_new(struct perform_group *group, struct err *err);
void performer_free(struct performer *performer);	/* NULL is fine */

/*
 * For threads that live for one fetch: the group's performer that was given
 * back last, with its kept connections, or a new one. Any thread may borrow
 * and any may give back.
 */
struct performer *performer_borrow(struct perform_group *group,
	struct err *err);
void performer_give_back(struct performer *performer);

/* Performs the request and fills the reply, however long that takes. */
void perform(struct performer *performer, struct fetch *fetch);

/*
 * Ends every perform() of the group, now and from now on, with FETCH_CANCELLED.
 * libcurl looks up once a second when nothing moves, so the threads are woken
 * by a signal; one that comes just before libcurl sleeps is lost, so call
 * this again every few ms until all are back. Any thread.
 */
void perform_cancel(struct perform_group *group);

#endif
