/* SPDX-License-Identifier: MIT */
/*
 * histogram -- a log-linear histogram of durations, after HdrHistogram.
 *
 * A million values could not be kept and sorted, and averages hide what
 * matters; this keeps three digits of every value in bounded memory.
 */
#include "config.h"

#include <stddef.h>

#include "base/mem.h"
#include "core/histogram.h"

#define HISTOGRAM_TOP \
	((UINT64_C(2) * HISTOGRAM_STEPS << (HISTOGRAM_BLOCKS - 1)) - 1)

void
histogram_init(struct histogram *histogram)
{
	*histogram = (struct histogram){ .count = 0 };
}

void
histogram_release(struct histogram *histogram)
{
	size_t i;

	for (i = 0; i < HISTOGRAM_BLOCKS; i++)
		free(histogram->blocks[i]);
	histogram_init(histogram);
}

static size_t
histogram_steps(size_t block)
{
	return block == 0 ? 2 * HISTOGRAM_STEPS : HISTOGRAM_STEPS;
}

static uint64_t *
histogram_block(struct histogram *histogram, size_t block)
{
	if (histogram->blocks[block] == NULL)
		histogram->blocks[block] = mem_array(histogram_steps(block),
			sizeof **histogram->blocks);
	return histogram->blocks[block];
}

static uint64_t *
histogram_bucket(struct histogram *histogram, uint64_t us)
{
	size_t block = 0;

	if (us > HISTOGRAM_TOP)
		us = HISTOGRAM_TOP;
	/* Block b holds the values from STEPS << b on, 1 << b a bucket. */
	while (us >> block >= UINT64_C(2) * HISTOGRAM_STEPS)
		block++;
	us >>= block;
	if (block > 0)
		us -= HISTOGRAM_STEPS;
	return &histogram_block(histogram, block)[us];
}

void
histogram_add(struct histogram *histogram, int64_t us)
{
	if (us < 0)
		us = 0;
	++*histogram_bucket(histogram, (uint64_t)us);
	if (histogram->count == 0 || us < histogram->min)
		histogram->min = us;
	if (histogram->count == 0 || us > histogram->max)
		histogram->max = us;
	histogram->sum += (uint64_t)us;
	histogram->count++;
}

/* The middle of a bucket, so that the error is half its width. */
static int64_t
histogram_value(const struct histogram *histogram, size_t block, size_t i)
{
	int64_t us = (int64_t)i;

	if (block > 0)
		us = ((us + HISTOGRAM_STEPS) * 2 + 1) << (block - 1);
	if (us < histogram->min)
		return histogram->min;
	return us > histogram->max ? histogram->max : us;
}

/* Rounded up, but not by what 99.9 lacks in binary; libm is not needed. */
static uint64_t
histogram_rank(uint64_t count, double percent)
{
	double exact = percent / 100 * (double)count * (1 - 1e-12);
	uint64_t rank = (uint64_t)exact;

	return (double)rank < exact ? rank + 1 : rank;
}

int64_t
histogram_percentile(const struct histogram *histogram, double percent)
{
	uint64_t rank, seen = 0;
	size_t block, i;

	if (percent <= 0)
		return histogram->min;
	if (percent >= 100)
		return histogram->max;
	rank = histogram_rank(histogram->count, percent);
	for (block = 0; block < HISTOGRAM_BLOCKS; block++) {
		if (histogram->blocks[block] == NULL)
			continue;
		for (i = 0; i < histogram_steps(block); i++) {
			seen += histogram->blocks[block][i];
			if (seen >= rank && seen > 0)
				return histogram_value(histogram, block, i);
		}
	}
	return histogram->max;
}

int64_t
histogram_mean(const struct histogram *histogram)
{
	if (histogram->count == 0)
		return 0;
	return (int64_t)(histogram->sum / histogram->count);
}
