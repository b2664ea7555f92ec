/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_ORIGIN_STATS_H
#define FETCHALL_ORIGIN_STATS_H

#include <stdint.h>

struct buf;

/*
 * What the server saw, so that tests can judge a client from the other side.
 * A request is in flight from its last byte until its reply is queued.
 */
struct stats {
	uint64_t requests;
	uint64_t bad_requests;	/* refused as no HTTP; not in `requests` */
	uint64_t connections;
	uint64_t connections_now, connections_max;
	uint64_t in_flight, in_flight_max;
	uint64_t aborted;	/* the client left before its reply's end */
	uint64_t bytes_sent;	/* headers included */
	uint64_t classes[10];	/* replies by the first digit of the status */
};

void stats_connected(struct stats *stats);
void stats_request(struct stats *stats);
void stats_replied(struct stats *stats);
/* Counts from zero again; what is open or in flight stays counted. */
void stats_reset(struct stats *stats);
/* One line of JSON. */
void stats_print(const struct stats *stats, struct buf *out);

#endif
