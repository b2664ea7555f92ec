/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CLI_SETTINGS_OWN_H
#define FETCHALL_CLI_SETTINGS_OWN_H

#include "cli/settings.h"

/*
 * What settings.c is made of: each of these fills in what follows from one or
 * two groups of options, in its own file. settings_init() says in which order,
 * since some look at what others left. -1 with err; what is owned then is
 * settings_release()'s to free.
 */

/* The message, the connection it is sent by, and TLS. */
int settings_request_fill(struct settings *settings,
	const struct options *options, struct err *err);
/* Times, sizes and retries. */
int settings_limits_fill(struct settings *settings,
	const struct options *options, struct err *err);
/* Looking up names, and the addresses that are denied. */
int settings_names_fill(struct settings *settings,
	const struct options *options, struct err *err);
/* Files, and the sinks of bodies. */
int settings_bodies_fill(struct settings *settings,
	const struct options *options, struct err *err);
/* Pool and chain; after bodies and request: archives have chunks, and decoding
 * adds a header. */
int settings_stages_fill(struct settings *settings,
	const struct options *options, struct err *err);
/* The sink of records and its columns; after stages, which have some. */
int settings_records_fill(struct settings *settings,
	const struct options *options, struct err *err);

/* Says which option `err` is about, and where that was said. Always -1. */
int settings_blame(const struct options *options, const char *name,
	struct err *err);

#endif
