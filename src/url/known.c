/* SPDX-License-Identifier: MIT */
/*
 * known -- parsing half as much where half is known.
 *
 * Reading a URL through CURLU costs three times what the rest of reading a
 * line does. This is no parser of its own: an origin gets in only as CURLU
 * read it, and only in the spelling that it gives back; behind it only
 * characters pass that mean themselves, in an order that nothing is done to.
 * Everything else is url_parse()'s. Slots have one place for each origin: a
 * list that is made to collide is as slow as if nothing were known.
 */
#include "config.h"

#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "url/known.h"
#include "url/parts.h"
#include "url/url.h"

#define KNOWN_SLOTS 1024	/* a power of two */

struct known {
	struct url origins[KNOWN_SLOTS];	/* their texts end there */
};

/* RFC 3986's unreserved and reserved ones but for "#", "[" and "]". */
static int
known_plain(unsigned char c)
{
	static const unsigned char plain[256] = {
		['!'] = 1, ['$'] = 1, ['&'] = 1, ['\''] = 1, ['('] = 1,
		[')'] = 1, ['*'] = 1, ['+'] = 1, [','] = 1, ['-'] = 1,
		['.'] = 1, ['/'] = 1, ['0' ... '9'] = 1, [':'] = 1, [';'] = 1,
		['='] = 1, ['?'] = 1, ['@'] = 1, ['A' ... 'Z'] = 1, ['_'] = 1,
		['a' ... 'z'] = 1, ['~'] = 1,
	};

	return plain[c];
}

/*
 * The place of the origin that `text` begins with, scheme://host[:port], and
 * its length; NULL where that is not how it begins.
 */
static struct url *
known_place(struct known *known, const char *text, size_t *ret_len)
{
	uint32_t hash = 2166136261u;	/* FNV-1a */
	size_t n;

	if (strncmp(text, "http", 4) != 0)
		return NULL;
	n = text[4] == 's' ? 5 : 4;
	hash ^= (uint32_t)n;
	if (strncmp(text + n, "://", 3) != 0)
		return NULL;
	for (n += 3; text[n] != '/' && text[n] != '?' && text[n] != '\0'; n++)
		hash = (hash ^ (unsigned char)text[n]) * 16777619u;
	*ret_len = n;
	return &known->origins[(hash ^ hash >> 16) & (KNOWN_SLOTS - 1)];
}

/* Whether "/path?query" stays as it is: no dot may be a segment's first. */
static int
known_stays(const char *text, size_t len)
{
	size_t i;

	if (len == 0 || text[0] != '/')
		return 0;
	for (i = 1; i < len; i++)
		if (!known_plain((unsigned char)text[i]) ||
		    (text[i] == '.' && text[i - 1] == '/'))
			return 0;
	return 1;
}

struct known *
known_new(void)
{
	return mem_array(1, sizeof(struct known));
}

void
known_free(struct known *known)
{
	size_t i;

	if (known == NULL)
		return;
	for (i = 0; i < KNOWN_SLOTS; i++)
		url_release(&known->origins[i]);
	free(known);
}

int
known_parse(struct known *known, const char *text, size_t len,
	struct url *ret)
{
	const struct url *origin;
	size_t n;

	if (len > PARTS_URL_MAX)
		return 0;
	origin = known_place(known, text, &n);
	if (origin == NULL || origin->origin_len != n ||
	    memcmp(origin->text, text, n) != 0 ||
	    !known_stays(text + n, len - n))
		return 0;
	*ret = *origin;
	ret->text = mem_strndup(text, len);
	return 1;
}

void
known_add(struct known *known, const char *text, const struct url *url)
{
	struct url *origin;
	size_t n;

	origin = known_place(known, text, &n);
	if (origin == NULL || url->origin_len != n || url->userpwd != NULL ||
	    memcmp(url->text, text, n) != 0)
		return;
	url_release(origin);
	*origin = *url;
	origin->text = mem_strndup(url->text, n);
}
