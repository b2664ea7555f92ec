/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CORE_OUTCOME_H
#define FETCHALL_CORE_OUTCOME_H

#include <stdint.h>

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

#endif
