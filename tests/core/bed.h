/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_TESTS_CORE_BED_H
#define FETCHALL_TESTS_CORE_BED_H

#include <semaphore.h>

#include "core/dispatch.h"
#include "core/job.h"
#include "core/ledger.h"
#include "core/origins.h"
#include "core/result.h"
#include "core/run.h"

/*
 * A dispatch with all that is around it except a strategy, which is the test
 * itself: it takes jobs and makes the replies up, so no packet is sent and
 * the only clock that matters is the job's own.
 */
#define ROWS 64

/* What the ledger was given, the first ROWS of it, and a gate before it. */
struct recorder {
	struct result rows[ROWS];
	size_t n;
	sem_t *gate;
};

struct bed {
	struct run_settings settings;
	struct url proxy;
	struct recorder recorder;
	struct ledger_target target;
	struct names *names;
	struct service *service;
	struct ledger *ledger;
	struct origins origins;
	struct dispatch *dispatch;
	struct source *source;
	struct frontier *frontier;
	char path[32];
};

/* Settings as plain as can be; tests change them before bed_open(). */
void bed_init(struct bed *bed);
void bed_open(struct bed *bed, const char *list);
/* The results are in `recorder` after it; `expected` of them. */
void bed_settle(struct bed *bed, size_t expected);
void bed_close(struct bed *bed);

/* As a loop does it: a job or NULL, waiting on the wake descriptor. */
struct job *bed_next(struct bed *bed);
/* Gives the job back with such a reply; `location` may be NULL. */
void bed_reply(struct bed *bed, struct job *job, long status,
	const char *location);

#endif
