/* SPDX-License-Identifier: MIT */
/*
 * log -- one whole, clean line a call (promise P10), at the level asked for.
 * Standard error is a pipe while a test listens.
 */
#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "unit.h"

struct ear {
	int saved;		/* the real standard error */
	int fds[2];
};

static void
ear_open(struct ear *ear)
{
	assert_int_equal(pipe(ear->fds), 0);
	ear->saved = dup(STDERR_FILENO);
	assert_true(ear->saved >= 0);
	dup2(ear->fds[1], STDERR_FILENO);
}

/* All that was said; less than a pipe holds. */
static void
ear_close(struct ear *ear, char *text, size_t size)
{
	size_t len = 0;
	ssize_t n;

	dup2(ear->saved, STDERR_FILENO);
	close(ear->saved);
	close(ear->fds[1]);
	while ((n = read(ear->fds[0], text + len, size - 1 - len)) > 0)
		len += (size_t)n;
	text[len] = '\0';
	close(ear->fds[0]);
}

static void
levels_decide_what_is_said(void **state)
{
	struct ear ear;
	char text[4096];

	(void)state;
	assert_true(log_shows(LOG_LEVEL_WARNING));
	assert_false(log_shows(LOG_LEVEL_INFO));
	ear_open(&ear);
	log_error("one %d", 1);
	log_warning("two");
	log_info("not yet");
	log_set_level(LOG_LEVEL_INFO);
	log_info("three");
	log_set_level(LOG_LEVEL_ERROR);
	log_warning("no more");
	log_set_level(LOG_LEVEL_WARNING);
	ear_close(&ear, text, sizeof text);
	assert_string_equal(text,
		"fetchall: error: one 1\n"
		"fetchall: warning: two\n"
		"fetchall: three\n");
}

static void
a_subject_is_in_front_of_each_text(void **state)
{
	struct ear ear;
	char text[4096];

	(void)state;
	ear_open(&ear);
	log_set_subject("run 1\x1b");
	log_error("one");
	log_warning("two");
	log_set_subject(NULL);
	log_error("three");
	ear_close(&ear, text, sizeof text);
	assert_string_equal(text,
		"fetchall: error: run 1\\x1b: one\n"
		"fetchall: warning: run 1\\x1b: two\n"
		"fetchall: error: three\n");
}

static void
what_a_terminal_obeys_is_made_harmless(void **state)
{
	struct ear ear;
	char text[4096];

	(void)state;
	ear_open(&ear);
	log_warning("%s", "a\x1b[2Jb\r\nforged\xff\xe2\x80\xae");
	ear_close(&ear, text, sizeof text);
	assert_string_equal(text, "fetchall: warning: "
		"a\\x1b[2Jb\\x0d\\x0aforged\\xff\\u{202e}\n");
}

static void
long_texts_are_cut_and_still_a_line(void **state)
{
	struct ear ear;
	char text[65536], in[10000];
	size_t len;

	(void)state;
	memset(in, '\x1b', sizeof in);
	in[sizeof in - 1] = '\0';
	ear_open(&ear);
	log_error("%s", in);
	ear_close(&ear, text, sizeof text);
	len = strlen(text);
	assert_true(len > 1000);
	assert_ptr_equal(strchr(text, '\n'), text + len - 1);
}

static void
errno_is_left_alone(void **state)
{
	struct ear ear;
	char text[4096];

	(void)state;
	ear_open(&ear);
	close(STDERR_FILENO);
	errno = ENOENT;
	log_error("nobody hears");
	assert_int_equal(errno, ENOENT);
	ear_close(&ear, text, sizeof text);
	assert_string_equal(text, "");
}

#define THREADS 4
#define LINES 100

static void *
say_lines(void *arg)
{
	int i;

	(void)arg;
	for (i = 0; i < LINES; i++)
		log_warning("%s", "0123456789012345678901234567890123456789");
	return NULL;
}

static void
lines_of_threads_are_not_woven_together(void **state)
{
	static const char line[] = "fetchall: warning: "
		"0123456789012345678901234567890123456789\n";
	pthread_t threads[THREADS];
	struct ear ear;
	char text[65536];
	size_t i, len = sizeof line - 1;

	(void)state;
	ear_open(&ear);
	for (i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, say_lines,
			NULL), 0);
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	ear_close(&ear, text, sizeof text);
	assert_int_equal(strlen(text), (size_t)THREADS * LINES * len);
	for (i = 0; i < (size_t)THREADS * LINES; i++)
		assert_memory_equal(text + i * len, line, len);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(levels_decide_what_is_said),
	cmocka_unit_test(a_subject_is_in_front_of_each_text),
	cmocka_unit_test(what_a_terminal_obeys_is_made_harmless),
	cmocka_unit_test(long_texts_are_cut_and_still_a_line),
	cmocka_unit_test(errno_is_left_alone),
	cmocka_unit_test(lines_of_threads_are_not_woven_together),
};

UNIT_MAIN("log", tests)
