/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_NET_WAKE_H
#define FETCHALL_NET_WAKE_H

#include <stdatomic.h>

#include "base/err.h"

/*
 * A descriptor that is readable once somebody said so. However often it is
 * set before the reader comes round, it costs one write.
 *
 * The reader waits for `fd`, calls wake_clear() and only then looks at what
 * was shared: it sees all that was done before any wake_set() so far, and
 * what is set later makes `fd` readable again. It may wake for nothing.
 */
struct wake {
	int fd;
	atomic_int set;
};

int wake_open(struct wake *wake, struct err *err);
void wake_close(struct wake *wake);
void wake_set(struct wake *wake);	/* any thread */
void wake_clear(struct wake *wake);	/* the reader */

#endif
