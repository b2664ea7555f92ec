/* SPDX-License-Identifier: MIT */
/*
 * ledger -- one thread between the run and its outputs.
 *
 * It gathers for a moment before it takes a batch, so that at full speed it
 * is woken once per hundreds of results and still shows a lone one at once to
 * a person's eye. What it has written goes back to be freed by those who made
 * it: freed here, the two threads would fight over one malloc arena, which
 * costs more than the records themselves.
 */
#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "base/clock.h"
#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/body.h"
#include "core/ledger.h"
#include "core/output.h"
#include "core/result.h"
#include "core/sink.h"
#include "core/state.h"
#include "core/stats.h"
#include "net/exchange.h"
#include "net/wake.h"

#define LEDGER_FULL 2048	/* results waiting: no new fetches above */
#define LEDGER_BATCH 256	/* worth waking for */
#define LEDGER_GATHER (20 * CLOCK_MS)

/* What a killed run loses at most: so much time, so many results. */
#define LEDGER_REMEMBER_US (200 * CLOCK_MS)
#define LEDGER_REMEMBER 10000

struct ledger {
	struct ledger_args args;
	pthread_t thread;
	struct wake ended;
	struct stats stats;	/* the thread's until it ended */
	struct err failure;	/* likewise */
	size_t n_new;		/* likewise: results not remembered yet */
	int64_t due_us;		/* likewise: when they are to be; 0: none */
	_Atomic enum error_class cut;	/* what ends attempts early */
	pthread_mutex_t lock;	/* all below */
	pthread_cond_t more;
	struct list queue;
	struct list spent;	/* written, to be freed */
	size_t n;		/* queued or being written */
	int was_full, closing;
	struct stats_counters counters;
};

/* Locked. Waits for a signal, until then at most; 0: that has come. */
static int
ledger_wait(struct ledger *ledger, int64_t until_us)
{
	struct timespec until = {
		.tv_sec = until_us / CLOCK_SECOND,
		.tv_nsec = until_us % CLOCK_SECOND * 1000,
	};

	return pthread_cond_timedwait(&ledger->more, &ledger->lock,
		&until) == 0;
}

/*
 * Takes what is there; waits for something, then a little for more. It gives
 * up waiting when there is something to remember. 0: nothing will come.
 */
static int
ledger_take(struct ledger *ledger, struct list *ret)
{
	int64_t until_us;
	int over;

	pthread_mutex_lock(&ledger->lock);
	while (list_empty(&ledger->queue) && !ledger->closing)
		if (ledger->due_us == 0)
			pthread_cond_wait(&ledger->more, &ledger->lock);
		else if (!ledger_wait(ledger, ledger->due_us))
			break;
	until_us = clock_us() + LEDGER_GATHER;
	while (!list_empty(&ledger->queue) && ledger->n < LEDGER_BATCH &&
	    !ledger->closing)
		if (!ledger_wait(ledger, until_us))
			break;
	over = list_empty(&ledger->queue) && ledger->closing;
	list_splice(ret, &ledger->queue);
	pthread_mutex_unlock(&ledger->lock);
	return !over;
}

static void
ledger_fail(struct ledger *ledger, const struct err *err)
{
	if (ledger->failure.code != ERR_NONE)
		return;
	ledger->failure = *err;
	ledger->args.on_fail(ledger->args.arg);
}

/* Nothing can be written any more: a body that was to be kept is not, and its
 * URL stays to be done. */
static void
ledger_give_up(const struct ledger *ledger, struct result *result)
{
	if (!result->ok || result->hop)
		return;
	result_fail(result, ERROR_LOCAL, "write_failed",
		ledger->failure.text);
	result->final = 0;
}

/* Gives the body to those who want it; the record comes after, since they may
 * change it. */
static void
ledger_take_body(struct ledger *ledger, struct result *result)
{
	const struct ledger_target *target;
	struct err err = { 0 };
	size_t i;

	for (i = 0; i < ledger->args.n_targets; i++) {
		target = &ledger->args.targets[i];
		if (!(target->sink->caps & SINK_BODIES) ||
		    (result->hop && !(target->sink->caps & SINK_ALL)))
			continue;
		if (ledger->failure.code != ERR_NONE)
			ledger_give_up(ledger, result);
		else if (target->sink->take(target->self, result, &err) != 0)
			ledger_fail(ledger, &err);
	}
	body_free(result->body);
	result->body = NULL;
	exchange_free(result->exchange);
	result->exchange = NULL;
}

static void
ledger_write(struct ledger *ledger, const struct result *result)
{
	const struct ledger_target *target;
	struct err err;
	size_t i;

	for (i = 0; i < ledger->args.n_targets; i++) {
		target = &ledger->args.targets[i];
		if (ledger->failure.code == ERR_NONE &&
		    target->sink->write != NULL &&
		    target->sink->write(target->self, result, &err) != 0)
			ledger_fail(ledger, &err);
	}
}

/* What sinks held until now is theirs to give away, or to free. */
static void
ledger_end(struct ledger *ledger)
{
	const struct ledger_target *target;
	struct err err;
	size_t i;

	for (i = 0; i < ledger->args.n_targets; i++) {
		target = &ledger->args.targets[i];
		if (target->sink->end != NULL &&
		    target->sink->end(target->self, &err) != 0)
			ledger_fail(ledger, &err);
	}
}

/* Whether the target's records can be cut back to a mark. */
static int
ledger_is_kept(const struct ledger_target *target)
{
	return !(target->sink->caps & SINK_BODIES) &&
		target->output != NULL && output_can_resume(target->output);
}

/* What the sinks have gathered is in their files. */
static void
ledger_flush(struct ledger *ledger)
{
	const struct ledger_target *target;
	struct err err;
	size_t i;

	for (i = 0; i < ledger->args.n_targets; i++) {
		target = &ledger->args.targets[i];
		if (target->output != NULL &&
		    output_commit(target->output, &err) != 0)
			ledger_fail(ledger, &err);
	}
}

/* --- what the next run is to know --- */

static int
ledger_remembers(const struct ledger *ledger)
{
	return ledger->args.state != NULL || ledger->args.sync;
}

/* The URL is settled: its record is in the outputs, written or gathered. */
static void
ledger_note(struct ledger *ledger, const struct result *result)
{
	struct state_result done = { .seq = result->seq, .ok = result->ok };
	const struct ledger_target *target;
	struct output_place place;
	size_t i;

	if (ledger->failure.code != ERR_NONE || !ledger_remembers(ledger))
		return;
	if (ledger->n_new++ == 0)
		ledger->due_us = clock_us() + LEDGER_REMEMBER_US;
	if (ledger->args.state == NULL || !result->final)
		return;
	for (i = 0; i < ledger->args.n_targets; i++) {
		target = &ledger->args.targets[i];
		if (!ledger_is_kept(target))
			continue;
		place = output_last(target->output);
		done.offset = place.offset;
		done.len = place.len;
	}
	state_settle(ledger->args.state, &done);
}

/* All of a target's is where it will be found again, and how far it goes. */
static int
ledger_fix(struct ledger *ledger, const struct ledger_target *target,
	struct marks *marks, struct err *err)
{
	const struct sink *sink = target->sink;

	if (sink->flush != NULL && sink->flush(target->self, err) != 0)
		return -1;
	if (target->output != NULL && ledger->args.sync &&
	    output_sync(target->output, err) != 0)
		return -1;
	if (sink->mark != NULL)
		sink->mark(target->self, marks);
	if (ledger_is_kept(target))
		marks->list[marks->n++] = (struct mark){
			.name = LEDGER_RECORDS,
			.number = output_seal(target->output),
			.offset = output_offset(target->output),
		};
	return 0;
}

/* Bodies and their names first, then outputs, then the state that says so. */
static int
ledger_commit(struct ledger *ledger, struct err *err)
{
	struct marks marks = { .n = 0 };
	size_t i;

	for (i = 0; i < ledger->args.n_targets; i++)
		if (ledger_fix(ledger, &ledger->args.targets[i], &marks,
		    err) != 0)
			return -1;
	if (ledger->args.state == NULL)
		return 0;
	return state_commit(ledger->args.state, &marks, err);
}

static void
ledger_remember(struct ledger *ledger)
{
	struct err err;

	if (ledger->failure.code == ERR_NONE &&
	    ledger_commit(ledger, &err) != 0)
		ledger_fail(ledger, &err);
	ledger->n_new = 0;
	ledger->due_us = 0;
}

static void
ledger_remember_if_due(struct ledger *ledger)
{
	if (ledger->due_us != 0 && (ledger->n_new >= LEDGER_REMEMBER ||
	    clock_us() >= ledger->due_us))
		ledger_remember(ledger);
}

/* --- its thread --- */

/* What is wrong with the list itself is said where its writer looks. */
static void
ledger_warn(const struct result *result)
{
	if (result->error_class == ERROR_INPUT)
		log_warning("%s", result->errormsg);
}

/* After a failure results are still counted: the summary stays true. */
static void
ledger_settle(struct ledger *ledger, struct list *batch)
{
	struct result *result;
	struct list *node;
	size_t n = 0;
	int room;

	for (node = batch->next; node != batch; node = node->next) {
		result = LIST_ENTRY(node, struct result, node);
		n++;
		ledger_take_body(ledger, result);
		if (result->hop)
			continue;
		ledger_warn(result);
		ledger_write(ledger, result);
		ledger_note(ledger, result);
		stats_add(&ledger->stats, result);
	}
	ledger_flush(ledger);
	pthread_mutex_lock(&ledger->lock);
	list_splice(&ledger->spent, batch);
	ledger->counters = ledger->stats.counters;
	ledger->n -= n;
	room = ledger->was_full && ledger->n < LEDGER_FULL / 2;
	if (room)
		ledger->was_full = 0;
	pthread_mutex_unlock(&ledger->lock);
	if (room)
		ledger->args.on_room(ledger->args.arg);
	if (ledger->args.on_freed != NULL)
		ledger->args.on_freed(ledger->args.arg);
}

static void *
ledger_main(void *arg)
{
	struct ledger *ledger = arg;
	struct list batch;

	list_init(&batch);
	while (ledger_take(ledger, &batch)) {
		ledger_settle(ledger, &batch);
		ledger_remember_if_due(ledger);
	}
	ledger_end(ledger);
	/* A header line without a record is still to be written. */
	ledger_flush(ledger);
	ledger_remember(ledger);
	wake_set(&ledger->ended);
	return NULL;
}

static void
ledger_locks_init(struct ledger *ledger)
{
	pthread_condattr_t attr;

	pthread_mutex_init(&ledger->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&ledger->more, &attr);
	pthread_condattr_destroy(&attr);
}

struct ledger *
ledger_new(const struct ledger_args *args, struct err *err)
{
	struct ledger *ledger = mem_array(1, sizeof *ledger);

	ledger->args = *args;
	list_init(&ledger->queue);
	list_init(&ledger->spent);
	if (wake_open(&ledger->ended, err) != 0) {
		free(ledger);
		return NULL;
	}
	stats_init(&ledger->stats);
	atomic_init(&ledger->cut, ERROR_STOPPED);
	ledger_locks_init(ledger);
	/* From here on the outputs are known for this run's. */
	if (args->state != NULL && ledger_commit(ledger, err) != 0) {
		ledger_free(ledger);
		return NULL;
	}
	errno = pthread_create(&ledger->thread, NULL, ledger_main, ledger);
	if (errno == 0)
		return ledger;
	err_sys(err, "cannot start the thread that writes results");
	ledger_free(ledger);
	return NULL;
}

/* NULL is fine. */
static void
ledger_free_result(struct list *node)
{
	if (node != NULL)
		result_free(LIST_ENTRY(node, struct result, node));
}

void
ledger_free(struct ledger *ledger)
{
	if (ledger == NULL)
		return;
	while (!list_empty(&ledger->spent))
		ledger_free_result(list_pop(&ledger->spent));
	stats_release(&ledger->stats);
	wake_close(&ledger->ended);
	pthread_cond_destroy(&ledger->more);
	pthread_mutex_destroy(&ledger->lock);
	free(ledger);
}

void
ledger_push(struct ledger *ledger, struct result *result)
{
	struct list *spent[2];
	int wanted;

	if (result->error_class == ERROR_STOPPED)
		result->error_class = atomic_load(&ledger->cut);
	pthread_mutex_lock(&ledger->lock);
	/* Two for one, so that they never pile up. */
	spent[0] = list_pop(&ledger->spent);
	spent[1] = list_pop(&ledger->spent);
	list_push(&ledger->queue, &result->node);
	ledger->n++;
	/* The first one starts the gathering, a full batch ends it. */
	wanted = ledger->queue.next == &result->node ||
		ledger->n == LEDGER_BATCH;
	pthread_mutex_unlock(&ledger->lock);
	if (wanted)
		pthread_cond_signal(&ledger->more);
	ledger_free_result(spent[0]);
	ledger_free_result(spent[1]);
}

int
ledger_full(struct ledger *ledger)
{
	int full;

	pthread_mutex_lock(&ledger->lock);
	full = ledger->n >= LEDGER_FULL;
	if (full)
		ledger->was_full = 1;
	pthread_mutex_unlock(&ledger->lock);
	return full;
}

void
ledger_name_cuts(struct ledger *ledger, enum error_class class)
{
	atomic_store(&ledger->cut, class);
}

void
ledger_close(struct ledger *ledger)
{
	pthread_mutex_lock(&ledger->lock);
	ledger->closing = 1;
	pthread_mutex_unlock(&ledger->lock);
	pthread_cond_signal(&ledger->more);
}

int
ledger_fd(const struct ledger *ledger)
{
	return ledger->ended.fd;
}

int
ledger_finish(struct ledger *ledger, struct err *err)
{
	pthread_join(ledger->thread, NULL);
	if (ledger->failure.code == ERR_NONE)
		return 0;
	return err_set(err, ledger->failure.code, "%s", ledger->failure.text);
}

void
ledger_counters(struct ledger *ledger, struct stats_counters *ret)
{
	pthread_mutex_lock(&ledger->lock);
	*ret = ledger->counters;
	pthread_mutex_unlock(&ledger->lock);
}

const struct stats *
ledger_stats(const struct ledger *ledger)
{
	return &ledger->stats;
}
