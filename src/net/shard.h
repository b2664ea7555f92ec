/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_NET_SHARD_H
#define FETCHALL_NET_SHARD_H

#include <event2/event_struct.h>
#include <stddef.h>

#include "base/err.h"
#include "base/list.h"

struct event_base;

/*
 * A CURLM with its timer and its sockets on an event loop: what net/multi is
 * made of. All calls belong to the loop's thread.
 */
struct shard {
	void *curlm;
	struct event_base *base;
	struct event timer;
	struct list spare;	/* watches without a socket: libcurl gives one
				 * up and asks for one with every fetch */
	size_t n;		/* handles in it */
	struct list due;	/* the owner's: who has something to start */
	void (*done)(void *arg, void *curl, int code);
	void *arg;
};

struct shard_args {
	struct event_base *base;
	/* Connections that may be open, kept ones included, and kept ones
	 * alone. Never fewer than there are handles in it, or some of them
	 * would wait in libcurl's own queue. 0: any number. */
	size_t room, kept;
	/* libcurl is done with a handle, which is to be removed; from the
	 * loop, and anything may be added. */
	void (*done)(void *arg, void *curl, int code);
	void *arg;
};

/* -1: nothing is to be released. */
int shard_init(struct shard *shard, const struct shard_args *args,
	struct err *err);
/* No handle is in it any more. */
void shard_release(struct shard *shard);

/* Starts the handle, a CURL *, in the loop's next round or with the next
 * shard_start(); -1: libcurl does not take it. */
int shard_add(struct shard *shard, void *curl);
void shard_remove(struct shard *shard, void *curl);
/* Has what was added begin at once; from the loop. */
void shard_start(struct shard *shard);

#endif
