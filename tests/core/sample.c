/* SPDX-License-Identifier: MIT */
/*
 * Samples: known answers. Welch's from R's help of t.test() on its data set
 * "sleep" (Student, 1908): t = -1.8608, df = 17.776, p-value = 0.07939, 95 %
 * interval of the difference -3.365483 to 0.205483.
 */
#include "config.h"

#include <math.h>

#include "core/sample.h"
#include "unit.h"

static const double sleep_1[] = {
	0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0,
};
static const double sleep_2[] = {
	1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4,
};

static void
expect_near(double value, double expected, double slack)
{
	if (!(fabs(value - expected) <= slack))
		fail_msg("%.12g is not %.12g", value, expected);
}

static void
means_and_spreads_are_known(void **state)
{
	static const double odd[] = { 3, 1, 2 };
	struct sample sample;

	(void)state;
	sample_take(&sample, sleep_1, 10);
	expect_near(sample.mean, 0.75, 1e-12);
	expect_near(sample.sd, 1.789010, 1e-6);
	expect_near(sample.median, 0.35, 1e-12);
	expect_near(sample.min, -1.6, 0);
	expect_near(sample.max, 3.7, 0);
	sample_take(&sample, odd, 3);
	expect_near(sample.median, 2, 0);
	/* t of 0.975 and 2 is 4.302653; sd 1. */
	expect_near(sample_interval(&sample), 4.302653 / sqrt(3), 1e-6);
}

static void
welch_gives_the_p_of_r(void **state)
{
	struct sample a, b;

	(void)state;
	sample_take(&a, sleep_1, 10);
	sample_take(&b, sleep_2, 10);
	expect_near(sample_welch(&a, &b), 0.07939, 5e-6);
	expect_near(sample_welch(&b, &a), sample_welch(&a, &b), 0);
}

static void
welch_says_1_where_nothing_can_be_said(void **state)
{
	static const double same[] = { 5, 5, 5 }, other[] = { 6, 6, 6 };
	struct sample a, b, one;

	(void)state;
	sample_take(&a, same, 3);
	sample_take(&b, other, 3);
	sample_take(&one, same, 1);
	expect_near(sample_welch(&a, &a), 1, 0);
	expect_near(sample_welch(&a, &b), 0, 0);
	expect_near(sample_welch(&one, &b), 1, 0);
	expect_near(sample_interval(&one), 0, 0);
	expect_near(one.sd, 0, 0);
}

/* 4 +- 0.4 by 2 +- 0.1: relative errors of 10 and 5 %. */
static void
errors_of_a_ratio_are_propagated(void **state)
{
	struct sample a = { .n = 3, .mean = 4, .sd = 0.4 };
	struct sample b = { .n = 3, .mean = 2, .sd = 0.1 };
	double sd;

	(void)state;
	expect_near(sample_ratio(&a, &b, &sd), 2, 1e-12);
	expect_near(sd, 2 * sqrt(0.1 * 0.1 + 0.05 * 0.05), 1e-12);
	b.mean = 0;
	expect_near(sample_ratio(&a, &b, &sd), 1, 0);
	expect_near(sd, 0, 0);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(means_and_spreads_are_known),
	cmocka_unit_test(welch_gives_the_p_of_r),
	cmocka_unit_test(welch_says_1_where_nothing_can_be_said),
	cmocka_unit_test(errors_of_a_ratio_are_propagated),
};

UNIT_MAIN("core/sample", tests)
