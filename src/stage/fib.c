/* SPDX-License-Identifier: MIT */
/*
 * fib -- a compute load: the Nth Fibonacci number, by adding its way up with
 * GMP. Twice the N is four times the work, in steps that end soon, so that it
 * can be large. fib-recursive is the one to keep a processor busy without
 * memory.
 */
#include "config.h"

#include "base/mem.h"
#include "stage/argument.h"
#include "stage/family.h"
#ifdef HAVE_GMP
#include <gmp.h>
#endif

static const struct column fib_columns[] = {
	STAGE_COLUMN(U64, "fib_bits", "binary digits of the Fibonacci number"),
};

#ifdef HAVE_GMP

static int
fib_open(const char *arg, const void *settings, void **ret_plan,
	struct err *err)
{
	static const struct argument argument = {
		"N", 0, 10000000, "fib:100000",
	};

	(void)settings;
	return argument_plan_count(&argument, arg, ret_plan, err);
}

/* `last` and `next` begin as F(0) and F(1). */
static int
fib_compute(mpz_t last, mpz_t next, uint64_t n, struct stage_call *call,
	struct err *err)
{
	for (; n > 0; n--) {
		if (stage_stopped(call, err) != 0)
			return -1;
		mpz_add(last, last, next);
		mpz_swap(last, next);
	}
	return 0;
}

static int
fib_end(void *self, struct stage_call *call, struct err *err)
{
	const uint64_t *n = self;
	mpz_t last, next;
	int rc;

	mpz_init(last);
	mpz_init_set_ui(next, 1);
	rc = fib_compute(last, next, *n, call, err);
	/* GMP gives 0 a digit as well. */
	if (rc == 0)
		value_set_u64(&call->values[0], mpz_sizeinbase(last, 2));
	mpz_clear(last);
	mpz_clear(next);
	return rc;
}

#else

STAGE_WITHOUT("GMP", "libgmp-dev")

#endif

const struct stage stage_fib = {
	.name = "fib",
	.arg = "N",
	.brief = "compute load: the Nth Fibonacci number, by adding",
	.notes = "The body is not looked at. N is up to 10000000, which takes "
		"minutes.",
	STAGE_COLUMNS(fib_columns),
#ifdef HAVE_GMP
	.open = fib_open,
	.close = free,
	.end = fib_end,
#else
	.open = stage_without,
#endif
};
