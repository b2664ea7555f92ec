/* SPDX-License-Identifier: MIT */
/*
 * exec -- a command for each body, as a hook of find or parallel would be.
 *
 * What came from the network reaches it in its input and environment only,
 * never in an argument or through a shell, so no page and no URL can become
 * an option or a command. A command costs a millisecond or two before it
 * has done anything; for many small bodies choose coproc.
 */
#include "config.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/command.h"
#include "base/mem.h"
#include "base/talk.h"
#include "base/units.h"
#include "opt/opt.h"
#include "stage/family.h"

enum { EXEC_STATUS, EXEC_STDOUT, EXEC_CUT, EXEC_TIME };

#define EXEC_PREFIX "FETCHALL_"
#define EXEC_VARIABLES 5

struct exec_settings {
	uint64_t output;
	int64_t timeout;
	int shell;
};

struct exec_plan {
	struct command command;
	char **env;		/* ours without the variables below; the
				 * strings are environ's */
	size_t n_env;
	size_t max_output;
	int64_t timeout_us;
};

/* A worker's; the command of the current body, or of one that failed. */
struct exec {
	const struct exec_plan *plan;
	struct talk talk;
	int64_t began_us;
};

static int
exec_cancelled(const void *arg)
{
	return stage_cancelled(arg);
}

/* Names that are set for each body: a fetchall within a fetchall's command
 * inherits them. */
static int
exec_own_variable(const char *entry)
{
	static const char *const names[EXEC_VARIABLES] = {
		"SEQ=", "URL=", "STATUS=", "CONTENT_TYPE=",
		"CONTENT_ENCODING=",
	};
	size_t i;

	if (strncmp(entry, EXEC_PREFIX, strlen(EXEC_PREFIX)) != 0)
		return 0;
	entry += strlen(EXEC_PREFIX);
	for (i = 0; i < EXEC_VARIABLES; i++)
		if (strncmp(entry, names[i], strlen(names[i])) == 0)
			return 1;
	return 0;
}

static void
exec_plan_env(struct exec_plan *plan)
{
	size_t n = 0, i;

	while (environ[n] != NULL)
		n++;
	plan->env = mem_array(n + 1, sizeof *plan->env);
	for (i = 0; i < n; i++)
		if (!exec_own_variable(environ[i]))
			plan->env[plan->n_env++] = environ[i];
}

static int
exec_open(const char *arg, const void *settings, void **ret_plan,
	struct err *err)
{
	const struct exec_settings *own = settings;
	struct exec_plan *plan = mem_array(1, sizeof *plan);

	if (command_open(&plan->command, arg != NULL ? arg : "", own->shell,
	    own->shell ? NULL : "a word of the shell needs --exec-shell",
	    err) != 0) {
		free(plan);
		return -1;
	}
	exec_plan_env(plan);
	plan->max_output = own->output;
	plan->timeout_us = own->timeout;
	*ret_plan = plan;
	return 0;
}

static void
exec_close(void *arg)
{
	struct exec_plan *plan = arg;

	command_release(&plan->command);
	free(plan->env);
	free(plan);
}

static int
exec_start(const void *plan, void **ret_self, struct err *err)
{
	struct exec *exec = mem_array(1, sizeof *exec);

	(void)err;
	exec->plan = plan;
	talk_init(&exec->talk, exec->plan->max_output);
	exec->talk.cancelled = exec_cancelled;
	*ret_self = exec;
	return 0;
}

static void
exec_stop(void *self)
{
	struct exec *exec = self;

	talk_release(&exec->talk);
	free(exec);
}

static const char *
exec_text(const char *text)
{
	return text != NULL ? text : "";
}

static int
exec_spawn(struct exec *exec, const struct stage_page *page, struct err *err)
{
	const struct exec_plan *plan = exec->plan;
	char *own[EXEC_VARIABLES] = {
		mem_printf(EXEC_PREFIX "SEQ=%llu",
			(unsigned long long)page->seq),
		mem_printf(EXEC_PREFIX "URL=%s", exec_text(page->url)),
		mem_printf(EXEC_PREFIX "STATUS=%ld", page->response_code),
		mem_printf(EXEC_PREFIX "CONTENT_TYPE=%s",
			exec_text(page->content_type)),
		mem_printf(EXEC_PREFIX "CONTENT_ENCODING=%s",
			exec_text(page->content_encoding)),
	};
	char **env = mem_array(plan->n_env + EXEC_VARIABLES + 1, sizeof *env);
	size_t i;
	int rc;

	memcpy(env, plan->env, plan->n_env * sizeof *env);
	memcpy(env + plan->n_env, own, sizeof own);
	rc = talk_start(&exec->talk, &plan->command, env, err);
	free(env);
	for (i = 0; i < EXEC_VARIABLES; i++)
		free(own[i]);
	return rc;
}

static int
exec_begin(void *self, struct stage_call *call, struct err *err)
{
	struct exec *exec = self;

	exec->began_us = clock_us();
	exec->talk.until_us = exec->began_us + exec->plan->timeout_us;
	return exec_spawn(exec, call->page, err);
}

/*
 * As $(...) has it, without line ends behind; and a text has no NUL: what
 * follows one is cut off like what is too long.
 */
static void
exec_set_output(struct exec *exec, struct value *values)
{
	struct buf *out = &exec->talk.out;
	size_t len = strlen(buf_text(out));

	value_set_flag(&values[EXEC_CUT], exec->talk.cut || len < out->len);
	while (len > 0 && out->data[len - 1] == '\n')
		len--;
	value_set_text(&values[EXEC_STDOUT], mem_strndup(buf_text(out), len));
}

/* Ends the command and notes what it left; returns waitpid's status. */
static int
exec_note(struct exec *exec, struct value *values)
{
	int status = talk_stop(&exec->talk);

	exec_set_output(exec, values);
	value_set_us(&values[EXEC_TIME], clock_us() - exec->began_us);
	return status;
}

/* 0: so far, so good. */
static int
exec_check(struct exec *exec, struct stage_call *call, enum talk_end end,
	struct err *err)
{
	char shown[UNITS_TEXT];

	if (end != TALK_LATE && end != TALK_CANCELLED)
		return 0;
	exec_note(exec, call->values);
	if (end == TALK_CANCELLED)
		return stage_stopped(call, err);
	call->detail = "command_timeout";
	return err_set(err, ERR_SYSTEM, "%s took more than %s",
		exec->plan->command.argv[0],
		units_show_time(exec->plan->timeout_us, shown));
}

/* One that has ended already reads no more: that is its own business. */
static int
exec_feed(void *self, struct stage_call *call, const void *p, size_t n,
	struct err *err)
{
	struct exec *exec = self;

	exec->talk.arg = call;
	return exec_check(exec, call, talk_run(&exec->talk, p, n, TALK_SENT),
		err);
}

static int
exec_end(void *self, struct stage_call *call, struct err *err)
{
	struct exec *exec = self;
	int status;

	exec->talk.arg = call;
	spawn_close(&exec->talk.spawn.in);
	if (exec_check(exec, call, talk_run(&exec->talk, NULL, 0, TALK_EXIT),
	    err) != 0)
		return -1;
	status = exec_note(exec, call->values);
	if (WIFEXITED(status))
		value_set_u64(&call->values[EXEC_STATUS],
			(uint64_t)WEXITSTATUS(status));
	if (status == 0)
		return 0;
	call->detail = WIFSIGNALED(status) ? "signal" : "status";
	return talk_explain(&exec->talk, &exec->plan->command, status, err);
}

static const struct column exec_columns[] = {
	[EXEC_STATUS] = STAGE_COLUMN(U64, "exec_status",
		"exit status of exec's command"),
	[EXEC_STDOUT] = STAGE_COLUMN(TEXT, "exec_stdout",
		"what the command wrote, without line ends behind"),
	[EXEC_CUT] = STAGE_COLUMN(BOOL, "exec_cut",
		"exec_stdout is not all: --exec-output, or a NUL"),
	[EXEC_TIME] = STAGE_COLUMN(SECONDS, "time_exec",
		"from the command's start to its end"),
};

/* clang-format off */
static const struct opt exec_rows[] = {
	{ .name = "exec-timeout", .type = &opt_time,
	  .off = OPT_AT(struct exec_settings, timeout, int64_t),
	  .arg = "TIME", .dflt = "60s", .min = 1000,
	  .max = UINT64_C(365) * 86400 * 1000000,
	  .brief = "longest time for exec's command",
	  .notes = "A command that takes longer is killed, with all that it "
		"started, and its record fails (exec, command_timeout)." },
	{ .name = "exec-output", .type = &opt_size,
	  .off = OPT_AT(struct exec_settings, output, uint64_t),
	  .arg = "SIZE", .dflt = "4KiB", .max = 16 * 1024 * 1024,
	  .brief = "bytes of exec's output that go into the record",
	  .notes = "What the command writes beyond that is read and dropped, "
		"and the column exec_cut is true; the record does not fail." },
	{ .name = "exec-shell", .type = &opt_flag,
	  .off = OPT_AT(struct exec_settings, shell, int),
	  .brief = "run exec's command by /bin/sh -c",
	  .notes = "Write \"$FETCHALL_URL\" in quotes, and never let it be "
		"evaluated: a URL may hold whatever a list or a redirect put "
		"there." },
};
/* clang-format on */

static const struct opt_set exec_set = {
	.name = "exec", .title = "Stage exec",
	OPT_ROWS(exec_rows), .settings_size = sizeof(struct exec_settings),
};

const struct stage stage_exec = {
	.name = "exec",
	.arg = "CMD",
	.brief = "runs a command with the body as its input",
	.notes = "A command for each body, which gets it as standard input and "
		"FETCHALL_SEQ, FETCHALL_URL, FETCHALL_STATUS, "
		"FETCHALL_CONTENT_TYPE and FETCHALL_CONTENT_ENCODING in its "
		"environment. CMD is split into words as a shell would, quotes "
		"and backslashes included, but no shell is started and nothing "
		"is expanded unless --exec-shell is given. What the command "
		"writes goes into the record (--exec-output). It may leave its "
		"input unread. A status other than 0 fails the record, and the "
		"last line of its standard error is the errormsg then; "
		"otherwise that is dropped. When the command ends, what it "
		"left running in its process group is killed.",
	.example = "fetchall --post 'exec:wc -c' urls.txt",
	.caps = STAGE_COMMANDS,
	STAGE_COLUMNS(exec_columns),
	.opts = &exec_set,
	.open = exec_open,
	.close = exec_close,
	.start = exec_start,
	.stop = exec_stop,
	.begin = exec_begin,
	.feed = exec_feed,
	.end = exec_end,
};
