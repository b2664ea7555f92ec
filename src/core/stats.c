/* SPDX-License-Identifier: MIT */
/*
 * stats -- sums over all results, for progress and the summary.
 *
 * The one thing that takes thought is where an attempt's time went: curl's
 * times count from the start and stay 0 for what was not reached or not
 * needed, so phases are the gaps between those that are there.
 */
#include "config.h"

#include <string.h>

#include "core/stats.h"

const char *
stats_phase_name(enum stats_phase phase)
{
#define STATS_NAME(code, name) [STATS_##code] = name,
	static const char *const names[] = { STATS_PHASES(STATS_NAME) };
#undef STATS_NAME

	return names[phase];
}

void
stats_init(struct stats *stats)
{
	*stats = (struct stats){ .time_total = 0 };
	histogram_init(&stats->ok_time);
	histogram_init(&stats->failed_time);
	histogram_init(&stats->post.queue);
}

void
stats_release(struct stats *stats)
{
	histogram_release(&stats->ok_time);
	histogram_release(&stats->failed_time);
	histogram_release(&stats->post.queue);
}

/* Whether the last hop came to the moment that `time` is. */
static int
stats_reached(const struct result *result, int64_t time)
{
	return time > 0 && time >= result->time_redirect;
}

static int
stats_expects_tls(const struct result *result)
{
	const char *url = result->url_effective;

	if (url == NULL)
		url = result->url;
	return url != NULL && strncasecmp(url, "https:", 6) == 0 &&
		result->num_connects > 0;
}

/* The phase an attempt was in when it ended, which the rest belongs to. */
static enum stats_phase
stats_last_phase(const struct result *result)
{
	if (result->untold)
		return STATS_UNKNOWN;
	if (stats_reached(result, result->time_starttransfer))
		return STATS_BODY;
	if (stats_reached(result, result->time_appconnect))
		return STATS_WAIT;
	if (result->error_class == ERROR_DNS)
		return STATS_DNS;
	if (result->error_class == ERROR_TLS)
		return STATS_TLS;
	if (stats_reached(result, result->time_connect))
		return stats_expects_tls(result) ? STATS_TLS : STATS_WAIT;
	if (result->error_class == ERROR_CONNECT ||
	    stats_reached(result, result->time_namelookup))
		return STATS_CONNECT;
	return STATS_DNS;
}

void
stats_split(const struct result *result,
	int64_t ret_phases[STATS_PHASE_COUNT])
{
	const struct {
		enum stats_phase phase;
		int64_t end;
	} marks[] = {
		{ STATS_REDIRECT, result->time_redirect },
		{ STATS_DNS, result->time_namelookup },
		{ STATS_CONNECT, result->time_connect },
		{ STATS_TLS, result->time_appconnect },
		{ STATS_WAIT, result->time_starttransfer },
		{ stats_last_phase(result), result->time_total },
	};
	int64_t at = 0;
	int64_t end;
	size_t i;

	for (i = 0; i < STATS_PHASE_COUNT; i++)
		ret_phases[i] = 0;
	ret_phases[STATS_QUEUE] = result->time_queue;
	for (i = 0; i < sizeof marks / sizeof *marks; i++) {
		end = marks[i].end;
		if (end > result->time_total)
			end = result->time_total;
		if (end <= at)
			continue;
		ret_phases[marks[i].phase] += end - at;
		at = end;
	}
}

static int
stats_is_cut(const struct result *result)
{
	return result->error_class == ERROR_STOPPED ||
		result->error_class == ERROR_DEADLINE;
}

/* At the deadline what nobody came to is recorded, too: none of its time
 * passed. */
static int
stats_is_begun(const struct result *result)
{
	return result->error_class != ERROR_DEADLINE ||
		result->time_total > 0;
}

static void
stats_count_end(struct stats *stats, const struct result *result)
{
	struct stats_counters *counters = &stats->counters;

	if (result->attempt > 1 && counters->again > 0)
		counters->again--;
	if (!result->final) {
		if (stats_is_cut(result))
			counters->failed[result->error_class]++;
		else
			counters->again++;
		return;
	}
	counters->finals++;
	if (result->ok) {
		counters->ok++;
		histogram_add(&stats->ok_time, result->time_total);
	} else {
		counters->failed[result->error_class]++;
		histogram_add(&stats->failed_time, result->time_total);
	}
}

static void
stats_count_status(struct stats *stats, uint64_t status)
{
	if (status > 999)
		status = 0;
	stats->status[status]++;
	stats->counters.status_class[status / 100]++;
}

/* Only good bodies get there, so what failed did so in there. */
static void
stats_count_post(struct stats_post *post, const struct result *result)
{
	if (!result->posted)
		return;
	post->bodies++;
	if (!result->ok && !stats_is_cut(result))
		post->failed++;
	post->wall_us += result->time_post;
	post->cpu_us += result->time_post_cpu;
	histogram_add(&post->queue, result->time_post_queue);
}

/* What this machine ran out of. */
static void
stats_count_shortage(struct stats_counters *counters, const char *detail)
{
	if (detail == NULL)
		return;
	counters->fd_limit += strcmp(detail, "fd_limit") == 0;
	counters->ports += strcmp(detail, "ports") == 0;
}

void
stats_add(struct stats *stats, const struct result *result)
{
	struct stats_counters *counters = &stats->counters;
	int64_t phases[STATS_PHASE_COUNT];
	size_t i;

	if (!stats_is_begun(result)) {
		stats_count_end(stats, result);
		return;
	}
	if (result->skipped)
		counters->skipped++;
	if (result->skipped && result->response_code == 0) {
		/* It was not asked for: there is nothing to measure. */
		counters->finals++;
		counters->ok++;
		return;
	}
	counters->attempts++;
	if (result->attempt > 1)
		counters->retries++;
	stats_count_shortage(counters, result->error_detail);
	counters->bytes += result->size_download;
	counters->redirects += result->num_redirects;
	counters->connects += result->num_connects;
	stats_count_status(stats, result->response_code);
	stats_count_end(stats, result);
	stats_count_post(&stats->post, result);
	stats_split(result, phases);
	for (i = 0; i < STATS_PHASE_COUNT; i++)
		stats->phases[i] += phases[i];
	if (result->time_total > 0)
		stats->time_total += result->time_total;
}

uint64_t
stats_failures(const struct stats_counters *counters)
{
	return counters->finals - counters->ok;
}
