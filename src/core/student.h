/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CORE_STUDENT_H
#define FETCHALL_CORE_STUDENT_H

/* Student's t distribution; `df` degrees of freedom, above 0, whole or not. */

/* How probable a value at least as far from 0 as `t` is; 1 down to 0. */
double student_p(double t, double df);
/*
 * The t that is exceeded, on either side, with probability `p`: for p 0.05
 * the factor of a 95 % confidence interval.
 */
double student_quantile(double p, double df);

#endif
