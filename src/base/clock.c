/* SPDX-License-Identifier: MIT */
/*
 * clock -- the two clocks and the one way of writing a date.
 */
#include "config.h"

#include <string.h>
#include <time.h>

#include "base/clock.h"

static int64_t
clock_read(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return (int64_t)now.tv_sec * CLOCK_SECOND + now.tv_nsec / 1000;
}

int64_t
clock_us(void)
{
	return clock_read(CLOCK_MONOTONIC);
}

int64_t
clock_thread_us(void)
{
	return clock_read(CLOCK_THREAD_CPUTIME_ID);
}

int64_t
clock_wall_us(void)
{
	return clock_read(CLOCK_REALTIME);
}

int64_t
clock_file_us(void)
{
	return clock_read(CLOCK_REALTIME_COARSE);
}

static char *
clock_digits(char *at, int64_t n, int width)
{
	int i;

	for (i = width - 1; i >= 0; i--) {
		at[i] = (char)('0' + n % 10);
		n /= 10;
	}
	return at + width;
}

static char *
clock_seconds(char *at, time_t second)
{
	struct tm tm;

	if (gmtime_r(&second, &tm) == NULL)
		memset(&tm, 0, sizeof tm);
	at = clock_digits(at, tm.tm_year + 1900, 4);
	*at++ = '-';
	at = clock_digits(at, tm.tm_mon + 1, 2);
	*at++ = '-';
	at = clock_digits(at, tm.tm_mday, 2);
	*at++ = 'T';
	at = clock_digits(at, tm.tm_hour, 2);
	*at++ = ':';
	at = clock_digits(at, tm.tm_min, 2);
	*at++ = ':';
	return clock_digits(at, tm.tm_sec, 2);
}

/* gmtime_r(3) takes a lock and a while, and thousands share a second. */
void
clock_rfc3339(int64_t wall_us, char text[CLOCK_RFC3339_SIZE])
{
	static _Thread_local char last[CLOCK_RFC3339_SIZE];
	static _Thread_local time_t last_second;
	static _Thread_local size_t len;
	time_t second = (time_t)(wall_us / CLOCK_SECOND);
	char *at;

	if (len == 0 || second != last_second) {
		len = (size_t)(clock_seconds(last, second) - last);
		last_second = second;
	}
	at = mempcpy(text, last, len);
	*at++ = '.';
	at = clock_digits(at, wall_us % CLOCK_SECOND, 6);
	*at++ = 'Z';
	*at = '\0';
}
