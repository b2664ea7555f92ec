/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CLI_PROGRESS_H
#define FETCHALL_CLI_PROGRESS_H

struct options_load;
struct run;
struct source;

/*
 * The line on standard error that shows how far a run has come, redrawn five
 * times a second by a thread of its own.
 */
struct progress;

/* All borrowed. NULL when there is nothing to draw on: standard error is no terminal. */
struct progress *progress_start(struct run *run, struct source *source,
	const struct options_load *load, const char *label);
/* Wipes the line. NULL is fine. */
void progress_stop(struct progress *progress);

#endif
