/* SPDX-License-Identifier: MIT */
/*
 * A process that makes processes: each ends with one word about how, nothing
 * is left behind, and its own death is seen.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/zygote.h"
#include "unit.h"

#define SLOTS 4

/* The child does what the packet's first letter says. */
static void
live(struct zygote_child *child)
{
	struct packet answer = {
		.kind = ZYGOTE_MESSAGE, .number = (uint32_t)child->slot,
	};
	sigset_t mask;
	int fd;

	switch (child->packet->bytes.len > 0 ?
	    child->packet->bytes.data[0] : 0) {
	case 'a':	/* answers with how many descriptors it has */
		for (fd = STDERR_FILENO + 1; fd < 256; fd++)
			answer.value += fcntl(fd, F_GETFD) >= 0;
		packet_send(child->sock, &answer, 0);
		break;
	case 'm':	/* writes to the shared memory */
		atomic_store((_Atomic int *)child->shared, 42);
		break;
	case 'k':
		raise(SIGKILL);
		break;
	case 'x':
		_exit(7);
	case 's':	/* how signals are set, as a number */
		sigprocmask(SIG_SETMASK, NULL, &mask);
		answer.value = sigismember(&mask, SIGCHLD) +
			2 * (signal(SIGINT, SIG_DFL) != SIG_IGN) +
			4 * (signal(SIGTERM, SIG_DFL) != SIG_IGN);
		packet_send(child->sock, &answer, 0);
		break;
	case 'o':	/* answers with who will be an orphan */
		answer.value = (int)fork();
		if (answer.value == 0)
			setpgid(0, 0);
		else
			packet_send(child->sock, &answer, 0);
		for (;;)
			pause();
	case 'w':
		for (;;)
			pause();
	}
}

static const struct zygote_role role = {
	.tls = TLS_SHARED, .shared_size = sizeof(int), .live = live,
};
static const struct easy_settings easy = { .user_agent = "test" };

static struct zygote *
start(void)
{
	struct err err = { 0 };
	struct zygote *zygote = zygote_new(&(struct zygote_args){
		.role = &role, .easy = &easy, .n_slots = SLOTS,
	}, &err);

	if (zygote == NULL)
		fail_msg("%s", err.text);
	return zygote;
}

static void
spawn(struct zygote *zygote, size_t slot, char what)
{
	struct packet packet;

	packet_init(&packet);
	buf_add_char(&packet.bytes, what);
	assert_int_equal(zygote_spawn(zygote, slot, &packet), PACKET_DONE);
	packet_release(&packet);
}

static enum packet_status
next(struct zygote *zygote, struct zygote_event *ret)
{
	struct pollfd ready = { .fd = zygote_fd(zygote), .events = POLLIN };

	assert_int_equal(poll(&ready, 1, 10000), 1);
	return zygote_next(zygote, ret);
}

static int
expect(struct zygote *zygote, enum zygote_kind kind, size_t slot)
{
	struct zygote_event event;

	assert_int_equal(next(zygote, &event), PACKET_DONE);
	assert_int_equal(event.kind, kind);
	assert_int_equal(event.slot, slot);
	return event.value;
}

/* Zombies that nobody waits for count as gone: init's duty. */
static int
alive(pid_t pid)
{
	char path[64], line[256], state = 0;
	FILE *file;

	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	file = fopen(path, "re");
	if (file == NULL)
		return 0;
	if (fgets(line, sizeof line, file) == NULL ||
	    sscanf(strrchr(line, ')') + 1, " %c", &state) != 1)
		state = 'Z';
	fclose(file);
	return state != 'Z';
}

static void
await_end(pid_t pid)
{
	int i;

	for (i = 0; alive(pid) && i < 1000; i++)
		poll(NULL, 0, 10);
	assert_false(alive(pid));
}

static void
test_each_child_ends_with_one_word(void **state)
{
	struct zygote *zygote = start();
	int status;

	(void)state;
	spawn(zygote, 0, 'a');
	expect(zygote, ZYGOTE_MESSAGE, 0);
	status = expect(zygote, ZYGOTE_EXIT, 0);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	spawn(zygote, 3, 'k');
	status = expect(zygote, ZYGOTE_EXIT, 3);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	spawn(zygote, 0, 'x');
	status = expect(zygote, ZYGOTE_EXIT, 0);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 7);
	zygote_free(zygote);
}

static void
test_slots_share_memory(void **state)
{
	struct zygote *zygote = start();

	(void)state;
	spawn(zygote, 2, 'm');
	expect(zygote, ZYGOTE_EXIT, 2);
	assert_int_equal(*(int *)zygote_shared(zygote, 2), 42);
	assert_int_equal(*(int *)zygote_shared(zygote, 1), 0);
	zygote_free(zygote);
}

static void
test_a_child_has_no_descriptor_of_the_run(void **state)
{
	int ends[2], n;
	struct zygote *zygote;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	zygote = start();
	close(ends[1]);
	/* Else this would wait for the zygote to end. */
	assert_int_equal(read(ends[0], &n, 1), 0);
	spawn(zygote, 0, 'a');
	n = expect(zygote, ZYGOTE_MESSAGE, 0);
	/* Its socket, and the pair that libcurl wakes itself up by. */
	assert_int_equal(n, 3);
	close(ends[0]);
	zygote_free(zygote);
}

static void
test_a_terminal_cannot_end_it(void **state)
{
	struct zygote *zygote = start();
	pid_t pids[1];

	(void)state;
	assert_int_equal(zygote_pids(zygote, pids, 1), 1);
	kill(pids[0], SIGINT);
	kill(pids[0], SIGTERM);
	kill(pids[0], SIGHUP);
	spawn(zygote, 1, 's');
	assert_int_equal(expect(zygote, ZYGOTE_MESSAGE, 1), 0);
	zygote_free(zygote);
}

static void
test_nothing_is_left_when_it_stops(void **state)
{
	struct zygote *zygote = start();
	pid_t pids[SLOTS + 2];
	size_t i;

	(void)state;
	for (i = 0; i < SLOTS; i++)
		spawn(zygote, i, 'w');
	for (i = 0; i < SLOTS; i++)
		while (zygote_pid(zygote, i) == 0)
			poll(NULL, 0, 1);
	assert_int_equal(zygote_pids(zygote, pids, SLOTS + 2), SLOTS + 1);
	zygote_stop(zygote);
	zygote_stop(zygote);
	/* All were waited for: not even a zombie. */
	for (i = 0; i <= SLOTS; i++)
		assert_int_equal(kill(pids[i], 0), -1);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	zygote_free(zygote);
}

static void
test_children_that_are_killed_are_seen(void **state)
{
	struct zygote *zygote = start();
	struct zygote_event event;
	size_t i;

	(void)state;
	for (i = 0; i < SLOTS; i++)
		spawn(zygote, i, 'w');
	for (i = 0; i < SLOTS; i++)
		while (zygote_pid(zygote, i) == 0)
			poll(NULL, 0, 1);
	zygote_kill(zygote);
	for (i = 0; i < SLOTS; i++) {
		assert_int_equal(next(zygote, &event), PACKET_DONE);
		assert_int_equal(event.kind, ZYGOTE_EXIT);
		assert_true(WIFSIGNALED(event.value));
	}
	/* It goes on. */
	spawn(zygote, 1, 'a');
	expect(zygote, ZYGOTE_MESSAGE, 1);
	zygote_free(zygote);
}

static void
test_what_a_killed_child_started_ends_with_it(void **state)
{
	struct zygote *zygote = start();
	pid_t first, second;

	(void)state;
	spawn(zygote, 0, 'w');
	spawn(zygote, 1, 'o');
	first = expect(zygote, ZYGOTE_MESSAGE, 1);
	kill(zygote_pid(zygote, 1), SIGKILL);
	expect(zygote, ZYGOTE_EXIT, 1);
	await_end(first);
	/* Only that. */
	assert_true(alive(zygote_pid(zygote, 0)));
	spawn(zygote, 2, 'o');
	second = expect(zygote, ZYGOTE_MESSAGE, 2);
	zygote_stop(zygote);
	await_end(second);
	zygote_free(zygote);
}

static void
test_its_death_is_seen_and_takes_the_children_along(void **state)
{
	struct zygote *zygote = start();
	struct zygote_event event;
	struct err err = { 0 };
	pid_t pids[2];

	(void)state;
	spawn(zygote, 0, 'w');
	while (zygote_pid(zygote, 0) == 0)
		poll(NULL, 0, 1);
	assert_int_equal(zygote_pids(zygote, pids, 2), 2);
	kill(pids[0], SIGKILL);
	assert_int_equal(next(zygote, &event), PACKET_GONE);
	await_end(pids[1]);
	assert_int_equal(zygote_lost(zygote, &err), -1);
	assert_int_equal(err.code, ERR_SYSTEM);
	assert_non_null(strstr(err.text, "signal 9"));
	zygote_free(zygote);
}

static void
test_the_death_of_its_maker_ends_it(void **state)
{
	pid_t maker, pids[2];
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	maker = fork();
	if (maker == 0) {
		struct zygote *zygote = start();

		spawn(zygote, 0, 'w');
		while (zygote_pid(zygote, 0) == 0)
			poll(NULL, 0, 1);
		zygote_pids(zygote, pids, 2);
		if (write(ends[1], pids, sizeof pids) != sizeof pids)
			_exit(1);
		for (;;)
			pause();
	}
	assert_int_equal(read(ends[0], pids, sizeof pids), sizeof pids);
	kill(maker, SIGKILL);
	waitpid(maker, NULL, 0);
	await_end(pids[0]);
	await_end(pids[1]);
	close(ends[0]);
	close(ends[1]);
}

static void
test_children_count_as_ours(void **state)
{
	struct rusage before, after;
	struct zygote *zygote = start();
	int i;

	(void)state;
	getrusage(RUSAGE_CHILDREN, &before);
	for (i = 0; i < 20; i++) {
		spawn(zygote, 0, 'm');
		expect(zygote, ZYGOTE_EXIT, 0);
	}
	zygote_stop(zygote);
	getrusage(RUSAGE_CHILDREN, &after);
	/* Page faults are exact where ticks of the clock are not. */
	assert_true(after.ru_minflt > before.ru_minflt + 20);
	zygote_free(zygote);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_each_child_ends_with_one_word),
	cmocka_unit_test(test_slots_share_memory),
	cmocka_unit_test(test_a_child_has_no_descriptor_of_the_run),
	cmocka_unit_test(test_a_terminal_cannot_end_it),
	cmocka_unit_test(test_nothing_is_left_when_it_stops),
	cmocka_unit_test(test_children_that_are_killed_are_seen),
	cmocka_unit_test(test_what_a_killed_child_started_ends_with_it),
	cmocka_unit_test(test_its_death_is_seen_and_takes_the_children_along),
	cmocka_unit_test(test_the_death_of_its_maker_ends_it),
	cmocka_unit_test(test_children_count_as_ours),
};

UNIT_MAIN("core/zygote", tests)
