/* SPDX-License-Identifier: MIT */
/*
 * coding -- gzip, deflate, br and zstd, each behind the same three calls.
 *
 * The libraries differ in how they name their ends and in what they do with
 * bytes behind it; here all stop alike. Windows are no larger than browsers
 * allow, since the sender chooses them: 32 KiB for zlib, 16 MiB for br, 8 MiB
 * for zstd.
 */
#include "config.h"

#define ZLIB_CONST
#include <string.h>
#include <zlib.h>

#include "base/mem.h"
#include "stage/coding.h"
#ifdef HAVE_BROTLI
#include <brotli/decode.h>
#endif
#ifdef HAVE_ZSTD
#include <zstd.h>
#endif

#define CODING_ZSTD_WINDOW_LOG 23

/* Where a stream is. */
enum coding_phase {
	CODING_FIRST,		/* before its first byte */
	CODING_WITHIN,
	CODING_BETWEEN,		/* behind a member: is there another? */
	CODING_MAYBE,		/* there is half of its magic number */
	CODING_BEHIND,		/* all else is ignored */
};

struct coding {
	const struct coding_type *type;
	enum coding_phase phase;
	z_stream zlib;
	void *state;		/* the other libraries' */
};

struct coding_type {
	const char *name;
	const char *library;
	int (*open)(struct coding *coding);	/* NULL: built without */
	enum coding_state (*step)(struct coding *coding, struct coding_io *io);
	void (*close)(struct coding *coding);	/* also after open() failed */
};

/* --- zlib --- */

#define CODING_GZIP_BITS (MAX_WBITS + 16)

static void
coding_begin(struct coding *coding, int window_bits)
{
	inflateReset2(&coding->zlib, window_bits);
	coding->phase = CODING_WITHIN;
}

/* Behind a member: takes input up to where another one has begun. */
static void
coding_between(struct coding *coding, struct coding_io *io)
{
	static const uint8_t magic[] = { 0x1f, 0x8b };
	int second = coding->phase == CODING_MAYBE;

	if (*io->in != magic[second]) {
		coding->phase = CODING_BEHIND;
		return;
	}
	io->in++;
	io->n_in--;
	coding->phase = CODING_MAYBE;
	if (!second)
		return;
	coding_begin(coding, CODING_GZIP_BITS);
	coding->zlib.next_in = magic;
	coding->zlib.avail_in = sizeof magic;
	inflate(&coding->zlib, Z_NO_FLUSH);
}

static enum coding_state
coding_inflate(struct coding *coding, struct coding_io *io)
{
	z_stream *zlib = &coding->zlib;
	uInt in = io->n_in < UINT32_MAX ? (uInt)io->n_in : UINT32_MAX;
	uInt out = io->n_out < UINT32_MAX ? (uInt)io->n_out : UINT32_MAX;
	int rc;

	zlib->next_in = io->in;
	zlib->avail_in = in;
	zlib->next_out = io->out;
	zlib->avail_out = out;
	rc = inflate(zlib, Z_NO_FLUSH);
	io->in += in - zlib->avail_in;
	io->n_in -= in - zlib->avail_in;
	io->out += out - zlib->avail_out;
	io->n_out -= out - zlib->avail_out;
	if (rc == Z_STREAM_END) {
		coding->phase = CODING_BETWEEN;
		return CODING_WHOLE;
	}
	return rc == Z_OK || rc == Z_BUF_ERROR ? CODING_GOES_ON : CODING_BROKEN;
}

/* The rest of the input does not count. */
static enum coding_state
coding_ignore(struct coding *coding, struct coding_io *io)
{
	coding->phase = CODING_BEHIND;
	io->n_in = 0;
	return CODING_WHOLE;
}

static int
coding_open_zlib(struct coding *coding)
{
	return inflateInit2(&coding->zlib, CODING_GZIP_BITS) == Z_OK ? 0 : -1;
}

static void
coding_close_zlib(struct coding *coding)
{
	inflateEnd(&coding->zlib);
}

static enum coding_state
coding_step_gzip(struct coding *coding, struct coding_io *io)
{
	if (coding->phase == CODING_FIRST)
		coding_begin(coding, CODING_GZIP_BITS);
	while (io->n_in > 0 && (coding->phase == CODING_BETWEEN ||
	    coding->phase == CODING_MAYBE))
		coding_between(coding, io);
	if (coding->phase == CODING_WITHIN)
		return coding_inflate(coding, io);
	return coding->phase == CODING_BEHIND ? coding_ignore(coding, io) :
		CODING_WHOLE;
}

/*
 * Some servers send a bare deflate stream, without zlib's header, and browsers
 * read it; no compressor begins one with a byte like that of the header.
 */
static enum coding_state
coding_step_deflate(struct coding *coding, struct coding_io *io)
{
	if (coding->phase == CODING_FIRST && io->n_in == 0)
		return CODING_GOES_ON;
	if (coding->phase == CODING_FIRST)
		coding_begin(coding, (*io->in & 0x0f) == Z_DEFLATED ?
			MAX_WBITS : -MAX_WBITS);
	if (coding->phase == CODING_WITHIN)
		return coding_inflate(coding, io);
	return coding_ignore(coding, io);
}

/* --- the others --- */

#ifdef HAVE_BROTLI
/* Windows above 16 MiB stay off, since nobody asks for them here. */
static int
coding_open_brotli(struct coding *coding)
{
	coding->state = BrotliDecoderCreateInstance(NULL, NULL, NULL);
	return coding->state != NULL ? 0 : -1;
}

static void
coding_close_brotli(struct coding *coding)
{
	BrotliDecoderDestroyInstance(coding->state);
}

static enum coding_state
coding_step_brotli(struct coding *coding, struct coding_io *io)
{
	BrotliDecoderResult rc;

	if (coding->phase == CODING_BEHIND)
		return coding_ignore(coding, io);
	rc = BrotliDecoderDecompressStream(coding->state, &io->n_in, &io->in,
		&io->n_out, &io->out, NULL);
	if (rc == BROTLI_DECODER_RESULT_ERROR)
		return CODING_BROKEN;
	return rc == BROTLI_DECODER_RESULT_SUCCESS ?
		coding_ignore(coding, io) : CODING_GOES_ON;
}
#endif

#ifdef HAVE_ZSTD
static int
coding_open_zstd(struct coding *coding)
{
	coding->state = ZSTD_createDStream();
	if (coding->state == NULL)
		return -1;
	return ZSTD_isError(ZSTD_DCtx_setParameter(coding->state,
		ZSTD_d_windowLogMax, CODING_ZSTD_WINDOW_LOG)) ? -1 : 0;
}

static void
coding_close_zstd(struct coding *coding)
{
	ZSTD_freeDStream(coding->state);
}

static enum coding_state
coding_step_zstd(struct coding *coding, struct coding_io *io)
{
	ZSTD_inBuffer in = { io->in, io->n_in, 0 };
	ZSTD_outBuffer out = { io->out, io->n_out, 0 };
	size_t rc;

	/* A call behind a whole frame would begin another one. */
	if (io->n_in == 0 && coding->phase == CODING_BETWEEN)
		return CODING_WHOLE;
	rc = ZSTD_decompressStream(coding->state, &out, &in);
	if (ZSTD_isError(rc))
		return CODING_BROKEN;
	io->in += in.pos;
	io->n_in -= in.pos;
	io->out += out.pos;
	io->n_out -= out.pos;
	coding->phase = rc == 0 ? CODING_BETWEEN : CODING_WITHIN;
	return rc == 0 ? CODING_WHOLE : CODING_GOES_ON;
}
#endif

/* --- choosing one --- */

static const struct coding_type codings[] = {
	{ .name = "gzip", .open = coding_open_zlib, .step = coding_step_gzip,
		.close = coding_close_zlib },
	{ .name = "x-gzip", .open = coding_open_zlib, .step = coding_step_gzip,
		.close = coding_close_zlib },
	{ .name = "deflate", .open = coding_open_zlib,
		.step = coding_step_deflate, .close = coding_close_zlib },
	{ .name = "br", .library = "libbrotlidec",
#ifdef HAVE_BROTLI
		.open = coding_open_brotli, .step = coding_step_brotli,
		.close = coding_close_brotli,
#endif
	},
	{ .name = "zstd", .library = "libzstd",
#ifdef HAVE_ZSTD
		.open = coding_open_zstd, .step = coding_step_zstd,
		.close = coding_close_zstd,
#endif
	},
};

static const struct coding_type *
coding_find(const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < sizeof codings / sizeof *codings; i++)
		if (strlen(codings[i].name) == len &&
		    strncasecmp(codings[i].name, name, len) == 0)
			return &codings[i];
	return NULL;
}

const char *
coding_missing(const char *name, size_t len)
{
	const struct coding_type *type = coding_find(name, len);

	return type != NULL && type->open == NULL ? type->library : NULL;
}

const char *
coding_accept(void)
{
	return "gzip, deflate"
#ifdef HAVE_BROTLI
		", br"
#endif
#ifdef HAVE_ZSTD
		", zstd"
#endif
		;
}

struct coding *
coding_new(const char *name, size_t len)
{
	const struct coding_type *type = coding_find(name, len);
	struct coding *coding;

	if (type == NULL || type->open == NULL)
		return NULL;
	coding = mem_array(1, sizeof *coding);
	coding->type = type;
	if (type->open(coding) == 0)
		return coding;
	coding_free(coding);
	return NULL;
}

void
coding_free(struct coding *coding)
{
	if (coding == NULL)
		return;
	coding->type->close(coding);
	free(coding);
}

enum coding_state
coding_step(struct coding *coding, struct coding_io *io)
{
	return coding->type->step(coding, io);
}
