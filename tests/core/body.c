/* SPDX-License-Identifier: MIT */
/*
 * body -- what was written is what is read, wherever it lies and whoever
 * wrote it; a full budget stops nobody for good; and what stages make of it is
 * kept beside it.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "core/body.h"
#include "core/budget.h"
#include "unit.h"

#define KIB ((size_t)1024)
#define MIB (1024 * KIB)

struct rig {
	struct budget *budget;
	struct body_store *store;
};

static void
rig_open(struct rig *rig, uint64_t limit, size_t n, uint64_t max_body)
{
	rig->budget = budget_new(limit, n, NULL);
	assert_non_null(rig->budget);
	rig->store = body_store_new(&(struct body_store_args){
		.budget = rig->budget,
		.n = n,
		.max_body = max_body,
	}, NULL);
	assert_non_null(rig->store);
}

static void
rig_close(struct rig *rig)
{
	assert_int_equal(budget_held(rig->budget), 0);
	body_store_free(rig->store);
	budget_free(rig->budget);
}

/* Bytes that tell where they belong: no two pages are alike. */
static char
byte_at(size_t seed, size_t i)
{
	return (char)(i * 7 + i / 4096 * 13 + seed * 31);
}

static void
fill(char *p, size_t seed, size_t from, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		p[i] = byte_at(seed, from + i);
}

/* 0, or -1 with errno as body_write() has it. */
static int
put(struct body *body, size_t seed, size_t n)
{
	char piece[3000];
	size_t at, part;

	for (at = body_length(body); n > 0; at += part, n -= part) {
		part = n < sizeof piece ? n : sizeof piece;
		fill(piece, seed, at, part);
		if (body_write(body, piece, part) != 0)
			return -1;
	}
	return 0;
}

/* The same by somebody who waits where he is told to. */
static int
put_patiently(struct body *body, size_t seed, size_t n)
{
	size_t end = body_length(body) + n;

	while (put(body, seed, end - body_length(body)) != 0) {
		if (errno != EAGAIN)
			return -1;
		if (!body_may_write(body))
			body_wait(body, 50000);
	}
	return 0;
}

/* Whether that and nothing else is in it. */
static int
holds(struct body *body, size_t seed, size_t n)
{
	const void *view;
	const char *p;
	size_t len, i;

	if (body_length(body) != n || body_view(body, &view, &len, NULL) != 0 ||
	    len != n)
		return 0;
	for (p = view, i = 0; i < n; i++)
		if (p[i] != byte_at(seed, i))
			return 0;
	return 1;
}

static int
in_file(const struct body *body)
{
	struct body_place place;
	int fd;

	body_tell(body, &place, &fd);
	assert_int_equal(place.in_file, fd != BODY_NO_FILE);
	return place.in_file;
}

static void
what_is_written_is_read(void **state)
{
	static const struct {
		const char *note;
		size_t n;
		uint64_t limit, max_body;
		int in_file;
	} cases[] = {
		{ "nothing", 0, MIB, MIB, 0 },
		{ "a byte", 1, MIB, MIB, 0 },
		{ "a page", 4096, MIB, MIB, 0 },
		{ "a page and a byte", 4097, MIB, MIB, 0 },
		{ "all there is", MIB, MIB, MIB, 0 },
		{ "a byte more than the slot", 64 * KIB + 1, MIB, 64 * KIB, 1 },
		{ "a byte more than the budget", MIB + 1, MIB, 2 * MIB, 1 },
		{ "no limit to a body", 3 * MIB, MIB, 0, 1 },
		{ "no memory at all", 10, 0, MIB, 1 },
	};
	struct rig rig;
	struct body *body;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		print_message("# %s\n", cases[i].note);
		rig_open(&rig, cases[i].limit, 2, cases[i].max_body);
		body = body_new(rig.store);
		assert_int_equal(put(body, i, cases[i].n), 0);
		assert_true(holds(body, i, cases[i].n));
		assert_int_equal(in_file(body), cases[i].in_file);
		body_free(body);
		rig_close(&rig);
	}
}

/* What a body's holder has been charged for by now. */
static void
a_body_is_charged_for_by_the_page(void **state)
{
	struct rig rig;
	struct body *body;

	(void)state;
	rig_open(&rig, MIB, 1, MIB);
	body = body_new(rig.store);
	assert_int_equal(budget_held(rig.budget), 0);
	assert_int_equal(put(body, 0, 1), 0);
	assert_int_equal(budget_held(rig.budget), 4096);
	assert_int_equal(put(body, 0, 4095), 0);
	assert_int_equal(budget_held(rig.budget), 4096);
	assert_int_equal(put(body, 0, 1), 0);
	assert_int_equal(budget_held(rig.budget), 8192);
	body_free(body);
	rig_close(&rig);
}

static void
there_are_as_many_as_there_is_room_for(void **state)
{
	struct rig rig;
	struct body *bodies[2];

	(void)state;
	rig_open(&rig, MIB, 2, MIB);
	assert_true(body_store_room(rig.store));
	bodies[0] = body_new(rig.store);
	assert_true(body_store_room(rig.store));
	bodies[1] = body_new(rig.store);
	assert_false(body_store_room(rig.store));
	assert_null(body_new(rig.store));
	body_free(bodies[0]);
	assert_true(body_store_room(rig.store));
	body_free(bodies[1]);
	body_free(NULL);
	rig_close(&rig);
}

/* --- disks --- */

static void
where_there_is_no_folder_a_body_stays_whole(void **state)
{
	struct rig rig;
	struct body *body;

	(void)state;
	rig_open(&rig, 64 * KIB, 1, MIB);
	body_store_free(rig.store);
	rig.store = body_store_new(&(struct body_store_args){
		.budget = rig.budget, .n = 1, .max_body = MIB,
		.folder = "/nowhere",
	}, NULL);
	body = body_new(rig.store);
	assert_int_equal(put(body, 0, 64 * KIB), 0);
	assert_int_equal(put(body, 0, 1), -1);
	assert_int_equal(errno, ENOENT);
	assert_true(holds(body, 0, 64 * KIB));
	body_free(body);
	rig_close(&rig);
}

static void
files_grow_to(size_t n)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = n > 0 ? n : limit.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* No disk fills up at a byte that is known; a file's size limit is reached in
 * the same way, with a part written. */
static void
a_full_disk_takes_nothing_from_a_body(void **state)
{
	struct rig rig;
	struct body *body;
	char piece[10000];

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	rig_open(&rig, 64 * KIB, 1, MIB);
	body = body_new(rig.store);
	assert_int_equal(put(body, 0, 64 * KIB), 0);

	files_grow_to(30000);
	fill(piece, 0, 64 * KIB, sizeof piece);
	assert_int_equal(body_write(body, piece, sizeof piece), -1);
	assert_int_equal(errno, EFBIG);
	assert_false(in_file(body));
	assert_int_equal(budget_held(rig.budget), 64 * KIB);
	assert_true(holds(body, 0, 64 * KIB));

	files_grow_to(64 * KIB + 5000);
	assert_int_equal(body_write(body, piece, sizeof piece), -1);
	assert_int_equal(errno, EFBIG);
	assert_true(holds(body, 0, 64 * KIB));

	files_grow_to(0);
	assert_int_equal(body_write(body, piece, sizeof piece), 0);
	assert_true(holds(body, 0, 64 * KIB + sizeof piece));
	body_free(body);
	rig_close(&rig);
}

/* --- a full budget --- */

static void
who_may_not_write_is_told_when_he_may(void **state)
{
	struct rig rig;
	struct body *old, *memory, *file;

	(void)state;
	rig_open(&rig, 64 * KIB, 3, MIB);
	old = body_new(rig.store);
	memory = body_new(rig.store);
	file = body_new(rig.store);
	assert_int_equal(put(old, 0, 1), 0);
	assert_int_equal(put(memory, 1, 57 * KIB), 0);
	assert_int_equal(put(file, 2, 100 * KIB), 0);
	assert_true(in_file(file));
	while (put(file, 2, 3000) == 0)
		;
	assert_int_equal(errno, EAGAIN);

	/* Neither has a place to go to, but for the oldest. */
	assert_int_equal(put(memory, 1, 3000), 0);
	assert_int_equal(put(memory, 1, 3000), -1);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(body_length(memory), 57 * KIB + 3000);
	assert_false(body_may_write(memory));
	assert_false(body_may_write(file));
	assert_int_equal(put(old, 0, 200 * KIB), 0);
	assert_true(holds(old, 0, 200 * KIB + 1));

	/* That went to a file, so there is memory, for who is in memory. */
	assert_false(body_may_write(file));
	assert_true(body_may_write(memory));
	assert_int_equal(put(memory, 1, 3000), 0);
	assert_true(holds(memory, 1, 57 * KIB + 6000));
	body_free(memory);
	assert_false(body_may_write(file));
	body_free(old);
	assert_true(body_may_write(file));
	assert_int_equal(put(file, 2, 3000), 0);
	assert_true(holds(file, 2, body_length(file)));
	body_free(file);
	rig_close(&rig);
}

enum { WRITERS = 8, ROUNDS = 6 };

struct writer {
	struct rig *rig;
	size_t number;
	size_t n_good;
};

static void *
writer_main(void *arg)
{
	struct writer *writer = arg;
	struct body *body;
	size_t i, n, seed;

	for (i = 0; i < ROUNDS; i++) {
		seed = writer->number * ROUNDS + i;
		n = (seed * 97 % 300 + 1) * KIB;
		body = body_new(writer->rig->store);
		if (put_patiently(body, seed, n) == 0)
			writer->n_good += (size_t)holds(body, seed, n);
		body_free(body);
	}
	return NULL;
}

/* Together they would hold many times what there is room for. */
static void
a_full_budget_stops_no_thread_for_good(void **state)
{
	struct rig rig;
	struct writer writers[WRITERS];
	pthread_t threads[WRITERS];
	size_t i;

	(void)state;
	rig_open(&rig, 32 * KIB, WRITERS, MIB);
	for (i = 0; i < WRITERS; i++) {
		writers[i] = (struct writer){ .rig = &rig, .number = i };
		assert_int_equal(pthread_create(&threads[i], NULL,
			writer_main, &writers[i]), 0);
	}
	for (i = 0; i < WRITERS; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(writers[i].n_good, ROUNDS);
	}
	assert_in_range(budget_peak(rig.budget), 1, 32 * KIB);
	rig_close(&rig);
}

static struct body *
attach(struct rig *rig, const struct body *body)
{
	struct body_place place;
	int fd;

	body_tell(body, &place, &fd);
	return body_attach(rig->store, &place, fd < 0 ? fd : dup(fd));
}

/* A child's life: 0 when all went well. Every third is killed on its way,
 * which must cost nobody else anything. */
static int
child_main(struct rig *rig, const struct body *parents, size_t seed)
{
	struct body *body = attach(rig, parents);
	size_t n = (seed * 97 % 300 + 1) * KIB;

	if (seed % 3 == 0) {
		put_patiently(body, seed, n / 2);
		kill(getpid(), SIGKILL);
	}
	if (put_patiently(body, seed, n) != 0 || !holds(body, seed, n))
		return 1;
	body_free(body);
	return 0;
}

static void
a_full_budget_stops_no_process_for_good(void **state)
{
	struct rig rig;
	struct body *bodies[WRITERS] = { NULL };
	pid_t children[WRITERS], child;
	size_t i, begun = 0, ended = 0;
	int status;

	(void)state;
	rig_open(&rig, 32 * KIB, WRITERS, MIB);
	while (ended < WRITERS * ROUNDS) {
		for (i = 0; i < WRITERS && begun < WRITERS * ROUNDS; i++) {
			if (bodies[i] != NULL)
				continue;
			bodies[i] = body_new(rig.store);
			begun++;
			children[i] = fork();
			assert_true(children[i] >= 0);
			if (children[i] == 0)
				_exit(child_main(&rig, bodies[i], begun));
		}
		child = waitpid(-1, &status, 0);
		for (i = 0; bodies[i] == NULL || children[i] != child; i++)
			;
		if (WIFSIGNALED(status))
			assert_int_equal(WTERMSIG(status), SIGKILL);
		else
			assert_int_equal(status, 0);
		body_free(bodies[i]);
		bodies[i] = NULL;
		ended++;
	}
	assert_in_range(budget_peak(rig.budget), 1, 32 * KIB);
	rig_close(&rig);
}

/* --- other processes --- */

static void
what_a_child_wrote_is_there(void **state)
{
	struct rig rig;
	struct body *body, *childs;
	struct body_place place;
	int pipes[2], fd;
	pid_t child;

	(void)state;
	rig_open(&rig, MIB, 2, MIB);
	body = body_new(rig.store);
	assert_int_equal(put(body, 0, 1000), 0);
	assert_int_equal(pipe(pipes), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		childs = attach(&rig, body);
		put(childs, 0, 100 * KIB);
		body_tell(childs, &place, &fd);
		body_free(childs);
		_exit(write(pipes[1], &place, sizeof place) < 0);
	}
	assert_int_equal(read(pipes[0], &place, sizeof place), sizeof place);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_int_equal(body_update(body, &place, BODY_NO_FILE), 0);
	assert_true(holds(body, 0, 100 * KIB + 1000));
	assert_int_equal(budget_held(rig.budget), 104 * KIB);
	assert_int_equal(put(body, 0, 100), 0);
	assert_true(holds(body, 0, 100 * KIB + 1100));
	assert_int_equal(close(pipes[0]), 0);
	assert_int_equal(close(pipes[1]), 0);
	body_free(body);
	rig_close(&rig);
}

/* Descriptors are passed on as a message would pass them: as duplicates. */
static void
a_file_goes_to_and_fro(void **state)
{
	struct rig rig;
	struct body *body, *other;
	struct body_place place;
	int fd;

	(void)state;
	rig_open(&rig, 64 * KIB, 2, MIB);
	body = body_new(rig.store);
	assert_int_equal(put(body, 0, 1000), 0);
	other = attach(&rig, body);
	assert_true(holds(other, 0, 1000));
	assert_int_equal(put(other, 0, 200 * KIB), 0);
	body_tell(other, &place, &fd);
	assert_int_equal(body_update(body, &place, dup(fd)), 0);
	body_free(other);
	assert_true(holds(body, 0, 200 * KIB + 1000));

	/* Its file is known now: only its length has to be told. */
	other = attach(&rig, body);
	assert_int_equal(put(other, 0, 500), 0);
	body_tell(other, &place, &fd);
	body_free(other);
	assert_int_equal(body_update(body, &place, BODY_NO_FILE), 0);
	assert_true(holds(body, 0, 200 * KIB + 1500));
	body_free(body);
	rig_close(&rig);
}

/* Where it would be mapped, reading it would be a SIGBUS. */
static void
a_child_cannot_take_back_what_is_being_read(void **state)
{
	const void *view;
	struct rig rig;
	struct body *body, *childs;
	struct body_place place;
	size_t len;
	int fd;

	(void)state;
	rig_open(&rig, 64 * KIB, 2, MIB);
	body = body_new(rig.store);
	childs = attach(&rig, body);
	assert_int_equal(put(childs, 0, 200 * KIB), 0);
	body_tell(childs, &place, &fd);
	assert_int_equal(body_update(body, &place, dup(fd)), 0);
	assert_int_equal(body_view(body, &view, &len, NULL), 0);
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(len, 200 * KIB);
	assert_true(holds(body, 0, 200 * KIB));
	body_free(childs);
	body_free(body);
	rig_close(&rig);
}

static void
a_file_that_a_child_cut_is_no_body(void **state)
{
	struct err err = { 0 };
	const void *view;
	struct rig rig;
	struct body *body, *childs;
	struct body_place place;
	size_t len;
	int fd;

	(void)state;
	rig_open(&rig, 64 * KIB, 2, MIB);
	body = body_new(rig.store);
	childs = attach(&rig, body);
	assert_int_equal(put(childs, 0, 200 * KIB), 0);
	body_tell(childs, &place, &fd);
	assert_int_equal(body_update(body, &place, dup(fd)), 0);
	assert_int_equal(ftruncate(fd, 100), 0);
	assert_int_equal(body_view(body, &view, &len, &err), -1);
	assert_non_null(strstr(err.text, "copying a body of 204800 bytes"));
	body_free(childs);
	body_free(body);
	rig_close(&rig);
}

static void
places_that_cannot_be_are_refused(void **state)
{
	static const struct {
		const char *note;
		struct body_place place;
		int kind;	/* 'f': 10 bytes in a file, 'p': a pipe */
	} cases[] = {
		{ "no such slot", { 2, 0, 0, 0 }, 0 },
		{ "longer than the slot", { 0, 64 * KIB + 1, 0, 0 }, 0 },
		{ "longer than anything", { 0, UINT64_MAX, 0, 0 }, 0 },
		{ "a number that no slot has", { UINT64_MAX, 0, 0, 0 }, 0 },
		{ "a file that is not sent", { 0, 10, 1, 0 }, 0 },
		{ "a file that is not wanted", { 0, 10, 0, 0 }, 'f' },
		{ "a file for no such slot", { 2, 10, 1, 0 }, 'f' },
		{ "a file that is shorter", { 0, 11, 1, 0 }, 'f' },
		{ "a file that is a pipe", { 0, 0, 1, 0 }, 'p' },
	};
	struct rig rig;
	struct body *body;
	FILE *file = tmpfile();
	int pipes[2], fds[2];
	size_t i, j;

	(void)state;
	rig_open(&rig, MIB, 2, 64 * KIB);
	body = body_new(rig.store);
	assert_non_null(file);
	assert_int_equal(fputs("0123456789", file) < 0, 0);
	assert_int_equal(fflush(file), 0);
	assert_int_equal(pipe(pipes), 0);
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		print_message("# %s\n", cases[i].note);
		for (j = 0; j < 2; j++)
			fds[j] = cases[i].kind == 0 ? -1 : dup(
				cases[i].kind == 'f' ? fileno(file) :
				pipes[0]);
		assert_null(body_attach(rig.store, &cases[i].place, fds[0]));
		assert_int_equal(body_update(body, &cases[i].place, fds[1]),
			-1);
		for (j = 0; j < 2; j++)
			assert_int_equal(fcntl(fds[j], F_GETFD), -1);
	}
	/* Another body's place is one, but not this one's. */
	assert_int_equal(body_update(body, &(struct body_place){ .slot = 1 },
		BODY_NO_FILE), -1);
	assert_true(holds(body, 0, 0));
	assert_int_equal(fclose(file), 0);
	assert_int_equal(close(pipes[0]), 0);
	assert_int_equal(close(pipes[1]), 0);
	body_free(body);
	rig_close(&rig);
}

/* --- memory --- */

/* Bytes at `p` that have memory. */
static size_t
resident(const void *p, size_t n)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), i, all = 0;
	unsigned char *map = test_malloc(n / page);
	union {
		const void *from;
		void *to;
	} at = { p };

	assert_int_equal(mincore(at.to, n, map), 0);
	for (i = 0; i < n / page; i++)
		all += map[i] & 1;
	test_free(map);
	return all * page;
}

static void
a_large_bodys_memory_goes_back(void **state)
{
	struct rig rig;
	struct body *body;
	const void *p;
	size_t len;

	(void)state;
	rig_open(&rig, 16 * MIB, 1, 16 * MIB);
	body = body_new(rig.store);
	assert_int_equal(body_view(body, &p, &len, NULL), 0);
	assert_int_equal(put(body, 0, 16 * MIB), 0);
	assert_int_equal(resident(p, 16 * MIB), 16 * MIB);
	body_free(body);
	assert_in_range(resident(p, 16 * MIB), 0, MIB);

	/* At once where it went to a file. */
	body = body_new(rig.store);
	assert_int_equal(put(body, 0, 16 * MIB), 0);
	assert_int_equal(resident(p, 16 * MIB), 16 * MIB);
	assert_int_equal(put(body, 0, 1), 0);
	assert_int_equal(resident(p, 16 * MIB), 0);
	body_free(body);
	rig_close(&rig);
}

static void
a_killed_childs_memory_goes_back(void **state)
{
	struct rig rig;
	struct body *body;
	const void *p;
	size_t len;
	pid_t child;

	(void)state;
	rig_open(&rig, 16 * MIB, 1, 16 * MIB);
	body = body_new(rig.store);
	assert_int_equal(body_view(body, &p, &len, NULL), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		put(attach(&rig, body), 0, 8 * MIB);
		kill(getpid(), SIGKILL);
	}
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_int_equal(budget_held(rig.budget), 8 * MIB);
	body_free(body);
	assert_int_equal(budget_held(rig.budget), 0);
	assert_in_range(resident(p, 16 * MIB), 0, MIB);
	rig_close(&rig);
}

/* --- what the stages make --- */

/* As --compressed does: one is read while the other is written. */
static void
what_is_made_is_beside_what_was_received(void **state)
{
	struct rig rig;
	struct body *body;
	const void *view;
	char piece[1000];
	size_t len, i;

	(void)state;
	rig_open(&rig, MIB, 1, MIB);
	body = body_new(rig.store);
	assert_int_equal(put(body, 0, 5000), 0);
	assert_false(body_is_made(body));
	assert_int_equal(body_fd(body), -1);
	assert_int_equal(body_begin_made(body, NULL), 0);
	assert_true(body_is_made(body));
	for (i = 0; i < 20000; i += sizeof piece) {
		fill(piece, 1, i, sizeof piece);
		assert_int_equal(body_make(body, piece, sizeof piece), 0);
	}
	assert_true(holds(body, 0, 5000));
	assert_int_equal(body_view_made(body, &view, &len, NULL), 0);
	assert_int_equal(len, 20000);
	for (i = 0; i < len; i++)
		assert_int_equal(((const char *)view)[i], byte_at(1, i));
	assert_int_equal(lseek(body_fd(body), 0, SEEK_END), 20000);
	body_free(body);
	rig_close(&rig);
}

static void
nothing_made_is_an_empty_body(void **state)
{
	struct rig rig;
	struct body *body;
	const void *view;
	size_t len = 1;

	(void)state;
	rig_open(&rig, MIB, 1, MIB);
	body = body_new(rig.store);
	assert_int_equal(put(body, 0, 5000), 0);
	assert_int_equal(body_begin_made(body, NULL), 0);
	assert_int_equal(body_view_made(body, &view, &len, NULL), 0);
	assert_int_equal(len, 0);
	body_free(body);
	rig_close(&rig);
}

static void
without_a_folder_nothing_is_made(void **state)
{
	struct err err = { 0 };
	struct rig rig;
	struct body *body;

	(void)state;
	rig_open(&rig, MIB, 1, MIB);
	body_store_free(rig.store);
	rig.store = body_store_new(&(struct body_store_args){
		.budget = rig.budget, .n = 1, .folder = "/nowhere",
	}, NULL);
	body = body_new(rig.store);
	assert_int_equal(body_begin_made(body, &err), -1);
	assert_string_equal(err.text, "a file for what the stages make: "
		"No such file or directory");
	assert_false(body_is_made(body));
	body_free(body);
	rig_close(&rig);
}

/* A process of the pool gets the descriptor, as a message would pass it. */
static void
another_process_makes_it_and_cannot_take_it_back(void **state)
{
	const void *view;
	struct rig rig;
	struct body *body;
	size_t len;
	pid_t child;
	int fd;

	(void)state;
	rig_open(&rig, MIB, 1, MIB);
	body = body_new(rig.store);
	assert_int_equal(body_begin_made(body, NULL), 0);
	fd = dup(body_share_made(body));
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		_exit(write(fd, "made elsewhere", 14) != 14);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_int_equal(body_view_made(body, &view, &len, NULL), 0);
	assert_int_equal(len, 14);
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_memory_equal(view, "made elsewhere", 14);
	assert_int_equal(lseek(body_fd(body), 0, SEEK_END), 14);
	close(fd);
	body_free(body);
	rig_close(&rig);
}

/* --- files that are to get a name --- */

/* How many names are in the folder. */
static size_t
names(const char *folder)
{
	DIR *dir = opendir(folder);
	size_t n = 0;

	assert_non_null(dir);
	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n - 2;
}

static void
a_file_that_may_get_a_name_has_none_and_can_be_linked(void **state)
{
	char folder[] = "/tmp/fetchall-body-XXXXXX", path[64], name[64];
	struct rig rig;
	struct body *body;
	struct stat st;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(name, sizeof name, "%s/name", folder);
	rig_open(&rig, MIB, 1, 64 * KIB);
	body_store_free(rig.store);
	rig.store = body_store_new(&(struct body_store_args){
		.budget = rig.budget, .n = 1, .max_body = 64 * KIB,
		.folder = folder, .linkable = 1,
	}, NULL);
	body = body_new(rig.store);
	assert_int_equal(put(body, 0, 64 * KIB + 1), 0);
	assert_int_equal(names(folder), 0);
	snprintf(path, sizeof path, "/proc/self/fd/%d", body_fd(body));
	assert_int_equal(linkat(AT_FDCWD, path, AT_FDCWD, name,
		AT_SYMLINK_FOLLOW), 0);
	body_free(body);
	assert_int_equal(stat(name, &st), 0);
	assert_int_equal(st.st_size, 64 * KIB + 1);
	assert_int_equal(unlink(name), 0);
	assert_int_equal(rmdir(folder), 0);
	rig_close(&rig);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(what_is_written_is_read),
	cmocka_unit_test(a_body_is_charged_for_by_the_page),
	cmocka_unit_test(there_are_as_many_as_there_is_room_for),
	cmocka_unit_test(where_there_is_no_folder_a_body_stays_whole),
	cmocka_unit_test(a_full_disk_takes_nothing_from_a_body),
	cmocka_unit_test(who_may_not_write_is_told_when_he_may),
	cmocka_unit_test(a_full_budget_stops_no_thread_for_good),
	cmocka_unit_test(a_full_budget_stops_no_process_for_good),
	cmocka_unit_test(what_a_child_wrote_is_there),
	cmocka_unit_test(a_file_goes_to_and_fro),
	cmocka_unit_test(a_child_cannot_take_back_what_is_being_read),
	cmocka_unit_test(a_file_that_a_child_cut_is_no_body),
	cmocka_unit_test(places_that_cannot_be_are_refused),
	cmocka_unit_test(a_large_bodys_memory_goes_back),
	cmocka_unit_test(a_killed_childs_memory_goes_back),
	cmocka_unit_test(what_is_made_is_beside_what_was_received),
	cmocka_unit_test(nothing_made_is_an_empty_body),
	cmocka_unit_test(without_a_folder_nothing_is_made),
	cmocka_unit_test(another_process_makes_it_and_cannot_take_it_back),
	cmocka_unit_test(a_file_that_may_get_a_name_has_none_and_can_be_linked),
};

UNIT_MAIN("body", tests)
