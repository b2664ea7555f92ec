/* SPDX-License-Identifier: MIT */
/*
 * spawn -- what a command is given and what not, and that none of it and of
 * what it starts outlives its end.
 */
#include "config.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/command.h"
#include "base/spawn.h"
#include "leaks.h"
#include "unit.h"

static void
start(struct spawn *spawn, const char *text)
{
	struct command command;
	struct err err = { .code = ERR_NONE };

	if (command_open(&command, text, 0, NULL, &err) != 0 ||
	    spawn_start(spawn, &command, environ, &err) != 0)
		fail_msg("%s: %s", text, err.text);
	command_release(&command);
}

/* All that comes until the end of its output. */
static void
read_all(int fd, char *text, size_t size)
{
	struct pollfd end = { .fd = fd, .events = POLLIN };
	size_t len = 0;
	ssize_t n = 1;

	while (n != 0 && len < size - 1) {
		assert_true(poll(&end, 1, 10000) > 0);
		n = read(fd, text + len, size - 1 - len);
		assert_true(n >= 0);
		len += (size_t)n;
	}
	text[len] = '\0';
}

static void
expect_output(const char *command, const char *expected)
{
	struct spawn spawn;
	char text[1000];

	start(&spawn, command);
	read_all(spawn.out, text, sizeof text);
	spawn_end(&spawn);
	assert_string_equal(text, expected);
}

/* A group of its own, in our session. */
static void
it_leads_a_group(void **state)
{
	struct spawn spawn;
	char text[1000];
	int pid, group, session;

	start(&spawn, "cut -d ' ' -f 1,5,6 /proc/self/stat");
	read_all(spawn.out, text, sizeof text);
	assert_int_equal(sscanf(text, "%d %d %d", &pid, &group, &session), 3);
	assert_int_equal(pid, spawn.pid);
	assert_int_equal(group, pid);
	assert_int_equal(session, getsid(0));
	spawn_end(&spawn);
	(void)state;
}

/* But for 32 and 33, which are libc's own and not for programs. */
static void
signals_are_as_they_came_into_the_world(void **state)
{
	unsigned long long blocked, ignored;
	sigset_t some, old;
	struct spawn spawn;
	char text[1000];

	sigemptyset(&some);
	sigaddset(&some, SIGINT);
	sigaddset(&some, SIGTERM);
	sigaddset(&some, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &some, &old);
	signal(SIGHUP, SIG_IGN);
	signal(SIGURG, SIG_IGN);
	start(&spawn, "grep -E '^Sig(Blk|Ign)' /proc/self/status");
	signal(SIGHUP, SIG_DFL);
	signal(SIGURG, SIG_DFL);
	sigprocmask(SIG_SETMASK, &old, NULL);
	read_all(spawn.out, text, sizeof text);
	spawn_end(&spawn);
	assert_int_equal(sscanf(text, "SigBlk: %llx SigIgn: %llx", &blocked,
		&ignored), 2);
	assert_int_equal(blocked, 0);
	assert_int_equal(ignored & ~0x180000000ull, 0);
	(void)state;
}

/* Not even what somebody forgot to mark; 3 is the folder that ls reads. */
static void
it_has_no_other_descriptor(void **state)
{
	int fd = open("/dev/null", O_RDONLY);

	assert_true(fd >= 0);
	assert_int_equal(dup2(fd, 77), 77);
	expect_output("ls /proc/self/fd", "0\n1\n2\n3\n");
	close(77);
	close(fd);
	(void)state;
}

/* 0 to 2 are placed right even when the pipes got these numbers. */
static void
pipes_may_get_low_numbers(void **state)
{
	char out[10] = "", err[10] = "";
	struct spawn spawn;
	int saved[3], fd, status;
	ssize_t n;

	for (fd = 0; fd < 3; fd++) {
		saved[fd] = fcntl(fd, F_DUPFD_CLOEXEC, 10);
		close(fd);
	}
	start(&spawn, "sh -c 'cat; echo err >&2'");
	n = write(spawn.in, "body\n", 5);
	spawn_close(&spawn.in);
	read_all(spawn.out, out, sizeof out);
	read_all(spawn.err, err, sizeof err);
	status = spawn_end(&spawn);
	for (fd = 0; fd < 3; fd++) {
		dup2(saved[fd], fd);
		close(saved[fd]);
	}
	assert_int_equal(n, 5);
	assert_string_equal(out, "body\n");
	assert_string_equal(err, "err\n");
	assert_true(status == 0 || status == SIGKILL);
	(void)state;
}

/* What it left running is known by holding its output open. */
static void
its_children_end_with_it(void **state)
{
	struct pollfd end = { .events = POLLIN };
	struct spawn spawn;
	char text[10];
	int status;

	start(&spawn, "sh -c 'sleep 1000 & echo up'");
	end.fd = spawn.pidfd;
	assert_int_equal(poll(&end, 1, 10000), 1);
	end.fd = dup(spawn.out);
	read_all(end.fd, text, 4);
	status = spawn_end(&spawn);
	assert_int_equal(status, 0);
	read_all(end.fd, text, sizeof text);
	assert_string_equal(text, "");
	close(end.fd);
	(void)state;
}

static void
ends_are_told(void **state)
{
	static const struct {
		const char *command;
		int status;
	} cases[] = {
		{ "true", 0 }, { "sh -c 'exit 7'", 7 << 8 },
		{ "sh -c 'kill -TERM $$'", SIGTERM },
	};
	struct pollfd end = { .events = POLLIN };
	struct spawn spawn;
	size_t i;

	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		start(&spawn, cases[i].command);
		end.fd = spawn.pidfd;
		assert_int_equal(poll(&end, 1, 10000), 1);
		assert_int_equal(spawn_end(&spawn), cases[i].status);
	}
	/* One that does not end by itself, not even when asked to. */
	start(&spawn, "sh -c 'trap \"\" TERM INT HUP; echo; cat'");
	assert_int_equal(spawn_end(&spawn), SIGKILL);
	spawn_end(&spawn);
	(void)state;
}

static void
what_cannot_be_started_leaves_nothing(void **state)
{
	char *argv[] = { (char[]){ "gone" }, NULL };
	struct command gone = { .path = argv[0], .argv = argv };
	struct spawn spawn = SPAWN_NONE;
	struct err err = { .code = ERR_NONE };

	assert_int_equal(spawn_start(&spawn, &gone, environ, &err), -1);
	assert_string_equal(err.text,
		"cannot run 'gone': No such file or directory");
	assert_int_equal(spawn.pid, 0);
	spawn_end(&spawn);
	(void)state;
}

/* Sets the limit so that n more descriptors can be opened. */
static void
leave_descriptors(int n, struct rlimit *ret_old)
{
	struct rlimit limit;
	int fds[16], i;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, ret_old), 0);
	limit = *ret_old;
	for (i = 0; i < n; i++)
		fds[i] = dup(STDIN_FILENO);
	limit.rlim_cur = (rlim_t)fds[n - 1] + 1;
	while (i-- > 0)
		close(fds[i]);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static void
one_that_cannot_be_watched_is_ended_at_once(void **state)
{
	struct spawn spawn = SPAWN_NONE;
	struct err err = { .code = ERR_NONE };
	struct command command;
	struct rlimit old;
	int64_t began_us;
	int rc;

	assert_int_equal(command_open(&command, "sleep 60", 0, NULL, &err), 0);
	/* For the pipes, and not for the process. */
	leave_descriptors(6, &old);
	began_us = clock_us();
	rc = spawn_start(&spawn, &command, environ, &err);
	setrlimit(RLIMIT_NOFILE, &old);
	assert_int_equal(rc, -1);
	assert_string_equal(err.text,
		"cannot run 'sleep': Too many open files");
	assert_true(clock_us() - began_us < CLOCK_SECOND / 2);
	command_release(&command);
	(void)state;
}

static size_t n_descriptors;

static int
note_leaks(void **state)
{
	(void)state;
	n_descriptors = leaks_descriptors();
	return 0;
}

static int
find_leaks(void **state)
{
	(void)state;
	leaks_no_child();
	assert_int_equal(leaks_descriptors(), n_descriptors);
	return 0;
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, note_leaks, find_leaks)

static const struct CMUnitTest tests[] = {
	TEST(it_leads_a_group),
	TEST(signals_are_as_they_came_into_the_world),
	TEST(it_has_no_other_descriptor),
	TEST(pipes_may_get_low_numbers),
	TEST(its_children_end_with_it),
	TEST(ends_are_told),
	TEST(what_cannot_be_started_leaves_nothing),
	TEST(one_that_cannot_be_watched_is_ended_at_once),
};

int
main(void)
{
	signal(SIGPIPE, SIG_IGN);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("spawn", tests, NULL, NULL);
}
