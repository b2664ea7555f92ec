/* SPDX-License-Identifier: MIT */
/*
 * thread-pool -- `-c` threads, each fetching the next job until none is left.
 *
 * The yardstick for "just use threads": no thread is made per URL and each
 * keeps its connections warm. Past a few hundred threads, choose async.
 */
#include "config.h"

#include <pthread.h>
#include <stdint.h>

#include "base/mem.h"
#include "core/blocking.h"
#include "core/job.h"
#include "core/run.h"
#include "core/threads.h"
#include "net/perform.h"
#include "opt/opt.h"
#include "strategy/family.h"

struct thread_pool_settings {
	uint64_t stack;
};

/* One of the pool. */
struct thread_pool_worker {
	pthread_t thread;
	struct run *run;
	struct performer *performer;
};

static void *
thread_pool_work(void *arg)
{
	struct thread_pool_worker *worker = arg;
	struct job *job;

	while (run_take(worker->run, &job) == RUN_JOB) {
		perform(worker->performer, &job->fetch);
		run_done(worker->run, job);
	}
	performer_give_back(worker->performer);
	return NULL;
}

/* Fewer threads than asked for is a slower run, not a failed one. */
static size_t
thread_pool_start(struct thread_pool_worker *workers, struct threads *threads,
	struct blocking *blocking)
{
	struct thread_pool_worker *worker;
	size_t n;

	for (n = 0; n < threads->max; n++) {
		worker = &workers[n];
		worker->run = blocking->run;
		worker->performer = performer_borrow(blocking->group, NULL);
		if (worker->performer == NULL)
			break;
		if (threads_start(threads, n, &worker->thread,
		    thread_pool_work, worker) != 0) {
			performer_give_back(worker->performer);
			break;
		}
	}
	return n;
}

/* With no thread to be had the caller's own is the pool. */
static int
thread_pool_work_alone(struct blocking *blocking, struct err *err)
{
	struct thread_pool_worker worker = {
		.run = blocking->run,
		.performer = performer_borrow(blocking->group, err),
	};

	if (worker.performer == NULL)
		return -1;
	thread_pool_work(&worker);
	return 0;
}

static int
thread_pool_fetch_all(struct threads *threads, struct blocking *blocking,
	struct err *err)
{
	struct thread_pool_worker *workers =
		mem_array(threads->wanted, sizeof *workers);
	size_t n = thread_pool_start(workers, threads, blocking);
	int rc = 0;

	if (n == 0)
		rc = thread_pool_work_alone(blocking, err);
	while (n > 0)
		pthread_join(workers[--n].thread, NULL);
	free(workers);
	return rc;
}

static int
thread_pool_run(struct run *run, const void *settings, struct err *err)
{
	const struct thread_pool_settings *own = settings;
	struct blocking blocking;
	struct threads threads;
	int rc;

	if (blocking_open(&blocking, run, err) != 0)
		return -1;
	threads_init(&threads, run_concurrency(run), own->stack);
	rc = thread_pool_fetch_all(&threads, &blocking, err);
	threads_release(&threads);
	blocking_close(&blocking);
	return rc;
}

/* clang-format off */
static const struct opt thread_pool_rows[] = {
	{ .name = "thread-pool-stack", .type = &opt_size,
	  .off = OPT_AT(struct thread_pool_settings, stack, uint64_t),
	  .arg = "SIZE", .dflt = "256KiB", .min = 64 * 1024,
	  .max = 1024 * 1024 * 1024, .flags = OPT_EXPERT,
	  .brief = "stack of each thread of thread-pool",
	  .notes = "As --thread-stack, for the threads of the pool." },
};
/* clang-format on */

static const struct opt_set thread_pool_set = {
	.name = "thread-pool", .title = "Strategy thread-pool",
	OPT_ROWS(thread_pool_rows),
	.settings_size = sizeof(struct thread_pool_settings),
};

const struct strategy strategy_thread_pool = {
	.name = "thread-pool",
	.brief = "-c threads, each taking the next URL",
	.notes = "A fixed set of threads with blocking fetches, each with "
		"connections of its own. Uses all CPUs, and costs a stack and "
		"a switch between threads for every wait.",
	.files = PERFORM_FILES,
	.opts = &thread_pool_set,
	.run = thread_pool_run,
};
