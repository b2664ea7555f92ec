/* SPDX-License-Identifier: MIT */
/*
 * Student's t: closed forms for few degrees of freedom, and the printed
 * table of Abramowitz and Stegun (table 26.10) for the rest.
 */
#include "config.h"

#include <math.h>

#include "core/student.h"
#include "unit.h"

static void
expect_near(double value, double expected, double slack)
{
	if (!(fabs(value - expected) <= slack))
		fail_msg("%.12g is not %.12g", value, expected);
}

/* Quantiles of both tails together. */
static const struct {
	double p, df, t;
} table[] = {
	{ 0.05, 1, 12.706 }, { 0.05, 2, 4.303 }, { 0.05, 3, 3.182 },
	{ 0.05, 4, 2.776 }, { 0.05, 5, 2.571 }, { 0.05, 9, 2.262 },
	{ 0.05, 10, 2.228 }, { 0.05, 20, 2.086 }, { 0.05, 30, 2.042 },
	{ 0.05, 60, 2.000 }, { 0.05, 120, 1.980 },
	{ 0.01, 1, 63.657 }, { 0.01, 5, 4.032 }, { 0.01, 10, 3.169 },
	{ 0.01, 30, 2.750 }, { 0.01, 120, 2.617 },
	{ 0.5, 1, 1.000 }, { 0.5, 10, 0.700 }, { 0.2, 10, 1.372 },
};

static void
quantiles_are_those_of_the_table(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof table / sizeof *table; i++)
		expect_near(student_quantile(table[i].p, table[i].df),
			table[i].t, 0.00051);
}

static void
one_degree_is_cauchy(void **state)
{
	double t;

	(void)state;
	for (t = 0; t < 1000; t = t * 1.5 + 0.01)
		expect_near(student_p(t, 1),
			1 - 2 / acos(-1) * atan(t), 1e-12);
}

static void
two_degrees_have_a_root(void **state)
{
	double t;

	(void)state;
	for (t = 0; t < 1000; t = t * 1.5 + 0.01)
		expect_near(student_p(t, 2),
			1 - t / sqrt(2 + t * t), 1e-12);
}

static void
many_degrees_are_normal(void **state)
{
	double t;

	(void)state;
	for (t = 0; t < 6; t += 0.25)
		expect_near(student_p(t, 1e8), erfc(t / sqrt(2)),
			1e-7);
}

static void
sides_are_alike_and_ends_are_ends(void **state)
{
	(void)state;
	expect_near(student_p(0, 7), 1, 0);
	expect_near(student_p(-2.5, 7), student_p(2.5, 7), 0);
	assert_true(student_p(1e200, 7) >= 0);
	assert_true(student_p(1e200, 7) < 1e-9);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(quantiles_are_those_of_the_table),
	cmocka_unit_test(one_degree_is_cauchy),
	cmocka_unit_test(two_degrees_have_a_root),
	cmocka_unit_test(many_degrees_are_normal),
	cmocka_unit_test(sides_are_alike_and_ends_are_ends),
};

UNIT_MAIN("core/student", tests)
