/* SPDX-License-Identifier: MIT */
/*
 * stats -- the server's own counts. They are plain numbers: the server has
 * one thread.
 */
#include "config.h"

#include <inttypes.h>

#include "base/buf.h"
#include "origin/stats.h"

void
stats_connected(struct stats *stats)
{
	stats->connections++;
	stats->connections_now++;
	if (stats->connections_now > stats->connections_max)
		stats->connections_max = stats->connections_now;
}

void
stats_request(struct stats *stats)
{
	stats->requests++;
	stats->in_flight++;
	if (stats->in_flight > stats->in_flight_max)
		stats->in_flight_max = stats->in_flight;
}

void
stats_replied(struct stats *stats)
{
	stats->in_flight--;
}

void
stats_reset(struct stats *stats)
{
	*stats = (struct stats){
		.connections_now = stats->connections_now,
		.connections_max = stats->connections_now,
		.in_flight = stats->in_flight,
		.in_flight_max = stats->in_flight,
	};
}

static void
stats_number(struct buf *out, const char *name, uint64_t n)
{
	buf_printf(out, "\"%s\":%" PRIu64 ",", name, n);
}

void
stats_print(const struct stats *stats, struct buf *out)
{
	unsigned i;

	buf_add_char(out, '{');
	stats_number(out, "requests", stats->requests);
	stats_number(out, "bad_requests", stats->bad_requests);
	stats_number(out, "connections", stats->connections);
	stats_number(out, "connections_now", stats->connections_now);
	stats_number(out, "connections_max", stats->connections_max);
	stats_number(out, "in_flight", stats->in_flight);
	stats_number(out, "in_flight_max", stats->in_flight_max);
	stats_number(out, "aborted", stats->aborted);
	stats_number(out, "bytes_sent", stats->bytes_sent);
	buf_add_text(out, "\"statuses\":{");
	for (i = 2; i < 10; i++)
		buf_printf(out, "\"%uxx\":%" PRIu64 "%s", i,
			stats->classes[i], i < 9 ? "," : "");
	buf_add_text(out, "}}\n");
}
