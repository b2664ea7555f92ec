/* SPDX-License-Identifier: MIT */
/*
 * What every pool promises, run for each of them: each work comes back once,
 * with what the stages say of its own body, whatever happens to the others.
 */
#include "config.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "core/body.h"
#include "core/budget.h"
#include "core/chain.h"
#include "core/result.h"
#include "core/work.h"
#include "core/zygote.h"
#include "pool/family.h"
#include "unit.h"

#define WORKERS 2
#define BODIES 256
#define PATIENCE (20 * CLOCK_SECOND)

/* Seen by all processes. */
static struct shared {
	_Atomic int cancelled;
	_Atomic int inside, most, begun;
	_Atomic int started, able;
} *shared;

static void
pause_briefly(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
}

/* --- a stage that does what the body says --- */

static const struct column columns[] = {
	STAGE_COLUMN(U64, "length", "bytes"),
	STAGE_COLUMN(TEXT, "first", "the first ten of them"),
};

static int
wait_for_cancel(struct stage_call *call, struct err *err)
{
	while (!stage_cancelled(call))
		pause_briefly();
	return err_set(err, ERR_FAILED, "cancelled");
}

/* Stays until another one is inside as well, or for half a second. */
static void
meet(void)
{
	int64_t until = clock_us() + CLOCK_SECOND / 2;
	int inside = atomic_fetch_add(&shared->inside, 1) + 1;

	while (clock_us() < until && atomic_load(&shared->most) < 2) {
		inside = atomic_load(&shared->inside);
		if (inside > atomic_load(&shared->most))
			atomic_store(&shared->most, inside);
	}
	atomic_fetch_sub(&shared->inside, 1);
}

static int
obey(void *self, struct stage_call *call, const void *p, size_t n,
	struct err *err)
{
	const char *text = p;

	(void)self;
	atomic_fetch_add(&shared->begun, 1);
	value_set_u64(&call->values[0], n);
	value_set_text(&call->values[1], mem_strndup(text, n < 10 ? n : 10));
	if (n == 4 && memcmp(text, "kill", 4) == 0)
		raise(SIGKILL);
	if (n == 4 && memcmp(text, "segv", 4) == 0) {
		signal(SIGSEGV, SIG_DFL);
		raise(SIGSEGV);
	}
	if (n == 4 && memcmp(text, "deaf", 4) == 0) {
		close_range(STDERR_FILENO + 1, ~0u, 0);
		pause();
	}
	if (n == 4 && memcmp(text, "fail", 4) == 0)
		return err_set(err, ERR_FAILED, "as told");
	if (n == 4 && memcmp(text, "wait", 4) == 0)
		return wait_for_cancel(call, err);
	if (n == 4 && memcmp(text, "meet", 4) == 0)
		meet();
	return 0;
}

static const struct stage stage_obey = {
	.name = "obey", .brief = "does what the body says",
	.caps = STAGE_WHOLE, STAGE_COLUMNS(columns), .feed = obey,
};

static const struct stage stage_obey_alone = {
	.name = "obey", .brief = "the same, and is not thread-safe",
	.caps = STAGE_WHOLE | STAGE_SERIAL, STAGE_COLUMNS(columns),
	.feed = obey,
};

static int
start_if_able(const void *plan, void **ret, struct err *err)
{
	(void)plan;
	*ret = NULL;
	atomic_fetch_add(&shared->started, 1);
	if (!atomic_load(&shared->able))
		return err_set(err, ERR_SYSTEM, "no memory to start with");
	return 0;
}

static const struct stage stage_starts = {
	.name = "starts", .brief = "counts its starts",
	.caps = STAGE_WHOLE, STAGE_COLUMNS(columns),
	.start = start_if_able, .feed = obey,
};

/* --- a pool and its works --- */

struct rig {
	const struct pool *pool;
	void *self;
	struct pool_env env;
	struct zygote *zygote;
	struct budget *budget;
	pthread_mutex_t lock;
	struct list done;
	size_t n_done;
	_Atomic int n_lost;
};

static void
on_done(void *arg, struct work *work)
{
	struct rig *rig = arg;

	pthread_mutex_lock(&rig->lock);
	list_push(&rig->done, &work->node);
	rig->n_done++;
	pthread_mutex_unlock(&rig->lock);
}

static void
on_lost(void *arg)
{
	struct rig *rig = arg;

	/* Before anything came back for that reason. */
	assert_int_equal(rig->n_done, 1);
	atomic_fetch_add(&rig->n_lost, 1);
}

static void
must(const void *made, const struct err *err)
{
	if (made == NULL)
		fail_msg("%s", err->text);
}

static void
rig_start(struct rig *rig, const struct pool *pool, const struct stage *stage)
{
	struct err err = { 0 };

	*rig = (struct rig){ .pool = pool };
	memset(shared, 0, sizeof *shared);
	pthread_mutex_init(&rig->lock, NULL);
	list_init(&rig->done);
	rig->budget = budget_new(64u << 20, BODIES, &err);
	must(rig->budget, &err);
	rig->env.bodies = body_store_new(&(struct body_store_args){
		.budget = rig->budget, .n = BODIES, .max_body = 1u << 20,
	}, &err);
	must(rig->env.bodies, &err);
	rig->env.cancelled = &shared->cancelled;
	rig->env.chain = chain_new(1u << 20);
	assert_int_equal(chain_add(rig->env.chain, stage, NULL, NULL, &err),
		0);
	if (pool->zygote != NULL) {
		rig->zygote = zygote_new(&(struct zygote_args){
			.role = pool->zygote, .n_slots = WORKERS,
			.arg = &rig->env,
		}, &err);
		must(rig->zygote, &err);
	}
	rig->self = pool->start(&(struct pool_args){
		.env = &rig->env, .workers = WORKERS, .zygote = rig->zygote,
		.done = on_done, .lost = on_lost, .arg = rig,
	}, &err);
	must(rig->self, &err);
}

static void
rig_stop(struct rig *rig)
{
	struct list *node;

	rig->pool->stop(rig->self);
	zygote_free(rig->zygote);
	while ((node = list_pop(&rig->done)) != NULL)
		work_free(LIST_ENTRY(node, struct work, node));
	chain_free(rig->env.chain);
	body_store_free(rig->env.bodies);
	budget_free(rig->budget);
	pthread_mutex_destroy(&rig->lock);
}

static struct work *
make_work(struct rig *rig, uint64_t seq, const void *p, size_t n)
{
	struct work *work = work_new(rig->env.chain);
	struct result *result = result_new();
	struct body *body = body_new(rig->env.bodies);

	assert_non_null(body);
	assert_int_equal(body_write(body, p, n), 0);
	result->seq = seq;
	result->url = mem_printf("http://h/%d", (int)seq);
	result->body = body;
	work_fill(work, result, NULL);
	work->queued_us = clock_us();
	return work;
}

static void
submit(struct rig *rig, uint64_t seq, const char *text)
{
	rig->pool->submit(rig->self,
		make_work(rig, seq, text, strlen(text)));
}

static size_t
n_done(struct rig *rig)
{
	size_t n;

	pthread_mutex_lock(&rig->lock);
	n = rig->n_done;
	pthread_mutex_unlock(&rig->lock);
	return n;
}

static void
await(struct rig *rig, size_t n)
{
	int64_t until = clock_us() + PATIENCE;

	while (n_done(rig) < n) {
		if (clock_us() > until)
			fail_msg("%s: %zu of %zu came back", rig->pool->name,
				n_done(rig), n);
		pause_briefly();
	}
}

/* The work with that number. */
static struct work *
find(struct rig *rig, uint64_t seq)
{
	struct work *work, *found = NULL;
	struct list *node;

	for (node = rig->done.next; node != &rig->done; node = node->next) {
		work = LIST_ENTRY(node, struct work, node);
		if (work->result->seq != seq)
			continue;
		if (found != NULL)
			fail_msg("%d came back twice", (int)seq);
		found = work;
	}
	if (found == NULL)
		fail_msg("%d did not come back", (int)seq);
	return found;
}

static void
expect_ok(struct rig *rig, uint64_t seq, const char *text)
{
	const struct work *work = find(rig, seq);

	if (work->outcome.failed)
		fail_msg("%s: %d failed: %s", rig->pool->name, (int)seq,
			work->outcome.errormsg);
	assert_int_equal(work->outcome.values[0].u64, strlen(text));
	assert_string_equal(work->outcome.values[1].text, text);
	assert_true(work->begun_us >= work->queued_us);
	assert_true(work->ended_us >= work->begun_us);
}

static void
expect_failed(struct rig *rig, uint64_t seq, enum error_class error_class,
	const char *detail, const char *text)
{
	const struct work *work = find(rig, seq);

	assert_true(work->outcome.failed);
	assert_string_equal(error_class_name(work->outcome.error_class),
		error_class_name(error_class));
	if (detail != NULL)
		assert_string_equal(work->outcome.detail, detail);
	if (text != NULL)
		assert_non_null(strstr(work->outcome.errormsg, text));
}

/* --- what all promise --- */

#define EACH_POOL(rig, stage) \
	for (size_t i_ = 0; pools[i_] != NULL && \
	    (rig_start(&(rig), pools[i_], stage), 1); rig_stop(&(rig)), i_++)

static void
a_pool_without_work_ends(void **state)
{
	struct rig rig;

	(void)state;
	EACH_POOL(rig, &stage_obey)
		assert_int_equal(n_done(&rig), 0);
}

static void
every_work_comes_back_once_with_its_own_answer(void **state)
{
	struct rig rig;
	char text[32];
	int i;

	(void)state;
	EACH_POOL(rig, &stage_obey) {
		for (i = 0; i < BODIES; i++) {
			snprintf(text, sizeof text, "body %d", i);
			submit(&rig, (uint64_t)i, text);
		}
		await(&rig, BODIES);
		for (i = 0; i < BODIES; i++) {
			snprintf(text, sizeof text, "body %d", i);
			expect_ok(&rig, (uint64_t)i, text);
		}
	}
}

struct giver {
	struct rig *rig;
	uint64_t first;
};

static void *
give_some(void *arg)
{
	struct giver *giver = arg;
	uint64_t i;

	for (i = 0; i < BODIES / 4; i++)
		submit(giver->rig, giver->first + i, "hello");
	return NULL;
}

static void
works_may_come_from_many_threads(void **state)
{
	struct giver givers[4];
	pthread_t threads[4];
	struct rig rig;
	uint64_t i;

	(void)state;
	EACH_POOL(rig, &stage_obey) {
		for (i = 0; i < 4; i++) {
			givers[i] = (struct giver){ &rig, i * BODIES };
			pthread_create(&threads[i], NULL, give_some,
				&givers[i]);
		}
		for (i = 0; i < 4; i++)
			pthread_join(threads[i], NULL);
		await(&rig, BODIES);
		for (i = 0; i < 4; i++)
			expect_ok(&rig, i * BODIES + 3, "hello");
	}
}

static void
an_empty_body_is_a_body(void **state)
{
	struct rig rig;

	(void)state;
	EACH_POOL(rig, &stage_obey) {
		submit(&rig, 1, "");
		await(&rig, 1);
		expect_ok(&rig, 1, "");
	}
}

static void
a_large_body_is_seen_whole(void **state)
{
	static char large[1000000];
	struct rig rig;

	(void)state;
	memset(large, 'x', sizeof large);
	EACH_POOL(rig, &stage_obey) {
		rig.pool->submit(rig.self,
			make_work(&rig, 1, large, sizeof large));
		await(&rig, 1);
		assert_int_equal(find(&rig, 1)->outcome.values[0].u64,
			sizeof large);
	}
}

static void
a_stage_that_fails_fails_its_own_record(void **state)
{
	struct rig rig;

	(void)state;
	EACH_POOL(rig, &stage_obey) {
		submit(&rig, 1, "before");
		submit(&rig, 2, "fail");
		submit(&rig, 3, "behind");
		await(&rig, 3);
		expect_ok(&rig, 1, "before");
		expect_failed(&rig, 2, ERROR_EXEC, NULL, "as told");
		expect_ok(&rig, 3, "behind");
	}
}

static void
what_is_under_way_and_what_waits_ends_when_cancelled(void **state)
{
	struct rig rig;
	uint64_t i;

	(void)state;
	EACH_POOL(rig, &stage_obey) {
		if (rig.pool->caps & POOL_INLINE)
			atomic_store(&shared->cancelled, 1);
		for (i = 0; i < 20; i++)
			submit(&rig, i, "wait");
		while (!(rig.pool->caps & POOL_INLINE) &&
		    atomic_load(&shared->begun) < WORKERS)
			pause_briefly();
		atomic_store(&shared->cancelled, 1);
		rig.pool->cancel(rig.self);
		await(&rig, 20);
		for (i = 0; i < 20; i++)
			expect_failed(&rig, i, ERROR_STOPPED, NULL, NULL);
		assert_true(atomic_load(&shared->begun) <= WORKERS);
	}
}

/* What the first n works took together. */
static int64_t
work_us(struct rig *rig, uint64_t n)
{
	int64_t sum = 0;
	uint64_t i;

	for (i = 0; i < n; i++)
		sum += find(rig, i)->ended_us - find(rig, i)->begun_us;
	return sum;
}

static void
a_stage_that_is_not_thread_safe_is_alone_in_its_process(void **state)
{
	struct rig rig;
	int64_t since_us;
	uint64_t i;

	(void)state;
	EACH_POOL(rig, &stage_obey_alone) {
		since_us = clock_us();
		for (i = 0; i < 3; i++)
			submit(&rig, i, "meet");
		await(&rig, 3);
		if (rig.pool->zygote != NULL) {
			assert_int_equal(atomic_load(&shared->most), 2);
			continue;
		}
		assert_int_equal(atomic_load(&shared->most), 1);
		/* Waiting for the others is no work. */
		assert_true(work_us(&rig, 3) <= clock_us() - since_us);
	}
}

static void
others_work_at_the_same_time(void **state)
{
	struct rig rig;
	uint64_t i;

	(void)state;
	EACH_POOL(rig, &stage_obey) {
		for (i = 0; i < 3; i++)
			submit(&rig, i, "meet");
		await(&rig, 3);
		assert_int_equal(atomic_load(&shared->most),
			rig.pool->caps & POOL_INLINE ? 1 : 2);
	}
}

/* --- what only processes can --- */

static void
a_worker_that_dies_costs_the_record_it_was_at(void **state)
{
	static const char *const deaths[] = { "kill", "segv" };
	struct rig rig;
	uint64_t i;

	(void)state;
	rig_start(&rig, &pool_process, &stage_obey);
	for (i = 0; i < 40; i++)
		submit(&rig, i, i % 10 == 5 ? deaths[i / 10 % 2] : "alive");
	await(&rig, 40);
	for (i = 0; i < 40; i++)
		if (i % 10 == 5)
			expect_failed(&rig, i, ERROR_LOCAL, "crashed",
				i / 10 % 2 ? "signal 11" : "signal 9");
		else
			expect_ok(&rig, i, "alive");
	rig_stop(&rig);
}

static void
a_worker_that_hangs_up_is_ended(void **state)
{
	struct rig rig;

	(void)state;
	rig_start(&rig, &pool_process, &stage_obey);
	submit(&rig, 0, "alive");
	submit(&rig, 1, "deaf");
	submit(&rig, 2, "alive");
	await(&rig, 3);
	expect_ok(&rig, 0, "alive");
	expect_failed(&rig, 1, ERROR_LOCAL, "crashed", "signal 9");
	expect_ok(&rig, 2, "alive");
	rig_stop(&rig);
}

static void
without_the_process_that_makes_workers_works_are_not_begun(void **state)
{
	struct rig rig;
	pid_t pids[1];
	uint64_t i;

	(void)state;
	rig_start(&rig, &pool_process, &stage_obey);
	submit(&rig, 0, "alive");
	await(&rig, 1);
	assert_int_equal(zygote_pids(rig.zygote, pids, 1), 1);
	kill(pids[0], SIGKILL);
	for (i = 1; i < 20; i++)
		submit(&rig, i, "wait");
	await(&rig, 20);
	for (i = 1; i < 20; i++)
		expect_failed(&rig, i, ERROR_STOPPED, NULL, NULL);
	assert_int_equal(atomic_load(&rig.n_lost), 1);
	rig_stop(&rig);
}

static void
a_worker_whose_stages_do_not_start_says_so_and_tries_again(void **state)
{
	struct rig rig;
	uint64_t i;

	(void)state;
	rig_start(&rig, &pool_process, &stage_starts);
	for (i = 0; i < 5; i++)
		submit(&rig, i, "hello");
	await(&rig, 5);
	for (i = 0; i < 5; i++)
		expect_failed(&rig, i, ERROR_LOCAL, NULL, "no memory to");
	atomic_store(&shared->able, 1);
	submit(&rig, 5, "hello");
	await(&rig, 6);
	expect_ok(&rig, 5, "hello");
	rig_stop(&rig);
}

static void
await_number(const _Atomic int *number, int expected)
{
	int64_t until = clock_us() + PATIENCE;

	while (atomic_load(number) < expected) {
		if (clock_us() > until)
			fail_msg("%d of %d", atomic_load(number), expected);
		pause_briefly();
	}
}

static void
a_worker_that_dies_idle_is_replaced_for_the_next_work(void **state)
{
	pid_t pids[1 + WORKERS];
	struct rig rig;
	size_t i;

	(void)state;
	rig_start(&rig, &pool_process, &stage_starts);
	atomic_store(&shared->able, 1);
	await_number(&shared->started, WORKERS);
	while (zygote_pids(rig.zygote, pids, 1 + WORKERS) < 1 + WORKERS)
		pause_briefly();
	for (i = 1; i < 1 + WORKERS; i++)
		kill(pids[i], SIGKILL);
	while (zygote_pids(rig.zygote, pids, 1 + WORKERS) > 1)
		pause_briefly();
	submit(&rig, 1, "hello");
	await(&rig, 1);
	/* Or none: it may have been given to one that had just died. */
	assert_in_range(atomic_load(&shared->started), WORKERS, WORKERS + 1);
	rig_stop(&rig);
}

static int
share(void **state)
{
	(void)state;
	shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return shared == MAP_FAILED ? -1 : 0;
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test_setup(a_pool_without_work_ends, share),
	cmocka_unit_test(every_work_comes_back_once_with_its_own_answer),
	cmocka_unit_test(works_may_come_from_many_threads),
	cmocka_unit_test(an_empty_body_is_a_body),
	cmocka_unit_test(a_large_body_is_seen_whole),
	cmocka_unit_test(a_stage_that_fails_fails_its_own_record),
	cmocka_unit_test(what_is_under_way_and_what_waits_ends_when_cancelled),
	cmocka_unit_test(
		a_stage_that_is_not_thread_safe_is_alone_in_its_process),
	cmocka_unit_test(others_work_at_the_same_time),
	cmocka_unit_test(a_worker_that_dies_costs_the_record_it_was_at),
	cmocka_unit_test(a_worker_that_hangs_up_is_ended),
	cmocka_unit_test(
		a_worker_whose_stages_do_not_start_says_so_and_tries_again),
	cmocka_unit_test(a_worker_that_dies_idle_is_replaced_for_the_next_work),
	cmocka_unit_test(
		without_the_process_that_makes_workers_works_are_not_begun),
};

UNIT_MAIN("pool/pools", tests)
