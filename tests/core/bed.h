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
#include "core/sink.h"

/*
 * A dispatch with all that is around it except a strategy, which is the test
 * itself: it takes jobs and makes the replies up, so no packet is sent and
 * the only clock that matters is the job's own.
 */
#define ROWS 64

/* What a sink of bodies was given. */
struct taken {
	uint64_t seq;
	int hop, ok, keeps;
	uint64_t response_code;
	char name[32], asked[64];	/* "": there was none */
	char body[64];
	int has_body, has_exchange;
};

/* What the ledger was given, the first ROWS of it, and a gate before it. */
struct recorder {
	struct result rows[ROWS];
	size_t n;
	struct taken taken[ROWS];
	size_t n_taken;
	sem_t *gate;
};

struct bed {
	struct run_settings settings;
	struct url proxy;
	unsigned takes;		/* SINK_BODIES and more: there is a sink of
				 * bodies, with these caps */
	struct recorder recorder;
	struct sink taking;
	struct ledger_target targets[2];
	struct keeper *keeper;		/* NULL without settings.naming */
	struct bodies *bodies;		/* NULL without settings.keep */
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
/* As if the server had sent so much of a body. */
void bed_send(struct job *job, const char *body);
/* Gives the job back with such a reply; `location` may be NULL. */
void bed_reply(struct bed *bed, struct job *job, long status,
	const char *location);

#endif
