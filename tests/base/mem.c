/* SPDX-License-Identifier: MIT */
/*
 * mem -- what it returns is there and right; and when there is no more, the
 * program ends with status 4 and says so. The latter takes a child with a
 * limit, which sanitizers cannot live under.
 */
#include "config.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "unit.h"

#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
#define MEM_SANITIZED 1
#elif defined __has_feature
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define MEM_SANITIZED 1
#endif
#endif

static void
nothing_is_ever_null(void **state)
{
	void *p;

	(void)state;
	p = mem_alloc(0);
	assert_non_null(p);
	free(p);
	p = mem_array(0, 8);
	assert_non_null(p);
	p = mem_grow(p, 0, 8);
	assert_non_null(p);
	free(p);
	p = mem_dup(NULL, 0);
	assert_non_null(p);
	free(p);
}

static void
arrays_are_zeroed_and_keep_their_bytes_when_grown(void **state)
{
	uint32_t *n = mem_array(100, sizeof *n);
	uint32_t i;

	(void)state;
	for (i = 0; i < 100; i++) {
		assert_int_equal(n[i], 0);
		n[i] = i;
	}
	n = mem_grow(n, 10000, sizeof *n);
	for (i = 0; i < 100; i++)
		assert_int_equal(n[i], i);
	free(n);
}

static void
copies_are_exact(void **state)
{
	char *text;

	(void)state;
	text = mem_strdup("abc");
	assert_string_equal(text, "abc");
	free(text);
	text = mem_strndup("abcdef", 3);
	assert_string_equal(text, "abc");
	free(text);
	text = mem_strndup(NULL, 0);
	assert_string_equal(text, "");
	free(text);
	text = mem_dup("a\0b", 3);
	assert_memory_equal(text, "a\0b", 3);
	free(text);
	text = mem_printf("%s-%d", "x", 12);
	assert_string_equal(text, "x-12");
	free(text);
}

#ifndef MEM_SANITIZED
static void
mem_ask_too_much(void)
{
	struct rlimit limit = { .rlim_cur = 64 << 20, .rlim_max = 64 << 20 };

	setrlimit(RLIMIT_AS, &limit);
	for (;;)
		free(mem_alloc(128 << 20));
}

/* The product does not fit; the compiler must not see it coming. */
static void
mem_ask_overflow(void)
{
	volatile size_t n = SIZE_MAX / 2;

	free(mem_array(n, 16));
}

/* Standard error of a child that runs `ask`, and its exit status. */
static int
mem_child(void (*ask)(void), char *text, size_t size)
{
	int fds[2], status;
	ssize_t n;
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		dup2(fds[1], STDERR_FILENO);
		ask();
		_exit(0);
	}
	close(fds[1]);
	n = read(fds[0], text, size - 1);
	text[n > 0 ? n : 0] = '\0';
	close(fds[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void
no_memory_ends_the_program_with_status_4(void **state)
{
	char text[256];

	(void)state;
	assert_int_equal(mem_child(mem_ask_too_much, text, sizeof text), 4);
	assert_string_equal(text, "fetchall: error: out of memory\n");
}

static void
a_size_that_overflows_is_no_memory(void **state)
{
	char text[256];

	(void)state;
	assert_int_equal(mem_child(mem_ask_overflow, text, sizeof text), 4);
	assert_string_equal(text, "fetchall: error: out of memory\n");
}
#endif

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(nothing_is_ever_null),
	cmocka_unit_test(arrays_are_zeroed_and_keep_their_bytes_when_grown),
	cmocka_unit_test(copies_are_exact),
#ifndef MEM_SANITIZED
	cmocka_unit_test(no_memory_ends_the_program_with_status_4),
	cmocka_unit_test(a_size_that_overflows_is_no_memory),
#endif
};

UNIT_MAIN("mem", tests)
