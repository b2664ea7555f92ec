/* SPDX-License-Identifier: MIT */
/*
 * packing -- records packed one by one, so that a reader finds each by its
 * offset alone, and what is behind a torn one is not lost.
 *
 * By zlib and libzstd, at the levels that pack well for their time. Of pages of
 * 10 KiB gzip 3 takes 0.7 times as long as 6 for 5 % more bytes, 9 gains
 * nothing; zstd 3 takes a quarter as long for 4 % more.
 */
#include "config.h"

#define ZLIB_CONST
#include <zlib.h>

#include "base/mem.h"
#include "sink/appended.h"
#include "sink/packing.h"
#ifdef HAVE_ZSTD
#include <zstd.h>
#endif

#define PACKING_GZIP_LEVEL 6
#define PACKING_GZIP_WINDOW (15 + 16)	/* 32 KiB; 16: a gzip header */
#define PACKING_GZIP_MEMORY 8		/* zlib's default */
#define PACKING_ZSTD_LEVEL 3

struct packing {
	enum packing_kind kind;
	z_stream gzip;
#ifdef HAVE_ZSTD
	ZSTD_CCtx *zstd;
#endif
	unsigned char out[32768];
};

const char *
packing_ending(enum packing_kind kind)
{
	switch (kind) {
	case PACKING_GZIP:
		return ".gz";
	case PACKING_ZSTD:
		return ".zst";
	case PACKING_NONE:
		break;
	}
	return "";
}

static int
packing_init_gzip(struct packing *packing, struct err *err)
{
	if (deflateInit2(&packing->gzip, PACKING_GZIP_LEVEL, Z_DEFLATED,
	    PACKING_GZIP_WINDOW, PACKING_GZIP_MEMORY, Z_DEFAULT_STRATEGY) !=
	    Z_OK)
		return err_set(err, ERR_SYSTEM, "zlib: out of memory");
	return 0;
}

/* Packs what is in next_in, and with Z_FINISH all that zlib still holds. */
static int
packing_push_gzip(struct packing *packing, int flush, struct appended *file,
	struct err *err)
{
	z_stream *gzip = &packing->gzip;

	do {
		gzip->next_out = packing->out;
		gzip->avail_out = sizeof packing->out;
		deflate(gzip, flush);
		if (appended_add(file, packing->out, sizeof packing->out -
		    gzip->avail_out, err) != 0)
			return -1;
	} while (gzip->avail_out == 0);
	return 0;
}

/* zlib counts what it is given in an unsigned int. */
static int
packing_add_gzip(struct packing *packing, const void *p, size_t n,
	struct appended *file, struct err *err)
{
	const unsigned char *at = p;
	size_t part;

	for (; n > 0; at += part, n -= part) {
		part = n < UINT32_MAX ? n : UINT32_MAX;
		packing->gzip.next_in = at;
		packing->gzip.avail_in = (uInt)part;
		if (packing_push_gzip(packing, Z_NO_FLUSH, file, err) != 0)
			return -1;
	}
	return 0;
}

#ifdef HAVE_ZSTD

static int
packing_init_zstd(struct packing *packing, struct err *err)
{
	packing->zstd = ZSTD_createCCtx();
	if (packing->zstd == NULL ||
	    ZSTD_isError(ZSTD_CCtx_setParameter(packing->zstd,
		ZSTD_c_compressionLevel, PACKING_ZSTD_LEVEL)) ||
	    ZSTD_isError(ZSTD_CCtx_setParameter(packing->zstd,
		ZSTD_c_checksumFlag, 1)))
		return err_set(err, ERR_SYSTEM, "libzstd cannot be set up");
	return 0;
}

static void
packing_begin_zstd(struct packing *packing)
{
	ZSTD_CCtx_reset(packing->zstd, ZSTD_reset_session_only);
}

/* Packs these bytes, and with ZSTD_e_end all that libzstd still holds. */
static int
packing_push_zstd(struct packing *packing, const void *p, size_t n, int end,
	struct appended *file, struct err *err)
{
	ZSTD_inBuffer in = { p, n, 0 };
	size_t left;

	do {
		ZSTD_outBuffer out = { packing->out, sizeof packing->out, 0 };

		left = ZSTD_compressStream2(packing->zstd, &out, &in,
			end ? ZSTD_e_end : ZSTD_e_continue);
		if (ZSTD_isError(left))
			return err_set(err, ERR_SYSTEM, "libzstd: %s",
				ZSTD_getErrorName(left));
		if (appended_add(file, packing->out, out.pos, err) != 0)
			return -1;
	} while (in.pos < in.size || (end && left > 0));
	return 0;
}

static void
packing_free_zstd(struct packing *packing)
{
	ZSTD_freeCCtx(packing->zstd);
}

#else

static int
packing_init_zstd(struct packing *packing, struct err *err)
{
	(void)packing;
	return err_set(err, ERR_USAGE, "--warc-compression zstd: this fetchall "
		"was built without libzstd; install libzstd-dev and run "
		"configure again");
}

static void
packing_begin_zstd(struct packing *packing)
{
	(void)packing;
}

static int
packing_push_zstd(struct packing *packing, const void *p, size_t n, int end,
	struct appended *file, struct err *err)
{
	(void)p, (void)n, (void)end, (void)file;
	return packing_init_zstd(packing, err);
}

static void
packing_free_zstd(struct packing *packing)
{
	(void)packing;
}

#endif

struct packing *
packing_new(enum packing_kind kind, struct err *err)
{
	struct packing *packing = mem_array(1, sizeof *packing);
	int rc = 0;

	packing->kind = kind;
	if (kind == PACKING_GZIP)
		rc = packing_init_gzip(packing, err);
	if (kind == PACKING_ZSTD)
		rc = packing_init_zstd(packing, err);
	if (rc == 0)
		return packing;
	packing_free(packing);
	return NULL;
}

void
packing_free(struct packing *packing)
{
	if (packing == NULL)
		return;
	if (packing->kind == PACKING_GZIP)
		deflateEnd(&packing->gzip);
	if (packing->kind == PACKING_ZSTD)
		packing_free_zstd(packing);
	free(packing);
}

void
packing_begin(struct packing *packing)
{
	if (packing->kind == PACKING_GZIP)
		deflateReset(&packing->gzip);
	if (packing->kind == PACKING_ZSTD)
		packing_begin_zstd(packing);
}

int
packing_add(struct packing *packing, const void *p, size_t n,
	struct appended *file, struct err *err)
{
	switch (packing->kind) {
	case PACKING_GZIP:
		return packing_add_gzip(packing, p, n, file, err);
	case PACKING_ZSTD:
		return packing_push_zstd(packing, p, n, 0, file, err);
	case PACKING_NONE:
		break;
	}
	return appended_add(file, p, n, err);
}

int
packing_end(struct packing *packing, struct appended *file, struct err *err)
{
	switch (packing->kind) {
	case PACKING_GZIP:
		packing->gzip.avail_in = 0;
		return packing_push_gzip(packing, Z_FINISH, file, err);
	case PACKING_ZSTD:
		return packing_push_zstd(packing, NULL, 0, 1, file, err);
	case PACKING_NONE:
		break;
	}
	return 0;
}
