/* SPDX-License-Identifier: MIT */
/*
 * Outputs: what arrived is whole records, on good days and on full disks.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/mem.h"
#include "core/output.h"
#include "unit.h"

/* A length that no block, page or power of two is a multiple of. */
#define RECORD 151

static int
add_record(struct output *output, uint64_t number, struct err *err)
{
	struct buf *buf = output_buf(output);
	size_t start = buf->len;

	buf_add_u64(buf, number);
	while (buf->len < start + RECORD - 1)
		buf_add_char(buf, 'x');
	buf_add_char(buf, '\n');
	return output_record(output, err);
}

/* Adds until it fails; returns how many were taken. */
static uint64_t
add_until_failure(struct output *output, struct err *err)
{
	uint64_t n;

	for (n = 0; n < 1000000; n++)
		if (add_record(output, n, err) != 0)
			return n;
	fail_msg("nothing failed");
	return 0;
}

static off_t
size_of(int fd)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	return st.st_size;
}

/* The file holds records 0 to n-1 and nothing else. */
static void
assert_records(int fd, uint64_t n)
{
	char line[RECORD], head[24];
	uint64_t i;

	assert_int_equal(size_of(fd), n * RECORD);
	for (i = 0; i < n; i++) {
		assert_int_equal(pread(fd, line, RECORD,
			(off_t)(i * RECORD)), RECORD);
		snprintf(head, sizeof head, "%llux", (unsigned long long)i);
		assert_memory_equal(line, head, strlen(head));
		assert_int_equal(line[RECORD - 1], '\n');
	}
}

static void
records_arrive_whole_and_in_order(void **state)
{
	int fd = memfd_create("output", MFD_CLOEXEC);
	struct output *output = output_new(fd, "file");
	struct err err;
	uint64_t i;

	(void)state;
	for (i = 0; i < 5000; i++)
		assert_int_equal(add_record(output, i, &err), 0);
	assert_true(output_records(output) > 0);
	assert_true(output_records(output) < 5000);
	assert_int_equal(output_commit(output, &err), 0);
	assert_int_equal(output_records(output), 5000);
	output_free(output);
	assert_records(fd, 5000);
	close(fd);
}

static void
what_no_record_ends_is_not_written(void **state)
{
	int fd = memfd_create("output", MFD_CLOEXEC);
	struct output *output = output_new(fd, "file");
	struct err err;

	(void)state;
	assert_int_equal(add_record(output, 0, &err), 0);
	buf_add_text(output_buf(output), "half a rec");
	assert_int_equal(output_commit(output, &err), 0);
	assert_int_equal(size_of(fd), RECORD);
	buf_add_text(output_buf(output), "ord\n");
	assert_int_equal(output_record(output, &err), 0);
	assert_int_equal(output_commit(output, &err), 0);
	assert_int_equal(size_of(fd), RECORD + 14);
	assert_int_equal(output_records(output), 2);
	output_free(output);
	close(fd);
}

static void
header_is_written_at_once_and_no_record(void **state)
{
	int fd = memfd_create("output", MFD_CLOEXEC);
	struct output *output = output_new(fd, "file");
	struct err err;

	(void)state;
	buf_add_text(output_buf(output), "header\n");
	assert_int_equal(output_header(output, &err), 0);
	assert_int_equal(size_of(fd), 7);
	assert_int_equal(output_records(output), 0);
	output_free(output);
	close(fd);
}

static void
modes_truncate_or_append(void **state)
{
	char path[] = "/tmp/fetchall-output-XXXXXX";
	int fd = mkstemp(path);
	struct output *output;
	struct err err;

	(void)state;
	output = output_open(path, OUTPUT_APPEND, &err);
	assert_false(output_continues(output));
	assert_int_equal(add_record(output, 0, &err), 0);
	assert_int_equal(output_close(output, &err), 0);
	output_free(output);
	output = output_open(path, OUTPUT_APPEND, &err);
	assert_true(output_continues(output));
	assert_int_equal(add_record(output, 1, &err), 0);
	assert_int_equal(output_close(output, &err), 0);
	output_free(output);
	assert_records(fd, 2);
	output = output_open(path, OUTPUT_TRUNCATE, &err);
	assert_false(output_continues(output));
	assert_int_equal(size_of(fd), 0);
	output_free(output);
	output_free(NULL);
	unlink(path);
	close(fd);
}

static void
unopenable_path_is_an_error_with_its_name(void **state)
{
	struct err err;

	(void)state;
	assert_null(output_open("/nonexistent/file", OUTPUT_TRUNCATE, &err));
	assert_int_equal(err.code, ERR_IO);
	assert_string_equal(err.text,
		"/nonexistent/file: No such file or directory");
}

static void
full_device_is_an_error_that_stays(void **state)
{
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	struct output *output = output_new(fd, "/dev/full");
	struct err err, again;

	(void)state;
	assert_int_equal(add_record(output, 0, &err), 0);
	assert_int_equal(output_commit(output, &err), -1);
	assert_int_equal(err.code, ERR_IO);
	assert_string_equal(err.text, "/dev/full: No space left on device; "
		"0 whole records were kept");
	assert_int_equal(add_record(output, 1, &again), -1);
	assert_string_equal(again.text, err.text);
	assert_int_equal(output_buf(output)->len, 0);
	assert_int_equal(output_commit(output, &again), -1);
	assert_string_equal(again.text, err.text);
	assert_int_equal(output_close(output, NULL), -1);
	output_free(output);
	close(fd);
}

static void
set_file_limit(rlim_t limit)
{
	struct rlimit both;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &both), 0);
	both.rlim_cur = limit;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &both), 0);
}

/* The limit makes write() short first, then fail: a torn record to cut. */
static void
limited_file_ends_in_whole_records(void **state)
{
	static const rlim_t limits[] = { 0, 1, RECORD - 1, RECORD, RECORD + 1,
		65536, 65537, 100000, 200000 };
	char want[128];
	uint64_t kept;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof limits / sizeof *limits; i++) {
		int fd = memfd_create("output", MFD_CLOEXEC);
		struct output *output = output_new(fd, "file");
		struct err err;

		set_file_limit(limits[i]);
		add_until_failure(output, &err);
		set_file_limit(RLIM_INFINITY);
		kept = limits[i] / RECORD;
		snprintf(want, sizeof want, "file: File too large; %llu whole "
			"record%s kept", (unsigned long long)kept,
			kept == 1 ? " was" : "s were");
		assert_int_equal(err.code, ERR_IO);
		assert_string_equal(err.text, want);
		assert_int_equal(output_records(output), kept);
		assert_int_equal(output_commit(output, &err), -1);
		output_free(output);
		assert_records(fd, kept);
		/* Whoever shares the descriptor goes on at the cut. */
		assert_int_equal(lseek(fd, 0, SEEK_CUR), kept * RECORD);
		close(fd);
	}
}

static void
cut_keeps_what_others_wrote_before(void **state)
{
	char path[] = "/tmp/fetchall-output-XXXXXX";
	int fd = mkstemp(path);
	struct output *output;
	struct err err;

	(void)state;
	assert_int_equal(write(fd, "before\n", 7), 7);
	output = output_open(path, OUTPUT_APPEND, &err);
	set_file_limit(7 + 3 * RECORD + 10);
	add_until_failure(output, &err);
	set_file_limit(RLIM_INFINITY);
	assert_int_equal(output_records(output), 3);
	assert_int_equal(size_of(fd), 7 + 3 * RECORD);
	output_free(output);
	unlink(path);
	close(fd);
}

/* 0 where mounting is refused, as in most containers. */
static int
mount_small(const char *path)
{
	return unshare(CLONE_NEWNS) == 0 &&
		mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
		mount("none", path, "tmpfs", 0, "size=256k") == 0;
}

static void
full_disk_ends_in_whole_records(void **state)
{
	char dir[] = "/tmp/fetchall-output-XXXXXX";
	char path[64];
	struct output *output;
	struct err err;
	uint64_t kept;
	int fd;

	(void)state;
	assert_non_null(mkdtemp(dir));
	if (!mount_small(dir)) {
		print_message("mounting is refused: not tested\n");
		rmdir(dir);
		return;
	}
	snprintf(path, sizeof path, "%s/out", dir);
	output = output_open(path, OUTPUT_TRUNCATE, &err);
	add_until_failure(output, &err);
	assert_int_equal(err.code, ERR_IO);
	assert_non_null(strstr(err.text, "No space left on device; "));
	kept = output_records(output);
	assert_in_range(kept, 1, (256 << 10) / RECORD);
	output_free(output);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_records(fd, kept);
	close(fd);
	assert_int_equal(umount(dir), 0);
	rmdir(dir);
}

struct reader {
	int fd;
	uint64_t bytes;
	uint64_t records;
	int whole;
};

static void *
reader_main(void *arg)
{
	struct reader *reader = arg;
	char bytes[1000];
	ssize_t n, i;

	reader->whole = 1;
	while ((n = read(reader->fd, bytes, sizeof bytes)) != 0) {
		for (i = 0; i < n; i++) {
			reader->bytes++;
			if (bytes[i] != '\n')
				continue;
			reader->records++;
			if (reader->bytes != reader->records * RECORD)
				reader->whole = 0;
		}
	}
	return NULL;
}

static void
on_alarm(int number)
{
	(void)number;
}

static void
alarm_every(suseconds_t us)
{
	struct itimerval timer = { { 0, us }, { 0, us } };

	assert_int_equal(setitimer(ITIMER_REAL, &timer, NULL), 0);
}

/* Signals interrupt the writer whether the pipe blocks or not. */
static void
check_pipe(int flags)
{
	struct sigaction action = { .sa_handler = on_alarm };
	struct reader reader = { .fd = -1 };
	struct output *output;
	pthread_t thread;
	struct err err;
	sigset_t alarms;
	uint64_t i;
	int fds[2];

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(fcntl(fds[1], F_SETFL, flags), 0);
	reader.fd = fds[0];
	sigemptyset(&alarms);
	sigaddset(&alarms, SIGALRM);
	pthread_sigmask(SIG_BLOCK, &alarms, NULL);
	assert_int_equal(pthread_create(&thread, NULL, reader_main, &reader),
		0);
	pthread_sigmask(SIG_UNBLOCK, &alarms, NULL);
	sigaction(SIGALRM, &action, NULL);
	alarm_every(300);
	output = output_new(fds[1], "pipe");
	for (i = 0; i < 20000; i++)
		assert_int_equal(add_record(output, i, &err), 0);
	assert_int_equal(output_commit(output, &err), 0);
	alarm_every(0);
	output_free(output);
	close(fds[1]);
	pthread_join(thread, NULL);
	close(fds[0]);
	assert_int_equal(reader.records, 20000);
	assert_true(reader.whole);
}

static void
slow_pipe_gets_everything(void **state)
{
	(void)state;
	check_pipe(0);
	check_pipe(O_NONBLOCK);
}

static void
reader_that_went_away_is_its_own_error(void **state)
{
	struct output *output;
	struct err err;
	int fds[2];

	(void)state;
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	output = output_new(fds[1], "standard output");
	close(fds[0]);
	assert_int_equal(add_record(output, 0, &err), 0);
	assert_int_equal(output_commit(output, &err), -1);
	assert_int_equal(err.code, ERR_CLOSED);
	assert_int_equal(add_record(output, 1, &err), -1);
	assert_int_equal(err.code, ERR_CLOSED);
	assert_int_equal(output_records(output), 0);
	output_free(output);
	close(fds[1]);
}

static void
record_past_the_ceiling_fails_and_spares_the_others(void **state)
{
	int fd = memfd_create("output", MFD_CLOEXEC);
	struct output *output = output_new(fd, "file");
	struct buf *buf = output_buf(output);
	char *large = mem_array(8 << 20, 1);
	struct err err;
	int i;

	(void)state;
	assert_int_equal(add_record(output, 0, &err), 0);
	assert_int_equal(add_record(output, 1, &err), 0);
	for (i = 0; i < 3; i++)
		buf_add(buf, large, 8 << 20);
	assert_int_equal(output_record(output, &err), -1);
	assert_int_equal(err.code, ERR_IO);
	assert_string_equal(err.text, "file: a record is larger than 16 MiB; "
		"2 whole records were kept");
	assert_int_equal(add_record(output, 2, &err), -1);
	output_free(output);
	assert_records(fd, 2);
	free(large);
	close(fd);
}

static void
record_of_sixteen_mebibytes_passes(void **state)
{
	int fd = memfd_create("output", MFD_CLOEXEC);
	struct output *output = output_new(fd, "file");
	char *large = mem_array(16 << 20, 1);
	struct err err;

	(void)state;
	assert_int_equal(add_record(output, 0, &err), 0);
	buf_add(output_buf(output), large, 16 << 20);
	assert_int_equal(output_record(output, &err), 0);
	assert_int_equal(output_commit(output, &err), 0);
	assert_int_equal(size_of(fd), RECORD + (16 << 20));
	output_free(output);
	free(large);
	close(fd);
}

/* A pipe in packet mode hands over what each write(2) wrote. */
static void
each_write_to_a_pipe_is_whole_records(void **state)
{
	struct output *output;
	char block[65536];
	uint64_t n = 0;
	struct err err;
	ssize_t got;
	int fds[2];

	(void)state;
	assert_int_equal(pipe2(fds, O_DIRECT | O_CLOEXEC), 0);
	output = output_new(fds[1], "pipe");
	while (n < 100)
		assert_int_equal(add_record(output, n++, &err), 0);
	assert_int_equal(output_commit(output, &err), 0);
	close(fds[1]);
	while ((got = read(fds[0], block, sizeof block)) > 0) {
		assert_int_equal(got % RECORD, 0);
		assert_true(got <= PIPE_BUF);
		n -= (uint64_t)got / RECORD;
	}
	assert_int_equal(n, 0);
	output_free(output);
	close(fds[0]);
}

static void
empty_records_are_counted(void **state)
{
	int fd = memfd_create("output", MFD_CLOEXEC);
	struct output *output = output_new(fd, "file");
	struct err err;
	int i;

	(void)state;
	for (i = 0; i < 200000; i++)
		assert_int_equal(output_record(output, &err), 0);
	assert_int_equal(output_commit(output, &err), 0);
	assert_int_equal(output_records(output), 200000);
	assert_int_equal(size_of(fd), 0);
	output_free(output);
	close(fd);
}

/* --- going on with a file --- */

static void
write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void
assert_file(const char *path, const char *want)
{
	char got[256];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, got, sizeof got - 1);

	assert_in_range(n, 0, sizeof got - 1);
	got[n] = '\0';
	assert_string_equal(got, want);
	close(fd);
}

static int
add_text(struct output *output, const char *text)
{
	buf_add_text(output_buf(output), text);
	return output_record(output, NULL);
}

static void
what_is_behind_the_offset_is_cut_off(void **state)
{
	static const struct {
		const char *note, *before;
		uint64_t offset;
		const char *after;
		int continues;
	} cases[] = {
		{ "as it was left", "head\na\n", 7, "head\na\nnew\n", 1 },
		{ "a torn record", "head\na\nb", 7, "head\na\nnew\n", 1 },
		{ "whole ones too", "head\na\nb\nc\n", 5, "head\nnew\n", 1 },
		{ "nothing was whole", "hea", 0, "new\n", 0 },
		{ "nothing was there", "", 0, "new\n", 0 },
		{ "it was never made", NULL, 0, "new\n", 0 },
	};
	char path[] = "/tmp/fetchall-output-XXXXXX";
	struct output *output;
	size_t i;

	(void)state;
	close(mkstemp(path));
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		print_message("%s\n", cases[i].note);
		if (cases[i].before != NULL)
			write_file(path, cases[i].before);
		else
			unlink(path);
		output = output_resume(path, cases[i].offset, 0, NULL);
		assert_non_null(output);
		assert_int_equal(output_offset(output), cases[i].offset);
		assert_int_equal(output_continues(output), cases[i].continues);
		assert_true(output_can_resume(output));
		assert_int_equal(add_text(output, "new\n"), 0);
		assert_int_equal(output_close(output, NULL), 0);
		assert_int_equal(output_offset(output),
			strlen(cases[i].after));
		output_free(output);
		assert_file(path, cases[i].after);
	}
	unlink(path);
}

static void
a_file_that_lost_something_is_refused_and_left_alone(void **state)
{
	char path[] = "/tmp/fetchall-output-XXXXXX";
	char want[200];
	struct err err;

	(void)state;
	close(mkstemp(path));
	write_file(path, "a\nb");
	assert_null(output_resume(path, 4, 0, &err));
	assert_int_equal(err.code, ERR_IO);
	snprintf(want, sizeof want, "%s is shorter than the 4 bytes that the "
		"state knows of it: put it back, or begin anew with another "
		"state", path);
	assert_string_equal(err.text, want);
	assert_file(path, "a\nb");
	unlink(path);
	assert_null(output_resume(path, 4, 0, &err));
	assert_int_equal(err.code, ERR_IO);
	assert_non_null(strstr(err.text, "No such file"));
	assert_int_equal(access(path, F_OK), -1);
}

static void
only_regular_files_with_a_path_can_be_gone_on_with(void **state)
{
	char path[] = "/tmp/fetchall-output-XXXXXX";
	int fd = mkstemp(path);
	struct output *output;
	struct err err;
	int fds[2];

	(void)state;
	assert_null(output_resume("/dev/null", 0, 0, &err));
	assert_int_equal(err.code, ERR_IO);
	assert_string_equal(err.text, "/dev/null is no regular file: it "
		"cannot be gone on with");
	output = output_open(path, OUTPUT_TRUNCATE, &err);
	assert_true(output_can_resume(output));
	output_free(output);
	output = output_new(fd, "standard output");
	assert_false(output_can_resume(output));
	output_free(output);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	output = output_new(fds[1], "pipe");
	assert_false(output_can_resume(output));
	output_free(output);
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_null(output_resume(path, 0, 0, &err));
	close(fds[0]);
	close(fds[1]);
	unlink(path);
	close(fd);
}

static void
a_record_says_where_it_is_in_the_file(void **state)
{
	char path[] = "/tmp/fetchall-output-XXXXXX";
	int fd = mkstemp(path);
	struct output_place last;
	struct output *output;
	uint64_t at = 5;
	char got[RECORD];
	struct err err;
	int i;

	(void)state;
	assert_int_equal(write(fd, "head\nb", 6), 6);
	output = output_resume(path, 5, 0, &err);
	assert_int_equal(output_last(output).len, 0);
	for (i = 0; i < 2000; i++) {
		assert_int_equal(add_record(output, (uint64_t)i, &err), 0);
		last = output_last(output);
		assert_int_equal(last.offset, at);
		assert_int_equal(last.len, RECORD);
		at += RECORD;
	}
	assert_in_range(output_offset(output), RECORD, at - RECORD);
	assert_int_equal((output_offset(output) - 5) % RECORD, 0);
	assert_int_equal(output_offset(output), size_of(fd));
	assert_int_equal(output_commit(output, &err), 0);
	assert_int_equal(output_offset(output), at);
	assert_int_equal(pread(fd, got, RECORD, (off_t)last.offset), RECORD);
	assert_memory_equal(got, "1999x", 5);
	output_free(output);
	unlink(path);
	close(fd);
}

static void
a_file_that_is_appended_to_counts_from_its_end(void **state)
{
	char path[] = "/tmp/fetchall-output-XXXXXX";
	struct output *output;

	(void)state;
	close(mkstemp(path));
	write_file(path, "before\n");
	output = output_open(path, OUTPUT_APPEND, NULL);
	assert_int_equal(output_offset(output), 7);
	assert_int_equal(add_text(output, "new\n"), 0);
	assert_int_equal(output_last(output).offset, 7);
	assert_int_equal(output_commit(output, NULL), 0);
	assert_int_equal(output_offset(output), 11);
	output_free(output);
	unlink(path);
}

/* --- large ones --- */

/* Parts of all sizes in one record between two others. */
static void
a_record_may_be_larger_than_the_buffer(void **state)
{
	static const size_t parts[] = { 0, 1, 100, 65536, 65537, 1, 20 << 20,
		7, 7, 200000 };
	int fd = memfd_create("output", MFD_CLOEXEC);
	struct output *output = output_new(fd, "file");
	char *large = mem_array(20 << 20, 1);
	size_t i, sum = 0;
	struct err err;
	char c;

	(void)state;
	memset(large, 'y', 20 << 20);
	assert_int_equal(add_record(output, 0, &err), 0);
	for (i = 0; i < sizeof parts / sizeof *parts; i++) {
		assert_int_equal(output_add(output, large, parts[i], &err),
			0);
		sum += parts[i];
		/* It is not there before it is whole. */
		if (sum > 65536)
			assert_int_equal(output_offset(output), RECORD);
		assert_true(output_buf(output)->size < 1 << 20);
	}
	assert_int_equal(output_record(output, &err), 0);
	assert_int_equal(output_last(output).offset, RECORD);
	assert_int_equal(output_last(output).len, sum);
	assert_int_equal(add_record(output, 2, &err), 0);
	assert_int_equal(output_last(output).offset, RECORD + sum);
	assert_int_equal(output_last(output).len, RECORD);
	assert_int_equal(output_commit(output, &err), 0);
	assert_int_equal(output_records(output), 3);
	assert_int_equal(output_offset(output), sum + 2 * RECORD);
	assert_int_equal(size_of(fd), sum + 2 * RECORD);
	for (i = 0; i < sum; i += 4099) {
		assert_int_equal(pread(fd, &c, 1, (off_t)(RECORD + i)), 1);
		assert_int_equal(c, 'y');
	}
	output_free(output);
	free(large);
	close(fd);
}

/* Wherever it fails, in what was gathered or what was passed through. */
static void
a_large_record_that_fails_is_cut_back_as_a_whole(void **state)
{
	static const size_t rooms[] = { 0, 1, 99, 100, 101, 150000, 150100,
		299999, 300100 };
	char *large = mem_array(150000, 1);
	size_t i;

	(void)state;
	for (i = 0; i < sizeof rooms / sizeof *rooms; i++) {
		int fd = memfd_create("output", MFD_CLOEXEC);
		struct output *output = output_new(fd, "file");
		struct err err;
		int rc;

		assert_int_equal(add_record(output, 0, &err), 0);
		set_file_limit(RECORD + rooms[i]);
		rc = output_add(output, large, 100, &err);
		if (rc == 0)
			rc = output_add(output, large, 150000, &err);
		if (rc == 0)
			rc = output_add(output, large, 150000, &err);
		if (rc == 0)
			rc = output_add(output, large, 100, &err);
		if (rc == 0 && output_record(output, &err) == 0)
			rc = output_commit(output, &err);
		set_file_limit(RLIM_INFINITY);
		assert_int_equal(rc, -1);
		assert_int_equal(err.code, ERR_IO);
		assert_string_equal(err.text, "file: File too large; 1 whole "
			"record was kept");
		assert_int_equal(output_offset(output), RECORD);
		assert_int_equal(output_add(output, "x", 1, &err), -1);
		output_free(output);
		assert_records(fd, 1);
		close(fd);
	}
	free(large);
}

/* In the file or only gathered; the next record follows the last. */
static void
what_is_undone_leaves_nothing(void **state)
{
	int fd = memfd_create("output", MFD_CLOEXEC);
	struct output *output = output_new(fd, "file");
	char *large = mem_array(100000, 1);
	struct err err;
	uint64_t i;

	(void)state;
	for (i = 0; i < 6; i++) {
		assert_int_equal(add_record(output, i, &err), 0);
		assert_int_equal(output_add(output, "few", 3, &err), 0);
		if (i & 1)
			assert_int_equal(output_add(output, large, 100000,
				&err), 0);
		output_undo(output);
		if (i & 2)
			output_undo(output);
	}
	assert_int_equal(output_commit(output, &err), 0);
	assert_int_equal(output_records(output), 6);
	assert_int_equal(output_offset(output), 6 * RECORD);
	output_free(output);
	assert_records(fd, 6);
	free(large);
	close(fd);
}

/* --- the disk --- */

static void
what_cannot_be_synced_is_an_error_that_stays(void **state)
{
	char path[] = "/tmp/fetchall-output-XXXXXX";
	int fd = mkstemp(path), number = fcntl(fd, F_DUPFD_CLOEXEC, 100);
	struct output *output = output_new(number, "file");
	struct err err, again;
	int fds[2];

	(void)state;
	assert_int_equal(add_record(output, 0, &err), 0);
	assert_int_equal(output_commit(output, &err), 0);
	assert_int_equal(output_sync(output, &err), 0);
	/* What fdatasync(2) fails with. */
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	dup2(fds[1], number);
	assert_int_equal(output_sync(output, &err), -1);
	assert_string_equal(err.text, "file cannot be brought to the disk: "
		"Invalid argument");
	dup2(fd, number);
	assert_int_equal(output_sync(output, &again), -1);
	assert_string_equal(again.text, err.text);
	assert_int_equal(add_record(output, 1, &again), -1);
	assert_string_equal(again.text, err.text);
	output_free(output);
	close(number);
	close(fds[0]);
	close(fds[1]);
	unlink(path);
	close(fd);
}

static void
a_file_without_its_name_cannot_be_synced(void **state)
{
	char path[] = "/tmp/fetchall-output-XXXXXX";
	struct output *output;
	struct err err;

	(void)state;
	close(mkstemp(path));
	output = output_open(path, OUTPUT_TRUNCATE, &err);
	assert_int_equal(output_sync(output, &err), 0);
	output_free(output);
	output = output_open(path, OUTPUT_TRUNCATE, &err);
	unlink(path);
	assert_int_equal(output_sync(output, &err), -1);
	assert_int_equal(err.code, ERR_IO);
	output_free(output);
}

static void
what_has_no_disk_needs_no_sync(void **state)
{
	struct output *output;
	struct err err;
	int fds[2];

	(void)state;
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	output = output_new(fds[1], "pipe");
	assert_int_equal(add_record(output, 0, &err), 0);
	assert_int_equal(output_commit(output, &err), 0);
	assert_int_equal(output_sync(output, &err), 0);
	output_free(output);
	close(fds[0]);
	close(fds[1]);
}

static int
ignore_signals(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	return 0;
}

/* Two files of one name, in two folders: what the state knows of one must not
 * cut the other. */
static void
a_file_of_the_same_name_is_not_taken_for_it(void **state)
{
	struct output *output;
	struct err err = { 0 };
	uint64_t offset, seal;
	char path[] = "seal";

	(void)state;
	output = output_open(path, OUTPUT_TRUNCATE, &err);
	assert_non_null(output);
	assert_int_equal(output_seal(output), 0);
	buf_add_text(output_buf(output), "one\n");
	assert_int_equal(output_record(output, &err), 0);
	assert_int_equal(output_commit(output, &err), 0);
	buf_printf(output_buf(output), "%2000d\n", 2);
	assert_int_equal(output_record(output, &err), 0);
	assert_int_equal(output_commit(output, &err), 0);
	offset = output_offset(output);
	seal = output_seal(output);
	assert_int_not_equal(seal, 0);
	output_free(output);
	output = output_resume(path, offset, seal, &err);
	assert_non_null(output);
	assert_int_equal(output_seal(output), seal);
	output_free(output);
	assert_null(output_resume(path, offset, seal ^ 2, &err));
	assert_non_null(strstr(err.text, "is not the file that the state"));
	output = output_resume(path, offset - 1, 0, &err);
	assert_non_null(output);
	output_free(output);
	assert_int_equal(unlink(path), 0);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(a_file_of_the_same_name_is_not_taken_for_it),
	cmocka_unit_test_setup(records_arrive_whole_and_in_order,
		ignore_signals),
	cmocka_unit_test(what_no_record_ends_is_not_written),
	cmocka_unit_test(header_is_written_at_once_and_no_record),
	cmocka_unit_test(modes_truncate_or_append),
	cmocka_unit_test(unopenable_path_is_an_error_with_its_name),
	cmocka_unit_test(full_device_is_an_error_that_stays),
	cmocka_unit_test_setup(limited_file_ends_in_whole_records,
		ignore_signals),
	cmocka_unit_test_setup(cut_keeps_what_others_wrote_before,
		ignore_signals),
	cmocka_unit_test(full_disk_ends_in_whole_records),
	cmocka_unit_test(slow_pipe_gets_everything),
	cmocka_unit_test_setup(reader_that_went_away_is_its_own_error,
		ignore_signals),
	cmocka_unit_test(record_past_the_ceiling_fails_and_spares_the_others),
	cmocka_unit_test(record_of_sixteen_mebibytes_passes),
	cmocka_unit_test(each_write_to_a_pipe_is_whole_records),
	cmocka_unit_test(empty_records_are_counted),
	cmocka_unit_test(what_is_behind_the_offset_is_cut_off),
	cmocka_unit_test(a_file_that_lost_something_is_refused_and_left_alone),
	cmocka_unit_test(only_regular_files_with_a_path_can_be_gone_on_with),
	cmocka_unit_test(a_record_says_where_it_is_in_the_file),
	cmocka_unit_test(a_file_that_is_appended_to_counts_from_its_end),
	cmocka_unit_test(a_record_may_be_larger_than_the_buffer),
	cmocka_unit_test_setup(a_large_record_that_fails_is_cut_back_as_a_whole,
		ignore_signals),
	cmocka_unit_test(what_is_undone_leaves_nothing),
	cmocka_unit_test(what_cannot_be_synced_is_an_error_that_stays),
	cmocka_unit_test(a_file_without_its_name_cannot_be_synced),
	cmocka_unit_test(what_has_no_disk_needs_no_sync),
};

UNIT_MAIN("core/output", tests)
