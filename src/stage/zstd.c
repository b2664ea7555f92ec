/* SPDX-License-Identifier: MIT */
/*
 * zstd -- packs the body (RFC 8878), by libzstd, with the checksum that
 * zstd(1) adds, too. Faster and smaller than gzip; what cannot read it yet
 * gets gzip. Levels above 19 take up to a GiB for each worker and are refused.
 */
#include "config.h"

#include "base/mem.h"
#include "stage/argument.h"
#include "stage/family.h"
#ifdef HAVE_ZSTD
#include <zstd.h>
#endif

static const struct column zstd_columns[] = {
	STAGE_COLUMN(U64, "size_zstd", "bytes that zstd made of the body"),
};

#ifdef HAVE_ZSTD

#define ZSTD_LEVEL 3

struct zstd {
	ZSTD_CCtx *ctx;
	uint64_t made;		/* bytes passed on */
	unsigned char out[32768];
};

static int
zstd_open(const char *arg, const void *settings, void **ret_plan,
	struct err *err)
{
	static const struct argument level = { "LEVEL", 1, 19, "zstd:3" };
	uint64_t n = ZSTD_LEVEL;

	(void)settings;
	if (arg != NULL && argument_count(&level, arg, &n, err) != 0)
		return -1;
	*ret_plan = mem_dup(&n, sizeof n);
	return 0;
}

static void
zstd_stop(void *self)
{
	struct zstd *zstd = self;

	ZSTD_freeCCtx(zstd->ctx);
	free(zstd);
}

static int
zstd_start(const void *plan, void **ret_self, struct err *err)
{
	const uint64_t *level = plan;
	struct zstd *zstd = mem_array(1, sizeof *zstd);

	zstd->ctx = ZSTD_createCCtx();
	if (zstd->ctx == NULL ||
	    ZSTD_isError(ZSTD_CCtx_setParameter(zstd->ctx,
		ZSTD_c_compressionLevel, (int)*level)) ||
	    ZSTD_isError(ZSTD_CCtx_setParameter(zstd->ctx,
		ZSTD_c_checksumFlag, 1))) {
		zstd_stop(zstd);
		return err_set(err, ERR_SYSTEM, "libzstd cannot be set up");
	}
	*ret_self = zstd;
	return 0;
}

static int
zstd_begin(void *self, struct stage_call *call, struct err *err)
{
	struct zstd *zstd = self;

	(void)call, (void)err;
	ZSTD_CCtx_reset(zstd->ctx, ZSTD_reset_session_only);
	zstd->made = 0;
	return 0;
}

/* Packs all of `in`; with ZSTD_e_end also what libzstd still holds. */
static int
zstd_push(struct zstd *zstd, ZSTD_inBuffer *in, ZSTD_EndDirective how,
	struct stage_call *call, struct err *err)
{
	size_t left;

	do {
		ZSTD_outBuffer out = { zstd->out, sizeof zstd->out, 0 };

		left = ZSTD_compressStream2(zstd->ctx, &out, in, how);
		if (ZSTD_isError(left))
			return err_set(err, ERR_SYSTEM, "libzstd: %s",
				ZSTD_getErrorName(left));
		zstd->made += out.pos;
		if (out.pos > 0 &&
		    stage_pass(call, zstd->out, out.pos, err) != 0)
			return -1;
	} while (in->pos < in->size || (how == ZSTD_e_end && left > 0));
	return 0;
}

static int
zstd_feed(void *self, struct stage_call *call, const void *p, size_t n,
	struct err *err)
{
	ZSTD_inBuffer in = { p, n, 0 };

	return zstd_push(self, &in, ZSTD_e_continue, call, err);
}

static int
zstd_end(void *self, struct stage_call *call, struct err *err)
{
	struct zstd *zstd = self;
	ZSTD_inBuffer in = { NULL, 0, 0 };

	if (zstd_push(zstd, &in, ZSTD_e_end, call, err) != 0)
		return -1;
	value_set_u64(&call->values[0], zstd->made);
	return 0;
}

#else

STAGE_WITHOUT("libzstd", "libzstd-dev")

#endif

const struct stage stage_zstd = {
	.name = "zstd",
	.arg = "[LEVEL]",
	.brief = "pack the body with zstd",
	.notes = "The next stage and the file get the packed body. LEVEL is "
		"1 (fast) to 19 (small), 3 when left out.",
	.caps = STAGE_REPLACES,
	STAGE_COLUMNS(zstd_columns),
#ifdef HAVE_ZSTD
	.open = zstd_open,
	.close = free,
	.start = zstd_start,
	.stop = zstd_stop,
	.begin = zstd_begin,
	.feed = zstd_feed,
	.end = zstd_end,
#else
	.open = stage_without,
#endif
};
