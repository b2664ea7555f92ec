/* SPDX-License-Identifier: MIT */
/*
 * The service: names, the timer and signals, on a thread of its own and on a
 * loop it is attached to, asked from any thread.
 */
#include "config.h"

#include <arpa/inet.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "core/service.h"
#include "net/loop.h"
#include "unit.h"

/* A service that answers *:80 without asking anybody. */
struct stage {
	struct names *names;
	struct service *service;
	struct event_base *base;	/* attached to; NULL: a thread's */
	sem_t timer, signal, answer;
	_Atomic int timers, signals, answers, last_signal;
	int64_t again_at;		/* on_timer() sets it anew */
};

static void
stage_wake(struct stage *stage, sem_t *semaphore)
{
	sem_post(semaphore);
	if (stage->base != NULL)
		event_base_loopbreak(stage->base);
}

static void
on_timer(void *arg)
{
	struct stage *stage = arg;

	stage->timers++;
	if (stage->again_at > 0)
		service_set_timer(stage->service, stage->again_at);
	stage->again_at = 0;
	stage_wake(stage, &stage->timer);
}

static void
on_signal(void *arg, int number)
{
	struct stage *stage = arg;

	stage->signals++;
	stage->last_signal = number;
	stage_wake(stage, &stage->signal);
}

struct question {
	struct service_ask ask;
	struct stage *stage;
	enum names_status status;
};

static void
on_answer(struct service_ask *asked, enum names_status status,
	struct addrs *addrs)
{
	struct question *question = LIST_ENTRY(asked, struct question, ask);
	struct stage *stage = question->stage;

	assert_int_equal(status == NAMES_OK, addrs != NULL);
	question->status = status;
	stage->answers++;
	stage_wake(stage, &stage->answer);
}

static void
question_init(struct question *question, struct stage *stage)
{
	*question = (struct question){
		.stage = stage, .ask.host = "any.test", .ask.host_len = 8,
		.ask.port = 80, .ask.done = on_answer,
		.status = NAMES_PENDING,
	};
}

static void
ask(struct stage *stage, struct question *question)
{
	question_init(question, stage);
	service_look_up(stage->service, &question->ask);
}

/* The address of a name server that never answers. */
static const char *
silent_server(void)
{
	static char text[32];
	static int fd = -1;
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof at;

	if (fd >= 0)
		return text;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)(void *)&at, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)(void *)&at, &len),
		0);
	snprintf(text, sizeof text, "127.0.0.1:%u", ntohs(at.sin_port));
	return text;
}

static void
stage_open(struct stage *stage, int threaded)
{
	static char pin[] = "*:80:127.0.0.1";
	static char *pins[] = { pin };
	struct names_settings settings = {
		.servers = silent_server(), .hosts_path = "/nonexistent",
		.concurrency = 8, .timeout_us = 3600 * CLOCK_SECOND,
		.cache_max = 8,
		.resolve = pins, .n_resolve = 1,
	};
	struct service_hooks hooks = { on_timer, on_signal, stage };
	struct err err = { 0 };

	*stage = (struct stage){ .names = names_new(&settings, &err) };
	sem_init(&stage->timer, 0, 0);
	sem_init(&stage->signal, 0, 0);
	sem_init(&stage->answer, 0, 0);
	if (stage->names == NULL)
		fail_msg("%s", err.text);
	stage->service = service_new(stage->names, &hooks, &err);
	if (stage->service == NULL)
		fail_msg("%s", err.text);
	if (!threaded) {
		stage->base = loop_new(0, &err);
		assert_int_equal(service_attach(stage->service, stage->base,
			&err), 0);
	} else if (service_start(stage->service, &err) != 0) {
		fail_msg("%s", err.text);
	}
}

static void
stage_close(struct stage *stage)
{
	service_stop(stage->service);
	/* Twice is fine. */
	service_stop(stage->service);
	service_free(stage->service);
	names_free(stage->names);
	if (stage->base != NULL)
		event_base_free(stage->base);
}

/* Until `semaphore` was posted; turns the loop where it is ours. */
static void
stage_wait(struct stage *stage, sem_t *semaphore)
{
	if (stage->base == NULL)
		sem_wait(semaphore);
	else
		while (sem_trywait(semaphore) != 0)
			event_base_dispatch(stage->base);
}

static void
names_are_answered(void **state)
{
	struct question questions[3];
	struct stage stage;
	int threaded, i;

	(void)state;
	for (threaded = 0; threaded < 2; threaded++) {
		stage_open(&stage, threaded);
		for (i = 0; i < 3; i++)
			ask(&stage, &questions[i]);
		for (i = 0; i < 3; i++)
			stage_wait(&stage, &stage.answer);
		for (i = 0; i < 3; i++)
			assert_int_equal(questions[i].status, NAMES_OK);
		/* After a rest too. */
		ask(&stage, &questions[0]);
		stage_wait(&stage, &stage.answer);
		stage_close(&stage);
		assert_int_equal(stage.answers, 4);
	}
}

/*
 * A name that nobody answers for, asked for three times, the latest end first;
 * and one that is known at once.
 */
static void
an_answer_is_waited_for_until_its_time(void **state)
{
	static const int64_t waits[] = { 3600 * CLOCK_SECOND, 20 * CLOCK_MS,
		10 * CLOCK_MS, 3600 * CLOCK_SECOND };
	static const enum names_status statuses[] = { NAMES_PENDING,
		NAMES_TIMEOUT, NAMES_TIMEOUT, NAMES_OK };
	struct question questions[4];
	struct stage stage;
	int threaded, i;

	(void)state;
	for (threaded = 0; threaded < 2; threaded++) {
		stage_open(&stage, threaded);
		for (i = 0; i < 4; i++) {
			question_init(&questions[i], &stage);
			questions[i].ask.port = i < 3 ? 81 : 80;
			questions[i].ask.until_us = clock_us() + waits[i];
			service_look_up(stage.service, &questions[i].ask);
		}
		for (i = 0; i < 3; i++)
			stage_wait(&stage, &stage.answer);
		/* The last one is dropped with the service. */
		stage_close(&stage);
		assert_int_equal(stage.answers, 3);
		for (i = 0; i < 4; i++)
			assert_int_equal(questions[i].status, statuses[i]);
	}
}

static void
the_timer_keeps_the_earlier_time(void **state)
{
	struct stage stage;
	int64_t before;
	int threaded;

	(void)state;
	for (threaded = 0; threaded < 2; threaded++) {
		stage_open(&stage, threaded);
		before = clock_us();
		service_set_timer(stage.service, before + 3600 * CLOCK_SECOND);
		service_set_timer(stage.service, before + 20 * CLOCK_MS);
		service_set_timer(stage.service, before + 7200 * CLOCK_SECOND);
		stage_wait(&stage, &stage.timer);
		/* An event loop's idea of now may be some ms old. */
		assert_true(clock_us() - before < 60 * CLOCK_SECOND);
		/* It is spent, and one that is past comes at once. */
		service_set_timer(stage.service, 1);
		stage_wait(&stage, &stage.timer);
		stage_close(&stage);
		assert_int_equal(stage.timers, 2);
	}
}

static void
the_timer_can_be_set_from_its_own_hook(void **state)
{
	struct stage stage;
	int threaded;

	(void)state;
	for (threaded = 0; threaded < 2; threaded++) {
		stage_open(&stage, threaded);
		stage.again_at = clock_us() + 5 * CLOCK_MS;
		service_set_timer(stage.service, clock_us());
		stage_wait(&stage, &stage.timer);
		stage_wait(&stage, &stage.timer);
		stage_close(&stage);
		assert_int_equal(stage.timers, 2);
	}
}

static void
signals_come_as_events(void **state)
{
	struct stage stage;
	int threaded;

	(void)state;
	for (threaded = 0; threaded < 2; threaded++) {
		stage_open(&stage, threaded);
		kill(getpid(), SIGTERM);
		stage_wait(&stage, &stage.signal);
		assert_int_equal(stage.last_signal, SIGTERM);
		kill(getpid(), SIGINT);
		stage_wait(&stage, &stage.signal);
		assert_int_equal(stage.last_signal, SIGINT);
		/* Once it is stopped they can still be asked for. */
		service_stop(stage.service);
		assert_int_equal(service_signal(stage.service), 0);
		kill(getpid(), SIGINT);
		assert_int_equal(poll(&(struct pollfd){
			.fd = service_signal_fd(stage.service),
			.events = POLLIN }, 1, 10000), 1);
		assert_int_equal(service_signal(stage.service), SIGINT);
		assert_int_equal(service_signal(stage.service), 0);
		stage_close(&stage);
		assert_int_equal(stage.signals, 2);
	}
}

static void
the_signal_mask_is_as_it_was(void **state)
{
	struct stage stage;
	sigset_t now;

	(void)state;
	stage_open(&stage, 1);
	pthread_sigmask(SIG_BLOCK, NULL, &now);
	assert_true(sigismember(&now, SIGINT));
	assert_true(sigismember(&now, SIGTERM));
	stage_close(&stage);
	pthread_sigmask(SIG_BLOCK, NULL, &now);
	assert_false(sigismember(&now, SIGINT));
	assert_false(sigismember(&now, SIGTERM));
}

static void
what_is_not_answered_at_the_end_is_dropped(void **state)
{
	struct question questions[4];
	struct stage stage;
	int i;

	(void)state;
	stage_open(&stage, 0);
	for (i = 0; i < 4; i++)
		ask(&stage, &questions[i]);
	stage_close(&stage);
	assert_int_equal(stage.answers, 0);
}

#define THREADS 4
#define EACH 500

struct asker {
	struct stage *stage;
	pthread_t thread;
	struct question questions[EACH];
};

static void *
ask_many(void *arg)
{
	struct asker *asker = arg;
	int i;

	for (i = 0; i < EACH; i++) {
		ask(asker->stage, &asker->questions[i]);
		service_set_timer(asker->stage->service, clock_us());
	}
	return NULL;
}

static void
every_thread_may_ask(void **state)
{
	struct asker *askers = mem_array(THREADS, sizeof *askers);
	struct stage stage;
	int threaded, i;

	(void)state;
	for (threaded = 0; threaded < 2; threaded++) {
		stage_open(&stage, threaded);
		for (i = 0; i < THREADS; i++) {
			askers[i].stage = &stage;
			assert_int_equal(pthread_create(&askers[i].thread,
				NULL, ask_many, &askers[i]), 0);
		}
		for (i = 0; i < THREADS * EACH; i++)
			stage_wait(&stage, &stage.answer);
		for (i = 0; i < THREADS; i++)
			pthread_join(askers[i].thread, NULL);
		stage_wait(&stage, &stage.timer);
		stage_close(&stage);
		assert_int_equal(stage.answers, THREADS * EACH);
	}
	free(askers);
}

/* As the ledger's thread does when its disk is full at the very end. */
static void
the_timer_may_be_set_while_it_stops(void **state)
{
	struct asker *asker = mem_array(1, sizeof *asker);
	struct stage stage;
	int threaded, i;

	(void)state;
	for (threaded = 0; threaded < 2; threaded++)
		for (i = 0; i < 20; i++) {
			stage_open(&stage, threaded);
			asker->stage = &stage;
			assert_int_equal(pthread_create(&asker->thread, NULL,
				ask_many, asker), 0);
			service_stop(stage.service);
			pthread_join(asker->thread, NULL);
			stage_close(&stage);
		}
	free(asker);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(names_are_answered),
	cmocka_unit_test(an_answer_is_waited_for_until_its_time),
	cmocka_unit_test(the_timer_keeps_the_earlier_time),
	cmocka_unit_test(the_timer_can_be_set_from_its_own_hook),
	cmocka_unit_test(signals_come_as_events),
	cmocka_unit_test(the_signal_mask_is_as_it_was),
	cmocka_unit_test(what_is_not_answered_at_the_end_is_dropped),
	cmocka_unit_test(every_thread_may_ask),
	cmocka_unit_test(the_timer_may_be_set_while_it_stops),
};

UNIT_MAIN("core/service", tests)
