/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CORE_SAMPLE_H
#define FETCHALL_CORE_SAMPLE_H

#include <stddef.h>

/* What some measurements of one thing say, and how two such things differ. */
struct sample {
	size_t n;
	double mean, median, min, max;
	double sd;		/* of n - 1; 0 for a single value */
};

/* From this many values on chance can be told from difference. */
#define SAMPLE_ENOUGH 3

/* `n` is at least 1. */
void sample_take(struct sample *ret, const double *values, size_t n);

/*
 * Half the width of the 95 % confidence interval of the mean (Student's t);
 * 0 for a single value.
 */
double sample_interval(const struct sample *sample);

/*
 * How probable a difference of the means like this one is where there is none
 * (Welch's t test, two-sided); 1 when either is a single value.
 */
double sample_welch(const struct sample *a, const struct sample *b);

/*
 * Mean of `a` by mean of `b`; its standard deviation, by propagation of those
 * of both, goes to *ret_sd.
 */
double sample_ratio(const struct sample *a, const struct sample *b,
	double *ret_sd);

#endif
