/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CLI_SINGLE_H
#define FETCHALL_CLI_SINGLE_H

struct options;
struct settings;

/*
 * One run of one strategy over the list, its records and its summary. Returns
 * the exit status.
 */
int single_run(const struct options *options, struct settings *settings);

/* --dry-run: prints each URL as it would be requested. The exit status. */
int single_dry_run(const struct options *options, struct settings *settings);

#endif
