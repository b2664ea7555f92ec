/* SPDX-License-Identifier: MIT */
/*
 * spawn -- starting and ending commands. posix_spawn(3) is a vfork: it costs
 * the same however much memory this process has, and is safe with threads.
 * The descriptor of a process (pidfd) is waited for together with its pipes,
 * so that a grandchild which keeps a pipe open holds nobody up.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/command.h"
#include "base/spawn.h"

#define SPAWN_KILL_MS 1000

/* Their ends of the pipes: standard input, output, error. */
#define SPAWN_FDS 3

void
spawn_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* Out of the way of 0 to 2, which may be free in this process. */
static int
spawn_raise(int *fd)
{
	int higher;

	if (*fd >= SPAWN_FDS)
		return 0;
	higher = fcntl(*fd, F_DUPFD_CLOEXEC, SPAWN_FDS);
	if (higher < 0)
		return -1;
	close(*fd);
	*fd = higher;
	return 0;
}

static int
spawn_pipe(int *reader, int *writer, int *ours)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) != 0)
		return -1;
	*reader = fds[0];
	*writer = fds[1];
	if (spawn_raise(reader) != 0 || spawn_raise(writer) != 0)
		return -1;
	return fcntl(*ours, F_SETFL, O_NONBLOCK);
}

/* Number `to` becomes that descriptor, and none above is left. */
static int
spawn_place(posix_spawn_file_actions_t *actions, const int theirs[SPAWN_FDS])
{
	int to, rc = 0;

	for (to = 0; to < SPAWN_FDS && rc == 0; to++)
		rc = posix_spawn_file_actions_adddup2(actions, theirs[to], to);
	if (rc == 0)
		rc = posix_spawn_file_actions_addclosefrom_np(actions,
			SPAWN_FDS);
	return rc;
}

static int
spawn_detach(posix_spawnattr_t *attr)
{
	sigset_t none, all;
	int rc;

	sigemptyset(&none);
	sigfillset(&all);
	rc = posix_spawnattr_setflags(attr, POSIX_SPAWN_SETPGROUP |
		POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	if (rc == 0)
		rc = posix_spawnattr_setpgroup(attr, 0);
	if (rc == 0)
		rc = posix_spawnattr_setsigmask(attr, &none);
	if (rc == 0)
		rc = posix_spawnattr_setsigdefault(attr, &all);
	return rc;
}

/* 0 or a number of errno. */
static int
spawn_exec(pid_t *ret, const struct command *command, char *const env[],
	const int theirs[SPAWN_FDS])
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	int rc;

	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attr);
	rc = spawn_place(&actions, theirs);
	if (rc == 0)
		rc = spawn_detach(&attr);
	if (rc == 0)
		rc = posix_spawn(ret, command->path, &actions, &attr,
			command->argv, env);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&actions);
	return rc;
}

int
spawn_start(struct spawn *ret, const struct command *command,
	char *const env[], struct err *err)
{
	struct spawn spawn = SPAWN_NONE;
	int theirs[SPAWN_FDS] = { -1, -1, -1 };
	int i, rc = -1;

	if (spawn_pipe(&theirs[0], &spawn.in, &spawn.in) != 0 ||
	    spawn_pipe(&spawn.out, &theirs[1], &spawn.out) != 0 ||
	    spawn_pipe(&spawn.err, &theirs[2], &spawn.err) != 0)
		goto out;
	errno = spawn_exec(&spawn.pid, command, env, theirs);
	if (errno != 0)
		goto out;
	spawn.pidfd = pidfd_open(spawn.pid, 0);
	if (spawn.pidfd >= 0)
		rc = 0;
out:
	if (rc == 0)
		*ret = spawn;
	else
		err_sys(err, "cannot run '%s'", command->argv[0]);
	for (i = 0; i < SPAWN_FDS; i++)
		spawn_close(&theirs[i]);
	if (rc != 0)
		spawn_end(&spawn);
	return rc;
}

/* 0 once it is waited for, -1: it goes on. Without a pidfd, for which there
 * was no descriptor, it has only just begun, and SIGKILL will end it. */
static int
spawn_wait(const struct spawn *spawn, int *ret_status)
{
	struct pollfd end = { .fd = spawn->pidfd, .events = POLLIN };
	int watched = spawn->pidfd >= 0;
	pid_t pid;

	while (watched && poll(&end, 1, SPAWN_KILL_MS) < 0 && errno == EINTR)
		;
	do
		pid = waitpid(spawn->pid, ret_status, watched ? WNOHANG : 0);
	while (pid < 0 && errno == EINTR);
	return pid == spawn->pid ? 0 : -1;
}

int
spawn_end(struct spawn *spawn)
{
	int status = SIGKILL;

	/* Its number is not given to another before it was waited for. */
	if (spawn->pid != 0) {
		kill(-spawn->pid, SIGKILL);
		kill(spawn->pid, SIGKILL);
		if (spawn_wait(spawn, &status) != 0)
			status = SIGKILL;
	}
	/* Not before: a body cut short must not seem to have an end. */
	spawn_close(&spawn->in);
	spawn_close(&spawn->out);
	spawn_close(&spawn->err);
	spawn_close(&spawn->pidfd);
	spawn->pid = 0;
	return status;
}
