/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CORE_HISTOGRAM_H
#define FETCHALL_CORE_HISTOGRAM_H

#include <stdint.h>

/*
 * Durations counted in buckets that are at most a thousandth of their value
 * wide: percentiles within 0.1 % whatever the number of values, in at most
 * 220 KiB.
 *
 * Values below 2 * HISTOGRAM_STEPS have a bucket each, in block 0. Above,
 * each doubling is a block of HISTOGRAM_STEPS buckets of equal width. A block
 * is made with its first value.
 */
#define HISTOGRAM_STEPS 1024
#define HISTOGRAM_BLOCKS 27	/* up to 2^37 us: 38 hours */

struct histogram {
	uint64_t count;
	int64_t min, max;	/* exact; 0 when empty */
	uint64_t sum;
	uint64_t *blocks[HISTOGRAM_BLOCKS];
};

void histogram_init(struct histogram *histogram);
void histogram_release(struct histogram *histogram);
/* Below zero counts as zero; above 38 hours in the last bucket. */
void histogram_add(struct histogram *histogram, int64_t us);
/*
 * The value that `percent` of all values do not exceed (nearest rank), for
 * 0 to 100; 0 when empty. 0 and 100 are the exact minimum and maximum.
 */
int64_t histogram_percentile(const struct histogram *histogram,
	double percent);
int64_t histogram_mean(const struct histogram *histogram);

#endif
