/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CLI_PAGES_H
#define FETCHALL_CLI_PAGES_H

struct options;

/*
 * What is printed instead of fetching: --help, --version, --dump, and the
 * short help for nothing at all. All return the exit status.
 */

/* Tells the option engine of strategies, fields and the rest. */
void pages_set_topics(const struct options *options);

int pages_help(const struct options *options, const char *topic);
int pages_version(void);
int pages_dump(const struct options *options, int what);
/* On standard error; status 2. */
int pages_short_help(void);

#endif
