/* SPDX-License-Identifier: MIT */
/*
 * student -- Student's t distribution by way of the regularised incomplete
 * beta function I_x(a, b).
 *
 * p = I_x(df/2, 1/2) with x = df / (df + t^2) (Abramowitz and Stegun 26.7.1).
 * I_x is the continued fraction of the NIST Digital Library of Mathematical
 * Functions, 8.17.22, evaluated by Lentz's method as Thompson and Barnett
 * modified it (J. Comput. Phys. 64, 1986).
 */
#include "config.h"

#include <float.h>
#include <math.h>

#include "core/student.h"

#define STUDENT_STEPS 10000	/* df of a million needs some hundreds */
#define STUDENT_TINY 1e-300	/* instead of a zero that is divided by */

/* The even and odd coefficients of DLMF 8.17.23. */
static double
student_coefficient(int step, double a, double b, double x)
{
	double m = step / 2;

	if (step % 2 == 0)
		return m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
	return -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
}

static double
student_nonzero(double value)
{
	return fabs(value) < STUDENT_TINY ? STUDENT_TINY : value;
}

/* 1 / (1 + d1 / (1 + d2 / (1 + ...))); quick for x < (a + 1) / (a + b + 2). */
static double
student_fraction(double a, double b, double x)
{
	double value = 1, c = 1, d = 0, next, change;
	int step;

	for (step = 1; step < STUDENT_STEPS; step++) {
		next = student_coefficient(step, a, b, x);
		d = 1 / student_nonzero(1 + next * d);
		c = student_nonzero(1 + next / c);
		change = c * d;
		value *= change;
		if (fabs(change - 1) < 4 * DBL_EPSILON)
			break;
	}
	return 1 / value;
}

static double
student_beta(double a, double b, double x)
{
	double front;

	if (x <= 0)
		return 0;
	if (x >= 1)
		return 1;
	front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) +
		b * log1p(-x));
	if (x < (a + 1) / (a + b + 2))
		return front * student_fraction(a, b, x) / a;
	return 1 - front * student_fraction(b, a, 1 - x) / b;
}

double
student_p(double t, double df)
{
	return student_beta(df / 2, 0.5, df / (df + t * t));
}

double
student_quantile(double p, double df)
{
	double low = 0, high = 1, middle;
	int i;

	while (student_p(high, df) > p && high < 1e300)
		high *= 2;
	/* student_p() only falls: halving ends at the last bit. */
	for (i = 0; i < 200; i++) {
		middle = low + (high - low) / 2;
		if (student_p(middle, df) > p)
			low = middle;
		else
			high = middle;
	}
	return high;
}
