/* SPDX-License-Identifier: MIT */
/*
 * cdxj -- lines of an index: the URL's key, 14 digits of time, and a JSON
 * object with the names that pywb and cdxj-indexer use, numbers as strings
 * like theirs.
 */
#include "config.h"

#include <string.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "sink/cdxj.h"
#include "sink/surt.h"

#define CDXJ_MIME_MAX 255
#define CDXJ_METHOD_MAX 64

/* 2026-11-21T13:33:00.123456Z: its digits up to the seconds. */
static void
cdxj_add_time(struct buf *out, const char *date)
{
	for (; *date != '\0' && *date != '.'; date++)
		if (*date >= '0' && *date <= '9')
			buf_add_char(out, *date);
}

static void
cdxj_add_code(struct buf *out, uint32_t code)
{
	if (code > 0xffff)
		buf_printf(out, "\\u%04x\\u%04x",
			(unsigned)(0xd7c0 + (code >> 10)),
			(unsigned)(0xdc00 + (code & 0x3ff)));
	else if (code < 0x20 || code >= 0x7f)
		buf_printf(out, "\\u%04x", (unsigned)code);
	else if (code == '"' || code == '\\')
		buf_printf(out, "\\%c", (int)code);
	else
		buf_add_char(out, (char)code);
}

/* Any bytes: those that are no UTF-8 are taken for Latin-1, which headers
 * once were. */
static void
cdxj_add_text(struct buf *out, const char *name, const char *p, size_t n)
{
	uint32_t code = 0;
	size_t len;

	buf_printf(out, "\"%s\": \"", name);
	for (; n > 0; p += len, n -= len) {
		len = utf8_decode(p, n, &code);
		if (len == 0) {
			len = 1;
			code = (unsigned char)*p;
		}
		cdxj_add_code(out, code);
	}
	buf_add_text(out, "\", ");
}

static void
cdxj_add_number(struct buf *out, const char *name, uint64_t n)
{
	buf_printf(out, "\"%s\": \"", name);
	buf_add_u64(out, n);
	buf_add_text(out, "\", ");
}

/* "text/html" of "text/html; charset=utf-8"; none is longer than RFC 6838
 * allows. */
static void
cdxj_add_mime(struct buf *out, const char *mime)
{
	size_t n;

	if (mime == NULL)
		mime = "";
	mime += strspn(mime, " \t");
	n = strcspn(mime, "; \t,");
	if (n == 0)
		cdxj_add_text(out, "mime", "unk", 3);
	else
		cdxj_add_text(out, "mime", mime, n < CDXJ_MIME_MAX ? n :
			CDXJ_MIME_MAX);
}

void
cdxj_add(struct buf *out, const struct cdxj *cdxj)
{
	surt_add(out, cdxj->url);
	buf_add_char(out, ' ');
	cdxj_add_time(out, cdxj->date);
	buf_add_text(out, " {");
	cdxj_add_text(out, "url", cdxj->url, strlen(cdxj->url));
	cdxj_add_mime(out, cdxj->mime);
	cdxj_add_number(out, "status", cdxj->status);
	if (*cdxj->digest != '\0')
		cdxj_add_text(out, "digest", cdxj->digest,
			strlen(cdxj->digest));
	if (cdxj->method != NULL && strcmp(cdxj->method, "GET") != 0)
		cdxj_add_text(out, "method", cdxj->method,
			strnlen(cdxj->method, CDXJ_METHOD_MAX));
	cdxj_add_number(out, "length", cdxj->length);
	cdxj_add_number(out, "offset", cdxj->offset);
	cdxj_add_text(out, "filename", cdxj->filename,
		strlen(cdxj->filename));
	buf_cut(out, out->len - strlen(", "));
	buf_add_text(out, "}\n");
}
