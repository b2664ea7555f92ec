/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CLI_EXPORT_H
#define FETCHALL_CLI_EXPORT_H

#include "base/err.h"

struct buf;
struct options_compare;
struct standings;

/* The standings in files: hyperfine's names, and some more. */

/* Whether the files that were asked for can be written (ERR_IO). */
int export_check(const struct options_compare *compare, struct err *err);
/* Writes them, each whole or not at all. */
int export_write(const struct options_compare *compare,
	const struct standings *standings, struct err *err);

void export_add_json(struct buf *out, const struct standings *standings);
void export_add_csv(struct buf *out, const struct standings *standings);

#endif
