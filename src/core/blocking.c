/* SPDX-License-Identifier: MIT */
/*
 * blocking -- the frame around strategies that fetch with perform().
 */
#include "config.h"

#include "core/blocking.h"
#include "core/run.h"
#include "net/perform.h"

static void
blocking_cancel(void *arg)
{
	perform_cancel(arg);
}

int
blocking_open(struct blocking *blocking, struct run *run, struct err *err)
{
	/*
	 * Each performer would parse the bundle for itself, 20 ms and 1 MB;
	 * a hashed folder costs 70 us more a connection. One performer has
	 * that back after 300 connections, a hundred never have.
	 */
	if (easy_env_init(&blocking->env, run_easy_settings(run),
	    run_concurrency(run) > 1 ? TLS_ALONE : TLS_SHARED, err) != 0)
		return -1;
	blocking->run = run;
	blocking->group = perform_group_new(&blocking->env);
	perform_group_expect(blocking->group, run_concurrency(run));
	run_on_cancel(run, blocking_cancel, blocking->group);
	return 0;
}

void
blocking_close(struct blocking *blocking)
{
	run_on_cancel(blocking->run, NULL, NULL);
	perform_group_free(blocking->group);
	easy_env_release(&blocking->env);
}
