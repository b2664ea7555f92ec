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
#include "core/run.h"
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
a_job_counts_once_and_where_its_url_points(void **state)
{
	struct job *job = job_of("http://h/");
	struct job *bad = job_of("ftp://h/");
	struct origins origins;
	struct origin *other;

	(void)state;
	origins_init(&origins);
	job_count(bad, &origins);	/* no origin: nothing to count with */
	job_uncount(bad);
	assert_null(bad->origin);
	job_count(job, &origins);
	job_count(job, &origins);
	assert_string_equal(job->origin->text, "http://h");
	assert_int_equal(job->origin->waiting, 1);
	job_uncount(job);
	job_uncount(job);
	assert_int_equal(job->origin->waiting, 0);
	/* Longer by a port: another one, and the first is gone. */
	url_release(&job->fetch.request.url);
	assert_int_equal(url_parse("http://h:81/", NULL,
		&job->fetch.request.url, NULL), 0);
	job_count(job, &origins);
	other = origins_get(&origins, "http://h:81", 11);
	assert_ptr_equal(job->origin, other);
	assert_int_equal(other->waiting, 1);
	assert_int_equal(origins.map.n, 1);
	job_uncount(job);
	origins_put(&origins, other);
	origins_put(&origins, job->origin);
	job_free(job);
	job_free(bad);
	origins_release(&origins);
}

static void
a_job_knows_what_must_not_happen_twice(void **state)
{
	static const struct {
		const char *method, *body;
		int once;
	} cases[] = {
		{ NULL, NULL, 0 }, { NULL, "x", 1 }, { "GET", "x", 0 },
		{ "HEAD", NULL, 0 }, { "PUT", "x", 0 }, { "DELETE", NULL, 0 },
		{ "OPTIONS", NULL, 0 }, { "TRACE", NULL, 0 },
		{ "POST", NULL, 1 }, { "PATCH", "x", 1 }, { "get", NULL, 1 },
		{ "MKCALENDAR", NULL, 1 },
	};
	struct run_settings settings = { 0 };
	struct job *job = job_of("http://h/");
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		settings.method = cases[i].method;
		settings.body = cases[i].body;
		job_start(job, &settings);
		assert_int_equal(job->once, cases[i].once);
	}
	/* The line's own wish counts. */
	job->asked->method = mem_strdup("GET");
	job_start(job, &settings);
	assert_int_equal(job->once, 0);
	job_free(job);
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
	[JOB_GRANTED] = { [JOB_READY] = 1, [JOB_AGAIN] = 1,
		[JOB_WAITING] = 1, [JOB_ENDED] = 1 },
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
	cmocka_unit_test(a_job_counts_once_and_where_its_url_points),
	cmocka_unit_test(a_job_knows_what_must_not_happen_twice),
	cmocka_unit_test(only_these_moves_are_made),
};

UNIT_MAIN("core/job", tests)
