/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CLI_COMPARE_H
#define FETCHALL_CLI_COMPARE_H

#include <stddef.h>

#include "base/err.h"

struct options;

/* The names of --strategy, checked. */
struct compare_names {
	char **items;
	size_t n;
};

/* ERR_USAGE for unknown, repeated or missing names. */
int compare_names_parse(struct compare_names *ret, const char *text,
	struct err *err);
void compare_names_release(struct compare_names *names);

/*
 * Runs each strategy over the same list, one after the other, each in a fresh
 * process that executes this program again, and prints a table of their
 * figures on standard output. `argv` is the permuted one of options_parse().
 * Returns the exit status: the worst of the runs'.
 */
int compare_run(const struct options *options,
	const struct compare_names *names, char **argv);

#endif
