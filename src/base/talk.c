/* SPDX-License-Identifier: MIT */
/*
 * talk -- both directions of a command's pipes at once. Writing everything
 * and then reading would hang with the first command that answers before it
 * has read all; a thread for each direction would cost more than the command.
 */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/command.h"
#include "base/talk.h"

#define TALK_PIECE 16384
#define TALK_SAID_MAX 300
#define TALK_SLICE_US (50 * CLOCK_MS)
/* Reads after its end: more than a pipe holds, so that all it wrote comes;
 * what it left running could write for ever. */
#define TALK_LAST_READS 128

enum { TALK_FD_IN, TALK_FD_OUT, TALK_FD_ERR, TALK_FD_END, TALK_FDS };

void
talk_init(struct talk *talk, size_t max_out)
{
	*talk = (struct talk){ .spawn = SPAWN_NONE };
	buf_init(&talk->out, max_out);
	buf_init(&talk->said, TALK_SAID_MAX);
}

void
talk_release(struct talk *talk)
{
	talk_stop(talk);
	buf_release(&talk->out);
	buf_release(&talk->said);
}

int
talk_start(struct talk *talk, const struct command *command,
	char *const env[], struct err *err)
{
	talk_stop(talk);
	buf_clear(&talk->out);
	buf_clear(&talk->said);
	talk->cut = 0;
	return spawn_start(&talk->spawn, command, env, err);
}

int
talk_stop(struct talk *talk)
{
	return spawn_end(&talk->spawn);
}

/* The beginning of its output is kept, */
static void
talk_keep_out(struct talk *talk, const char *p, size_t n)
{
	size_t room = talk->out.max - talk->out.len;

	if (n > room)
		talk->cut = 1;
	buf_add(&talk->out, p, n < room ? n : room);
}

/* and the end of what it complained. */
static void
talk_keep_said(struct talk *talk, const char *p, size_t n)
{
	struct buf *said = &talk->said;

	if (n > said->max) {
		p += n - said->max;
		n = said->max;
	}
	if (n > said->max - said->len)
		buf_shift(said, said->len + n - said->max);
	buf_add(said, p, n);
}

/* 0: there was something. */
static int
talk_read(struct talk *talk, int *fd,
	void (*keep)(struct talk *talk, const char *p, size_t n))
{
	char piece[TALK_PIECE];
	ssize_t n;

	if (*fd < 0)
		return -1;
	n = read(*fd, piece, sizeof piece);
	if (n > 0) {
		keep(talk, piece, (size_t)n);
		return 0;
	}
	if (n == 0 || (errno != EAGAIN && errno != EINTR))
		spawn_close(fd);
	return -1;
}

/* What is in the pipes when the command has ended. */
static void
talk_read_rest(struct talk *talk)
{
	int i;

	for (i = 0; i < TALK_LAST_READS; i++)
		if (talk_read(talk, &talk->spawn.out, talk_keep_out) != 0)
			break;
	for (i = 0; i < TALK_LAST_READS; i++)
		if (talk_read(talk, &talk->spawn.err, talk_keep_said) != 0)
			break;
}

/* A command need not read what it gets: a closed pipe takes everything. */
static void
talk_write(struct talk *talk, const char **p, size_t *n)
{
	ssize_t written;

	while (*n > 0 && talk->spawn.in >= 0) {
		written = write(talk->spawn.in, *p, *n);
		if (written >= 0) {
			*p += written;
			*n -= (size_t)written;
		} else if (errno == EAGAIN) {
			return;
		} else if (errno != EINTR) {
			spawn_close(&talk->spawn.in);
		}
	}
	*n = 0;
}

static int
talk_reached(const struct talk *talk, size_t left, enum talk_goal goal)
{
	switch (goal) {
	case TALK_SENT:
		return left == 0;
	case TALK_LINE:
		return talk->cut || (left == 0 && talk->out.len > 0 &&
			memchr(talk->out.data, '\n', talk->out.len) != NULL);
	case TALK_EXIT:
		break;
	}
	return 0;
}

/* Waits for one of the pipes and reads; 1: the command has ended. */
static int
talk_wait(struct talk *talk, int writing, int64_t us)
{
	struct spawn *spawn = &talk->spawn;
	struct pollfd fds[TALK_FDS] = {
		[TALK_FD_IN] = { .fd = writing ? spawn->in : -1,
			.events = POLLOUT },
		[TALK_FD_OUT] = { .fd = spawn->out, .events = POLLIN },
		[TALK_FD_ERR] = { .fd = spawn->err, .events = POLLIN },
		[TALK_FD_END] = { .fd = spawn->pidfd, .events = POLLIN },
	};

	if (poll(fds, TALK_FDS, (int)((us + CLOCK_MS - 1) / CLOCK_MS)) <= 0)
		return 0;
	if (fds[TALK_FD_OUT].revents != 0)
		talk_read(talk, &spawn->out, talk_keep_out);
	if (fds[TALK_FD_ERR].revents != 0)
		talk_read(talk, &spawn->err, talk_keep_said);
	return fds[TALK_FD_END].revents != 0;
}

/* What it wrote last may have been what is waited for. */
static enum talk_end
talk_exited(struct talk *talk, enum talk_goal goal)
{
	talk_read_rest(talk);
	spawn_close(&talk->spawn.in);
	return goal == TALK_EXIT || talk_reached(talk, 0, goal) ? TALK_DONE :
		TALK_EXITED;
}

enum talk_end
talk_run(struct talk *talk, const void *p, size_t n, enum talk_goal goal)
{
	const char *at = p;
	int64_t us;

	for (;;) {
		talk_write(talk, &at, &n);
		if (talk_reached(talk, n, goal))
			return TALK_DONE;
		if (talk->cancelled != NULL && talk->cancelled(talk->arg))
			return TALK_CANCELLED;
		us = talk->until_us - clock_us();
		if (us <= 0)
			return TALK_LATE;
		if (us > TALK_SLICE_US)
			us = TALK_SLICE_US;
		if (talk_wait(talk, n > 0, us))
			return talk_exited(talk, goal);
	}
}

int
talk_quiet(struct talk *talk)
{
	return talk->spawn.pid != 0 && !talk_wait(talk, 0, 0) &&
		talk->spawn.out >= 0 && talk->out.len == 0 && !talk->cut;
}

/* The last line that holds anything; its end is made a NUL. */
static const char *
talk_last_line(struct buf *said)
{
	size_t len = said->len, from;

	while (len > 0 && (said->data[len - 1] == '\n' ||
	    said->data[len - 1] == '\r'))
		len--;
	for (from = len; from > 0 && said->data[from - 1] != '\n'; from--)
		;
	buf_cut(said, len);
	return buf_text(said) + from;
}

int
talk_explain(struct talk *talk, const struct command *command, int status,
	struct err *err)
{
	const char *line = talk_last_line(&talk->said);
	const char *between = *line != '\0' ? ": " : "";

	if (WIFSIGNALED(status))
		return err_set(err, ERR_SYSTEM, "%s was ended by signal %d "
			"(%s)%s%s", command->argv[0], WTERMSIG(status),
			strsignal(WTERMSIG(status)), between, line);
	if (status == 0)
		return err_set(err, ERR_SYSTEM, "%s ended before it answered"
			"%s%s", command->argv[0], between, line);
	return err_set(err, ERR_SYSTEM, "%s ended with status %d%s%s",
		command->argv[0], WEXITSTATUS(status), between, line);
}
