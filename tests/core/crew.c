/* SPDX-License-Identifier: MIT */
/*
 * crew -- every task comes back once, whatever becomes of the process that was
 * at it, and costs no other one. The clock stands still unless a test moves
 * it, so a time of grace is over when the test says so, and tasks end when
 * they are let through a gate.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "core/crew.h"
#include "core/zygote.h"
#include "net/packet.h"
#include "unit.h"

#define LEN(array) (sizeof(array) / sizeof *(array))
#define TASKS 200
#define GIVERS 4
#define LARGE (1u << 20)	/* more than a socket takes */

/* --- the clock, in place of the library's --- */

static _Atomic int64_t now_us = CLOCK_SECOND;

int64_t
clock_us(void)
{
	return now_us;
}

/* Of the same object; nobody here asks. */
int64_t
clock_wall_us(void)
{
	return now_us;
}

/* --- in a worker --- */

enum what {
	ECHO,			/* answers with the request */
	COUNT,			/* with how many descriptors it has */
	GATED,			/* waits at the gate; so do these: */
	KILLED, EXITS, LIES,
	DEAF,			/* lives on without its socket */
};

static void
pass_gate(const struct packet *request)
{
	char byte;

	if (read(request->fds[0], &byte, 1) != 1)
		_exit(1);
}

static int
count_descriptors(void)
{
	int fd, n = 0;

	for (fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void
perform(void *self, const struct packet *request, struct packet *answer)
{
	enum what what = request->kind;

	(void)self;
	if (what >= GATED)
		pass_gate(request);
	answer->number = request->number;
	answer->value = what == COUNT ? count_descriptors() : (int)getpid();
	buf_add(&answer->bytes, request->bytes.data, request->bytes.len);
	switch (what) {
	case ECHO:
	case COUNT:
	case GATED:
		break;
	case LIES:
		answer->number++;
		break;
	case KILLED:
		raise(SIGKILL);
		break;
	case EXITS:
		_exit(7);
	case DEAF:
		close_range(STDERR_FILENO + 1, ~0u, 0);
		for (;;)
			pause();
	}
}

static void
live(struct zygote_child *child)
{
	crew_serve(child, perform, NULL);
}

static const struct zygote_role role = { .tls = TLS_SHARED, .live = live };

/* --- the tasks and what came back --- */

enum how { ANSWERED, LOST, DROPPED };

struct task {
	struct list node;
	uint32_t id;
	enum what what;
	size_t len;		/* of its text */
};

struct back {
	uint32_t id;
	enum how how;
	int value;		/* the answer's, or a status */
	int asked;		/* how many had been by then */
};

struct rig {
	struct zygote *zygote;
	struct crew *crew;
	int gate[2];
	struct task tasks[TASKS];
	size_t behind;		/* to be given when the first one is asked */
	sem_t asked, came;
	pthread_mutex_t lock;	/* all below */
	struct back back[TASKS + 1];
	int n_back, n_asked;
	int n_gone, gone_at;	/* how many were back by then */
};

static char text[LARGE];

static struct task *
task_of(struct list *node)
{
	return LIST_ENTRY(node, struct task, node);
}

static void
on_ask(void *arg, struct list *node, struct packet *request)
{
	struct task *task = task_of(node);
	struct rig *rig = arg;
	size_t i, behind;

	request->kind = (uint32_t)task->what;
	request->number = task->id;
	buf_add(&request->bytes, text, task->len);
	request->fds[request->n_fds++] = rig->gate[0];
	pthread_mutex_lock(&rig->lock);
	rig->n_asked++;
	behind = rig->behind;
	rig->behind = 0;
	pthread_mutex_unlock(&rig->lock);
	for (i = 1; i <= behind; i++)
		crew_give(rig->crew, &rig->tasks[i].node);
	sem_post(&rig->asked);
}

static void
come_back(struct rig *rig, const struct task *task, enum how how, int value)
{
	pthread_mutex_lock(&rig->lock);
	if (rig->n_back < TASKS)
		rig->back[rig->n_back++] = (struct back){
			task->id, how, value, rig->n_asked,
		};
	pthread_mutex_unlock(&rig->lock);
	sem_post(&rig->came);
}

static int
on_answered(void *arg, struct list *node, const struct packet *answer)
{
	const struct task *task = task_of(node);

	if (answer->number != task->id || answer->bytes.len != task->len ||
	    memcmp(buf_text(&answer->bytes), text, task->len) != 0)
		return -1;
	come_back(arg, task, ANSWERED, answer->value);
	return 0;
}

static void
on_lost(void *arg, struct list *node, int status)
{
	come_back(arg, task_of(node), LOST, status);
}

static void
on_dropped(void *arg, struct list *node)
{
	come_back(arg, task_of(node), DROPPED, 0);
}

static void
on_gone(void *arg)
{
	struct rig *rig = arg;

	pthread_mutex_lock(&rig->lock);
	rig->n_gone++;
	rig->gone_at = rig->n_back;
	pthread_mutex_unlock(&rig->lock);
}

/* --- around it --- */

static void
rig_open(struct rig *rig, size_t workers)
{
	struct crew_hooks hooks = { on_ask, on_answered, on_lost, on_dropped,
		on_gone, rig };
	struct err err = { 0 };
	uint32_t i;

	memset(rig, 0, sizeof *rig);
	assert_int_equal(pipe2(rig->gate, O_CLOEXEC), 0);
	for (i = 0; i < TASKS; i++)
		rig->tasks[i].id = i;
	sem_init(&rig->asked, 0, 0);
	sem_init(&rig->came, 0, 0);
	pthread_mutex_init(&rig->lock, NULL);
	rig->zygote = zygote_new(&(struct zygote_args){
		.role = &role, .n_slots = workers,
	}, &err);
	if (rig->zygote == NULL)
		fail_msg("%s", err.text);
	rig->crew = crew_new(rig->zygote, workers, &hooks, &err);
	if (rig->crew == NULL)
		fail_msg("%s", err.text);
}

static void
rig_close(struct rig *rig)
{
	crew_free(rig->crew);
	zygote_free(rig->zygote);
	close(rig->gate[0]);
	close(rig->gate[1]);
	sem_destroy(&rig->asked);
	sem_destroy(&rig->came);
	pthread_mutex_destroy(&rig->lock);
}

static void
await(sem_t *sem, int n)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 60;
	while (n > 0)
		if (sem_timedwait(sem, &until) == 0)
			n--;
		else if (errno != EINTR)
			fail_msg("%d more should have come", n);
}

static void
let_through(const struct rig *rig, size_t n)
{
	assert_int_equal(write(rig->gate[1], text, n), n);
}

/* The first task, and so many behind it that are all in the queue before
 * another one is asked. */
static void
give_at_once(struct rig *rig, size_t behind)
{
	rig->behind = behind;
	crew_give(rig->crew, &rig->tasks[0].node);
}

static void
assert_back(const struct rig *rig, int at, uint32_t id, enum how how)
{
	const struct back *back = &rig->back[at];

	if (back->id != id || back->how != how)
		fail_msg("task %d came %d, in how %d", (int)back->id, at,
			(int)back->how);
}

/* --- what it promises --- */

static void
a_request_is_answered_whatever_its_length(void **state)
{
	static const size_t lens[] = { 0, 1, PACKET_INLINE, PACKET_INLINE + 1,
		LARGE };
	static struct rig rig;
	size_t i;

	(void)state;
	rig_open(&rig, 1);
	for (i = 0; i < LEN(lens); i++) {
		rig.tasks[i].len = lens[i];
		crew_give(rig.crew, &rig.tasks[i].node);
	}
	await(&rig.came, LEN(lens));
	for (i = 0; i < LEN(lens); i++)
		assert_back(&rig, (int)i, (uint32_t)i, ANSWERED);
	rig_close(&rig);
}

struct giver {
	struct rig *rig;
	size_t from;
};

static void *
giver_main(void *arg)
{
	struct giver *giver = arg;
	size_t i;

	for (i = 0; i < TASKS / GIVERS; i++)
		crew_give(giver->rig->crew,
			&giver->rig->tasks[giver->from + i].node);
	return NULL;
}

static void
any_thread_gives_and_each_task_comes_back_once(void **state)
{
	struct giver givers[GIVERS];
	pthread_t threads[GIVERS];
	int times[TASKS] = { 0 };
	static struct rig rig;
	size_t i;

	(void)state;
	rig_open(&rig, 3);
	for (i = 0; i < GIVERS; i++) {
		givers[i] = (struct giver){ &rig, i * (TASKS / GIVERS) };
		assert_int_equal(pthread_create(&threads[i], NULL, giver_main,
			&givers[i]), 0);
	}
	for (i = 0; i < GIVERS; i++)
		pthread_join(threads[i], NULL);
	await(&rig.came, TASKS);
	for (i = 0; i < TASKS; i++) {
		assert_int_equal(rig.back[i].how, ANSWERED);
		times[rig.back[i].id]++;
	}
	for (i = 0; i < TASKS; i++)
		assert_int_equal(times[i], 1);
	rig_close(&rig);
}

static void
each_has_one_at_hand_and_one_waiting(void **state)
{
	static struct rig rig;
	int i;

	(void)state;
	rig_open(&rig, 1);
	for (i = 0; i < 5; i++)
		rig.tasks[i].what = GATED;
	give_at_once(&rig, 4);
	await(&rig.asked, 2);
	let_through(&rig, 5);
	await(&rig.came, 5);
	assert_int_equal(rig.back[0].asked, 2);
	for (i = 0; i < 5; i++)
		assert_back(&rig, i, (uint32_t)i, ANSWERED);
	rig_close(&rig);
}

static void
who_is_idle_comes_first(void **state)
{
	static struct rig rig;
	int i, j;

	(void)state;
	rig_open(&rig, 3);
	for (i = 0; i < 3; i++)
		rig.tasks[i].what = GATED;
	give_at_once(&rig, 2);
	await(&rig.asked, 3);
	let_through(&rig, 3);
	await(&rig.came, 3);
	for (i = 0; i < 3; i++)
		for (j = 0; j < i; j++)
			assert_int_not_equal(rig.back[i].value,
				rig.back[j].value);
	rig_close(&rig);
}

static void
a_death_costs_the_task_it_was_at_and_no_other(void **state)
{
	static const struct {
		const char *note;
		enum what what;
		int status;
	} cases[] = {
		{ "killed", KILLED, SIGKILL },
		{ "ended", EXITS, 7 << 8 },
		{ "its answer is none", LIES, SIGKILL },
		{ "it cannot answer", DEAF, SIGKILL },
	};
	static struct rig rig;
	size_t i;
	int k;

	(void)state;
	for (i = 0; i < LEN(cases); i++) {
		rig_open(&rig, 1);
		rig.tasks[0].what = rig.tasks[3].what = cases[i].what;
		give_at_once(&rig, 5);
		/* One waits where the first one is. */
		await(&rig.asked, 2);
		let_through(&rig, 2);
		await(&rig.came, 6);
		for (k = 0; k < 6; k++)
			assert_back(&rig, k, (uint32_t)k,
				k % 3 == 0 ? LOST : ANSWERED);
		if (rig.back[0].value != cases[i].status ||
		    rig.back[3].value != cases[i].status)
			fail_msg("%s: status %x", cases[i].note,
				(unsigned)rig.back[0].value);
		/* Each time by another process. */
		assert_int_equal(rig.back[1].value, rig.back[2].value);
		assert_int_equal(rig.back[4].value, rig.back[5].value);
		assert_int_not_equal(rig.back[1].value, rig.back[4].value);
		rig_close(&rig);
	}
}

static void
who_died_is_replaced_before_a_task_waits(void **state)
{
	static struct rig rig;

	(void)state;
	rig_open(&rig, 2);
	rig.tasks[0].what = EXITS;
	rig.tasks[1].what = GATED;
	crew_give(rig.crew, &rig.tasks[0].node);
	let_through(&rig, 1);
	await(&rig.came, 1);
	crew_give(rig.crew, &rig.tasks[1].node);
	crew_give(rig.crew, &rig.tasks[2].node);
	await(&rig.came, 1);
	assert_back(&rig, 1, 2, ANSWERED);
	let_through(&rig, 1);
	await(&rig.came, 1);
	rig_close(&rig);
}

static void
the_requests_descriptors_stay_the_tasks(void **state)
{
	static struct rig rig;
	int i;

	(void)state;
	rig_open(&rig, 1);
	for (i = 0; i < 3; i++) {
		rig.tasks[i].what = COUNT;
		crew_give(rig.crew, &rig.tasks[i].node);
	}
	await(&rig.came, 3);
	assert_true(fcntl(rig.gate[0], F_GETFD) >= 0);
	/* And the worker's are closed when it has answered. */
	assert_int_equal(rig.back[1].value, rig.back[0].value);
	assert_int_equal(rig.back[2].value, rig.back[0].value);
	rig_close(&rig);
}

/* Two are with a worker, three are not; the first to come back was before. */
static void
cancel(struct rig *rig)
{
	rig_open(rig, 1);
	crew_give(rig->crew, &rig->tasks[9].node);
	await(&rig->asked, 1);
	await(&rig->came, 1);
	rig->tasks[0].what = rig->tasks[1].what = GATED;
	give_at_once(rig, 4);
	await(&rig->asked, 2);
	crew_cancel(rig->crew);
	await(&rig->came, 3);
	assert_back(rig, 1, 2, DROPPED);
	assert_back(rig, 2, 3, DROPPED);
	assert_back(rig, 3, 4, DROPPED);
}

static void
cancelled_workers_may_end_by_themselves(void **state)
{
	static struct rig rig;

	(void)state;
	cancel(&rig);
	let_through(&rig, 2);
	await(&rig.came, 2);
	assert_back(&rig, 4, 0, ANSWERED);
	assert_back(&rig, 5, 1, ANSWERED);
	/* What comes too late comes back too. */
	crew_give(rig.crew, &rig.tasks[5].node);
	await(&rig.came, 1);
	assert_back(&rig, 6, 5, DROPPED);
	rig_close(&rig);
}

static void
those_that_do_not_are_killed(void **state)
{
	static struct rig rig;
	time_t until = time(NULL) + 60;
	pid_t pid;

	(void)state;
	cancel(&rig);
	pid = zygote_pid(rig.zygote, 0);
	assert_true(pid > 0);
	now_us += CLOCK_SECOND;
	/* Again gives no more time. */
	crew_cancel(rig.crew);
	await(&rig.came, 2);
	assert_back(&rig, 4, 0, DROPPED);
	assert_back(&rig, 5, 1, DROPPED);
	while (zygote_pid(rig.zygote, 0) == pid)
		if (time(NULL) > until)
			fail_msg("the worker lives");
		else
			sched_yield();
	crew_free(rig.crew);
	rig.crew = NULL;
	/* Its death was nobody's loss. */
	assert_int_equal(rig.n_back, 6);
	rig_close(&rig);
}

static void
kill_zygote(const struct rig *rig)
{
	siginfo_t info;
	pid_t pid;

	assert_true(zygote_pids(rig->zygote, &pid, 1) == 1);
	assert_int_equal(kill(pid, SIGKILL), 0);
	/* It is the zygote's to wait for. */
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT),
		0);
}

static void
without_a_zygote_all_tasks_are_dropped(void **state)
{
	static struct rig rig;
	int i;

	(void)state;
	rig_open(&rig, 1);
	rig.tasks[0].what = rig.tasks[1].what = GATED;
	give_at_once(&rig, 3);
	await(&rig.asked, 2);
	kill_zygote(&rig);
	await(&rig.came, 4);
	for (i = 0; i < 4; i++)
		assert_back(&rig, i, (uint32_t)i, DROPPED);
	assert_int_equal(rig.n_gone, 1);
	assert_int_equal(rig.gone_at, 0);
	/* It is said once, and tasks that come now are dropped as well. */
	crew_give(rig.crew, &rig.tasks[4].node);
	await(&rig.came, 1);
	assert_back(&rig, 4, 4, DROPPED);
	assert_int_equal(rig.n_gone, 1);
	rig_close(&rig);
}

static void
nobody_is_told_that_it_is_gone_who_has_no_task(void **state)
{
	static struct rig rig;

	(void)state;
	rig_open(&rig, 1);
	crew_give(rig.crew, &rig.tasks[0].node);
	await(&rig.came, 1);
	kill_zygote(&rig);
	crew_free(rig.crew);
	rig.crew = NULL;
	assert_int_equal(rig.n_gone, 0);
	rig_close(&rig);
}

static void
workers_end_when_nobody_asks_any_more(void **state)
{
	static struct rig rig;
	struct zygote_event event;
	enum packet_status status;
	int ends;

	(void)state;
	rig_open(&rig, 2);
	rig.tasks[0].what = rig.tasks[1].what = GATED;
	give_at_once(&rig, 1);
	await(&rig.asked, 2);
	let_through(&rig, 2);
	await(&rig.came, 2);
	crew_free(rig.crew);
	rig.crew = NULL;
	for (ends = 0; ends < 2; ) {
		status = zygote_next(rig.zygote, &event);
		assert_int_not_equal(status, PACKET_GONE);
		if (status == PACKET_AGAIN) {
			sched_yield();
			continue;
		}
		assert_int_equal(event.kind, ZYGOTE_EXIT);
		assert_int_equal(event.value, 0);
		ends++;
	}
	crew_free(NULL);
	rig_close(&rig);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(a_request_is_answered_whatever_its_length),
	cmocka_unit_test(any_thread_gives_and_each_task_comes_back_once),
	cmocka_unit_test(each_has_one_at_hand_and_one_waiting),
	cmocka_unit_test(who_is_idle_comes_first),
	cmocka_unit_test(a_death_costs_the_task_it_was_at_and_no_other),
	cmocka_unit_test(who_died_is_replaced_before_a_task_waits),
	cmocka_unit_test(the_requests_descriptors_stay_the_tasks),
	cmocka_unit_test(cancelled_workers_may_end_by_themselves),
	cmocka_unit_test(those_that_do_not_are_killed),
	cmocka_unit_test(without_a_zygote_all_tasks_are_dropped),
	cmocka_unit_test(nobody_is_told_that_it_is_gone_who_has_no_task),
	cmocka_unit_test(workers_end_when_nobody_asks_any_more),
};

UNIT_MAIN("core/crew", tests)
