/* SPDX-License-Identifier: MIT */
/*
 * coroutine -- stacks to switch between, on the C library's ucontext.
 *
 * swapcontext(3) also saves the signal mask, a system call each way; beside a
 * transfer's that is noise, and it needs no assembler of ours. A coroutine
 * that has returned keeps its stack and context and is given the next
 * function, so that a start costs no more than a switch.
 */
#include "config.h"

#include <assert.h>
#include <stdint.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include "base/coroutine.h"
#include "base/list.h"
#include "base/mem.h"

#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define COROUTINE_ASAN
#include <sanitizer/common_interface_defs.h>
#endif
#if defined(__SANITIZE_THREAD__) || __has_feature(thread_sanitizer)
#define COROUTINE_TSAN
#include <sanitizer/tsan_interface.h>
#endif

struct coroutine {
	struct list node;	/* while it is idle */
	struct coroutines *coroutines;
	struct coroutine *resumer;	/* who it goes back to */
	ucontext_t context;
	void (*main)(void *);	/* NULL: end for good */
	void *arg;
	char *map;		/* the guard page, then the stack */
	/* What AddressSanitizer and ThreadSanitizer know it by. */
	const void *stack;
	size_t stack_size;
	void *fake_stack, *fiber;
};

struct coroutines {
	struct coroutine outside;	/* the thread as it was found */
	struct coroutine *running;
	struct list idle;
	size_t n;		/* all there are */
	size_t guard, stack;
};

/* --- telling the checkers, which follow the stack pointer --- */

static void
coroutine_note_new(struct coroutine *coroutine)
{
#ifdef COROUTINE_TSAN
	coroutine->fiber = __tsan_create_fiber(0);
#else
	(void)coroutine;
#endif
}

static void
coroutine_note_end(struct coroutine *coroutine)
{
#ifdef COROUTINE_TSAN
	__tsan_destroy_fiber(coroutine->fiber);
#else
	(void)coroutine;
#endif
}

static inline void
coroutine_note_leaving(struct coroutine *from, struct coroutine *to)
{
#ifdef COROUTINE_ASAN
	int for_good = from != &from->coroutines->outside &&
		from->main == NULL;

	__sanitizer_start_switch_fiber(for_good ? NULL : &from->fake_stack,
		to->stack, to->stack_size);
#endif
#ifdef COROUTINE_TSAN
	from->fiber = __tsan_get_current_fiber();
	__tsan_switch_to_fiber(to->fiber, 0);
#endif
	(void)from;
	(void)to;
}

/* `from`: whose stack this comes from, or NULL when that is known. */
static inline void
coroutine_note_arrived(struct coroutine *self, struct coroutine *from)
{
#ifdef COROUTINE_ASAN
	const void *stack;
	size_t size;

	__sanitizer_finish_switch_fiber(self->fake_stack, &stack, &size);
	if (from != NULL) {
		from->stack = stack;
		from->stack_size = size;
	}
#endif
	(void)self;
	(void)from;
}

/* --- switching --- */

static void
coroutine_switch(struct coroutine *from, struct coroutine *to)
{
	from->coroutines->running = to;
	coroutine_note_leaving(from, to);
	swapcontext(&from->context, &to->context);
	coroutine_note_arrived(from, NULL);
}

/* makecontext(3) passes ints: the pointer comes in halves. */
static void
coroutine_enter(unsigned high, unsigned low)
{
	uint64_t bits = (uint64_t)high << 32 | low;
	struct coroutine *self = (struct coroutine *)(uintptr_t)bits;

	coroutine_note_arrived(self, self->resumer);
	while (self->main != NULL) {
		self->main(self->arg);
		list_push_front(&self->coroutines->idle, &self->node);
		coroutine_switch(self, self->resumer);
	}
	coroutine_switch(self, self->resumer);
}

void
coroutine_resume(struct coroutine *coroutine)
{
	struct coroutines *coroutines = coroutine->coroutines;

	coroutine->resumer = coroutines->running;
	coroutine_switch(coroutines->running, coroutine);
}

void
coroutine_suspend(struct coroutines *coroutines)
{
	struct coroutine *self = coroutines->running;

	assert(self != &coroutines->outside);
	coroutine_switch(self, self->resumer);
}

struct coroutine *
coroutine_self(const struct coroutines *coroutines)
{
	return coroutines->running == &coroutines->outside ? NULL :
		coroutines->running;
}

void
coroutine_start(struct coroutines *coroutines, void (*main)(void *),
	void *arg)
{
	struct list *node = list_pop(&coroutines->idle);
	struct coroutine *coroutine;

	assert(node != NULL);
	coroutine = LIST_ENTRY(node, struct coroutine, node);
	coroutine->main = main;
	coroutine->arg = arg;
	coroutine_resume(coroutine);
}

/* --- stacks --- */

static char *
coroutine_map(const struct coroutines *coroutines, struct err *err)
{
	size_t size = coroutines->guard + coroutines->stack;
	char *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE |
		MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);

	if (map == MAP_FAILED) {
		err_sys(err, "cannot map a coroutine's stack");
		return NULL;
	}
	if (mprotect(map, coroutines->guard, PROT_NONE) == 0)
		return map;
	err_sys(err, "cannot guard a coroutine's stack");
	munmap(map, size);
	return NULL;
}

/* Alone, since getcontext(3) may return twice for all the compiler knows. */
static void
coroutine_make_context(struct coroutine *coroutine)
{
	ucontext_t *context = &coroutine->context;
	uint64_t bits = (uintptr_t)coroutine;

	getcontext(context);
	context->uc_stack.ss_sp = coroutine->map +
		coroutine->coroutines->guard;
	context->uc_stack.ss_size = coroutine->coroutines->stack;
	makecontext(context, (void (*)(void))coroutine_enter, 2,
		(unsigned)(bits >> 32), (unsigned)bits);
}

int
coroutines_reserve(struct coroutines *coroutines, struct err *err)
{
	struct coroutine *coroutine;
	char *map;

	if (!list_empty(&coroutines->idle))
		return 0;
	map = coroutine_map(coroutines, err);
	if (map == NULL)
		return -1;
	coroutine = mem_array(1, sizeof *coroutine);
	coroutine->coroutines = coroutines;
	coroutine->map = map;
	coroutine->stack = map + coroutines->guard;
	coroutine->stack_size = coroutines->stack;
	coroutine_make_context(coroutine);
	coroutine_note_new(coroutine);
	list_push(&coroutines->idle, &coroutine->node);
	coroutines->n++;
	return 0;
}

struct coroutines *
coroutines_new(size_t stack)
{
	struct coroutines *coroutines = mem_array(1, sizeof *coroutines);
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	coroutines->guard = page;
	coroutines->stack = (stack + page - 1) / page * page;
	coroutines->outside.coroutines = coroutines;
	coroutines->running = &coroutines->outside;
	list_init(&coroutines->idle);
	return coroutines;
}

void
coroutines_free(struct coroutines *coroutines)
{
	struct coroutine *coroutine;
	struct list *node;

	if (coroutines == NULL)
		return;
	while ((node = list_pop(&coroutines->idle)) != NULL) {
		coroutine = LIST_ENTRY(node, struct coroutine, node);
		/* So that the checkers see each stack left for good. */
		coroutine->main = NULL;
		coroutine_resume(coroutine);
		coroutine_note_end(coroutine);
		munmap(coroutine->map, coroutines->guard + coroutines->stack);
		free(coroutine);
		coroutines->n--;
	}
	assert(coroutines->n == 0);
	free(coroutines);
}
