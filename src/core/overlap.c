/* SPDX-License-Identifier: MIT */
/*
 * overlap -- time that two things were at work at once, told after the fact:
 * a worker says when it began and ended, and by then the network's state of
 * that time is history.
 */
#include "config.h"

#include "core/overlap.h"

void
overlap_init(struct overlap *overlap)
{
	*overlap = (struct overlap){ 0 };
}

void
overlap_network(struct overlap *overlap, int busy, int64_t now)
{
	struct overlap_gap *gap;

	if (busy == (overlap->idle_since == INT64_MAX))
		return;
	if (!busy) {
		overlap->idle_since = now;
		return;
	}
	gap = &overlap->gaps[overlap->n++ % OVERLAP_GAPS];
	gap->from = overlap->idle_since;
	gap->to = now;
	overlap->idle_since = INT64_MAX;
}

/* How much of [begun, ended] is in [from, to]. */
static int64_t
overlap_common(int64_t begun, int64_t ended, int64_t from, int64_t to)
{
	int64_t first = begun > from ? begun : from;
	int64_t last = ended < to ? ended : to;

	return last > first ? last - first : 0;
}

int64_t
overlap_of(const struct overlap *overlap, int64_t begun, int64_t ended)
{
	size_t n = overlap->n < OVERLAP_GAPS ? overlap->n : OVERLAP_GAPS, i;
	int64_t sum = ended > begun ? ended - begun : 0;

	for (i = 0; i < n; i++)
		sum -= overlap_common(begun, ended, overlap->gaps[i].from,
			overlap->gaps[i].to);
	return sum - overlap_common(begun, ended, overlap->idle_since,
		INT64_MAX);
}
