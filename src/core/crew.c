/* SPDX-License-Identifier: MIT */
/*
 * crew -- worker processes and the thread that hands them their tasks.
 *
 * Each worker has a socket of its own, so that its end is seen by nobody
 * else and its answers come in the order of its tasks: the first one without
 * an answer is the one it was at when it died.
 */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "core/crew.h"
#include "core/zygote.h"
#include "net/packet.h"
#include "net/wake.h"

#define CREW_DEPTH 2			/* tasks a worker may have */
#define CREW_GRACE (200 * CLOCK_MS)	/* for workers, once cancelled */
#define CREW_RETRY_MS 20		/* when no worker could be asked for */

struct crew_worker {
	int sock;		/* -1: there is none */
	struct list tasks;	/* sent, the one it is at first */
	size_t n;
};

struct crew {
	struct zygote *zygote;
	struct crew_hooks hooks;
	pthread_t thread;
	struct crew_worker *workers;	/* by slot; the thread's */
	struct pollfd *fds;		/* wake, zygote, workers; likewise */
	size_t n;
	int gone, told;			/* the zygote is; likewise */
	struct packet packet;		/* likewise */
	struct wake wake;
	pthread_mutex_t lock;		/* all below */
	struct list waiting;
	int closing;
	int64_t cancelled_us;		/* 0: it was not */
};

/* --- in a worker --- */

void
crew_serve(struct zygote_child *child,
	void (*perform)(void *self, const struct packet *request,
		struct packet *answer), void *self)
{
	int sock = child->packet->fds[0];
	struct packet request, answer;

	/* Its own socket tells it all; the zygote's would outlive the run. */
	close(child->sock);
	packet_init(&request);
	packet_init(&answer);
	while (packet_recv(sock, &request, 0) == PACKET_DONE) {
		packet_clear(&answer);
		/* One without its bytes cannot be answered with any. */
		if (!request.broken)
			perform(self, &request, &answer);
		packet_clear(&request);
		if (packet_send(sock, &answer, 0) != PACKET_DONE)
			break;
	}
}

/* --- tasks coming back --- */

static void
crew_requeue(struct crew *crew, struct list *tasks)
{
	struct list again;

	list_init(&again);
	list_splice(&again, tasks);
	pthread_mutex_lock(&crew->lock);
	list_splice(&again, &crew->waiting);
	list_splice(&crew->waiting, &again);
	pthread_mutex_unlock(&crew->lock);
}

/* Its process is gone, or is to go: what it had not begun is for others. */
static void
crew_bury(struct crew *crew, struct crew_worker *worker, int status)
{
	struct list *task = list_pop(&worker->tasks);

	if (worker->sock >= 0)
		close(worker->sock);
	worker->sock = -1;
	worker->n = 0;
	crew_requeue(crew, &worker->tasks);
	if (task != NULL)
		crew->hooks.lost(crew->hooks.arg, task, status);
}

static void
crew_kill(struct crew *crew, const struct crew_worker *worker)
{
	pid_t pid = zygote_pid(crew->zygote, (size_t)(worker - crew->workers));

	/* Before it hears of it, or it might end in peace and say so. */
	if (pid > 0)
		kill(pid, SIGKILL);
	/* One that is only about to be forked will find its socket ended. */
	if (worker->sock >= 0)
		shutdown(worker->sock, SHUT_RDWR);
}

/* Takes the answers that are there. */
static void
crew_read(struct crew *crew, struct crew_worker *worker)
{
	enum packet_status status = PACKET_AGAIN;
	struct list *task;

	while (worker->n > 0 && (status = packet_recv(worker->sock,
	    &crew->packet, PACKET_NOWAIT)) == PACKET_DONE) {
		task = list_pop(&worker->tasks);
		worker->n--;
		if (!crew->packet.broken && crew->hooks.answered(
		    crew->hooks.arg, task, &crew->packet) == 0)
			continue;
		/* The zygote will tell when it has ended; lost() follows. */
		list_push_front(&worker->tasks, task);
		worker->n++;
		crew_kill(crew, worker);
		return;
	}
	/* It has ended, or lives on without its socket, and so for nothing. */
	if (status == PACKET_GONE)
		crew_kill(crew, worker);
}

/* The zygote takes its children along: none of them failed by itself. */
static void
crew_abandon(struct crew *crew, struct crew_worker *worker)
{
	if (worker->sock >= 0)
		crew_read(crew, worker);
	crew_requeue(crew, &worker->tasks);
	crew_bury(crew, worker, 0);
}

/* --- tasks going out --- */

static int
crew_hire(struct crew *crew, size_t slot)
{
	struct packet packet = { .n_fds = 1 };
	enum packet_status status;
	int socks[2];

	/* The last one may not be reaped yet. */
	if (zygote_pid(crew->zygote, slot) != 0 || packet_pair(socks) != 0)
		return -1;
	packet.fds[0] = socks[1];
	status = zygote_spawn(crew->zygote, slot, &packet);
	close(socks[1]);
	if (status == PACKET_DONE) {
		crew->workers[slot].sock = socks[0];
		return 0;
	}
	close(socks[0]);
	return -1;
}

/* Who has least to do; NULL: all have enough. */
static struct crew_worker *
crew_least(struct crew *crew)
{
	struct crew_worker *best = NULL, *worker;
	size_t i;

	for (i = 0; i < crew->n; i++) {
		worker = &crew->workers[i];
		if (worker->sock >= 0 && worker->n < CREW_DEPTH &&
		    (best == NULL || worker->n < best->n))
			best = worker;
	}
	return best;
}

/* For a task: where nobody is idle, one who died is replaced now. Not before,
 * or workers that cannot live would be forked for ever. */
static struct crew_worker *
crew_pick(struct crew *crew)
{
	struct crew_worker *best = crew_least(crew);
	size_t i;

	if (best != NULL && best->n == 0)
		return best;
	for (i = 0; i < crew->n; i++)
		if (crew->workers[i].sock < 0 && crew_hire(crew, i) == 0)
			return &crew->workers[i];
	return best;
}

static int
crew_waits(struct crew *crew)
{
	int waits;

	pthread_mutex_lock(&crew->lock);
	waits = !list_empty(&crew->waiting);
	pthread_mutex_unlock(&crew->lock);
	return waits;
}

static struct list *
crew_next(struct crew *crew)
{
	struct list *task;

	pthread_mutex_lock(&crew->lock);
	task = list_pop(&crew->waiting);
	pthread_mutex_unlock(&crew->lock);
	return task;
}

static void
crew_send(struct crew *crew, struct crew_worker *worker, struct list *task)
{
	struct packet *packet = &crew->packet;
	enum packet_status status;

	packet_clear(packet);
	crew->hooks.ask(crew->hooks.arg, task, packet);
	status = packet_send(worker->sock, packet, 0);
	packet->n_fds = 0;
	list_push(&worker->tasks, task);
	worker->n++;
	/* Dead, or it cannot be told (no file for a long message): then it
	 * has to die, so that the task comes back as lost. */
	if (status != PACKET_DONE)
		crew_kill(crew, worker);
}

static void
crew_fill(struct crew *crew)
{
	struct crew_worker *worker;
	struct list *task;

	while (crew_waits(crew) && (worker = crew_pick(crew)) != NULL &&
	    (task = crew_next(crew)) != NULL)
		crew_send(crew, worker, task);
}

/* Nobody will ever take what waits. */
static void
crew_give_up(struct crew *crew)
{
	struct list *task;

	while ((task = crew_next(crew)) != NULL) {
		if (!crew->told)
			crew->hooks.gone(crew->hooks.arg);
		crew->told = 1;
		crew->hooks.dropped(crew->hooks.arg, task);
	}
}

/* --- what happens --- */

static void
crew_on_zygote(struct crew *crew)
{
	enum packet_status status;
	struct crew_worker *worker;
	struct zygote_event event;
	size_t i;

	while ((status = zygote_next(crew->zygote, &event)) == PACKET_DONE) {
		if (event.kind != ZYGOTE_EXIT || event.slot >= crew->n)
			continue;
		worker = &crew->workers[event.slot];
		if (worker->sock >= 0)
			crew_read(crew, worker);
		crew_bury(crew, worker, event.value);
	}
	if (status != PACKET_GONE)
		return;
	crew->gone = 1;
	for (i = 0; i < crew->n; i++)
		crew_abandon(crew, &crew->workers[i]);
}

static void
crew_drop(struct crew *crew, struct list *tasks)
{
	struct list *task;

	while ((task = list_pop(tasks)) != NULL)
		crew->hooks.dropped(crew->hooks.arg, task);
}

/* Returns how many us are left for those that are at work, 0: none. */
static int64_t
crew_end_early(struct crew *crew, int64_t cancelled_us)
{
	int64_t left = cancelled_us + CREW_GRACE - clock_us();
	struct list waiting;
	size_t i;

	list_init(&waiting);
	pthread_mutex_lock(&crew->lock);
	list_splice(&waiting, &crew->waiting);
	pthread_mutex_unlock(&crew->lock);
	crew_drop(crew, &waiting);
	for (i = 0; i < crew->n && left <= 0; i++) {
		crew_kill(crew, &crew->workers[i]);
		crew_drop(crew, &crew->workers[i].tasks);
		crew->workers[i].n = 0;
	}
	return left > 0 ? left : 0;
}

/* Whether a task waits that no worker could be found for. */
static int
crew_starves(struct crew *crew)
{
	size_t i;

	for (i = 0; i < crew->n; i++)
		if (crew->workers[i].sock >= 0)
			return 0;
	return crew_waits(crew);
}

/* Waits; sees to what happened. Returns 0 when the crew is to end. */
static int
crew_turn(struct crew *crew)
{
	int64_t cancelled_us;
	int closing, timeout = -1;
	int64_t left_us;
	size_t i;

	pthread_mutex_lock(&crew->lock);
	closing = crew->closing;
	cancelled_us = crew->cancelled_us;
	pthread_mutex_unlock(&crew->lock);
	if (closing)
		return 0;
	if (cancelled_us != 0) {
		left_us = crew_end_early(crew, cancelled_us);
		if (left_us > 0)
			timeout = (int)(left_us / CLOCK_MS) + 1;
	} else if (crew->gone) {
		crew_give_up(crew);
	} else {
		crew_fill(crew);
		if (crew_starves(crew))
			timeout = CREW_RETRY_MS;
	}
	crew->fds[1].fd = crew->gone ? -1 : zygote_fd(crew->zygote);
	for (i = 0; i < crew->n; i++)
		crew->fds[2 + i].fd = crew->workers[i].n > 0 ?
			crew->workers[i].sock : -1;
	if (poll(crew->fds, 2 + crew->n, timeout) < 0)
		return 1;
	if (crew->fds[0].revents != 0)
		wake_clear(&crew->wake);
	for (i = 0; i < crew->n; i++)
		if (crew->fds[2 + i].revents & POLLIN)
			crew_read(crew, &crew->workers[i]);
	if (crew->fds[1].revents != 0)
		crew_on_zygote(crew);
	return 1;
}

static void *
crew_main(void *arg)
{
	struct crew *crew = arg;
	size_t i;

	/* Ahead of the first tasks. */
	for (i = 0; i < crew->n; i++)
		crew_hire(crew, i);
	while (crew_turn(crew))
		;
	return NULL;
}

/* --- life --- */

static void
crew_open(struct crew *crew)
{
	size_t i;

	crew->workers = mem_array(crew->n, sizeof *crew->workers);
	crew->fds = mem_array(2 + crew->n, sizeof *crew->fds);
	for (i = 0; i < crew->n; i++) {
		crew->workers[i].sock = -1;
		list_init(&crew->workers[i].tasks);
	}
	for (i = 0; i < 2 + crew->n; i++)
		crew->fds[i].events = POLLIN;
	crew->fds[0].fd = crew->wake.fd;
}

static void
crew_release(struct crew *crew)
{
	size_t i;

	for (i = 0; i < crew->n; i++)
		if (crew->workers[i].sock >= 0)
			close(crew->workers[i].sock);
	packet_release(&crew->packet);
	wake_close(&crew->wake);
	pthread_mutex_destroy(&crew->lock);
	free(crew->workers);
	free(crew->fds);
	free(crew);
}

struct crew *
crew_new(struct zygote *zygote, size_t n, const struct crew_hooks *hooks,
	struct err *err)
{
	struct crew *crew = mem_array(1, sizeof *crew);

	if (wake_open(&crew->wake, err) != 0) {
		free(crew);
		return NULL;
	}
	crew->zygote = zygote;
	crew->hooks = *hooks;
	crew->n = n;
	list_init(&crew->waiting);
	packet_init(&crew->packet);
	pthread_mutex_init(&crew->lock, NULL);
	crew_open(crew);
	errno = pthread_create(&crew->thread, NULL, crew_main, crew);
	if (errno == 0)
		return crew;
	err_sys(err, "cannot start the thread of the worker processes");
	crew_release(crew);
	return NULL;
}

void
crew_free(struct crew *crew)
{
	if (crew == NULL)
		return;
	pthread_mutex_lock(&crew->lock);
	crew->closing = 1;
	pthread_mutex_unlock(&crew->lock);
	wake_set(&crew->wake);
	pthread_join(crew->thread, NULL);
	crew_release(crew);
}

void
crew_give(struct crew *crew, struct list *task)
{
	int first;

	pthread_mutex_lock(&crew->lock);
	first = list_empty(&crew->waiting);
	list_push(&crew->waiting, task);
	pthread_mutex_unlock(&crew->lock);
	if (first)
		wake_set(&crew->wake);
}

void
crew_cancel(struct crew *crew)
{
	pthread_mutex_lock(&crew->lock);
	if (crew->cancelled_us == 0)
		crew->cancelled_us = clock_us();
	pthread_mutex_unlock(&crew->lock);
	wake_set(&crew->wake);
}
