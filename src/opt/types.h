/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_OPT_TYPES_H
#define FETCHALL_OPT_TYPES_H

#include "opt/opt.h"

struct buf;

#define OPT_SHOWN 80

/*
 * A value as messages may show it: in quotes, harmless to a terminal, not
 * longer than a line, and "the value" for OPT_SECRET. Without an option it is
 * a name, not in quotes. Returns `shown`.
 */
char *opt_shown(const struct opt *opt, const char *text,
	char shown[OPT_SHOWN]);

/* Appends "1 to 100", "1 or more", "up to 100", or nothing. */
void opt_add_range(const struct opt *opt, struct buf *out);

/* Appends the choices with `between` between them. */
void opt_add_choices(const char *const *choices, const char *between,
	struct buf *out);

#endif
