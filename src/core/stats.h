/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CORE_STATS_H
#define FETCHALL_CORE_STATS_H

#include <stdint.h>

#include "core/histogram.h"
#include "core/result.h"

/*
 * What a run adds up to. The ledger's thread adds every result; others get
 * the counters by copying them under the ledger's lock.
 */

/* X(code, name): where an attempt's time goes, in order; for summaries. */
#define STATS_PHASES(X) \
	X(QUEUE, "queue") \
	X(REDIRECT, "redirect") \
	X(DNS, "dns") \
	X(CONNECT, "connect") \
	X(TLS, "tls") \
	X(WAIT, "first byte") \
	X(BODY, "body") \
	X(UNKNOWN, "unknown")

#define STATS_ENUM(code, name) STATS_##code,
enum stats_phase { STATS_PHASES(STATS_ENUM) STATS_PHASE_COUNT };
#undef STATS_ENUM

const char *stats_phase_name(enum stats_phase phase);

/* Small enough to be copied for each line of progress. */
struct stats_counters {
	uint64_t attempts;	/* that were begun */
	uint64_t retries;	/* attempts after a URL's first */
	uint64_t finals;	/* URLs that are done, well or badly */
	uint64_t again;		/* URLs that are to be tried again */
	uint64_t ok;
	uint64_t skipped;	/* of them, that were there already */
	/* Final failures; [ERROR_STOPPED], [ERROR_DEADLINE]: cut off or left
	 * out, so not final */
	uint64_t failed[ERROR_CLASS_COUNT];
	uint64_t status_class[10];	/* attempts; [2]: 2xx; [0]: no reply */
	uint64_t bytes;		/* of bodies, all attempts */
	uint64_t fd_limit, ports;	/* attempts that failed for want of a
					 * descriptor, of a local port */
	uint64_t redirects;
	uint64_t connects;
};

/* What came of bodies that went through stages. */
struct stats_post {
	uint64_t bodies;
	uint64_t failed;	/* in the stages; those cut off do not count */
	int64_t wall_us, cpu_us;	/* in the stages */
	struct histogram queue;	/* waited for them */
};

struct stats {
	struct stats_counters counters;
	uint64_t status[1000];	/* attempts by status; [0]: no reply */
	/*
	 * Microseconds over all attempts. All phases but STATS_QUEUE add up
	 * to `time_total`.
	 */
	int64_t phases[STATS_PHASE_COUNT];
	int64_t time_total;
	struct histogram ok_time;	/* time_total of final results */
	struct histogram failed_time;
	struct stats_post post;
};

void stats_init(struct stats *stats);
void stats_release(struct stats *stats);
void stats_add(struct stats *stats, const struct result *result);
/* URLs that ended badly; those cut off or left out do not count. */
uint64_t stats_failures(const struct stats_counters *counters);
/* Splits one attempt's times; see struct stats. */
void stats_split(const struct result *result,
	int64_t ret_phases[STATS_PHASE_COUNT]);

#endif
