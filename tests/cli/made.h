/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_TESTS_CLI_MADE_H
#define FETCHALL_TESTS_CLI_MADE_H

#include "base/mem.h"
#include "cli/contest.h"
#include "cli/standings.h"

/* Contests with made-up runs, for what prints them. */

/* A run of 100 URLs; times in ms, the CPU's half user, half system. */
static inline struct report
made_report(int64_t wall_ms, int64_t cpu_ms, uint64_t failed)
{
	struct report report = {
		.wall_us = wall_ms * 1000,
		.user_us = cpu_ms * 500,
		.system_us = cpu_ms * 500,
		.peak_bytes = 10 << 20,
		.time_total = wall_ms * 1000 * 100,
		.concurrency = 100,
		.p50_us = 1500,
		.p99_us = 9000,
		.max_us = 9500,
	};

	report.counters.attempts = 100;
	report.counters.finals = 100;
	report.counters.ok = 100 - failed;
	return report;
}

static inline struct contest
made_contest(size_t n)
{
	return (struct contest){
		.contenders = mem_array(n, sizeof(struct contender)), .n = n,
	};
}

static inline void
made_contender(struct contest *contest, size_t i, const char *strategy,
	uint64_t concurrency, const char *label)
{
	contest->contenders[i] = (struct contender){
		.strategy = strategy, .concurrency = concurrency,
		.one = strcmp(strategy, "serial") == 0,
		.label = mem_strdup(label),
	};
}

static inline void
made_run(struct contest *contest, size_t i, int64_t wall_ms, int64_t cpu_ms,
	uint64_t failed)
{
	struct report report = made_report(wall_ms, cpu_ms, failed);

	contest_add(&contest->contenders[i], &report, failed > 0);
}

#endif
