/* SPDX-License-Identifier: MIT */
/*
 * Open files: the limit is raised as far as it goes, and where that is too
 * low there are fewer fetches and a word about it.
 */
#include "config.h"

#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/files.h"
#include "unit.h"

/* What a process with these limits says on standard error; its answer. */
static size_t
answer(rlim_t soft, rlim_t hard, size_t wanted, size_t each, char *said,
	size_t size)
{
	struct rlimit limit = { soft, hard };
	int fds[2], status;
	size_t got = 0;
	ssize_t n;
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (pid == 0) {
		dup2(fds[1], STDERR_FILENO);
		if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
			_exit(1);
		got = files_limit(wanted, each);
		getrlimit(RLIMIT_NOFILE, &limit);
		if (limit.rlim_cur != limit.rlim_max)
			_exit(2);
		/* Behind the words, whole: it is short. */
		if (write(fds[1], &got, sizeof got) != sizeof got)
			_exit(3);
		_exit(0);
	}
	close(fds[1]);
	n = 0;
	while ((size_t)n < size - 1) {
		ssize_t more = read(fds[0], said + n, size - 1 - (size_t)n);

		if (more <= 0)
			break;
		n += more;
	}
	close(fds[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_true(n >= (ssize_t)sizeof got);
	memcpy(&got, said + n - sizeof got, sizeof got);
	said[(size_t)n - sizeof got] = '\0';
	return got;
}

static void
fetches_fit_into_the_limit(void **state)
{
	static const struct {
		rlim_t soft, hard;
		size_t wanted, each, granted;
	} cases[] = {
		{ 200, 200, 100, 1, 100 },
		{ 200, 200, 158, 1, 158 },
		{ 200, 200, 159, 1, 158 },
		{ 200, 200, 1000000, 1, 158 },
		{ 64, 200, 158, 1, 158 },
		{ 139, 139, 1000000, 1, 99 },
		{ 1000, 1000, 1000000, 1, 942 },
		{ 64, 64, 500, 1, 24 },
		{ 41, 41, 500, 1, 1 },
		{ 20, 20, 500, 1, 1 },
		{ 20, 20, 1, 1, 1 },
		{ 200, 200, 40, 4, 40 },
		{ 200, 200, 41, 4, 40 },
		{ 64, 64, 500, 4, 6 },
		{ 43, 43, 500, 4, 1 },
		{ 20, 20, 1, 4, 1 },
	};
	char said[1024];
	size_t i, granted;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		granted = answer(cases[i].soft, cases[i].hard,
			cases[i].wanted, cases[i].each, said, sizeof said);
		if (granted != cases[i].granted)
			fail_msg("case %zu: %zu", i, granted);
		if (granted < cases[i].wanted)
			assert_non_null(strstr(said, "ulimit -n"));
		else
			assert_string_equal(said, "");
	}
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(fetches_fit_into_the_limit),
};

UNIT_MAIN("cli/files", tests)
