/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_BASE_SPAWN_H
#define FETCHALL_BASE_SPAWN_H

#include <sys/types.h>

#include "base/err.h"

struct command;

/*
 * A command that runs, with pipes to its standard input, output and error. It
 * leads a process group of its own, so that Ctrl-C at the terminal is ours to
 * decide on and what it starts ends with it. It has default signals, none of
 * them blocked, and no other descriptor.
 */
struct spawn {
	pid_t pid;		/* 0: none runs */
	int pidfd;		/* readable once it has ended */
	int in, out, err;	/* our ends, non-blocking; -1: closed */
};

#define SPAWN_NONE \
	(struct spawn){ .pidfd = -1, .in = -1, .out = -1, .err = -1 }

/* SIGPIPE must be ignored and SIGCHLD must not be; any thread. */
int spawn_start(struct spawn *ret, const struct command *command,
	char *const env[], struct err *err);
void spawn_close(int *fd);	/* one of the pipes; -1 is fine */
/*
 * Kills what is left of its group, waits for it and closes everything.
 * Returns waitpid's status; that of a command which cannot be killed (it
 * became another user's) is SIGKILL's, after a second. `spawn` is SPAWN_NONE
 * afterwards, and may have been.
 */
int spawn_end(struct spawn *spawn);

#endif
