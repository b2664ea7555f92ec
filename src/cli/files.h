/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CLI_FILES_H
#define FETCHALL_CLI_FILES_H

#include <stddef.h>

/*
 * How many fetches of `each` descriptors the limit of open files allows, at
 * most `wanted`: the soft limit is raised to the hard one first; a warning
 * names the limit where it is still too low.
 */
size_t files_limit(size_t wanted, size_t each);

#endif
