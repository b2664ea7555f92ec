/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CLI_CONTEST_H
#define FETCHALL_CLI_CONTEST_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "cli/report.h"

struct opt_counts;
struct options_compare;

/* What is compared, in which order it runs, and what the runs reported. */

/* One strategy with one concurrency: a row of the table. */
struct contender {
	const char *strategy;	/* static */
	uint64_t concurrency;
	int one;		/* it has no concurrency */
	char *label;		/* "async", or "async -c 8" in a sweep */
	struct report *reports;	/* of the n runs that came to their end */
	int *exits;		/* their exit statuses */
	size_t n;
};

/* One run that is to be made. */
struct contest_step {
	size_t contender;
	int warmup;		/* counts for nothing */
};

struct contest {
	struct contender *contenders;
	size_t n;
	struct contest_step *steps;
	size_t n_steps;
	int sweep;		/* there are several concurrencies */
	uint64_t seed;		/* of the shuffle; 0: nothing was shuffled */
};

/*
 * `strategies`: "async", "serial,async" or "all". Every strategy with every
 * concurrency; those of one fetch at a time are there once. ERR_USAGE for
 * unknown, repeated or missing names.
 */
int contest_init(struct contest *contest, const char *strategies,
	const struct opt_counts *concurrency, struct err *err);
void contest_release(struct contest *contest);

/* Fills the steps. `seed` is what a shuffle without a seed of its own uses. */
void contest_plan(struct contest *contest,
	const struct options_compare *compare, uint64_t seed);

/* Takes down what a run reported. */
void contest_add(struct contender *contender, const struct report *report,
	int exit_status);

#endif
