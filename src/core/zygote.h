/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CORE_ZYGOTE_H
#define FETCHALL_CORE_ZYGOTE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "net/easy.h"
#include "net/packet.h"
#include "net/tls.h"
#include "net/wire.h"

/*
 * A small process that makes processes. It is forked before threads, loops
 * and lists exist, so a child of it costs the same whatever the run has
 * grown to, and no lock is copied in a locked state. It forks on request,
 * reaps what it forked, and says how each ended; when the run's process ends,
 * however that happens, the kernel ends it and its children.
 */
struct zygote;
struct performer;

/* What a forked child is given. */
struct zygote_child {
	const struct wire_given *given;
	struct performer *performer;	/* its own, warm; NULL: none could be
					 * made */
	size_t slot;
	void *shared;		/* its slot's piece of shared memory */
	struct packet *packet;	/* what zygote_spawn() was given; its
				 * descriptors are the child's */
	int sock;		/* packets sent here come as ZYGOTE_MESSAGE */
	void *arg;		/* zygote_args' own, as it was then */
};

/* What a strategy's children are. */
struct zygote_role {
	enum tls_use tls;
	size_t shared_size;	/* of each slot; zeroed at first */
	void (*live)(struct zygote_child *child);	/* its life */
};

struct zygote_args {
	const struct zygote_role *role;
	const struct easy_settings *easy;	/* NULL: they fetch nothing */
	struct wire_given given;
	size_t n_slots;		/* children at a time */
	void *arg;		/* for the children */
};

enum zygote_kind {
	ZYGOTE_MESSAGE,		/* a child sent the event's packet */
	ZYGOTE_EXIT,		/* a child ended; `value` as of waitpid(2) */
	ZYGOTE_LIMITED,		/* no more children than the `value` there are
				 * can be made until one ends */
	ZYGOTE_KINDS,
};

struct zygote_event {
	enum zygote_kind kind;
	size_t slot;
	int value;
	struct packet *packet;	/* good until the next event */
};

/* All borrowed. NULL with ERR_SYSTEM, or ERR_IO for certificates. */
struct zygote *zygote_new(const struct zygote_args *args, struct err *err);
/*
 * Waits until it has no child, at most so long: those that see by themselves
 * that the run is over may have commands of their own to end. Returns whether
 * there still is one that can be waited for.
 */
int zygote_await(struct zygote *zygote, int64_t us);
/*
 * Ends it and its children, and waits: from then on getrusage(2) counts them
 * all as children. Twice is fine, NULL too.
 */
void zygote_stop(struct zygote *zygote);
void zygote_free(struct zygote *zygote);	/* NULL is fine */

/*
 * Asks for a child in `slot`, which must have none: PACKET_AGAIN when the
 * zygote has enough to do already, PACKET_GONE when it died. Every child that
 * was asked for ends with one ZYGOTE_EXIT.
 */
enum packet_status zygote_spawn(struct zygote *zygote, size_t slot,
	struct packet *packet);

/* Readable when there are events. */
int zygote_fd(const struct zygote *zygote);
/* PACKET_DONE: an event is in *ret. PACKET_GONE: the zygote died. */
enum packet_status zygote_next(struct zygote *zygote,
	struct zygote_event *ret);
/*
 * Ends the children there are, whatever they are at; each is an event. What
 * they started ends as well, as it does when one is killed by anybody else,
 * or with the zygote.
 */
void zygote_kill(const struct zygote *zygote);
/* After PACKET_GONE: stops it and says how it died. Always -1. */
int zygote_lost(struct zygote *zygote, struct err *err);

const struct wire_given *zygote_given(const struct zygote *zygote);
/* zygote_args' own. */
void *zygote_arg(const struct zygote *zygote);
void *zygote_shared(const struct zygote *zygote, size_t slot);
/* The child in that slot; 0: none yet, or no more. */
pid_t zygote_pid(const struct zygote *zygote, size_t slot);
/* The zygote's own and its children's, up to `max`; any thread. */
size_t zygote_pids(const struct zygote *zygote, pid_t *ret, size_t max);

#endif
