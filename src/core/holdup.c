/* SPDX-License-Identifier: MIT */
/*
 * holdup -- a stop watch with a hand for each reason.
 */
#include "config.h"

#include "base/clock.h"
#include "core/holdup.h"

const char *
holdup_name(enum holdup why)
{
#define HOLDUP_NAME(code, name, words) [HOLDUP_##code] = name,
	static const char *const names[] = { HOLDUPS(HOLDUP_NAME) };
#undef HOLDUP_NAME

	return names[why];
}

const char *
holdup_words(enum holdup why)
{
#define HOLDUP_WORDS(code, name, words) [HOLDUP_##code] = words,
	static const char *const all[] = { HOLDUPS(HOLDUP_WORDS) };
#undef HOLDUP_WORDS

	return all[why];
}

void
holdup_set(struct holdup_clock *clock, enum holdup why)
{
	int64_t now_us;

	if (why == clock->why)
		return;
	now_us = clock_us();
	clock->us[clock->why] += now_us - clock->since_us;
	clock->why = why;
	clock->since_us = now_us;
}
