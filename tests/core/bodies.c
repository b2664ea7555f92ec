/* SPDX-License-Identifier: MIT */
/*
 * bodies -- as many as there may be files for, in memory or in the output
 * folder, and whoever found no room hears of it once.
 */
#include "config.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "core/bodies.h"
#include "core/body.h"
#include "core/budget.h"
#include "core/naming.h"
#include "core/run.h"
#include "unit.h"

#define MIB ((uint64_t)1 << 20)
#define ROUNDS 20000
#define MANY 10000

static const struct run_settings plain = {
	.keep = RUN_KEEP_GOOD, .buffer = 64 * MIB, .jobs = 2,
};

static struct bodies *
bodies_of(const struct run_settings *settings, size_t concurrency)
{
	struct err err = { 0 };
	struct bodies *bodies = bodies_new(settings, concurrency, &err);

	if (bodies == NULL)
		fail_msg("%s", err.text);
	return bodies;
}

/* Takes all there are; how many that was. */
static size_t
take_all(struct bodies *bodies, struct body *taken[MANY])
{
	size_t n = 0;

	while (n < MANY && bodies_admits(bodies, 0) &&
	    (taken[n] = body_new(bodies_store(bodies))) != NULL)
		n++;
	return n;
}

static void
free_all(struct body *taken[MANY], size_t n)
{
	while (n > 0)
		body_free(taken[--n]);
}

static void
files_that_may_be_open_limit_them(void **state)
{
	static const struct {
		const char *note;
		size_t concurrency;
		rlim_t files;
		unsigned keep;
		size_t least, most;
	} cases[] = {
		{ "many files", 10, 20000, RUN_KEEP_GOOD, 3000, 4000 },
		{ "few files", 10, 256, RUN_KEEP_GOOD, 22, 200 },
		{ "fewer than what is under way needs", 100, 64,
			RUN_KEEP_GOOD, 202, 202 },
		/* Stages have a limit of their own, core/stages'. */
		{ "stages only", 10, 64, 0, 1000, 1100 },
	};
	static struct body *taken[MANY];
	struct run_settings settings = plain;
	struct rlimit before, limit;
	struct bodies *bodies;
	size_t i, n;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		limit = before;
		limit.rlim_cur = cases[i].files < limit.rlim_max ?
			cases[i].files : limit.rlim_max;
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
		settings.keep = cases[i].keep;
		bodies = bodies_of(&settings, cases[i].concurrency);
		n = take_all(bodies, taken);
		if (n < cases[i].least || n > cases[i].most)
			fail_msg("%s: %zu", cases[i].note, n);
		assert_false(bodies_admits(bodies, 0));
		free_all(taken, n);
		assert_true(bodies_admits(bodies, 0));
		bodies_free(bodies);
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	}
}

static void
without_a_fetch_there_are_none_and_always_room(void **state)
{
	const struct run_settings settings = { .no_fetch = 1, .buffer = MIB };
	struct bodies *bodies = bodies_of(&settings, 1);

	(void)state;
	assert_null(bodies_store(bodies));
	assert_true(bodies_admits(bodies, 0));
	bodies_free(bodies);
	bodies_free(NULL);
}

static struct body *
body_of(struct bodies *bodies, size_t n)
{
	struct body *body = body_new(bodies_store(bodies));
	static const char piece[16384];
	size_t part;

	for (; n > 0; n -= part) {
		part = n < sizeof piece ? n : sizeof piece;
		assert_int_equal(body_write(body, piece, part), 0);
	}
	return body;
}

static void
a_body_that_becomes_a_file_is_one_early_and_where_it_stays(void **state)
{
	char folder[] = "/tmp/fetchall-bodies-XXXXXX";
	struct naming naming = { .folder = folder };
	struct run_settings settings = plain;
	struct stat st, root;
	struct bodies *bodies;
	struct body *body;

	(void)state;
	assert_non_null(mkdtemp(folder));
	assert_int_equal(stat(folder, &root), 0);
	settings.naming = &naming;
	bodies = bodies_of(&settings, 1);
	body = body_of(bodies, MIB);
	assert_int_equal(body_fd(body), -1);
	body_free(body);
	body = body_of(bodies, MIB + 1);
	assert_true(body_fd(body) >= 0);
	assert_int_equal(fstat(body_fd(body), &st), 0);
	assert_int_equal(st.st_dev, root.st_dev);
	assert_int_equal(st.st_mode & 0777, 0666 & ~umask(022));
	umask(022);
	body_free(body);
	bodies_free(bodies);

	/* Who wants bodies and no files has them in memory. */
	settings.naming = NULL;
	bodies = bodies_of(&settings, 1);
	body = body_of(bodies, 3 * MIB);
	assert_int_equal(body_fd(body), -1);
	body_free(body);
	bodies_free(bodies);
	assert_int_equal(rmdir(folder), 0);
}

/* A disk is larger than memory: what becomes a file there keeps nobody from
 * coming. Files that are for a while only are to stay few. */
static void
files_to_stay_are_no_burden(void **state)
{
	static const struct naming naming = { .folder = "/tmp" };
	struct run_settings settings = plain;
	struct bodies *bodies;
	struct body *body;
	int stay;

	(void)state;
	settings.buffer = MIB;
	for (stay = 0; stay < 2; stay++) {
		settings.naming = stay ? &naming : NULL;
		bodies = bodies_of(&settings, 4);
		body = body_of(bodies, 20 * MIB);
		assert_true(body_fd(body) >= 0);
		assert_int_equal(bodies_admits(bodies, 0), stay);
		assert_int_equal(budget_held(bodies_budget(bodies)), 0);
		body_free(body);
		bodies_free(bodies);
	}
}

static void
who_was_refused_is_told_of_room_once(void **state)
{
	static struct body *taken[MANY];
	struct bodies *bodies = bodies_of(&plain, 1);
	size_t n;

	(void)state;
	assert_false(bodies_made_room(bodies));
	n = take_all(bodies, taken);
	assert_false(bodies_admits(bodies, 0));
	body_free(taken[--n]);
	assert_true(bodies_made_room(bodies));
	assert_false(bodies_made_room(bodies));
	assert_true(bodies_admits(bodies, 0));
	/* Nobody was refused since. */
	body_free(taken[--n]);
	assert_false(bodies_made_room(bodies));
	free_all(taken, n);
	bodies_free(bodies);
}

struct giver {
	struct bodies *bodies;
	struct body *body;
	sem_t full, room;	/* there is a body to free; somebody waits no
				 * more */
};

static void *
give_back_all(void *arg)
{
	struct giver *giver = arg;

	for (;;) {
		while (sem_wait(&giver->full) != 0)
			;
		if (giver->body == NULL)
			return NULL;
		body_free(giver->body);
		if (bodies_made_room(giver->bodies))
			sem_post(&giver->room);
	}
}

static void
await_room(struct giver *giver)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 20;
	if (sem_timedwait(&giver->room, &until) != 0)
		fail_msg("nobody said that there is room");
}

static void
no_word_of_room_is_lost_however_close_it_comes(void **state)
{
	static struct body *taken[MANY];
	struct giver giver = { .bodies = bodies_of(&plain, 1) };
	pthread_t thread;
	size_t n, i;

	(void)state;
	sem_init(&giver.full, 0, 0);
	sem_init(&giver.room, 0, 0);
	n = take_all(giver.bodies, taken);
	bodies_made_room(giver.bodies);
	assert_int_equal(pthread_create(&thread, NULL, give_back_all, &giver),
		0);
	giver.body = taken[--n];
	for (i = 0; i < ROUNDS; i++) {
		sem_post(&giver.full);
		while (!bodies_admits(giver.bodies, 0))
			await_room(&giver);
		giver.body = body_new(bodies_store(giver.bodies));
		assert_non_null(giver.body);
		/* What came late is of the round before. */
		while (sem_trywait(&giver.room) == 0)
			;
	}
	body_free(giver.body);
	giver.body = NULL;
	sem_post(&giver.full);
	pthread_join(thread, NULL);
	free_all(taken, n);
	sem_destroy(&giver.full);
	sem_destroy(&giver.room);
	bodies_free(giver.bodies);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(files_that_may_be_open_limit_them),
	cmocka_unit_test(without_a_fetch_there_are_none_and_always_room),
	cmocka_unit_test(
		a_body_that_becomes_a_file_is_one_early_and_where_it_stays),
	cmocka_unit_test(files_to_stay_are_no_burden),
	cmocka_unit_test(who_was_refused_is_told_of_room_once),
	cmocka_unit_test(no_word_of_room_is_lost_however_close_it_comes),
};

UNIT_MAIN("core/bodies", tests)
