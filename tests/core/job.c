/* SPDX-License-Identifier: MIT */
/*
 * Jobs: they take a list's item over, count once with their origin, and make
 * only the moves that there are.
 */
#include "config.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "core/job.h"
#include "core/origins.h"
#include "unit.h"
#include "url/source.h"

static struct job *
job_of(const char *text)
{
	struct source_item item = { .seq = 7, .text = mem_strdup(text) };
	struct job *job;

	if (url_parse(text, NULL, &item.url, &item.bad) == 0)
		item.request = mem_array(1, sizeof *item.request);
	job = job_new(&item);
	/* Nothing is left to be released twice. */
	assert_null(item.text);
	assert_null(item.url.text);
	assert_null(item.request);
	return job;
}

static void
a_job_takes_the_item_over(void **state)
{
	struct job *job = job_of("http://u:p@h/x");

	(void)state;
	assert_int_equal(job->seq, 7);
	assert_int_equal(job->state, JOB_LISTED);
	assert_int_equal(job->attempt, 1);
	assert_null(job->bad);
	assert_non_null(job->asked);
	assert_string_equal(job->fetch.request.url.text, "http://h/x");
	assert_int_equal(job->fetch.reply.retry_after_us, -1);
	assert_true(job->eligible_us > 0);
	assert_ptr_equal(job_first_url(job), &job->fetch.request.url);
	job->first = url_take(&job->fetch.request.url);
	assert_ptr_equal(job_first_url(job), &job->first);
	job_free(job);
}

static void
a_bad_line_keeps_its_words(void **state)
{
	struct job *job = job_of("ftp://h/");

	(void)state;
	assert_non_null(strstr(job->bad, "'ftp' is not http"));
	assert_null(job->fetch.request.url.text);
	job_free(job);
}

static void
a_job_that_is_over_sheds_what_fetching_needs(void **state)
{
	struct job *job = job_of("http://h/x");
	int i;

	(void)state;
	job->fetch.request.addrs = addrs_new(&(struct addr){ .family = 4 }, 1);
	job->fetch.reply.location = mem_strdup("/");
	for (i = 0; i < 2; i++) {
		job_shed(job);
		assert_null(job->asked);
		assert_null(job->fetch.request.addrs);
		assert_null(job->fetch.reply.location);
	}
	/* What still tells which job it was. */
	assert_string_equal(job->text, "http://h/x");
	assert_string_equal(job->fetch.request.url.text, "http://h/x");
	job_free(job);
}

static void
a_job_counts_once(void **state)
{
	struct job *job = job_of("http://h/");
	struct origins origins;

	(void)state;
	job_count(job);		/* no origin: nothing to count with */
	job_uncount(job);
	origins_init(&origins);
	job->origin = origins_get(&origins, "http://h", 8);
	job_count(job);
	job_count(job);
	assert_int_equal(job->origin->waiting, 1);
	job_uncount(job);
	job_uncount(job);
	assert_int_equal(job->origin->waiting, 0);
	origins_put(&origins, job->origin);
	job_free(job);
	origins_release(&origins);
}

#define STATES (JOB_ENDED + 1)

/* [from][to]: 1 where a job may go. */
static const char moves[STATES][STATES] = {
	[JOB_LISTED] = { [JOB_PULLED] = 1, [JOB_ENDED] = 1 },
	[JOB_PULLED] = { [JOB_NAMING] = 1, [JOB_READY] = 1,
		[JOB_WAITING] = 1, [JOB_ENDED] = 1 },
	[JOB_NAMING] = { [JOB_READY] = 1, [JOB_WAITING] = 1,
		[JOB_ENDED] = 1 },
	[JOB_READY] = { [JOB_GRANTED] = 1, [JOB_ENDED] = 1 },
	[JOB_GRANTED] = { [JOB_AGAIN] = 1, [JOB_WAITING] = 1,
		[JOB_ENDED] = 1 },
	[JOB_AGAIN] = { [JOB_PULLED] = 1, [JOB_ENDED] = 1 },
	[JOB_WAITING] = { [JOB_PULLED] = 1, [JOB_ENDED] = 1 },
	[JOB_ENDED] = { 0 },
};

/* Whether a process that makes the move lives. */
static int
move_lives(enum job_state from, enum job_state to)
{
	const struct rlimit no_core = { 0, 0 };
	struct job job = { .state = from };
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		setrlimit(RLIMIT_CORE, &no_core);
		close(STDERR_FILENO);
		signal(SIGABRT, SIG_DFL);
		job_move(&job, to);
		_exit(job.state == to ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void
only_these_moves_are_made(void **state)
{
	unsigned from, to;

	(void)state;
#ifdef NDEBUG
	return;
#endif
	for (from = 0; from < STATES; from++)
		for (to = 0; to < STATES; to++)
			if (move_lives((enum job_state)from,
			    (enum job_state)to) != moves[from][to])
				fail_msg("from %u to %u", from, to);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(a_job_takes_the_item_over),
	cmocka_unit_test(a_bad_line_keeps_its_words),
	cmocka_unit_test(a_job_that_is_over_sheds_what_fetching_needs),
	cmocka_unit_test(a_job_counts_once),
	cmocka_unit_test(only_these_moves_are_made),
};

UNIT_MAIN("core/job", tests)
