/* SPDX-License-Identifier: MIT */
/*
 * relist -- is this the list that the last run read?
 *
 * Finding out while fetching would be free, but by then outputs are cut back
 * and URLs fetched that another list has in these places. Reading without
 * parsing takes a fraction of a second for a million lines.
 */
#include "config.h"

#include <stdint.h>

#include "core/relist.h"
#include "core/state.h"
#include "url/source.h"

/* As far as the last run read, or to the end of the list. */
static int
relist_compare(struct state *state, struct source *source, struct err *err)
{
	uint64_t known = state_lines(state);
	struct source_line line = { 0 };
	int rc;

	while (line.seq < known) {
		rc = source_next_line(source, &line, err);
		if (rc < 0)
			return -1;
		if (rc == 0)
			return state_end_list(state, err);
		if (state_add_line(state, line.text, line.len, err) != 0)
			return -1;
	}
	return 0;
}

int
relist_check(struct state *state, const struct source_settings *settings,
	char *const *operands, size_t n, int stdin_fd, struct err *err)
{
	struct source *source;
	int rc = 0;

	if (state_lines(state) == 0)
		return 0;
	source = source_new(settings, operands, n, stdin_fd, err);
	if (source == NULL)
		return -1;
	if (source_is_rereadable(source))
		rc = relist_compare(state, source, err);
	source_free(source);
	state_rewind(state);
	return rc;
}
