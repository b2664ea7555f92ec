/* SPDX-License-Identifier: MIT */
/*
 * process-pool -- -c processes, each fetching one job after the other on a
 * handle that keeps its connections.
 *
 * Jobs go out in batches while a worker is quick with them, one at a time
 * while it is not; replies come back through memory that both share, so that
 * a fetch costs a fraction of a message each way. What a worker has not begun
 * can be recalled for another one, when it dies or is held up.
 */
#include "config.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/list.h"
#include "base/mem.h"
#include "core/errand.h"
#include "core/job.h"
#include "core/run.h"
#include "core/strategy.h"
#include "core/zygote.h"
#include "net/loop.h"
#include "net/perform.h"

#define POOL_BATCH 16
#define POOL_REPLY 1000			/* bytes; longer ones are sent */
#define POOL_TICK (10 * CLOCK_MS)	/* how long a batch may take, about */
#define POOL_STILLBORN 20		/* workers in a row that did nothing */

/* What a worker sends. */
enum pool_kind {
	POOL_FINISHED,		/* the whole batch */
	POOL_LONG_REPLY,	/* of place `number` */
};

/*
 * A place's state goes FREE - QUEUED (run) - STARTED - DONE (worker) - FREE
 * (run). Out of QUEUED the faster of the two takes it, and when that is the
 * run the worker passes over it.
 */
enum pool_state { POOL_FREE, POOL_QUEUED, POOL_STARTED, POOL_DONE };

struct pool_place {
	_Atomic uint32_t state;
	uint32_t len;		/* 0: the reply is sent */
	char reply[POOL_REPLY];
};

/* The memory that a worker shares with the run. */
struct pool_shared {
	struct pool_place places[POOL_BATCH];
};

/* In front of each request of a batch. */
struct pool_entry {
	uint32_t place, len;
};

/* --- in a worker --- */

struct pool_self {
	const struct zygote_child *child;
	struct pool_shared *shared;
	int sock;
	struct performer *performer;
	struct errand errand;
	struct packet batch, answer;
};

static void
pool_answer(struct pool_self *self, uint32_t number)
{
	struct pool_place *place = &self->shared->places[number];
	struct packet *answer = &self->answer;
	int fd;

	packet_clear(answer);
	errand_add_reply(&answer->bytes, &fd, &self->errand);
	place->len = 0;
	if (fd < 0 && answer->bytes.len <= sizeof place->reply) {
		place->len = (uint32_t)answer->bytes.len;
		memcpy(place->reply, answer->bytes.data, answer->bytes.len);
	} else {
		answer->kind = POOL_LONG_REPLY;
		answer->number = number;
		if (fd >= 0)
			answer->fds[answer->n_fds++] = fd;
		packet_send(self->sock, answer, 0);
		answer->n_fds = 0;
	}
	errand_let_go(&self->errand);
	atomic_store(&place->state, POOL_DONE);
}

static void
pool_perform(struct pool_self *self, const struct pool_entry *entry,
	const char *bytes, int fd)
{
	struct pool_place *place = &self->shared->places[entry->place];
	uint32_t expected = POOL_QUEUED;

	if (!atomic_compare_exchange_strong(&place->state, &expected,
	    POOL_STARTED))
		return;
	if (errand_read_request(bytes, entry->len, fd, self->child,
	    &self->errand) != 0)
		_exit(EXIT_FAILURE);
	perform(self->performer, &self->errand.request.fetch);
	pool_answer(self, entry->place);
}

static void
pool_work(struct pool_self *self)
{
	const struct packet *batch = &self->batch;
	int fd = batch->n_fds > 0 ? batch->fds[0] : -1;
	const char *at = batch->bytes.data;
	size_t left = batch->bytes.len;
	struct pool_entry entry;

	while (left > 0) {
		memcpy(&entry, at, sizeof entry);
		pool_perform(self, &entry, at + sizeof entry, fd);
		at += sizeof entry + entry.len;
		left -= sizeof entry + entry.len;
	}
	packet_clear(&self->answer);
	self->answer.kind = POOL_FINISHED;
	packet_send(self->sock, &self->answer, 0);
}

static void
pool_live(struct zygote_child *child)
{
	struct perform_group *group = perform_group_new(child->env);
	struct pool_self self = {
		.child = child,
		.shared = child->shared,
		.sock = child->packet->fds[0],
		.performer = performer_new(group, NULL),
	};

	/* Its own socket tells it all; the zygote's would outlive the run. */
	close(child->sock);
	packet_init(&self.batch);
	packet_init(&self.answer);
	if (self.performer == NULL)
		_exit(EXIT_FAILURE);
	while (packet_recv(self.sock, &self.batch, 0) == PACKET_DONE &&
	    !self.batch.broken)
		pool_work(&self);
}

/* --- in the run's process --- */

struct pool_worker {
	struct list node;	/* of the pool's list for its state */
	struct pool *pool;
	struct pool_shared *shared;
	struct event event;
	int sock;		/* -1: there is none in this slot */
	struct job *jobs[POOL_BATCH];	/* by place; NULL: given back */
	size_t n;		/* places used by this batch */
	size_t depth;		/* how many the next may have */
	int sent, parked;
	int64_t sent_us;
	struct packet batch;
};

struct pool {
	struct run *run;
	struct zygote *zygote;
	struct event_base *base;
	struct event wake, events, tick;
	struct pool_worker *workers;	/* by slot */
	struct list vacant;	/* slots without a worker */
	struct list idle;	/* workers without a batch */
	struct list filling;	/* with one that takes more and is not sent */
	struct list full;	/* with one that takes no more, to be sent */
	struct list busy;	/* with one that is sent */
	struct list again;	/* jobs that were recalled, by fetch.node */
	struct packet packet;
	size_t n, max;		/* workers */
	unsigned stillborn;
	int ended, lost, failed, ticking;
};

static void
pool_end(struct pool *pool)
{
	/* The flag too: the loop may not have begun. */
	pool->ended = 1;
	event_base_loopbreak(pool->base);
}

static void
pool_start_tick(struct pool *pool)
{
	static const struct timeval delay = { .tv_usec = POOL_TICK };

	if (pool->ticking)
		return;
	pool->ticking = 1;
	evtimer_add(&pool->tick, &delay);
}

static void
pool_move(struct pool_worker *worker, struct list *list)
{
	list_remove(&worker->node);
	list_push(list, &worker->node);
}

/* --- jobs coming back --- */

static void
pool_give_back(struct pool_worker *worker, size_t place)
{
	struct job *job = worker->jobs[place];

	worker->jobs[place] = NULL;
	atomic_store(&worker->shared->places[place].state, POOL_FREE);
	run_done(worker->pool->run, job);
}

/* Bytes that cannot be read are taken for what a dying process wrote. */
static void
pool_read(struct pool_worker *worker, size_t place, const void *p, size_t n,
	int fd)
{
	struct job *job = worker->jobs[place];

	if (errand_read_reply(p, n, fd, job) != 0)
		fetch_reply_crash(&job->fetch.reply, 0,
			clock_us() - worker->sent_us);
	worker->pool->stillborn = 0;
	pool_give_back(worker, place);
}

/* Takes what is done. It is copied first: its writer may still be at it. */
static void
pool_collect(struct pool_worker *worker)
{
	struct pool_place *place;
	char copy[POOL_REPLY];
	size_t i, len;

	for (i = 0; i < worker->n; i++) {
		place = &worker->shared->places[i];
		if (worker->jobs[i] == NULL ||
		    atomic_load(&place->state) != POOL_DONE)
			continue;
		len = place->len;
		if (len == 0 || len > sizeof copy)
			continue;
		memcpy(copy, place->reply, len);
		pool_read(worker, i, copy, len, -1);
	}
}

/* Takes back what it has not begun, for others. */
static void
pool_recall(struct pool_worker *worker)
{
	uint32_t expected;
	size_t i = worker->n;

	while (i-- > 0) {
		expected = POOL_QUEUED;
		if (worker->jobs[i] == NULL ||
		    !atomic_compare_exchange_strong(
		    &worker->shared->places[i].state, &expected, POOL_FREE))
			continue;
		list_push_front(&worker->pool->again,
			&worker->jobs[i]->fetch.node);
		worker->jobs[i] = NULL;
	}
}

/*
 * It does nothing more with its batch: what it had begun and has no reply to
 * failed, the rest did not. Returns how many it had begun.
 */
static size_t
pool_settle(struct pool_worker *worker, int status)
{
	size_t i, begun = 0;

	pool_collect(worker);
	pool_recall(worker);
	for (i = 0; i < worker->n; i++) {
		if (worker->jobs[i] == NULL)
			continue;
		fetch_reply_crash(&worker->jobs[i]->fetch.reply, status,
			clock_us() - worker->sent_us);
		pool_give_back(worker, i);
		begun++;
	}
	return begun;
}

static void
pool_finish(struct pool_worker *worker)
{
	int64_t took = clock_us() - worker->sent_us;
	int64_t depth;

	pool_settle(worker, 0);
	/* As many as it does between two ticks, going by this batch. */
	depth = took > 0 ? POOL_TICK * (int64_t)worker->n / took : POOL_BATCH;
	worker->depth = depth < 1 ? 1 : depth > POOL_BATCH ? POOL_BATCH :
		(size_t)depth;
	worker->n = 0;
	worker->sent = 0;
	if (worker->parked)
		return;
	/* The one with the warmest connections is the next. */
	list_remove(&worker->node);
	list_push_front(&worker->pool->idle, &worker->node);
}

/* --- workers --- */

static enum packet_status
pool_receive(struct pool_worker *worker)
{
	struct packet *packet = &worker->pool->packet;
	enum packet_status status;

	status = packet_recv(worker->sock, packet, PACKET_NOWAIT);
	if (status != PACKET_DONE)
		return status;
	if (packet->kind == POOL_FINISHED && worker->sent)
		pool_finish(worker);
	else if (packet->kind == POOL_LONG_REPLY && !packet->broken &&
	    packet->number < worker->n && worker->jobs[packet->number] != NULL)
		pool_read(worker, packet->number, packet->bytes.data,
			packet->bytes.len,
			packet->n_fds > 0 ? packet->fds[0] : -1);
	return PACKET_DONE;
}

static void pool_fill(struct pool *pool);

static void
pool_on_worker(evutil_socket_t fd, short what, void *arg)
{
	struct pool_worker *worker = arg;

	(void)fd;
	(void)what;
	/* How it ended, the zygote will tell. */
	if (pool_receive(worker) == PACKET_GONE)
		event_del(&worker->event);
	else
		pool_fill(worker->pool);
}

/* NULL: not now. */
static struct pool_worker *
pool_hire(struct pool *pool)
{
	struct pool_worker *worker = LIST_ENTRY(pool->vacant.next,
		struct pool_worker, node);
	size_t slot = (size_t)(worker - pool->workers);
	struct packet packet = { .n_fds = 1 };
	enum packet_status status;
	int socks[2];

	if (packet_pair(socks) != 0)
		return NULL;
	worker->shared = zygote_shared(pool->zygote, slot);
	memset(worker->shared, 0, sizeof *worker->shared);
	packet.fds[0] = socks[1];
	status = zygote_spawn(pool->zygote, slot, &packet);
	close(socks[1]);
	if (status != PACKET_DONE) {
		close(socks[0]);
		return NULL;
	}
	worker->sock = socks[0];
	worker->depth = 1;
	worker->n = 0;
	worker->sent = worker->parked = 0;
	event_assign(&worker->event, pool->base, worker->sock,
		EV_READ | EV_PERSIST, pool_on_worker, worker);
	event_add(&worker->event, NULL);
	pool->n++;
	pool_move(worker, &pool->idle);
	return worker;
}

/* Its process is gone. */
static void
pool_bury(struct pool_worker *worker, int status)
{
	struct pool *pool = worker->pool;

	while (pool_receive(worker) == PACKET_DONE)
		;
	if (pool_settle(worker, status) > 0) {
		pool->stillborn = 0;
	} else if (++pool->stillborn >= POOL_STILLBORN) {
		pool->failed = 1;
		pool_end(pool);
	}
	event_del(&worker->event);
	close(worker->sock);
	worker->sock = -1;
	worker->n = 0;
	packet_clear(&worker->batch);
	if (!worker->parked)
		pool->n--;
	pool_move(worker, &pool->vacant);
}

/*
 * There will be no more than `n`: those that wait to be forked are let go,
 * unless it is the only one.
 */
static void
pool_limit(struct pool *pool, int n)
{
	struct pool_worker *worker;
	size_t i;

	pool->max = n > 0 ? (size_t)n : 1;
	for (i = 0; n > 0 && i < run_concurrency(pool->run); i++) {
		worker = &pool->workers[i];
		if (worker->sock < 0 || worker->parked ||
		    zygote_pid(pool->zygote, i) != 0)
			continue;
		pool_recall(worker);
		worker->parked = 1;
		list_remove(&worker->node);
		pool->n--;
	}
}

/* --- jobs going out --- */

/* Who gets the next job: one without any, a new one, one that has some. */
static struct pool_worker *
pool_pick(struct pool *pool)
{
	struct pool_worker *worker;

	if (!list_empty(&pool->idle))
		return LIST_ENTRY(pool->idle.next, struct pool_worker, node);
	if (pool->n < pool->max && !list_empty(&pool->vacant)) {
		worker = pool_hire(pool);
		if (worker != NULL)
			return worker;
		/* No file or no room: those there are must do for now. */
		pool_start_tick(pool);
	}
	return list_empty(&pool->filling) ? NULL :
		LIST_ENTRY(pool->filling.next, struct pool_worker, node);
}

static void
pool_give(struct pool_worker *worker, struct job *job)
{
	struct pool *pool = worker->pool;
	struct packet *batch = &worker->batch;
	struct pool_entry entry = { .place = (uint32_t)worker->n };
	size_t start = batch->bytes.len;
	int fd;

	buf_add(&batch->bytes, &entry, sizeof entry);
	errand_add_request(&batch->bytes, &fd, job,
		zygote_given(pool->zygote));
	if (fd >= 0)
		batch->fds[batch->n_fds++] = fd;
	entry.len = (uint32_t)(batch->bytes.len - start - sizeof entry);
	memcpy(batch->bytes.data + start, &entry, sizeof entry);
	atomic_store(&worker->shared->places[worker->n].state, POOL_QUEUED);
	worker->jobs[worker->n++] = job;
	/* Files that wait are open files, and long requests are memory. */
	if (worker->n < worker->depth && batch->n_fds == 0 &&
	    batch->bytes.len < PACKET_INLINE / 2)
		pool_move(worker, &pool->filling);
	else
		pool_move(worker, &pool->full);
}

static void
pool_send(struct pool_worker *worker)
{
	struct pool *pool = worker->pool;
	enum packet_status status;

	status = packet_send(worker->sock, &worker->batch, PACKET_NOWAIT);
	worker->batch.n_fds = 0;
	packet_clear(&worker->batch);
	worker->sent_us = clock_us();
	pool_move(worker, &pool->busy);
	worker->sent = 1;
	if (status == PACKET_DONE && worker->n == 1)
		return;
	pool_start_tick(pool);
	if (status == PACKET_DONE)
		return;
	pool_recall(worker);
	if (status == PACKET_GONE)
		return;
	worker->n = 0;
	worker->sent = 0;
	pool_move(worker, &pool->idle);
}

/* The next job for `ret`; a job that was recalled was granted already. */
static enum run_next
pool_next(struct pool *pool, struct job **ret)
{
	struct list *node = list_pop(&pool->again);

	if (node == NULL)
		return run_next(pool->run, ret);
	*ret = LIST_ENTRY(node, struct job, fetch.node);
	return RUN_JOB;
}

static void
pool_flush(struct pool *pool)
{
	struct list batches;

	list_init(&batches);
	list_splice(&batches, &pool->full);
	list_splice(&batches, &pool->filling);
	while (!list_empty(&batches))
		pool_send(LIST_ENTRY(batches.next, struct pool_worker, node));
}

/* Deals out one by one, so that few jobs are spread over many workers. */
static void
pool_fill(struct pool *pool)
{
	struct pool_worker *worker;
	enum run_next next = RUN_JOB;
	struct job *job;

	while (next == RUN_JOB && (worker = pool_pick(pool)) != NULL) {
		next = pool_next(pool, &job);
		if (next == RUN_JOB)
			pool_give(worker, job);
	}
	pool_flush(pool);
	if (next == RUN_END)
		pool_end(pool);
}

/* --- what happens --- */

/* Batches that are held up: what is done is taken, what waits recalled. */
static void
pool_on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct pool *pool = arg;
	struct pool_worker *worker;
	struct list *node, *next;
	int64_t now = clock_us();

	(void)fd;
	(void)what;
	pool->ticking = 0;
	for (node = pool->busy.next; node != &pool->busy; node = next) {
		next = node->next;
		worker = LIST_ENTRY(node, struct pool_worker, node);
		if (worker->n < 2)
			continue;
		pool_collect(worker);
		if (now - worker->sent_us >= POOL_TICK)
			pool_recall(worker);
		else
			pool_start_tick(pool);
	}
	pool_fill(pool);
}

static void
pool_cancel_all(struct pool *pool)
{
	struct pool_worker *worker;
	struct list *node;
	struct job *job;
	size_t i, place;

	for (i = 0; i < run_concurrency(pool->run); i++) {
		worker = &pool->workers[i];
		pool_recall(worker);
		for (place = 0; place < worker->n; place++) {
			if (worker->jobs[place] == NULL)
				continue;
			fetch_reply_cancel(&worker->jobs[place]->fetch.reply,
				clock_us() - worker->sent_us);
			pool_give_back(worker, place);
		}
	}
	while ((node = list_pop(&pool->again)) != NULL) {
		job = LIST_ENTRY(node, struct job, fetch.node);
		fetch_reply_cancel(&job->fetch.reply, 0);
		run_done(pool->run, job);
	}
}

/* The run is over; the workers themselves end with the zygote. */
static void
pool_cancel(void *arg)
{
	struct pool *pool = arg;

	pool_cancel_all(pool);
	pool_end(pool);
}

static void
pool_on_event(evutil_socket_t fd, short what, void *arg)
{
	struct pool *pool = arg;
	enum packet_status status;
	struct zygote_event event;

	(void)fd;
	(void)what;
	while ((status = zygote_next(pool->zygote, &event)) == PACKET_DONE)
		if (event.kind == ZYGOTE_LIMITED)
			pool_limit(pool, event.value);
		else if (event.kind == ZYGOTE_EXIT &&
		    pool->workers[event.slot].sock >= 0)
			pool_bury(&pool->workers[event.slot], event.value);
	if (status == PACKET_GONE) {
		pool->lost = 1;
		pool_end(pool);
	} else if (!pool->failed) {
		pool_fill(pool);
	}
}

static void
pool_on_wake(evutil_socket_t fd, short what, void *arg)
{
	struct pool *pool = arg;

	(void)fd;
	(void)what;
	run_rest(pool->run);
	pool_fill(pool);
}

/* --- life --- */

static void
pool_watch(struct pool *pool)
{
	event_assign(&pool->wake, pool->base, run_wake_fd(pool->run),
		EV_READ | EV_PERSIST, pool_on_wake, pool);
	event_assign(&pool->events, pool->base, zygote_fd(pool->zygote),
		EV_READ | EV_PERSIST, pool_on_event, pool);
	evtimer_assign(&pool->tick, pool->base, pool_on_tick, pool);
	event_add(&pool->wake, NULL);
	event_add(&pool->events, NULL);
}

static int
pool_loop(struct pool *pool, struct err *err)
{
	struct run *run = pool->run;

	if (run_attach(run, pool->base, err) != 0)
		return -1;
	pool_watch(pool);
	run_on_cancel(run, pool_cancel, pool);
	pool_fill(pool);
	if (!pool->ended)
		event_base_dispatch(pool->base);
	run_on_cancel(run, NULL, NULL);
	if (pool->lost || pool->failed)
		pool_cancel_all(pool);
	event_del(&pool->wake);
	event_del(&pool->events);
	event_del(&pool->tick);
	run_detach(run);
	if (pool->failed)
		return err_set(err, ERR_SYSTEM, "process-pool: %d workers in a "
			"row ended before they fetched anything",
			POOL_STILLBORN);
	return pool->lost ? zygote_lost(pool->zygote, err) : 0;
}

static void
pool_open(struct pool *pool)
{
	struct pool_worker *worker;
	size_t i;

	list_init(&pool->vacant);
	list_init(&pool->idle);
	list_init(&pool->filling);
	list_init(&pool->full);
	list_init(&pool->busy);
	list_init(&pool->again);
	packet_init(&pool->packet);
	pool->workers = mem_array(pool->max, sizeof *pool->workers);
	for (i = 0; i < pool->max; i++) {
		worker = &pool->workers[i];
		worker->pool = pool;
		worker->sock = -1;
		packet_init(&worker->batch);
		list_push(&pool->vacant, &worker->node);
	}
}

static void
pool_close(struct pool *pool)
{
	struct pool_worker *worker;
	size_t i;

	for (i = 0; i < run_concurrency(pool->run); i++) {
		worker = &pool->workers[i];
		if (worker->sock >= 0) {
			event_del(&worker->event);
			close(worker->sock);
		}
		packet_release(&worker->batch);
	}
	packet_release(&pool->packet);
	free(pool->workers);
}

static int
pool_run(struct run *run, const void *settings, struct err *err)
{
	struct pool pool = {
		.run = run,
		.zygote = run_zygote(run),
		.max = run_concurrency(run),
	};
	int rc = -1;

	(void)settings;
	pool.base = loop_new(0, err);
	if (pool.base == NULL)
		return -1;
	pool_open(&pool);
	rc = pool_loop(&pool, err);
	pool_close(&pool);
	event_base_free(pool.base);
	return rc;
}

static const struct zygote_role pool_role = {
	.tls = TLS_SHARED,
	.shared_size = sizeof(struct pool_shared),
	.live = pool_live,
};

const struct strategy strategy_process_pool = {
	.name = "process-pool",
	.brief = "a fixed set of processes, each taking the next URL",
	.notes = "Workers are made as they are needed, up to -c, and keep "
		"their connections. One that crashes loses the fetch it was "
		"at and is replaced.",
	.caps = STRATEGY_OWN_LOOP,
	.zygote = &pool_role,
	.run = pool_run,
};
