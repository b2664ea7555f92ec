/* SPDX-License-Identifier: MIT */
/*
 * zygote -- a process that forks, for a program that cannot.
 *
 * Forking from the run's own process would copy its page tables for every
 * URL (29 us a megabyte) and, with threads about, whatever locks they hold.
 * See vfork(2) and posix_spawn(3) for the ways not taken: both need an exec,
 * which costs more than all the rest of a fetch.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/zygote.h"
#include "net/fetch.h"
#include "net/perform.h"

#define ZYGOTE_SPAWN 0u			/* the one kind of request */
#define ZYGOTE_AGAIN_MS 20		/* between attempts to fork */
#define ZYGOTE_PATIENCE (10 * CLOCK_SECOND)	/* with no child at all */
#define ZYGOTE_END_MS 1000
#define ZYGOTE_HEAP 262144		/* bytes: for a fetch, and some */
#define ZYGOTE_LARGE_BODY 65536u

struct zygote {
	struct zygote_args args;
	struct easy_env env;
	pid_t pid;		/* 0: it was waited for */
	int sock;
	int status;		/* once it was waited for */
	int warned;
	struct packet packet;	/* the event's, or the request's */
	_Atomic pid_t *pids;	/* shared, by slot; written by the zygote */
	char *shared;		/* behind them, pieces of `piece` bytes */
	size_t piece, map_size;
};

/* --- the zygote's side --- */

struct zygote_side {
	struct zygote *zygote;
	struct performer *performer;	/* what each child begins with */
	int signals;		/* SIGCHLD */
	size_t n;		/* children alive */
	int pending;		/* the packet waits for a fork */
	int64_t refused_us;	/* since when none can be made; 0: they can */
};

/* Ctrl-C is for the whole terminal; how children end is the run's business. */
static void
zygote_reset_signals(void)
{
	static const int ignored[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	size_t i;

	signal(SIGCHLD, SIG_DFL);
	for (i = 0; i < sizeof ignored / sizeof *ignored; i++)
		signal(ignored[i], SIG_IGN);
}

/* A descriptor kept here would keep a pipe open that the run closed. */
static int
zygote_close_others(int keep)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0 || dup2(null, STDIN_FILENO) < 0 ||
	    dup2(null, STDOUT_FILENO) < 0)
		return -1;
	if (keep > STDERR_FILENO + 1 &&
	    close_range(STDERR_FILENO + 1, (unsigned)keep - 1, 0) != 0)
		return -1;
	return close_range((unsigned)keep + 1, ~0u, 0);
}

/* Ends with `parent`, even if that is over already. */
static void
zygote_end_with(pid_t parent, const char *name)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(EXIT_FAILURE);
	prctl(PR_SET_NAME, name);
}

static void
zygote_say(struct zygote *zygote, enum zygote_kind kind, size_t slot,
	int value)
{
	struct packet packet = {
		.kind = (uint32_t)kind,
		.number = (uint32_t)slot,
		.value = value,
	};

	packet_send(zygote->sock, &packet, 0);
}

static void __attribute__((noreturn))
zygote_live(struct zygote_side *side, pid_t parent)
{
	struct zygote *zygote = side->zygote;
	struct zygote_child child = {
		.given = &zygote->args.given,
		.performer = side->performer,
		.slot = zygote->packet.number,
		.shared = zygote_shared(zygote, zygote->packet.number),
		.packet = &zygote->packet,
		.sock = zygote->sock,
		.arg = zygote->args.arg,
	};
	sigset_t none;

	/* The zygote notes it too, perhaps after this process was heard of. */
	atomic_store(&zygote->pids[child.slot], getpid());
	zygote_end_with(parent, "fetchall-child");
	close(side->signals);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	zygote->args.role->live(&child);
	_exit(EXIT_SUCCESS);
}

/* The soft limit is a default; the hard one is meant. */
static int
zygote_raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NPROC, &limit) != 0 ||
	    limit.rlim_cur == limit.rlim_max)
		return -1;
	limit.rlim_cur = limit.rlim_max;
	return setrlimit(RLIMIT_NPROC, &limit);
}

/* Notes that none can be made, and says so once for each time it begins. */
static void
zygote_refuse(struct zygote_side *side)
{
	int64_t now = clock_us();

	if (side->refused_us == 0) {
		side->refused_us = now;
		zygote_say(side->zygote, ZYGOTE_LIMITED, 0, (int)side->n);
	}
	if (side->n == 0 && now - side->refused_us > ZYGOTE_PATIENCE)
		_exit(EXIT_FAILURE);
}

static void
zygote_fork(struct zygote_side *side)
{
	struct zygote *zygote = side->zygote;
	pid_t own = getpid(), pid;

	do
		pid = fork();
	while (pid < 0 && errno == EAGAIN && zygote_raise_limit() == 0);
	if (pid == 0)
		zygote_live(side, own);
	side->pending = pid < 0;
	if (pid < 0) {
		zygote_refuse(side);
		return;
	}
	atomic_store(&zygote->pids[zygote->packet.number], pid);
	side->n++;
	side->refused_us = 0;
	packet_clear(&zygote->packet);
}

/* n_slots: it is none of the children. */
static size_t
zygote_find(const struct zygote *zygote, pid_t pid)
{
	size_t slot = 0;

	while (slot < zygote->args.n_slots &&
	    atomic_load(&zygote->pids[slot]) != pid)
		slot++;
	return slot;
}

/*
 * A child that was killed could not end the commands it had started. They
 * are ours then (zygote_adopt()), each with the group it leads.
 */
static void
zygote_kill_orphans(const struct zygote *zygote)
{
	char path[64];
	FILE *file;
	int pid;

	snprintf(path, sizeof path, "/proc/self/task/%d/children",
		(int)getpid());
	file = fopen(path, "re");
	if (file == NULL)
		return;
	while (fscanf(file, "%d", &pid) == 1)
		if (zygote_find(zygote, pid) == zygote->args.n_slots) {
			kill(-pid, SIGKILL);
			kill(pid, SIGKILL);
		}
	fclose(file);
}

/* Orphans of our children become ours, and not init's. */
static void
zygote_adopt(void)
{
	prctl(PR_SET_CHILD_SUBREAPER, 1);
}

static void
zygote_reap(struct zygote_side *side)
{
	struct zygote *zygote = side->zygote;
	int status, killed = 0;
	size_t slot;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		slot = zygote_find(zygote, pid);
		if (slot == zygote->args.n_slots)
			continue;
		killed |= WIFSIGNALED(status);
		atomic_store(&zygote->pids[slot], 0);
		zygote_say(zygote, ZYGOTE_EXIT, slot, status);
		side->n--;
	}
	if (killed)
		zygote_kill_orphans(zygote);
}

static void __attribute__((noreturn))
zygote_end(struct zygote_side *side)
{
	const struct zygote *zygote = side->zygote;
	size_t slot;
	pid_t pid;

	zygote_kill(zygote);
	for (slot = 0; slot < zygote->args.n_slots; slot++) {
		pid = atomic_load(&zygote->pids[slot]);
		while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
		atomic_store(&zygote->pids[slot], 0);
	}
	zygote_kill_orphans(zygote);
	_exit(EXIT_SUCCESS);
}

static void
zygote_request(struct zygote_side *side)
{
	struct zygote *zygote = side->zygote;

	if (packet_recv(zygote->sock, &zygote->packet, 0) != PACKET_DONE)
		zygote_end(side);
	if (zygote->packet.kind == ZYGOTE_SPAWN &&
	    zygote->packet.number < zygote->args.n_slots)
		zygote_fork(side);
}

static void __attribute__((noreturn))
zygote_main(struct zygote_side *side)
{
	struct signalfd_siginfo info;
	struct pollfd fds[] = {
		{ .fd = side->zygote->sock },
		{ .fd = side->signals, .events = POLLIN },
	};
	int n;

	for (;;) {
		fds[0].events = side->pending ? POLLRDHUP :
			POLLRDHUP | POLLIN;
		n = poll(fds, 2, side->pending ? ZYGOTE_AGAIN_MS : -1);
		if (n < 0)
			continue;
		if (fds[1].revents != 0 &&
		    read(side->signals, &info, sizeof info) > 0)
			zygote_reap(side);
		if (fds[0].revents & (POLLRDHUP | POLLHUP | POLLERR))
			zygote_end(side);
		if (side->pending)
			zygote_fork(side);
		else if (fds[0].revents & POLLIN)
			zygote_request(side);
	}
}

/*
 * Page tables of private memory are copied by each fork, those of shared
 * memory are not: a body of many megabytes is moved there.
 */
static void
zygote_share_body(struct wire_given *given)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uintptr_t from = (uintptr_t)given->body, to = from + given->body_len;
	void *copy;

	if (given->body_len < ZYGOTE_LARGE_BODY)
		return;
	copy = mmap(NULL, given->body_len, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (copy == MAP_FAILED)
		return;
	memcpy(copy, given->body, given->body_len);
	from = (from + page - 1) / page * page;
	to = to / page * page;
	madvise((void *)from, to - from, MADV_DONTFORK);
	given->body = copy;
}

/*
 * A fetch that ends where its name would be looked up: what libcurl makes
 * with the first one, each child inherits. With a proxy or a socket there is
 * no such end.
 */
static void
zygote_warm_up(const struct zygote_side *side)
{
	const struct easy_settings *easy = side->zygote->args.easy;
	struct fetch fetch = { 0 };

	if (side->performer == NULL || easy->proxy != NULL ||
	    easy->unix_socket != NULL)
		return;
	if (url_parse("http://zygote.invalid/", NULL, &fetch.request.url,
	    NULL) == 0)
		perform(side->performer, &fetch);
	fetch_release(&fetch);
}

/* What a child frees ends with it: it need not go back to the kernel. */
static void
zygote_keep_heap(void)
{
#ifdef M_TOP_PAD
	mallopt(M_TOP_PAD, ZYGOTE_HEAP);
	mallopt(M_TRIM_THRESHOLD, INT_MAX);
#endif
}

static void __attribute__((noreturn))
zygote_begin(struct zygote *zygote, int sock, pid_t parent)
{
	struct zygote_side side = { .zygote = zygote };
	sigset_t mask;

	zygote->sock = sock;
	zygote_end_with(parent, "fetchall-zygote");
	zygote_adopt();
	zygote_reset_signals();
	if (zygote_close_others(sock) != 0)
		_exit(EXIT_FAILURE);
	sigemptyset(&mask);
	sigaddset(&mask, SIGCHLD);
	side.signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	if (side.signals < 0)
		_exit(EXIT_FAILURE);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	zygote_share_body(&zygote->args.given);
	zygote_keep_heap();
	if (zygote->args.easy != NULL)
		side.performer = performer_new(
			perform_group_new(&zygote->env), NULL);
	zygote_warm_up(&side);
	zygote_main(&side);
}

/* --- the run's side: life --- */

static int
zygote_map(struct zygote *zygote, struct err *err)
{
	size_t n = zygote->args.n_slots, table;
	void *map;

	/* Pieces of whole cache lines: each has a writer of its own. */
	zygote->piece = (zygote->args.role->shared_size + 63) / 64 * 64;
	table = (n * sizeof *zygote->pids + 63) / 64 * 64;
	zygote->map_size = table + n * zygote->piece;
	map = mmap(NULL, zygote->map_size, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (map == MAP_FAILED)
		return err_sys(err, "memory shared with processes");
	zygote->pids = map;
	zygote->shared = (char *)map + table;
	return 0;
}

static int
zygote_start(struct zygote *zygote, struct err *err)
{
	pid_t own = getpid();
	sigset_t all, old;
	int socks[2];

	if (packet_pair(socks) != 0)
		return err_sys(err, "a socket for processes");
	/* Else waitpid(2) would not see what the starter chose to ignore. */
	signal(SIGCHLD, SIG_DFL);
	/* A Ctrl-C in between must not end the zygote alone. */
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &old);
	zygote->pid = fork();
	if (zygote->pid == 0)
		zygote_begin(zygote, socks[1], own);
	sigprocmask(SIG_SETMASK, &old, NULL);
	close(socks[1]);
	zygote->sock = socks[0];
	if (zygote->pid > 0)
		return 0;
	zygote->pid = 0;
	return err_sys(err, "cannot make a process");
}

struct zygote *
zygote_new(const struct zygote_args *args, struct err *err)
{
	struct zygote *zygote = mem_array(1, sizeof *zygote);

	zygote->args = *args;
	zygote->sock = -1;
	packet_init(&zygote->packet);
	if ((args->easy == NULL || easy_env_init(&zygote->env, args->easy,
	    args->role->tls, err) == 0) && zygote_map(zygote, err) == 0 &&
	    zygote_start(zygote, err) == 0)
		return zygote;
	zygote_free(zygote);
	return NULL;
}

static int
zygote_has_children(const struct zygote *zygote)
{
	size_t slot;

	for (slot = 0; slot < zygote->args.n_slots; slot++)
		if (zygote_pid(zygote, slot) != 0)
			return 1;
	return 0;
}

int
zygote_await(struct zygote *zygote, int64_t us)
{
	struct pollfd news = { .fd = zygote->sock, .events = POLLIN };
	int64_t until = clock_us() + us, left;
	struct zygote_event event;

	/* Where it was stopped already, nobody says so of children. */
	while (zygote->pid != 0 && zygote_has_children(zygote)) {
		left = until - clock_us();
		if (left <= 0)
			return 1;
		if (poll(&news, 1, (int)(left / CLOCK_MS) + 1) > 0 &&
		    zygote_next(zygote, &event) == PACKET_GONE)
			return 0;
	}
	return 0;
}

/* Its end of the socket is closed when it and all its children are gone. */
static void
zygote_wait(struct zygote *zygote)
{
	struct pollfd end = { .fd = zygote->sock, .events = POLLIN };
	int64_t until = clock_us() + ZYGOTE_END_MS * CLOCK_MS;
	int64_t left;

	for (;;) {
		left = until - clock_us();
		if (left <= 0)
			break;
		if (poll(&end, 1, (int)(left / CLOCK_MS) + 1) < 0)
			continue;
		if (end.revents != 0 && packet_recv(zygote->sock,
		    &zygote->packet, PACKET_NOWAIT) == PACKET_GONE)
			return;
	}
	kill(zygote->pid, SIGKILL);
}

void
zygote_stop(struct zygote *zygote)
{
	if (zygote == NULL || zygote->pid == 0)
		return;
	shutdown(zygote->sock, SHUT_WR);
	zygote_wait(zygote);
	while (waitpid(zygote->pid, &zygote->status, 0) < 0 && errno == EINTR)
		;
	zygote->pid = 0;
	close(zygote->sock);
	zygote->sock = -1;
}

void
zygote_free(struct zygote *zygote)
{
	if (zygote == NULL)
		return;
	zygote_stop(zygote);
	if (zygote->sock >= 0)
		close(zygote->sock);
	if (zygote->pids != NULL)
		munmap(zygote->pids, zygote->map_size);
	packet_release(&zygote->packet);
	easy_env_release(&zygote->env);
	free(zygote);
}

int
zygote_lost(struct zygote *zygote, struct err *err)
{
	zygote_stop(zygote);
	if (WIFSIGNALED(zygote->status))
		return err_set(err, ERR_SYSTEM, "the process that makes "
			"processes was killed by signal %d",
			WTERMSIG(zygote->status));
	return err_set(err, ERR_SYSTEM, "no process can be made, and none has "
		"ended for %d seconds", (int)(ZYGOTE_PATIENCE / CLOCK_SECOND));
}

/* --- the run's side: children --- */

enum packet_status
zygote_spawn(struct zygote *zygote, size_t slot, struct packet *packet)
{
	packet->kind = ZYGOTE_SPAWN;
	packet->number = (uint32_t)slot;
	return packet_send(zygote->sock, packet, PACKET_NOWAIT);
}

int
zygote_fd(const struct zygote *zygote)
{
	return zygote->sock;
}

static void
zygote_warn(struct zygote *zygote, int n)
{
	if (zygote->warned)
		return;
	zygote->warned = 1;
	log_warning("only %d processes at a time instead of %zu: the system "
		"allows no more (ulimit -u, memory)", n > 0 ? n : 1,
		zygote->args.n_slots);
}

enum packet_status
zygote_next(struct zygote *zygote, struct zygote_event *ret)
{
	struct packet *packet = &zygote->packet;
	enum packet_status status;

	do {
		status = packet_recv(zygote->sock, packet, PACKET_NOWAIT);
		if (status != PACKET_DONE)
			return status;
	} while (packet->kind >= ZYGOTE_KINDS ||
	    packet->number >= zygote->args.n_slots);
	ret->kind = (enum zygote_kind)packet->kind;
	ret->slot = packet->number;
	ret->value = packet->value;
	ret->packet = packet;
	if (ret->kind == ZYGOTE_LIMITED)
		zygote_warn(zygote, ret->value);
	return PACKET_DONE;
}

const struct wire_given *
zygote_given(const struct zygote *zygote)
{
	return &zygote->args.given;
}

void *
zygote_arg(const struct zygote *zygote)
{
	return zygote->args.arg;
}

void *
zygote_shared(const struct zygote *zygote, size_t slot)
{
	return zygote->shared + slot * zygote->piece;
}

pid_t
zygote_pid(const struct zygote *zygote, size_t slot)
{
	return atomic_load(&zygote->pids[slot]);
}

void
zygote_kill(const struct zygote *zygote)
{
	size_t slot;
	pid_t pid;

	for (slot = 0; slot < zygote->args.n_slots; slot++) {
		pid = atomic_load(&zygote->pids[slot]);
		if (pid > 0)
			kill(pid, SIGKILL);
	}
}

size_t
zygote_pids(const struct zygote *zygote, pid_t *ret, size_t max)
{
	size_t n = 0, slot;
	pid_t pid;

	if (n < max && zygote->pid > 0)
		ret[n++] = zygote->pid;
	for (slot = 0; n < max && slot < zygote->args.n_slots; slot++) {
		pid = atomic_load(&zygote->pids[slot]);
		if (pid > 0)
			ret[n++] = pid;
	}
	return n;
}
