/* SPDX-License-Identifier: MIT */
/*
 * fib-recursive -- a compute load: the Nth Fibonacci number by the textbook's
 * recursion. Nothing but calls and additions: it keeps a processor busy
 * without touching memory. Each N takes 1.6 times as long as the one before.
 */
#include "config.h"

#include "base/mem.h"
#include "stage/argument.h"
#include "stage/family.h"

#define FIB_RECURSIVE_ASK 25	/* F(25) takes less than a millisecond */

static const struct column fib_recursive_columns[] = {
	STAGE_COLUMN(U64, "fib_recursive", "the Fibonacci number"),
};

static int
fib_recursive_open(const char *arg, const void *settings, void **ret_plan,
	struct err *err)
{
	static const struct argument argument = {
		"N", 0, 60, "fib-recursive:30",
	};

	(void)settings;
	return argument_plan_count(&argument, arg, ret_plan, err);
}

static uint64_t
fib_recursive(uint64_t n)
{
	return n < 2 ? n : fib_recursive(n - 1) + fib_recursive(n - 2);
}

/* The upper part of the same recursion, which asks whether to go on; the
 * lower part, where the time goes, is not slowed. */
static int
fib_recursive_add(uint64_t n, uint64_t *sum, struct stage_call *call,
	struct err *err)
{
	if (n > FIB_RECURSIVE_ASK) {
		if (fib_recursive_add(n - 1, sum, call, err) != 0)
			return -1;
		return fib_recursive_add(n - 2, sum, call, err);
	}
	if (stage_stopped(call, err) != 0)
		return -1;
	*sum += fib_recursive(n);
	return 0;
}

static int
fib_recursive_end(void *self, struct stage_call *call, struct err *err)
{
	const uint64_t *n = self;
	uint64_t sum = 0;

	if (fib_recursive_add(*n, &sum, call, err) != 0)
		return -1;
	value_set_u64(&call->values[0], sum);
	return 0;
}

const struct stage stage_fib_recursive = {
	.name = "fib-recursive",
	.arg = "N",
	.brief = "compute load: the Nth Fibonacci number, by recursion",
	.notes = "The body is not looked at. N is up to 60, which takes hours.",
	STAGE_COLUMNS(fib_recursive_columns),
	.open = fib_recursive_open,
	.close = free,
	.end = fib_recursive_end,
};
