/* SPDX-License-Identifier: MIT */
/*
 * The memory of children, and of theirs, is seen while they are there.
 */
#include "config.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/pss.h"
#include "unit.h"

#define MIB (UINT64_C(1) << 20)

/* Takes that much, says so through the pipe, and waits for its end. */
static void
hold(size_t bytes, int fd)
{
	/* Whatever becomes of this test, they must not stay. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* Writing to it would take as much again for a sanitizer's notes. */
	if (mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE |
	    MAP_ANONYMOUS | MAP_POPULATE, -1, 0) != MAP_FAILED &&
	    write(fd, "x", 1) == 1)
		pause();
	_exit(0);
}

/* A child with `bytes`, whose own child has as much. */
static pid_t
start_two(size_t bytes, int fd)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	if (fork() == 0)
		hold(bytes, fd);
	hold(bytes, fd);
	_exit(1);
}

static void
children_and_grandchildren_are_added_up(void **state)
{
	struct pss *pss;
	char byte[2];
	int fds[2];
	pid_t pid;

	(void)state;
	assert_true(pss_below() < MIB);
	assert_int_equal(pipe(fds), 0);
	pid = start_two(16 * MIB, fds[1]);
	assert_true(pid > 0);
	assert_int_equal(read(fds[0], byte, 1), 1);
	assert_int_equal(read(fds[0], byte, 1), 1);
	assert_in_range(pss_below(), 32 * MIB, 64 * MIB);
	/* A first look is taken even where the run is over at once. */
	pss = pss_start();
	assert_non_null(pss);
	while (pss_below() == 0)
		;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	pss_stop(pss);
	close(fds[0]);
	close(fds[1]);
}

static void
nothing_to_look_at_is_nothing(void **state)
{
	(void)state;
	assert_int_equal(pss_stop(NULL), 0);
	assert_true(pss_stop(pss_start()) < MIB);
}

static void
looks_become_rare_but_not_at_once(void **state)
{
	static const struct {
		int64_t elapsed_us, look_us, pause_us;
		const char *note;
	} cases[] = {
		{ 4000, 4000, 50000, "the first look" },
		{ 100000, 4000, 100000, "a short run is seen too" },
		{ 200000, 4000, 200000, "and half of its time at least" },
		{ 900000, 4000, 400000, "a hundredth" },
		{ 900000, 100, 50000, "few processes cost little" },
		{ 9000000, 0, 50000, "a clock that did not move" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++)
		if (pss_pause(cases[i].elapsed_us, cases[i].look_us) !=
		    cases[i].pause_us)
			fail_msg("%s", cases[i].note);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(looks_become_rare_but_not_at_once),
	cmocka_unit_test(nothing_to_look_at_is_nothing),
	cmocka_unit_test(children_and_grandchildren_are_added_up),
};

UNIT_MAIN("cli/pss", tests)
