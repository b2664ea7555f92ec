/* SPDX-License-Identifier: MIT */
/*
 * utf8 -- what may be shown to a person or put into JSON.
 *
 * Servers choose much of what we print. A terminal obeys escape sequences,
 * C1 controls included, and bidirectional overrides reorder what the reader
 * sees; none of them may pass. (mbrtowc(3) depends on the locale, which is
 * why the decoder is here.)
 */
#include "config.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/utf8.h"

size_t
utf8_decode(const char *p, size_t n, uint32_t *ret_code)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *at = (const unsigned char *)p;
	uint32_t code;
	size_t len, i;

	if (n == 0)
		return 0;
	if (at[0] < 0x80) {
		len = 1;
		code = at[0];
	} else if (at[0] >= 0xc2 && at[0] <= 0xf4) {
		len = at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;
		code = at[0] & (0x7fu >> len);
	} else {
		return 0;
	}
	if (len > n)
		return 0;
	for (i = 1; i < len; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (at[i] & 0x3f);
	}
	if (code < least[len] || code > 0x10ffff ||
	    (code >= 0xd800 && code <= 0xdfff))
		return 0;
	if (ret_code != NULL)
		*ret_code = code;
	return len;
}

int
utf8_valid(const char *p, size_t n)
{
	size_t len;

	for (; n > 0; p += len, n -= len) {
		len = utf8_decode(p, n, NULL);
		if (len == 0)
			return 0;
	}
	return 1;
}

int
utf8_control(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code <= 0x9f);
}

/* Marks that change the direction or are line ends to some terminals. */
static int
utf8_misleads(uint32_t code)
{
	return (code >= 0x200e && code <= 0x200f) ||
		(code >= 0x2028 && code <= 0x202e) ||
		(code >= 0x2066 && code <= 0x2069) || code == 0xfeff;
}

int
utf8_add_clean(struct buf *buf, const char *p, size_t n)
{
	uint32_t code;
	size_t len;
	int rc;

	for (; n > 0; p += len, n -= len) {
		len = utf8_decode(p, n, &code);
		if (len == 0) {
			len = 1;
			rc = buf_printf(buf, "\\x%02x",
				(unsigned)(unsigned char)*p);
		} else if (utf8_control(code)) {
			rc = buf_printf(buf, "\\x%02x", (unsigned)code);
		} else if (utf8_misleads(code)) {
			rc = buf_printf(buf, "\\u{%04x}", (unsigned)code);
		} else {
			rc = buf_add(buf, p, len);
		}
		if (rc != 0)
			return -1;
	}
	return 0;
}
