/* SPDX-License-Identifier: MIT */
/*
 * The histogram's percentiles against those of the sorted values.
 */
#include "config.h"

#include "base/mem.h"
#include "core/histogram.h"
#include "unit.h"

#define VALUES 20000
#define DAY_US (INT64_C(86400) * 1000000)

static uint64_t random_state;

/* xorshift64: the same numbers on each run. */
static uint64_t
random_next(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static int64_t
draw_uniform(void)
{
	return (int64_t)(random_next() % 5000000);
}

/* Sums of halvings: each further bit set doubles the value. */
static int64_t
draw_exponential(void)
{
	int shift = __builtin_ctzll(random_next() | UINT64_C(1) << 36);

	return ((int64_t)1 << shift) +
		(int64_t)(random_next() % (UINT64_C(1) << shift));
}

static int64_t
draw_bimodal(void)
{
	if (random_next() % 10 == 0)
		return 30 * INT64_C(1000000) + (int64_t)(random_next() % 999);
	return 900 + (int64_t)(random_next() % 200);
}

static int64_t
draw_constant(void)
{
	return 123456789;
}

static int64_t
draw_small(void)
{
	return (int64_t)(random_next() % 2048);
}

static int64_t
draw_up_to_a_day(void)
{
	return (int64_t)(random_next() % (uint64_t)(DAY_US + 1));
}

static const struct {
	const char *note;
	int64_t (*draw)(void);
} draws[] = {
	{ "uniform", draw_uniform },
	{ "exponential", draw_exponential },
	{ "bimodal", draw_bimodal },
	{ "constant", draw_constant },
	{ "small", draw_small },
	{ "up to a day", draw_up_to_a_day },
};

#define DRAWS (sizeof draws / sizeof *draws)

static int
compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a;
	int64_t y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void
assert_near(int64_t found, int64_t exact)
{
	int64_t off = found > exact ? found - exact : exact - found;

	if (off * 1000 > exact)
		fail_msg("%lld is not within 0.1 %% of %lld",
			(long long)found, (long long)exact);
}

/* `permille` of n values, by nearest rank. */
static int64_t
exact_of(const int64_t *sorted, size_t n, size_t permille)
{
	size_t rank = (n * permille + 999) / 1000;

	return sorted[rank > 0 ? rank - 1 : 0];
}

static void
check_against(const struct histogram *histogram, const int64_t *sorted,
	size_t n)
{
	size_t permille;

	for (permille = 0; permille <= 1000; permille++)
		assert_near(histogram_percentile(histogram,
			(double)permille / 10), exact_of(sorted, n, permille));
	assert_int_equal(histogram->count, n);
	assert_int_equal(histogram->min, sorted[0]);
	assert_int_equal(histogram->max, sorted[n - 1]);
}

static void
percentiles_are_within_a_thousandth(void **state)
{
	int64_t *values = mem_array(VALUES, sizeof *values);
	struct histogram histogram;
	int64_t sum;
	size_t d, i;

	(void)state;
	for (d = 0; d < DRAWS; d++) {
		print_message("%s\n", draws[d].note);
		random_state = 88172645463325252;
		sum = 0;
		histogram_init(&histogram);
		for (i = 0; i < VALUES; i++) {
			values[i] = draws[d].draw();
			sum += values[i];
			histogram_add(&histogram, values[i]);
		}
		qsort(values, VALUES, sizeof *values, compare);
		check_against(&histogram, values, VALUES);
		assert_int_equal(histogram_mean(&histogram), sum / VALUES);
		histogram_release(&histogram);
	}
	free(values);
}

static void
single_values_come_back_from_every_magnitude(void **state)
{
	struct histogram histogram;
	int64_t us;

	(void)state;
	for (us = 1; us <= DAY_US; us += us / 7 + 1) {
		histogram_init(&histogram);
		histogram_add(&histogram, 0);
		histogram_add(&histogram, us);
		histogram_add(&histogram, DAY_US);
		assert_near(histogram_percentile(&histogram, 50), us);
		histogram_release(&histogram);
	}
}

static void
values_out_of_range_are_kept_at_the_ends(void **state)
{
	struct histogram histogram;

	(void)state;
	histogram_init(&histogram);
	histogram_add(&histogram, -1);
	histogram_add(&histogram, INT64_MAX / 4);
	histogram_add(&histogram, INT64_MAX / 4);
	assert_int_equal(histogram.count, 3);
	assert_int_equal(histogram.min, 0);
	assert_int_equal(histogram.max, INT64_MAX / 4);
	assert_int_equal(histogram_percentile(&histogram, 100),
		INT64_MAX / 4);
	assert_true(histogram_percentile(&histogram, 50) > DAY_US);
	histogram_release(&histogram);
}

static void
empty_histogram_says_zero(void **state)
{
	struct histogram histogram;

	(void)state;
	histogram_init(&histogram);
	assert_int_equal(histogram_percentile(&histogram, 0), 0);
	assert_int_equal(histogram_percentile(&histogram, 50), 0);
	assert_int_equal(histogram_percentile(&histogram, 100), 0);
	assert_int_equal(histogram_mean(&histogram), 0);
	histogram_release(&histogram);
}

static void
memory_comes_only_with_values(void **state)
{
	struct histogram histogram;
	size_t i, n = 0;

	(void)state;
	histogram_init(&histogram);
	for (i = 0; i < 1000; i++)
		histogram_add(&histogram, 1000000);
	for (i = 0; i < HISTOGRAM_BLOCKS; i++)
		n += histogram.blocks[i] != NULL;
	assert_int_equal(n, 1);
	histogram_release(&histogram);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(percentiles_are_within_a_thousandth),
	cmocka_unit_test(single_values_come_back_from_every_magnitude),
	cmocka_unit_test(values_out_of_range_are_kept_at_the_ends),
	cmocka_unit_test(empty_histogram_says_zero),
	cmocka_unit_test(memory_comes_only_with_values),
};

UNIT_MAIN("core/histogram", tests)
