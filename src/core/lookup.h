/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CORE_LOOKUP_H
#define FETCHALL_CORE_LOOKUP_H

#include <stdint.h>

#include "net/names.h"

struct job;
struct policy;
struct service;
struct url;

/*
 * Addresses for a job's hop: whose name it takes (the URL's host, the
 * proxy's, or none), what is known of it, asking, and which of them may be
 * connected to. All borrowed.
 */
struct lookup {
	struct names *names;
	struct service *service;
	const struct url *proxy;	/* text NULL: none */
	const char *unix_socket;	/* not NULL: no name is needed */
	const struct policy *policy;	/* NULL: any address will do */
	int64_t max_time_us;	/* for a whole attempt; 0: no limit */
	/* After NAMES_PENDING; from the service's thread, without locks. */
	void (*done)(void *arg, struct job *job, enum names_status status);
	void *arg;
};

/*
 * NAMES_OK: the job has its addresses. NAMES_PENDING: done() will be called,
 * once and never from inside this; until then the job stays as it is. Else
 * there are none, and it is known why; with NAMES_DENIED job->refused says it.
 */
enum names_status lookup_job(struct lookup *lookup, struct job *job);

#endif
