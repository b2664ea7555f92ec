/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_ORIGIN_OPTIONS_H
#define FETCHALL_ORIGIN_OPTIONS_H

#include <stdint.h>

#include "opt/opt.h"

/* What `fetchall-origin` was told to do. */
struct options {
	uint64_t port;		/* 0: any free one */
	char *address;		/* numeric */
	char *port_file;	/* NULL: none */
	char *raw_dir;		/* NULL: /raw answers 404 */
	uint64_t delay_ms;	/* before every reply but /stats */
	uint64_t max_seconds;	/* 0: no end */
	int reuse_port;
	int with_parent;
	char *help;		/* NULL: not asked for; "" or a topic */
	int version;
};

extern const struct opt_set options_set;

struct buf;

/* The text of --help: usage, options, routes; or of a topic of theirs. */
int options_help(const struct opts *opts, const char *topic, struct buf *out,
	struct err *err);

#endif
