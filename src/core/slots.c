/* SPDX-License-Identifier: MIT */
/*
 * slots -- shared memory without a file, far larger than the machine's, since
 * pages come with the first write. The way not taken is a memfd for each
 * body: a descriptor each, a mapping each in each process, and mremap(2) where
 * it grows.
 *
 * A page's first write costs more than filling it does. So a slot that is
 * given back keeps a little of its memory, and is the next to be taken; what
 * all keep together is bounded, whether they are taken or not, so that the
 * bytes in use and SLOTS_KEEP_ALL are all that there can be.
 */
#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/mem.h"
#include "core/slots.h"

#define SLOTS_KEEP ((size_t)1 << 20)		/* of one, at most */
#define SLOTS_KEEP_ALL ((size_t)32 << 20)

struct slots {
	char *base;
	size_t n, size, page;
	/* How much of each may have memory; shared, since any process writes,
	 * and one that was killed cannot tell any more. */
	_Atomic size_t *touched;
	pthread_mutex_t lock;	/* of what follows */
	size_t *free;		/* a stack */
	size_t n_free;
	size_t *kept;		/* by each, when it was last given back */
	size_t kept_all;
};

static void *
slots_map(size_t n, size_t size, int flags)
{
	size_t all;

	if (__builtin_mul_overflow(n, size, &all)) {
		errno = ENOMEM;
		return MAP_FAILED;
	}
	return mmap(NULL, all, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS | flags, -1, 0);
}

static size_t
slots_round(const struct slots *slots, size_t n)
{
	return (n + slots->page - 1) / slots->page * slots->page;
}

/* Under ulimit -v, and where the system promises no more memory than it has
 * (vm.overcommit_memory), slots become smaller. */
static int
slots_reserve(struct slots *slots, uint64_t size)
{
	size_t max = SIZE_MAX / 2;

	slots->size = slots_round(slots, size < max ? (size_t)size : max);
	if (slots->size == 0)
		slots->size = slots->page;
	for (;;) {
		slots->base = slots_map(slots->n, slots->size, MAP_NORESERVE);
		if (slots->base != MAP_FAILED)
			return 0;
		if (slots->size == slots->page)
			return -1;
		slots->size = slots_round(slots, slots->size / 2);
	}
}

/* What just fitted would leave nothing to anybody else. */
static int
slots_reserve_less(struct slots *slots)
{
	munmap(slots->base, slots->n * slots->size);
	return slots_reserve(slots, slots->size / 4);
}

static int
slots_open(struct slots *slots, uint64_t size, struct err *err)
{
	if (slots_reserve(slots, size) != 0 ||
	    (slots->size < size && slots_reserve_less(slots) != 0)) {
		slots->base = NULL;
		return err_sys(err, "addresses for %zu bodies", slots->n);
	}
	slots->touched = slots_map(slots->n, sizeof *slots->touched, 0);
	if (slots->touched == MAP_FAILED) {
		slots->touched = NULL;
		return err_sys(err, "shared memory for bodies");
	}
	/* Not that a core dump should have bodies in it; and a short body
	 * should not cost a huge page. Without either it still works. */
	madvise(slots->base, slots->n * slots->size, MADV_DONTDUMP);
	madvise(slots->base, slots->n * slots->size, MADV_NOHUGEPAGE);
	return 0;
}

struct slots *
slots_new(size_t n, uint64_t size, struct err *err)
{
	struct slots *slots = mem_array(1, sizeof *slots);

	slots->n = n;
	slots->page = (size_t)sysconf(_SC_PAGESIZE);
	pthread_mutex_init(&slots->lock, NULL);
	if (slots_open(slots, size, err) != 0) {
		slots_free(slots);
		return NULL;
	}
	slots->kept = mem_array(n, sizeof *slots->kept);
	slots->free = mem_array(n, sizeof *slots->free);
	while (slots->n_free < n) {
		slots->free[slots->n_free] = n - 1 - slots->n_free;
		slots->n_free++;
	}
	return slots;
}

void
slots_free(struct slots *slots)
{
	if (slots == NULL)
		return;
	if (slots->base != NULL)
		munmap(slots->base, slots->n * slots->size);
	if (slots->touched != NULL)
		munmap(slots->touched, slots->n * sizeof *slots->touched);
	pthread_mutex_destroy(&slots->lock);
	free(slots->kept);
	free(slots->free);
	free(slots);
}

size_t
slots_size(const struct slots *slots)
{
	return slots->size;
}

size_t
slots_count(const struct slots *slots)
{
	return slots->n;
}

size_t
slots_left(struct slots *slots)
{
	size_t n;

	pthread_mutex_lock(&slots->lock);
	n = slots->n_free;
	pthread_mutex_unlock(&slots->lock);
	return n;
}

size_t
slots_take(struct slots *slots)
{
	size_t slot = SLOTS_NONE;

	pthread_mutex_lock(&slots->lock);
	if (slots->n_free > 0)
		slot = slots->free[--slots->n_free];
	pthread_mutex_unlock(&slots->lock);
	return slot;
}

char *
slots_at(const struct slots *slots, size_t slot)
{
	return slots->base + slot * slots->size;
}

void
slots_touch(struct slots *slots, size_t slot, size_t n)
{
	if (n > atomic_load(&slots->touched[slot]))
		atomic_store(&slots->touched[slot], slots_round(slots, n));
}

/* Gives back what lies behind the first `keep` bytes. */
static void
slots_cut(struct slots *slots, size_t slot, size_t keep)
{
	size_t touched = atomic_load(&slots->touched[slot]);

	if (touched <= keep)
		return;
	madvise(slots_at(slots, slot) + keep, touched - keep, MADV_REMOVE);
	atomic_store(&slots->touched[slot], keep);
}

void
slots_drop(struct slots *slots, size_t slot)
{
	slots_cut(slots, slot, 0);
}

/* How much of what the slot has it may keep; counted at once. */
static size_t
slots_keep(struct slots *slots, size_t slot)
{
	size_t keep = atomic_load(&slots->touched[slot]);
	size_t left;

	pthread_mutex_lock(&slots->lock);
	slots->kept_all -= slots->kept[slot];
	left = SLOTS_KEEP_ALL - slots->kept_all;
	if (keep > SLOTS_KEEP)
		keep = SLOTS_KEEP;
	if (keep > left)
		keep = left;
	slots->kept[slot] = keep;
	slots->kept_all += keep;
	pthread_mutex_unlock(&slots->lock);
	return keep;
}

void
slots_give(struct slots *slots, size_t slot)
{
	slots_cut(slots, slot, slots_keep(slots, slot));
	pthread_mutex_lock(&slots->lock);
	slots->free[slots->n_free++] = slot;
	pthread_mutex_unlock(&slots->lock);
}
