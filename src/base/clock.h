/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_BASE_CLOCK_H
#define FETCHALL_BASE_CLOCK_H

#include <stdint.h>

#define CLOCK_SECOND INT64_C(1000000)
#define CLOCK_MS INT64_C(1000)

/* Microseconds of the monotonic clock: for durations and due times. */
int64_t clock_us(void);
/* Microseconds of processor time that the calling thread has used. */
int64_t clock_thread_us(void);
/* Microseconds since 1970 in UTC: for time stamps only. */
int64_t clock_wall_us(void);
/* The same as files are dated, which is by the kernel's last tick: what is
 * written from now on is no older. */
int64_t clock_file_us(void);

#define CLOCK_RFC3339_SIZE 28	/* 2026-11-21T13:33:00.123456Z and a NUL */

/* RFC 3339 in UTC with microseconds, without printf. */
void clock_rfc3339(int64_t wall_us, char text[CLOCK_RFC3339_SIZE]);

#endif
