/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CLI_PSS_H
#define FETCHALL_CLI_PSS_H

#include <stdint.h>

/*
 * How much memory the processes below this one take: a thread adds up their
 * proportional set sizes (shared pages count by their share) and remembers
 * the most. It looks every 50 ms, later less often: beyond the first few
 * looks it takes a hundredth of the time. For runs that have processes.
 */
struct pss;

/* NULL where no thread can be had: a run without this figure is still one. */
struct pss *pss_start(void);
/* The most there was, bytes; 0 for NULL. */
uint64_t pss_stop(struct pss *pss);

/* The sum as of now. */
uint64_t pss_below(void);
/*
 * How long to wait after a look that took `look_us` of processor time and
 * ended `elapsed_us` after the first one began.
 */
int64_t pss_pause(int64_t elapsed_us, int64_t look_us);

#endif
