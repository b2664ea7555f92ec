/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CLI_REPORT_H
#define FETCHALL_CLI_REPORT_H

#include <stdint.h>

#include "base/err.h"
#include "core/holdup.h"
#include "core/stats.h"

struct buf;
struct run;

/* What stages and their pool did. */
struct report_stages {
	char pool[16];		/* "": the run has no stages */
	uint64_t workers;	/* 0: stages run where fetches do */
	uint64_t bodies, failed;
	int64_t wall_us, cpu_us;	/* in the stages, all bodies */
	int64_t queue_p50_us, queue_p99_us, queue_max_us;
	int64_t busy_us;	/* of all workers */
	int64_t hidden_us;	/* of that, while fetches were under way; -1:
				 * it cannot be told */
	uint64_t peak_bytes;	/* of bodies held at a time */
};

/* How late the loop of async and green was. */
struct report_lag {
	uint64_t samples;	/* 0: there was no loop */
	int64_t p50_us, p99_us, max_us;
};

/*
 * What one run adds up to, as plain data: printed as its summary, and sent
 * as it is from a comparison's run to the process that prints the table.
 */
struct report {
	char strategy[32];
	uint64_t concurrency;
	uint64_t asked;		/* concurrency before what the system allows */
	uint64_t cores;		/* that may be used */
	/* CPU time is of the wall time: starting the program is in neither. */
	int64_t wall_us, user_us, system_us;
	uint64_t peak_bytes;	/* of resident memory, this process's own; of
				 * its children what was sampled; see pss.h */
	struct stats_counters counters;
	uint64_t done_before;	/* by a run before this one */
	uint64_t failed_before;	/* of these, badly */
	int cut_short;		/* the deadline came before the list's end */
	int64_t phases[STATS_PHASE_COUNT], time_total;
	/* Of replies that were ok, microseconds. */
	int64_t min_us, mean_us, p50_us, p90_us, p95_us, p99_us, max_us;
	uint64_t names_asked, names_cached;
	struct report_stages stages;
	struct report_lag lag;
	int64_t loop_cpu_us;	/* of the strategy's loop; 0: it has none */
	int64_t held_us[HOLDUP_COUNT];
};

/* CPU time so far of this process and the children that have ended. */
struct report_cpu {
	int64_t user_us, system_us;
};

void report_cpu_now(struct report_cpu *cpu);

/*
 * After run_execute(); `before` is the CPU time of just before it. `pool` is
 * the stages'; NULL: there are none.
 */
void report_collect(struct report *report, struct run *run,
	const char *strategy, uint64_t concurrency, const char *pool,
	const struct report_cpu *before);

/* CPU microseconds for one attempt. */
int64_t report_cpu_each(const struct report *report);
double report_rate(const struct report *report);	/* URLs a second */
/* a of b, and the workers' work of the time that they had, in percent. */
double report_percent(int64_t a, int64_t b);
double report_utilisation(const struct report *report);

/* For people: several lines, the last one names the wall time. */
void report_add_text(struct buf *out, const struct report *report);

#endif
