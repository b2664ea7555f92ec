/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CLI_REPORT_H
#define FETCHALL_CLI_REPORT_H

#include <stdint.h>

#include "base/err.h"
#include "core/stats.h"

struct buf;
struct run;

/*
 * What one run adds up to, as plain data: printed as its summary, and sent
 * as it is from a comparison's run to the process that prints the table.
 */
struct report {
	char strategy[32];
	uint64_t concurrency;
	int64_t wall_us, user_us, system_us;
	int64_t before_us;	/* CPU time spent before the wall time began */
	uint64_t peak_bytes;	/* of resident memory, this process's own; of
				 * its children what was sampled; see pss.h */
	struct stats_counters counters;
	int64_t phases[STATS_PHASE_COUNT], time_total;
	/* Of replies that were ok, microseconds. */
	int64_t min_us, mean_us, p50_us, p90_us, p95_us, p99_us, max_us;
	uint64_t names_asked, names_cached;
};

/* After run_execute(). */
void report_collect(struct report *report, const struct run *run,
	const char *strategy, uint64_t concurrency);

/* CPU time of this process so far, microseconds. */
int64_t report_cpu_now(void);

/* CPU microseconds for one attempt. */
int64_t report_cpu_each(const struct report *report);
double report_rate(const struct report *report);	/* URLs a second */

/* For people: several lines, the last one names the wall time. */
void report_add_text(struct buf *out, const struct report *report);
/* One JSON object and a newline; `stats` for the single status codes. */
void report_add_json(struct buf *out, const struct report *report,
	const struct stats *stats);

#endif
