/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CORE_BLOCKING_H
#define FETCHALL_CORE_BLOCKING_H

#include "base/err.h"
#include "net/easy.h"

struct perform_group;
struct run;

/*
 * What the strategies on blocking fetches share: the group that their
 * performers are of, ended by the run when it is to end early.
 */
struct blocking {
	struct run *run;
	struct perform_group *group;
	struct easy_env env;
};

int blocking_open(struct blocking *blocking, struct run *run,
	struct err *err);
/* All performers must be gone or given back. */
void blocking_close(struct blocking *blocking);

#endif
