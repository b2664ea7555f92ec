/* SPDX-License-Identifier: MIT */
/*
 * factorial -- a compute load: 1 * 2 * ... * N, by GMP. From the essays that
 * compare threads with processes (factorial of 40000); the body does not
 * matter. GMP cannot be interrupted, hence the limit: the largest takes some
 * 60 ms.
 */
#include "config.h"

#include "base/mem.h"
#include "stage/argument.h"
#include "stage/family.h"
#ifdef HAVE_GMP
#include <gmp.h>
#endif

static const struct column factorial_columns[] = {
	STAGE_COLUMN(U64, "factorial_bits", "binary digits of the factorial"),
};

#ifdef HAVE_GMP

static int
factorial_open(const char *arg, const void *settings, void **ret_plan,
	struct err *err)
{
	static const struct argument argument = {
		"N", 0, 500000, "factorial:40000",
	};

	(void)settings;
	return argument_plan_count(&argument, arg, ret_plan, err);
}

static int
factorial_end(void *self, struct stage_call *call, struct err *err)
{
	const uint64_t *n = self;
	mpz_t result;

	if (stage_stopped(call, err) != 0)
		return -1;
	mpz_init(result);
	mpz_fac_ui(result, (unsigned long)*n);
	value_set_u64(&call->values[0], mpz_sizeinbase(result, 2));
	mpz_clear(result);
	return 0;
}

#else

STAGE_WITHOUT("GMP", "libgmp-dev")

#endif

const struct stage stage_factorial = {
	.name = "factorial",
	.arg = "N",
	.brief = "compute load: 1 * 2 * ... * N",
	.notes = "The body is not looked at. N is up to 500000.",
	STAGE_COLUMNS(factorial_columns),
#ifdef HAVE_GMP
	.open = factorial_open,
	.close = free,
	.end = factorial_end,
#else
	.open = stage_without,
#endif
};
