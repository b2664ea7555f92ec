/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CORE_OVERLAP_H
#define FETCHALL_CORE_OVERLAP_H

#include <stddef.h>
#include <stdint.h>

/*
 * How much of a piece of work went on while the network was busy too: that
 * much of it cost no time. Times are clock_us(). It remembers when nothing
 * was under way; of such gaps only the last ones are kept, since many gaps
 * in one piece of work are short ones.
 */
#define OVERLAP_GAPS 64

struct overlap {
	struct overlap_gap {
		int64_t from, to;
	} gaps[OVERLAP_GAPS];	/* a ring */
	size_t n;		/* gaps so far */
	int64_t idle_since;	/* INT64_MAX: something is under way */
};

/* Nothing is under way yet. */
void overlap_init(struct overlap *overlap);
/* From `now` on something is under way, or nothing is. */
void overlap_network(struct overlap *overlap, int busy, int64_t now);
/* How much of the time from `begun` to `ended` something was under way. */
int64_t overlap_of(const struct overlap *overlap, int64_t begun,
	int64_t ended);

#endif
