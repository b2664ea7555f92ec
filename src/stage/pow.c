/* SPDX-License-Identifier: MIT */
/*
 * pow -- a compute load: A to the power B, by GMP. The essays that compare
 * threads with processes all have it (7777 to the power 200000); the body
 * does not matter.
 *
 * GMP cannot be interrupted, so the work is split into squarings, and the
 * size of the result is limited to what the last one squares in some 60 ms.
 */
#include "config.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "stage/argument.h"
#include "stage/family.h"
#ifdef HAVE_GMP
#include <gmp.h>
#endif

static const struct column pow_columns[] = {
	STAGE_COLUMN(U64, "pow_bits", "binary digits of the power"),
};

#ifdef HAVE_GMP

#define POW_BITS_MAX (UINT64_C(1) << 25)
#define POW_TRY "pow:7777,200000"

struct pow {
	uint64_t base, exponent;
};

/* How many the power has, but for the last digits of a double. */
static uint64_t
pow_bits(const struct pow *power)
{
	if (power->base < 2)
		return 1;
	return (uint64_t)(log2((double)power->base) *
		(double)power->exponent) + 1;
}

static int
pow_parse(struct pow *power, const char *base, const char *exponent,
	struct err *err)
{
	static const struct argument a = { "A", 0, UINT32_MAX, POW_TRY };
	static const struct argument b = { "B", 0, UINT32_MAX, POW_TRY };

	if (argument_count(&a, base, &power->base, err) != 0 ||
	    argument_count(&b, exponent, &power->exponent, err) != 0)
		return -1;
	if (pow_bits(power) > POW_BITS_MAX)
		return err_set(err, ERR_USAGE, "%" PRIu64 " to the power %"
			PRIu64 " has about %" PRIu64 " bits, at most %" PRIu64
			" are allowed; try " POW_TRY, power->base,
			power->exponent, pow_bits(power), POW_BITS_MAX);
	return 0;
}

static int
pow_open(const char *arg, const void *settings, void **ret_plan,
	struct err *err)
{
	const char *comma = arg != NULL ? strchr(arg, ',') : NULL;
	struct pow power;
	char *base;
	int rc;

	(void)settings;
	if (comma == NULL)
		return err_set(err, ERR_USAGE, "two numbers are needed, with "
			"a comma between them; try " POW_TRY);
	base = mem_strndup(arg, (size_t)(comma - arg));
	rc = pow_parse(&power, base, comma + 1, err);
	free(base);
	if (rc == 0)
		*ret_plan = mem_dup(&power, sizeof power);
	return rc;
}

/* From the exponent's first bit to its last, so that all there is besides
 * squaring is products with a small number. */
static int
pow_compute(const struct pow *power, mpz_t ret, struct stage_call *call,
	struct err *err)
{
	uint32_t bit;

	mpz_set_ui(ret, 1);
	for (bit = UINT32_C(1) << 31; bit > 0; bit /= 2) {
		if (stage_stopped(call, err) != 0)
			return -1;
		mpz_mul(ret, ret, ret);
		if (power->exponent & bit)
			mpz_mul_ui(ret, ret, (unsigned long)power->base);
	}
	return 0;
}

static int
pow_end(void *self, struct stage_call *call, struct err *err)
{
	mpz_t result;
	int rc;

	mpz_init(result);
	rc = pow_compute(self, result, call, err);
	if (rc == 0)
		value_set_u64(&call->values[0], mpz_sizeinbase(result, 2));
	mpz_clear(result);
	return rc;
}

#else

STAGE_WITHOUT("GMP", "libgmp-dev")

#endif

const struct stage stage_pow = {
	.name = "pow",
	.arg = "A,B",
	.brief = "compute load: A to the power B",
	.notes = "The body is not looked at. The power may have up to "
		"33554432 binary digits.",
	STAGE_COLUMNS(pow_columns),
#ifdef HAVE_GMP
	.open = pow_open,
	.close = free,
	.end = pow_end,
#else
	.open = stage_without,
#endif
};
