/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_TESTS_UNIT_H
#define FETCHALL_TESTS_UNIT_H

/* What every unit test needs: cmocka with TAP output, one group a program. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define UNIT_MAIN(name, tests) \
	int \
	main(void) \
	{ \
		cmocka_set_message_output(CM_OUTPUT_TAP); \
		return cmocka_run_group_tests_name(name, tests, NULL, NULL); \
	}

#endif
