/* SPDX-License-Identifier: MIT */
/*
 * dispatch_cut -- what becomes of the jobs that are left when a run ends
 * early. A signal leaves them to be done by another run, so that only what was
 * begun is written down; at the deadline each URL gets its record.
 */
#include "config.h"

#include "base/heap.h"
#include "base/list.h"
#include "core/dispatch_own.h"
#include "core/frontier.h"
#include "core/job.h"
#include "core/lanes.h"
#include "core/ledger.h"
#include "core/settle.h"

/* A list that begins again has no rest: there only what was begun counts. */
static int
dispatch_repeats(const struct dispatch *dispatch)
{
	return dispatch->settings->requests > 0 ||
		dispatch->settings->duration_us > 0;
}

static void
dispatch_cut_job(struct dispatch *dispatch, struct job *job)
{
	if (job->n_hops > 0 || job->starts_over)
		settle_stopped(&dispatch->settle, job);
	else if (dispatch->expired &&
	    (job->attempt > 1 || !dispatch_repeats(dispatch)))
		settle_left_out(&dispatch->settle, job);
}

static void
dispatch_cut_list(struct dispatch *dispatch, const struct list *jobs)
{
	struct list *node;

	for (node = jobs->next; node != jobs; node = node->next)
		dispatch_cut_job(dispatch, LIST_ENTRY(node, struct job, node));
}

/* Locked. Those that wait had their last attempt's record: only the deadline
 * gives them another. */
static void
dispatch_cut_waiting(struct dispatch *dispatch)
{
	struct heap_node *first;
	struct job *job;

	while (dispatch->expired &&
	    (first = heap_first(&dispatch->waiting)) != NULL) {
		heap_remove(&dispatch->waiting, first);
		job = LIST_ENTRY(first, struct job, due);
		dispatch_cut_job(dispatch, job);
		dispatch_end_job(dispatch, job);
	}
}

/* Locked. */
void
dispatch_cut_lists(struct dispatch *dispatch)
{
	dispatch_cut_list(dispatch, lanes_merge(&dispatch->lanes));
	dispatch_cut_list(dispatch, &dispatch->naming);
	dispatch_cut_list(dispatch, &dispatch->again);
	dispatch_cut_waiting(dispatch);
}

/* Locked. What is not asked for at any time is not left out. */
static void
dispatch_leave_job(struct dispatch *dispatch, struct job *job)
{
	dispatch_pump_start(dispatch, job);
	if (dispatch_end_unasked(dispatch, job))
		return;
	settle_left_out(&dispatch->settle, job);
	dispatch_end_job(dispatch, job);
}

int
dispatch_cut_has_rest(const struct dispatch *dispatch)
{
	return dispatch->expired && !dispatch_repeats(dispatch);
}

/* Locked. */
int
dispatch_cut_rest(struct dispatch *dispatch)
{
	enum frontier_next next = FRONTIER_JOB;
	struct job *job;

	while (next == FRONTIER_JOB && !ledger_full(dispatch->args.ledger)) {
		next = frontier_next(dispatch->frontier, &job);
		if (next == FRONTIER_JOB)
			dispatch_leave_job(dispatch, job);
	}
	return next != FRONTIER_END;
}
