/* SPDX-License-Identifier: MIT */
/*
 * silence -- what it costs that name servers say nothing.
 *
 * Silence may be the affair of one name or that of dead servers, and those
 * shall cost their time once and not once a name. So a name has its place for
 * a part of its time only while nothing is heard of any name, and those that
 * begin after names have waited to their end in such silence have half their
 * time, then a quarter and so on. Any answer, a late one too, makes all as it
 * was.
 */
#include "config.h"

#include "base/clock.h"
#include "net/silence.h"

/* What part of its time a name may hold its place and nothing be heard. */
#define SILENCE_SHARE 4
/* However long nobody has said anything: more than an answer usually takes. */
#define SILENCE_PATIENCE_MIN (200 * CLOCK_MS)

int
silence_lasts(struct silence *silence, uint64_t heard)
{
	if (heard != silence->heard)
		silence->places = silence->halvings = 0;
	silence->heard = heard;
	return silence->places > 0;
}

void
silence_met(struct silence *silence)
{
	silence->places++;
}

/* The first of those that had as much time speaks for them all. */
void
silence_endured(struct silence *silence, unsigned halvings)
{
	if (halvings == silence->halvings &&
	    silence_patience_us(silence) > SILENCE_PATIENCE_MIN)
		silence->halvings++;
}

static int64_t
silence_part_us(const struct silence *silence, int64_t us)
{
	if (us < SILENCE_PATIENCE_MIN)
		us = SILENCE_PATIENCE_MIN;
	return us < silence->timeout_us ? us : silence->timeout_us;
}

int64_t
silence_patience_us(const struct silence *silence)
{
	return silence_part_us(silence,
		silence->timeout_us >> silence->halvings);
}

int64_t
silence_stay_us(const struct silence *silence)
{
	return silence_part_us(silence, silence->timeout_us / SILENCE_SHARE /
		(1 + (int64_t)silence->places));
}
