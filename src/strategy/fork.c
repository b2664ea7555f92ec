/* SPDX-License-Identifier: MIT */
/*
 * fork -- a process for each fetch, at most -c alive.
 *
 * Every fetch has a memory of its own: one that crashes is one failed record.
 * The price is a fork, a handle and a connection each. process-pool keeps all
 * three; async needs no process at all.
 */
#include "config.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/list.h"
#include "base/mem.h"
#include "core/errand.h"
#include "core/job.h"
#include "core/run.h"
#include "core/zygote.h"
#include "net/loop.h"
#include "strategy/family.h"

/* --- in the child --- */

/* Frees nothing: the process ends. */
static void
fork_live(struct zygote_child *child)
{
	struct errand errand = { 0 };
	struct packet *packet = child->packet;
	int fd = packet->n_fds > 0 ? packet->fds[0] : -1;
	struct packet answer;

	if (errand_read_request(packet->bytes.data, packet->bytes.len, fd,
	    child, &errand) != 0 || child->performer == NULL)
		_exit(EXIT_FAILURE);
	/* Nobody will use the connection again. */
	errand.request.fetch.request.flags &= ~(unsigned)FETCH_REUSE;
	errand_perform(&errand, child->performer);
	/* The run may end with the answer, and this process at once. */
	errand_end_stages(&errand);
	packet_init(&answer);
	answer.kind = ZYGOTE_MESSAGE;
	answer.number = (uint32_t)child->slot;
	errand_add_reply(&answer.bytes, &fd, &errand);
	if (fd >= 0)
		answer.fds[answer.n_fds++] = fd;
	packet_send(child->sock, &answer, 0);
}

/* --- in the run's process --- */

struct fork_slot {
	struct list node;	/* in `idle` when there is no child */
	struct job *job;	/* NULL: it was given back */
	int64_t started_us;
};

struct fork {
	struct run *run;
	struct zygote *zygote;
	struct event_base *base;
	struct event wake, events, room;
	struct fork_slot *slots;
	struct list idle;
	struct fork_slot *waiting;	/* the zygote took it not yet */
	struct packet packet;
	size_t n, max;		/* children asked for and not ended */
	int ended, lost;
};

static void
fork_end(struct fork *fork)
{
	/* The flag too: the loop may not have begun. */
	fork->ended = 1;
	event_base_loopbreak(fork->base);
}

/* The slot's job has its reply. */
static void
fork_give_back(struct fork *fork, struct fork_slot *slot)
{
	struct job *job = slot->job;

	slot->job = NULL;
	run_done(fork->run, job);
}

static void
fork_cancel_all(struct fork *fork)
{
	struct fork_slot *slot;
	size_t i;

	for (i = 0; i < run_concurrency(fork->run); i++) {
		slot = &fork->slots[i];
		if (slot->job == NULL)
			continue;
		fetch_reply_cancel(&slot->job->fetch.reply,
			clock_us() - slot->started_us);
		fork_give_back(fork, slot);
	}
}

static void
fork_ask(struct fork *fork, struct fork_slot *slot)
{
	struct packet *packet = &fork->packet;
	enum packet_status status;
	int fd;

	errand_add_request(&packet->bytes, &fd, slot->job,
		zygote_given(fork->zygote), zygote_arg(fork->zygote));
	if (fd >= 0)
		packet->fds[packet->n_fds++] = fd;
	status = zygote_spawn(fork->zygote, (size_t)(slot - fork->slots),
		packet);
	packet->n_fds = 0;
	packet_clear(packet);
	/* When it died, that comes as an event of its own. */
	fork->waiting = status == PACKET_DONE ? NULL : slot;
	if (status == PACKET_AGAIN)
		event_add(&fork->room, NULL);
}

static void
fork_begin(struct fork *fork, struct job *job)
{
	struct fork_slot *slot = LIST_ENTRY(fork->idle.next, struct fork_slot,
		node);

	list_remove(&slot->node);
	fork->n++;
	slot->job = job;
	slot->started_us = clock_us();
	fork_ask(fork, slot);
}

static void
fork_fill(struct fork *fork)
{
	struct job *job;

	while (fork->n < fork->max && fork->waiting == NULL)
		switch (run_next(fork->run, &job)) {
		case RUN_JOB:
			fork_begin(fork, job);
			break;
		case RUN_WAIT:
			return;
		case RUN_END:
			fork_end(fork);
			return;
		}
}

static void
fork_on_message(struct fork *fork, struct fork_slot *slot,
	const struct packet *packet)
{
	if (slot->job == NULL || packet->broken)
		return;
	/* What cannot be read is a crash, once the child has ended. */
	if (errand_read_reply(packet->bytes.data, packet->bytes.len,
	    packet->n_fds > 0 ? packet->fds[0] : -1, slot->job,
	    zygote_arg(fork->zygote)) == 0)
		fork_give_back(fork, slot);
}

static void
fork_on_exit(struct fork *fork, struct fork_slot *slot, int status)
{
	if (slot->job != NULL) {
		fetch_reply_crash(&slot->job->fetch.reply, status,
			clock_us() - slot->started_us);
		fork_give_back(fork, slot);
	}
	fork->n--;
	list_push_front(&fork->idle, &slot->node);
}

static void
fork_on_event(evutil_socket_t fd, short what, void *arg)
{
	struct fork *fork = arg;
	enum packet_status status;
	struct zygote_event event;
	struct fork_slot *slot;

	(void)fd;
	(void)what;
	while ((status = zygote_next(fork->zygote, &event)) == PACKET_DONE) {
		slot = &fork->slots[event.slot];
		switch (event.kind) {
		case ZYGOTE_MESSAGE:
			fork_on_message(fork, slot, event.packet);
			break;
		case ZYGOTE_EXIT:
			fork_on_exit(fork, slot, event.value);
			break;
		case ZYGOTE_LIMITED:
			fork->max = event.value > 0 ? (size_t)event.value : 1;
			break;
		case ZYGOTE_KINDS:
			break;
		}
	}
	if (status == PACKET_GONE) {
		fork->lost = 1;
		fork_end(fork);
		return;
	}
	fork_fill(fork);
}

static void
fork_on_wake(evutil_socket_t fd, short what, void *arg)
{
	struct fork *fork = arg;

	(void)fd;
	(void)what;
	run_rest(fork->run);
	fork_fill(fork);
}

static void
fork_on_room(evutil_socket_t fd, short what, void *arg)
{
	struct fork *fork = arg;
	struct fork_slot *slot = fork->waiting;

	(void)fd;
	(void)what;
	if (slot == NULL)
		return;
	fork->waiting = NULL;
	if (slot->job != NULL) {
		fork_ask(fork, slot);
	} else {
		fork->n--;
		list_push_front(&fork->idle, &slot->node);
	}
	fork_fill(fork);
}

/* The run is over. Children would end with the zygote, but until then write
 * on into bodies that are given back. */
static void
fork_cancel(void *arg)
{
	struct fork *fork = arg;

	zygote_kill(fork->zygote);
	fork_cancel_all(fork);
	fork_end(fork);
}

static int
fork_loop(struct fork *fork, struct err *err)
{
	struct run *run = fork->run;

	if (run_attach(run, fork->base, err) != 0)
		return -1;
	event_assign(&fork->wake, fork->base, run_wake_fd(run),
		EV_READ | EV_PERSIST, fork_on_wake, fork);
	event_assign(&fork->events, fork->base, zygote_fd(fork->zygote),
		EV_READ | EV_PERSIST, fork_on_event, fork);
	event_assign(&fork->room, fork->base, zygote_fd(fork->zygote),
		EV_WRITE, fork_on_room, fork);
	event_add(&fork->wake, NULL);
	event_add(&fork->events, NULL);
	run_on_cancel(run, fork_cancel, fork);
	fork_fill(fork);
	if (!fork->ended)
		event_base_dispatch(fork->base);
	run_on_cancel(run, NULL, NULL);
	if (fork->lost)
		fork_cancel_all(fork);
	event_del(&fork->wake);
	event_del(&fork->events);
	event_del(&fork->room);
	run_detach(run);
	return fork->lost ? zygote_lost(fork->zygote, err) : 0;
}

static int
fork_run(struct run *run, const void *settings, struct err *err)
{
	struct fork fork = {
		.run = run,
		.zygote = run_zygote(run),
		.max = run_concurrency(run),
	};
	size_t i;
	int rc = -1;

	(void)settings;
	fork.slots = mem_array(fork.max, sizeof *fork.slots);
	list_init(&fork.idle);
	for (i = 0; i < fork.max; i++)
		list_push(&fork.idle, &fork.slots[i].node);
	packet_init(&fork.packet);
	fork.base = loop_new(0, err);
	if (fork.base != NULL) {
		rc = fork_loop(&fork, err);
		event_base_free(fork.base);
	}
	packet_release(&fork.packet);
	free(fork.slots);
	return rc;
}

static const struct zygote_role fork_role = {
	.tls = TLS_ALONE,
	.live = fork_live,
};

const struct strategy strategy_fork = {
	.name = "fork",
	.brief = "one process per URL, forked from a small one",
	.notes = "Each fetch has a process of its own, so one that crashes "
		"takes no other along; it costs a fork and a new connection "
		"for every URL.",
	.caps = STRATEGY_OWN_LOOP | STRATEGY_NO_REUSE,
	.zygote = &fork_role,
	.run = fork_run,
};
