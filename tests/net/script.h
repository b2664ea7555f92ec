/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_TESTS_NET_SCRIPT_H
#define FETCHALL_TESTS_NET_SCRIPT_H

#include <pthread.h>
#include <stddef.h>

#include "base/buf.h"

/*
 * A server that says what it was told to, whatever it is asked, and keeps
 * what it was asked, byte for byte.
 */
#define SCRIPT_STEPS 8

/* One request is read, and this is said. */
struct script_step {
	const char *reply;
	size_t len;		/* 0: up to the NUL */
	int early;		/* do not wait for the request's body */
	int closes;		/* the connection, afterwards; the last step
				 * always does */
};

struct script {
	struct script_step steps[SCRIPT_STEPS];
	size_t n;
	size_t piece;		/* bytes a write; 0: all at once */
	/* Filled: */
	unsigned port;		/* at 127.0.0.1 */
	struct buf asked[SCRIPT_STEPS];
	size_t connections;
	int listener;
	pthread_t thread;
};

/* Plays steps[0..n), which are set, in a thread. */
void script_start(struct script *script);
/* Waits until all was said, or ten seconds nobody came. */
void script_end(struct script *script);
void script_release(struct script *script);

#endif
