/* SPDX-License-Identifier: MIT */
/*
 * dispatch_end -- where a job goes when its attempt is over: to wait for its
 * next one, or back to the frontier, whose thread frees it.
 */
#include "config.h"

#include "base/clock.h"
#include "core/dispatch_own.h"
#include "core/frontier.h"
#include "core/job.h"
#include "core/service.h"
#include "core/settle.h"
#include "core/verdict.h"

/* Locked. */
void
dispatch_end_job(struct dispatch *dispatch, struct job *job)
{
	job_move(job, JOB_ENDED);
	job_uncount(job);
	job_shed(job);
	frontier_give_back(dispatch->frontier, job);
}

/* Locked. The list's own URL once more, later. */
static void
dispatch_wait(struct dispatch *dispatch, struct job *job, int64_t delay_us)
{
	job_move(job, JOB_WAITING);
	job_restart(job);
	job->eligible_us = clock_us() + delay_us;
	job_count(job, dispatch->args.origins);
	heap_push(&dispatch->waiting, &job->due, job->eligible_us);
	service_set_timer(dispatch->args.service, job->eligible_us);
}

/*
 * Locked. A URL that was to be tried again but was overtaken by a signal ends
 * here too: its record says that it is not final, so it stays to be done. At
 * the deadline it is left out like all that wait.
 */
void
dispatch_end_attempt(struct dispatch *dispatch, struct job *job,
	const struct verdict *verdict)
{
	if (verdict->kind == VERDICT_RETRY &&
	    (!dispatch->stopping || dispatch->expired))
		dispatch_wait(dispatch, job, verdict->delay_us);
	else
		dispatch_end_job(dispatch, job);
}

/* Locked. */
int
dispatch_end_unasked(struct dispatch *dispatch, struct job *job)
{
	struct verdict verdict;

	if (job->bad != NULL)
		verdict = settle_bad(&dispatch->settle, job);
	else if (job->there != KEEPER_NONE)
		verdict = settle_there(&dispatch->settle, job);
	else
		return 0;
	dispatch_end_attempt(dispatch, job, &verdict);
	return 1;
}
