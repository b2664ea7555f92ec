/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CORE_HOLDUP_H
#define FETCHALL_CORE_HOLDUP_H

#include <stdint.h>

/*
 * Why fewer fetches were under way than were allowed, and how long: what of
 * the client itself was in the way, and not the servers.
 */

/* X(code, name, words): name in JSON, words for people. */
#define HOLDUPS(X) \
	X(NONE, "none", "nothing") \
	X(LIST, "list", "the list came too slowly") \
	X(NAMES, "dns", "names were waited for (DNS)") \
	X(WRITER, "writer", "records were not written fast enough") \
	X(BODIES, "disk", "bodies were not written fast enough") \
	X(STAGES, "stages", "the stages had enough to do") \
	X(FILES, "open_files", "open files were waited for (ulimit -n)") \
	X(PORTS, "local_ports", \
		"local ports were waited for (ip_local_port_range)")

#define HOLDUP_ENUM(code, name, words) HOLDUP_##code,
enum holdup { HOLDUPS(HOLDUP_ENUM) HOLDUP_COUNT };
#undef HOLDUP_ENUM

const char *holdup_name(enum holdup why);
const char *holdup_words(enum holdup why);

struct holdup_clock {
	enum holdup why;
	int64_t since_us;
	int64_t us[HOLDUP_COUNT];
};

/* From now on that is why; NONE: nothing is in the way. Cheap where nothing
 * changes. */
void holdup_set(struct holdup_clock *clock, enum holdup why);

#endif
