/* SPDX-License-Identifier: MIT */
/*
 * wake -- waking an event loop from another thread.
 *
 * An eventfd behind a flag: under load most calls find the flag set and make
 * no system call.
 */
#include "config.h"

#include <errno.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "net/wake.h"

int
wake_open(struct wake *wake, struct err *err)
{
	atomic_init(&wake->set, 0);
	wake->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return wake->fd < 0 ? err_sys(err, "eventfd") : 0;
}

void
wake_close(struct wake *wake)
{
	if (wake->fd >= 0)
		close(wake->fd);
	wake->fd = -1;
}

void
wake_set(struct wake *wake)
{
	const uint64_t one = 1;

	if (atomic_exchange(&wake->set, 1) != 0)
		return;
	while (write(wake->fd, &one, sizeof one) < 0 && errno == EINTR)
		;
}

void
wake_clear(struct wake *wake)
{
	uint64_t count;

	/*
	 * First the descriptor, then the flag. The other way round, a
	 * wake_set() in between would have its write read away while its flag
	 * stays, and nobody would ever write again. The exchange also orders:
	 * it reads what the last wake_set() left, written or not.
	 */
	while (read(wake->fd, &count, sizeof count) < 0 && errno == EINTR)
		;
	atomic_exchange(&wake->set, 0);
}
