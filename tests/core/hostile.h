/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_TESTS_CORE_HOSTILE_H
#define FETCHALL_TESTS_CORE_HOSTILE_H

#include <stddef.h>

/*
 * Names as an enemy would choose them: all nasties in all
 * frames. The text of number i, up to the next call; it holds no NUL.
 */
size_t hostile_n(void);
const char *hostile_name(size_t i);

/*
 * Fails unless `path` is one below a folder that a shell, a terminal and any
 * system read as it stands.
 */
void hostile_check(const char *path, const char *from);

#endif
