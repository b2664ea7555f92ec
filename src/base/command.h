/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_BASE_COMMAND_H
#define FETCHALL_BASE_COMMAND_H

#include "base/err.h"

/* What is to be run, looked up once, however often it is then run. */
struct command {
	char *path;	/* of the program */
	char **argv;	/* NULL-terminated; argv[0] as typed */
};

/*
 * Splits `text` with words_split(); `shell`: gives it to /bin/sh -c as it is.
 * A name without a slash is looked for in PATH. ERR_USAGE when there is no
 * word, a quote is open, or no program of that name may be executed; `hint`
 * is said of the last, NULL: nothing.
 */
int command_open(struct command *ret, const char *text, int shell,
	const char *hint, struct err *err);
void command_release(struct command *command);	/* zeroes are fine */

#endif
