/* SPDX-License-Identifier: MIT */
/*
 * The frontier: the list in its order, read a bounded way ahead, and no
 * reader or run that waits for the other for ever.
 */
#include "config.h"

#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "core/frontier.h"
#include "core/job.h"
#include "core/origins.h"
#include "core/pretend.h"
#include "unit.h"
#include "url/ndjson.h"
#include "url/source.h"

/* A frontier on a list, and who is woken by it. */
struct list_run {
	struct source *source;
	struct origins origins;
	struct frontier *frontier;
	struct state *state;		/* NULL: none */
	_Atomic uint64_t n_before;
	sem_t woken;
	char path[32];		/* "" : no file */
};

static void
wake(void *arg)
{
	struct list_run *run = arg;

	sem_post(&run->woken);
}

/* On run->source. */
static void
begin(struct list_run *run, size_t ahead)
{
	struct err err = { 0 };

	origins_init(&run->origins);
	sem_init(&run->woken, 0, 0);
	run->frontier = frontier_new(&(struct frontier_args){
		.source = run->source, .origins = &run->origins,
		.state = run->state, .n_before = &run->n_before,
		.ahead = ahead, .wake = wake, .arg = run,
	}, &err);
	if (run->frontier == NULL)
		fail_msg("%s", err.text);
}

static void
start(struct list_run *run, enum source_format format, const char *operand,
	int stdin_fd, size_t ahead)
{
	struct source_settings settings = { "http", format, 16u << 20 };
	char *operands[] = { mem_strdup(operand) };
	struct err err = { 0 };

	run->source = source_new(&settings, operands, 1, stdin_fd, &err);
	if (run->source == NULL)
		fail_msg("%s", err.text);
	free(operands[0]);
	begin(run, ahead);
}

/* A list file; the caller writes it. */
static FILE *
open_list(struct list_run *run)
{
	int fd;

	*run = (struct list_run){ 0 };
	memcpy(run->path, "/tmp/list-XXXXXX", 17);
	fd = mkstemp(run->path);
	assert_true(fd >= 0);
	return fdopen(fd, "w");
}

static void
end(struct list_run *run)
{
	frontier_free(run->frontier);
	source_free(run->source);
	assert_int_equal(run->origins.map.n, 0);
	origins_release(&run->origins);
	sem_destroy(&run->woken);
	if (run->path[0] != '\0')
		unlink(run->path);
}

/* As a run does: the next job, waiting where it must; NULL at the end. */
static struct job *
next(struct list_run *run)
{
	struct job *job = NULL;

	for (;;)
		switch (frontier_next(run->frontier, &job)) {
		case FRONTIER_JOB:
			return job;
		case FRONTIER_END:
			return NULL;
		case FRONTIER_WAIT:
			sem_wait(&run->woken);
			break;
		}
}

/* The same where there must be one. */
static struct job *
take(struct list_run *run)
{
	struct job *job = next(run);

	if (job == NULL)
		fail_msg("the list is over");
	return job;
}

static void
drop(struct list_run *run, struct job *job)
{
	job_uncount(job);
	origins_put(&run->origins, job->origin);
	job_free(job);
}

static void
jobs_come_in_the_order_of_the_list(void **state)
{
	static const size_t aheads[] = { 1, 2, 3, 16, 1024, 100000 };
	struct list_run run;
	struct job *job;
	uint64_t i;
	size_t k;
	FILE *list;

	(void)state;
	for (k = 0; k < sizeof aheads / sizeof *aheads; k++) {
		list = open_list(&run);
		for (i = 1; i <= 3000; i++)
			fprintf(list, "http://h%d/%d\n", (int)(i % 7), (int)i);
		fclose(list);
		start(&run, SOURCE_LINES, run.path, -1, aheads[k]);
		for (i = 1; (job = next(&run)) != NULL; i++) {
			assert_int_equal(job->seq, i);
			assert_int_equal(job->state, JOB_LISTED);
			assert_non_null(job->origin);
			drop(&run, job);
		}
		assert_int_equal(i, 3001);
		assert_int_equal(frontier_error(run.frontier, NULL), 0);
		end(&run);
	}
}

/* What was read and not taken yet is counted with the origin. */
static void
no_more_is_read_ahead_than_allowed(void **state)
{
	struct list_run run;
	struct job *job;
	FILE *list;
	size_t waiting, most = 0;
	int i;

	(void)state;
	list = open_list(&run);
	for (i = 0; i < 2000; i++)
		fprintf(list, "http://h/%d\n", i);
	fclose(list);
	start(&run, SOURCE_LINES, run.path, -1, 10);
	while ((job = next(&run)) != NULL) {
		waiting = atomic_load(&job->origin->waiting);
		if (waiting > most)
			most = waiting;
		drop(&run, job);
	}
	/* The one in hand, and one that is being put. */
	assert_in_range(most, 1, 12);
	end(&run);
}

/* Each URL has an origin of its own, which goes with the last job it has. */
static void
jobs_given_back_are_freed_while_the_list_is_read(void **state)
{
	struct list_run run;
	struct job *job;
	FILE *list;
	size_t alive, most = 0;
	int i;

	(void)state;
	list = open_list(&run);
	for (i = 0; i < 2000; i++)
		fprintf(list, "http://h%d/\n", i);
	fclose(list);
	start(&run, SOURCE_LINES, run.path, -1, 10);
	while ((job = next(&run)) != NULL) {
		pthread_mutex_lock(&run.origins.lock);
		alive = run.origins.map.n;
		pthread_mutex_unlock(&run.origins.lock);
		if (alive > most)
			most = alive;
		job_uncount(job);
		frontier_give_back(run.frontier, job);
	}
	/* What is read ahead, as many that came back, and what moves. */
	assert_in_range(most, 1, 40);
	end(&run);
}

static void
a_slow_list_wakes_the_run(void **state)
{
	struct list_run run = { 0 };
	struct job *job;
	int fds[2], i;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	start(&run, SOURCE_LINES, "-", fds[0], 4);
	for (i = 1; i <= 20; i++) {
		/* Most of the time the reader is in read(2) by now. */
		job = NULL;
		assert_int_equal(frontier_next(run.frontier, &job),
			FRONTIER_WAIT);
		dprintf(fds[1], "http://h/%d\n", i);
		job = take(&run);
		assert_int_equal(job->seq, i);
		drop(&run, job);
	}
	close(fds[1]);
	assert_null(next(&run));
	end(&run);
	close(fds[0]);
}

static void
a_reader_that_waits_for_a_pipe_is_interrupted(void **state)
{
	struct list_run run = { 0 };
	struct job *job;
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	dprintf(fds[1], "http://h/\nhttp://h/left\n");
	start(&run, SOURCE_LINES, "-", fds[0], 4);
	job = take(&run);
	drop(&run, job);
	end(&run);
	close(fds[0]);
	close(fds[1]);
}

static void
a_reader_that_waits_for_room_is_ended(void **state)
{
	struct list_run run;
	struct job *job;
	FILE *list;
	int i;

	(void)state;
	list = open_list(&run);
	for (i = 0; i < 100; i++)
		fprintf(list, "http://h/%d\n", i);
	fclose(list);
	start(&run, SOURCE_LINES, run.path, -1, 4);
	job = take(&run);
	drop(&run, job);
	end(&run);
}

/* Until the reader put n jobs of this origin and, most likely, waits. */
static void
wait_until_read(struct list_run *run, size_t n)
{
	struct origin *origin = origins_get(&run->origins, "http://h", 8);
	int i;

	while (atomic_load(&origin->waiting) < n)
		sched_yield();
	for (i = 0; i < 1000; i++)
		sched_yield();
	origins_put(&run->origins, origin);
}

/* Two such lines fill it; taking them leaves it empty all at once. */
static void
large_bodies_do_not_stop_the_reader(void **state)
{
	static const size_t sizes[] = { 9u << 20, 9u << 20, 10u << 20,
		10u << 20, 9u << 20, 15u << 20 };
	struct list_run run;
	struct job *job;
	char *body;
	FILE *list;
	size_t i;

	(void)state;
	if (!ndjson_built())
		return;
	list = open_list(&run);
	for (i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		body = mem_alloc(sizes[i] + 1);
		memset(body, 'x', sizes[i]);
		body[sizes[i]] = '\0';
		fprintf(list, "{\"url\":\"http://h/\",\"body\":\"%s\"}\n",
			body);
		free(body);
	}
	fclose(list);
	start(&run, SOURCE_NDJSON, run.path, -1, 1024);
	for (i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		if (i % 2 == 0)
			wait_until_read(&run, 2);
		job = take(&run);
		assert_int_equal(job->asked->body_len, sizes[i]);
		drop(&run, job);
	}
	assert_null(next(&run));
	end(&run);
}

static void
bad_lines_are_jobs_too(void **state)
{
	struct list_run run;
	struct job *job;
	FILE *list = open_list(&run);

	(void)state;
	fprintf(list, "http://h/\nftp://h/\n\n# comment\nhttp://h/2\n");
	fclose(list);
	start(&run, SOURCE_LINES, run.path, -1, 100);
	drop(&run, take(&run));
	job = take(&run);
	assert_int_equal(job->seq, 2);
	assert_non_null(job->bad);
	assert_null(job->origin);
	drop(&run, job);
	job = take(&run);
	assert_int_equal(job->seq, 3);
	assert_null(job->bad);
	drop(&run, job);
	assert_null(next(&run));
	end(&run);
}

static void
a_damaged_list_ends_with_an_error(void **state)
{
	struct list_run run;
	struct err err = { 0 };
	FILE *list = open_list(&run);

	(void)state;
	fwrite("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03garbage", 1, 17, list);
	fclose(list);
	start(&run, SOURCE_LINES, run.path, -1, 100);
	assert_null(next(&run));
	assert_int_equal(frontier_error(run.frontier, &err), -1);
	assert_int_equal(err.code, ERR_IO);
	assert_non_null(strstr(err.text, run.path));
	end(&run);
}

/* --- what runs before this one did --- */

static const char *const known[] = { "http://a/1", "http://a/2", "no url: x",
	"http://a/4" };

static void
what_was_done_before_is_left_out(void **state)
{
	static const unsigned char done[] = { 1, 0, 1, 1 };
	static const uint64_t seqs[] = { 2, 5 };
	struct state account = { .known = known, .n_known = 4, .done = done };
	struct list_run run;
	struct job *job;
	size_t i;
	FILE *list = open_list(&run);

	(void)state;
	fprintf(list, "http://a/1\n\n http://a/2\nno url: x\n# no\n"
		"http://a/4\nhttp://a/5\n");
	fclose(list);
	run.state = &account;
	start(&run, SOURCE_LINES, run.path, -1, 16);
	for (i = 0; i < 2; i++) {
		job = take(&run);
		assert_int_equal(job->seq, seqs[i]);
		assert_null(job->bad);
		drop(&run, job);
	}
	assert_null(next(&run));
	assert_int_equal(frontier_error(run.frontier, NULL), 0);
	assert_int_equal(run.n_before, 3);
	assert_int_equal(account.seq, 5);
	assert_int_equal(account.ends, 1);
	end(&run);
}

static void
another_list_than_before_is_an_error(void **state)
{
	static const struct {
		const char *note, *list, *said;
	} cases[] = {
		{ "another line", "http://a/1\nhttp://b/2\nno url: x\n",
			"line 2 is another" },
		{ "a shorter list", "http://a/1\nhttp://a/2\n",
			"the list was longer" },
		{ "an empty list", "# nothing\n", "the list was longer" },
	};
	struct state account;
	struct list_run run;
	struct job *job;
	struct err err;
	FILE *list;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		print_message("%s\n", cases[i].note);
		account = (struct state){ .known = known, .n_known = 4 };
		list = open_list(&run);
		fputs(cases[i].list, list);
		fclose(list);
		run.state = &account;
		start(&run, SOURCE_LINES, run.path, -1, 16);
		while ((job = next(&run)) != NULL)
			drop(&run, job);
		assert_int_equal(frontier_error(run.frontier, &err), -1);
		assert_int_equal(err.code, ERR_USAGE);
		assert_string_equal(err.text, cases[i].said);
		end(&run);
	}
}

/* Chunks of three: the wrong line is the second of the second. */
static void
no_job_comes_of_a_line_that_may_be_wrong(void **state)
{
	static const char *const before[] = { "http://a/1", "http://a/2",
		"http://a/3", "http://a/4", "http://a/5", "http://a/6" };
	static const unsigned char done[] = { 0, 1, 1, 0, 0, 1 };
	struct state account = { .known = before, .n_known = 6, .done = done,
		.chunk = 3 };
	struct list_run run = { .state = &account };
	struct err err;
	struct job *job;
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	start(&run, SOURCE_LINES, "-", fds[0], 16);
	/* Known to be right once what follows it is, too: done or not. */
	dprintf(fds[1], "http://a/1\nhttp://a/2\nhttp://a/3\n");
	job = take(&run);
	assert_int_equal(job->seq, 1);
	drop(&run, job);
	dprintf(fds[1], "http://a/4\nhttp://b/5\nhttp://a/6\nhttp://a/7\n");
	assert_null(next(&run));
	assert_int_equal(frontier_error(run.frontier, &err), -1);
	assert_string_equal(err.text, "line 5 is another");
	end(&run);
	close(fds[0]);
	close(fds[1]);
}

/* The last chunk of before ends where the list was read up to. */
static void
what_was_never_read_before_is_not_held(void **state)
{
	struct state account = { .known = known, .n_known = 2, .chunk = 4096 };
	struct list_run run = { .state = &account };
	struct job *job;
	uint64_t i;
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	start(&run, SOURCE_LINES, "-", fds[0], 16);
	dprintf(fds[1], "http://a/1\nhttp://a/2\n");
	for (i = 1; i <= 10; i++) {
		job = take(&run);
		assert_int_equal(job->seq, i);
		drop(&run, job);
		if (i >= 2)
			dprintf(fds[1], "http://new/\n");
	}
	end(&run);
	close(fds[0]);
	close(fds[1]);
}

/* --- in a hurry --- */

static void
in_a_hurry_a_file_is_read_to_its_end(void **state)
{
	struct list_run run;
	struct job *job;
	uint64_t i, n = 20000;
	FILE *list = open_list(&run);

	(void)state;
	for (i = 1; i <= n; i++)
		fprintf(list, "http://h/%d\n", (int)i);
	fclose(list);
	start(&run, SOURCE_LINES, run.path, -1, 64);
	for (i = 1; (job = next(&run)) != NULL; i++) {
		if (i % 1000 == 1)
			frontier_hurry(run.frontier);
		assert_int_equal(job->seq, i);
		drop(&run, job);
	}
	assert_int_equal(i, n + 1);
	assert_int_equal(frontier_error(run.frontier, NULL), 0);
	end(&run);
}

/* The pipe stays open all the time. */
static void
in_a_hurry_what_a_pipe_holds_is_all(void **state)
{
	struct list_run run = { 0 };
	struct job *job;
	int fds[2], i;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	for (i = 1; i <= 100; i++)
		dprintf(fds[1], "http://h/%d\n", i);
	dprintf(fds[1], "http://h/hal");
	start(&run, SOURCE_LINES, "-", fds[0], 4);
	frontier_hurry(run.frontier);
	for (i = 1; (job = next(&run)) != NULL; i++) {
		assert_int_equal(job->seq, i);
		drop(&run, job);
	}
	assert_int_equal(i, 101);
	assert_int_equal(frontier_error(run.frontier, NULL), 0);
	end(&run);
	close(fds[0]);
	close(fds[1]);
}

/* Nobody ever opens the other end of the second list. */
static void
in_a_hurry_nobody_is_waited_for(void **state)
{
	struct source_settings settings = { "http", SOURCE_LINES, 65536 };
	char url[] = "http://h/", pipe[] = "/tmp/list-pipe-XXXXXX";
	char *operands[] = { url, pipe };
	struct list_run run = { 0 };
	struct err err = { 0 };

	(void)state;
	assert_int_equal(close(mkstemp(pipe)), 0);
	unlink(pipe);
	assert_int_equal(mkfifo(pipe, 0600), 0);
	run.source = source_new(&settings, operands, 2, -1, &err);
	assert_non_null(run.source);
	begin(&run, 4);
	drop(&run, take(&run));
	frontier_hurry(run.frontier);
	assert_null(next(&run));
	end(&run);
	unlink(pipe);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(jobs_come_in_the_order_of_the_list),
	cmocka_unit_test(no_more_is_read_ahead_than_allowed),
	cmocka_unit_test(jobs_given_back_are_freed_while_the_list_is_read),
	cmocka_unit_test(a_slow_list_wakes_the_run),
	cmocka_unit_test(a_reader_that_waits_for_a_pipe_is_interrupted),
	cmocka_unit_test(a_reader_that_waits_for_room_is_ended),
	cmocka_unit_test(large_bodies_do_not_stop_the_reader),
	cmocka_unit_test(bad_lines_are_jobs_too),
	cmocka_unit_test(a_damaged_list_ends_with_an_error),
	cmocka_unit_test(what_was_done_before_is_left_out),
	cmocka_unit_test(another_list_than_before_is_an_error),
	cmocka_unit_test(no_job_comes_of_a_line_that_may_be_wrong),
	cmocka_unit_test(what_was_never_read_before_is_not_held),
	cmocka_unit_test(in_a_hurry_a_file_is_read_to_its_end),
	cmocka_unit_test(in_a_hurry_what_a_pipe_holds_is_all),
	cmocka_unit_test(in_a_hurry_nobody_is_waited_for),
};

UNIT_MAIN("core/frontier", tests)
