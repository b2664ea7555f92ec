/* SPDX-License-Identifier: MIT */
/*
 * component -- one name of a folder or file, from text that nobody vouches
 * for.
 *
 * Names are copied to other systems, listed on terminals and typed into
 * shells, and two URLs must not meet in one. So what is let through is a
 * short list and not what is left of a list of evils, and escaping can be
 * undone. Letters beyond ASCII stay escaped: decoded, the two spellings of an
 * accent are two files here and one elsewhere.
 */
#include "config.h"

#include <openssl/sha.h>
#include <string.h>
#include <strings.h>

#include "core/component.h"

#define COMPONENT_EXT_MAX 16	/* with its dot */
#define COMPONENT_TEXT_MAX (1u << 20)

void
component_init(struct component *component)
{
	*component = (struct component){ 0 };
	buf_init(&component->text, COMPONENT_TEXT_MAX);
}

void
component_release(struct component *component)
{
	buf_release(&component->text);
}

static int
component_digit(char c)
{
	return c >= '0' && c <= '9';
}

static int
component_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static int
component_letter(char c)
{
	return component_upper(c) || (c >= 'a' && c <= 'z');
}

/* -1: no hex digit. */
static int
component_hex(char c)
{
	if (component_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Whether p begins with an escape that only a URL can have written. */
static int
component_escape_stays(const char *p, size_t n)
{
	int byte;

	if (n < 3 || component_hex(p[1]) < 0 || component_hex(p[2]) < 0)
		return 0;
	byte = component_hex(p[1]) * 16 + component_hex(p[2]);
	return byte <= ' ' || byte >= 0x7f;
}

/* Whether p begins as the mark of a hash does. */
static int
component_hash_like(const char *p, size_t n)
{
	size_t i;

	if (n < COMPONENT_HASH)
		return 0;
	for (i = 1; i < COMPONENT_HASH; i++)
		if (component_hex(p[i]) < 0 || component_upper(p[i]))
			return 0;
	return 1;
}

static int
component_stays(const char *p, size_t n)
{
	if (component_letter(*p) || component_digit(*p))
		return 1;
	if (*p == '%')
		return component_escape_stays(p, n);
	if (*p == '~')
		return !component_hash_like(p, n);
	return *p != '\0' && strchr("._-+=,", *p) != NULL;
}

static void
component_escape(char ret[3], char c)
{
	static const char hex[] = "0123456789ABCDEF";

	ret[0] = '%';
	ret[1] = hex[(unsigned char)c >> 4];
	ret[2] = hex[(unsigned char)c & 15];
}

void
component_put(struct component *component, const char *text, size_t n, int own)
{
	if (n == 0)
		return;
	if (component->text.len == 0)
		component->own_first = own;
	component->own_last = own;
	buf_add(&component->text, text, n);
}

void
component_add(struct component *component, const char *p, size_t n)
{
	char escaped[3];
	size_t run;

	while (n > 0) {
		for (run = 0; run < n && component_stays(p + run, n - run);)
			run++;
		component_put(component, p, run, 0);
		if (run == n)
			return;
		component_escape(escaped, p[run]);
		component_put(component, escaped, sizeof escaped, 0);
		p += run + 1;
		n -= run + 1;
	}
}

/* Puts the escape of byte `at` in its place. */
static void
component_escape_at(struct buf *text, size_t at)
{
	char escaped[3];

	component_escape(escaped, text->data[at]);
	if (buf_add(text, "..", 2) != 0)
		return;
	memmove(text->data + at + 3, text->data + at + 1, text->len - at - 3);
	memcpy(text->data + at, escaped, sizeof escaped);
}

/* Devices of other systems are devices with any extension too. */
static int
component_device(const char *name)
{
	static const char *const devices[] = {
		"con", "prn", "aux", "nul", "com", "lpt",
	};
	size_t len = strcspn(name, "."), i;

	if (len == 4 && !component_digit(name[3]))
		return 0;
	for (i = 0; i < sizeof devices / sizeof *devices; i++)
		if (strncasecmp(name, devices[i], 3) == 0)
			return len == (i < 4 ? 3 : 4);
	return 0;
}

static void
component_guard_begin(struct component *component)
{
	struct buf *text = &component->text;

	if (!component->own_first && strchr("-.~=", text->data[0]) != NULL)
		component_escape_at(text, 0);
	else if (component_device(text->data))
		component_escape_at(text, 0);
}

static void
component_guard_end(struct component *component)
{
	struct buf *text = &component->text;

	if (!component->own_last && text->data[text->len - 1] == '.')
		component_escape_at(text, text->len - 1);
	else if (text->len >= 5 &&
	    strcasecmp(text->data + text->len - 5, ".part") == 0)
		component_escape_at(text, text->len - 5);
}

/* A literal dot beside an empty value may have made one of these. */
static void
component_guard_dots(struct buf *text)
{
	if (strcmp(text->data, ".") == 0 || strcmp(text->data, "..") == 0)
		component_escape_at(text, 0);
}

/*
 * Whether other components may equal this one but for case: all have their
 * letters small and the digits of their escapes large, or else a hash.
 */
static int
component_mixed(const char *text)
{
	for (; *text != '\0'; text++) {
		if (text[0] == '%' && component_hex(text[1]) >= 0 &&
		    component_hex(text[2]) >= 0) {
			if (text[1] >= 'a' || text[2] >= 'a')
				return 1;
			text += 2;
		} else if (component_upper(*text)) {
			return 1;
		}
	}
	return 0;
}

void
component_hash(char ret[COMPONENT_HASH], const char *p, size_t n)
{
	static const char hex[] = "0123456789abcdef";
	unsigned char sum[SHA256_DIGEST_LENGTH];
	size_t i;

	SHA256((const unsigned char *)p, n, sum);
	for (i = 0; i + 1 < COMPONENT_HASH; i++)
		ret[i] = hex[i % 2 == 0 ? sum[i / 2] >> 4 : sum[i / 2] & 15];
	ret[i] = '\0';
}

size_t
component_ext(const char *name, size_t n, size_t *ret_len)
{
	const char *query = memchr(name, '@', n);
	size_t end = query != NULL ? (size_t)(query - name) : n, at = end;

	while (at > 0 && (component_letter(name[at - 1]) ||
			component_digit(name[at - 1])))
		at--;
	*ret_len = end - at + 1;
	if (at < 2 || name[at - 1] != '.' || at == end ||
	    *ret_len > COMPONENT_EXT_MAX)
		*ret_len = 0;
	return *ret_len > 0 ? at - 1 : end;
}

/* At most n bytes of `name` that split no escape and no letter. */
static size_t
component_cut(const char *name, size_t n)
{
	while (n > 0 && ((unsigned char)name[n] & 0xc0) == 0x80)
		n--;
	if (n >= 1 && name[n - 1] == '%')
		return n - 1;
	return n >= 2 && name[n - 2] == '%' ? n - 2 : n;
}

void
component_add_hashed(struct buf *out, const char *name, size_t n,
	const char *hash)
{
	size_t ext_len, ext = component_ext(name, n, &ext_len);
	size_t room = COMPONENT_MAX - COMPONENT_HASH - ext_len;
	size_t keep = ext + ext_len == n ? ext : n;

	/* That of a body with a query; none else has it. */
	if (ext_len == 5 && strncasecmp(name + ext, ".part", 5) == 0)
		ext_len = 0;
	buf_add(out, name, keep > room ? component_cut(name, room) : keep);
	buf_add_char(out, '~');
	buf_add_text(out, hash);
	buf_add(out, name + ext, ext_len);
}

void
component_end(struct component *component, struct buf *out, unsigned flags)
{
	struct buf *text = &component->text;
	char hash[COMPONENT_HASH];

	if (text->len == 0) {
		buf_add_char(out, '@');
		return;
	}
	component_guard_begin(component);
	component_guard_end(component);
	component_guard_dots(text);
	if (text->len > COMPONENT_MAX ||
	    ((flags & COMPONENT_FOLD) && component_mixed(text->data))) {
		component_hash(hash, text->data, text->len);
		component_add_hashed(out, text->data, text->len, hash);
	} else {
		buf_add(out, text->data, text->len);
	}
	buf_clear(text);
}
