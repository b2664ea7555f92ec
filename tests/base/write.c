/* SPDX-License-Identifier: MIT */
/* All bytes arrive, or an error is told. */
#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/write.h"
#include "unit.h"

#define LONG 1000000	/* more than a pipe holds */

struct reader {
	int fd;
	size_t n;
	int same;
};

static void *
read_slowly(void *arg)
{
	struct reader *reader = arg;
	char piece[777];
	ssize_t n;

	while ((n = read(reader->fd, piece, sizeof piece)) > 0) {
		for (size_t i = 0; i < (size_t)n; i++)
			reader->same &= piece[i] ==
				(char)((reader->n + i) % 251);
		reader->n += (size_t)n;
	}
	return NULL;
}

static void
all_bytes_arrive_however_small_the_pieces(void **state)
{
	struct reader reader = { .same = 1 };
	char *bytes = mem_array(LONG, 1);
	pthread_t thread;
	int fds[2];
	size_t i;

	(void)state;
	for (i = 0; i < LONG; i++)
		bytes[i] = (char)(i % 251);
	assert_int_equal(pipe(fds), 0);
	reader.fd = fds[0];
	assert_int_equal(pthread_create(&thread, NULL, read_slowly, &reader),
		0);
	assert_int_equal(write_all(fds[1], bytes, LONG), 0);
	assert_int_equal(write_all(fds[1], bytes, 0), 0);
	close(fds[1]);
	pthread_join(thread, NULL);
	assert_int_equal(reader.n, LONG);
	assert_true(reader.same);
	close(fds[0]);
	free(bytes);
}

static void
a_reader_that_is_gone_is_told(void **state)
{
	int fds[2];

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe(fds), 0);
	close(fds[0]);
	errno = 0;
	assert_int_equal(write_all(fds[1], "x", 1), -1);
	assert_int_equal(errno, EPIPE);
	close(fds[1]);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(all_bytes_arrive_however_small_the_pieces),
	cmocka_unit_test(a_reader_that_is_gone_is_told),
};

UNIT_MAIN("base/write", tests)
