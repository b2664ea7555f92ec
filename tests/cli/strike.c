/* SPDX-License-Identifier: MIT */
/*
 * strike -- preloaded into a program (LD_PRELOAD), it stands before the calls
 * by which files and folders change, counts those of the first process, and
 * strikes at one of them as $STRIKE says: FATE:N, N from 1. What it struck at
 * is written to the file $STRIKE_LOG. core/state_kills does the like within
 * one process, for the state alone.
 */
#include "config.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum strike {
	STRIKE_NONE,
	STRIKE_BEFORE,	/* SIGKILL instead of it */
	STRIKE_AFTER,	/* SIGKILL once it has returned */
	STRIKE_TEAR,	/* SIGKILL in the middle of a write */
	STRIKE_EIO,	/* it fails, the next one does not */
	STRIKE_ENOSPC,
	STRIKE_EIO_ON,	/* it fails, and all from then on */
	STRIKE_ENOSPC_ON,
	STRIKE_EDQUOT_ON,
	STRIKE_CLOSE,	/* close() fails, of which only these are counted */
};

static const char *const strike_names[] = {
	"none", "before", "after", "tear", "eio", "enospc", "eio-on",
	"enospc-on", "edquot-on", "close",
};

static enum strike strike;
static unsigned long strike_at;
static unsigned long strike_calls;
static pid_t strike_pid;

__attribute__((constructor)) static void
strike_init(void)
{
	const char *given = getenv("STRIKE");
	const char *colon = given != NULL ? strchr(given, ':') : NULL;
	size_t i;

	if (colon == NULL)
		return;
	for (i = 0; i < sizeof strike_names / sizeof *strike_names; i++)
		if (strlen(strike_names[i]) == (size_t)(colon - given) &&
		    strncmp(strike_names[i], given, (size_t)(colon -
		    given)) == 0)
			strike = (enum strike)i;
	strike_at = strtoul(colon + 1, NULL, 10);
	strike_pid = getpid();
}

static void
strike_log(const char *call, unsigned long n, int fd, const char *path)
{
	char link[64], name[256] = "", text[512];
	const char *log = getenv("STRIKE_LOG");
	ssize_t len;
	int out, size;

	if (log == NULL)
		return;
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	if (path == NULL && (len = readlink(link, name, sizeof name - 1)) > 0)
		name[len] = '\0';
	size = snprintf(text, sizeof text, "%lu %s %s\n", n, call,
		path != NULL ? path : name);
	out = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (out >= 0 && size > 0)
		syscall(SYS_write, out, text, (size_t)size);
	close(out);
}

/* What is to be done to this call. Enough of the disk is as if there was
 * none of it, but what frees some of it still succeeds. */
static enum strike
strike_call(const char *call, int fd, const char *path, int frees)
{
	unsigned long n;

	if (strike == STRIKE_NONE || getpid() != strike_pid ||
	    (strike == STRIKE_CLOSE) != (strcmp(call, "close") == 0))
		return STRIKE_NONE;
	if (frees && strike != STRIKE_EIO && strike != STRIKE_EIO_ON &&
	    strike >= STRIKE_ENOSPC)
		return STRIKE_NONE;
	n = __atomic_add_fetch(&strike_calls, 1, __ATOMIC_RELAXED);
	if (n == strike_at)
		strike_log(call, n, fd, path);
	if (n == strike_at || (n > strike_at && strike >= STRIKE_EIO_ON &&
	    strike != STRIKE_CLOSE))
		return strike;
	return STRIKE_NONE;
}

/* Only what is in files: not pipes, not the memory that has a number, and not
 * what is said about it. */
static int
strike_is_file(int fd)
{
	struct stat st;
	int number = errno, is;

	is = fd != STDERR_FILENO && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
		fcntl(fd, F_GET_SEALS) == -1;
	errno = number;
	return is;
}

static enum strike
strike_file(const char *call, int fd, int frees)
{
	if (strike == STRIKE_NONE || !strike_is_file(fd))
		return STRIKE_NONE;
	return strike_call(call, fd, NULL, frees);
}

static int
strike_begin(enum strike what)
{
	if (what == STRIKE_BEFORE || what == STRIKE_TEAR)
		raise(SIGKILL);
	if (what == STRIKE_EIO || what == STRIKE_EIO_ON)
		errno = EIO;
	else if (what == STRIKE_ENOSPC || what == STRIKE_ENOSPC_ON)
		errno = ENOSPC;
	else if (what == STRIKE_EDQUOT_ON || what == STRIKE_CLOSE)
		errno = EDQUOT;
	else
		return 0;
	return 1;
}

static long
strike_end(enum strike what, long rc)
{
	if (what == STRIKE_AFTER)
		raise(SIGKILL);
	return rc;
}

/* The function of the C library that ours hides. */
#define STRIKE_REAL(name) \
	static __typeof__(&name) real; \
	if (real == NULL) \
		*(void **)&real = dlsym(RTLD_NEXT, #name)

/*
 * One that stands before NAME: `what` is what is to be done, which is asked
 * for with the real one known. Parentheses of PARAMS and ARGS are theirs.
 */
#define STRIKE_HIDE(type, name, params, args, ask) \
	type name params \
	{ \
		STRIKE_REAL(name); \
		enum strike what = ask; \
		if (strike_begin(what)) \
			return -1; \
		return (type)strike_end(what, real args); \
	}

/* --- what is in files --- */

static enum strike
strike_write(int fd)
{
	return strike_file("write", fd, 0);
}

ssize_t
write(int fd, const void *p, size_t n)
{
	STRIKE_REAL(write);
	enum strike what = strike_write(fd);

	if (what == STRIKE_TEAR)
		real(fd, p, n / 2);
	if (strike_begin(what))
		return -1;
	return strike_end(what, real(fd, p, n));
}

/* clang-format off */
STRIKE_HIDE(ssize_t, pwrite, (int fd, const void *p, size_t n, off_t at),
	(fd, p, n, at), strike_write(fd))
STRIKE_HIDE(ssize_t, pwrite64, (int fd, const void *p, size_t n, off64_t at),
	(fd, p, n, at), strike_write(fd))
STRIKE_HIDE(ssize_t, sendfile, (int to, int fd, off_t *at, size_t n),
	(to, fd, at, n), strike_write(to))
STRIKE_HIDE(int, ftruncate, (int fd, off_t length),
	(fd, length), strike_file("ftruncate", fd, 1))
STRIKE_HIDE(int, ftruncate64, (int fd, off64_t length),
	(fd, length), strike_file("ftruncate", fd, 1))

STRIKE_HIDE(int, close, (int fd),
	(fd), strike_file("close", fd, 0))
STRIKE_HIDE(int, fsync, (int fd),
	(fd), strike_call("fsync", fd, NULL, 0))
STRIKE_HIDE(int, fdatasync, (int fd),
	(fd), strike_call("fdatasync", fd, NULL, 0))
STRIKE_HIDE(int, syncfs, (int fd),
	(fd), strike_call("syncfs", fd, NULL, 0))

/* --- names --- */

STRIKE_HIDE(int, rename, (const char *from, const char *to),
	(from, to), strike_call("rename", -1, to, 0))
STRIKE_HIDE(int, renameat, (int a, const char *from, int b, const char *to),
	(a, from, b, to), strike_call("renameat", -1, to, 0))
STRIKE_HIDE(int, renameat2, (int a, const char *from, int b, const char *to,
	unsigned flags),
	(a, from, b, to, flags), strike_call("renameat2", -1, to, 0))
STRIKE_HIDE(int, linkat, (int a, const char *from, int b, const char *to,
	int flags),
	(a, from, b, to, flags), strike_call("linkat", -1, to, 0))
STRIKE_HIDE(int, unlink, (const char *path),
	(path), strike_call("unlink", -1, path, 1))
STRIKE_HIDE(int, unlinkat, (int fd, const char *path, int flags),
	(fd, path, flags), strike_call("unlinkat", -1, path, 1))
STRIKE_HIDE(int, mkdir, (const char *path, mode_t mode),
	(path, mode), strike_call("mkdir", -1, path, 0))
STRIKE_HIDE(int, mkdirat, (int fd, const char *path, mode_t mode),
	(fd, path, mode), strike_call("mkdirat", -1, path, 0))
/* clang-format on */
