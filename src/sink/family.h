/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_SINK_FAMILY_H
#define FETCHALL_SINK_FAMILY_H

#include "core/sink.h"

/* X(name): one file sink/NAME.c each, in the order of the manual; those of
 * bodies last, in the order they are to have them. */
#define SINKS(X) \
	X(lines) \
	X(json) \
	X(csv) \
	X(none) \
	X(warc) \
	X(files) \
	X(cat)

#define SINK_DECLARE(name) extern const struct sink sink_##name;
SINKS(SINK_DECLARE)
#undef SINK_DECLARE

#endif
