/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CLI_STANDINGS_H
#define FETCHALL_CLI_STANDINGS_H

#include <stddef.h>
#include <stdint.h>

#include "core/sample.h"

struct contender;
struct contest;
struct report;

/* What the runs of a contest add up to: figures only, no words. */
struct standing {
	const struct contender *contender;	/* with one run at least */
	size_t planned;		/* runs; it has fewer when it was cut short */
	struct sample time;	/* us: of the whole list, or of one URL */
	double interval;	/* 95 %, to either side; 0: too few runs */
	double times, times_sd;	/* the fastest's time is 1 */
	int tested;		/* against the fastest, which is not */
	double p;		/* tested: of Welch's test */
	double rate;		/* URLs a second */
	double busy;		/* CPU time within the wall time, by it */
	/* How much of the time of all that there was room for at once went
	 * into fetches, and into stages: means of the runs. */
	double fetching, staging;
	double wall_us, user_us, system_us, cpu_each_us;	/* means */
	size_t timed;		/* runs in which some URL was fetched well */
	double p50_us, p99_us;	/* means of these */
	uint64_t peak_bytes;	/* of all runs */
	uint64_t failed_min, failed_max;	/* of all runs */
};

struct standings {
	struct standing *rows;	/* in the contest's order */
	size_t n;
	const struct standing *fastest;	/* NULL: there is no row */
	size_t runs;		/* the most that one row has */
	size_t made, planned;	/* runs of all contenders */
	uint64_t finals;	/* URLs that were done, in all runs */
	int per_url;		/* the clock ended the runs */
	int sweep;
	uint64_t seed;
};

/* From here on a difference is not chance. */
#define STANDINGS_P 0.05

/*
 * `per_url`: runs that last equally long (--duration) are compared by the
 * time they took for one URL. The contest is borrowed; contenders without a
 * run are left out.
 */
void standings_init(struct standings *standings,
	const struct contest *contest, int per_url);
void standings_release(struct standings *standings);

/* The time of one run that is compared, us. */
double standings_time(const struct report *report, int per_url);

/* Whether the row was tested and found no slower than the fastest. */
int standings_ties(const struct standing *standing);

#endif
