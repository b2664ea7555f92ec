/* SPDX-License-Identifier: MIT */
/*
 * thread -- a new thread for every fetch, at most `-c` alive.
 *
 * The simplest way to wait for many servers at once. libcurl's handle is not
 * the thread's own but borrowed, so that connections live longer than threads
 * do; thread-pool saves making the threads as well.
 */
#include "config.h"

#include <pthread.h>
#include <stdint.h>

#include "base/list.h"
#include "base/mem.h"
#include "core/blocking.h"
#include "core/job.h"
#include "core/run.h"
#include "core/threads.h"
#include "net/perform.h"
#include "opt/opt.h"
#include "strategy/family.h"

struct thread_settings {
	uint64_t stack;
};

/* The threads of a run, as the one that starts them sees them. */
struct thread_crew {
	struct run *run;
	struct perform_group *group;
	struct threads threads;
	size_t alive;		/* started and not joined; the starter's */
	pthread_mutex_t lock;	/* all below */
	pthread_cond_t change;
	struct list ended;	/* fetches whose threads are to be joined */
};

/* One thread's fetch. */
struct thread_fetch {
	struct list node;
	pthread_t thread;
	struct thread_crew *crew;
	struct performer *performer;
	struct job *job;
};

static void
thread_perform(struct thread_fetch *fetch)
{
	perform(fetch->performer, &fetch->job->fetch);
	performer_give_back(fetch->performer);
	run_done(fetch->crew->run, fetch->job);
}

static void *
thread_main(void *arg)
{
	struct thread_fetch *fetch = arg;
	struct thread_crew *crew = fetch->crew;

	thread_perform(fetch);
	pthread_mutex_lock(&crew->lock);
	list_push(&crew->ended, &fetch->node);
	pthread_cond_signal(&crew->change);
	pthread_mutex_unlock(&crew->lock);
	return NULL;
}

static void
thread_join(struct thread_crew *crew, struct list *ended)
{
	struct thread_fetch *fetch;
	struct list *node;

	while ((node = list_pop(ended)) != NULL) {
		fetch = LIST_ENTRY(node, struct thread_fetch, node);
		pthread_join(fetch->thread, NULL);
		free(fetch);
		crew->alive--;
	}
}

/* Joins all that have ended, and waits until `most` are alive at most. */
static void
thread_await(struct thread_crew *crew, size_t most)
{
	struct list ended;

	list_init(&ended);
	do {
		pthread_mutex_lock(&crew->lock);
		while (crew->alive > most && list_empty(&crew->ended))
			pthread_cond_wait(&crew->change, &crew->lock);
		list_splice(&ended, &crew->ended);
		pthread_mutex_unlock(&crew->lock);
		thread_join(crew, &ended);
	} while (crew->alive > most);
}

/*
 * Fewer threads than asked for is a slower run, not a failed one: the job
 * waits for one to end, or is fetched right here when there is none.
 */
static void
thread_start(struct thread_crew *crew, struct thread_fetch *fetch)
{
	while (threads_start(&crew->threads, crew->alive, &fetch->thread,
	    thread_main, fetch) != 0) {
		if (crew->alive == 0) {
			thread_perform(fetch);
			free(fetch);
			return;
		}
		thread_await(crew, crew->alive - 1);
	}
	crew->alive++;
}

static int
thread_fetch_all(struct thread_crew *crew, struct err *err)
{
	struct performer *performer;
	struct thread_fetch *fetch;
	struct job *job;

	for (;;) {
		thread_await(crew, crew->threads.max - 1);
		performer = performer_borrow(crew->group, err);
		if (performer == NULL)
			return -1;
		if (run_take(crew->run, &job) != RUN_JOB)
			break;
		fetch = mem_array(1, sizeof *fetch);
		fetch->crew = crew;
		fetch->performer = performer;
		fetch->job = job;
		thread_start(crew, fetch);
	}
	performer_give_back(performer);
	return 0;
}

static int
thread_run(struct run *run, const void *settings, struct err *err)
{
	const struct thread_settings *own = settings;
	struct thread_crew crew = { .run = run };
	struct blocking blocking;
	int rc;

	if (blocking_open(&blocking, run, err) != 0)
		return -1;
	crew.group = blocking.group;
	threads_init(&crew.threads, run_concurrency(run), own->stack);
	pthread_mutex_init(&crew.lock, NULL);
	pthread_cond_init(&crew.change, NULL);
	list_init(&crew.ended);
	rc = thread_fetch_all(&crew, err);
	thread_await(&crew, 0);
	pthread_cond_destroy(&crew.change);
	pthread_mutex_destroy(&crew.lock);
	threads_release(&crew.threads);
	blocking_close(&blocking);
	return rc;
}

/* clang-format off */
static const struct opt thread_rows[] = {
	{ .name = "thread-stack", .type = &opt_size,
	  .off = OPT_AT(struct thread_settings, stack, uint64_t),
	  .arg = "SIZE", .dflt = "256KiB", .min = 64 * 1024,
	  .max = 1024 * 1024 * 1024, .flags = OPT_EXPERT,
	  .brief = "stack of each thread of thread",
	  .notes = "Address space rather than memory: only the pages that "
		"are used count. TLS with unusual settings may need more." },
};
/* clang-format on */

static const struct opt_set thread_set = {
	.name = "thread", .title = "Strategy thread", OPT_ROWS(thread_rows),
	.settings_size = sizeof(struct thread_settings),
};

const struct strategy strategy_thread = {
	.name = "thread",
	.brief = "one thread per fetch, at most -c alive",
	.notes = "A thread is made for every fetch and ends with it; handles "
		"and their connections are handed on. The simplest way to "
		"wait for many servers, and what making threads costs.",
	.files = PERFORM_FILES,
	.opts = &thread_set,
	.run = thread_run,
};
