/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CORE_SHORTAGE_H
#define FETCHALL_CORE_SHORTAGE_H

#include <stddef.h>
#include <stdint.h>

#include "core/holdup.h"

struct fetch_reply;

/*
 * What this machine runs out of while fetches are under way: local ports, open
 * files. No URL is to fail for it: as many fetches as got through go on, then
 * slowly more are tried. Zeroed at first.
 */
struct shortage {
	enum holdup why;	/* HOLDUP_NONE: there is none */
	size_t room;		/* fetches that may be under way */
	int64_t grow_us, delay_us;	/* when to try more, and how often */
	int grown;		/* more were tried since the last failure */
	int64_t since_us;	/* nothing got through since then */
};

/* HOLDUP_FILES or HOLDUP_PORTS when the fetch failed for that, before
 * anything was sent; else HOLDUP_NONE. */
enum holdup shortage_of(const struct fetch_reply *reply);

/*
 * A fetch failed for `why`, and `under_way` others did not, so far. -1: for
 * two minutes none got through, so it is no use to wait for more.
 */
int shortage_hit(struct shortage *shortage, enum holdup why,
	size_t under_way, int64_t now_us);

/*
 * How many may be under way now, at most `most`; as many as that once the
 * shortage is over. Below that it is asked again at grow_us.
 */
size_t shortage_room(struct shortage *shortage, size_t most, int64_t now_us);

#endif
