/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CORE_SETTLE_H
#define FETCHALL_CORE_SETTLE_H

#include <stdint.h>

#include "base/err.h"
#include "core/verdict.h"

struct job;
struct ledger;
struct run_settings;
struct workshop;

/*
 * What came of a job and what follows: the verdict, the next hop's request,
 * the name of the body's file, the record. It knows no lists: in all of this
 * the job is the caller's alone, so none of it needs a lock. Any thread.
 */
struct settle {
	const struct run_settings *settings;	/* borrowed */
	struct ledger *ledger;			/* borrowed */
	struct workshop *workshop;	/* borrowed; NULL: bodies are dropped */
	uint64_t hop_seed[2];	/* of the hashes of visited URLs */
	int64_t wall_offset;	/* wall clock minus monotonic clock */
	_Atomic uint64_t random;
	int64_t until_us;	/* no attempt begins after it; 0: no end. Set
				 * before the first job is settled */
};

void settle_init(struct settle *settle, const struct run_settings *settings,
	struct ledger *ledger, struct workshop *workshop);

/*
 * Judges the reply. VERDICT_REDIRECT: job->fetch is the next hop's request
 * already, or this one's once more, now for all of the body. Else the attempt
 * is over and settle_finish() ends it; `err` says what libcurl did not: why a
 * redirect is not followed.
 */
struct verdict settle_judge(struct settle *settle, struct job *job,
	struct err *err);
/*
 * Ends the attempt: the record is written with err's words unless it has none,
 * and takes the body along where a sink wants it. With stages a good one goes
 * to the workshop instead, which does all that once they are done.
 */
void settle_finish(struct settle *settle, struct job *job,
	const struct verdict *verdict, const struct err *err);

/*
 * Attempts that no strategy had, the records written: a look-up that gave no
 * address, a line that is no URL, a file that is there already, and a body
 * without a place.
 */
struct verdict settle_name(struct settle *settle, struct job *job,
	enum names_status status);
struct verdict settle_bad(struct settle *settle, struct job *job);
struct verdict settle_there(struct settle *settle, struct job *job);
struct verdict settle_no_room(struct settle *settle, struct job *job);
/* An attempt between two hops that nobody will go on with; and one that was
 * not begun before the run's deadline. */
void settle_stopped(struct settle *settle, struct job *job);
void settle_left_out(struct settle *settle, struct job *job);

#endif
