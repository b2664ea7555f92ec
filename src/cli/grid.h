/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CLI_GRID_H
#define FETCHALL_CLI_GRID_H

#include <stddef.h>

#include "base/err.h"

struct buf;

/* Cells in rows, for people: the first row is the heading. */
struct grid {
	char **cells;		/* row after row */
	size_t n, columns;
};

void grid_init(struct grid *grid, size_t columns);
void grid_release(struct grid *grid);

/* The next cell, left to right, UTF-8. */
void grid_add(struct grid *grid, const char *fmt, ...) FA_PRINTF(2, 3);

/* Columns as wide as they need to be; all but the first to the right. */
void grid_text(const struct grid *grid, struct buf *out);
void grid_markdown(const struct grid *grid, struct buf *out);

#endif
