/* SPDX-License-Identifier: MIT */
/*
 * serial -- one fetch at a time with curl_easy_perform(), on one handle that
 * keeps its connections.
 *
 * The plain loop that every other strategy is measured against. Choose it to
 * be gentle to one server, or to see what waiting costs.
 */
#include "config.h"

#include "core/job.h"
#include "core/run.h"
#include "net/easy.h"
#include "net/perform.h"
#include "strategy/family.h"

static void
serial_cancel(void *arg)
{
	perform_cancel(arg);
}

static int
serial_fetch_all(struct run *run, struct perform_group *group,
	struct err *err)
{
	struct performer *performer = performer_new(group, err);
	struct job *job;

	if (performer == NULL)
		return -1;
	run_on_cancel(run, serial_cancel, group);
	while (run_take(run, &job) == RUN_JOB) {
		perform(performer, &job->fetch);
		run_done(run, job);
	}
	run_on_cancel(run, NULL, NULL);
	performer_free(performer);
	return 0;
}

static int
serial_run(struct run *run, const void *settings, struct err *err)
{
	struct perform_group *group;
	struct easy_env env;
	int rc;

	(void)settings;
	if (easy_env_init(&env, run_easy_settings(run), TLS_SHARED, err) != 0)
		return -1;
	group = perform_group_new(&env);
	rc = serial_fetch_all(run, group, err);
	perform_group_free(group);
	easy_env_release(&env);
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
