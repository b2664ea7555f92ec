/* SPDX-License-Identifier: MIT */
/*
 * A small program with a state is killed at each of its writes, syncs and
 * renames, or they fail, SQLite's among them: the functions of the C library
 * below stand before it and count. Every time the state and the file of
 * records agree, and running it again finishes the job.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/write.h"
#include "core/state_bed.h"

/* --- what happens at the n-th call --- */

enum fate {
	FATE_NONE,
	FATE_KILL,	/* before it */
	FATE_TEAR,	/* in the middle of a write */
	FATE_FAIL,	/* this one fails with EIO */
	FATE_FULL,	/* this one and all writes after it: ENOSPC */
	FATE_SYNC,	/* only syncs are counted, and this one fails */
};

static enum fate fate;
static unsigned long fate_at, calls;
static unsigned long syncs_after;	/* one that failed */
static int syncs;	/* the state is to sync */

/* Whether the call that is about to be made fails; errno is set then. */
static int
fated(int is_sync)
{
	if (fate == FATE_SYNC && !is_sync)
		return 0;
	calls++;
	if (fate == FATE_SYNC && calls > fate_at)
		syncs_after++;
	if (calls < fate_at || (calls > fate_at && fate != FATE_FULL))
		return 0;
	if (fate == FATE_KILL)
		raise(SIGKILL);
	errno = fate == FATE_FULL ? ENOSPC : EIO;
	return fate == FATE_FAIL || (fate == FATE_FULL && !is_sync) ||
		(fate == FATE_SYNC && calls == fate_at);
}

static int
torn(void)
{
	return fate == FATE_TEAR && calls == fate_at;
}

ssize_t
write(int fd, const void *p, size_t n)
{
	if (fated(0))
		return -1;
	if (torn()) {
		syscall(SYS_write, fd, p, n / 2);
		raise(SIGKILL);
	}
	return syscall(SYS_write, fd, p, n);
}

ssize_t
pwrite64(int fd, const void *p, size_t n, off64_t at)
{
	if (fated(0))
		return -1;
	if (torn()) {
		syscall(SYS_pwrite64, fd, p, n / 2, at);
		raise(SIGKILL);
	}
	return syscall(SYS_pwrite64, fd, p, n, at);
}

int
ftruncate64(int fd, off64_t n)
{
	return fated(0) ? -1 : (int)syscall(SYS_ftruncate, fd, n);
}

/* Nothing here outlives the machine, so nothing is synced. */
int
fsync(int fd)
{
	(void)fd;
	return fated(1) ? -1 : 0;
}

/* SQLite does not look at what the sync of a folder says, so state_db syncs
 * it once more. */
int
fdatasync(int fd)
{
	struct stat st;

	if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode))
		return 0;
	return fsync(fd);
}

int
rename(const char *from, const char *to)
{
	return fated(0) ? -1 : (int)syscall(SYS_renameat2, AT_FDCWD, from,
		AT_FDCWD, to, 0);
}

int
unlink(const char *path)
{
	return fated(0) ? -1 : (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}

/* --- the program --- */

#define LINES 16
#define HEADER "seq,ok\n"
#define RECORD 7	/* bytes: 0012ok and a newline */

#define UNMET 42	/* there were fewer calls than that */
#define SYNCED 99	/* after a sync had failed */

struct program {
	const struct state_bed *bed;
	struct state *state;
	int fd;
	uint64_t offset;	/* of the records */
};

static void
stop(const struct err *err)
{
	assert_int_not_equal(err->code, ERR_NONE);
	/* Once a sync has failed there is no other. */
	_exit(syncs_after > 0 ? SYNCED : err_status(err->code));
}

static void
program_open(struct program *program)
{
	static char format[] = "format=csv";
	char *options[] = { format };
	struct err err = { .code = ERR_NONE };

	program->state = state_open(&(struct state_args){
		.path = program->bed->path, .options = options,
		.n_options = 1, .sync = syncs }, &err);
	/* SQLite undoes the tables that it was about to make, and syncs. */
	if (program->state == NULL) {
		syncs_after = 0;
		stop(&err);
	}
}

/* Up to the mark there is one record of each URL that is done, no other. */
static void
assert_agreement(const struct program *program)
{
	size_t size, seen[LINES + 1] = { 0 }, at;
	char *bytes = state_bed_read(program->bed->records, &size);
	uint64_t seq;

	assert_true(size >= program->offset);
	for (at = strlen(HEADER); at < program->offset; at += RECORD) {
		assert_int_equal(bytes[at + RECORD - 1], '\n');
		seen[strtoul(bytes + at, NULL, 10)]++;
	}
	for (seq = 1; seq <= LINES; seq++)
		assert_int_equal(seen[seq],
			state_was_done(program->state, seq));
	free(bytes);
}

static void
program_write(struct program *program, const char *text)
{
	struct err err = { .code = ERR_NONE };
	size_t n = strlen(text);

	if (write_all(program->fd, text, n) != 0) {
		err_sys(&err, "%s", program->bed->records);
		stop(&err);
	}
	program->offset += n;
}

static void
program_continue_records(struct program *program)
{
	const struct mark *mark = marks_find(state_marks(program->state),
		"records");

	program->offset = mark != NULL ? mark->offset : 0;
	if (mark != NULL)
		assert_agreement(program);
	program->fd = open(program->bed->records, O_WRONLY | O_CREAT |
		O_CLOEXEC, 0666);
	assert_true(program->fd >= 0);
	assert_int_equal(syscall(SYS_ftruncate, program->fd, program->offset),
		0);
	assert_int_equal(lseek(program->fd, 0, SEEK_END), program->offset);
	if (program->offset == 0)
		program_write(program, HEADER);
}

static void
program_commit(struct program *program)
{
	const struct marks marks = { .n = 1,
		.list = { { "records", 0, program->offset } } };
	struct err err = { .code = ERR_NONE };

	if (state_commit(program->state, &marks, &err) != 0)
		stop(&err);
}

static void
program_settle(struct program *program, uint64_t seq, int ok)
{
	char record[16];

	snprintf(record, sizeof record, "%04" PRIu64 "%2s\n", seq,
		ok ? "ok" : "no");
	assert_int_equal(strlen(record), RECORD);
	state_settle(program->state, &(struct state_result){ .seq = seq,
		.ok = ok, .offset = program->offset, .len = RECORD });
	program_write(program, record);
}

/* Every third URL fails, unless it is a retry. */
static void
program_run(const struct state_bed *bed, int retry)
{
	struct program program = { .bed = bed };
	struct err err = { .code = ERR_NONE };
	uint64_t seq;

	program_open(&program);
	if (retry && state_retry_failed(program.state, bed->records,
	    &err) != 0)
		stop(&err);
	program_continue_records(&program);
	for (seq = 1; seq <= LINES; seq++) {
		state_bed_add_lines(program.state, seq, seq);
		if (state_was_done(program.state, seq))
			continue;
		program_settle(&program, seq, retry || seq % 3 != 0);
		if (seq % 4 == 0)
			program_commit(&program);
	}
	program_commit(&program);
	close(program.fd);
	state_free(program.state);
}

/* --- running it --- */

/* Its exit status, or minus the signal that killed it. */
static int
run(const struct state_bed *bed, int retry, enum fate what, unsigned long at)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		fate = what;
		fate_at = at;
		calls = 0;
		program_run(bed, retry);
		_exit(syncs_after > 0 ? SYNCED : calls < fate_at ? UNMET : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void
assert_finished(const struct state_bed *bed)
{
	struct program program = { .bed = bed };
	char beside[96], *bytes;
	size_t n;

	program_open(&program);
	assert_int_equal(state_done(program.state), LINES);
	assert_int_equal(state_failed(program.state), 0);
	program.offset = marks_find(state_marks(program.state),
		"records")->offset;
	assert_agreement(&program);
	state_free(program.state);
	bytes = state_bed_read(bed->records, &n);
	assert_int_equal(n, strlen(HEADER) + LINES * RECORD);
	assert_null(strstr(bytes, "no\n"));
	free(bytes);
	snprintf(beside, sizeof beside, "%s.retry", bed->records);
	assert_int_equal(access(beside, F_OK), -1);
}

static void
begin_anew(const struct state_bed *bed)
{
	static const char *const suffixes[] = { "", "-wal", "-journal" };
	char path[128];
	size_t i;

	for (i = 0; i < 3; i++) {
		snprintf(path, sizeof path, "%s%s", bed->path, suffixes[i]);
		unlink(path);
	}
	unlink(bed->records);
}

/*
 * The first pass or the second, with a fate at each call of it, until there
 * is no such call; the second run may meet one, too, up to `again` calls
 * later. What must come of it is the signal or status `wanted`, unless
 * nothing does, for some failures matter to nobody.
 */
static void
meet(const struct state_bed *bed, int pass, enum fate what,
	unsigned long again, int wanted)
{
	unsigned long at;
	int rc = 0, met = 0;

	for (at = 1; rc != UNMET; at++) {
		begin_anew(bed);
		if (pass == 1)
			assert_int_equal(run(bed, 0, FATE_NONE, 0), 0);
		rc = run(bed, pass, what, at);
		if (rc == wanted)
			met++;
		else if (rc != UNMET)
			assert_int_equal(rc, 0);
		if (again > 0)
			run(bed, pass, what, at % again + 1);
		assert_int_equal(run(bed, pass, FATE_NONE, 0), 0);
		if (pass == 0)
			assert_int_equal(run(bed, 1, FATE_NONE, 0), 0);
		assert_finished(bed);
	}
	print_message("%d times of %lu\n", met, at - 2);
	assert_true(met > 5);
}

static void
killed_at_every_call(void **state)
{
	meet(*state, 0, FATE_KILL, 0, -SIGKILL);
	meet(*state, 1, FATE_KILL, 0, -SIGKILL);
}

static void
killed_in_every_write(void **state)
{
	meet(*state, 0, FATE_TEAR, 0, -SIGKILL);
	meet(*state, 1, FATE_TEAR, 0, -SIGKILL);
}

static void
killed_again_while_it_recovers(void **state)
{
	meet(*state, 0, FATE_KILL, 13, -SIGKILL);
	meet(*state, 1, FATE_KILL, 13, -SIGKILL);
	meet(*state, 1, FATE_TEAR, 29, -SIGKILL);
}

static void
killed_with_syncs(void **state)
{
	syncs = 1;
	meet(*state, 0, FATE_KILL, 0, -SIGKILL);
	meet(*state, 1, FATE_KILL, 17, -SIGKILL);
	syncs = 0;
}

static void
each_call_that_fails_ends_it_whole(void **state)
{
	meet(*state, 0, FATE_FAIL, 0, 3);
	meet(*state, 1, FATE_FAIL, 0, 3);
}

static void
a_disk_that_is_full_from_any_call_on(void **state)
{
	meet(*state, 0, FATE_FULL, 0, 3);
	meet(*state, 1, FATE_FULL, 11, 3);
}

static void
a_sync_that_failed_is_the_last(void **state)
{
	syncs = 1;
	meet(*state, 0, FATE_SYNC, 0, 3);
	meet(*state, 1, FATE_SYNC, 0, 3);
	syncs = 0;
}

/* Commits until one is followed by a checkpoint or fails; how many syncs there
 * were before that one. */
static unsigned long
reach_checkpoint(const struct state_bed *bed, unsigned long at, int *ret_rc)
{
	const struct marks marks = { .n = 1, .list = { { "records", 0, 1 } } };
	struct program program = { .bed = bed };
	unsigned long before;

	begin_anew(bed);
	fate = FATE_SYNC;
	fate_at = at;
	calls = syncs_after = 0;
	program_open(&program);
	state_bed_add_lines(program.state, 1, 1);
	/* With the first one the head of the log is synced. */
	assert_int_equal(state_commit(program.state, &marks, NULL), 0);
	do {
		before = calls;
		*ret_rc = state_commit(program.state, &marks, NULL);
	} while (*ret_rc == 0 && calls == before + 1);
	if (*ret_rc != 0)
		assert_int_equal(state_commit(program.state, &marks, NULL),
			-1);
	state_free(program.state);
	fate = FATE_NONE;
	return before;
}

static void
a_checkpoint_that_was_not_synced_ends_it(void **state)
{
	struct state_bed *bed = *state;
	struct program program = { .bed = bed };
	unsigned long before, i;
	int rc;

	syncs = 1;
	before = reach_checkpoint(bed, ULONG_MAX, &rc);
	assert_int_equal(rc, 0);
	assert_true(before > 100);
	/* Behind that of the commit one of the log and one of the file. */
	for (i = 2; i <= 3; i++) {
		assert_int_equal(reach_checkpoint(bed, before + i, &rc),
			before);
		assert_int_equal(rc, -1);
		assert_int_equal(syncs_after, 0);
		program_open(&program);
		assert_int_equal(state_lines(program.state), 1);
		state_free(program.state);
	}
	syncs = 0;
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, state_bed_setup, \
		state_bed_teardown)

static const struct CMUnitTest tests[] = {
	TEST(killed_at_every_call),
	TEST(killed_in_every_write),
	TEST(killed_again_while_it_recovers),
	TEST(killed_with_syncs),
	TEST(each_call_that_fails_ends_it_whole),
	TEST(a_disk_that_is_full_from_any_call_on),
	TEST(a_sync_that_failed_is_the_last),
	TEST(a_checkpoint_that_was_not_synced_ends_it),
};

UNIT_MAIN("core/state_kills", tests)
