/* SPDX-License-Identifier: MIT */
/*
 * coroutine -- each runs when it is told to and where it stopped, on a stack
 * that is guarded and used again.
 */
#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/coroutine.h"
#include "unit.h"

#define STACK (128 * 1024)
#define MANY 200
#define ROUNDS 50

/* What happened, as letters, in order. */
struct trace {
	struct coroutines *coroutines;
	struct coroutine *inner, *outer;
	char text[64];
	size_t n;
};

static void
say(struct trace *trace, char c)
{
	assert_true(trace->n < sizeof trace->text - 1);
	trace->text[trace->n++] = c;
}

static void
start(struct coroutines *coroutines, void (*body)(void *), void *arg)
{
	assert_int_equal(coroutines_reserve(coroutines, NULL), 0);
	coroutine_start(coroutines, body, arg);
}

static void
say_twice(void *arg)
{
	struct trace *trace = arg;

	trace->inner = coroutine_self(trace->coroutines);
	say(trace, 'b');
	coroutine_suspend(trace->coroutines);
	say(trace, 'd');
}

static void
it_goes_on_where_it_stopped(void **state)
{
	struct trace trace = { .coroutines = coroutines_new(STACK) };

	(void)state;
	say(&trace, 'a');
	start(trace.coroutines, say_twice, &trace);
	assert_null(coroutine_self(trace.coroutines));
	assert_non_null(trace.inner);
	say(&trace, 'c');
	coroutine_resume(trace.inner);
	say(&trace, 'e');
	assert_string_equal(trace.text, "abcde");
	coroutines_free(trace.coroutines);
}

static void
return_at_once(void *arg)
{
	say(arg, 'x');
}

static void
one_that_never_waits_is_a_call(void **state)
{
	struct trace trace = { .coroutines = coroutines_new(STACK) };

	(void)state;
	start(trace.coroutines, return_at_once, &trace);
	start(trace.coroutines, return_at_once, &trace);
	assert_string_equal(trace.text, "xx");
	coroutines_free(trace.coroutines);
}

/* The inner one goes back to the outer one, then to whoever resumes it. */
static void
start_another(void *arg)
{
	struct trace *trace = arg;

	trace->outer = coroutine_self(trace->coroutines);
	say(trace, 'a');
	start(trace->coroutines, say_twice, trace);
	assert_ptr_equal(coroutine_self(trace->coroutines), trace->outer);
	say(trace, 'c');
}

static void
one_may_start_another(void **state)
{
	struct trace trace = { .coroutines = coroutines_new(STACK) };

	(void)state;
	start(trace.coroutines, start_another, &trace);
	assert_null(coroutine_self(trace.coroutines));
	coroutine_resume(trace.inner);
	assert_string_equal(trace.text, "abcd");
	coroutines_free(trace.coroutines);
}

/* --- many, in turns --- */

struct counter {
	struct coroutines *coroutines;
	struct coroutine *self;
	unsigned number, rounds;
	int kept;
};

/* What is on its stack must outlast the others' turns. */
static void
count_rounds(void *arg)
{
	struct counter *counter = arg;
	char own[512];
	size_t i;

	counter->self = coroutine_self(counter->coroutines);
	memset(own, (int)counter->number, sizeof own);
	counter->kept = 1;
	while (counter->rounds < ROUNDS) {
		counter->rounds++;
		coroutine_suspend(counter->coroutines);
		for (i = 0; i < sizeof own; i++)
			if (own[i] != (char)counter->number)
				counter->kept = 0;
	}
}

static void
many_take_turns_and_keep_what_is_theirs(void **state)
{
	struct coroutines *coroutines = coroutines_new(STACK);
	struct counter counters[MANY];
	unsigned i, round;

	(void)state;
	for (i = 0; i < MANY; i++) {
		counters[i] = (struct counter){
			.coroutines = coroutines, .number = i,
		};
		start(coroutines, count_rounds, &counters[i]);
	}
	for (round = 0; round < ROUNDS; round++)
		for (i = 0; i < MANY; i++) {
			assert_int_equal(counters[i].rounds, round + 1 <
				ROUNDS ? round + 1 : ROUNDS);
			coroutine_resume(counters[i].self);
		}
	for (i = 0; i < MANY; i++) {
		assert_int_equal(counters[i].rounds, ROUNDS);
		assert_true(counters[i].kept);
	}
	coroutines_free(coroutines);
}

/* --- stacks --- */

static void
note_place(void *arg)
{
	char **place = arg;

	*place = __builtin_frame_address(0);
}

static void
a_stack_is_used_again(void **state)
{
	struct coroutines *coroutines = coroutines_new(STACK);
	char *first = NULL, *second = NULL;

	(void)state;
	start(coroutines, note_place, &first);
	start(coroutines, note_place, &second);
	assert_true(first != NULL && first == second);
	coroutines_free(coroutines);
}

static void
a_stack_that_cannot_be_had_is_an_error(void **state)
{
	struct coroutines *coroutines = coroutines_new((size_t)1 << 50);
	struct err err = { 0 };

	(void)state;
	assert_int_equal(coroutines_reserve(coroutines, &err), -1);
	assert_int_equal(err.code, ERR_SYSTEM);
	assert_non_null(strstr(err.text, "stack"));
	coroutines_free(coroutines);
}

/* The lowest address of the mapping that holds `at`: the guard is below. */
static char *
mapping_of(const char *at)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	unsigned long from, to;
	char line[512], *found = NULL;

	assert_non_null(maps);
	while (found == NULL && fgets(line, sizeof line, maps) != NULL)
		if (sscanf(line, "%lx-%lx", &from, &to) == 2 &&
		    (unsigned long)at >= from && (unsigned long)at < to)
			found = (char *)from;
	fclose(maps);
	return found;
}

static void
below_a_stack_there_is_nothing(void **state)
{
	struct coroutines *coroutines = coroutines_new(STACK);
	struct rlimit none = { 0 };
	char *place = NULL;
	pid_t child;
	int status;

	(void)state;
	start(coroutines, note_place, &place);
	place = mapping_of(place);
	assert_non_null(place);
	place--;
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		setrlimit(RLIMIT_CORE, &none);
		signal(SIGSEGV, SIG_DFL);
		*(volatile char *)place = 1;
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGSEGV);
	coroutines_free(coroutines);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(it_goes_on_where_it_stopped),
	cmocka_unit_test(one_that_never_waits_is_a_call),
	cmocka_unit_test(one_may_start_another),
	cmocka_unit_test(many_take_turns_and_keep_what_is_theirs),
	cmocka_unit_test(a_stack_is_used_again),
	cmocka_unit_test(a_stack_that_cannot_be_had_is_an_error),
	cmocka_unit_test(below_a_stack_there_is_nothing),
};

UNIT_MAIN("coroutine", tests)
