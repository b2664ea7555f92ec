/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CORE_CREW_H
#define FETCHALL_CORE_CREW_H

#include <stddef.h>

#include "base/err.h"
#include "base/list.h"

struct packet;
struct zygote;
struct zygote_child;

/*
 * Processes that answer one request after the other, and a thread that speaks
 * to them. Each has one task at hand and one waiting, so that it need not
 * wait for us; one that dies is replaced, and costs the task it was at.
 */
struct crew;

/* Called by the crew's thread, without locks. */
struct crew_hooks {
	/* Writes the task's request; descriptors in it stay the task's. */
	void (*ask)(void *arg, struct list *task, struct packet *request);
	/* The task's answer. -1: it is none, so its writer is not to be
	 * trusted any more; then lost() follows. */
	int (*answered)(void *arg, struct list *task,
		const struct packet *answer);
	/* The process that was at it ended with that status of waitpid(2). */
	void (*lost)(void *arg, struct list *task, int status);
	/* crew_cancel() came before it was finished, or gone() did. */
	void (*dropped)(void *arg, struct list *task);
	/* The zygote died, so there are no workers and will be none. Once,
	 * and only if that leaves a task undone, before it is dropped. */
	void (*gone)(void *arg);
	void *arg;
};

/* `n` processes, each in the zygote's slot of its number. */
struct crew *crew_new(struct zygote *zygote, size_t n,
	const struct crew_hooks *hooks, struct err *err);
/* After the last task came back. NULL is fine. */
void crew_free(struct crew *crew);

/* Takes the task, until one of the hooks gives it back; any thread. */
void crew_give(struct crew *crew, struct list *task);
/* All tasks come back soon: those that workers are at may end by themselves
 * for a moment, then they are dropped as well. */
void crew_cancel(struct crew *crew);

/*
 * The life of such a process: perform() turns a request into the bytes and
 * the value of an answer, until nobody asks any more. The request's
 * descriptors are closed when it returns.
 */
void crew_serve(struct zygote_child *child,
	void (*perform)(void *self, const struct packet *request,
		struct packet *answer), void *self);

#endif
