/* SPDX-License-Identifier: MIT */
/*
 * grid -- a table of texts, as plain text or as Markdown.
 */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "cli/grid.h"

#define GRID_CELL 128	/* bytes of a cell at most */
#define GRID_BETWEEN 2	/* blanks between columns */

void
grid_init(struct grid *grid, size_t columns)
{
	*grid = (struct grid){ .columns = columns };
}

void
grid_release(struct grid *grid)
{
	size_t i;

	for (i = 0; i < grid->n; i++)
		free(grid->cells[i]);
	free(grid->cells);
	*grid = (struct grid){ 0 };
}

void
grid_add(struct grid *grid, const char *fmt, ...)
{
	char text[GRID_CELL];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	grid->cells = mem_grow(grid->cells, grid->n + 1, sizeof *grid->cells);
	grid->cells[grid->n++] = mem_strdup(text);
}

/* Characters, not bytes. */
static size_t
grid_cell_width(const char *text)
{
	size_t width = 0;

	for (; *text != '\0'; text++)
		if (((unsigned char)*text & 0xc0) != 0x80)
			width++;
	return width;
}

static size_t
grid_width(const struct grid *grid, size_t column)
{
	size_t width = 0, here, i;

	for (i = column; i < grid->n; i += grid->columns) {
		here = grid_cell_width(grid->cells[i]);
		if (here > width)
			width = here;
	}
	return width;
}

static void
grid_pad(struct buf *out, size_t n)
{
	for (; n > 0; n--)
		buf_add_char(out, ' ');
}

void
grid_text(const struct grid *grid, struct buf *out)
{
	size_t i, column, blanks;

	for (i = 0; i < grid->n; i++) {
		column = i % grid->columns;
		blanks = grid_width(grid, column) -
			grid_cell_width(grid->cells[i]);
		if (column > 0)
			grid_pad(out, GRID_BETWEEN + blanks);
		buf_add_text(out, grid->cells[i]);
		if (column == 0 && grid->columns > 1)
			grid_pad(out, blanks);
		if (column + 1 == grid->columns)
			buf_add_char(out, '\n');
	}
}

static void
grid_rule(const struct grid *grid, struct buf *out)
{
	size_t column;

	for (column = 0; column < grid->columns; column++)
		buf_add_text(out, column == 0 ? "|:---" : "|---:");
	buf_add_text(out, "|\n");
}

void
grid_markdown(const struct grid *grid, struct buf *out)
{
	size_t i;

	for (i = 0; i < grid->n; i++) {
		buf_printf(out, "| %s ", grid->cells[i]);
		if (i % grid->columns + 1 == grid->columns)
			buf_add_text(out, "|\n");
		if (i + 1 == grid->columns)
			grid_rule(grid, out);
	}
}
