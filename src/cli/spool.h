/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CLI_SPOOL_H
#define FETCHALL_CLI_SPOOL_H

#include "base/err.h"

/*
 * Standard input can be read only once: this puts it into an unlinked file
 * that each run of a comparison opens anew. A descriptor, or -1.
 */
int spool_stdin(struct err *err);

#endif
