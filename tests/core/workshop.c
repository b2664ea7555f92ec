/* SPDX-License-Identifier: MIT */
/*
 * workshop -- what goes to a pool comes back as one record, and whoever was
 * told that there is no room hears when there is, however the two meet.
 */
#include "config.h"

#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "core/bodies.h"
#include "core/chain.h"
#include "core/ledger.h"
#include "core/pool.h"
#include "core/result.h"
#include "core/run.h"
#include "core/sink.h"
#include "core/work.h"
#include "core/workshop.h"
#include "unit.h"

#define ROUNDS 20000
#define ROWS 8

struct row {
	uint64_t seq;
	int ok, final;
	enum error_class error_class;
	const char *detail;
};

struct rig {
	struct pool_args pool;	/* what the workshop gave its pool */
	pthread_mutex_t lock;	/* of the queue */
	struct list queue;
	sem_t queued;		/* for each in there, and for the end */
	int stopped, cancelled;
	struct row rows[ROWS];	/* the ledger's thread's until it ended */
	size_t n_rows;
	struct ledger_target target;
	struct ledger *ledger;
	struct bodies *bodies;
	struct pool_env env;
	_Atomic int cancel;
	struct workshop *workshop;
	sem_t room;		/* on_room() came */
	_Atomic int n_room, n_passed, n_lost;
};

static struct rig *rig_of_pool;	/* start() gets no word of ours */

/* --- a pool that keeps works until the test wants them back --- */

static void *
keep_start(const struct pool_args *args, struct err *err)
{
	(void)err;
	rig_of_pool->pool = *args;
	return rig_of_pool;
}

static void
keep_submit(void *self, struct work *work)
{
	struct rig *rig = self;

	pthread_mutex_lock(&rig->lock);
	list_push(&rig->queue, &work->node);
	pthread_mutex_unlock(&rig->lock);
	sem_post(&rig->queued);
}

static void
keep_cancel(void *self)
{
	struct rig *rig = self;

	rig->cancelled++;
}

static void
keep_stop(void *self)
{
	struct rig *rig = self;

	rig->stopped++;
}

static const struct pool keeping = {
	.name = "keeping", .start = keep_start, .submit = keep_submit,
	.cancel = keep_cancel, .stop = keep_stop,
};

/* NULL: there is none. */
static struct work *
take(struct rig *rig)
{
	struct list *node;

	pthread_mutex_lock(&rig->lock);
	node = list_pop(&rig->queue);
	pthread_mutex_unlock(&rig->lock);
	return node != NULL ? LIST_ENTRY(node, struct work, node) : NULL;
}

static void
give_back(struct rig *rig, struct work *work)
{
	if (work == NULL) {
		fail_msg("the pool has nothing to give back");
		return;
	}
	work->begun_us = work->ended_us = clock_us();
	rig->pool.done(rig->pool.arg, work);
}

/* --- around it --- */

static int
record(void *self, const struct result *result, struct err *err)
{
	struct rig *rig = self;

	(void)err;
	if (rig->n_rows < ROWS)
		rig->rows[rig->n_rows] = (struct row){
			result->seq, result->ok, result->final,
			result->error_class, result->error_detail,
		};
	rig->n_rows++;
	return 0;
}

static const struct sink recording = { .name = "r", .write = record };

static void
ignore(void *arg)
{
	(void)arg;
}

static void
on_room(void *arg)
{
	struct rig *rig = arg;

	atomic_fetch_add(&rig->n_room, 1);
	sem_post(&rig->room);
}

static void
on_passed(void *arg)
{
	struct rig *rig = arg;

	atomic_fetch_add(&rig->n_passed, 1);
}

static void
on_lost(void *arg)
{
	struct rig *rig = arg;

	atomic_fetch_add(&rig->n_lost, 1);
}

/* Nothing is fetched, so there are no bodies, and always room for them. */
static const struct run_settings no_fetch = {
	.no_fetch = 1, .buffer = 1 << 20, .jobs = 1,
};

/* At most so many works at a time. */
static void
rig_open(struct rig *rig, size_t limit)
{
	*rig = (struct rig){ .target = { .sink = &recording, .self = rig } };
	rig_of_pool = rig;
	pthread_mutex_init(&rig->lock, NULL);
	list_init(&rig->queue);
	sem_init(&rig->queued, 0, 0);
	sem_init(&rig->room, 0, 0);
	rig->env.chain = chain_new(1);
	rig->env.cancelled = &rig->cancel;
	rig->bodies = bodies_new(&no_fetch, 1, NULL);
	assert_non_null(rig->bodies);
	rig->ledger = ledger_new(&(struct ledger_args){
		.targets = &rig->target, .n_targets = 1,
		.on_room = ignore, .on_fail = ignore,
	}, NULL);
	assert_non_null(rig->ledger);
	rig->workshop = workshop_new(&(struct workshop_args){
		.pool = &keeping, .env = &rig->env,
		.workers = 1, .waiting = limit - 1,
		.ledger = rig->ledger, .bodies = rig->bodies,
		.hooks = { on_room, on_passed, on_lost, rig },
	}, NULL);
	assert_non_null(rig->workshop);
}

/* The records are all there after it. */
static void
rig_end(struct rig *rig)
{
	ledger_close(rig->ledger);
	assert_int_equal(ledger_finish(rig->ledger, NULL), 0);
}

static void
rig_close(struct rig *rig)
{
	workshop_free(rig->workshop);
	assert_int_equal(rig->stopped, 1);
	ledger_free(rig->ledger);
	bodies_free(rig->bodies);
	chain_free(rig->env.chain);
	sem_destroy(&rig->queued);
	sem_destroy(&rig->room);
	pthread_mutex_destroy(&rig->lock);
}

static struct work *
make_work(struct rig *rig, uint64_t seq)
{
	struct work *work = work_new(rig->env.chain);
	struct result *result = result_new();

	result->seq = seq;
	result->ok = result->final = 1;
	result->url = mem_strdup("http://h.test/");
	work_fill(work, result, NULL);
	return work;
}

static int
is_over(const struct rig *rig)
{
	struct pollfd fd = { workshop_fd(rig->workshop), POLLIN, 0 };

	return poll(&fd, 1, 0) == 1;
}

/* --- what it promises --- */

static void
a_work_is_one_record_as_its_stages_say(void **state)
{
	struct rig rig;
	struct work *work;
	uint64_t i;

	(void)state;
	rig_open(&rig, 10);
	for (i = 0; i < 4; i++)
		workshop_add(rig.workshop, make_work(&rig, i));
	give_back(&rig, take(&rig));
	work = take(&rig);
	work_fail(work, ERROR_BODY, "limit", "too much");
	give_back(&rig, work);
	work = take(&rig);
	work_fail(work, ERROR_STOPPED, NULL, NULL);
	give_back(&rig, work);
	give_back(&rig, take(&rig));
	rig_end(&rig);
	assert_int_equal(rig.n_rows, 4);
	for (i = 0; i < 4; i++)
		assert_int_equal(rig.rows[i].seq, i);
	assert_true(rig.rows[0].ok && rig.rows[0].final);
	assert_false(rig.rows[1].ok);
	assert_true(rig.rows[1].final);
	assert_int_equal(rig.rows[1].error_class, ERROR_BODY);
	assert_string_equal(rig.rows[1].detail, "limit");
	/* What was not begun is to be done another time. */
	assert_false(rig.rows[2].ok || rig.rows[2].final);
	assert_true(rig.rows[3].ok);
	assert_int_equal(atomic_load(&rig.n_passed), 2);
	rig_close(&rig);
}

static void
one_that_was_done_elsewhere_sees_no_pool(void **state)
{
	struct rig rig;
	struct work *work;

	(void)state;
	rig_open(&rig, 10);
	work = make_work(&rig, 7);
	work->begun_us = work->ended_us = clock_us();
	workshop_add_done(rig.workshop, work);
	assert_null(take(&rig));
	rig_end(&rig);
	assert_int_equal(rig.n_rows, 1);
	assert_int_equal(rig.rows[0].seq, 7);
	rig_close(&rig);
}

static void
it_is_over_when_it_was_closed_and_all_came_back(void **state)
{
	struct rig rig;

	(void)state;
	rig_open(&rig, 10);
	workshop_add(rig.workshop, make_work(&rig, 0));
	workshop_add(rig.workshop, make_work(&rig, 1));
	give_back(&rig, take(&rig));
	workshop_close(rig.workshop);
	assert_false(is_over(&rig));
	give_back(&rig, take(&rig));
	assert_true(is_over(&rig));
	rig_end(&rig);
	rig_close(&rig);
	rig_open(&rig, 10);
	assert_false(is_over(&rig));
	workshop_close(rig.workshop);
	assert_true(is_over(&rig));
	rig_end(&rig);
	rig_close(&rig);
}

static void
who_was_refused_is_told_of_room_once(void **state)
{
	struct rig rig;

	(void)state;
	rig_open(&rig, 2);
	assert_true(workshop_admits(rig.workshop));
	workshop_add(rig.workshop, make_work(&rig, 0));
	assert_true(workshop_admits(rig.workshop));
	workshop_add(rig.workshop, make_work(&rig, 1));
	assert_false(workshop_admits(rig.workshop));
	assert_int_equal(atomic_load(&rig.n_room), 0);
	give_back(&rig, take(&rig));
	assert_int_equal(atomic_load(&rig.n_room), 1);
	assert_true(workshop_admits(rig.workshop));
	/* Nobody was refused since. */
	give_back(&rig, take(&rig));
	assert_int_equal(atomic_load(&rig.n_room), 1);
	rig_end(&rig);
	rig_close(&rig);
}

/* Gives back whatever comes, at once. */
static void *
give_back_all(void *arg)
{
	struct rig *rig = arg;
	struct work *work;

	for (;;) {
		while (sem_wait(&rig->queued) != 0)
			;
		work = take(rig);
		if (work == NULL)
			return NULL;
		give_back(rig, work);
	}
}

static void
await_room(struct rig *rig)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 20;
	if (sem_timedwait(&rig->room, &until) != 0)
		fail_msg("nobody said that there is room");
}

static void
no_word_of_room_is_lost_however_close_it_comes(void **state)
{
	pthread_t threads[2];
	struct rig rig;
	uint64_t i;

	(void)state;
	rig_open(&rig, 1);
	for (i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, give_back_all, &rig);
	for (i = 0; i < ROUNDS; i++) {
		while (!workshop_admits(rig.workshop))
			await_room(&rig);
		workshop_add(rig.workshop, make_work(&rig, i));
	}
	workshop_close(rig.workshop);
	for (i = 0; i < 2; i++)
		sem_post(&rig.queued);
	for (i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	assert_true(is_over(&rig));
	rig_end(&rig);
	assert_int_equal(rig.n_rows, ROUNDS);
	rig_close(&rig);
}

static void
a_pool_that_ended_is_cancelled_no_more(void **state)
{
	struct rig rig;

	(void)state;
	rig_open(&rig, 1);
	workshop_cancel(rig.workshop);
	assert_int_equal(rig.cancelled, 1);
	workshop_stop(rig.workshop);
	workshop_cancel(rig.workshop);
	assert_int_equal(rig.cancelled, 1);
	workshop_stop(rig.workshop);
	rig_end(&rig);
	rig_close(&rig);
}

static void
a_pool_without_processes_is_heard(void **state)
{
	struct rig rig;

	(void)state;
	rig_open(&rig, 1);
	rig.pool.lost(rig.pool.arg);
	assert_int_equal(atomic_load(&rig.n_lost), 1);
	rig_end(&rig);
	rig_close(&rig);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(a_work_is_one_record_as_its_stages_say),
	cmocka_unit_test(one_that_was_done_elsewhere_sees_no_pool),
	cmocka_unit_test(it_is_over_when_it_was_closed_and_all_came_back),
	cmocka_unit_test(who_was_refused_is_told_of_room_once),
	cmocka_unit_test(no_word_of_room_is_lost_however_close_it_comes),
	cmocka_unit_test(a_pool_that_ended_is_cancelled_no_more),
	cmocka_unit_test(a_pool_without_processes_is_heard),
};

UNIT_MAIN("core/workshop", tests)
