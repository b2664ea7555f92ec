/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CLI_PLOT_H
#define FETCHALL_CLI_PLOT_H

#include "base/err.h"

struct buf;
struct standings;

/* Pictures of a comparison, drawn by gnuplot. */

/*
 * Whether plot_write() can do its work: gnuplot is there (ERR_USAGE), the
 * file can be made (ERR_IO). `path` ends in .svg or .png.
 */
int plot_check(const char *path, struct err *err);
int plot_write(const char *path, const struct standings *standings,
	struct err *err);

/* What gnuplot is told: bars, or lines over concurrency for a sweep. */
void plot_add_script(struct buf *out, const struct standings *standings,
	int png);

#endif
