/* SPDX-License-Identifier: MIT */
/*
 * files -- every fetch needs a socket, and the system counts them.
 */
#include "config.h"

#include <sys/resource.h>

#include "base/log.h"
#include "cli/files.h"
#include "core/run.h"

size_t
files_limit(size_t wanted, size_t each)
{
	struct rlimit limit;
	size_t room;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return wanted;
	if (limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
			getrlimit(RLIMIT_NOFILE, &limit);
	}
	if (limit.rlim_cur == RLIM_INFINITY)
		return wanted;
	room = limit.rlim_cur > RUN_SPARE_FILES + each ?
		((size_t)limit.rlim_cur - RUN_SPARE_FILES) / each : 1;
	/* For every hundred fetches a loop has two of libcurl's own. */
	room -= room / 100 * 2;
	if (room >= wanted)
		return wanted;
	log_warning("only %zu at a time instead of %zu: no more than "
		"%zu files may be open (ulimit -n)", room, wanted,
		(size_t)limit.rlim_cur);
	return room;
}
