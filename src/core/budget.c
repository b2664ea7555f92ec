/* SPDX-License-Identifier: MIT */
/*
 * budget -- numbers in shared memory, and no lock around them: a child may be
 * killed at any instruction, and a lock it held would stay locked for good.
 * Each holder's bytes are noted beside the sums, so that they can be taken
 * back for a child that died. One that is killed between the two additions of
 * a charge leaves that charge in the sum; the sum may be too high by it, never
 * too low, and budget_admits() holds even then.
 *
 * Nobody keeps holders in order of age: who is the oldest is looked for only
 * when somebody would have to wait, and stands until that one has left.
 */
#include "config.h"

#include <assert.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "core/budget.h"

/* A ticket is a number that grows and, in its low bits, whose it is. */
#define BUDGET_HOLDER_BITS 24
#define BUDGET_MAX_HOLDERS ((size_t)1 << BUDGET_HOLDER_BITS)

/* Behind all tickets that are drawn: of bodies that rest. */
#define BUDGET_RESTING (UINT64_C(1) << 63)

/* In files there may be so many times the limit. */
#define BUDGET_FILE_FACTOR 4

struct budget_holder {
	_Atomic uint64_t ticket;	/* 0: it has no body */
	_Atomic uint64_t memory, file;	/* bytes */
};

struct budget {
	uint64_t limit, file_limit;
	size_t n, map_size;
	_Atomic uint64_t memory, file;	/* bytes of all holders */
	_Atomic uint64_t peak;		/* of memory */
	_Atomic uint64_t tickets;	/* drawn so far */
	_Atomic uint64_t oldest;	/* who was it when last looked for */
	_Atomic uint32_t changes;	/* what waiters sleep on */
	_Atomic uint32_t waiters;	/* at least: one may be killed */
	struct budget_holder holders[];
};

struct budget *
budget_new(uint64_t limit, size_t holders, struct err *err)
{
	size_t size = sizeof(struct budget) +
		holders * sizeof(struct budget_holder);
	struct budget *budget;

	assert(holders <= BUDGET_MAX_HOLDERS);
	budget = mmap(NULL, size, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (budget == MAP_FAILED) {
		err_sys(err, "shared memory for the byte budget");
		return NULL;
	}
	budget->limit = limit;
	budget->file_limit = limit < UINT64_MAX / BUDGET_FILE_FACTOR ?
		limit * BUDGET_FILE_FACTOR : UINT64_MAX;
	budget->n = holders;
	budget->map_size = size;
	return budget;
}

void
budget_free(struct budget *budget)
{
	if (budget != NULL)
		munmap(budget, budget->map_size);
}

void
budget_keep_files(struct budget *budget)
{
	budget->file_limit = UINT64_MAX;
}

uint64_t
budget_limit(const struct budget *budget)
{
	return budget->limit;
}

static struct budget_holder *
budget_holder(struct budget *budget, size_t holder)
{
	assert(holder < budget->n);
	return &budget->holders[holder];
}

/* The smallest ticket; 0: nobody holds anything. A ticket that was drawn but
 * is not noted yet may be missed: then a younger one is the first to go on,
 * which is as good. */
static uint64_t
budget_find_oldest(struct budget *budget)
{
	uint64_t oldest = 0, ticket;
	size_t i;

	for (i = 0; i < budget->n; i++) {
		ticket = atomic_load(&budget->holders[i].ticket);
		if (ticket != 0 && (oldest == 0 || ticket < oldest))
			oldest = ticket;
	}
	return oldest;
}

static uint64_t
budget_oldest(struct budget *budget)
{
	uint64_t oldest = atomic_load(&budget->oldest);
	size_t holder = oldest & (BUDGET_MAX_HOLDERS - 1);

	if (oldest != 0 && oldest < BUDGET_RESTING &&
	    atomic_load(&budget->holders[holder].ticket) == oldest)
		return oldest;
	oldest = budget_find_oldest(budget);
	atomic_store(&budget->oldest, oldest);
	return oldest;
}

int
budget_admits(struct budget *budget)
{
	uint64_t memory = atomic_load(&budget->memory);
	uint64_t file = atomic_load(&budget->file);

	if (memory < budget->limit - budget->limit / 4 &&
	    file < budget->file_limit - budget->file_limit / 4)
		return 1;
	return budget_oldest(budget) == 0;
}

void
budget_enter(struct budget *budget, size_t holder)
{
	struct budget_holder *h = budget_holder(budget, holder);

	if (atomic_load(&h->ticket) == 0)
		atomic_store(&h->ticket, (atomic_fetch_add(&budget->tickets,
			1) + 1) << BUDGET_HOLDER_BITS | holder);
}

/* Whoever waits counts himself first and looks then; here it is the other way
 * round, so that one of the two sees the other. */
static void
budget_changed(struct budget *budget)
{
	if (atomic_load(&budget->waiters) == 0)
		return;
	atomic_fetch_add(&budget->changes, 1);
	syscall(SYS_futex, &budget->changes, FUTEX_WAKE, INT_MAX, NULL, NULL,
		0);
}

void
budget_leave(struct budget *budget, size_t holder)
{
	struct budget_holder *h = budget_holder(budget, holder);

	if (atomic_load(&h->ticket) == 0)
		return;
	atomic_fetch_sub(&budget->memory, atomic_exchange(&h->memory, 0));
	atomic_fetch_sub(&budget->file, atomic_exchange(&h->file, 0));
	atomic_store(&h->ticket, 0);
	budget_changed(budget);
}

void
budget_rest(struct budget *budget, size_t holder)
{
	struct budget_holder *h = budget_holder(budget, holder);

	if (atomic_load(&h->ticket) == 0)
		return;
	atomic_fetch_or(&h->ticket, BUDGET_RESTING);
	budget_changed(budget);
}

static void
budget_note_peak(struct budget *budget, uint64_t memory)
{
	uint64_t peak = atomic_load(&budget->peak);

	while (memory > peak)
		if (atomic_compare_exchange_weak(&budget->peak, &peak,
		    memory))
			break;
}

int
budget_charge(struct budget *budget, size_t holder, uint64_t n)
{
	struct budget_holder *h = budget_holder(budget, holder);
	uint64_t held = atomic_load(&budget->memory);

	do {
		if (held > budget->limit || n > budget->limit - held)
			return -1;
	} while (!atomic_compare_exchange_weak(&budget->memory, &held,
		held + n));
	atomic_fetch_add(&h->memory, n);
	budget_note_peak(budget, held + n);
	return 0;
}

void
budget_spill(struct budget *budget, size_t holder)
{
	struct budget_holder *h = budget_holder(budget, holder);
	uint64_t n = atomic_load(&h->memory);

	budget_charge_file(budget, holder, n);
	atomic_fetch_sub(&budget->memory, atomic_exchange(&h->memory, 0));
	budget_changed(budget);
}

void
budget_charge_file(struct budget *budget, size_t holder, uint64_t n)
{
	struct budget_holder *h = budget_holder(budget, holder);

	atomic_fetch_add(&budget->file, n);
	atomic_fetch_add(&h->file, n);
}

int
budget_must_wait(struct budget *budget, size_t holder)
{
	const struct budget_holder *h = budget_holder(budget, holder);

	return atomic_load(&budget->file) >= budget->file_limit &&
		atomic_load(&h->ticket) != budget_oldest(budget);
}

void
budget_wait(struct budget *budget, size_t holder, int64_t us)
{
	struct timespec timeout = {
		.tv_sec = (time_t)(us / CLOCK_SECOND),
		.tv_nsec = (long)(us % CLOCK_SECOND * 1000),
	};
	uint32_t seen;

	atomic_fetch_add(&budget->waiters, 1);
	seen = atomic_load(&budget->changes);
	if (us > 0 && budget_must_wait(budget, holder))
		syscall(SYS_futex, &budget->changes, FUTEX_WAIT, seen,
			&timeout, NULL, 0);
	atomic_fetch_sub(&budget->waiters, 1);
}

uint64_t
budget_held(const struct budget *budget)
{
	return atomic_load(&budget->memory);
}

uint64_t
budget_peak(const struct budget *budget)
{
	return atomic_load(&budget->peak);
}
