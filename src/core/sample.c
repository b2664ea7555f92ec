/* SPDX-License-Identifier: MIT */
/*
 * sample -- mean, spread and comparison of a few measurements.
 *
 * Welch's test does not ask that both spread alike, which wall times of two
 * strategies never do. B. L. Welch, Biometrika 34, 1947; the degrees of
 * freedom are Satterthwaite's.
 */
#include "config.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "core/sample.h"
#include "core/student.h"

static int
sample_order(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

void
sample_take(struct sample *ret, const double *values, size_t n)
{
	double *sorted = mem_dup(values, n * sizeof *values);
	double sum = 0, squares = 0;
	size_t i;

	qsort(sorted, n, sizeof *sorted, sample_order);
	for (i = 0; i < n; i++)
		sum += values[i];
	*ret = (struct sample){
		.n = n,
		.mean = sum / (double)n,
		.median = (sorted[(n - 1) / 2] + sorted[n / 2]) / 2,
		.min = sorted[0],
		.max = sorted[n - 1],
	};
	/* Around the mean: the sum of squares alone would lose digits. */
	for (i = 0; i < n; i++)
		squares += (values[i] - ret->mean) * (values[i] - ret->mean);
	if (n > 1)
		ret->sd = sqrt(squares / (double)(n - 1));
	free(sorted);
}

/* The square of the standard error of the mean. */
static double
sample_error2(const struct sample *sample)
{
	return sample->sd * sample->sd / (double)sample->n;
}

double
sample_interval(const struct sample *sample)
{
	if (sample->n < 2)
		return 0;
	return student_quantile(0.05, (double)(sample->n - 1)) *
		sqrt(sample_error2(sample));
}

double
sample_welch(const struct sample *a, const struct sample *b)
{
	double ea = sample_error2(a), eb = sample_error2(b);
	double df;

	if (a->n < 2 || b->n < 2)
		return 1;
	if (ea + eb <= 0)
		return fabs(a->mean - b->mean) > 0 ? 0 : 1;
	df = (ea + eb) * (ea + eb) / (ea * ea / (double)(a->n - 1) +
		eb * eb / (double)(b->n - 1));
	return student_p((a->mean - b->mean) / sqrt(ea + eb), df);
}

double
sample_ratio(const struct sample *a, const struct sample *b, double *ret_sd)
{
	double ratio, da, db;

	*ret_sd = 0;
	if (a->mean <= 0 || b->mean <= 0)
		return 1;
	ratio = a->mean / b->mean;
	da = a->sd / a->mean;
	db = b->sd / b->mean;
	*ret_sd = ratio * sqrt(da * da + db * db);
	return ratio;
}
