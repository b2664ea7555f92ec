/* SPDX-License-Identifier: MIT */
/*
 * serial -- one fetch at a time with curl_easy_perform(), on one handle that
 * keeps its connections.
 *
 * The plain loop that every other strategy is measured against. Choose it to
 * be gentle to one server, or to see what waiting costs.
 */
#include "config.h"

#include "core/blocking.h"
#include "core/job.h"
#include "core/run.h"
#include "net/perform.h"
#include "strategy/family.h"

static int
serial_fetch_all(struct run *run, struct perform_group *group,
	struct err *err)
{
	struct performer *performer = performer_new(group, err);
	struct job *job;

	if (performer == NULL)
		return -1;
	while (run_take(run, &job) == RUN_JOB) {
		perform(performer, &job->fetch);
		run_done(run, job);
	}
	performer_free(performer);
	return 0;
}

static int
serial_run(struct run *run, const void *settings, struct err *err)
{
	struct blocking blocking;
	int rc;

	(void)settings;
	if (blocking_open(&blocking, run, err) != 0)
		return -1;
	rc = serial_fetch_all(run, blocking.group, err);
	blocking_close(&blocking);
	return rc;
}

const struct strategy strategy_serial = {
	.name = "serial",
	.brief = "one fetch at a time, curl_easy_perform in a loop",
	.notes = "The plain loop: its wall time is the sum of all waits, "
		"which is what the other strategies save. -c does not apply.",
	.caps = STRATEGY_ONE,
	.run = serial_run,
};
