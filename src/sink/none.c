/* SPDX-License-Identifier: MIT */
/*
 * none -- no records at all: for a summary alone, and for measuring what the
 * rest of the program costs.
 */
#include "config.h"

#include "sink/family.h"

static void *
none_open(const struct sink_args *args, struct err *err)
{
	(void)err;
	return args->output;
}

static int
none_write(void *self, const struct result *result, struct err *err)
{
	(void)self;
	(void)result;
	(void)err;
	return 0;
}

static void
none_close(void *self)
{
	(void)self;
}

const struct sink sink_none = {
	.name = "none",
	.brief = "no records, only the summary",
	.open = none_open,
	.write = none_write,
	.close = none_close,
};
