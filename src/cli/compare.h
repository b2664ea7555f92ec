/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CLI_COMPARE_H
#define FETCHALL_CLI_COMPARE_H

#include "base/err.h"

struct contest;
struct options;

/* Whether what was asked for is a comparison and not a run. */
int compare_wanted(const struct options *options,
	const struct contest *contest);

/*
 * Runs every contender over the same list, as often as was asked for, each
 * time in a fresh process, and prints a table of their figures on standard
 * output. `argv` is the permuted one of options_parse(). Returns the exit
 * status: the worst of the runs'.
 */
int compare_run(const struct options *options, struct contest *contest,
	char **argv);

#endif
