/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CORE_OUTCOME_H
#define FETCHALL_CORE_OUTCOME_H

#include <stdint.h>

struct fetch_request;
struct job;
struct result;
struct verdict;

/*
 * The record of the attempt that `job` just ended: its reply read, its times
 * put on one scale that begins with the first hop. The reply's content type
 * moves into it. `errormsg` overrides libcurl's words; NULL: none. `strategy`
 * is static. `wall_offset` is the wall clock minus the monotonic one. The
 * caller owns the result.
 */
struct result *outcome_result(struct job *job,
	const struct verdict *verdict, const char *errormsg,
	const char *strategy, int64_t wall_offset);

/*
 * What an archive wants of a hop that was followed, made before job->fetch
 * becomes the next one: copies only, so that it can be dropped. What was
 * received moves into it with outcome_take().
 */
struct result *outcome_hop(const struct job *job, int64_t wall_offset);
/* Moves to the result what sinks of bodies want of the reply to `request`.
 * `given` is the body that all requests share. */
void outcome_take(struct result *result, struct job *job,
	const struct fetch_request *request, const void *given);

#endif
