/* SPDX-License-Identifier: MIT */
/*
 * limits -- was it the servers, or was it us? Whoever reads a rate takes it
 * for the server's. So the summary names what of the client's own was used up
 * or in the way for a tenth of the time and more, and says nothing where
 * nothing was.
 */
#include "config.h"

#include <inttypes.h>

#include "base/buf.h"
#include "base/clock.h"
#include "cli/limits.h"
#include "cli/report.h"

/* A run as short as this has no time to be limited by anything. */
#define LIMITS_SHORT (200 * CLOCK_MS)

#define LIMITS_BUSY 0.85	/* of a core's time: it has no more */
#define LIMITS_HELD 0.10	/* of the wall time: it mattered */

static double
limits_share(int64_t us, const struct report *report)
{
	return report->wall_us > 0 ? (double)us / (double)report->wall_us : 0;
}

/* Of the one core that the loop can use, or of all where there are threads or
 * processes. */
static double
limits_cpu(const struct report *report)
{
	if (report->loop_cpu_us > 0)
		return limits_share(report->loop_cpu_us, report);
	return report->cores > 0 ? limits_share(report->user_us +
		report->system_us, report) / (double)report->cores : 0;
}

/*
 * Fetches wait for stages when the buffer is full, and the whole run does for
 * work that the network did not hide.
 */
static double
limits_held(const struct report *report, enum holdup why)
{
	const struct report_stages *stages = &report->stages;
	int64_t us = report->held_us[why], alone_us = 0;

	if (why == HOLDUP_STAGES && stages->hidden_us >= 0 &&
	    stages->workers > 0)
		alone_us = (stages->busy_us - stages->hidden_us) /
			(int64_t)stages->workers;
	return limits_share(us > alone_us ? us : alone_us, report);
}

static void
limits_begin(struct buf *out, const char **before)
{
	buf_add_text(out, *before);
	*before = "; ";
}

static void
limits_add_shortage(struct buf *out, const char **before, uint64_t n,
	const char *of)
{
	if (n == 0)
		return;
	limits_begin(out, before);
	buf_printf(out, "%" PRIu64 " attempt%s failed for want of %s", n,
		n == 1 ? "" : "s", of);
}

static void
limits_add_cpu(struct buf *out, const char **before,
	const struct report *report)
{
	double busy = limits_cpu(report);

	if (busy < LIMITS_BUSY || report->wall_us < LIMITS_SHORT)
		return;
	limits_begin(out, before);
	buf_printf(out, "CPU (%s busy %.0f %% of the time)",
		report->loop_cpu_us > 0 ? "the event loop was" :
		report->cores == 1 ? "the core was" : "all cores were",
		100 * (busy < 1 ? busy : 1));
}

void
limits_add_text(struct buf *out, const struct report *report)
{
	const struct stats_counters *counters = &report->counters;
	const char *before = "  held back by this client: ";
	const char *none = before;
	double share;
	int why;

	limits_add_cpu(out, &before, report);
	if (report->asked > report->concurrency) {
		limits_begin(out, &before);
		buf_printf(out, "open files (%" PRIu64 " at a time instead of "
			"%" PRIu64 ", ulimit -n)", report->concurrency,
			report->asked);
	}
	limits_add_shortage(out, &before, counters->fd_limit,
		"open files (ulimit -n)");
	limits_add_shortage(out, &before, counters->ports,
		"local ports (ip_local_port_range)");
	for (why = HOLDUP_NONE + 1; why < HOLDUP_COUNT; why++) {
		share = limits_held(report, (enum holdup)why);
		if (share < LIMITS_HELD || report->wall_us < LIMITS_SHORT)
			continue;
		limits_begin(out, &before);
		buf_printf(out, "%s (%.0f %% of the time)",
			holdup_words((enum holdup)why), 100 * share);
	}
	if (before != none)
		buf_add_char(out, '\n');
}

void
limits_add_json(struct buf *out, const struct report *report)
{
	const struct stats_counters *counters = &report->counters;
	int why;

	buf_printf(out, "\"limits\":{\"cpu\":%.3f,\"concurrency_asked\":%"
		PRIu64 ",\"fd_limit\":%" PRIu64 ",\"ports\":%" PRIu64,
		limits_cpu(report), report->asked, counters->fd_limit,
		counters->ports);
	for (why = HOLDUP_NONE + 1; why < HOLDUP_COUNT; why++)
		buf_printf(out, ",\"%s\":%.3f", holdup_name((enum holdup)why),
			limits_held(report, (enum holdup)why));
	buf_add_text(out, "},");
}
