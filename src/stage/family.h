/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_STAGE_FAMILY_H
#define FETCHALL_STAGE_FAMILY_H

#include "core/stage.h"

/*
 * X(name): one file stage/NAME.c each, a hyphen there being an underscore
 * here; in the order of the manual.
 */
#define STAGES(X) \
	X(decode) \
	X(sha256) \
	X(xxh3) \
	X(crc32) \
	X(wc) \
	X(links) \
	X(grep) \
	X(gzip) \
	X(zstd) \
	X(pow) \
	X(factorial) \
	X(fib) \
	X(fib_recursive) \
	X(spin) \
	X(sleep) \
	X(exec) \
	X(coproc)

#define STAGE_DECLARE(name) extern const struct stage stage_##name;
STAGES(STAGE_DECLARE)
#undef STAGE_DECLARE

/* The open() of a member that was built without its library. */
#define STAGE_WITHOUT(library, package) \
	static int \
	stage_without(const char *arg, const void *settings, \
		void **ret_plan, struct err *err) \
	{ \
		(void)arg, (void)settings, (void)ret_plan; \
		return err_set(err, ERR_USAGE, "this fetchall was built " \
			"without " library "; install " package \
			" and run configure again"); \
	}

/* 0, or -1 because the run is being ended: for long work, every 50 ms. */
int stage_stopped(const struct stage_call *call, struct err *err);

#endif
