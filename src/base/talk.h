/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_BASE_TALK_H
#define FETCHALL_BASE_TALK_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/spawn.h"

struct command;

/*
 * Writing to a command while it writes to us, within a time. Whatever it
 * reads or leaves, and however much it writes, neither waits for the other
 * for ever: what nobody wants is read and dropped.
 */
struct talk {
	struct spawn spawn;
	struct buf out;		/* what it wrote, up to the ceiling */
	int cut;		/* it wrote more, which was dropped */
	struct buf said;	/* the end of its standard error */
	int64_t until_us;	/* monotonic; the caller's */
	/* Asked every 50 ms; NULL: never. */
	int (*cancelled)(const void *arg);
	const void *arg;
};

enum talk_goal {
	TALK_SENT,	/* all was written, or it closed its input */
	TALK_LINE,	/* that, and a line came; or `cut` is set */
	TALK_EXIT,	/* it ended */
};

enum talk_end {
	TALK_DONE,	/* the goal was reached */
	TALK_EXITED,	/* it ended before */
	TALK_LATE,	/* until_us came before */
	TALK_CANCELLED,
};

void talk_init(struct talk *talk, size_t max_out);
/* Ends the command, if one runs. */
void talk_release(struct talk *talk);

/* Ends one that runs and starts this, with empty buffers. */
int talk_start(struct talk *talk, const struct command *command,
	char *const env[], struct err *err);
/* Sends n bytes and takes what comes, until the goal or something else. */
enum talk_end talk_run(struct talk *talk, const void *p, size_t n,
	enum talk_goal goal);
/* Whether it runs, can answer, and has written nothing since `out` was made
 * empty. */
int talk_quiet(struct talk *talk);
/* See spawn_end(). */
int talk_stop(struct talk *talk);

/*
 * What is to be said of a command that ended so, and should not have: its
 * status (0: it was too early) or signal, and the last line of its standard
 * error, which may hold any bytes. Always -1.
 */
int talk_explain(struct talk *talk, const struct command *command,
	int status, struct err *err);

#endif
