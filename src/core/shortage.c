/* SPDX-License-Identifier: MIT */
/*
 * shortage -- backing off from this machine's own limits.
 *
 * A port is free again when its connection is over, and up to a minute after
 * that (TIME_WAIT); a file when whoever else has it closes it. Nobody tells
 * when, so it is tried: a quarter more each time, and less often the more
 * often that fails.
 */
#include "config.h"

#include <errno.h>

#include "base/clock.h"
#include "core/shortage.h"
#include "net/fetch.h"

#define SHORTAGE_DELAY_MIN (50 * CLOCK_MS)
#define SHORTAGE_DELAY_MAX (1 * CLOCK_SECOND)
#define SHORTAGE_PATIENCE (120 * CLOCK_SECOND)	/* TIME_WAIT twice */

enum holdup
shortage_of(const struct fetch_reply *reply)
{
	if (reply->code != CURLE_COULDNT_CONNECT ||
	    reply->refusal != FETCH_ACCEPTED)
		return HOLDUP_NONE;
	switch (reply->os_errno) {
	case EMFILE:
	case ENFILE:
		return HOLDUP_FILES;
	case EADDRNOTAVAIL:
		return HOLDUP_PORTS;
	}
	return HOLDUP_NONE;
}

int
shortage_hit(struct shortage *shortage, enum holdup why, size_t under_way,
	int64_t now_us)
{
	if (shortage->why == HOLDUP_NONE || under_way > 0)
		shortage->since_us = now_us;
	if (shortage->why == HOLDUP_NONE)
		shortage->delay_us = SHORTAGE_DELAY_MIN;
	else if (shortage->grown && shortage->delay_us < SHORTAGE_DELAY_MAX / 2)
		shortage->delay_us *= 2;
	else if (shortage->grown)
		shortage->delay_us = SHORTAGE_DELAY_MAX;
	shortage->why = why;
	shortage->room = under_way;
	shortage->grow_us = now_us + shortage->delay_us;
	shortage->grown = 0;
	return now_us - shortage->since_us < SHORTAGE_PATIENCE ? 0 : -1;
}

size_t
shortage_room(struct shortage *shortage, size_t most, int64_t now_us)
{
	if (shortage->why == HOLDUP_NONE)
		return most;
	if (now_us >= shortage->grow_us) {
		if (shortage->grown) {	/* that went well */
			shortage->delay_us = SHORTAGE_DELAY_MIN;
			shortage->since_us = now_us;
		}
		shortage->room += shortage->room / 4 + 1;
		shortage->grow_us = now_us + shortage->delay_us;
		shortage->grown = 1;
	}
	if (shortage->room < most)
		return shortage->room;
	shortage->why = HOLDUP_NONE;
	return most;
}
