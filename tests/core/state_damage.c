/* SPDX-License-Identifier: MIT */
/*
 * A state whose file or log was cut or changed behind its back is refused
 * with a sentence or is a true earlier state, and works on from there; never
 * is something done that was not committed, or with another mark.
 */
#include "config.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "core/state_bed.h"

#define LINES 9000
#define STEP 10		/* results of a commit */

/* The i-th result of the run, in no order of the list's; i from 0. */
static uint64_t
nth(uint64_t i)
{
	return i * 37 % LINES + 1;
}

static int
nth_ok(uint64_t i)
{
	return i % 4 != 3;
}

/* Commits `from` to `to`; each has its number as its mark. */
static void
make_commits(struct state *state, uint64_t from, uint64_t to)
{
	uint64_t commit, i;

	for (commit = from; commit <= to; commit++) {
		for (i = (commit - 1) * STEP; i < commit * STEP; i++)
			state_bed_settle(state, nth(i), nth_ok(i));
		state_bed_commit(state, commit);
	}
}

/* Whether a state is what it was after the commit that its mark names. */
static void
assert_true_state(struct state *state, uint64_t commits)
{
	const struct mark *mark = marks_find(state_marks(state), "records");
	uint64_t commit = mark != NULL ? mark->offset : 0, i;
	uint64_t n = commit * STEP;

	assert_true(commit <= commits);
	assert_int_equal(state_resumes(state), commit > 0);
	assert_int_equal(state_lines(state), commit > 0 ? LINES : 0);
	assert_int_equal(state_done(state), n);
	assert_int_equal(state_failed(state), n / 4);
	for (i = 0; i < commits * STEP; i++)
		assert_int_equal(state_was_done(state, nth(i)), i < n);
}

/* The files of a run that was killed. */
struct remains {
	char *db, *log;
	size_t n_db, n_log;
	char log_path[96];
	uint64_t commits;
};

static void
remains_put(const struct remains *remains, const struct state_bed *bed)
{
	state_bed_write(bed->path, remains->db, remains->n_db);
	if (remains->log != NULL)
		state_bed_write(remains->log_path, remains->log,
			remains->n_log);
	else
		unlink(remains->log_path);
}

static void
kill_after(const struct state_bed *bed, uint64_t from, uint64_t to)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		make_commits(state_bed_open(bed), from, to);
		raise(SIGKILL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
}

/* One run that ends well after `whole` commits and one that is killed after
 * `commits`. */
static void
remains_make(struct remains *remains, const struct state_bed *bed,
	uint64_t whole, uint64_t commits)
{
	struct state *state = state_bed_open(bed);

	snprintf(remains->log_path, sizeof remains->log_path, "%s-wal",
		bed->path);
	remains->commits = commits;
	state_bed_add_lines(state, 1, LINES);
	make_commits(state, 1, whole);
	state_free(state);
	if (commits > whole)
		kill_after(bed, whole + 1, commits);
	remains->db = state_bed_read(bed->path, &remains->n_db);
	remains->log = state_bed_read(remains->log_path, &remains->n_log);
}

static void
remains_free(struct remains *remains)
{
	free(remains->db);
	free(remains->log);
}

/* What the files say now: whether it is accepted. */
static int
try(const struct state_bed *bed, const struct remains *remains)
{
	static char format[] = "format=json", output[] = "output=%{seq}";
	char *options[] = { format, output };
	struct state *state;
	struct err err = { .code = ERR_NONE };

	state = state_open(&(struct state_args){ .path = bed->path,
		.options = options, .n_options = 2 }, &err);
	if (state == NULL) {
		assert_int_equal(err.code, ERR_USAGE);
		assert_non_null(strstr(err.text, bed->path));
		assert_null(strchr(err.text, '\n'));
		return 0;
	}
	assert_true_state(state, remains->commits);
	state_bed_add_lines(state, 1, LINES);
	state_bed_settle(state, LINES, 1);
	state_bed_commit(state, 1);
	state_free(state);
	state = state_bed_open(bed);
	assert_true(state_was_done(state, LINES));
	state_free(state);
	return 1;
}

static uint32_t
draw(uint32_t below)
{
	static uint32_t x = 20261121;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return x % below;
}

static void
cut_and_flip(const struct state_bed *bed, struct remains *remains,
	int in_log, int times)
{
	char *bytes = in_log ? remains->log : remains->db;
	size_t *n = in_log ? &remains->n_log : &remains->n_db;
	size_t whole = *n, at;
	int accepted = 0, i;
	char was;

	for (i = 0; i < times; i++) {
		*n = i < 20 ? whole * (size_t)i / 20 :
			draw((uint32_t)whole);
		remains_put(remains, bed);
		accepted += try(bed, remains);
	}
	*n = whole;
	for (i = 0; i < times; i++) {
		at = i < 100 ? (size_t)i : draw((uint32_t)whole);
		was = bytes[at];
		bytes[at] ^= (char)(1 << draw(8));
		remains_put(remains, bed);
		accepted += try(bed, remains);
		bytes[at] = was;
	}
	/* A damaged log ends earlier; a damaged file is sometimes damaged
	 * where nothing is. */
	assert_in_range(accepted, 1, in_log ? 2 * times : times);
	remains_put(remains, bed);
	assert_int_equal(try(bed, remains), 1);
}

static void
a_file_that_was_closed_well(void **state)
{
	struct remains remains;

	remains_make(&remains, *state, 60, 60);
	assert_null(remains.log);
	cut_and_flip(*state, &remains, 0, 500);
	remains_free(&remains);
}

static void
a_file_with_a_log(void **state)
{
	struct remains remains;

	remains_make(&remains, *state, 60, 100);
	cut_and_flip(*state, &remains, 0, 250);
	cut_and_flip(*state, &remains, 1, 500);
	remains_free(&remains);
}

/* Long enough for a checkpoint, after which the log begins again. */
static void
a_file_with_a_log_that_came_round(void **state)
{
	struct remains remains;

	remains_make(&remains, *state, 1, 400);
	cut_and_flip(*state, &remains, 0, 100);
	cut_and_flip(*state, &remains, 1, 100);
	remains_free(&remains);
}

/* Parts of two true states make none. */
static void
a_file_and_a_log_that_do_not_belong_together(void **state)
{
	struct state_bed *bed = *state;
	struct remains early, late;
	struct remains mixed;

	remains_make(&early, bed, 60, 100);
	unlink(early.log_path);
	unlink(bed->path);
	remains_make(&late, bed, 1, 400);
	mixed = late;
	mixed.db = early.db;
	mixed.n_db = early.n_db;
	remains_put(&mixed, bed);
	try(bed, &late);
	mixed = late;
	mixed.log = early.log;
	mixed.n_log = early.n_log;
	remains_put(&mixed, bed);
	try(bed, &late);
	mixed.log = NULL;
	remains_put(&mixed, bed);
	try(bed, &late);
	remains_free(&early);
	remains_free(&late);
}

static void
one_copy_goes_on_the_same_way_three_times(void **state)
{
	struct state_bed *bed = *state;
	struct remains remains;
	struct state *again;
	int i;

	remains_make(&remains, bed, 60, 100);
	for (i = 0; i < 3; i++) {
		remains_put(&remains, bed);
		again = state_bed_open(bed);
		assert_int_equal(state_done(again), 100 * STEP);
		assert_true_state(again, 100);
		state_bed_add_lines(again, 1, LINES);
		make_commits(again, 101, 110);
		state_free(again);
		again = state_bed_open(bed);
		assert_true_state(again, 110);
		assert_int_equal(state_done(again), 110 * STEP);
		state_free(again);
	}
	remains_free(&remains);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, state_bed_setup, \
		state_bed_teardown)

static const struct CMUnitTest tests[] = {
	TEST(a_file_that_was_closed_well),
	TEST(a_file_with_a_log),
	TEST(a_file_with_a_log_that_came_round),
	TEST(a_file_and_a_log_that_do_not_belong_together),
	TEST(one_copy_goes_on_the_same_way_three_times),
};

UNIT_MAIN("core/state_damage", tests)
