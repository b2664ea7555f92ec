/* SPDX-License-Identifier: MIT */
/*
 * What a state remembers, and what it refuses, each with its sentence.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "core/state_bed.h"

#define CHUNK 4096	/* STATE_CHUNK */

/* The text with "DB" for the state's path. */
static void
assert_says(const struct state_bed *bed, const struct err *err,
	enum err_code code, const char *wanted)
{
	char text[sizeof err->text] = "";
	const char *at = err->text;
	size_t len = strlen(bed->path), n = 0;

	while (*at != '\0' && n < sizeof text - 3) {
		if (strncmp(at, bed->path, len) == 0) {
			text[n++] = 'D';
			text[n++] = 'B';
			at += len;
		} else {
			text[n++] = *at++;
		}
	}
	assert_string_equal(text, wanted);
	assert_int_equal(err->code, code);
}

/* --- what it remembers --- */

static void
a_new_one_is_empty_and_its_owners_only(void **unused)
{
	struct state_bed *bed = *unused;
	int64_t now = clock_file_us();
	struct state *state = state_bed_open(bed);
	char log[96], shm[96];
	struct stat st;

	assert_false(state_resumes(state));
	assert_int_equal(state_lines(state), 0);
	assert_int_equal(state_marks(state)->n, 0);
	assert_int_equal(state_done(state), 0);
	assert_int_equal(state_failed(state), 0);
	assert_false(state_was_done(state, 1));
	assert_true(state_began_us(state) >= now);
	assert_int_equal(stat(bed->path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	snprintf(log, sizeof log, "%s-wal", bed->path);
	state_bed_add_lines(state, 1, 1);
	state_bed_commit(state, 0);
	assert_int_equal(stat(log, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	snprintf(shm, sizeof shm, "%s-shm", bed->path);
	assert_int_equal(access(shm, F_OK), -1);
	state_free(state);
	/* One file is all that a run which ended well leaves. */
	assert_int_equal(access(log, F_OK), -1);
	state_free(NULL);
}

static void
what_was_committed_is_there_again(void **unused)
{
	static const struct marks marks = { .n = 3, .list = {
		{ "records", 0, 12345 }, { "warc", 7, UINT64_MAX },
		{ "index", 2, 0 } } };
	static const struct marks fewer = { .n = 2, .list = {
		{ "records", 0, 99 }, { "warc", 8, 1 } } };
	struct state_bed *bed = *unused;
	struct state *state = state_bed_open(bed);
	int64_t began = state_began_us(state);
	const uint64_t n = 2 * CHUNK + 100;
	uint64_t seq;

	state_bed_add_lines(state, 1, n);
	for (seq = 1; seq <= n; seq += 3)
		state_bed_settle(state, seq, seq % 2 == 1);
	assert_int_equal(state_commit(state, &marks, NULL), 0);
	/* Not what comes after it. */
	state_bed_settle(state, 2, 1);
	assert_false(state_was_done(state, 1));
	state_free(state);

	state = state_bed_open(bed);
	assert_true(state_resumes(state));
	assert_int_equal(state_began_us(state), began);
	assert_int_equal(state_lines(state), n);
	assert_int_equal(state_marks(state)->n, 3);
	assert_int_equal(marks_find(state_marks(state), "records")->offset,
		12345);
	assert_int_equal(marks_find(state_marks(state), "warc")->number, 7);
	assert_true(marks_find(state_marks(state), "warc")->offset ==
		UINT64_MAX);
	for (seq = 1; seq <= n; seq++)
		assert_int_equal(state_was_done(state, seq), seq % 3 == 1);
	assert_false(state_was_done(state, 0));
	assert_false(state_was_done(state, n + 1));
	assert_int_equal(state_done(state), (n + 2) / 3);
	assert_int_equal(state_failed(state), (n + 2) / 6);
	/* The same list goes on, and marks may become fewer. */
	state_bed_add_lines(state, 1, n + 1);
	assert_int_equal(state_end_list(state, NULL), 0);
	state_bed_settle(state, n + 1, 1);
	assert_int_equal(state_commit(state, &fewer, NULL), 0);
	state_free(state);

	state = state_bed_open(bed);
	assert_int_equal(state_lines(state), n + 1);
	assert_true(state_was_done(state, n + 1));
	assert_int_equal(state_marks(state)->n, 2);
	assert_int_equal(state_marks(state)->list[1].number, 8);
	state_free(state);
}

static void *
add_many(void *arg)
{
	struct state *state = arg;

	state_bed_add_lines(state, 1, 30000);
	return NULL;
}

static void
lines_and_results_come_from_two_threads(void **unused)
{
	struct state_bed *bed = *unused;
	struct state *state = state_bed_open(bed);
	uint64_t seq, round;
	pthread_t thread;

	state_bed_add_lines(state, 1, 30000);
	state_bed_commit(state, 0);
	state_free(state);
	for (round = 0; round < 2; round++) {
		state = state_bed_open(bed);
		assert_int_equal(pthread_create(&thread, NULL, add_many,
			state), 0);
		for (seq = round + 1; seq <= 30000; seq += 2) {
			assert_int_equal(state_was_done(state, seq), 0);
			state_bed_settle(state, seq, seq % 100 != 0);
			if (seq % 1000 < 2)
				state_bed_commit(state, seq);
		}
		assert_int_equal(pthread_join(thread, NULL), 0);
		state_bed_commit(state, 30000 + round);
		state_free(state);
	}
	state = state_bed_open(bed);
	assert_int_equal(state_done(state), 30000);
	assert_int_equal(state_failed(state), 300);
	state_free(state);
}

/* --- the list --- */

static void
another_list_is_noticed_at_the_end_of_a_chunk(void **unused)
{
	static const struct {
		uint64_t at;		/* this line is another one */
		uint64_t found;		/* is noticed with this one */
		const char *says;
	} cases[] = {
		{ 1, CHUNK, "of its URLs 1 to 4096 one differs" },
		{ CHUNK, CHUNK, "of its URLs 1 to 4096 one differs" },
		{ CHUNK + 1, 5000, "of its URLs 4097 to 5000 one differs" },
		{ 5000, 5000, "of its URLs 4097 to 5000 one differs" },
	};
	struct state_bed *bed = *unused;
	struct state *state = state_bed_open(bed);
	size_t n_before, n_after, i;
	char *before, *after, text[256];
	struct err err;

	state_bed_add_lines(state, 1, 5000);
	state_bed_commit(state, 0);
	state_free(state);
	before = state_bed_read(bed->path, &n_before);
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		state = state_bed_open(bed);
		state_bed_add_lines(state, 1, cases[i].at - 1);
		if (cases[i].at < cases[i].found) {
			assert_int_equal(state_add_line(state, "x", 1, NULL),
				0);
			state_bed_add_lines(state, cases[i].at + 1,
				cases[i].found - 1);
			assert_int_equal(state_bed_add(state, cases[i].found,
				&err), -1);
		} else {
			assert_int_equal(state_add_line(state, "x", 1, &err),
				-1);
		}
		snprintf(text, sizeof text, "the list is not the one that DB "
			"was begun with: %s; give the same list, or remove DB "
			"to begin anew", cases[i].says);
		assert_says(bed, &err, ERR_USAGE, text);
		state_free(state);
	}
	after = state_bed_read(bed->path, &n_after);
	assert_int_equal(n_before, n_after);
	assert_memory_equal(before, after, n_before);
	free(before);
	free(after);
}

static void
lines_are_checked_chunk_by_chunk(void **unused)
{
	struct state_bed *bed = *unused;
	struct state *state = state_bed_open(bed);

	assert_int_equal(state_checked(state), 0);
	state_bed_add_lines(state, 1, 5000);
	assert_int_equal(state_checked(state), 5000);
	state_bed_commit(state, 0);
	state_free(state);
	state = state_bed_open(bed);
	state_bed_add_lines(state, 1, CHUNK - 1);
	assert_int_equal(state_checked(state), 0);
	state_bed_add_lines(state, CHUNK, CHUNK);
	assert_int_equal(state_checked(state), CHUNK);
	state_bed_add_lines(state, CHUNK + 1, 4999);
	assert_int_equal(state_checked(state), CHUNK);
	state_bed_add_lines(state, 5000, 5000);
	assert_int_equal(state_checked(state), 5000);
	state_bed_add_lines(state, 5001, 5001);
	assert_int_equal(state_checked(state), 5001);
	state_rewind(state);
	assert_int_equal(state_checked(state), 0);
	state_bed_add_lines(state, 1, 5000);
	assert_int_equal(state_checked(state), CHUNK);
	state_free(state);
}

static void
lines_that_were_cut_elsewhere_or_swapped_are_other_lines(void **unused)
{
	static const char *const lists[][3] = {
		{ "ab", "c", "d" }, { "b", "a", "" }, { "", "", "" },
		{ "a", "", "b" }, { "a", "b", "\0" },
	};
	struct state_bed *bed = *unused;
	struct state *state = state_bed_open(bed);
	size_t i, j;
	int rc;

	assert_int_equal(state_add_line(state, "a", 1, NULL), 0);
	assert_int_equal(state_add_line(state, "b", 1, NULL), 0);
	assert_int_equal(state_add_line(state, "", 0, NULL), 0);
	state_bed_commit(state, 0);
	state_free(state);
	for (i = 0; i < sizeof lists / sizeof *lists; i++) {
		state = state_bed_open(bed);
		for (rc = 0, j = 0; j < 3; j++)
			rc = state_add_line(state, lists[i][j],
				i == 4 && j == 2 ? 1 : strlen(lists[i][j]),
				NULL);
		assert_int_equal(rc, -1);
		state_free(state);
	}
}

static void
a_shorter_list_is_refused_and_a_longer_one_is_not(void **unused)
{
	struct state_bed *bed = *unused;
	struct state *state = state_bed_open(bed);
	struct err err;

	state_bed_add_lines(state, 1, 20);
	assert_int_equal(state_end_list(state, NULL), 0);
	state_bed_commit(state, 0);
	state_free(state);

	state = state_bed_open(bed);
	state_bed_add_lines(state, 1, 19);
	assert_int_equal(state_end_list(state, &err), -1);
	assert_says(bed, &err, ERR_USAGE, "the list is not the one that DB "
		"was begun with: it has 19 URLs, and had at least 20; give "
		"the same list, or remove DB to begin anew");
	state_bed_add_lines(state, 20, 20);
	assert_int_equal(state_end_list(state, NULL), 0);
	/* It is read again from its beginning, and further this time. */
	state_rewind(state);
	state_bed_add_lines(state, 1, 25);
	assert_int_equal(state_end_list(state, NULL), 0);
	state_bed_settle(state, 25, 1);
	state_bed_commit(state, 0);
	state_rewind(state);
	state_bed_add_lines(state, 1, 24);
	assert_int_equal(state_end_list(state, NULL), -1);
	assert_int_equal(state_add_line(state, "x", 1, NULL), -1);
	state_free(state);

	state = state_bed_open(bed);
	assert_int_equal(state_lines(state), 25);
	state_free(state);
}

/* --- what is refused --- */

/* Another process's. */
static void
assert_in_use(const struct state_bed *bed)
{
	struct err err;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		alarm(5);
		state_bed_refused(bed, &err);
		assert_says(bed, &err, ERR_USAGE,
			"DB is in use by another process");
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void
a_second_process_is_refused_at_once(void **unused)
{
	struct state_bed *bed = *unused;
	struct state *state = state_bed_open(bed);
	int64_t began = clock_us();

	assert_in_use(bed);
	state_bed_add_lines(state, 1, 1);
	state_bed_settle(state, 1, 1);
	state_bed_commit(state, 5);
	assert_in_use(bed);
	assert_true(clock_us() - began < CLOCK_SECOND);
	state_free(state);
	state = state_bed_open(bed);
	assert_in_use(bed);
	assert_int_equal(state_done(state), 1);
	state_free(state);
}

static void
other_options_are_named(void **unused)
{
	static const struct {
		const char *now[3];
		const char *says;
	} cases[] = {
		{ { "format=csv", "output=%{seq}" }, "DB was begun with "
			"format=json, and now it is format=csv: give it as "
			"before, or remove DB to begin anew" },
		{ { "format=json" }, "DB was begun with output=%{seq}, which "
			"is missing now: give it again, or remove DB to begin "
			"anew" },
		{ { "output=%{seq}" }, "DB was begun with format=json, which "
			"is missing now: give it again, or remove DB to begin "
			"anew" },
		{ { NULL }, "DB was begun with format=json, which is missing "
			"now: give it again, or remove DB to begin anew" },
		{ { "format=json", "output=%{seq}", "sync=1" }, "DB was begun "
			"without sync=1: leave it out, or remove DB to begin "
			"anew" },
		{ { "format=json", "format-x=1", "output=%{seq}" }, "DB was "
			"begun without format-x=1: leave it out, or remove DB "
			"to begin anew" },
		{ { "output=%{seq}", "format=json" }, "DB was begun with "
			"format=json, and now it is output=%{seq}: give it as "
			"before, or remove DB to begin anew" },
	};
	struct state_bed *bed = *unused;
	size_t n_before, n_after, i, n;
	char *before, *after;
	char *options[3];
	struct err err;

	state_free(state_bed_open(bed));
	before = state_bed_read(bed->path, &n_before);
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		for (n = 0; n < 3 && cases[i].now[n] != NULL; n++)
			options[n] = mem_strdup(cases[i].now[n]);
		assert_null(state_open(&(struct state_args){
			.path = bed->path, .options = options,
			.n_options = n }, &err));
		assert_says(bed, &err, ERR_USAGE, cases[i].says);
		while (n > 0)
			free(options[--n]);
	}
	after = state_bed_read(bed->path, &n_after);
	assert_int_equal(n_before, n_after);
	assert_memory_equal(before, after, n_before);
	free(before);
	free(after);
}

static void
execute(const char *path, const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void
another_format_is_refused(void **unused)
{
	struct state_bed *bed = *unused;
	struct err err;

	state_free(state_bed_open(bed));
	execute(bed->path, "PRAGMA user_version = 2");
	state_bed_refused(bed, &err);
	assert_says(bed, &err, ERR_USAGE, "DB has format 2, and this fetchall "
		"knows format 1: go on with the one that made it, or remove "
		"it to begin anew");
}

static void
what_is_no_state_is_left_alone(void **unused)
{
	struct state_bed *bed = *unused;
	char *bytes, journal[96];
	struct err err;
	size_t n;

	state_bed_write(bed->path, "http://host/", 12);
	state_bed_refused(bed, &err);
	assert_says(bed, &err, ERR_USAGE,
		"DB is no state of a run: name another file");
	bytes = state_bed_read(bed->path, &n);
	assert_string_equal(bytes, "http://host/");
	free(bytes);

	unlink(bed->path);
	execute(bed->path, "PRAGMA journal_mode=WAL; CREATE TABLE t (x);"
		"INSERT INTO t VALUES (1)");
	snprintf(journal, sizeof journal, "%s-wal", bed->path);
	state_bed_write(journal, "not mine", 8);
	state_bed_refused(bed, &err);
	assert_says(bed, &err, ERR_USAGE,
		"DB is no state of a run: name another file");
	bytes = state_bed_read(journal, &n);
	assert_string_equal(bytes, "not mine");
	free(bytes);
}

static void
what_is_no_file_is_refused(void **unused)
{
	struct state_bed *bed = *unused;
	struct err err;

	assert_int_equal(mkdir(bed->path, 0777), 0);
	state_bed_refused(bed, &err);
	assert_says(bed, &err, ERR_USAGE,
		"DB is a folder: name a file for the state");
	assert_int_equal(rmdir(bed->path), 0);
	assert_int_equal(mkfifo(bed->path, 0666), 0);
	state_bed_refused(bed, &err);
	assert_says(bed, &err, ERR_USAGE,
		"DB is no file: name another one for the state");
	unlink(bed->path);
	assert_int_equal(symlink("nowhere", bed->path), 0);
	state_bed_refused(bed, &err);
	assert_says(bed, &err, ERR_IO, "DB: No such file or directory");
}

/* Rows changed by somebody who knows SQLite, but not the checks. */
static void
rows_that_do_not_belong_together_are_refused(void **unused)
{
	static const struct {
		const char *sql;
		const char *how;
	} cases[] = {
		{ "DELETE FROM chunks WHERE id = 1", "a row is missing" },
		{ "DELETE FROM chunks WHERE id = 0",
			"a row is not in its place" },
		{ "DELETE FROM failures WHERE generation = 1",
			"a row is missing" },
		{ "UPDATE chunks SET lines = 4095 WHERE id = 0",
			"a check does not hold" },
		{ "UPDATE chunks SET done = zeroblob(512)",
			"a check does not hold" },
		{ "UPDATE chunks SET done = zeroblob(0)",
			"a check does not hold" },
		{ "UPDATE run SET sum = sum + 1", "a check does not hold" },
		{ "UPDATE marks SET \"offset\" = 4", "a check does not hold" },
		{ "DELETE FROM marks", "a check does not hold" },
		{ "UPDATE failures SET urls = zeroblob(24)",
			"a check does not hold" },
		{ "DELETE FROM run", "a row is missing" },
		{ "DROP TABLE options", "SQL logic error" },
		{ "ATTACH 'OLD' AS old; REPLACE INTO chunks"
			" SELECT * FROM old.chunks WHERE id = 0",
			"a row is older than the rest" },
		{ "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1"
			" FROM n WHERE i < 10) INSERT INTO marks SELECT"
			" i + 10, 1, 1, 'x' FROM n", "too many marks" },
	};
	struct state_bed *bed = *unused;
	struct state *state = state_bed_open(bed);
	char *bytes, *was, text[128], old[96], sql[256];
	size_t n, n_was, i;
	struct err err;

	state_bed_add_lines(state, 1, 5000);
	state_bed_settle(state, 1, 0);
	state_bed_commit(state, 1);
	state_free(state);
	was = state_bed_read(bed->path, &n_was);
	snprintf(old, sizeof old, "%s/old.db", bed->dir);
	state_bed_write(old, was, n_was);
	free(was);
	state = state_bed_open(bed);
	state_bed_settle(state, 2, 0);
	state_bed_settle(state, 4999, 1);
	state_bed_commit(state, 2);
	state_free(state);
	bytes = state_bed_read(bed->path, &n);
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		state_bed_write(bed->path, bytes, n);
		if (strstr(cases[i].sql, "OLD") == NULL)
			snprintf(sql, sizeof sql, "%s", cases[i].sql);
		else
			snprintf(sql, sizeof sql, "ATTACH '%s' AS old%s", old,
				strchr(cases[i].sql, ';'));
		execute(bed->path, sql);
		state_bed_refused(bed, &err);
		snprintf(text, sizeof text, "DB is damaged (%s): remove it to "
			"begin anew", cases[i].how);
		assert_says(bed, &err, ERR_USAGE, text);
	}
	free(bytes);
}

static void
what_was_removed_begins_anew_though_its_log_is_left(void **unused)
{
	struct state_bed *bed = *unused;
	struct state *state = state_bed_open(bed);
	char log[96], *bytes;
	struct err err;
	size_t n;

	snprintf(log, sizeof log, "%s-wal", bed->path);
	state_bed_add_lines(state, 1, 3);
	state_bed_commit(state, 1);
	bytes = state_bed_read(log, &n);
	assert_true(n > 0);
	state_free(state);
	state_bed_write(log, bytes, n);
	free(bytes);
	/* Emptied by something else is not removed. */
	assert_int_equal(truncate(bed->path, 0), 0);
	state_bed_refused(bed, &err);
	assert_says(bed, &err, ERR_USAGE,
		"DB is damaged (it is empty): remove it to begin anew");
	unlink(bed->path);
	state = state_bed_open(bed);
	assert_false(state_resumes(state));
	state_bed_add_lines(state, 1, 1);
	state_bed_commit(state, 1);
	state_free(state);
	state = state_bed_open(bed);
	assert_int_equal(state_lines(state), 1);
	state_free(state);
}

/* Fills a file system of 256 KiB: what was committed before stays. */
static int
fill_small_disk(struct state_bed *bed)
{
	const struct marks marks = { .n = 1, .list = { { "records", 0, 1 } } };
	uint64_t seq = 0, done = 0;
	struct state *state;
	struct err err;

	if (unshare(CLONE_NEWNS) != 0 ||
	    mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount("none", bed->dir, "tmpfs", 0, "size=256k") != 0)
		return 3;
	state = state_bed_open(bed);
	state_bed_add_lines(state, 1, 100000);
	do {
		done = seq;
		state_bed_settle(state, ++seq, 1);
	} while (state_commit(state, &marks, &err) == 0 && seq < 100000);
	assert_says(bed, &err, ERR_IO, "DB: No space left on device");
	assert_int_equal(state_commit(state, &marks, &err), -1);
	assert_says(bed, &err, ERR_IO, "DB: No space left on device");
	state_free(state);
	assert_true(done > 10);
	state = state_bed_open(bed);
	assert_int_equal(state_done(state), done);
	state_free(state);
	return 0;
}

static void
a_full_disk_ends_it_and_loses_nothing(void **unused)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(fill_small_disk(*unused));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 3)
		print_message("mounting is refused: not tested\n");
	else
		assert_int_equal(WEXITSTATUS(status), 0);
}

/* --- again what failed --- */

/* A header, and a record of 10 bytes for each of n URLs. */
static void
write_records(const struct state_bed *bed, uint64_t n)
{
	char *bytes = mem_array(n + 2, 10);
	uint64_t i;

	memcpy(bytes, "the header", 10);
	for (i = 1; i <= n; i++)
		snprintf(bytes + 10 * i, 11, "%8" PRIu64 " \n", i);
	memcpy(bytes + 10 * (n + 1), "torn reco", 9);
	state_bed_write(bed->records, bytes, 10 * (n + 2) - 1);
	free(bytes);
}

static void
assert_records(const struct state_bed *bed, uint64_t n, uint64_t but)
{
	size_t size, at = 10;
	char *bytes = state_bed_read(bed->records, &size);
	char record[16];
	uint64_t i;

	assert_non_null(bytes);
	assert_memory_equal(bytes, "the header", 10);
	for (i = 1; i <= n; i++) {
		if (i % but == 0)
			continue;
		snprintf(record, sizeof record, "%8" PRIu64 " \n", i);
		assert_memory_equal(bytes + at, record, 10);
		at += 10;
	}
	assert_int_equal(size, at);
	free(bytes);
}

static void
failed_ones_are_done_again_and_their_records_go(void **unused)
{
	struct state_bed *bed = *unused;
	struct state *state = state_bed_open(bed);
	char beside[96];
	struct stat st;
	uint64_t seq;

	snprintf(beside, sizeof beside, "%s.retry", bed->records);
	write_records(bed, 6000);
	assert_int_equal(chmod(bed->records, 0640), 0);
	state_bed_add_lines(state, 1, 6000);
	for (seq = 6000; seq > 0; seq--) {
		state_bed_settle(state, seq, seq % 3 != 0);
		if (seq % 1000 == 1)
			state_bed_commit(state, 10 * 6001);
	}
	/* Those of this run are not asked for. */
	assert_int_equal(state_retry_failed(state, bed->records, NULL), 0);
	state_free(state);

	state = state_bed_open(bed);
	assert_int_equal(state_failed(state), 2000);
	assert_int_equal(state_retry_failed(state, bed->records, NULL), 0);
	assert_records(bed, 6000, 3);
	assert_int_equal(stat(bed->records, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(access(beside, F_OK), -1);
	assert_int_equal(marks_find(state_marks(state), "records")->offset,
		10 * 4001);
	assert_int_equal(state_failed(state), 0);
	for (seq = 1; seq <= 6000; seq++)
		assert_int_equal(state_was_done(state, seq), seq % 3 != 0);
	assert_int_equal(state_retry_failed(state, bed->records, NULL), 0);
	/* Two of them, and one fails again. */
	state_bed_settle(state, 3, 1);
	state_settle(state, &(struct state_result){ .seq = 6,
		.offset = 10 * 4001 + 10, .len = 10 });
	state_bed_commit(state, 10 * 4003);
	state_free(state);

	state = state_bed_open(bed);
	assert_int_equal(state_done(state), 4002);
	assert_int_equal(state_failed(state), 1);
	assert_true(state_was_done(state, 6));
	/* Without a file of records that is all. */
	assert_int_equal(state_retry_failed(state, NULL, NULL), 0);
	assert_false(state_was_done(state, 6));
	assert_int_equal(marks_find(state_marks(state), "records")->offset,
		10 * 4003);
	state_free(state);
	state = state_bed_open(bed);
	assert_int_equal(state_done(state), 4001);
	state_free(state);
}

static void
records_that_cannot_be_replaced_stay_with_their_state(void **unused)
{
	struct state_bed *bed = *unused;
	struct state *state = state_bed_open(bed);
	char beside[96], text[256];
	struct err err;

	state_bed_add_lines(state, 1, 10);
	state_bed_settle(state, 3, 0);
	state_bed_commit(state, 110);
	state_free(state);
	snprintf(beside, sizeof beside, "%s.retry", bed->records);

	state = state_bed_open(bed);
	assert_int_equal(state_retry_failed(state, bed->records, &err), -1);
	snprintf(text, sizeof text, "%s: No such file or directory",
		bed->records);
	assert_string_equal(err.text, text);
	write_records(bed, 5);
	assert_int_equal(state_retry_failed(state, bed->records, &err), -1);
	snprintf(text, sizeof text, "%s: shorter than the 110 bytes that were "
		"written", bed->records);
	assert_string_equal(err.text, text);
	assert_int_equal(access(beside, F_OK), -1);
	state_bed_write(beside, "mine", 4);
	write_records(bed, 10);
	assert_int_equal(state_retry_failed(state, bed->records, &err), -1);
	snprintf(text, sizeof text, "%s is in the way of the new file of "
		"records: remove it", beside);
	assert_string_equal(err.text, text);
	assert_true(state_was_done(state, 3));
	state_free(state);
	assert_int_equal(access(beside, F_OK), 0);

	unlink(beside);
	state = state_bed_open(bed);
	assert_int_equal(state_failed(state), 1);
	assert_int_equal(state_retry_failed(state, bed->records, NULL), 0);
	assert_false(state_was_done(state, 3));
	state_free(state);
}

static void
places_that_cannot_be_are_refused(void **unused)
{
	static const struct state_result cases[][2] = {
		{ { 1, 0, 20, 10 }, { 2, 0, 29, 10 } },
		{ { 1, 0, 100, 11 }, { 2, 1, 0, 0 } },
		{ { 1, 0, 200, 1 }, { 2, 1, 0, 0 } },
		{ { 1, 0, 5, UINT64_MAX }, { 2, 1, 0, 0 } },
		{ { 1, 0, UINT64_MAX, 1 }, { 2, 1, 0, 0 } },
		{ { 1, 0, 20, 10 }, { 1, 0, 30, 10 } },
	};
	struct state_bed *bed = *unused;
	struct state *state;
	struct err err;
	size_t i;

	write_records(bed, 10);
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		unlink(bed->path);
		state = state_bed_open(bed);
		state_bed_add_lines(state, 1, 10);
		state_settle(state, &cases[i][0]);
		state_settle(state, &cases[i][1]);
		state_bed_commit(state, 110);
		state_free(state);
		state = state_bed_open(bed);
		assert_int_equal(state_retry_failed(state, bed->records,
			&err), -1);
		assert_int_equal(err.code, ERR_USAGE);
		state_free(state);
		state_free(state_bed_open(bed));
	}
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, state_bed_setup, \
		state_bed_teardown)

static const struct CMUnitTest tests[] = {
	TEST(a_new_one_is_empty_and_its_owners_only),
	TEST(what_was_committed_is_there_again),
	TEST(lines_are_checked_chunk_by_chunk),
	TEST(lines_and_results_come_from_two_threads),
	TEST(another_list_is_noticed_at_the_end_of_a_chunk),
	TEST(lines_that_were_cut_elsewhere_or_swapped_are_other_lines),
	TEST(a_shorter_list_is_refused_and_a_longer_one_is_not),
	TEST(a_second_process_is_refused_at_once),
	TEST(other_options_are_named),
	TEST(another_format_is_refused),
	TEST(what_is_no_state_is_left_alone),
	TEST(what_is_no_file_is_refused),
	TEST(rows_that_do_not_belong_together_are_refused),
	TEST(what_was_removed_begins_anew_though_its_log_is_left),
	TEST(a_full_disk_ends_it_and_loses_nothing),
	TEST(failed_ones_are_done_again_and_their_records_go),
	TEST(records_that_cannot_be_replaced_stay_with_their_state),
	TEST(places_that_cannot_be_are_refused),
};

UNIT_MAIN("core/state", tests)
