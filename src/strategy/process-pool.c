/* SPDX-License-Identifier: MIT */
/*
 * process-pool -- -c processes, each fetching one job after the other on a
 * handle that keeps its connections.
 *
 * Jobs and replies lie in memory that a worker shares with the run. A worker
 * has as many jobs ahead as it does in a few ticks, and the run looks at each
 * tick what is done, so that busy workers and the run send each other
 * nothing; a worker says that it has no more, and a message wakes it. What it
 * has not begun is recalled for others when it dies or is held up.
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
#include "core/places.h"
#include "core/run.h"
#include "core/worker.h"
#include "core/zygote.h"
#include "net/loop.h"
#include "strategy/family.h"

#define POOL_TICK (10 * CLOCK_MS)	/* how long a reply may lie, about */
#define POOL_AHEAD 8	/* ticks that a worker has jobs for: some come late */
#define POOL_STILLBORN 20		/* workers in a row that did nothing */

struct pool_worker {
	struct list node;	/* of the pool's list for its state */
	struct pool *pool;
	struct places *places;
	struct event event;
	int sock;		/* -1: there is none in this slot */
	int parked;
	int loaded;		/* takes no more until it has none */
	int to_wake;		/* that could not be sent */
	int32_t ticket;		/* the last one */
	struct job *jobs[PLACES_N];	/* by place; NULL: none */
	size_t n;		/* jobs in places */
	size_t depth;		/* how many it may have */
	size_t done;		/* replies since `since_us` */
	int64_t since_us;	/* of the last that was counted, or of the
				 * first job after none */
};

struct pool {
	struct run *run;
	struct zygote *zygote;
	struct event_base *base;
	struct event wake, events, tick;
	struct pool_worker *workers;	/* by slot */
	struct list vacant;	/* slots without a worker */
	struct list idle;	/* workers without a job */
	struct list busy;	/* with some, and taking more */
	struct list full;	/* taking no more */
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

/* Puts it where it belongs by what it has. */
static void
pool_sort(struct pool_worker *worker)
{
	struct pool *pool = worker->pool;

	if (worker->parked)
		return;
	if (worker->n >= worker->depth || worker->loaded) {
		pool_move(worker, &pool->full);
	} else if (worker->n > 0) {
		pool_move(worker, &pool->busy);
	} else {
		/* The one with the warmest connections is the next. */
		list_remove(&worker->node);
		list_push_front(&pool->idle, &worker->node);
	}
}

/* --- jobs coming back --- */

/* The place has no job any more. */
static struct job *
pool_lift(struct pool_worker *worker, size_t place)
{
	struct job *job = worker->jobs[place];

	worker->jobs[place] = NULL;
	if (--worker->n == 0)
		worker->loaded = 0;
	return job;
}

/* Bytes that cannot be read are taken for what a dying process wrote. */
static void
pool_read(struct pool_worker *worker, size_t place, const void *p, size_t n,
	int fd)
{
	struct job *job = pool_lift(worker, place);

	if (errand_read_reply(p, n, fd, job,
	    zygote_arg(worker->pool->zygote)) != 0)
		fetch_reply_crash(&job->fetch.reply, 0,
			clock_us() - worker->since_us);
	worker->pool->stillborn = 0;
	worker->done++;
	run_done(worker->pool->run, job);
}

/* Takes what is done. A reply of no length comes in a message. */
static void
pool_collect(struct pool_worker *worker)
{
	char reply[PLACES_BYTES];
	size_t i;
	int len;

	for (i = 0; worker->n > 0 && i < PLACES_N; i++) {
		if (worker->jobs[i] == NULL)
			continue;
		len = places_take(worker->places, i, reply);
		if (len > 0)
			pool_read(worker, i, reply, (size_t)len, -1);
	}
}

/* Takes back what it has not begun, for others. */
static void
pool_recall(struct pool_worker *worker)
{
	size_t i = PLACES_N;

	while (worker->n > 0 && i-- > 0)
		if (worker->jobs[i] != NULL &&
		    places_recall(worker->places, i))
			list_push_front(&worker->pool->again,
				&pool_lift(worker, i)->fetch.node);
}

/*
 * It does nothing more: what it had begun and has no reply to failed, the
 * rest did not. Returns how many it had begun.
 */
static size_t
pool_settle(struct pool_worker *worker, int status)
{
	size_t i, begun = 0;
	struct job *job;

	pool_collect(worker);
	pool_recall(worker);
	for (i = 0; i < PLACES_N; i++) {
		if (worker->jobs[i] == NULL)
			continue;
		job = pool_lift(worker, i);
		fetch_reply_crash(&job->fetch.reply, status,
			clock_us() - worker->since_us);
		run_done(worker->pool->run, job);
		begun++;
	}
	return begun;
}

/* How many it does in the next ticks, going by those that it did. */
static void
pool_judge(struct pool_worker *worker)
{
	int64_t now = clock_us(), took = now - worker->since_us;
	int64_t depth = POOL_AHEAD * POOL_TICK * (int64_t)worker->done;

	if (took > 0)
		depth /= took;
	worker->depth = depth < 1 ? 1 : depth > PLACES_N ? PLACES_N :
		(size_t)depth;
	if (worker->done > 0)
		worker->since_us = now;
	worker->done = 0;
}

/* --- workers --- */

static void
pool_on_long_reply(struct pool_worker *worker, const struct packet *packet)
{
	char nothing[PLACES_BYTES];
	size_t place = packet->number;

	if (packet->broken || place >= PLACES_N || worker->jobs[place] == NULL)
		return;
	places_take(worker->places, place, nothing);
	pool_read(worker, place, packet->bytes.data, packet->bytes.len,
		packet->n_fds > 0 ? packet->fds[0] : -1);
}

static enum packet_status
pool_receive(struct pool_worker *worker)
{
	struct packet *packet = &worker->pool->packet;
	enum packet_status status;

	status = packet_recv(worker->sock, packet, PACKET_NOWAIT);
	if (status != PACKET_DONE)
		return status;
	if (packet->kind == WORKER_LONG_REPLY)
		pool_on_long_reply(worker, packet);
	pool_collect(worker);
	if (worker->n == 0 && worker->done > 0)
		pool_judge(worker);
	pool_sort(worker);
	return PACKET_DONE;
}

static void pool_fill(struct pool *pool);

static void
pool_on_worker(evutil_socket_t fd, short what, void *arg)
{
	struct pool_worker *worker = arg;

	(void)fd;
	(void)what;
	if (pool_receive(worker) != PACKET_GONE) {
		pool_fill(worker->pool);
		return;
	}
	/* How it ended, the zygote will tell. */
	event_del(&worker->event);
	worker->loaded = 1;
	pool_sort(worker);
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
	worker->places = zygote_shared(pool->zygote, slot);
	places_init(worker->places);
	packet.fds[0] = socks[1];
	status = zygote_spawn(pool->zygote, slot, &packet);
	close(socks[1]);
	if (status != PACKET_DONE) {
		close(socks[0]);
		return NULL;
	}
	worker->sock = socks[0];
	worker->depth = 1;
	worker->done = 0;
	worker->parked = worker->loaded = worker->to_wake = 0;
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
	size_t had;

	while (pool_receive(worker) == PACKET_DONE)
		;
	had = worker->n;
	if (pool_settle(worker, status) > 0) {
		pool->stillborn = 0;
	} else if (had > 0 && ++pool->stillborn >= POOL_STILLBORN) {
		pool->failed = 1;
		pool_end(pool);
	}
	event_del(&worker->event);
	close(worker->sock);
	worker->sock = -1;
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
	return list_empty(&pool->busy) ? NULL :
		LIST_ENTRY(pool->busy.next, struct pool_worker, node);
}

static void
pool_wake(struct pool_worker *worker)
{
	static const struct packet wake = { .kind = WORKER_WAKE };

	if (places_must_wake(worker->places))
		worker->to_wake = 1;
	if (!worker->to_wake)
		return;
	worker->to_wake = packet_send(worker->sock, &wake, PACKET_NOWAIT) ==
		PACKET_AGAIN;
	if (worker->to_wake)
		pool_start_tick(worker->pool);
}

/* Sends pool->packet as a request under a new ticket, with the body's file if
 * there is one, and empties it. */
static enum packet_status
pool_send_long(struct pool_worker *worker, int fd)
{
	struct packet *packet = &worker->pool->packet;
	enum packet_status status;

	packet->kind = WORKER_REQUEST;
	packet->value = ++worker->ticket;
	if (fd >= 0)
		packet->fds[packet->n_fds++] = fd;
	status = packet_send(worker->sock, packet, PACKET_NOWAIT);
	packet->n_fds = 0;
	packet_clear(packet);
	/* Files that wait are open files, and long requests are memory. */
	worker->loaded = status != PACKET_AGAIN;
	return status;
}

static void
pool_put(struct pool_worker *worker, struct job *job, const void *p, size_t n)
{
	size_t place = 0;

	while (worker->jobs[place] != NULL)
		place++;
	worker->jobs[place] = job;
	if (worker->n++ == 0)
		worker->since_us = clock_us();
	else
		pool_start_tick(worker->pool);
	places_put(worker->places, place, p, n);
	pool_sort(worker);
	pool_wake(worker);
}

/* -1: not now. */
static int
pool_give(struct pool_worker *worker, struct job *job)
{
	struct pool *pool = worker->pool;
	struct packet *packet = &pool->packet;
	struct worker_entry entry = { .ticket = 0 };
	int fd;

	packet_clear(packet);
	buf_add(&packet->bytes, &entry, sizeof entry);
	errand_add_request(&packet->bytes, &fd, job,
		zygote_given(pool->zygote), zygote_arg(pool->zygote));
	if (fd < 0 && packet->bytes.len <= PLACES_BYTES) {
		pool_put(worker, job, packet->bytes.data, packet->bytes.len);
		return 0;
	}
	if (pool_send_long(worker, fd) == PACKET_AGAIN) {
		list_push_front(&pool->again, &job->fetch.node);
		pool_start_tick(pool);
		return -1;
	}
	/* If its process is gone, the job is taken back with the rest. */
	entry.ticket = worker->ticket;
	pool_put(worker, job, &entry, sizeof entry);
	return 0;
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

/* Whether pool_pick() is worth a job, which may begin a process. */
static int
pool_has_room(const struct pool *pool)
{
	return !list_empty(&pool->idle) || !list_empty(&pool->busy) ||
		(pool->n < pool->max && !list_empty(&pool->vacant));
}

/* Deals out one by one, so that few jobs are spread over many workers. The job
 * comes first: a process without one is none too few. */
static void
pool_fill(struct pool *pool)
{
	struct pool_worker *worker;
	enum run_next next = RUN_JOB;
	struct job *job;

	while (next == RUN_JOB && pool_has_room(pool)) {
		next = pool_next(pool, &job);
		if (next != RUN_JOB)
			break;
		worker = pool_pick(pool);
		if (worker == NULL) {
			list_push_front(&pool->again, &job->fetch.node);
			return;
		}
		if (pool_give(worker, job) != 0)
			return;
	}
	if (next == RUN_END)
		pool_end(pool);
}

/* --- what happens --- */

/*
 * Takes what is done; and what has not begun when this one is held up, or
 * when it is to `share` with others who have nothing.
 */
static void
pool_look(struct pool_worker *worker, int share)
{
	int judge = clock_us() - worker->since_us >= POOL_TICK;

	pool_collect(worker);
	if (share || (judge && worker->done == 0))
		pool_recall(worker);
	if (judge)
		pool_judge(worker);
	pool_sort(worker);
	pool_wake(worker);
	if (worker->n > 1)
		pool_start_tick(worker->pool);
}

static void
pool_on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct pool *pool = arg;
	int share = !list_empty(&pool->idle);
	size_t i;

	(void)fd;
	(void)what;
	pool->ticking = 0;
	for (i = 0; i < run_concurrency(pool->run); i++)
		if (pool->workers[i].n > 0)
			pool_look(&pool->workers[i], share);
	pool_fill(pool);
}

static void
pool_cancel_job(struct pool *pool, struct job *job, int64_t took_us)
{
	fetch_reply_cancel(&job->fetch.reply, took_us);
	run_done(pool->run, job);
}

static void
pool_cancel_all(struct pool *pool)
{
	struct pool_worker *worker;
	struct list *node;
	size_t i, place;

	for (i = 0; i < run_concurrency(pool->run); i++) {
		worker = &pool->workers[i];
		pool_recall(worker);
		for (place = 0; place < PLACES_N; place++)
			if (worker->jobs[place] != NULL)
				pool_cancel_job(pool,
					pool_lift(worker, place),
					clock_us() - worker->since_us);
	}
	while ((node = list_pop(&pool->again)) != NULL)
		pool_cancel_job(pool, LIST_ENTRY(node, struct job, fetch.node),
			0);
}

/*
 * The run is over. The workers would end with the zygote; but while jobs are
 * taken from them they would write on into bodies that are given back, all
 * the faster as each makes room for the others.
 */
static void
pool_cancel(void *arg)
{
	struct pool *pool = arg;

	zygote_kill(pool->zygote);
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
	list_init(&pool->busy);
	list_init(&pool->full);
	list_init(&pool->again);
	packet_init(&pool->packet);
	pool->workers = mem_array(pool->max, sizeof *pool->workers);
	for (i = 0; i < pool->max; i++) {
		worker = &pool->workers[i];
		worker->pool = pool;
		worker->sock = -1;
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
		if (worker->sock < 0)
			continue;
		event_del(&worker->event);
		close(worker->sock);
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
	.shared_size = sizeof(struct places),
	.live = worker_live,
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
