/* SPDX-License-Identifier: MIT */
/*
 * public -- a URL without its user name and password, whatever its state.
 *
 * A URL that parses has its user in front of the last "@" of the authority.
 * What does not parse is where passwords leak: "http://u:p/w@h/" or
 * "http://http://u:p@h/" have no "@" in what looks like the authority. So
 * where the authority is not plainly host[:port], everything up to the last
 * "@" of the text goes. That may take too much, never too little.
 */
#include "config.h"

#include <string.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "url/public.h"

#define PUBLIC_CUT 160		/* bytes of a URL that a message shows */

static int
public_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		(c >= '0' && c <= '9');
}

/*
 * Where a user name would begin: behind "scheme:" and slashes of either kind,
 * or behind two slashes, or at once. Any word will do for a scheme.
 */
static size_t
public_start(const char *text, size_t len)
{
	size_t at = 0;
	size_t slashes;

	while (at < len && (public_alnum(text[at]) || text[at] == '+' ||
			text[at] == '-' || text[at] == '.'))
		at++;
	if (at == 0 || at == len || text[at] != ':')
		at = 0;
	else
		at++;
	slashes = at;
	while (slashes < len && (text[slashes] == '/' ||
			text[slashes] == '\\'))
		slashes++;
	return slashes > at && (at > 0 || slashes > 1) ? slashes : 0;
}

static size_t
public_authority_end(const char *text, size_t at, size_t len)
{
	while (at < len && text[at] != '/' && text[at] != '?' &&
			text[at] != '#')
		at++;
	return at;
}

/* Behind the last "@" in [at, end); `at` when there is none. */
static size_t
public_behind_at(const char *text, size_t at, size_t end)
{
	const char *p = memrchr(text + at, '@', end - at);

	return p != NULL ? (size_t)(p - text) + 1 : at;
}

/* [at, end) is plainly a host, perhaps with a port. */
static int
public_plain_host(const char *text, size_t at, size_t end, size_t len)
{
	size_t start = at;

	if (at < end && text[at] == '[') {
		while (at < end && text[at] != ']')
			at++;
		if (at == end)
			return 0;
		at++;
	} else {
		while (at < end && (public_alnum(text[at]) ||
				strchr("-._~%", text[at]) != NULL ||
				(unsigned char)text[at] >= 0x80))
			if (text[at++] == '\0')
				return 0;
	}
	if (at == start)
		return 0;
	if (at == end)
		return 1;
	if (text[at++] != ':')
		return 0;
	/* A colon and no port: fine, unless it is one more "scheme://". */
	if (at == end)
		return start > 0 && !(end + 1 < len && text[end] == '/' &&
			text[end + 1] == '/');
	while (at < end && text[at] >= '0' && text[at] <= '9')
		at++;
	return at == end;
}

int
public_add(struct buf *out, const char *text, size_t len)
{
	size_t start, end, at;

	if (len == 0 || memchr(text, '@', len) == NULL)
		return buf_add(out, text, len);
	start = public_start(text, len);
	end = public_authority_end(text, start, len);
	at = public_behind_at(text, start, end);
	if (!public_plain_host(text, at, end, len))
		at = public_behind_at(text, at, len);
	if (buf_add(out, text, start) != 0)
		return -1;
	if (buf_add(out, text + at, len - at) != 0) {
		buf_cut(out, out->len - start);
		return -1;
	}
	return 0;
}

int
public_add_shown(struct buf *out, const char *text, size_t len)
{
	struct buf public;
	size_t n;
	int rc;

	buf_init(&public, len);
	public_add(&public, text, len);
	n = public.len < PUBLIC_CUT ? public.len : PUBLIC_CUT;
	/* Not in the middle of a character. */
	while (n > 0 && n < public.len &&
	       ((unsigned char)public.data[n] & 0xc0) == 0x80)
		n--;
	rc = utf8_add_clean(out, buf_text(&public), n);
	if (rc == 0 && n < public.len)
		rc = buf_add_text(out, "...");
	buf_release(&public);
	return rc;
}
