/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_OPT_LINT_H
#define FETCHALL_OPT_LINT_H

#include "base/err.h"

struct opts;

/*
 * Whether the tables keep the rules of opt.h: for the test of the program's
 * own tables. Returns -1 with the first fault.
 */
int opts_lint(const struct opts *opts, struct err *err);

#endif
