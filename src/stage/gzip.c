/* SPDX-License-Identifier: MIT */
/*
 * gzip -- packs the body (RFC 1952), by zlib. The header carries neither name
 * nor time, so that equal bodies stay equal. zstd packs better in a fraction
 * of the time where the reader knows it.
 */
#include "config.h"

#define ZLIB_CONST
#include <zlib.h>

#include "base/mem.h"
#include "stage/argument.h"
#include "stage/family.h"

#define GZIP_LEVEL 6
#define GZIP_WINDOW (15 + 16)	/* 32 KiB; 16: a gzip header, not zlib's */
#define GZIP_MEMORY 8		/* zlib's default */

static const struct column gzip_columns[] = {
	STAGE_COLUMN(U64, "size_gzip", "bytes that gzip made of the body"),
};

struct gzip {
	z_stream stream;
	unsigned char out[32768];
};

static int
gzip_open(const char *arg, const void *settings, void **ret_plan,
	struct err *err)
{
	static const struct argument level = { "LEVEL", 1, 9, "gzip:6" };
	uint64_t n = GZIP_LEVEL;

	(void)settings;
	if (arg != NULL && argument_count(&level, arg, &n, err) != 0)
		return -1;
	*ret_plan = mem_dup(&n, sizeof n);
	return 0;
}

static int
gzip_start(const void *plan, void **ret_self, struct err *err)
{
	const uint64_t *level = plan;
	struct gzip *gzip = mem_array(1, sizeof *gzip);

	if (deflateInit2(&gzip->stream, (int)*level, Z_DEFLATED, GZIP_WINDOW,
	    GZIP_MEMORY, Z_DEFAULT_STRATEGY) != Z_OK) {
		free(gzip);
		return err_set(err, ERR_SYSTEM, "zlib: out of memory");
	}
	*ret_self = gzip;
	return 0;
}

static void
gzip_stop(void *self)
{
	struct gzip *gzip = self;

	deflateEnd(&gzip->stream);
	free(gzip);
}

static int
gzip_begin(void *self, struct stage_call *call, struct err *err)
{
	struct gzip *gzip = self;

	(void)call, (void)err;
	deflateReset(&gzip->stream);
	return 0;
}

/* Packs what is in next_in and passes on what comes out, until zlib wants
 * more or (Z_FINISH) all is out: then it leaves room in `out`. */
static int
gzip_push(struct gzip *gzip, int flush, struct stage_call *call,
	struct err *err)
{
	z_stream *stream = &gzip->stream;
	size_t n;

	do {
		stream->next_out = gzip->out;
		stream->avail_out = sizeof gzip->out;
		deflate(stream, flush);
		n = sizeof gzip->out - stream->avail_out;
		if (n > 0 && stage_pass(call, gzip->out, n, err) != 0)
			return -1;
	} while (stream->avail_out == 0);
	return 0;
}

static int
gzip_feed(void *self, struct stage_call *call, const void *p, size_t n,
	struct err *err)
{
	struct gzip *gzip = self;

	gzip->stream.next_in = p;
	gzip->stream.avail_in = (uInt)n;	/* a piece, not a body */
	return gzip_push(gzip, Z_NO_FLUSH, call, err);
}

static int
gzip_end(void *self, struct stage_call *call, struct err *err)
{
	struct gzip *gzip = self;

	gzip->stream.avail_in = 0;
	if (gzip_push(gzip, Z_FINISH, call, err) != 0)
		return -1;
	value_set_u64(&call->values[0], gzip->stream.total_out);
	return 0;
}

const struct stage stage_gzip = {
	.name = "gzip",
	.arg = "[LEVEL]",
	.brief = "pack the body with gzip",
	.notes = "The next stage and the file get the packed body. LEVEL is "
		"1 (fast) to 9 (small), 6 when left out.",
	.caps = STAGE_REPLACES,
	STAGE_COLUMNS(gzip_columns),
	.open = gzip_open,
	.close = free,
	.start = gzip_start,
	.stop = gzip_stop,
	.begin = gzip_begin,
	.feed = gzip_feed,
	.end = gzip_end,
};
