/* SPDX-License-Identifier: MIT */
/*
 * progress -- done, rate, in flight, failed, and how long it will still take.
 *
 * How many URLs there will be is known only at the list's end, since lists
 * are streamed; until then it is estimated from the share of its bytes that
 * was read, and marked with a "~".
 */
#include "config.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/units.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "core/run.h"
#include "core/stats.h"
#include "url/source.h"

#define PROGRESS_EVERY (200 * CLOCK_MS)

struct progress {
	struct run *run;
	struct source *source;
	const struct options_load *load;
	const char *label;
	int64_t started_us;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t stop_asked;
	int stopping;
};

/* How many URLs there will be: 0 when nobody can know. */
static uint64_t
progress_total(const struct options_load *load,
	const struct source_progress *list)
{
	/* A list that begins again says nothing about the end. */
	if (load->requests > 0 || load->duration > 0)
		return load->requests;
	if (list->ended)
		return list->urls;
	if (list->total_bytes == 0 || list->read_bytes == 0)
		return 0;
	return (uint64_t)((double)list->urls * (double)list->total_bytes /
		(double)list->read_bytes);
}

static void
progress_add_left(struct buf *line, uint64_t done, uint64_t to_do,
	int64_t elapsed_us)
{
	char left[UNITS_TEXT];

	if (done == 0)
		return;
	buf_printf(line, ", %s left", units_show_time((int64_t)(
		(double)elapsed_us * (double)to_do / (double)done), left));
}

static void
progress_draw(struct progress *progress)
{
	int64_t elapsed = clock_us() - progress->started_us;
	struct stats_counters counters;
	struct source_progress list;
	uint64_t total, failed, done;
	struct buf line;
	ssize_t n;

	run_counters(progress->run, &counters);
	source_progress(progress->source, &list);
	total = progress_total(progress->load, &list);
	failed = stats_failures(&counters);
	done = counters.finals + run_done_before(progress->run);
	buf_init(&line, 1024);
	buf_printf(&line, "\r%s: %" PRIu64, progress->label, done);
	if (total > 0)
		buf_printf(&line, "/%s%" PRIu64, list.ended ? "" : "~", total);
	buf_printf(&line, " done, %.0f/s, %zu in flight, %" PRIu64 " failed",
		(double)counters.finals * 1e6 / (double)(elapsed + 1),
		run_in_flight(progress->run), failed);
	if (total > done)
		progress_add_left(&line, counters.finals, total - done,
			elapsed);
	buf_add_text(&line, "\033[K");
	n = write(STDERR_FILENO, line.data, line.len);
	(void)n;
	buf_release(&line);
}

static void *
progress_main(void *arg)
{
	struct progress *progress = arg;
	int64_t at = clock_us();
	struct timespec until;

	pthread_mutex_lock(&progress->lock);
	while (!progress->stopping) {
		at += PROGRESS_EVERY;
		until.tv_sec = at / CLOCK_SECOND;
		until.tv_nsec = at % CLOCK_SECOND * 1000;
		pthread_cond_timedwait(&progress->stop_asked,
			&progress->lock, &until);
		if (!progress->stopping)
			progress_draw(progress);
	}
	pthread_mutex_unlock(&progress->lock);
	return NULL;
}

struct progress *
progress_start(struct run *run, struct source *source,
	const struct options_load *load, const char *label)
{
	struct progress *progress;
	pthread_condattr_t attr;

	if (!isatty(STDERR_FILENO))
		return NULL;
	progress = mem_array(1, sizeof *progress);
	progress->run = run;
	progress->source = source;
	progress->load = load;
	progress->label = label;
	progress->started_us = clock_us();
	pthread_mutex_init(&progress->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&progress->stop_asked, &attr);
	pthread_condattr_destroy(&attr);
	if (pthread_create(&progress->thread, NULL, progress_main,
	    progress) == 0)
		return progress;
	/* A run without progress is still a run. */
	free(progress);
	return NULL;
}

void
progress_stop(struct progress *progress)
{
	static const char wipe[] = "\r\033[K";
	ssize_t n;

	if (progress == NULL)
		return;
	pthread_mutex_lock(&progress->lock);
	progress->stopping = 1;
	pthread_mutex_unlock(&progress->lock);
	pthread_cond_signal(&progress->stop_asked);
	pthread_join(progress->thread, NULL);
	n = write(STDERR_FILENO, wipe, sizeof wipe - 1);
	(void)n;
	pthread_cond_destroy(&progress->stop_asked);
	pthread_mutex_destroy(&progress->lock);
	free(progress);
}
