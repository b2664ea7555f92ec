/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_TESTS_STAGE_HOOK_H
#define FETCHALL_TESTS_STAGE_HOOK_H

#include "stage/trial.h"

/* What the tests of exec and coproc share: trials that leave nothing. */

/* `options` as on a command line, "" for none. */
struct trial *hook_new(const struct stage *stage, const char *command,
	const char *options);
/* That the command is refused with these words. */
void hook_refuses(const struct stage *stage, const char *command,
	const char *options, const char *words);
/* The detail of a failure, "" for none, and words of its message. */
void hook_expect(const struct trial *trial, const char *detail,
	const char *words);

/* Runs one body, and sets `cancelled` as soon as the command writes to the
 * fifo "told". */
void hook_cancel(struct trial *trial, const void *p, size_t n);

/* n bytes of letters; the caller frees them. */
char *hook_letters(size_t n);

/* An empty folder to be in, for the group; and for each test: that no child
 * and no descriptor is left. */
int hook_setup_folder(void **state);
int hook_teardown_folder(void **state);
int hook_setup(void **state);
int hook_teardown(void **state);

#define HOOK_TEST(name) \
	cmocka_unit_test_setup_teardown(name, hook_setup, hook_teardown)
#define HOOK_MAIN(name, tests) \
	int \
	main(void) \
	{ \
		cmocka_set_message_output(CM_OUTPUT_TAP); \
		return cmocka_run_group_tests_name(name, tests, \
			hook_setup_folder, hook_teardown_folder); \
	}

#endif
