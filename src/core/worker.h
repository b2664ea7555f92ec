/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CORE_WORKER_H
#define FETCHALL_CORE_WORKER_H

#include <stdint.h>

struct zygote_child;

/*
 * A process that performs one fetch after the other, as they come into the
 * places (core/places) it shares with the run, on one handle that keeps its
 * connections. It ends with the run.
 */
enum worker_message {
	/* What it is sent. */
	WORKER_WAKE,
	WORKER_REQUEST,		/* a long one; `value` is its ticket */
	/* What it sends. */
	WORKER_NO_MORE,		/* all that it had is done */
	WORKER_LONG_REPLY,	/* of place `number`, where its length is 0 */
};

/*
 * In front of a request. One that is long or has a file does not follow in
 * its place but comes in a message that has the same ticket; others have
 * ticket 0. A reply is in its place as net/wire writes it.
 */
struct worker_entry {
	int32_t ticket;
};

/*
 * Its life, for a struct zygote_role with places as shared memory. The packet
 * that it was spawned with has the socket for the messages.
 */
void worker_live(struct zygote_child *child);

#endif
